//! The project's own tools, one subcommand each.
#![forbid(unsafe_code)]

mod dist;
mod fuzz;
mod leaks;
mod loom;
mod markdown;
mod models;
mod mutate;
mod reliability;
mod sanitize;
mod shuttle;
mod tidy;

use sanitize::Sanitizer;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What `--help` prints.
const HELP: &str = "\
cargo xtask COMMAND

  tidy           the rules of CONTRIBUTING.md that no lint knows (also part of `cargo test`)
  loom [FILTER]  the models of whippet's races, every interleaving up to two preemptions
  shuttle        whole runtimes under random schedules, [FILTER] [--runs N] [--seed N]
  fuzz           the parsers of clients' input, a million inputs each (--runs N); needs nightly
  leaks          starts and stops 10,000 runtimes (--rounds N) with tasks in every state, and counts what leaks
  tsan, asan     whippet's tests under the thread and the address sanitizer; need nightly
  mutate [WORD]  removes whippet's guards, one at a time, and expects their tests to fail (docs/KNOWN_FAILURES.md)
  reliability    NAME: tests the promises of docs/RELIABILITY.md on the program; without a name, the list
  dist           the static program, its manual and completions, and contrib, in target/distrib
  ci             runs .ci/run
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) =
        arguments.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
    let done = match (command, rest) {
        ("reliability", rest) => return reliability::main(&root(), rest),
        ("tsan", rest) => return sanitize::run(&root(), Sanitizer::Thread, rest),
        ("asan", rest) => return sanitize::run(&root(), Sanitizer::Address, rest),
        ("fuzz", rest) => fuzz::run(&root(), rest),
        ("leaks", rest) => leaks::run(&root(), rest),
        ("shuttle", rest) => shuttle::run(&root(), rest),
        ("loom", [] | [_]) => loom::run(&root(), rest.first().map(String::as_str)),
        ("mutate", [] | [_]) => mutate::run(&root(), rest.first().map(String::as_str)),
        ("tidy", []) => tidy::run(&root()),
        ("dist", []) => dist::run(&root()),
        ("ci", []) => run(Command::new(root().join(".ci/run"))),
        ("help" | "--help" | "-h", []) => {
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

/// Runs a command. True: it succeeded.
fn run(mut command: Command) -> bool {
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("{}: {error}", command.get_program().display());
            false
        }
    }
}
