//! Thousands of clients connect as fast as they can, and leave, again and again: none is lost in the listener's queue, none
//! waits long for the welcome, and the memory is given back.

use super::Context;
use super::load_report::LoadReport;
use super::table::Table;
use std::io;

/// How often they connect and leave; in the short form twice.
const TIMES: u32 = 10;
/// How many clients; in the short form fewer.
const CLIENTS: u32 = 9_000;
/// The same in the short form.
const SHORT_CLIENTS: u32 = 3_000;
/// The p99 of the time to the welcome, in nanoseconds.
const WELCOME: f64 = 100e6;
/// Memory after all have left, as a multiple of that before the first one.
const LEFT: f64 = 1.05;

/// Runs the storms.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    let times = if context.short { 2 } else { context.number("--times", TIMES)? };
    let clients = if context.short { SHORT_CLIENTS } else { CLIENTS };
    let (times, number) = (times.to_string(), clients.to_string());
    let arguments = ["--workload", "connect-storm", "--rounds", &times, "--clients", &number];
    let report = LoadReport::run(&context.program, &arguments)?;
    let what = format!("{clients} connect at once, {times} times");
    table.row(&format!("{what}: all are welcomed"), report.is_ok(), "true", report.is_ok());
    let overflows = report.number("listen_overflows")?;
    table.row(&format!("{what}: TcpExtListenOverflows"), overflows, "0", overflows == 0.0);
    if context.short {
        // The short form looks for what must never happen; the rest depends on what else the machine does.
        return Ok(());
    }
    let p99 = report.number("welcome_p99_ns")?;
    let worst = report.number("welcome_p99_worst_ns")?;
    let measured = format!("{:.0} ms ({:.0} ms in the worst storm)", p99 / 1e6, worst / 1e6);
    table.row(&format!("{what}: welcome, p99"), measured, "< 100 ms", p99 < WELCOME);
    let left = report.number("server_rss_left_ratio")?;
    let [before, there, after] = ["server_rss_before", "server_rss", "server_rss_left"]
        .map(|name| report.number(name).unwrap_or(f64::NAN) / 1e6);
    let measured = format!("{left:.2} × ({before:.1} MB, {there:.1} with them, {after:.1} after)");
    let ok = left <= LEFT;
    table.row(
        &format!("{what}: memory after they left, compared with before"),
        measured,
        "≤ 1.05 ×",
        ok,
    );
    Ok(())
}
