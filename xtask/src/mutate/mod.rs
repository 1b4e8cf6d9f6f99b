//! `cargo xtask mutate`: removes the guards of whippet, one at a time, and expects their tests to fail. docs/KNOWN_FAILURES.md is
//! written from its output.
//!
//! The sources are changed in a copy below the target directory, which is built there. A test that hangs has failed, too: it is
//! ended after [`TIMEOUT`].

mod auto_traits;
mod found_in_review;
mod io_and_timer_edges;
mod reactor_and_scheduler;
mod scheduling_and_shutdown;
mod shared_descriptors;
mod shared_readiness;
mod signals;
mod sync_and_shutdown;
mod table;
mod tasks;
mod unwinding;
mod visible_names;

use self::table::{Mutation, Test};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Seconds that one test may take: more than the longest deadline in a test.
const TIMEOUT: &str = "100";
/// Runs of a shuttle test with each scheduler: takes seconds, without optimization.
const RUNS: &str = "10000";
/// The exit code of `timeout` when it ended its command.
const TIMED_OUT: i32 = 124;
/// The compiler's message for a wrong line in a table.
const WRONG_LINE: &str = "the table says";

/// The copy of the workspace in which guards are removed, and its target directory.
struct MutantTree {
    /// The sources.
    tree: PathBuf,
    /// The target directory.
    target: PathBuf,
}

/// The outcome of a test.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It was ended.
    Hung,
    /// No such test ran.
    Missing,
}

/// All guards.
fn guards() -> impl Iterator<Item = &'static Mutation> {
    [
        auto_traits::GUARDS,
        found_in_review::GUARDS,
        io_and_timer_edges::GUARDS,
        reactor_and_scheduler::GUARDS,
        scheduling_and_shutdown::GUARDS,
        shared_descriptors::GUARDS,
        shared_readiness::GUARDS,
        signals::GUARDS,
        sync_and_shutdown::GUARDS,
        tasks::GUARDS,
        unwinding::GUARDS,
        visible_names::GUARDS,
    ]
    .into_iter()
    .flatten()
}

/// Removes the guards whose row, file, description or test contain `filter`, without one all. True: each made its tests fail.
pub(crate) fn run(root: &Path, filter: Option<&str>) -> bool {
    let chosen: Vec<&Mutation> =
        guards().filter(|guard| filter.is_none_or(|word| guard.is(word))).collect();
    if chosen.is_empty() {
        eprintln!("no guard matches {:?}", filter.unwrap_or_default());
        return false;
    }
    let mutants = match MutantTree::new(root) {
        Ok(mutants) => mutants,
        Err(error) => {
            eprintln!("the copy of the sources: {error}");
            return false;
        }
    };
    if !mutants.holds(&chosen) {
        return false;
    }
    let noticed = chosen.iter().filter(|mutation| mutants.is_noticed(mutation)).count();
    println!("{} guards removed, {noticed} noticed by their tests", chosen.len());
    noticed == chosen.len()
}

