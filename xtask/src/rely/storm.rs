//! Thousands come as fast as connections can be made, and leave, again and again: nobody is lost in the listener's queue,
//! nobody waits long for the welcome, and the memory is given back.

use super::Trial;
use super::json::Figures;
use super::table::Table;
use std::io;

/// How often they come and leave; the short form does it twice.
const TIMES: u32 = 10;
/// How many come; in the short form fewer.
const PEOPLE: u32 = 9_000;
/// The same in the short form.
const SHORT_PEOPLE: u32 = 3_000;
/// The welcome of 99 of 100, in nanoseconds.
const WELCOME: f64 = 100e6;
/// Memory after everybody has left, beside that before anybody came.
const LEFT: f64 = 1.05;

/// Makes the storm.
pub(super) fn run(trial: &Trial, table: &mut Table) -> io::Result<()> {
    let times = if trial.short { 2 } else { trial.number("--times", TIMES)? };
    let people = if trial.short { SHORT_PEOPLE } else { PEOPLE };
    let (times, clients) = (times.to_string(), people.to_string());
    let arguments = ["--workload", "storm", "--rounds", &times, "--clients", &clients];
    let figures = Figures::of_load(&trial.program, &arguments)?;
    let what = format!("{people} come at once, {times} times");
    table.row(&format!("{what}: everybody is welcomed"), figures.is_ok(), "true", figures.is_ok());
    let overflows = figures.number("listen_overflows")?;
    table.row(&format!("{what}: TcpExtListenOverflows"), overflows, "0", overflows == 0.0);
    if trial.short {
        // It is there for what must never happen; the rest depends on what else the machine does.
        return Ok(());
    }
    let p99 = figures.number("welcome_p99_ns")?;
    let worst = figures.number("welcome_p99_worst_ns")?;
    let measured = format!("{:.0} ms ({:.0} ms in the worst storm)", p99 / 1e6, worst / 1e6);
    table.row(&format!("{what}: welcome, p99"), measured, "< 100 ms", p99 < WELCOME);
    let left = figures.number("server_rss_left_ratio")?;
    let [before, there, after] = ["server_rss_before", "server_rss", "server_rss_left"]
        .map(|name| figures.number(name).unwrap_or(f64::NAN) / 1e6);
    let measured = format!("{left:.2} × ({before:.1} MB, {there:.1} with them, {after:.1} after)");
    let ok = left <= LEFT;
    table.row(&format!("{what}: memory after they left, beside before"), measured, "≤ 1.05 ×", ok);
    Ok(())
}
