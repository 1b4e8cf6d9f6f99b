//! Thousands of clients join at once and leave at once. An observer who was there before sees each announced exactly once: of some
//! by name, of the others by number.

use super::Context;
use super::client::Client;
use super::clock::now;
use super::load_report::LoadReport;
use super::server::ServerCommand;
use super::table::Table;
use std::io;
use std::time::{Duration, Instant};

/// How many join and leave.
const CLIENTS: u32 = 9_000;
/// The same in the short form.
const SHORT_CLIENTS: u32 = 2_000;
/// The load generator lets this many join and leave first, to warm up.
const WARM_UP_CLIENTS: u64 = 100;
/// How many may be named in a second.
const MAX_NAMED: usize = 200;
/// A second, less the delay that a line may have: one line may arrive late and the next ones not.
const SECOND: Duration = Duration::from_millis(900);
/// How long the next line may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Announcements of joins, or of leaves.
#[derive(Debug, Default)]
struct Announced {
    /// When a user was named.
    named: Vec<Instant>,
    /// When a number was announced, and which.
    counted: Vec<(Instant, u64)>,
}

/// Runs the load generator while the observer counts.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    let clients = if context.short { SHORT_CLIENTS } else { CLIENTS };
    let server = ServerCommand::new(&context.root, &context.program, "join-storm")?.start()?;
    let mut observer = Client::join(server.address)?;
    let (address, number) = (server.address.to_string(), clients.to_string());
    let program = context.program.clone();
    let outcome = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let storm = ["--workload", "connect-storm", "--rounds", "1"];
            let server = ["--server", &address, "--clients", &number];
            LoadReport::run(&program, &[storm.as_slice(), &server].concat())
        });
        let all = u64::from(clients) + WARM_UP_CLIENTS;
        let (mut joins, mut leaves) = (Announced::default(), Announced::default());
        let counted = observer.wait_for(TIMEOUT, |line| {
            joins.count(line, "joined");
            leaves.count(line, "left");
            (joins.total() >= all && leaves.total() >= all).then_some(())
        });
        let report = load.join().map_err(|_| io::Error::other("the load generator panicked"))??;
        counted.map(|()| (joins, leaves, report.is_ok()))
    });
    let (joins, leaves, welcomed) = outcome?;
    let all = u64::from(clients) + WARM_UP_CLIENTS;
    for (what, announced) in [("join", joins), ("leave", leaves)] {
        let name = format!("{clients} {what} at once");
        let (named, counted) = (announced.named.len(), announced.counted.len());
        let measured = format!("{} in all: {named} by name, {counted} numbers", announced.total());
        table.row(&name, measured, &format!("{all}"), welcomed && announced.total() == all);
        let most = announced.most_named();
        let name = format!("{name}: most named in a second");
        table.row(&name, most, &format!("≤ {MAX_NAMED}"), most <= MAX_NAMED);
    }
    let (status, _) = server.stop()?;
    table.row("the server's end", status, "exit status: 0", status.success());
    Ok(())
}

impl Announced {
    /// Counts a line, if it announces that one or more users did this.
    fn count(&mut self, line: &str, did: &str) {
        let Some(text) = line.strip_prefix("* ") else { return };
        if let Some((number, rest)) = text.split_once(' ')
            && let Ok(count) = number.replace(',', "").parse()
            && (rest == format!("people {did}") || rest == format!("person {did}"))
        {
            self.counted.push((now(), count));
        } else if text.split(' ').nth(1) == Some(did)
            // A user who leaves a room is still connected.
            && !text.split(' ').nth(2).is_some_and(|word| word.starts_with('#'))
        {
            self.named.push(now());
        }
    }

    /// How many users were announced.
    fn total(&self) -> u64 {
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
    fn names_and_numbers_are_counted_separately() {
        let (mut joins, mut leaves) = (Announced::default(), Announced::default());
        for line in [
            "* user-7 joined",
            "* 1,412 people joined",
            "* 1 person left",
            "* user-7 left (connection lost)",
            "* user-8 left #dev",
            "user-8: 5 people joined",
            "* 3 here: user-1, joined, left",
        ] {
            joins.count(line, "joined");
            leaves.count(line, "left");
        }
        assert_eq!((joins.total(), joins.named.len(), joins.counted.len()), (1_413, 1, 1));
        assert_eq!((leaves.total(), leaves.named.len(), leaves.counted.len()), (2, 1, 1));
    }

    #[test]
    fn the_fullest_second_counts() {
        let start = now();
        let at = |millis| start + Duration::from_millis(millis);
        let announced =
            Announced { named: vec![at(0), at(500), at(1_000), at(1_100)], counted: Vec::new() };
        assert_eq!(announced.most_named(), 3);
    }
}
