//! What was measured: the samples of each runtime in each row, and what they come to.

use super::rows::{Bound, ROWS, Row};
use crate::numbers::median;
use std::collections::BTreeMap;

/// A runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Ours.
    Whippet,
    /// tokio, multi-thread.
    Tokio,
    /// smol, with as many threads.
    Smol,
}

impl Kind {
    /// All, in the order of the table.
    pub const ALL: [Self; 3] = [Self::Whippet, Self::Tokio, Self::Smol];
    /// Those that whippet is held against.
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
    samples: BTreeMap<(&'static str, Kind), Vec<f64>>,
}

impl Results {
    /// Adds a sample.
    pub fn push(&mut self, row: &Row, kind: Kind, sample: f64) {
        self.samples.entry((row.name, kind)).or_default().push(sample);
    }

    /// The rows that were measured.
    pub fn rows(&self, bound: Bound) -> impl Iterator<Item = &'static Row> {
        let measured = |row: &&Row| self.figure(row, Kind::Whippet).is_some();
        ROWS.iter().filter(move |row| row.bound == bound).filter(measured)
    }

    /// The middle of a runtime's samples.
    pub fn figure(&self, row: &Row, kind: Kind) -> Option<f64> {
        median(self.samples.get(&(row.name, kind))?.clone())
    }

    /// whippet's figure as a ratio to a peer's.
    pub fn ratio(&self, row: &Row, peer: Kind) -> Option<f64> {
        Some(self.figure(row, Kind::Whippet)? / self.figure(row, peer)?)
    }

    /// The rows in which a peer does better than the goal allows.
    pub fn is_lost(&self, row: &Row, peer: Kind) -> bool {
        // What is written as 1.00 is not told from it.
        self.ratio(row, peer).is_some_and(|ratio| ratio >= row.bound.at_most() + 0.005)
    }

    /// The geometric mean of the ratios to a peer, over the rows that the runtime itself bounds.
    pub fn mean(&self, peer: Kind) -> Option<f64> {
        let ratios: Vec<f64> =
            self.rows(Bound::Runtime).filter_map(|row| self.ratio(row, peer)).collect();
        let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
        (!ratios.is_empty()).then(|| (sum / ratios.len() as f64).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_geometric_and_of_the_runtimes_own_rows() {
        let mut results = Results::default();
        let mut rows = ROWS.iter().filter(|row| row.bound == Bound::Runtime);
        let (first, second) = (rows.next().unwrap(), rows.next().unwrap());
        let outside = ROWS.iter().find(|row| row.bound == Bound::Outside).unwrap();
        for (row, ours, theirs) in [(first, 1.0, 4.0), (second, 9.0, 9.0), (outside, 1.04, 1.0)] {
            for figure in [ours, ours, 100.0] {
                results.push(row, Kind::Whippet, figure);
            }
            results.push(row, Kind::Tokio, theirs);
        }
        assert_eq!(results.mean(Kind::Tokio), Some(0.5));
        assert_eq!(results.mean(Kind::Smol), None);
        assert!(!results.is_lost(outside, Kind::Tokio) && !results.is_lost(second, Kind::Tokio));
        results.push(first, Kind::Tokio, 0.9);
        results.push(first, Kind::Tokio, 0.9);
        assert!(results.is_lost(first, Kind::Tokio));
    }

    #[test]
    fn rows_have_names_of_their_own() {
        let names: std::collections::BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
    }
}
