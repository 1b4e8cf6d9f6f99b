//! `cargo xtask reliability hostile`: what attackers can do to other users. Pairs talk in quiet rooms while each attack of a table runs.
//!
//! ```text
//! mod ─► round ─► attackers ─► peer ─► connect, counts
//!   │      │  └─► bystanders, observer, probe, test_server
//!   │      └─► attack (what an attack is) ◄── attacks (the table)
//!   └─► checks (the faults of a round), network (addresses of a network namespace)
//! ```
//!
//! The servers run with their default limits, and attackers connect from addresses that have limits, in a network namespace.
//! In the short form counts decide: no line of the pairs is missing, doubled or out of order; no innocent client is disconnected;
//! attackers get no more than their limits allow; the server uses no more than a share of a processor; memory stays below
//! the documented sum; SIGTERM ends the server during the attack. In the full form the pairs' p99 counts, too, compared with that of a
//! round in which the same attackers connect to another server on the same machine: median of three.

mod attack;
mod attackers;
mod attacks;
mod bystanders;
mod checks;
mod connect;
mod counts;
mod network;
mod observer;
mod peer;
mod probe;
mod round;
mod test_server;

use self::attack::Attack;
use self::round::{Aim, Plan, Round};
use super::Context;
use super::table::Table;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The full form.
const FULL: Plan =
    Plan { pairs: 8, talk: Duration::from_secs(3), grace: Duration::from_secs(5), idle_divisor: 1 };
/// The short form.
const SHORT: Plan = Plan {
    pairs: 3,
    talk: Duration::from_millis(700),
    grace: Duration::from_secs(1),
    idle_divisor: 5,
};
/// Rounds of each kind in the full form, alternating; the median counts.
const ROUNDS: usize = 3;
/// Concurrent attacks in the short form, each with two servers: they wait more than they work.
const CONCURRENT: usize = 3;

/// Runs every attack, or those that are named.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    if !network::is_inside() {
        let made = network::run_inside(&context.options, |line| match cells(line) {
            Some([what, measured, goal, ok]) => table.row(what, measured, goal, ok == "yes"),
            None if line.starts_with("| what |") || line.starts_with("|---") => {}
            None => println!("{line}"),
        });
        if let Err(error) = made {
            table.skipped("hostile", &format!("no network namespace can be made: {error}"));
        }
        return Ok(());
    }
    let named = |attack: &&Attack| context.options.iter().any(|option| option == attack.name);
    let mut attacks: Vec<_> = attacks::all().filter(named).collect();
    if attacks.is_empty() {
        attacks = attacks::all().collect();
    }
    let default = if context.short { SHORT } else { FULL };
    let talk = context.number("--milliseconds", default.talk.as_millis() as u32)?;
    let plan = Plan { talk: Duration::from_millis(talk.into()), ..default };
    if context.short {
        short(context, plan, &attacks, table);
        return Ok(());
    }
    full(context, plan, &attacks, table)
}

/// The cells of a row, if a line is one.
fn cells(line: &str) -> Option<[&str; 4]> {
    let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    cells.try_into().ok().filter(|cells: &[&str; 4]| matches!(cells[3], "yes" | "NO"))
}

/// One round of each attack, some concurrently.
fn short(context: &Context, plan: Plan, attacks: &[&Attack], table: &mut Table) {
    let next = AtomicUsize::new(0);
    let table = Mutex::new(table);
    std::thread::scope(|scope| {
        for worker in 0..CONCURRENT as u8 {
            let (next, table) = (&next, &table);
            scope.spawn(move || {
                while let Some(attack) = attacks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let numbers = [2 * worker, 2 * worker + 1];
                    let round = round::run(context, attack, plan, Aim::WithControl, numbers);
                    if let Ok(mut table) = table.lock() {
                        short_row(&mut table, plan, attack, round);
                    }
                }
            });
        }
    });
}

/// Prints a row of the short form.
fn short_row(table: &mut Table, plan: Plan, attack: &Attack, round: io::Result<Round>) {
    let (measured, faults) = match round {
        Ok(round) => {
            let clients = attackers::size(attack, attack.idle_clients / plan.idle_divisor);
            let faults = checks::faults(attack, plan, &round, clients);
            (checks::summary(attack, &round), faults)
        }
        Err(error) => (error.to_string(), vec!["did NOT RUN to its end".to_owned()]),
    };
    row(table, attack, &measured, &faults, "no user affected");
}

/// Alternating rounds of each attack, without and with the pairs' server as the target.
fn full(context: &Context, plan: Plan, attacks: &[&Attack], table: &mut Table) -> io::Result<()> {
    for attack in attacks {
        let (mut controls, mut rounds) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            controls.push(round::run(context, attack, plan, Aim::Control, [0, 1])?);
            rounds.push(round::run(context, attack, plan, Aim::Pairs, [0, 1])?);
        }
        let clients = attackers::size(attack, attack.idle_clients / plan.idle_divisor);
        let mut faults: Vec<_> =
            rounds.iter().flat_map(|round| checks::faults(attack, plan, round, clients)).collect();
        let [control, attacked] = [&controls, &rounds].map(|rounds| checks::median(rounds));
        let [before, during] = [control, attacked].map(|times| times.map(checks::time).join(" / "));
        if !attack.may_wait && !checks::is_near(attacked[1], control[1]) {
            faults.push(format!("p99 {}", checks::time(attacked[1])));
        }
        let last = rounds.last().map(|round| checks::summary(attack, round)).unwrap_or_default();
        let measured = format!("p50 / p99 {during}, control {before}; last: {last}");
        row(table, attack, &measured, &faults, "p99 ≤ 2 × control, or + 5 ms; no user affected");
    }
    Ok(())
}

/// Prints a row, faults first.
fn row(table: &mut Table, attack: &Attack, measured: &str, faults: &[String], goal: &str) {
    let what = format!("{}: {}", attack.name, attack.what);
    let wrong =
        if faults.is_empty() { String::new() } else { format!("**{}**; ", faults.join("; ")) };
    table.row(&what, format!("{wrong}{measured}"), goal, faults.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_inner_run_are_parsed() {
        assert_eq!(cells("| a: b | 1 | 0 | NO |"), Some(["a: b", "1", "0", "NO"]));
        assert_eq!(cells("| what | measured | goal | ok |"), None);
        assert_eq!(cells("skipped: it"), None);
    }

    #[test]
    fn attacks_have_different_names() {
        let mut names: Vec<_> = attacks::all().map(|attack| attack.name).collect();
        assert!(names.len() >= 25);
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(attacks::all().all(|it| !it.what.contains(" | ") && it.loads.len() < 200));
    }
}
