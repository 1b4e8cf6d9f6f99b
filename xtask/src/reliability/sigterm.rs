//! SIGTERM while everybody talks: no line that the server read is lost, nobody who stops talking is reset, and the
//! server ends well within its grace.
//!
//! What was read is known exactly: at the level `trace` the server logs each read of a person's socket, with the peer's
//! port and the number of bytes. A person's lines all have the same length, so the bytes read of him are so many whole
//! lines, and everybody else must have got these, in order: not one less, and not one more.
//!
//! Three kinds of load take turns. *Paced*: each person says a line a millisecond. *Flood*: as fast as the kernel takes
//! lines. *Hostile*: a flood in which some never read and some never stop; they may be reset, the others may not.

use super::Context;
use super::clock::pause;
use super::sender::{Habit, Heard, Sender};
use super::server::{Server, Start};
use super::table::{Table, milliseconds};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// How often it is tried; in the short form 6 times.
const RUNS: u32 = 200;
/// The same in the short form.
const SHORT_RUNS: u32 = 6;
/// How many talk and listen.
const PEOPLE: usize = 24;
/// How many of them never read in a hostile run, and how many never stop.
const HOSTILE: usize = 2;
/// Each so many-th run is a hostile one: they take the whole grace.
const HOSTILE_EVERY: u32 = 20;
/// The signal comes so long after the first line at least, and at most so much later.
const TALK: Duration = Duration::from_millis(20);
/// The spread of the signal's moment.
const SPREAD: u32 = 150;
/// The server's grace.
const GRACE: Duration = Duration::from_secs(5);

/// What all runs gave.
#[derive(Debug, Default)]
struct Sum {
    /// Lines that were read.
    read: u64,
    /// Deliveries that are due for them, and that came.
    due: u64,
    /// Lines that somebody should have got and did not.
    lost: u64,
    /// Lines that somebody got and nobody can have sent, or out of order.
    wrong: u64,
    /// People who stopped talking and were reset, and who got no goodbye.
    reset: u64,
    /// The same without a goodbye.
    no_goodbye: u64,
    /// Servers that did not end with exit code 0.
    failed: u64,
    /// The longest that a server took to end.
    slowest: Duration,
}

/// Makes the runs.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    let runs = if context.short { SHORT_RUNS } else { context.number("--runs", RUNS)? };
    let mut sum = Sum::default();
    for run in 0..runs {
        let hostile = run % HOSTILE_EVERY == HOSTILE_EVERY - 1;
        let habit = if run % 2 == 0 { Habit::Paced } else { Habit::Flood };
        once(context, run, habit, hostile, &mut sum)?;
    }
    let what = format!("SIGTERM {runs} times, {PEOPLE} people talking");
    let lines =
        format!("{} lost, {} wrong of {} ({} lines read)", sum.lost, sum.wrong, sum.due, sum.read);
    table.row(
        &format!("{what}: deliveries of lines that were read"),
        lines,
        "none lost",
        sum.lost + sum.wrong == 0,
    );
    table.row(
        &format!("{what}: who stopped talking and was reset"),
        sum.reset,
        "0",
        sum.reset == 0,
    );
    table.row(&format!("{what}: who got no goodbye"), sum.no_goodbye, "0", sum.no_goodbye == 0);
    table.row(&format!("{what}: exit codes other than 0"), sum.failed, "0", sum.failed == 0);
    let ok = sum.slowest <= GRACE * context.slack();
    table.row(&format!("{what}: slowest end"), milliseconds(sum.slowest), "grace of 5 s", ok);
    Ok(())
}

