//! The results of the runs as rows of a report.

use std::fmt::Write as _;

use crate::args::Workload;
use crate::context::ConnectionEnd;
use crate::failures::{count, is_clean, was_lost};
use crate::ledger::Fault;
use crate::procfs::Status;
use crate::report::{Report, Value};
use crate::server_process::ExitState;
use crate::thread_state::{DeliveryStats, histogram};
use crate::workloads::{Measured, Run};

/// The report of a workload: of its one run, or of the last one next to the one before it.
pub(crate) fn report(workload: Workload, runs: &[Measured]) -> Report {
    let mut report = Report::default();
    let Some((last, others)) = runs.split_last() else { return report };
    add_plan(&mut report, workload, last);
    if let Some(other) = others.first() {
        report.begin_run("without");
        add_messages(&mut report, &other.run);
        report.begin_run("with");
        add_messages(&mut report, &last.run);
        report.end_runs();
        let p99 = |stats: &DeliveryStats| stats.latencies.value_at_percentile(99.0) as f64;
        let ratio = p99(&last.run.stats) / p99(&other.run.stats);
        report.add("p99_ratio", "p99, with to without", Value::Ratio(ratio));
    } else if last.run.plan.senders > 0 {
        add_messages(&mut report, &last.run);
    } else {
        add_connects(&mut report, &last.run);
    }
    add_verdict(&mut report, runs);
    report
}

/// Adds the plan of the run.
fn add_plan(report: &mut Report, workload: Workload, measured: &Measured) {
    let (plan, server) = (&measured.run.plan, &measured.server);
    report.add("workload", "workload", Value::Text(workload.to_string()));
    let mut name = server.address.to_string();
    if let Some(process) = server.process {
        // Writing to a string does not fail.
        let _ = write!(name, ", process {}", process.pid());
    }
    report.add("server", "server", Value::Text(name));
    report.add("clients", "clients", Value::Count(plan.clients.into()));
    if plan.senders == 0 {
        return;
    }
    if plan.frozen > 0 {
        report.add("frozen", "clients that never read", Value::Count(plan.frozen.into()));
    }
    report.add("senders", "senders", Value::Count(plan.senders.into()));
    report.add("messages", "lines a sender", Value::Count(plan.messages.into()));
    report.add("size", "bytes a line", Value::Count(plan.size as u64));
    if plan.rate > 0 {
        report.add("rate", "lines a second", Value::Count(plan.rate.into()));
    }
}

/// Adds the results of a run in which clients sent.
fn add_messages(report: &mut Report, run: &Run) {
    let stats = &run.stats;
    let readers = run.outcomes.iter().filter(|outcome| !outcome.frozen);
    let delivered = readers.clone().map(|outcome| outcome.findings.delivered).sum();
    report.add("deliveries", "deliveries", Value::Of(delivered, run.plan.deliveries()));
    let complete = readers.filter(|outcome| outcome.findings.complete).count() as u64;
    let all = run.plan.readers().into();
    report.add("complete", "clients that got every line", Value::Of(complete, all));
    if let Some(first) = run.first_send {
        let wall = stats.last_delivery.saturating_sub(first);
        let rate = stats.delivered as f64 / (wall.max(1) as f64 / 1e9);
        report.add("wall_ns", "wall time", Value::Span(wall));
        report.add("deliveries_per_second", "deliveries a second", Value::Count(rate as u64));
    }
    report.add_percentiles("latency", "latency", &stats.latencies);
    let each = |nanos: u64| Value::Nanos(nanos as f64 / stats.delivered.max(1) as f64);
    if let Some(nanos) = run.server_cpu {
        report.add("server_cpu_ns_per_delivery", "server CPU a delivery", each(nanos));
    }
    if let Some(nanos) = run.own_cpu {
        report.add("own_cpu_ns_per_delivery", "generator CPU a delivery", each(nanos));
    }
    add_memory(report, run);
    add_too_slow(report, run);
}

