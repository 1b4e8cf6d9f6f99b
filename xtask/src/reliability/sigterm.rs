//! SIGTERM while all clients send: no line that the server read is lost, no client that stops sending is reset, and the
//! server ends within its grace.
//!
//! What was read is known exactly: at the level `trace` the server logs each read of a client's socket, with the peer's
//! port and the number of bytes. All lines of a client have the same length, so the number of whole lines that were read of it is
//! known, and every other client must have received these, in order, and no others.
//!
//! Three kinds of load alternate. *Steady*: each client sends a line a millisecond. *Flood*: as fast as the kernel takes
//! lines. *Hostile*: a flood in which some never read and some never stop; they may be reset, the others may not.

use super::Context;
use super::clock::sleep;
use super::sender::{Behavior, Received, Sender};
use super::server::{Server, ServerCommand};
use super::table::{Table, milliseconds};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// How many servers are stopped; in the short form 6.
const RUNS: u32 = 200;
/// The same in the short form.
const SHORT_RUNS: u32 = 6;
/// How many clients send and receive.
const CLIENTS: usize = 24;
/// How many of them never read in a hostile run, and how many never stop.
const HOSTILE: usize = 2;
/// One run in this many is hostile: these take the whole grace.
const HOSTILE_EVERY: u32 = 20;
/// The shortest time from the first line to the signal.
const LEAD: Duration = Duration::from_millis(20);
/// The range of that time, in milliseconds.
const SPREAD: u32 = 150;
/// The server's grace.
const GRACE: Duration = Duration::from_secs(5);

/// The results of all runs.
#[derive(Debug, Default)]
struct Sum {
    /// Lines that were read.
    read: u64,
    /// Deliveries that are due for them.
    due: u64,
    /// Deliveries that did not come.
    lost: u64,
    /// Lines that were received and not due, or not in order.
    wrong: u64,
    /// Clients that stopped sending and were reset.
    reset: u64,
    /// Clients that stopped sending and received no goodbye.
    no_goodbye: u64,
    /// Servers that did not end with exit code 0.
    failed: u64,
    /// The longest time to the end of a server.
    slowest: Duration,
}

/// Makes the runs.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    let runs = if context.short { SHORT_RUNS } else { context.number("--runs", RUNS)? };
    let mut sum = Sum::default();
    for run in 0..runs {
        let hostile = run % HOSTILE_EVERY == HOSTILE_EVERY - 1;
        let behavior = if run % 2 == 0 { Behavior::Steady } else { Behavior::Flood };
        run_once(context, run, behavior, hostile, &mut sum)?;
    }
    let what = format!("SIGTERM {runs} times, {CLIENTS} clients sending");
    let lines =
        format!("{} lost, {} wrong of {} ({} lines read)", sum.lost, sum.wrong, sum.due, sum.read);
    table.row(
        &format!("{what}: deliveries of lines that were read"),
        lines,
        "none lost",
        sum.lost + sum.wrong == 0,
    );
    table.row(
        &format!("{what}: clients that stopped sending and were reset"),
        sum.reset,
        "0",
        sum.reset == 0,
    );
    table.row(
        &format!("{what}: clients without a goodbye"),
        sum.no_goodbye,
        "0",
        sum.no_goodbye == 0,
    );
    table.row(&format!("{what}: exit codes other than 0"), sum.failed, "0", sum.failed == 0);
    let ok = sum.slowest <= GRACE * context.slack();
    table.row(&format!("{what}: slowest end"), milliseconds(sum.slowest), "grace of 5 s", ok);
    Ok(())
}

