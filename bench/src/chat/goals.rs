//! What chinwag is to reach, and whether it does.

use super::results::Results;
use super::workloads::{
    CPU, EACH, FROZEN_RATIO, Figure, LATENCY_MS, LATENCY_US, OVERFLOWS, WALL, WELCOME,
};
use crate::server::Kind;

/// Something to reach: a figure that is not above a mark.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// The table that the figure stands in.
    pub section: &'static str,
    /// What it is about.
    words: &'static str,
    measure: Measure,
    /// The mark.
    pub at_most: f64,
}

/// What is held against the mark.
#[derive(Clone, Copy, Debug)]
enum Measure {
    /// The figure beside another server's.
    Beside(Figure, Kind),
    /// The figure itself.
    Itself(Figure),
    /// How far the figure strays from its middle over all sizes, as a share of it.
    Spread(Figure),
}

impl Goal {
    /// What was reached, where it was measured.
    pub fn reached(&self, results: &Results) -> Option<f64> {
        match self.measure {
            Measure::Beside(figure, other) => self.beside(results, &figure, other),
            Measure::Itself(figure) => results.figure(self.section, None, Kind::Chinwag, &figure),
            Measure::Spread(figure) => spread(results, self.section, &figure),
        }
    }

    /// The same beside a server other than the tuned one, where it is a ratio to that.
    pub fn reached_beside(&self, results: &Results, other: Kind) -> Option<f64> {
        match self.measure {
            Measure::Beside(figure, Kind::TokioTuned) => self.beside(results, &figure, other),
            _ => None,
        }
    }

    /// Whom chinwag is held against, where the goal is a ratio.
    pub fn other(&self) -> Option<Kind> {
        match self.measure {
            Measure::Beside(_, other) => Some(other),
            _ => None,
        }
    }

    /// What it is about, and whom chinwag is held against.
    pub fn name(&self) -> String {
        match self.other() {
            Some(other) => format!("{}, by {}", self.words, other.name()),
            None => self.words.to_owned(),
        }
    }

    fn beside(&self, results: &Results, figure: &Figure, other: Kind) -> Option<f64> {
        let own = results.figure(self.section, None, Kind::Chinwag, figure)?;
        Some(own / results.figure(self.section, None, other, figure)?)
    }
}

/// Whether a goal hangs on what a server does under a workload.
pub fn names(section: &str, kind: Kind) -> bool {
    let of_section = GOALS.iter().filter(|goal| goal.section == section);
    kind == Kind::Chinwag || of_section.filter_map(Goal::other).any(|other| other == kind)
}

fn spread(results: &Results, section: &'static str, figure: &Figure) -> Option<f64> {
    let sizes = results.sizes(section);
    let cost = |&size: &u32| results.figure(section, Some(size), Kind::Chinwag, figure);
    let costs: Option<Vec<f64>> = sizes.iter().map(cost).collect();
    let middle = crate::numbers::median(costs.clone()?)?;
    costs?.into_iter().map(|cost| (cost / middle - 1.0).abs()).max_by(f64::total_cmp)
}

const fn beside(
    section: &'static str,
    words: &'static str,
    figure: Figure,
    other: Kind,
    at_most: f64,
) -> Goal {
    Goal { section, words, measure: Measure::Beside(figure, other), at_most }
}

const fn itself(section: &'static str, words: &'static str, figure: Figure, at_most: f64) -> Goal {
    Goal { section, words, measure: Measure::Itself(figure), at_most }
}

/// All of them.
pub const GOALS: [Goal; 15] = [
    beside("seed", "seed, CPU a delivery", CPU, Kind::TokioTuned, 0.6),
    beside("seed", "seed, wall time", WALL, Kind::TokioTuned, 1.0),
    beside("flood", "flood, CPU a delivery", CPU, Kind::TokioTuned, 0.45),
    beside("flood-big", "flood-big, CPU a delivery", CPU, Kind::TokioTuned, 0.9),
    beside("paced", "paced, CPU a delivery", CPU, Kind::TokioTuned, 0.9),
    beside("paced", "paced, p99", LATENCY_MS[2], Kind::TokioTuned, 1.0),
    beside("paced", "paced, CPU a delivery", CPU, Kind::EpollFloor, 1.15),
    beside("lone", "lone line, p50", LATENCY_US[0], Kind::TokioTuned, 1.0),
    itself("idle", "bytes of a silent person", EACH, 2_048.0),
    itself("storm", "listen overflows in a storm", OVERFLOWS, 0.0),
    itself("storm", "welcome p99 in a storm, ms", WELCOME, 100.0),
    itself("frozen", "p99 with 100 of 1,000 frozen, beside without", FROZEN_RATIO, 1.10),
    itself("frozen-500", "p99 with 500 of 1,000 frozen, beside without", FROZEN_RATIO, 1.25),
    Goal {
        section: "growth-flood",
        words: "growth, flooded: cost a delivery strays by",
        measure: Measure::Spread(CPU),
        at_most: 0.20,
    },
    Goal {
        section: "growth-paced",
        words: "growth, paced: cost a delivery strays by",
        measure: Measure::Spread(CPU),
        at_most: 0.20,
    },
];
