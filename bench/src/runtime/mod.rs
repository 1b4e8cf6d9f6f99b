//! whippet compared with tokio and smol: each workload on each runtime in turn, round after round.
//!
//! ```text
//! options ─► cases ─► on_whippet, on_tokio, on_smol (the same workloads, by the names of `rt`) ─► results ─► report, charts
//! ```
//!
//! The files in `workloads` are compiled once for each runtime, with `rt` as that runtime's names: the same code for all,
//! and no call more than a program would make.

#![allow(clippy::duplicate_mod, reason = "the same workloads are compiled for each runtime")]

mod cases;
mod charts;
mod on_smol;
mod on_tokio;
mod on_whippet;
mod options;
mod report;
mod results;
mod rt;
mod size;

pub use self::options::USAGE;

use self::cases::{CASES, Case};
use self::options::Options;
use self::results::{Results, RuntimeKind};
use self::size::Size;
use crate::progress::Progress;
use std::io;
use std::path::PathBuf;

/// Threads of each runtime.
const WORKERS: usize = 2;

/// Measures, and writes `RESULTS.md` and its charts beside the sources. What is less than all of it goes to
/// `target/runtime/`, so that it never takes the place of the whole.
pub fn run(arguments: &[String]) -> io::Result<()> {
    let options = Options::parse(arguments, &CASES.each_ref().map(|case| case.name))?;
    crate::fd_limit::raise_fd_limit()?;
    // SAFETY: this is the only thread.
    unsafe { std::env::set_var("SMOL_THREADS", WORKERS.to_string()) };
    let results = measure(&options);
    let report = report::write(&results, &options, arguments)?;
    print!("{report}");
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = if options.is_whole() { home } else { home.join("target/runtime") };
    std::fs::create_dir_all(folder.join(charts::FOLDER))?;
    for (name, chart) in charts::draw(&results) {
        std::fs::write(folder.join(charts::FOLDER).join(name), chart)?;
    }
    let file = folder.join("RESULTS.md");
    std::fs::write(&file, report)?;
    eprintln!("written: {}", file.display());
    Ok(())
}

/// Round after round, case after case, each runtime in turn. Which one is first changes from round to round.
fn measure(options: &Options) -> Results {
    let cases: Vec<&Case> = CASES.iter().filter(|case| options.has_workload(case.name)).collect();
    let size = Size { is_quick: options.is_quick };
    let mut results = Results::default();
    let mut progress = Progress::new(options.rounds * cases.len());
    for round in 0..options.rounds {
        for case in &cases {
            progress.show(&format!("round {} of {}: {}", round + 1, options.rounds, case.name));
            let mut kinds = RuntimeKind::ALL;
            kinds.rotate_left(round % RuntimeKind::ALL.len());
            for kind in kinds {
                if let Some(sample) = sample(kind, case.name, size) {
                    results.push(case, kind, sample);
                }
            }
            progress.step();
        }
    }
    progress.finish();
    results
}

/// One sample of a workload on one runtime; `None`: it has nothing to do it with.
fn sample(kind: RuntimeKind, name: &str, size: Size) -> Option<f64> {
    match kind {
        RuntimeKind::Whippet => on_whippet::sample(name, size),
        RuntimeKind::Tokio => on_tokio::sample(name, size),
        RuntimeKind::Smol => on_smol::sample(name, size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_runs_on_whippet_and_tokio() {
        let size = Size { is_quick: true };
        for case in CASES.iter().filter(|case| case.name.starts_with("spawn")) {
            for kind in [RuntimeKind::Whippet, RuntimeKind::Tokio] {
                let median = sample(kind, case.name, size);
                assert!(median.is_some_and(|median| median > 0.0), "{}: {median:?}", case.name);
            }
        }
    }
}
