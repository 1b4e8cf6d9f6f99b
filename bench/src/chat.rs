//! Chat fan-out: chinwag beside its peers, each workload on each server in turn, round after round.
//!
//! `chinwag load` is the one who drives and checks, in a process of its own; its cost does not count. A server's cost
//! is its CPU time by `/proc`, over the lines that arrived.

use crate::machine;
use crate::server::{Kind, Server};
use crate::table::{Cell, Table, median};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Rounds unless `--rounds` says otherwise.
const ROUNDS: usize = 5;
/// How long `chinwag load` waits for a server that has stopped before it gives up, in seconds.
const STUCK: &str = "5";

/// A workload of BENCH.md and the figure that a table shows of it.
struct Workload {
    /// Its name for `chinwag load`.
    name: &'static str,
    /// The figures, in columns.
    figures: &'static [Figure],
}

/// A figure of `chinwag load --json`.
struct Figure {
    /// Its key.
    key: &'static str,
    /// The column's head.
    head: &'static str,
    /// What it is divided by.
    unit: f64,
}

const WALL: Figure = Figure { key: "wall_ns", head: "wall ms", unit: 1e6 };
const CPU: Figure =
    Figure { key: "server_cpu_ns_per_delivery", head: "CPU ns a delivery", unit: 1.0 };
const P50: Figure = Figure { key: "latency_p50_ns", head: "p50 ms", unit: 1e6 };
const P99: Figure = Figure { key: "latency_p99_ns", head: "p99 ms", unit: 1e6 };
const PEAK: Figure = Figure { key: "server_peak", head: "peak MiB", unit: 1_048_576.0 };

const WORKLOADS: [Workload; 4] = [
    Workload { name: "seed", figures: &[WALL, CPU] },
    Workload { name: "flood", figures: &[WALL, CPU, PEAK] },
    Workload { name: "flood-big", figures: &[WALL, CPU, PEAK] },
    Workload { name: "paced", figures: &[CPU, P50, P99] },
];

/// Measures, and writes `RESULTS-chat.md` beside the sources.
pub fn run(arguments: &[String]) -> io::Result<()> {
    let rounds = rounds(arguments)?;
    let chinwag = build_chinwag()?;
    let mut report = machine::header("chat", arguments)?;
    for workload in &WORKLOADS {
        let table = measure(workload, &chinwag, rounds)?;
        let _ = write!(report, "\n## {}\n\n{}", workload.name, table.to_markdown());
        print!("\n{}\n\n{}", workload.name, table.to_markdown());
    }
    std::fs::write(home().join("RESULTS-chat.md"), report)
}

fn rounds(arguments: &[String]) -> io::Result<usize> {
    match arguments {
        [] => Ok(ROUNDS),
        [flag, count] if flag == "--rounds" => count.parse().map_err(io::Error::other),
        _ => Err(io::Error::other("usage: bench chat [--rounds N]")),
    }
}

fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The product's own release build.
fn build_chinwag() -> io::Result<PathBuf> {
    let root = home().join("..");
    let status = Command::new("cargo")
        .args(["build", "--release", "--package", "chinwag"])
        .current_dir(&root)
        .status()?;
    if !status.success() {
        return Err(io::Error::other("chinwag does not build"));
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release/chinwag"))
}

/// One workload on every server, in turn, round after round.
fn measure(workload: &Workload, chinwag: &Path, rounds: usize) -> io::Result<Table> {
    let mut runs: BTreeMap<Kind, Vec<Run>> = BTreeMap::new();
    for round in 0..rounds {
        for kind in Kind::ALL {
            let is_stuck =
                runs.get(&kind).is_some_and(|runs| runs.iter().any(|run| !run.is_whole()));
            if is_stuck {
                continue;
            }
            eprint!("\r{}: round {} of {rounds}, {:<24}", workload.name, round + 1, kind.name());
            runs.entry(kind).or_default().push(load(workload, chinwag, kind)?);
        }
    }
    eprintln!();
    let mut heads = vec!["server"];
    heads.extend(workload.figures.iter().map(|figure| figure.head));
    heads.push("arrived");
    let mut table = Table::new(&heads);
    for (kind, runs) in &runs {
        let mut row = vec![Cell::Text(kind.name().to_owned())];
        row.extend(workload.figures.iter().map(|figure| cell(runs, figure)));
        row.push(Cell::Text(arrived(runs)));
        table.push(row);
    }
    table.add_ratios(&Kind::TokioTuned.name());
    Ok(table)
}

/// What one run gave.
struct Run(String);

impl Run {
    fn figure(&self, key: &str) -> Option<f64> {
        let start = self.0.find(&format!("\"{key}\":"))? + key.len() + 3;
        let rest = &self.0[start..];
        rest[..rest.find([',', '}'])?].parse().ok()
    }

    fn is_whole(&self) -> bool {
        self.figure("deliveries").is_some()
            && self.figure("deliveries") == self.figure("deliveries_expected")
    }
}

fn load(workload: &Workload, chinwag: &Path, kind: Kind) -> io::Result<Run> {
    let server = Server::start(kind, chinwag)?;
    let output = Command::new(chinwag)
        .args(["load", "--json", "--timeout", STUCK, "--workload", workload.name])
        .args(["--server", &server.address, "--pid", &server.process_id().to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    Ok(Run(String::from_utf8_lossy(&output.stdout).into_owned()))
}

fn cell(runs: &[Run], figure: &Figure) -> Cell {
    let whole = runs.iter().filter(|run| run.is_whole());
    let values: Vec<f64> = whole.filter_map(|run| run.figure(figure.key)).collect();
    median(values)
        .map_or_else(|| Cell::Text("–".to_owned()), |value| Cell::Figure(value / figure.unit))
}

fn arrived(runs: &[Run]) -> String {
    match runs.iter().find(|run| !run.is_whole()) {
        None => "all".to_owned(),
        Some(run) => match (run.figure("deliveries"), run.figure("deliveries_expected")) {
            (Some(came), Some(expected)) => format!("{:.1} %", came / expected * 100.0),
            _ => "gave up".to_owned(),
        },
    }
}
