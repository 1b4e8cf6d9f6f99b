//! Thousands come at once and leave at once, and somebody who was there before hears of it: some by name, the others as
//! numbers, and each of them once.

use super::Trial;
use super::clock::now;
use super::json::Figures;
use super::person::Person;
use super::server::Start;
use super::table::Table;
use std::io;
use std::time::{Duration, Instant};

/// How many come and leave.
const PEOPLE: u32 = 9_000;
/// The same in the short form.
const SHORT_PEOPLE: u32 = 2_000;
/// The load generator lets so many come and go before.
const FIRST_PEOPLE: u64 = 100;
/// How many may be named in a second.
const SINGLES: usize = 200;
/// A second as somebody far away sees it: lines may come to him a little later than they were sent, and the next ones not.
const SECOND: Duration = Duration::from_millis(900);
/// How long the next line may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was heard of joins, or of leaves.
#[derive(Debug, Default)]
struct Heard {
    /// When somebody was named.
    named: Vec<Instant>,
    /// When a number was told, and which.
    counted: Vec<(Instant, u64)>,
}

/// Lets them come and leave.
pub(super) fn run(trial: &Trial, table: &mut Table) -> io::Result<()> {
    let people = if trial.short { SHORT_PEOPLE } else { PEOPLE };
    let server = Start::new(&trial.root, &trial.program, "crowd")?.start()?;
    let mut resident = Person::join(server.address)?;
    let (address, clients) = (server.address.to_string(), people.to_string());
    let program = trial.program.clone();
    let crowd = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let storm = ["--workload", "storm", "--rounds", "1"];
            let whom = ["--server", &address, "--clients", &clients];
            Figures::of_load(&program, &[storm.as_slice(), &whom].concat())
        });
        let all = u64::from(people) + FIRST_PEOPLE;
        let (mut joins, mut leaves) = (Heard::default(), Heard::default());
        let heard = resident.hear(PATIENCE, |line| {
            joins.take(line, "joined");
            leaves.take(line, "left");
            (joins.people() >= all && leaves.people() >= all).then_some(())
        });
        let figures =
            load.join().map_err(|_| io::Error::other("the load generator panicked"))??;
        heard.map(|()| (joins, leaves, figures.is_ok()))
    });
    let (joins, leaves, welcomed) = crowd?;
    let all = u64::from(people) + FIRST_PEOPLE;
    for (what, heard) in [("come", joins), ("leave", leaves)] {
        let name = format!("{people} {what} at once");
        let (named, counted) = (heard.named.len(), heard.counted.len());
        let measured = format!("{} in all: {named} by name, {counted} numbers", heard.people());
        table.row(&name, measured, &format!("{all}"), welcomed && heard.people() == all);
        let most = heard.most_named();
        let name = format!("{name}: the most that were named in a second");
        table.row(&name, most, &format!("≤ {SINGLES}"), most <= SINGLES);
    }
    let (status, _) = server.stop()?;
    table.row("the server's end", status, "exit status: 0", status.success());
    Ok(())
}

impl Heard {
    /// Takes a line that tells of one or many who did this.
    fn take(&mut self, line: &str, did: &str) {
        let Some(words) = line.strip_prefix("* ") else { return };
        if let Some((number, rest)) = words.split_once(' ')
            && let Ok(count) = number.replace(',', "").parse()
            && (rest == format!("people {did}") || rest == format!("person {did}"))
        {
            self.counted.push((now(), count));
        } else if words.split(' ').nth(1) == Some(did)
            // Who leaves a room is in the house still.
            && !words.split(' ').nth(2).is_some_and(|word| word.starts_with('#'))
        {
            self.named.push(now());
        }
    }

    /// How many it tells of.
    fn people(&self) -> u64 {
        self.named.len() as u64 + self.counted.iter().map(|(_, count)| count).sum::<u64>()
    }

    /// The most that were named within a second.
    fn most_named(&self) -> usize {
        let within = |start: Instant| {
            self.named.iter().filter(|at| (start..start + SECOND).contains(*at)).count()
        };
        self.named.iter().map(|&start| within(start)).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_told_apart() {
        let (mut joins, mut leaves) = (Heard::default(), Heard::default());
        for line in [
            "* user-7 joined",
            "* 1,412 people joined",
            "* 1 person left",
            "* user-7 left (connection lost)",
            "* user-8 left #dev",
            "user-8: 5 people joined",
            "* 3 here: user-1, joined, left",
        ] {
            joins.take(line, "joined");
            leaves.take(line, "left");
        }
        assert_eq!((joins.people(), joins.named.len(), joins.counted.len()), (1_413, 1, 1));
        assert_eq!((leaves.people(), leaves.named.len(), leaves.counted.len()), (2, 1, 1));
    }

    #[test]
    fn the_fullest_second_counts() {
        let start = now();
        let at = |millis| start + Duration::from_millis(millis);
        let heard =
            Heard { named: vec![at(0), at(500), at(1_000), at(1_100)], counted: Vec::new() };
        assert_eq!(heard.most_named(), 3);
    }
}
