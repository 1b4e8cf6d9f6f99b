//! What a run reports: one list of results, shown as a table or as one JSON object.

use std::fmt::Write as _;

use hdrhistogram::Histogram;

/// A value, in the unit that it is kept in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// A text.
    Text(String),
    /// A number of things.
    Count(u64),
    /// So many of so many.
    Of(u64, u64),
    /// A duration in nanoseconds, shown in the unit that suits it.
    Span(u64),
    /// Nanoseconds a delivery, shown as such.
    Nanos(f64),
    /// Bytes, shown in the unit that suits them.
    Bytes(u64),
    /// Bytes a client, shown as such; fewer than none where memory shrank.
    BytesEach(f64),
    /// One value as a multiple of another.
    Ratio(f64),
    /// Yes or no.
    Bool(bool),
}

/// The results of one or several runs, in the order of the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// The results. Those of several runs that have the same label share one line of the table.
    rows: Vec<Row>,
    /// The runs that have a column of their own, in this order: the prefix of their results' names, which is
    /// the column's heading as well.
    runs: Vec<&'static str>,
    /// The column that results are added to, from 0; none for what concerns all runs.
    column: Option<usize>,
}

/// One result.
#[derive(Clone, Debug)]
struct Row {
    /// Its name in JSON.
    name: String,
    /// What it is, in the table.
    label: String,
    /// The column of its run; none for what concerns all runs.
    column: Option<usize>,
    /// The value.
    value: Value,
}

impl Report {
    /// Adds a result, by its name in JSON and its label in the table.
    pub(crate) fn add(&mut self, name: &str, label: &str, value: Value) {
        let name = match self.column {
            Some(column) => format!("{}_{name}", self.runs[column]),
            None => name.to_owned(),
        };
        self.rows.push(Row { name, label: label.to_owned(), column: self.column, value });
    }

    /// What follows belongs to one of several runs.
    pub(crate) fn begin_run(&mut self, run: &'static str) {
        self.runs.push(run);
        self.column = Some(self.runs.len() - 1);
    }

    /// What follows concerns all runs again.
    pub(crate) fn end_runs(&mut self) {
        self.column = None;
    }

    /// Adds percentiles of times in nanoseconds.
    pub(crate) fn add_percentiles(&mut self, name: &str, label: &str, times: &Histogram<u64>) {
        if times.is_empty() {
            return;
        }
        for (end, percentile) in [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9)] {
            let time = times.value_at_percentile(percentile);
            let name = format!("{name}_{}_ns", end.replace('.', ""));
            self.add(&name, &format!("{label} {end}"), Value::Span(time));
        }
        self.add(&format!("{name}_max_ns"), &format!("{label} max"), Value::Span(times.max()));
    }

    /// The table: labels, and values in a column for each run.
    pub(crate) fn table(&self) -> String {
        let width = self.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
        let column = self.rows.iter().filter(|row| row.column.is_some());
        let column = column.map(|row| row.value.shown().chars().count()).max().unwrap_or(0);
        let mut table = String::new();
        let mut headed = false;
        // Writing to a string does not fail.
        for row in &self.rows {
            match row.column {
                None => _ = writeln!(table, "{:width$}  {}", row.label, row.value.shown()),
                Some(0) => {
                    if !std::mem::replace(&mut headed, true) {
                        let heads = self.runs.iter().map(|run| format!("  {run:column$}"));
                        let heads = heads.collect::<String>();
                        _ = writeln!(table, "{:width$}{}", "", heads.trim_end());
                    }
                    let values =
                        self.same_label(row).map(|one| format!("  {:column$}", one.shown()));
                    let values = values.collect::<String>();
                    _ = writeln!(table, "{:width$}{}", row.label, values.trim_end());
                }
                Some(_) if self.same_label(row).count() == self.runs.len() => {}
                Some(at) => {
                    let blank = " ".repeat(at * (column + 2));
                    let shown = row.value.shown();
                    _ = writeln!(table, "{:width$}{blank}  {shown}", row.label);
                }
            }
        }
        table
    }

    /// The values of the runs that have the same label as this one.
    fn same_label(&self, row: &Row) -> impl Iterator<Item = &Value> {
        let same = self.rows.iter().filter(|one| one.column.is_some() && one.label == row.label);
        same.map(|one| &one.value)
    }

    /// One JSON object on one line.
    pub(crate) fn json(&self) -> String {
        let field = |Row { name, value, .. }: &Row| match value {
            Value::Of(some, all) => format!("\"{name}\":{some},\"{name}_expected\":{all}"),
            other => format!("\"{name}\":{}", other.json()),
        };
        let fields: Vec<_> = self.rows.iter().map(field).collect();
        format!("{{{}}}\n", fields.join(","))
    }
}

