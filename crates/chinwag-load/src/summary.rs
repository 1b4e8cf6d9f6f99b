//! What the runs come to: their figures as rows of a report.

use std::fmt::Write as _;

use crate::args::Workload;
use crate::check::Fault;
use crate::child::Stopped;
use crate::complaints::{count, is_clean, was_lost};
use crate::lanes::{Tally, histogram};
use crate::procfs::Status;
use crate::report::{Report, Value};
use crate::stage::End;
use crate::workloads::{Measured, Run};

/// The report of a workload: of its one run, or of the last one beside the one before it.
pub(crate) fn report(workload: Workload, runs: &[Measured]) -> Report {
    let mut report = Report::default();
    let Some((last, others)) = runs.split_last() else { return report };
    add_plan(&mut report, workload, last);
    if let Some(other) = others.first() {
        report.about("without");
        add_talk(&mut report, &other.run);
        report.about("with");
        add_talk(&mut report, &last.run);
        report.about_all();
        let p99 = |tally: &Tally| tally.latencies.value_at_percentile(99.0) as f64;
        let ratio = p99(&last.run.tally) / p99(&other.run.tally);
        report.add("p99_ratio", "p99, with beside without", Value::Ratio(ratio));
    } else if last.run.plan.senders > 0 {
        add_talk(&mut report, &last.run);
    } else {
        add_visits(&mut report, &last.run);
    }
    add_verdict(&mut report, runs);
    report
}

/// Adds the numbers that the run went by.
fn add_plan(report: &mut Report, workload: Workload, measured: &Measured) {
    let (plan, server) = (&measured.run.plan, &measured.server);
    report.add("workload", "workload", Value::Text(workload.to_string()));
    let mut whose = server.address.to_string();
    if let Some(process) = server.process {
        // Writing to a string does not fail.
        let _ = write!(whose, ", process {}", process.pid());
    }
    report.add("server", "server", Value::Text(whose));
    report.add("clients", "people", Value::Count(plan.clients.into()));
    if plan.senders == 0 {
        return;
    }
    if plan.frozen > 0 {
        report.add("frozen", "who never read", Value::Count(plan.frozen.into()));
    }
    report.add("senders", "senders", Value::Count(plan.senders.into()));
    report.add("messages", "lines a sender", Value::Count(plan.messages.into()));
    report.add("size", "bytes a line", Value::Count(plan.size as u64));
    if plan.rate > 0 {
        report.add("rate", "lines a second", Value::Count(plan.rate.into()));
    }
}

/// Adds what a run with lines in it gave.
fn add_talk(report: &mut Report, run: &Run) {
    let tally = &run.tally;
    let readers = run.outcomes.iter().filter(|outcome| !outcome.frozen);
    let delivered = readers.clone().map(|outcome| outcome.findings.delivered).sum();
    report.add("deliveries", "deliveries", Value::Of(delivered, run.plan.deliveries()));
    let complete = readers.filter(|outcome| outcome.findings.complete).count() as u64;
    let all = run.plan.readers().into();
    report.add("complete", "people who got every line", Value::Of(complete, all));
    if let Some(first) = run.first_send {
        let wall = tally.last_delivery.saturating_sub(first);
        let rate = tally.delivered as f64 / (wall.max(1) as f64 / 1e9);
        report.add("wall_ns", "wall time", Value::Span(wall));
        report.add("deliveries_per_second", "deliveries a second", Value::Count(rate as u64));
    }
    report.add_percentiles("latency", "latency", &tally.latencies);
    let each = |busy: u64| Value::Nanos(busy as f64 / tally.delivered.max(1) as f64);
    if let Some(busy) = run.server_busy {
        report.add("server_cpu_ns_per_delivery", "server CPU a delivery", each(busy));
    }
    if let Some(busy) = run.own_busy {
        report.add("own_cpu_ns_per_delivery", "generator CPU a delivery", each(busy));
    }
    add_memory(report, run);
    add_cuts(report, run);
}