/// One server, from its start to its end.
fn once(context: &Context, run: u32, habit: Habit, hostile: bool, sum: &mut Sum) -> io::Result<()> {
    let start = Start::new(&context.root, &context.program, "sigterm")?;
    let server = start.with(&["--log", "chinwag::read=trace"]).start()?;
    let mut talkers = Vec::new();
    for number in 0..PEOPLE {
        let habit = match number {
            _ if !hostile => habit,
            0..HOSTILE => Habit::Frozen,
            _ if number < 2 * HOSTILE => Habit::Endless,
            _ => Habit::Flood,
        };
        talkers.push(Sender::join(server.address, number, habit)?);
    }
    let spread = Duration::from_millis((run * 37 % SPREAD).into());
    let (heard, ended) = std::thread::scope(|scope| {
        let threads: Vec<_> =
            talkers.into_iter().map(|talker| scope.spawn(move || talker.talk())).collect();
        pause(TALK + spread);
        let ended = end(server);
        let heard: Vec<_> = threads.into_iter().filter_map(|thread| thread.join().ok()).collect();
        (heard, ended)
    });
    let (log, success, took) = ended?;
    sum.failed += u64::from(!success);
    sum.slowest = sum.slowest.max(took);
    let before = sum.faults();
    sum.enter(&read_of(&log), &heard);
    if sum.faults() > before {
        let kind = if hostile { "hostile".to_owned() } else { format!("{habit:?}") };
        eprintln!("run {run}, {kind}: {} faults", sum.faults() - before);
    }
    Ok(())
}

/// Ends a server: its log, whether it ended with exit code 0, and after how long.
fn end(server: Server) -> io::Result<(String, bool, Duration)> {
    let log = server.log_path();
    let (status, took) = server.stop()?;
    Ok((std::fs::read_to_string(log)?, status.success(), took))
}

/// Bytes that were read from each port.
fn read_of(log: &str) -> BTreeMap<u16, u64> {
    let mut read = BTreeMap::new();
    for line in log.lines() {
        let number = |name: &str| line.split_once(name)?.1.split(' ').next()?.parse::<u64>().ok();
        if let (Some(port), Some(bytes)) = (number(" from="), number(" bytes=")) {
            *read.entry(port as u16).or_default() += bytes;
        }
    }
    read
}

impl Sum {
    /// How much went wrong so far.
    fn faults(&self) -> u64 {
        self.lost + self.wrong + self.reset + self.no_goodbye
    }

    /// Enters what everybody heard, beside what was read.
    fn enter(&mut self, read: &BTreeMap<u16, u64>, heard: &[Heard]) {
        let lines: Vec<_> = heard
            .iter()
            .map(|one| read.get(&one.port).copied().unwrap_or(0) / one.line_bytes as u64)
            .collect();
        self.read += lines.iter().sum::<u64>();
        for listener in heard.iter().filter(|one| one.habit.listens()) {
            self.reset += u64::from(listener.reset);
            self.no_goodbye += u64::from(!listener.goodbye);
            self.wrong += listener.wrong;
            for (sender, &due) in lines.iter().enumerate() {
                if sender != listener.number {
                    let came = listener.came.get(sender).copied().unwrap_or(0);
                    self.due += due;
                    self.lost += due.saturating_sub(came);
                    self.wrong += came.saturating_sub(due);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody who heard so many lines of each.
    fn listener(number: usize, came: &[u64]) -> Heard {
        Heard {
            number,
            port: number as u16,
            habit: Habit::Flood,
            line_bytes: 10,
            came: came.to_vec(),
            wrong: 0,
            reset: false,
            goodbye: true,
        }
    }

    #[test]
    fn what_was_read_is_counted_for_each_port() {
        let log = "T TRACE chinwag::read: read from=7 bytes=64\nT WARN other\n\
                   T TRACE chinwag::read: read from=7 bytes=1\n\
                   T TRACE chinwag::read: read from=9 bytes=0\n";
        assert_eq!(read_of(log), BTreeMap::from([(7, 65), (9, 0)]));
    }

    #[test]
    fn lines_that_were_read_are_due_to_all_others() {
        // Of the first 39 bytes were read: three lines, and one that has no end; of the second one line.
        let read = BTreeMap::from([(0, 39), (1, 10)]);
        let mut sum = Sum::default();
        sum.enter(&read, &[listener(0, &[0, 1]), listener(1, &[3, 0])]);
        assert_eq!((sum.read, sum.due, sum.lost, sum.wrong), (4, 4, 0, 0));
        sum.enter(&read, &[listener(0, &[0, 2]), listener(1, &[2, 0])]);
        assert_eq!((sum.lost, sum.wrong), (1, 1));
    }
}
