//! Round after round, each server in its turn.

use super::options::Options;
use super::results::Results;
use super::run::{self, Outcome};
use super::targets;
use super::workloads::{self, Workload};
use crate::progress::Progress;
use crate::server::ServerKind;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::Duration;

/// A run of this length is not repeated on a server that no target depends on.
const LONG_RUN: Duration = Duration::from_secs(2);

/// Measures everything that is asked for.
pub fn measure_all(options: &Options, chinwag: &Path) -> io::Result<Results> {
    let workloads: Vec<Workload> = workloads::all(options.is_quick)
        .into_iter()
        .filter(|workload| options.has_workload(workload.section.name))
        .collect();
    let steps = |workload: &Workload| {
        peers(workload, options).count() * options.rounds.min(workload.rounds)
    };
    let mut progress = Progress::new(workloads.iter().map(steps).sum());
    let mut results = Results::default();
    for workload in &workloads {
        measure_workload(workload, options, chinwag, &mut progress, &mut results)?;
    }
    progress.finish();
    Ok(results)
}

/// The servers to be measured under a workload.
fn peers(workload: &Workload, options: &Options) -> impl Iterator<Item = ServerKind> {
    let wanted = |kind: &ServerKind| options.has_peer(*kind) && kind.unavailable().is_none();
    workload.peers.iter().copied().filter(wanted)
}

/// One workload on every server, in turn, round after round.
fn measure_workload(
    workload: &Workload,
    options: &Options,
    chinwag: &Path,
    progress: &mut Progress,
    results: &mut Results,
) -> io::Result<()> {
    let (section, clients) = (workload.section.name, workload.clients);
    let rounds = options.rounds.min(workload.rounds);
    let mut done = BTreeSet::new();
    for round in 0..rounds {
        for kind in peers(workload, options) {
            let number = clients.map_or(String::new(), |clients| format!(" of {clients} clients"));
            let what =
                format!("{section}{number}, round {} of {rounds}: {}", round + 1, kind.name());
            if !done.contains(&kind) {
                progress.show(&what);
                let (outcome, time) = run::run(workload, kind, chinwag)?;
                let has_goal = targets::depends_on(section, kind);
                if matches!(outcome, Outcome::Failed(_)) || (time > LONG_RUN && !has_goal) {
                    done.insert(kind);
                }
                results.push(section, clients, kind, outcome);
            }
            progress.step();
        }
    }
    Ok(())
}
