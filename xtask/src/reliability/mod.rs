//! `cargo xtask reliability`: tests the promises of docs/RELIABILITY.md on the program, from outside, over loopback.
//!
//! ```text
//! mod ─► descriptors …      one scenario each: a sequence of events, and rows of the table
//!           │
//!           └─► server (the program), client, table, clock
//! ```
//!
//! Each scenario ends by itself in a bounded time, and leaves no process behind.

mod client;
mod clock;
mod connect_storm;
mod descriptors;
mod faults;
mod flood;
mod flow_control;
mod hostile;
mod join_storm;
mod load_report;
mod memory;
mod overload;
mod sender;
mod server;
mod sigterm;
mod slow_readers;
mod soak;
mod table;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::table::Table;

/// The head of the list of scenarios.
const HELP: &str = "cargo xtask reliability NAME [--short]\n";

/// The cargo profile of what is measured.
const PROFILE: &str = "dist";
/// That of the short form, which measures nothing and builds in half the time.
const SHORT_PROFILE: &str = "release";

/// What every scenario is given.
#[derive(Debug)]
struct Context {
    /// The workspace.
    root: PathBuf,
    /// The cargo profile of everything that is built for the scenario.
    profile: &'static str,
    /// The server's program.
    program: PathBuf,
    /// Whether it must end within seconds, as in CI.
    short: bool,
    /// The arguments after the name.
    options: Vec<String>,
}

/// In the short form times may be this many times their goals: it looks for what must never happen, on machines that do other
/// things as well.
const SHORT_SLACK: u32 = 10;

impl Context {
    /// What a time, or a share of a processor, may be multiplied with.
    fn slack(&self) -> u32 {
        if self.short { SHORT_SLACK } else { 1 }
    }

    /// The number that follows an option, or the default.
    ///
    /// # Errors
    /// What follows is not a number.
    fn number(&self, option: &str, default: u32) -> io::Result<u32> {
        let Some(index) = self.options.iter().position(|word| word == option) else {
            return Ok(default);
        };
        let number = self.options.get(index + 1).and_then(|word| word.parse().ok());
        number.ok_or_else(|| io::Error::other(format!("{option} wants a number")))
    }
}

/// One scenario: its name with its options, what it shows, and the function that runs it.
type Scenario = (&'static str, &'static str, fn(&Context, &mut Table) -> io::Result<()>);

/// All scenarios, in the order in which `all` runs them.
const SCENARIOS: &[Scenario] = &[
    (
        "descriptors",
        "no descriptor left: no spin, clients are unaffected, and the next one joins at once",
        descriptors::run,
    ),
    ("overload", "twice the load that can be delivered: as much is delivered", overload::run),
    ("sigterm [--runs 200]", "a stop while all clients send: nothing lost, no reset", sigterm::run),
    ("faults", "system calls that fail: no hang, no spin, no panic", faults::run),
    ("soak [--minutes 10]", "a thousand joins and leaves a second: nothing leaks", soak::run),
    (
        "flood",
        "all clients send at once: all delivered, none disconnected, memory bounded",
        flood::run,
    ),
    (
        "slow-readers",
        "many never read: disconnected with a reason, others unaffected",
        slow_readers::run,
    ),
    ("join-storm", "9,000 join and leave at once: announced by number", join_storm::run),
    (
        "flow-control",
        "rooms of fast and slow readers: no one is stuck or wrongly disconnected",
        flow_control::run,
    ),
    (
        "hostile [NAME…]",
        "more than fifty attacks: pairs in quiet rooms are unaffected",
        hostile::run,
    ),
    ("memory", "bytes of an idle client, and of a connection of a bare program", memory::run),
    (
        "connect-storm [--times 10]",
        "9,000 connect at once and leave, again and again",
        connect_storm::run,
    ),
];

/// The name of a scenario, without its options.
fn name(scenario: &Scenario) -> &'static str {
    scenario.0.split(' ').next().unwrap_or(scenario.0)
}

/// Runs the scenario that the arguments name.
pub(crate) fn main(root: &Path, arguments: &[String]) -> ExitCode {
    let wanted = arguments.first().map_or("", String::as_str);
    let wanted: Vec<_> =
        SCENARIOS.iter().filter(|one| wanted == "all" || wanted == name(one)).collect();
    if wanted.is_empty() {
        eprint!("{HELP}");
        SCENARIOS.iter().for_each(|(usage, what, _)| eprintln!("  {usage:<27} {what}"));
        eprintln!("  {:<27} all of them", "all");
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

/// Runs scenarios. True: all goals were met.
fn run(root: &Path, options: &[String], wanted: &[&Scenario]) -> io::Result<bool> {
    let short = options.iter().any(|option| option == "--short");
    let profile = if short { SHORT_PROFILE } else { PROFILE };
    let program = server::build_program(root, profile, "chinwag")?;
    let context =
        Context { root: root.to_path_buf(), profile, program, short, options: options.to_vec() };
    let mut table = Table::default();
    for scenario in wanted {
        if let Err(error) = (scenario.2)(&context, &mut table) {
            table.row(name(scenario), error, "runs to its end", false);
        }
    }
    Ok(table.is_good())
}
