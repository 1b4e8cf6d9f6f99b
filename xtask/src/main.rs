//! The project's own chores, one subcommand each.
#![forbid(unsafe_code)]

mod fuzz;
mod leaks;
mod loom;
mod mutate;
mod rely;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What `--help` prints.
const HELP: &str = "\
cargo xtask COMMAND

  tidy           the rules of CONTRIBUTING.md that no lint knows (also part of `cargo test`)
  loom [FILTER]  the models of whippet's races, every order of events up to two preemptions
  fuzz           what takes bytes and words from strangers, a million inputs each (--runs N); needs nightly
  leaks          starts and stops 10,000 runtimes (--rounds N) with tasks in every state, and counts what is left
  mutate [WORD]  takes whippet's guards out, one at a time, and expects their tests to fail (docs/TRAPS.md)
  rely NAME      what docs/RELIABILITY.md promises, tried on the release program; without a name, the list
  ci             what .ci/run does
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if std::env::args().nth(1).as_deref() == Some("rely") {
        return rely::main(&root(), &arguments.skip(1).collect::<Vec<_>>());
    }
    if std::env::args().nth(1).as_deref() == Some("fuzz") {
        let fine = fuzz::run(&root(), &arguments.skip(1).collect::<Vec<_>>());
        return if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if std::env::args().nth(1).as_deref() == Some("leaks") {
        let fine = leaks::run(&root(), &arguments.skip(1).collect::<Vec<_>>());
        return if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let done = match (arguments.next().as_deref(), arguments.next()) {
        (Some("tidy"), None) => tidy::run(&root()),
        (Some("loom"), filter) => loom::run(&root(), filter.as_deref()),
        (Some("mutate"), filter) => mutate::run(&root(), filter.as_deref()),
        (Some("ci"), None) => run(Command::new(root().join(".ci/run"))),
        (Some("help" | "--help" | "-h"), None) => {
            print!("{HELP}");
            true
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The root of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Runs a command; says whether it ended well.
fn run(mut command: Command) -> bool {
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("{}: {error}", command.get_program().display());
            false
        }
    }
}
