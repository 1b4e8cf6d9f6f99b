//! What somebody who is silent costs in memory: in the chat server, from a thousand people to all that its descriptors
//! allow, and in a bare program on whippet that waits for each socket to be readable; before and after storms. And what a server holds
//! whose limits are all filled at once, beside what the sum of its limits allows.
//!
//! Memory is what the kernel counts as resident (VmRSS), everything included, less what it was before anybody came.

use super::Context;
use super::clock::wait_for;
use super::load_report::LoadReport;
use super::server::{PATIENCE, Server, Start, build_example, build_program};
use super::soak::figures;
use super::table::Table;
use std::fs;
use std::io;
use std::net::TcpStream;
use std::process::{Command, Stdio};

/// Crowds that come to the chat server; the last one is near the limit of 20,000 descriptors.
const CROWDS: [u32; 3] = [1_000, 9_000, 19_000];
/// Bytes that a person may cost there.
const PERSON: f64 = 2_048.0;
/// Between the cheapest and the dearest person in crowds of all sizes.
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
        people(context, table)?;
    }
    connections(context, table)?;
    limits(context, table)
}

/// All limits of a server filled at once, in one process with it whose allocator counts.
fn limits(context: &Context, table: &mut Table) -> io::Result<()> {
    let output = Command::new(build_program(&context.root, "soak")?)
        .arg("fill")
        .stderr(Stdio::inherit())
        .output()?;
    let figures = figures(&String::from_utf8_lossy(&output.stdout));
    if figures.is_empty() {
        return Err(io::Error::other(format!("soak fill ended with {}", output.status)));
    }
    for (name, bound, held) in figures {
        let what = format!("limits filled: {}", name.replace('-', " "));
        table.row(&what, format!("{held} bytes"), &format!("≤ {bound} bytes"), held <= bound);
    }
    Ok(())
}

/// Silent people in the chat server.
fn people(context: &Context, table: &mut Table) -> io::Result<()> {
    let mut costs = Vec::new();
    for crowd in CROWDS {
        let clients = crowd.to_string();
        let arguments = ["--workload", "idle", "--clients", &clients];
        let figures = LoadReport::run(&context.program, &arguments)?;
        let cost = figures.number("server_memory_per_client")?;
        let ok = figures.is_ok() && cost <= PERSON;
        table.row(&format!("{crowd} silent people: each"), bytes(cost), &bytes(PERSON), ok);
        costs.push(cost);
    }
    let (least, most) = costs
        .iter()
        .fold((f64::MAX, 0.0_f64), |(least, most), &cost| (least.min(cost), most.max(cost)));
    let spread = most / least;
    let measured = format!("{spread:.2} ×");
    table.row("dearest beside cheapest crowd", measured, "≤ 1.2 ×", spread <= SPREAD);
    Ok(())
}

/// Connections of the bare program.
fn connections(context: &Context, table: &mut Table) -> io::Result<()> {
    let program = build_example(&context.root, "whippet", "idle")?;
    let server = Start::bare(&context.root, &program, "memory")?.start()?;
    let many = if context.short { SHORT_CONNECTIONS } else { CONNECTIONS };
    let storms = if context.short { 1 } else { STORMS };
    // One comes and goes first: what the program does at all is in memory then.
    drop(come(&server, 1)?);
    let before = resident(&server)?;
    let mut row = |what: &str| -> io::Result<()> {
        let crowd = come(&server, many)?;
        let cost = (resident(&server)? - before) / many as f64;
        drop(crowd);
        let what = format!("{many} connections of a bare program{what}: each");
        table.row(&what, bytes(cost), &bytes(CONNECTION), cost <= CONNECTION);
        Ok(())
    };
    row("")?;
    for _ in 0..storms {
        drop(come(&server, many)?);
    }
    row(&format!(", after {storms} storms"))
}

/// So many connect; returns when the program holds them all, and those before them no more.
#[expect(clippy::disallowed_methods, reason = "connections from outside, on plain sockets")]
fn come(server: &Server, many: usize) -> io::Result<Vec<TcpStream>> {
    wait_for("the end of those before", PATIENCE, || Ok((held(server)? == 0).then_some(())))?;
    let crowd = (0..many).map(|_| TcpStream::connect(server.address));
    let crowd = crowd.collect::<io::Result<Vec<_>>>()?;
    wait_for("a task for everybody", PATIENCE, || Ok((held(server)? >= many).then_some(())))?;
    Ok(crowd)
}

/// The connections that the program holds: its sockets but the one that listens.
fn held(server: &Server) -> io::Result<usize> {
    let mut sockets = 0;
    for entry in fs::read_dir(format!("/proc/{}/fd", server.pid()))? {
        // One that was closed meanwhile is none.
        let target = fs::read_link(entry?.path()).unwrap_or_default();
        sockets += usize::from(target.to_string_lossy().starts_with("socket:"));
    }
    Ok(sockets.saturating_sub(1))
}

/// Bytes that are resident.
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
