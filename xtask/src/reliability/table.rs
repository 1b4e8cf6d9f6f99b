//! The table that each scenario prints: one row a promise, as soon as it is measured.

use std::fmt::Display;

/// Counts the rows that were printed, and those that miss their goal.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// How many rows there are.
    rows: usize,
    /// How many of them miss their goal.
    missed: usize,
}

impl Table {
    /// Prints a row.
    pub(super) fn row(&mut self, what: &str, measured: impl Display, goal: &str, ok: bool) {
        if self.rows == 0 {
            println!("| what | measured | goal | ok |\n|---|---|---|---|");
        }
        println!("| {what} | {measured} | {goal} | {} |", if ok { "yes" } else { "NO" });
        self.rows += 1;
        self.missed += usize::from(!ok);
    }

    /// Prints that a scenario could not run: no goal is missed, and none met.
    pub(super) fn skipped(&self, what: &str, why: &str) {
        println!("skipped: {what}: {why}");
    }

    /// Whether no row misses its goal.
    pub(super) fn is_good(&self) -> bool {
        self.missed == 0
    }
}

/// A time in milliseconds, as a table shows it.
pub(super) fn milliseconds(time: std::time::Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
