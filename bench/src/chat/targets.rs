//! What chinwag is to reach, and whether it does.

use super::results::Results;
use super::workloads::{
    CPU, LATENCY_MS, LATENCY_US, MEMORY_PER_CLIENT, Metric, OVERFLOWS, SLOW_READERS_RATIO, WALL,
    WELCOME,
};
use crate::server::ServerKind;

/// Something to reach: a metric that is not above a mark.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The table that the metric stands in.
    pub section: &'static str,
    /// What it is about.
    label: &'static str,
    measure: Measure,
    /// The mark.
    pub at_most: f64,
}

/// What is compared with the mark.
#[derive(Clone, Copy, Debug)]
enum Measure {
    /// The metric beside another server's.
    Beside(Metric, ServerKind),
    /// The metric itself.
    Itself(Metric),
    /// How far the metric strays from its median over all sizes, as a share of it.
    Spread(Metric),
}

impl Target {
    /// What was reached, if it was measured.
    pub fn reached(&self, results: &Results) -> Option<f64> {
        match self.measure {
            Measure::Beside(metric, other) => self.beside(results, &metric, other),
            Measure::Itself(metric) => {
                results.metric(self.section, None, ServerKind::Chinwag, &metric)
            }
            Measure::Spread(metric) => spread(results, self.section, &metric),
        }
    }

    /// The same beside a server other than the tuned one, where it is a ratio to that.
    pub fn reached_beside(&self, results: &Results, other: ServerKind) -> Option<f64> {
        match self.measure {
            Measure::Beside(metric, ServerKind::TokioTuned) => self.beside(results, &metric, other),
            _ => None,
        }
    }

    /// The server that chinwag is compared with, where the target is a ratio.
    pub fn other(&self) -> Option<ServerKind> {
        match self.measure {
            Measure::Beside(_, other) => Some(other),
            _ => None,
        }
    }

    /// What it is about, and the server that chinwag is compared with.
    pub fn name(&self) -> String {
        match self.other() {
            Some(other) => format!("{}, by {}", self.label, other.name()),
            None => self.label.to_owned(),
        }
    }

    fn beside(&self, results: &Results, metric: &Metric, other: ServerKind) -> Option<f64> {
        let own = results.metric(self.section, None, ServerKind::Chinwag, metric)?;
        Some(own / results.metric(self.section, None, other, metric)?)
    }
}

/// Whether a target depends on what a server does under a workload.
pub fn depends_on(section: &str, kind: ServerKind) -> bool {
    let of_section = TARGETS.iter().filter(|target| target.section == section);
    kind == ServerKind::Chinwag || of_section.filter_map(Target::other).any(|other| other == kind)
}

fn spread(results: &Results, section: &'static str, metric: &Metric) -> Option<f64> {
    let sizes = results.sizes(section);
    let cost = |&size: &u32| results.metric(section, Some(size), ServerKind::Chinwag, metric);
    let costs: Option<Vec<f64>> = sizes.iter().map(cost).collect();
    let median = crate::numbers::median(costs.clone()?)?;
    costs?.into_iter().map(|cost| (cost / median - 1.0).abs()).max_by(f64::total_cmp)
}

const fn beside(
    section: &'static str,
    label: &'static str,
    metric: Metric,
    other: ServerKind,
    at_most: f64,
) -> Target {
    Target { section, label, measure: Measure::Beside(metric, other), at_most }
}

const fn itself(
    section: &'static str,
    label: &'static str,
    metric: Metric,
    at_most: f64,
) -> Target {
    Target { section, label, measure: Measure::Itself(metric), at_most }
}

/// All of them.
pub const TARGETS: [Target; 16] = [
    beside("burst", "burst, CPU a delivery", CPU, ServerKind::TokioTuned, 0.6),
    beside("burst", "burst, wall time", WALL, ServerKind::TokioTuned, 1.0),
    beside("flood", "flood, CPU a delivery", CPU, ServerKind::TokioTuned, 0.45),
    beside("flood-single", "flood-single, CPU a delivery", CPU, ServerKind::TokioTuned, 0.95),
    beside("flood-big", "flood-big, CPU a delivery", CPU, ServerKind::TokioTuned, 0.9),
    beside("steady", "steady, CPU a delivery", CPU, ServerKind::TokioTuned, 0.9),
    beside("steady", "steady, p99", LATENCY_MS[2], ServerKind::TokioTuned, 1.0),
    beside("steady", "steady, CPU a delivery", CPU, ServerKind::EpollFloor, 1.15),
    beside("latency", "latency, p50", LATENCY_US[0], ServerKind::TokioTuned, 1.0),
    itself("idle", "bytes of a silent client", MEMORY_PER_CLIENT, 2_048.0),
    itself("connect-storm", "connect-storm, listen overflows", OVERFLOWS, 0.0),
    itself("connect-storm", "connect-storm, welcome p99, ms", WELCOME, 100.0),
    itself(
        "slow-readers",
        "p99 with 100 of 1,000 that never read, to without",
        SLOW_READERS_RATIO,
        1.10,
    ),
    itself(
        "slow-readers-500",
        "p99 with 500 of 1,000 that never read, to without",
        SLOW_READERS_RATIO,
        1.25,
    ),
    Target {
        section: "growth-flood",
        label: "growth, flood: cost a delivery strays by",
        measure: Measure::Spread(CPU),
        at_most: 0.20,
    },
    Target {
        section: "growth-steady",
        label: "growth, steady: cost a delivery strays by",
        measure: Measure::Spread(CPU),
        at_most: 0.20,
    },
];
