//! All clients send at once: everything is delivered, none is disconnected or waits for the others, and the server's memory
//! stays within the sum of the limits in ARCHITECTURE.md.

use super::Context;
use super::load_report::LoadReport;
use super::table::Table;
use std::io;

/// Bytes of all live frames, at most (`MAX_BUFFERED_BYTES`).
const FRAMES: f64 = 256.0 * 1_048_576.0;
/// Bytes of events that wait for the broker: at most this many, of this size each.
const EVENTS: f64 = 256.0 * 16_384.0;
/// Bytes of one connection: its task, a partial line and a read.
const CONNECTION: f64 = 8_192.0;
/// Bytes of the program itself, before any client connects.
const PROGRAM: f64 = 16.0 * 1_048_576.0;

/// The workloads: a description, how many clients, and the arguments of the load generator.
const FLOODS: [(&str, u32, &str); 3] = [
    ("200 clients send 200 lines each at once", 200, "--workload flood"),
    (
        "1,000 clients send 20 lines each at once",
        1_000,
        "--workload flood --clients 1000 --messages 20",
    ),
    ("100 clients send 200 lines of 2 KiB each at once", 100, "--workload flood-big"),
];

/// All clients send at once.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    for (what, clients, arguments) in FLOODS {
        let arguments: Vec<_> = arguments.split(' ').collect();
        let report = LoadReport::run(&context.program, &arguments)?;
        let (complete, disconnected) =
            (report.number("complete")?, report.number("left_too_slow")?);
        let measured = format!("{complete} clients got every line; {disconnected} disconnected");
        let ok = report.is_ok() && complete == f64::from(clients) && disconnected == 0.0;
        table.row(what, measured, &format!("{clients}; 0"), ok);
        check_memory(what, &report, clients, table)?;
    }
    Ok(())
}

/// Compares the server's peak of memory with the sum of its limits.
pub(super) fn check_memory(
    what: &str,
    report: &LoadReport,
    clients: u32,
    table: &mut Table,
) -> io::Result<()> {
    let peak = report.number("server_peak").or_else(|_| report.number("with_server_peak"))?;
    let most = FRAMES + EVENTS + f64::from(clients) * CONNECTION + PROGRAM;
    let measured = format!("{:.1} MiB", peak / 1_048_576.0);
    let goal = format!("≤ {:.0} MiB", most / 1_048_576.0);
    table.row(&format!("{what}: peak of memory"), measured, &goal, peak <= most);
    Ok(())
}
