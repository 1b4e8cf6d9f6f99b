//! What was measured: the runs of each server under each workload, and the medians of their metrics.

use super::run::{LoadResults, Outcome};
use super::workloads::Metric;
use crate::numbers::median;
use crate::server::ServerKind;
use std::collections::BTreeMap;

/// What a run is filed under: the table, the number of clients where it is about that, the server.
type Key = (&'static str, Option<u32>, ServerKind);

/// Everything that was measured.
#[derive(Debug, Default)]
pub struct Results {
    runs: BTreeMap<Key, Vec<Outcome>>,
}

impl Results {
    /// Adds a run.
    pub fn push(
        &mut self,
        section: &'static str,
        clients: Option<u32>,
        kind: ServerKind,
        run: Outcome,
    ) {
        self.runs.entry((section, clients, kind)).or_default().push(run);
    }

    /// Whether a server was measured here at all.
    pub fn has(&self, section: &'static str, clients: Option<u32>, kind: ServerKind) -> bool {
        self.runs.contains_key(&(section, clients, kind))
    }

    /// Why a server has no metrics, as text.
    pub fn failure(
        &self,
        section: &'static str,
        clients: Option<u32>,
        kind: ServerKind,
    ) -> Option<&str> {
        self.runs.get(&(section, clients, kind))?.iter().find_map(|run| match run {
            Outcome::Failed(message) => Some(message.as_str()),
            Outcome::Complete(_) => None,
        })
    }

    /// The median of a metric over the rounds, in the metric's unit; none where a run failed.
    pub fn metric(
        &self,
        section: &'static str,
        clients: Option<u32>,
        kind: ServerKind,
        metric: &Metric,
    ) -> Option<f64> {
        let runs = self.runs.get(&(section, clients, kind))?;
        let whole = |run: &Outcome| -> Option<f64> {
            let Outcome::Complete(metrics) = run else { return None };
            LoadResults::number(metrics, metric.key)
        };
        let values: Option<Vec<f64>> = runs.iter().map(whole).collect();
        Some(median(values?)? / metric.unit)
    }

    /// How many clients there were in the rows of a table that is about that.
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
