//! Whole runtimes under random schedules (`crates/whippet/tests/shuttle`): too large for every interleaving, so many are tested, and
//! the same ones in each run of this command unless another seed is given.

use crate::models::Kind;
use std::ffi::OsString;
use std::path::Path;

/// Runs of each test with each of two schedulers, unless the arguments set another number: some minutes in all.
const RUNS: u64 = 50_000;
/// How the command is used.
const USAGE: &str = "cargo xtask shuttle [FILTER] [--runs N] [--seed N]";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// Part of the names of the tests to run.
    filter: Option<String>,
    /// Runs of each test with each scheduler.
    runs: u64,
    /// The seed of the schedules.
    seed: u64,
}

impl Plan {
    /// Reads the arguments.
    fn parse(arguments: &[String]) -> Option<Self> {
        let mut plan = Self { filter: None, runs: RUNS, seed: 0 };
        let mut arguments = arguments.iter().map(String::as_str);
        while let Some(argument) = arguments.next() {
            match argument {
                "--runs" => plan.runs = arguments.next()?.replace('_', "").parse().ok()?,
                "--seed" => plan.seed = arguments.next()?.parse().ok()?,
                filter if plan.filter.is_none() && !filter.starts_with('-') => {
                    plan.filter = Some(filter.to_owned());
                }
                _ => return None,
            }
        }
        Some(plan)
    }
}

/// The tests, with their environment.
fn kind(runs: u64, seed: u64) -> Kind {
    let variable = |number: u64| OsString::from(number.to_string());
    let variables = vec![("WHIPPET_RUNS", variable(runs)), ("WHIPPET_SEED", variable(seed))];
    let options = format!(" --runs {runs} --seed {seed}");
    let program = &["--test", "shuttle"];
    Kind { name: "shuttle", program, prefix: "shuttle_", variables, options }
}

/// Runs the tests. True: there were some, and all passed.
pub(crate) fn run(root: &Path, arguments: &[String]) -> bool {
    let Some(Plan { filter, runs, seed }) = Plan::parse(arguments) else {
        eprintln!("{USAGE}");
        return false;
    };
    println!("{runs} runs of each with each of two schedulers, seed {seed}");
    crate::models::run(root, &kind(runs, seed), filter.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_parsed() {
        let parsed = |text: &str| {
            Plan::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        let plan = |filter: Option<&str>, runs, seed| {
            Some(Plan { filter: filter.map(str::to_owned), runs, seed })
        };
        assert_eq!(parsed(""), plan(None, RUNS, 0));
        assert_eq!(parsed("ends --runs 1_000 --seed 7"), plan(Some("ends"), 1_000, 7));
        assert_eq!(parsed("--seed 18446744073709551615"), plan(None, RUNS, u64::MAX));
        for wrong in ["--seed", "--runs few", "--short", "one two"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
