//! Many clients never read: they are disconnected with a reason, and those who read get every line and hardly notice.

use super::Context;
use super::flood::check_memory;
use super::load_report::LoadReport;
use super::table::Table;
use std::io;

/// A client that never reads must be gone this long after the first line, in nanoseconds: the limit of 10 s, and the
/// time to notice.
const DISCONNECTED_WITHIN: f64 = 10.5e9;
/// Runs whose latency ratios are compared; the median counts.
const RUNS: usize = 3;

/// How many of a thousand never read, and the largest ratio of the others' p99 to that of a run without them.
const CASES: [(u32, f64); 2] = [(100, 1.10), (500, 1.25)];
/// Clients in all.
const CLIENTS: u32 = 1_000;
/// The same in the short form.
const SHORT_CLIENTS: u32 = 200;

/// Runs the cases.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    let clients = if context.short { SHORT_CLIENTS } else { CLIENTS };
    for (of_thousand, goal) in CASES {
        let slow = of_thousand * clients / CLIENTS;
        let what = format!("{slow} of {clients} never read");
        let mut ratios = Vec::new();
        for _ in 0..if context.short { 1 } else { RUNS } {
            ratios.push(run_once(context, &what, clients, slow, table)?);
        }
        if context.short {
            // The short form looks for what must never happen; latencies depend on what else the machine does.
            continue;
        }
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ratios.len() / 2];
        let measured = format!("{median:.2} × (of {ratios:.2?})");
        let name = format!("{what}: p99 of the others, compared with a run without them");
        table.row(&name, measured, &format!("≤ {goal:.2} ×"), median <= goal);
    }
    Ok(())
}

/// One run: the ratio of the readers' p99 to that of a run without slow readers.
fn run_once(
    context: &Context,
    what: &str,
    clients: u32,
    slow: u32,
    table: &mut Table,
) -> io::Result<f64> {
    let (all, number) = (clients.to_string(), slow.to_string());
    let arguments = ["--workload", "slow-readers", "--clients", &all, "--frozen", &number];
    let report = LoadReport::run(&context.program, &arguments)?;
    let readers = report.number("with_complete")?;
    let disconnected = report.number("with_frozen_cut_off")?;
    let last = report.number("with_last_cut_ns")?;
    let measured = format!(
        "{readers} readers got every line; {disconnected} slow readers disconnected, the last after {:.2} s",
        last / 1e9
    );
    let counts = readers == f64::from(clients - slow) && disconnected == f64::from(slow);
    let ok = report.is_ok() && counts && last <= DISCONNECTED_WITHIN;
    let goal = format!("{}; {slow}, within 10.5 s", clients - slow);
    table.row(what, measured, &goal, ok);
    check_memory(what, &report, clients, table)?;
    report.number("p99_ratio")
}