/// Adds what a run gave in which people came and went: the welcomes of all visits, of all else the worst.
fn add_visits(report: &mut Report, run: &Run) {
    let (visits, people) = (&run.visits, run.plan.clients);
    if visits.len() > 1 {
        report.add("rounds", "times that all came and left", Value::Count(visits.len() as u64));
    }
    let welcomed = visits.iter().map(|visit| visit.welcomes.len()).sum();
    let wanted = u64::from(people) * visits.len() as u64;
    report.add("welcomed", "welcomed", Value::Of(welcomed, wanted));
    let mut welcomes = histogram();
    for visit in visits {
        // All of them are made alike, so each fits into another.
        let _ = welcomes.add(&visit.welcomes);
    }
    report.add_percentiles("welcome", "welcome", &welcomes);
    if let Some(worst) = visits.iter().map(|v| v.welcomes.value_at_percentile(99.0)).max() {
        let label = "welcome p99 of the worst time";
        report.add("welcome_p99_worst_ns", label, Value::Span(worst));
    }
    if let Some(span) = visits.iter().filter_map(|visit| visit.span).max() {
        report.add("wall_ns", "all welcomed after", Value::Span(span));
    }
    let drops = || visits.iter().filter_map(|visit| visit.drops);
    if drops().next().is_some() {
        let (overflows, dropped) =
            drops().fold((0, 0), |sum, drops| (sum.0 + drops.overflows, sum.1 + drops.drops));
        report.add("listen_overflows", "TcpExtListenOverflows", Value::Count(overflows));
        report.add("listen_drops", "TcpExtListenDrops", Value::Count(dropped));
    }
    let most = |statuses: &mut dyn Iterator<Item = Option<Status>>| {
        statuses.flatten().map(|status| status.resident).max()
    };
    let there = most(&mut visits.iter().map(|visit| visit.there));
    if let (Some(before), Some(there)) = (run.before, there) {
        let each = there.saturating_sub(before.resident) as f64 / f64::from(people);
        report.add("server_memory_per_person", "server memory a person", Value::BytesEach(each));
        report.add("server_rss_before", "server memory before", Value::Bytes(before.resident));
    }
    add_memory(report, run);
    if let Some(left) = most(&mut visits.iter().map(|visit| visit.left)) {
        report.add("server_rss_left", "server memory after all left", Value::Bytes(left));
        let beside = run.before.map_or(f64::NAN, |before| left as f64 / before.resident as f64);
        report.add("server_rss_left_ratio", "the same, beside before", Value::Ratio(beside));
    }
    let each = |busy: u64| Value::Span(busy / wanted.max(1));
    if let Some(busy) = run.server_busy {
        report.add("server_cpu_ns_per_person", "server CPU a person", each(busy));
    }
    if let Some(busy) = run.own_busy {
        report.add("own_cpu_ns_per_person", "generator CPU a person", each(busy));
    }
}

/// Adds the server's memory and threads.
fn add_memory(report: &mut Report, run: &Run) {
    if let Some(after) = run.after {
        report.add("server_rss", "server memory", Value::Bytes(after.resident));
        report.add("server_peak", "server memory at its peak", Value::Bytes(after.peak));
        report.add("server_threads", "server threads", Value::Count(after.threads));
    }
}

/// Adds who was cut off.
fn add_cuts(report: &mut Report, run: &Run) {
    let cuts: Vec<u64> = run.outcomes.iter().flat_map(|one| one.cuts.iter().copied()).collect();
    report.add("left_too_slow", "left (too slow)", Value::Count(cuts.len() as u64));
    if let (Some(begun), Some(&first), Some(&last)) = (run.first_send, cuts.first(), cuts.last()) {
        let after = |time: u64| Value::Span(time.saturating_sub(begun));
        report.add("first_cut_ns", "first cut after", after(first));
        report.add("last_cut_ns", "last cut after", after(last));
    }
    if run.plan.frozen > 0 {
        let frozen = run.outcomes.iter().filter(|one| one.frozen);
        let cut = frozen.filter(|one| matches!(one.end, End::Closed | End::Lost(_))).count() as u64;
        let all = run.plan.frozen.into();
        report.add("frozen_cut_off", "who never read, cut off", Value::Of(cut, all));
    }
}

/// Adds whether all was right, and how often what was not.
fn add_verdict(report: &mut Report, runs: &[Measured]) {
    let talked = runs.iter().any(|measured| measured.run.plan.senders > 0);
    for fault in Fault::ALL.into_iter().filter(|_| talked) {
        let sum = runs.iter().map(|measured| count(&measured.run, fault)).sum();
        report.add(&fault.word().replace(' ', "_"), fault.word(), Value::Count(sum));
    }
    let lost =
        |measured: &Measured| measured.run.outcomes.iter().filter(|one| was_lost(one)).count();
    let lost = runs.iter().map(lost).sum::<usize>();
    report.add("connections_lost", "connections lost", Value::Count(lost as u64));
    if let Some(stopped) = runs.last().and_then(|measured| measured.stopped.as_ref()) {
        let words = match stopped {
            Stopped::Clean => "clean".to_owned(),
            Stopped::Failed(words) => words.clone(),
            Stopped::Killed => "killed: it did not stop".to_owned(),
        };
        report.add("server_stop", "server's end", Value::Text(words));
    }
    report.add("ok", "all right", Value::Truth(runs.iter().all(is_clean)));
}
