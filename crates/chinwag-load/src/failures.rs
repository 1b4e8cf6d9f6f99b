//! What went wrong in a run, and its description.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::client::ClientOutcome;
use crate::context::ConnectionEnd;
use crate::ledger::Fault;
use crate::report::grouped;
use crate::server_process::ExitState;
use crate::workloads::{Measured, Run};

/// How many rows the table of what went wrong has at most.
const ROWS: usize = 20;

/// How often a fault occurred in a run.
pub(crate) fn count(run: &Run, fault: Fault) -> u64 {
    run.outcomes.iter().map(|one| one.findings.faults[fault as usize]).sum()
}

/// Whether a client that reads lost its connection, or never had one.
pub(crate) fn was_lost(outcome: &ClientOutcome) -> bool {
    !outcome.frozen && outcome.end != ConnectionEnd::Stayed
}

/// How many were not welcomed, by a server that does welcome clients.
fn unwelcomed(run: &Run) -> u64 {
    let unwelcomed = run.outcomes.iter().filter(|one| one.welcome.is_none()).count();
    if unwelcomed == run.outcomes.len() { 0 } else { unwelcomed as u64 }
}

/// Whether all is as it should be.
pub(crate) fn is_clean(measured: &Measured) -> bool {
    let run = &measured.run;
    let stopped = measured.exit.as_ref().is_none_or(|exit| *exit == ExitState::Clean);
    let clean = |one: &ClientOutcome| one.findings.is_clean() && !was_lost(one);
    stopped && !run.stuck && unwelcomed(run) == 0 && run.outcomes.iter().all(clean)
}

/// What went wrong, in sentences and a table; empty when nothing did.
pub(crate) fn describe(measured: &Measured) -> String {
    let run = &measured.run;
    let mut text = String::new();
    // Writing to a string does not fail.
    if run.stuck {
        let seconds = run.plan.timeout.as_secs_f64();
        let _ = writeln!(text, "stuck: nothing arrived for {seconds} s");
    }
    match unwelcomed(run) {
        0 => {}
        1 => _ = writeln!(text, "1 client was not welcomed"),
        many => _ = writeln!(text, "{} clients were not welcomed", grouped(many)),
    }
    add_ends(&mut text, run);
    match &measured.exit {
        None | Some(ExitState::Clean) => {}
        Some(ExitState::Failed(status)) => _ = writeln!(text, "the server's end: {status}"),
        Some(ExitState::Killed) => _ = writeln!(text, "the server did not stop and was killed"),
    }
    let found = Fault::ALL.into_iter().filter(|&fault| count(run, fault) > 0);
    let found: Vec<_> =
        found.map(|fault| format!("{} {}", grouped(count(run, fault)), fault.name())).collect();
    if !found.is_empty() {
        let _ = writeln!(text, "wrong: {}", found.join(", "));
        add_details(&mut text, run);
    }
    text
}

/// How connections ended that should not have.
fn add_ends(text: &mut String, run: &Run) {
    let mut ends: BTreeMap<ConnectionEnd, u64> = BTreeMap::new();
    for outcome in run.outcomes.iter().filter(|outcome| was_lost(outcome)) {
        *ends.entry(outcome.end).or_default() += 1;
    }
    for (end, count) in ends {
        let what = match end {
            ConnectionEnd::Stayed => continue,
            ConnectionEnd::Closed => "closed by the server".to_owned(),
            ConnectionEnd::Lost(kind) => format!("lost: {kind}"),
            ConnectionEnd::Unreachable(kind) => format!("not made: {kind}"),
        };
        let _ = writeln!(text, "{} {what}", plural(count, "connection"));
    }
}

/// The table of what went wrong with whom.
fn add_details(text: &mut String, run: &Run) {
    // What a client missed whose connection ended needs no list.
    let stayed = run.outcomes.iter().enumerate().filter(|(_, outcome)| !was_lost(outcome));
    let details = stayed.flat_map(|(client, outcome)| {
        outcome.findings.details.iter().map(move |detail| (client, detail))
    });
    if details.clone().next().is_none() {
        return;
    }
    let _ = writeln!(text, "receiver    sender  what          lines");
    for (client, detail) in details.clone().take(ROWS) {
        let sender = detail.sender.map_or("?".to_owned(), |sender| sender.to_string());
        let last = detail.first + (detail.count - 1);
        let lines = match (detail.sender, detail.count) {
            (None, count) => format!("({})", grouped(count.into())),
            (_, 1) => detail.first.to_string(),
            _ => format!("{} to {last}", detail.first),
        };
        let name = detail.fault.name();
        let _ = writeln!(text, "{client:>8}  {sender:>8}  {name:<12}  {lines}");
    }
    let more = details.skip(ROWS).count();
    if more > 0 {
        let _ = writeln!(text, "and {} more rows", grouped(more as u64));
    }
}

/// So many of something.
fn plural(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}
