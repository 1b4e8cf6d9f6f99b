//! Twice the load that the machine can deliver is offered, and it delivers as much as before.
//!
//! The offered rate is raised until less than that is delivered. A line is offered when its time has come, whether those before it
//! were delivered or not. The server's only defence is not to read. What is measured is the rate of deliveries, from
//! the first line sent to the last one received. The generator shares the machine, so the numbers are those of both.

use super::Context;
use super::load_report::LoadReport;
use super::table::Table;
use std::io;

/// Clients, which all send and all receive.
const CLIENTS: u32 = 200;
/// Lines a second, of all together, from which the search begins.
const FIRST: f64 = 60_000.0;
/// Each step of the search offers this many times the rate of the one before.
const STEP: f64 = 1.25;
/// The limit is found when less than this share of the offered rate is delivered.
const DELIVERED_SHARE: f64 = 0.9;
/// The most steps: beyond them the generator is the limit.
const STEPS: u32 = 16;
/// How long each step offers lines, in seconds; in the short form one.
const SECONDS: u32 = 3;
/// How often the limit and multiples of it are offered, alternating.
const ROUNDS: usize = 5;
/// The offered rates, in multiples of the limit; the goal is about the second.
const MULTIPLES: [f64; 3] = [1.0, 2.0, 4.0];
/// The share of the peak that must be delivered when twice the peak is offered.
const GOAL: f64 = 0.95;
/// The rate of the short form.
const SHORT: f64 = 150_000.0;

/// Finds the limit, and offers multiples of it.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    if context.short {
        // Enough to see that nothing is lost; the rate of one second says little.
        let delivered = delivered(context, SHORT, 1)?;
        let measured = format!("{delivered:.0} lines a second, none lost");
        table.row(
            &format!("{CLIENTS} clients, {SHORT} lines a second"),
            measured,
            "none lost",
            true,
        );
        return Ok(());
    }
    let limit = limit(context)?;
    let mut rounds = [const { Vec::new() }; MULTIPLES.len()];
    for _ in 0..ROUNDS {
        for (multiple, rates) in MULTIPLES.iter().zip(&mut rounds) {
            rates.push(delivered(context, limit * multiple, SECONDS)?);
        }
    }
    let [peak, twice, four] = rounds.map(median);
    let share = twice / peak;
    let what = format!(
        "{CLIENTS} clients, {:.0} and {:.0} lines a second offered, medians of {ROUNDS}",
        limit,
        2.0 * limit
    );
    let measured = format!(
        "{peak:.0} and {twice:.0} delivered: {:.1} % ({:.1} % at four times)",
        share * 100.0,
        four / peak * 100.0
    );
    table.row(&what, measured, "≥ 95 %", share >= GOAL);
    Ok(())
}

/// The first rate of which less is delivered than is offered.
fn limit(context: &Context) -> io::Result<f64> {
    let mut rate = FIRST;
    for _ in 0..STEPS {
        let delivered = delivered(context, rate, SECONDS)?;
        eprintln!("offered {rate:.0} lines a second, delivered {delivered:.0}");
        if delivered < DELIVERED_SHARE * rate {
            return Ok(rate);
        }
        rate *= STEP;
    }
    Err(io::Error::other("the generator cannot offer more than is delivered"))
}

/// The lines a second that reach all clients at this offered rate.
fn delivered(context: &Context, rate: f64, seconds: u32) -> io::Result<f64> {
    let clients = CLIENTS.to_string();
    let each = (rate * f64::from(seconds) / f64::from(CLIENTS)).ceil().max(1.0);
    let (each, rate) = (each.to_string(), format!("{rate:.0}"));
    let arguments =
        ["--workload", "steady", "--clients", &clients, "--messages", &each, "--rate", &rate];
    let report = LoadReport::run(&context.program, &arguments)?;
    if !report.is_ok() {
        return Err(io::Error::other(format!("at {rate} lines a second a delivery was wrong")));
    }
    Ok(report.number("deliveries_per_second")? / f64::from(CLIENTS - 1))
}

/// The median.
fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_value() {
        assert_eq!(median(vec![5.0, 1.0, 9.0]), 5.0);
    }
}
