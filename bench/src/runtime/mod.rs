//! whippet beside tokio and smol: each workload on each runtime in turn, round after round.
//!
//! ```text
//! options ─► rows ─► on_whippet, on_tokio, on_smol (the same workloads, by the names of `rt`) ─► results ─► report, pictures
//! ```
//!
//! The files in `workloads` are compiled once for each runtime, with `rt` as that runtime's names: the same code for all,
//! and no call more than a program would make.

#![allow(clippy::duplicate_mod, reason = "the same workloads are compiled for each runtime")]

mod on_smol;
mod on_tokio;
mod on_whippet;
mod options;
mod pictures;
mod report;
mod results;
mod rows;
mod rt;
mod size;

pub use self::options::USAGE;

use self::options::Options;
use self::results::{Kind, Results};
use self::rows::{ROWS, Row};
use self::size::Size;
use crate::progress::Progress;
use std::io;
use std::path::PathBuf;

/// Threads of each runtime.
const WORKERS: usize = 2;

/// Measures, and writes `RESULTS.md` and its pictures beside the sources. What is less than all of it goes to
/// `target/runtime/`, so that it never takes the place of the whole.
pub fn run(arguments: &[String]) -> io::Result<()> {
    let options = Options::parse(arguments, &ROWS.each_ref().map(|row| row.name))?;
    crate::limits::raise_descriptors()?;
    // SAFETY: this is the only thread.
    unsafe { std::env::set_var("SMOL_THREADS", WORKERS.to_string()) };
    let results = measure(&options);
    let report = report::write(&results, &options, arguments)?;
    print!("{report}");
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = if options.is_whole() { home } else { home.join("target/runtime") };
    std::fs::create_dir_all(folder.join(pictures::FOLDER))?;
    for (name, picture) in pictures::draw(&results) {
        std::fs::write(folder.join(pictures::FOLDER).join(name), picture)?;
    }
    let file = folder.join("RESULTS.md");
    std::fs::write(&file, report)?;
    eprintln!("written: {}", file.display());
    Ok(())
}

/// Round after round, row after row, each runtime in its turn. Who begins changes from round to round.
fn measure(options: &Options) -> Results {
    let rows: Vec<&Row> = ROWS.iter().filter(|row| options.has_workload(row.name)).collect();
    let size = Size { is_quick: options.is_quick };
    let mut results = Results::default();
    let mut progress = Progress::new(options.rounds * rows.len());
    for round in 0..options.rounds {
        for row in &rows {
            progress.show(&format!("round {} of {}: {}", round + 1, options.rounds, row.name));
            let mut kinds = Kind::ALL;
            kinds.rotate_left(round % Kind::ALL.len());
            for kind in kinds {
                if let Some(sample) = sample(kind, row.name, size) {
                    results.push(row, kind, sample);
                }
            }
            progress.step();
        }
    }
    progress.finish();
    results
}

/// One sample of a workload on one runtime; `None`: it has nothing to do it with.
fn sample(kind: Kind, name: &str, size: Size) -> Option<f64> {
    match kind {
        Kind::Whippet => on_whippet::sample(name, size),
        Kind::Tokio => on_tokio::sample(name, size),
        Kind::Smol => on_smol::sample(name, size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_runs_on_whippet_and_tokio() {
        let size = Size { is_quick: true };
        for row in ROWS.iter().filter(|row| row.name.starts_with("spawn")) {
            for kind in [Kind::Whippet, Kind::Tokio] {
                let figure = sample(kind, row.name, size);
                assert!(figure.is_some_and(|figure| figure > 0.0), "{}: {figure:?}", row.name);
            }
        }
    }
}
