//! Minutes of joins and leaves, a thousand a second: at the end as much is alive as at the beginning.
//!
//! The program `soak` runs the server and its clients in one process, with an allocator that counts; here its counters become rows.

use super::Context;
use super::server::build_program;
use super::table::Table;
use std::io;
use std::process::{Command, Stdio};

/// How long, in minutes.
const MINUTES: u32 = 10;
/// How long in the short form, in seconds.
const SHORT_SECONDS: u32 = 3;
/// Joins, and as many leaves, a second.
const RATE: u32 = 1_000;
/// The counter of joins, which has a goal; the others have a value from before.
const JOINS: &str = "joins";
/// The counter of allocations: the value from before is the largest of several samples, as a channel may keep a buffer or not.
const ALLOCATIONS: &str = "allocations";
/// The counter of bytes, which vary with the spare capacity of lists: by a twentieth at most.
const BYTES: &str = "allocated-bytes";

/// Runs the program.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    let minutes = context.number("--minutes", MINUTES)?;
    let seconds = if context.short { SHORT_SECONDS } else { 60 * minutes };
    let program = build_program(&context.root, context.profile, "soak")?;
    let output = Command::new(program)
        .args([seconds.to_string(), RATE.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    let counters = counters(&String::from_utf8_lossy(&output.stdout));
    if counters.is_empty() {
        return Err(io::Error::other(format!("the soak ended with {}", output.status)));
    }
    let what = format!("{RATE} joins and leaves a second for {seconds} s");
    for (name, base, end) in counters {
        let (goal, ok) = match name.as_str() {
            JOINS => (format!("{base}"), base == end),
            ALLOCATIONS => (format!("{base} at most, as before"), end <= base),
            BYTES => (format!("{base}, up to 5 % more"), end <= base + base / 20),
            _ => (format!("{base}, as before"), base == end),
        };
        table.row(&format!("{what}: {}", name.replace('-', " ")), end, &goal, ok);
    }
    Ok(())
}

/// The counters that the program prints: a name, the value that it had or must have, the value that it has.
pub(super) fn counters(printed: &str) -> Vec<(String, i64, i64)> {
    let mut counters = Vec::new();
    for line in printed.lines() {
        let parts: Vec<_> = line.split(' ').collect();
        if let [name, base, end] = parts[..]
            && let (Ok(base), Ok(end)) = (base.parse(), end.parse())
        {
            counters.push((name.to_owned(), base, end));
        }
    }
    counters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_have_a_name_and_two_numbers() {
        let printed = "server-tasks 11 12\nnot a counter\njoins 1000 1000\n";
        let wanted = [("server-tasks".to_owned(), 11, 12), ("joins".to_owned(), 1000, 1000)];
        assert_eq!(counters(printed), wanted);
    }
}