impl MutantTree {
    /// A fresh copy of all files that git knows or would take.
    fn new(root: &Path) -> std::io::Result<Self> {
        let home = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), PathBuf::from)
            .join("mutants");
        let (tree, target) = (home.join("tree"), home.join("target"));
        if tree.exists() {
            std::fs::remove_dir_all(&tree)?;
        }
        let listed = Command::new("git")
            .current_dir(root)
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .output()?;
        for name in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
            let (from, to) = (root.join(name), tree.join(name));
            // A file that was deleted is still listed until that is committed.
            if from.is_file() {
                std::fs::create_dir_all(to.parent().unwrap_or(&tree))?;
                std::fs::copy(from, to)?;
            }
        }
        Ok(Self { tree, target })
    }

    /// Whether all tests pass with all guards in place.
    fn holds(&self, mutations: &[&Mutation]) -> bool {
        let mut tests: Vec<Test> =
            mutations.iter().flat_map(|mutation| mutation.tests).copied().collect();
        tests.sort_unstable();
        tests.dedup();
        let verdicts = self.run_tests(&tests).unwrap_or_default();
        for (test, verdict) in
            tests.iter().zip(&verdicts).filter(|(_, verdict)| **verdict != Verdict::Passed)
        {
            eprintln!("{test:?} with all guards in place: {verdict:?}");
        }
        !verdicts.is_empty() && verdicts.iter().all(|verdict| *verdict == Verdict::Passed)
    }

    /// Removes one guard. True: each of its tests failed.
    fn is_noticed(&self, mutation: &Mutation) -> bool {
        let path = self.tree.join(mutation.file);
        let tested = std::fs::read_to_string(&path).and_then(|source| {
            std::fs::write(&path, mutation.apply(&source).unwrap_or_default())?;
            let verdicts = self.run_tests(mutation.tests);
            std::fs::write(&path, source)?;
            Ok(verdicts)
        });
        let Ok(Some(verdicts)) = tested else {
            println!("{:>3}  NOT BUILT  {}: {}", mutation.row, mutation.file, mutation.guard);
            return false;
        };
        for (test, verdict) in mutation.tests.iter().zip(&verdicts) {
            let words = match verdict {
                Verdict::Failed => "failed",
                Verdict::Hung => "hung",
                Verdict::Passed => "PASSED",
                Verdict::Missing => "MISSING",
            };
            println!(
                "{:>3}  {words:8} {}  without: {} ({})",
                mutation.row,
                test.name(),
                mutation.guard,
                mutation.file
            );
        }
        verdicts.iter().all(|verdict| matches!(verdict, Verdict::Failed | Verdict::Hung))
    }

    /// Builds the programs of the tests and runs the tests. None: a program does not build.
    fn run_tests(&self, tests: &[Test]) -> Option<Vec<Verdict>> {
        tests
            .iter()
            .map(|test| match (test, self.program(*test)) {
                (Test::Table(_), Err(errors)) if errors.contains(WRONG_LINE) => {
                    Some(Verdict::Failed)
                }
                (Test::Table(_), Ok(_)) => Some(Verdict::Passed),
                (_, Ok(program)) => Some(verdict(&program, test.name())),
                (_, Err(errors)) => {
                    eprintln!("{errors}");
                    None
                }
            })
            .collect()
    }

    /// Builds the program that a test is in; its path, or the compiler's errors.
    fn program(&self, test: Test) -> Result<PathBuf, String> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(&self.tree)
            .args(["test", "--package", "whippet", "--no-run", "--offline"])
            .args(["--message-format", "json-render-diagnostics", "--target-dir"])
            // These are built more often than run.
            .env("CARGO_PROFILE_TEST_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_LOOM_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_LOOM_INCREMENTAL", "true")
            .env("CARGO_PROFILE_LOOM_CODEGEN_UNITS", "64")
            .stderr(Stdio::piped());
        match test {
            Test::Unit(_) => cargo.arg(&self.target).arg("--lib"),
            Test::File(file, _) | Test::Table(file) => {
                cargo.arg(&self.target).args(["--test", file])
            }
            Test::Model(_) => cargo
                .arg(self.target.join("loom"))
                .args(["--lib", "--profile", "loom"])
                .env("RUSTFLAGS", "--cfg loom"),
            Test::Schedule(_) => cargo
                .arg(self.target.join("shuttle"))
                .args(["--test", "shuttle", "--profile", "loom"])
                .env("RUSTFLAGS", "--cfg shuttle"),
        };
        let output = cargo.output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        crate::models::executable(&String::from_utf8_lossy(&output.stdout))
            .ok_or_else(|| "cargo named no program".to_owned())
    }
}

/// Runs one test.
fn verdict(program: &Path, test: &str) -> Verdict {
    let output = Command::new("timeout")
        .args(["--kill-after=5", TIMEOUT])
        .arg(program)
        .args(["--exact", test])
        .env("LOOM_MAX_PREEMPTIONS", crate::loom::PREEMPTIONS)
        .env("WHIPPET_RUNS", RUNS)
        .output();
    output.map_or(Verdict::Missing, |output| judge(&output))
}

/// The verdict, by the output of a test.
fn judge(output: &Output) -> Verdict {
    let ran = String::from_utf8_lossy(&output.stdout).contains("running 1 test");
    match output.status.code() {
        Some(0) if ran => Verdict::Passed,
        Some(TIMED_OUT) => Verdict::Hung,
        _ if ran => Verdict::Failed,
        _ => Verdict::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_tests_have_not_failed() {
        assert_eq!(verdict(Path::new("true"), "a_test"), Verdict::Missing);
        assert_eq!(verdict(Path::new("/nowhere/at/all"), "a_test"), Verdict::Missing);
    }

    #[test]
    fn every_guard_is_found_in_its_file() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for mutation in guards() {
            let source = std::fs::read_to_string(root.join(mutation.file)).unwrap();
            assert!(mutation.apply(&source).is_some(), "{}: {}", mutation.file, mutation.guard);
            assert!(!mutation.tests.is_empty());
        }
    }

    #[test]
    fn rows_1_to_16_have_a_guard() {
        for row in 1..=16 {
            let row = row.to_string();
            assert!(guards().any(|mutation| mutation.row == row), "row {row}");
        }
    }
}