/// One server, from its start to its end.
fn run_once(
    context: &Context,
    run: u32,
    behavior: Behavior,
    hostile: bool,
    sum: &mut Sum,
) -> io::Result<()> {
    let start = ServerCommand::new(&context.root, &context.program, "sigterm")?;
    let server = start.args(&["--log", "chinwag::read=trace"]).start()?;
    let mut senders = Vec::new();
    for number in 0..CLIENTS {
        let behavior = match number {
            _ if !hostile => behavior,
            0..HOSTILE => Behavior::NeverReads,
            _ if number < 2 * HOSTILE => Behavior::Unstoppable,
            _ => Behavior::Flood,
        };
        senders.push(Sender::join(server.address, number, behavior)?);
    }
    let spread = Duration::from_millis((run * 37 % SPREAD).into());
    let (received, ended) = std::thread::scope(|scope| {
        let threads: Vec<_> =
            senders.into_iter().map(|sender| scope.spawn(move || sender.run())).collect();
        sleep(LEAD + spread);
        let ended = stop(server);
        let received: Vec<_> =
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect();
        (received, ended)
    });
    let (log, success, took) = ended?;
    sum.failed += u64::from(!success);
    sum.slowest = sum.slowest.max(took);
    let before = sum.faults();
    sum.add(&bytes_read(&log), &received);
    if sum.faults() > before {
        let kind = if hostile { "hostile".to_owned() } else { format!("{behavior:?}") };
        eprintln!("run {run}, {kind}: {} faults", sum.faults() - before);
    }
    Ok(())
}

/// Stops a server: its log, whether it ended with exit code 0, and the time that it took.
fn stop(server: Server) -> io::Result<(String, bool, Duration)> {
    let log = server.log_path();
    let (status, took) = server.stop()?;
    Ok((std::fs::read_to_string(log)?, status.success(), took))
}

/// The bytes that were read from each port.
fn bytes_read(log: &str) -> BTreeMap<u16, u64> {
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
    /// The number of faults so far.
    fn faults(&self) -> u64 {
        self.lost + self.wrong + self.reset + self.no_goodbye
    }

    /// Compares what all clients received with what was read.
    fn add(&mut self, read: &BTreeMap<u16, u64>, received: &[Received]) {
        let lines: Vec<_> = received
            .iter()
            .map(|one| read.get(&one.port).copied().unwrap_or(0) / one.line_bytes as u64)
            .collect();
        self.read += lines.iter().sum::<u64>();
        for receiver in received.iter().filter(|one| one.behavior.is_polite()) {
            self.reset += u64::from(receiver.reset);
            self.no_goodbye += u64::from(!receiver.goodbye);
            self.wrong += receiver.wrong;
            for (sender, &due) in lines.iter().enumerate() {
                if sender != receiver.number {
                    let came = receiver.lines.get(sender).copied().unwrap_or(0);
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

    /// A client that received this many lines of each sender.
    fn receiver(number: usize, lines: &[u64]) -> Received {
        Received {
            number,
            port: number as u16,
            behavior: Behavior::Flood,
            line_bytes: 10,
            lines: lines.to_vec(),
            wrong: 0,
            reset: false,
            goodbye: true,
        }
    }

    #[test]
    fn bytes_are_counted_for_each_port() {
        let log = "T TRACE chinwag::read: read from=7 bytes=64\nT WARN other\n\
                   T TRACE chinwag::read: read from=7 bytes=1\n\
                   T TRACE chinwag::read: read from=9 bytes=0\n";
        assert_eq!(bytes_read(log), BTreeMap::from([(7, 65), (9, 0)]));
    }

    #[test]
    fn read_lines_are_due_to_all_others() {
        // 39 bytes of the first were read: three lines, and one without its end; one line of the second.
        let read = BTreeMap::from([(0, 39), (1, 10)]);
        let mut sum = Sum::default();
        sum.add(&read, &[receiver(0, &[0, 1]), receiver(1, &[3, 0])]);
        assert_eq!((sum.read, sum.due, sum.lost, sum.wrong), (4, 4, 0, 0));
        sum.add(&read, &[receiver(0, &[0, 2]), receiver(1, &[2, 0])]);
        assert_eq!((sum.lost, sum.wrong), (1, 1));
    }
}
