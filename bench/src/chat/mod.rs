//! Chat fan-out: chinwag compared with its peers, each workload on each server in turn, round after round.
//!
//! ```text
//! options ─► workloads ─► measure ─► run (one `chinwag load`, one server) ─► results ─► targets, report, charts
//! ```
//!
//! `chinwag load` drives and checks, in a process of its own; its cost does not count. A server's cost
//! is its CPU time by `/proc`, over the lines that arrived.

mod charts;
mod measure;
mod options;
mod report;
mod results;
mod run;
mod targets;
mod workloads;

pub use self::options::USAGE;

use self::options::Options;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Measures, and writes `RESULTS-chat.md` and its charts beside the sources. What is less than all of it goes to
/// `target/chat/`, so that it never takes the place of the whole.
pub fn run(arguments: &[String]) -> io::Result<()> {
    let known = workloads::SECTIONS.map(|section| section.name);
    let options = Options::parse(arguments, &known)?;
    crate::fd_limit::raise_fd_limit()?;
    let target = target();
    let chinwag = build_chinwag(&target)?;
    let results = measure::measure_all(&options, &chinwag)?;
    let report = report::write(&results, &options, arguments)?;
    print!("{report}");
    let folder = if options.is_whole() { home() } else { target.join("chat") };
    std::fs::create_dir_all(folder.join(charts::FOLDER))?;
    for (name, chart) in charts::draw(&results) {
        std::fs::write(folder.join(charts::FOLDER).join(name), chart)?;
    }
    let file = folder.join("RESULTS-chat.md");
    std::fs::write(&file, report)?;
    eprintln!("written: {}", file.display());
    Ok(())
}

fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Where cargo puts what it builds for the product.
fn target() -> PathBuf {
    let usual = || home().join("../target");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(usual, PathBuf::from)
}

/// Builds the product in its profile `dist`; its path.
fn build_chinwag(target: &Path) -> io::Result<PathBuf> {
    let status = Command::new("cargo")
        .args(["build", "--profile", "dist", "--package", "chinwag"])
        .current_dir(home().join(".."))
        .status()?;
    if !status.success() {
        return Err(io::Error::other("chinwag does not build"));
    }
    Ok(target.join("dist/chinwag"))
}
