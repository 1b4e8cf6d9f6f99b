//! What was measured: the samples of each runtime in each case, and their medians.

use super::cases::{Bound, CASES, Case};
use crate::numbers::median;
use std::collections::BTreeMap;

/// A runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuntimeKind {
    /// Ours.
    Whippet,
    /// tokio, multi-thread.
    Tokio,
    /// smol, with as many threads.
    Smol,
}

impl RuntimeKind {
    /// All, in the order of the table.
    pub const ALL: [Self; 3] = [Self::Whippet, Self::Tokio, Self::Smol];
    /// Those that whippet is compared with.
    pub const PEERS: [Self; 2] = [Self::Tokio, Self::Smol];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whippet => "whippet",
            Self::Tokio => "tokio",
            Self::Smol => "smol",
        }
    }
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub struct Results {
    samples: BTreeMap<(&'static str, RuntimeKind), Vec<f64>>,
}

impl Results {
    /// Adds a sample.
    pub fn push(&mut self, case: &Case, kind: RuntimeKind, sample: f64) {
        self.samples.entry((case.name, kind)).or_default().push(sample);
    }

    /// The cases that were measured.
    pub fn cases(&self, bound: Bound) -> impl Iterator<Item = &'static Case> {
        let measured = |case: &&Case| self.median(case, RuntimeKind::Whippet).is_some();
        CASES.iter().filter(move |case| case.bound == bound).filter(measured)
    }

    /// The median of a runtime's samples.
    pub fn median(&self, case: &Case, kind: RuntimeKind) -> Option<f64> {
        median(self.samples.get(&(case.name, kind))?.clone())
    }

    /// whippet's median as a ratio to a peer's.
    pub fn ratio(&self, case: &Case, peer: RuntimeKind) -> Option<f64> {
        Some(self.median(case, RuntimeKind::Whippet)? / self.median(case, peer)?)
    }

    /// The cases in which a peer does better than the goal allows.
    pub fn is_lost(&self, case: &Case, peer: RuntimeKind) -> bool {
        // What is written as 1.00 is not told from it.
        self.ratio(case, peer).is_some_and(|ratio| ratio >= case.bound.at_most() + 0.005)
    }

    /// The geometric mean of the ratios to a peer, over the cases that the runtime itself bounds.
    pub fn mean(&self, peer: RuntimeKind) -> Option<f64> {
        let ratios: Vec<f64> =
            self.cases(Bound::Runtime).filter_map(|case| self.ratio(case, peer)).collect();
        let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
        (!ratios.is_empty()).then(|| (sum / ratios.len() as f64).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_geometric_and_of_runtime_bound_cases() {
        let mut results = Results::default();
        let mut cases = CASES.iter().filter(|case| case.bound == Bound::Runtime);
        let (first, second) = (cases.next().unwrap(), cases.next().unwrap());
        let outside = CASES.iter().find(|case| case.bound == Bound::Outside).unwrap();
        for (case, ours, theirs) in [(first, 1.0, 4.0), (second, 9.0, 9.0), (outside, 1.04, 1.0)] {
            for median in [ours, ours, 100.0] {
                results.push(case, RuntimeKind::Whippet, median);
            }
            results.push(case, RuntimeKind::Tokio, theirs);
        }
        assert_eq!(results.mean(RuntimeKind::Tokio), Some(0.5));
        assert_eq!(results.mean(RuntimeKind::Smol), None);
        assert!(
            !results.is_lost(outside, RuntimeKind::Tokio)
                && !results.is_lost(second, RuntimeKind::Tokio)
        );
        results.push(first, RuntimeKind::Tokio, 0.9);
        results.push(first, RuntimeKind::Tokio, 0.9);
        assert!(results.is_lost(first, RuntimeKind::Tokio));
    }

    #[test]
    fn cases_have_distinct_names() {
        let names: std::collections::BTreeSet<&str> = CASES.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), CASES.len());
    }
}
