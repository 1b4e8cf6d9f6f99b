//! The table that each command prints: one row for each promise, at once when it is known.

use std::fmt::Display;

/// Rows printed so far, and whether all of them are good.
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

    /// Prints what could not be tried: no goal is missed, and none met.
    pub(super) fn skipped(&self, what: &str, why: &str) {
        println!("skipped: {what}: {why}");
    }

    /// Whether no row misses its goal.
    pub(super) fn is_good(&self) -> bool {
        self.missed == 0
    }
}

/// So many milliseconds, as a table shows them.
pub(super) fn milliseconds(time: std::time::Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
