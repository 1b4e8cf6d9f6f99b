//! Tables of medians, with ratios.

use std::fmt::Write as _;

/// A table to be shown as Markdown.
pub struct Table {
    heads: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A median.
    Figure(f64),
    /// A median, and its ratio to that of the row it is compared with.
    Compared(f64, f64),
}

impl Table {
    /// A table without rows.
    pub fn new(heads: &[&str]) -> Self {
        Self { heads: heads.iter().map(|&head| head.to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row, which begins with its name.
    pub fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// Puts beside each figure its ratio to that of the row of this name.
    pub fn add_ratios(&mut self, name: &str) {
        let is_base = |row: &&Vec<Cell>| matches!(&row[0], Cell::Text(text) if text == name);
        let Some(base) = self.rows.iter().find(is_base).cloned() else { return };
        for row in &mut self.rows {
            for (cell, base) in row.iter_mut().zip(&base) {
                if let (Cell::Figure(value), Cell::Figure(base)) = (&*cell, base) {
                    *cell = Cell::Compared(*value, *value / *base);
                }
            }
        }
    }

    /// The table as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut text =
            format!("| {} |\n|{}\n", self.heads.join(" | "), "---|".repeat(self.heads.len()));
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(Cell::to_text).collect();
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }
}

impl Cell {
    fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Figure(value) => number(*value),
            Self::Compared(value, ratio) => format!("{} ({ratio:.2} ×)", number(*value)),
        }
    }
}

fn number(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 1000.0 => format!("{value:.0}"),
        value => format!("{:.0}", value),
    }
}

/// The middle of some values; the lower of two.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}
