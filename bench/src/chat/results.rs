//! What was measured: the runs of each server under each workload, and the middle of their figures.

use super::run::{Figures, Outcome};
use super::workloads::Figure;
use crate::numbers::median;
use crate::server::Kind;
use std::collections::BTreeMap;

/// What a run is filed under: the table, the people where it is about them, the server.
type Key = (&'static str, Option<u32>, Kind);

/// Everything that was measured.
#[derive(Debug, Default)]
pub struct Results {
    runs: BTreeMap<Key, Vec<Outcome>>,
}

impl Results {
    /// Adds a run.
    pub fn push(&mut self, section: &'static str, members: Option<u32>, kind: Kind, run: Outcome) {
        self.runs.entry((section, members, kind)).or_default().push(run);
    }

    /// Whether a server was measured here at all.
    pub fn has(&self, section: &'static str, members: Option<u32>, kind: Kind) -> bool {
        self.runs.contains_key(&(section, members, kind))
    }

    /// Why a server has no figures, in words.
    pub fn failure(&self, section: &'static str, members: Option<u32>, kind: Kind) -> Option<&str> {
        self.runs.get(&(section, members, kind))?.iter().find_map(|run| match run {
            Outcome::Failed(words) => Some(words.as_str()),
            Outcome::Whole(_) => None,
        })
    }

    /// The middle of a figure over the rounds, in the figure's unit; none where a run failed.
    pub fn figure(
        &self,
        section: &'static str,
        members: Option<u32>,
        kind: Kind,
        figure: &Figure,
    ) -> Option<f64> {
        let runs = self.runs.get(&(section, members, kind))?;
        let whole = |run: &Outcome| -> Option<f64> {
            let Outcome::Whole(figures) = run else { return None };
            Figures::number(figures, figure.key)
        };
        let values: Option<Vec<f64>> = runs.iter().map(whole).collect();
        Some(median(values?)? / figure.unit)
    }

    /// How many people there were in the rows of a table that is about that.
    pub fn sizes(&self, section: &'static str) -> Vec<u32> {
        let mut sizes: Vec<u32> =
            self.runs.keys().filter(|key| key.0 == section).filter_map(|key| key.1).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// Whether anything was measured for a table.
    pub fn has_section(&self, section: &str) -> bool {
        self.runs.keys().any(|key| key.0 == section)
    }
}
