//! The memory of an idle client: in the chat server, from a thousand clients to all that its descriptors
//! allow, and in a bare program on whippet that waits for each socket to be readable, before and after storms. And the memory of a server
//! whose limits are all filled at once, compared with the sum of its limits.
//!
//! Memory is what the kernel counts as resident (VmRSS), less what it was before the first client.

use super::Context;
use super::clock::wait_until;
use super::load_report::LoadReport;
use super::server::{STOP_TIMEOUT, Server, ServerCommand, build_example};
use super::soak::counters;
use super::table::Table;
use std::fs;
use std::io;
use std::net::TcpStream;
use std::process::{Command, Stdio};

/// Numbers of clients of the chat server; the last one is near the limit of 20,000 descriptors.
const CLIENTS: [u32; 3] = [1_000, 9_000, 19_000];
/// Bytes that a client may cost there.
const CLIENT: f64 = 2_048.0;
/// The largest ratio of the bytes of a client between two of these numbers.
const SPREAD: f64 = 1.2;
/// Connections of the bare program.
const CONNECTIONS: usize = 9_000;
/// The same in the short form.
const SHORT_CONNECTIONS: usize = 2_000;
/// Bytes that each may cost.
const CONNECTION: f64 = 1_024.0;
/// Storms before the bare program is measured again.
const STORMS: usize = 10;

/// Measures both programs.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    if !context.short {
        idle_clients(context, table)?;
    }
    connections(context, table)?;
    limits(context, table)
}

/// All limits of a server filled at once, in a process whose allocator counts.
fn limits(context: &Context, table: &mut Table) -> io::Result<()> {
    let output = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--package", "chinwag", "--lib", "--", "--ignored", "--exact"])
        .args(["--nocapture", "server::memory_fill::fills_all_limits"])
        .current_dir(&context.root)
        .stderr(Stdio::inherit())
        .output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let filled: String = printed
        .split_inclusive('\n')
        .filter_map(|line| line.split_once("filled "))
        .map(|(_, row)| row)
        .collect();
    let counters = counters(&filled);
    if counters.is_empty() {
        return Err(io::Error::other(format!(
            "the test of all limits ended with {}",
            output.status
        )));
    }
    for (name, bound, held) in counters {
        let what = format!("limits filled: {}", name.replace('-', " "));
        table.row(&what, format!("{held} bytes"), &format!("≤ {bound} bytes"), held <= bound);
    }
    Ok(())
}

/// Idle clients of the chat server.
fn idle_clients(context: &Context, table: &mut Table) -> io::Result<()> {
    let mut costs = Vec::new();
    for clients in CLIENTS {
        let number = clients.to_string();
        let arguments = ["--workload", "idle", "--clients", &number];
        let report = LoadReport::run(&context.program, &arguments)?;
        let cost = report.number("server_memory_per_client")?;
        let ok = report.is_ok() && cost <= CLIENT;
        table.row(&format!("{clients} idle clients: each"), bytes(cost), &bytes(CLIENT), ok);
        costs.push(cost);
    }
    let (least, most) = costs
        .iter()
        .fold((f64::MAX, 0.0_f64), |(least, most), &cost| (least.min(cost), most.max(cost)));
    let spread = most / least;
    let measured = format!("{spread:.2} ×");
    table.row("largest of these compared with the smallest", measured, "≤ 1.2 ×", spread <= SPREAD);
    Ok(())
}

/// Connections of the bare program.
fn connections(context: &Context, table: &mut Table) -> io::Result<()> {
    let program = build_example(&context.root, context.profile, "whippet", "idle")?;
    let server = ServerCommand::without_arguments(&context.root, &program, "memory")?.start()?;
    let many = if context.short { SHORT_CONNECTIONS } else { CONNECTIONS };
    let storms = if context.short { 1 } else { STORMS };
    // One connects and leaves first, so that all code that runs is in memory.
    drop(connect(&server, 1)?);
    let before = resident(&server)?;
    let mut row = |what: &str| -> io::Result<()> {
        let connections = connect(&server, many)?;
        let cost = (resident(&server)? - before) / many as f64;
        drop(connections);
        let what = format!("{many} connections of a bare program{what}: each");
        table.row(&what, bytes(cost), &bytes(CONNECTION), cost <= CONNECTION);
        Ok(())
    };
    row("")?;
    for _ in 0..storms {
        drop(connect(&server, many)?);
    }
    row(&format!(", after {storms} storms"))
}

/// Opens this many connections; returns when the program has accepted them all, and has closed those before them.
#[expect(clippy::disallowed_methods, reason = "connections from outside, on plain sockets")]
fn connect(server: &Server, many: usize) -> io::Result<Vec<TcpStream>> {
    wait_until("the end of the connections before", STOP_TIMEOUT, || {
        Ok((open_connections(server)? == 0).then_some(()))
    })?;
    let connections = (0..many).map(|_| TcpStream::connect(server.address));
    let connections = connections.collect::<io::Result<Vec<_>>>()?;
    wait_until("a task for each connection", STOP_TIMEOUT, || {
        Ok((open_connections(server)? >= many).then_some(()))
    })?;
    Ok(connections)
}

/// The number of the program's connections: its sockets without the listener.
fn open_connections(server: &Server) -> io::Result<usize> {
    let mut sockets = 0;
    for entry in fs::read_dir(format!("/proc/{}/fd", server.pid()))? {
        // One that was closed meanwhile cannot be read.
        let target = fs::read_link(entry?.path()).unwrap_or_default();
        sockets += usize::from(target.to_string_lossy().starts_with("socket:"));
    }
    Ok(sockets.saturating_sub(1))
}

/// The resident bytes.
fn resident(server: &Server) -> io::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<f64>().ok());
    number.map(|kib| kib * 1024.0).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A number of bytes, as the table shows it.
fn bytes(number: f64) -> String {
    format!("{number:.0} bytes")
}
