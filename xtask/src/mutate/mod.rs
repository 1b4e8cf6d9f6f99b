//! `cargo xtask mutate`: takes the guards of whippet out, one at a time, and expects the tests that are there for them to
//! fail. docs/KNOWN_FAILURES.md is written from what this prints.
//!
//! The sources are changed in a copy below the target directory, built apart. A test that hangs has failed too: it is
//! ended after [`PATIENCE`].

mod early_rows;
mod io_rows;
mod late_rows;
mod names_rows;
mod no_rows;
mod reactor_rows;
mod review_rows;
mod runtime_rows;
mod signals_rows;
mod table;
mod task_rows;
mod traits_rows;
mod unwind_rows;

use self::table::{Mutation, Test};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Seconds that one test may take: more than the longest deadline within one.
const PATIENCE: &str = "100";
/// Runs of a schedule's test with each scheduler: seconds, without optimization.
const RUNS: &str = "10000";
/// What `timeout` ends with when it ended its command.
const TIMED_OUT: i32 = 124;
/// What the compiler says of a wrong line in a table.
const WRONG_LINE: &str = "the table says";

/// The copy, and where it is built.
struct Bench {
    /// The sources.
    tree: PathBuf,
    /// What cargo builds of them.
    target: PathBuf,
}

/// What came of a test.
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
        early_rows::GUARDS,
        io_rows::GUARDS,
        late_rows::GUARDS,
        names_rows::GUARDS,
        no_rows::GUARDS,
        reactor_rows::GUARDS,
        review_rows::GUARDS,
        runtime_rows::GUARDS,
        signals_rows::GUARDS,
        task_rows::GUARDS,
        traits_rows::GUARDS,
        unwind_rows::GUARDS,
    ]
    .into_iter()
    .flatten()
}

/// Takes out the guards whose row, file, words or test contain `filter`, all without one. True: each was missed.
pub(crate) fn run(root: &Path, filter: Option<&str>) -> bool {
    let chosen: Vec<&Mutation> =
        guards().filter(|guard| filter.is_none_or(|word| guard.is(word))).collect();
    if chosen.is_empty() {
        eprintln!("no guard is called {:?}", filter.unwrap_or_default());
        return false;
    }
    let bench = match Bench::new(root) {
        Ok(bench) => bench,
        Err(error) => {
            eprintln!("the copy of the sources: {error}");
            return false;
        }
    };
    if !bench.holds(&chosen) {
        return false;
    }
    let missed = chosen.iter().filter(|mutation| bench.is_missed(mutation)).count();
    println!("{} guards taken out, {missed} were missed", chosen.len());
    missed == chosen.len()
}

impl Bench {
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
        let verdicts = self.try_all(&tests).unwrap_or_default();
        for (test, verdict) in
            tests.iter().zip(&verdicts).filter(|(_, verdict)| **verdict != Verdict::Passed)
        {
            eprintln!("{test:?} with all guards in place: {verdict:?}");
        }
        !verdicts.is_empty() && verdicts.iter().all(|verdict| *verdict == Verdict::Passed)
    }

    /// Takes one guard out. True: each of its tests failed.
    fn is_missed(&self, mutation: &Mutation) -> bool {
        let path = self.tree.join(mutation.file);
        let tried = std::fs::read_to_string(&path).and_then(|source| {
            std::fs::write(&path, mutation.apply(&source).unwrap_or_default())?;
            let verdicts = self.try_all(mutation.tests);
            std::fs::write(&path, source)?;
            Ok(verdicts)
        });
        let Ok(Some(verdicts)) = tried else {
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

    /// Builds what the tests are in and runs them. None: it does not build.
    fn try_all(&self, tests: &[Test]) -> Option<Vec<Verdict>> {
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

    /// The program that a test is in, built, or why it was not.
    fn program(&self, test: Test) -> Result<PathBuf, String> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(&self.tree)
            .args(["test", "--package", "whippet", "--no-run", "--offline"])
            .args(["--message-format", "json-render-diagnostics", "--target-dir"])
            // Built more often than run.
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
                .args(["--test", "schedules", "--profile", "loom"])
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
        .args(["--kill-after=5", PATIENCE])
        .arg(program)
        .args(["--exact", test])
        .env("LOOM_MAX_PREEMPTIONS", crate::loom::PREEMPTIONS)
        .env("WHIPPET_RUNS", RUNS)
        .output();
    output.map_or(Verdict::Missing, |output| judge(&output))
}

/// What a test's end says.
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
    fn a_test_that_is_not_there_did_not_fail() {
        assert_eq!(verdict(Path::new("true"), "a_test"), Verdict::Missing);
        assert_eq!(verdict(Path::new("/nowhere/at/all"), "a_test"), Verdict::Missing);
    }

    #[test]
    fn every_guard_is_still_where_it_is_looked_for() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for mutation in guards() {
            let source = std::fs::read_to_string(root.join(mutation.file)).unwrap();
            assert!(mutation.apply(&source).is_some(), "{}: {}", mutation.file, mutation.guard);
            assert!(!mutation.tests.is_empty());
        }
    }

    #[test]
    fn every_failure_of_the_runtime_has_a_guard_here() {
        for row in 1..=16 {
            let row = row.to_string();
            assert!(guards().any(|mutation| mutation.row == row), "row {row}");
        }
    }
}
