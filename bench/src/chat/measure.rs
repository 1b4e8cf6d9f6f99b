//! Round after round, each server in its turn.

use super::goals;
use super::options::Options;
use super::results::Results;
use super::run::{self, Outcome};
use super::workloads::{self, Workload};
use crate::progress::Progress;
use crate::server::Kind;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::Duration;

/// A run of this length is not made again before a server that no goal hangs on.
const LONG: Duration = Duration::from_secs(2);

/// Measures everything that is asked for.
pub fn everything(options: &Options, chinwag: &Path) -> io::Result<Results> {
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
        one(workload, options, chinwag, &mut progress, &mut results)?;
    }
    progress.finish();
    Ok(results)
}

/// Who is to be measured under a workload.
fn peers(workload: &Workload, options: &Options) -> impl Iterator<Item = Kind> {
    let wanted = |kind: &Kind| options.has_peer(*kind) && kind.missing().is_none();
    workload.peers.iter().copied().filter(wanted)
}

/// One workload on every server, in turn, round after round.
fn one(
    workload: &Workload,
    options: &Options,
    chinwag: &Path,
    progress: &mut Progress,
    results: &mut Results,
) -> io::Result<()> {
    let (section, members) = (workload.section.name, workload.members);
    let rounds = options.rounds.min(workload.rounds);
    let mut done = BTreeSet::new();
    for round in 0..rounds {
        for kind in peers(workload, options) {
            let people = members.map_or(String::new(), |members| format!(" of {members} people"));
            let what =
                format!("{section}{people}, round {} of {rounds}: {}", round + 1, kind.name());
            if !done.contains(&kind) {
                progress.show(&what);
                let (outcome, time) = run::make(workload, kind, chinwag)?;
                let has_goal = goals::names(section, kind);
                if matches!(outcome, Outcome::Failed(_)) || (time > LONG && !has_goal) {
                    done.insert(kind);
                }
                results.push(section, members, kind, outcome);
            }
            progress.step();
        }
    }
    Ok(())
}
