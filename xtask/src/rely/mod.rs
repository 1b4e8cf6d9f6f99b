//! `cargo xtask rely`: what docs/RELIABILITY.md promises, tried from outside on the release program over loopback.
//!
//! ```text
//! mod ─► descriptors …      one trial each: a course of events, and rows of the table
//!           │
//!           └─► server (the program), person (a client), table, clock
//! ```
//!
//! Each trial ends by itself in a bounded time, and leaves no process behind.

mod clock;
mod crowd;
mod descriptors;
mod fanout;
mod faults;
mod hostile;
mod json;
mod memory;
mod overload;
mod pace;
mod person;
mod server;
mod sigterm;
mod soak;
mod storm;
mod table;
mod talker;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::table::Table;

/// What stands at the head of the list of trials.
const HELP: &str = "cargo xtask rely NAME [--short]\n";

/// What a trial goes by.
#[derive(Debug)]
struct Trial {
    /// The workspace.
    root: PathBuf,
    /// The release program.
    program: PathBuf,
    /// Whether it must be over in a few seconds, as in CI.
    short: bool,
    /// What was said beside the name.
    options: Vec<String>,
}

/// How much more time, in the short form, than the goal: it looks for what never may happen on machines that do other
/// things as well, and its times decide nothing else.
const SHORT_SLACK: u32 = 10;

impl Trial {
    /// What a time, or a share of it, may be multiplied with.
    fn slack(&self) -> u32 {
        if self.short { SHORT_SLACK } else { 1 }
    }

    /// The number that follows an option, or the usual one.
    ///
    /// # Errors
    /// What follows is no number.
    fn number(&self, option: &str, usual: u32) -> io::Result<u32> {
        let Some(place) = self.options.iter().position(|word| word == option) else {
            return Ok(usual);
        };
        let number = self.options.get(place + 1).and_then(|word| word.parse().ok());
        number.ok_or_else(|| io::Error::other(format!("{option} wants a number")))
    }
}

/// One trial: its name with its options, what it tries, and how.
type Entry = (&'static str, &'static str, fn(&Trial, &mut Table) -> io::Result<()>);

/// All of them, in the order in which `all` runs them.
const TRIALS: &[Entry] = &[
    ("descriptors", "no descriptor left: no spin, nobody hurt, in at once", descriptors::run),
    ("overload", "twice what can be carried: as much is carried", overload::run),
    ("sigterm [--runs 200]", "a stop while everybody talks: nothing lost, no reset", sigterm::run),
    ("faults", "system calls that fail: no hang, no spin, no panic", faults::run),
    ("soak [--minutes 10]", "a thousand joins and leaves a second: nothing left", soak::run),
    ("flood", "everybody speaks at once: all delivered, nobody cut, memory bounded", fanout::flood),
    ("frozen", "many never read: cut with a reason, and the others hardly notice", fanout::frozen),
    ("crowd", "9,000 come at once and leave at once: announced as a crowd", crowd::run),
    ("pace", "rooms of fast, slow and frozen readers: nobody stuck, nobody wronged", pace::run),
    (
        "hostile [NAME…]",
        "more than fifty attacks: a pair in a quiet room hardly notices",
        hostile::run,
    ),
    ("memory", "what a silent person costs, and a connection of a bare program", memory::run),
    ("storm [--times 10]", "9,000 come at once and leave, again and again", storm::run),
];

/// The name of a trial, without its options.
fn name(entry: &Entry) -> &'static str {
    entry.0.split(' ').next().unwrap_or(entry.0)
}

/// Runs the trial that the arguments name.
pub(crate) fn main(root: &Path, arguments: &[String]) -> ExitCode {
    let wanted = arguments.first().map_or("", String::as_str);
    let wanted: Vec<_> =
        TRIALS.iter().filter(|entry| wanted == "all" || wanted == name(entry)).collect();
    if wanted.is_empty() {
        eprint!("{HELP}");
        TRIALS.iter().for_each(|(usage, what, _)| eprintln!("  {usage:<20} {what}"));
        eprintln!("  {:<20} all of them", "all");
        return ExitCode::from(2);
    }
    match run(root, &arguments[1..], &wanted) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the trials; says whether all goals were met.
fn run(root: &Path, options: &[String], wanted: &[&Entry]) -> io::Result<bool> {
    let program = server::build_program(root, "chinwag")?;
    let short = options.iter().any(|option| option == "--short");
    let trial = Trial { root: root.to_path_buf(), program, short, options: options.to_vec() };
    let mut table = Table::default();
    for entry in wanted {
        if let Err(error) = (entry.2)(&trial, &mut table) {
            table.row(name(entry), error, "to be tried to its end", false);
        }
    }
    Ok(table.is_good())
}