/// Adds the results of a run in which clients connected and left: the welcomes of all rounds, of everything else the worst.
fn add_connects(report: &mut Report, run: &Run) {
    let (connects, clients) = (&run.connects, run.plan.clients);
    if connects.len() > 1 {
        report.add(
            "rounds",
            "times that all connected and left",
            Value::Count(connects.len() as u64),
        );
    }
    let welcomed = connects.iter().map(|connect| connect.welcomes.len()).sum();
    let wanted = u64::from(clients) * connects.len() as u64;
    report.add("welcomed", "welcomed", Value::Of(welcomed, wanted));
    let mut welcomes = histogram();
    for connect in connects {
        // All of them are made alike, so each fits into another.
        let _ = welcomes.add(&connect.welcomes);
    }
    report.add_percentiles("welcome", "welcome", &welcomes);
    if let Some(worst) = connects.iter().map(|v| v.welcomes.value_at_percentile(99.0)).max() {
        let label = "welcome p99 of the worst time";
        report.add("welcome_p99_worst_ns", label, Value::Span(worst));
    }
    if let Some(wall) = connects.iter().filter_map(|connect| connect.wall).max() {
        report.add("wall_ns", "all welcomed after", Value::Span(wall));
    }
    let drops = || connects.iter().filter_map(|connect| connect.drops);
    if drops().next().is_some() {
        let (overflows, dropped) =
            drops().fold((0, 0), |sum, drops| (sum.0 + drops.overflows, sum.1 + drops.drops));
        report.add("listen_overflows", "TcpExtListenOverflows", Value::Count(overflows));
        report.add("listen_drops", "TcpExtListenDrops", Value::Count(dropped));
    }
    let most = |statuses: &mut dyn Iterator<Item = Option<Status>>| {
        statuses.flatten().map(|status| status.resident).max()
    };
    let connected = most(&mut connects.iter().map(|connect| connect.connected));
    if let (Some(before), Some(connected)) = (run.before, connected) {
        let each = connected.saturating_sub(before.resident) as f64 / f64::from(clients);
        report.add("server_memory_per_client", "server memory a client", Value::BytesEach(each));
        report.add("server_rss_before", "server memory before", Value::Bytes(before.resident));
    }
    add_memory(report, run);
    if let Some(left) = most(&mut connects.iter().map(|connect| connect.after_leave)) {
        report.add("server_rss_left", "server memory after all left", Value::Bytes(left));
        let ratio = run.before.map_or(f64::NAN, |before| left as f64 / before.resident as f64);
        report.add("server_rss_left_ratio", "the same, to before", Value::Ratio(ratio));
    }
    let each = |nanos: u64| Value::Span(nanos / wanted.max(1));
    if let Some(nanos) = run.server_cpu {
        report.add("server_cpu_ns_per_client", "server CPU a client", each(nanos));
    }
    if let Some(nanos) = run.own_cpu {
        report.add("own_cpu_ns_per_client", "generator CPU a client", each(nanos));
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

/// Adds which clients were disconnected.
fn add_too_slow(report: &mut Report, run: &Run) {
    let seen: Vec<u64> =
        run.outcomes.iter().flat_map(|one| one.too_slow_seen.iter().copied()).collect();
    report.add("left_too_slow", "left (too slow)", Value::Count(seen.len() as u64));
    if let (Some(began), Some(&first), Some(&last)) = (run.first_send, seen.first(), seen.last()) {
        let after = |time: u64| Value::Span(time.saturating_sub(began));
        report.add("first_cut_ns", "first disconnected after", after(first));
        report.add("last_cut_ns", "last disconnected after", after(last));
    }
    if run.plan.frozen > 0 {
        let frozen = run.outcomes.iter().filter(|one| one.frozen);
        let disconnected = frozen
            .filter(|one| matches!(one.end, ConnectionEnd::Closed | ConnectionEnd::Lost(_)))
            .count() as u64;
        let all = run.plan.frozen.into();
        report.add("frozen_cut_off", "never read, disconnected", Value::Of(disconnected, all));
    }
}

/// Adds whether all was right, and how often each fault occurred.
fn add_verdict(report: &mut Report, runs: &[Measured]) {
    let has_messages = runs.iter().any(|measured| measured.run.plan.senders > 0);
    for fault in Fault::ALL.into_iter().filter(|_| has_messages) {
        let sum = runs.iter().map(|measured| count(&measured.run, fault)).sum();
        report.add(&fault.name().replace(' ', "_"), fault.name(), Value::Count(sum));
    }
    let lost =
        |measured: &Measured| measured.run.outcomes.iter().filter(|one| was_lost(one)).count();
    let lost = runs.iter().map(lost).sum::<usize>();
    report.add("connections_lost", "connections lost", Value::Count(lost as u64));
    if let Some(exit) = runs.last().and_then(|measured| measured.exit.as_ref()) {
        let text = match exit {
            ExitState::Clean => "clean".to_owned(),
            ExitState::Failed(status) => status.clone(),
            ExitState::Killed => "killed: it did not stop".to_owned(),
        };
        report.add("server_stop", "server's end", Value::Text(text));
    }
    report.add("ok", "all right", Value::Bool(runs.iter().all(is_clean)));
}