impl Value {
    /// As the table shows it.
    fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => grouped(*count),
            Self::Of(some, all) => format!("{} of {}", grouped(*some), grouped(*all)),
            Self::Span(nanos) => span(*nanos),
            Self::Nanos(nanos) => format!("{nanos:.1} ns"),
            Self::Bytes(bytes) => size(*bytes),
            Self::BytesEach(bytes) => format!("{bytes:.0} bytes"),
            Self::Ratio(ratio) => format!("{ratio:.3}"),
            Self::Bool(true) => "yes".to_owned(),
            Self::Bool(false) => "no".to_owned(),
        }
    }

    /// As JSON has it.
    fn json(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Count(number) | Self::Of(number, _) => number.to_string(),
            Self::Span(number) | Self::Bytes(number) => number.to_string(),
            Self::Nanos(number) | Self::BytesEach(number) | Self::Ratio(number) => decimal(*number),
            Self::Bool(truth) => truth.to_string(),
        }
    }
}

/// A number that JSON can hold: it knows no infinities.
fn decimal(number: f64) -> String {
    if number.is_finite() { format!("{number:.4}") } else { "null".to_owned() }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            control if u32::from(control) < 0x20 => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

/// A number with its digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A time in the unit that gives it three digits or so.
fn span(nanos: u64) -> String {
    let float = nanos as f64;
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{:.1} µs", float / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} ms", float / 1e6),
        _ => format!("{:.3} s", float / 1e9),
    }
}

/// A size in the unit that suits it.
fn size(bytes: u64) -> String {
    let float = bytes as f64;
    match bytes {
        0..10_240 => format!("{} bytes", grouped(bytes)),
        10_240..10_485_760 => format!("{:.0} KiB", float / 1024.0),
        _ => format!("{:.1} MiB", float / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread_state::histogram;

    #[test]
    fn the_table_is_aligned() {
        let mut report = Report::default();
        report.add("workload", "workload", Value::Text("burst".to_owned()));
        report.add("deliveries", "deliveries", Value::Of(98_999, 99_000));
        report.add("cpu", "server CPU a delivery", Value::Nanos(99.95));
        let wanted = "workload               burst\n\
                      deliveries             98,999 of 99,000\n\
                      server CPU a delivery  100.0 ns\n";
        assert_eq!(report.table(), wanted);
        let wanted = "{\"workload\":\"burst\",\"deliveries\":98999,\"deliveries_expected\":99000,\
                      \"cpu\":99.9500}\n";
        assert_eq!(report.json(), wanted);
    }

    #[test]
    fn two_runs_have_a_column_each() {
        let mut report = Report::default();
        report.add("clients", "clients", Value::Count(10));
        for (run, wall) in [("without", 1_000), ("with", 34_567_890)] {
            report.begin_run(run);
            report.add("wall_ns", "wall time", Value::Span(wall));
        }
        report.add("lost", "lost", Value::Count(3));
        report.end_runs();
        report.add("ok", "ok", Value::Bool(true));
        let wanted = "clients    10\n           without   with\n\
                      wall time  1.0 µs    34.57 ms\n\
                      lost                 3\nok         yes\n";
        assert_eq!(report.table(), wanted);
        let wanted = "{\"clients\":10,\"without_wall_ns\":1000,\"with_wall_ns\":34567890,\
                      \"with_lost\":3,\"ok\":true}\n";
        assert_eq!(report.json(), wanted);
    }

    #[test]
    fn units_suit_their_values() {
        let shown = |value: Value| value.shown();
        assert_eq!(shown(Value::Count(7_960_000)), "7,960,000");
        assert_eq!(shown(Value::Span(999)), "999 ns");
        assert_eq!(shown(Value::Span(12_340)), "12.3 µs");
        assert_eq!(shown(Value::Span(1_234_000_000)), "1.234 s");
        assert_eq!(shown(Value::Bytes(1_024)), "1,024 bytes");
        assert_eq!(shown(Value::Bytes(6 << 20)), "6144 KiB");
        assert_eq!(shown(Value::Bytes(29 << 20)), "29.0 MiB");
        assert_eq!(Value::Ratio(f64::INFINITY).json(), "null");
        assert_eq!(quoted("a\"b\\c\u{1}"), "\"a\\\"b\\\\c\\u0001\"");
    }

    #[test]
    fn percentiles_have_their_names() {
        let mut times = histogram();
        let mut report = Report::default();
        report.add_percentiles("latency", "latency", &times);
        assert_eq!(report.table(), "");
        times.saturating_record(2_000_000);
        report.add_percentiles("latency", "latency", &times);
        assert!(report.table().starts_with("latency p50    2.00 ms\n"), "{}", report.table());
        assert!(report.json().contains("\"latency_p999_ns\":"));
    }
}
