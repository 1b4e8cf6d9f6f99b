//! Twice what the machine can carry is offered, and it carries as much as before.
//!
//! More and more is offered until more is not carried. A line is offered when its time has come, whether those before it
//! were delivered or not; the server's only defence is not to read, and what is measured is what arrives meanwhile, from
//! the first line sent to the last one received. The generator shares the machine, so the figures are those of both.

use super::Context;
use super::load_report::LoadReport;
use super::table::Table;
use std::io;

/// People, who all talk and all listen.
const PEOPLE: u32 = 200;
/// Lines a second, of all together, from which the search begins.
const FIRST: f64 = 60_000.0;
/// Each step of the search offers so much more than the one before.
const STEP: f64 = 1.25;
/// What carries less than this share of what is offered has found its limit.
const CARRIES: f64 = 0.9;
/// Most steps: beyond them the generator is the limit.
const STEPS: u32 = 16;
/// How long each step offers lines, in seconds; in the short form one.
const SECONDS: u32 = 3;
/// How often the limit and multiples of it are offered, alternating.
const ROUNDS: usize = 5;
/// What is offered, in multiples of the limit; the goal is about the second.
const MULTIPLES: [f64; 3] = [1.0, 2.0, 4.0];
/// What must be carried of the peak when twice the peak is offered.
const GOAL: f64 = 0.95;
/// What the short form offers.
const SHORT: f64 = 150_000.0;

/// Finds the limit, and offers multiples of it.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    if context.short {
        // Enough to see that nothing is lost; how much is carried in a second says little.
        let carried = carried(context, SHORT, 1)?;
        let measured = format!("{carried:.0} lines a second, none lost");
        table.row(&format!("{PEOPLE} people, {SHORT} lines a second"), measured, "none lost", true);
        return Ok(());
    }
    let limit = limit(context)?;
    let mut rounds = [const { Vec::new() }; MULTIPLES.len()];
    for _ in 0..ROUNDS {
        for (multiple, carries) in MULTIPLES.iter().zip(&mut rounds) {
            carries.push(carried(context, limit * multiple, SECONDS)?);
        }
    }
    let [peak, twice, four] = rounds.map(median);
    let share = twice / peak;
    let what = format!(
        "{PEOPLE} people, {:.0} and {:.0} lines a second offered, medians of {ROUNDS}",
        limit,
        2.0 * limit
    );
    let measured = format!(
        "{peak:.0} and {twice:.0} carried: {:.1} % ({:.1} % at four times)",
        share * 100.0,
        four / peak * 100.0
    );
    table.row(&what, measured, "≥ 95 %", share >= GOAL);
    Ok(())
}

/// The first offer that is not carried as it comes.
fn limit(context: &Context) -> io::Result<f64> {
    let mut rate = FIRST;
    for _ in 0..STEPS {
        let carried = carried(context, rate, SECONDS)?;
        eprintln!("offered {rate:.0} lines a second, carried {carried:.0}");
        if carried < CARRIES * rate {
            return Ok(rate);
        }
        rate *= STEP;
    }
    Err(io::Error::other("the generator cannot offer more than is carried"))
}

/// How many lines a second reach everybody when so many are offered.
fn carried(context: &Context, rate: f64, seconds: u32) -> io::Result<f64> {
    let people = PEOPLE.to_string();
    let each = (rate * f64::from(seconds) / f64::from(PEOPLE)).ceil().max(1.0);
    let (each, rate) = (each.to_string(), format!("{rate:.0}"));
    let arguments =
        ["--workload", "steady", "--clients", &people, "--messages", &each, "--rate", &rate];
    let figures = LoadReport::run(&context.program, &arguments)?;
    if !figures.is_ok() {
        return Err(io::Error::other(format!("at {rate} lines a second a delivery was wrong")));
    }
    Ok(figures.number("deliveries_per_second")? / f64::from(PEOPLE - 1))
}

/// The one in the middle.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![5.0, 1.0, 9.0]), 5.0);
    }
}
