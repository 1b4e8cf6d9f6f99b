//! Minutes of joins and leaves, a thousand a second: what is alive at the end is what was alive at the beginning.
//!
//! The program `soak` holds server and people in one process, with an allocator that counts; here its figures become rows.

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
/// The figure that counts joins: it has a goal, the others have a base.
const JOINS: &str = "joins";
/// The figure of allocations: its base is the most of several looks, as a buffer of a channel that stays may be there or not.
const ALLOCATIONS: &str = "allocations";
/// The figure of bytes, which vary with the room that lists have to grow: by a twentieth at most.
const BYTES: &str = "allocated-bytes";

/// Runs the program.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    let minutes = context.number("--minutes", MINUTES)?;
    let seconds = if context.short { SHORT_SECONDS } else { 60 * minutes };
    let program = build_program(&context.root, "soak")?;
    let output = Command::new(program)
        .args([seconds.to_string(), RATE.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    let figures = figures(&String::from_utf8_lossy(&output.stdout));
    if figures.is_empty() {
        return Err(io::Error::other(format!("the soak ended with {}", output.status)));
    }
    let what = format!("{RATE} joins and leaves a second for {seconds} s");
    for (name, base, end) in figures {
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

/// The lines that the program prints: a name, what it was or must be, what it is.
pub(super) fn figures(printed: &str) -> Vec<(String, i64, i64)> {
    let mut figures = Vec::new();
    for line in printed.lines() {
        let words: Vec<_> = line.split(' ').collect();
        if let [name, base, end] = words[..]
            && let (Ok(base), Ok(end)) = (base.parse(), end.parse())
        {
            figures.push((name.to_owned(), base, end));
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_a_name_and_two_numbers() {
        let printed = "server-tasks 11 12\nnot a figure\njoins 1000 1000\n";
        let wanted = [("server-tasks".to_owned(), 11, 12), ("joins".to_owned(), 1000, 1000)];
        assert_eq!(figures(printed), wanted);
    }
}
