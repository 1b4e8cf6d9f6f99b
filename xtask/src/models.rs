//! Tests that need a build of their own, with other types in place of std's (`crates/whippet/src/loom.rs`): loom models and
//! shuttle tests. Each runs in a process of its own, so that its time is known; as many at once as there are processors.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Tests of one kind.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its name: of the `--cfg` of its build, and of its command.
    pub(crate) name: &'static str,
    /// The arguments that name the test program.
    pub(crate) program: &'static [&'static str],
    /// The prefix of the tests' names.
    pub(crate) prefix: &'static str,
    /// The environment of the tests.
    pub(crate) variables: Vec<(&'static str, OsString)>,
    /// The options with which the command repeats a run.
    pub(crate) options: String,
}

/// Builds the tests and runs those whose names contain `filter`, without one all. True: there were some, and all passed.
pub(crate) fn run(root: &Path, kind: &Kind, filter: Option<&str>) -> bool {
    let began = now();
    let Some(program) = build(root, kind) else { return false };
    println!("{:>8.2} s  building them", began.elapsed().as_secs_f64());
    let tests = tests(&program, kind, filter);
    if tests.is_empty() {
        eprintln!("no test's name contains {:?}", filter.unwrap_or(kind.prefix));
        return false;
    }
    let failed = run_all(&program, kind, &tests);
    println!("{:>8.2} s  in all", began.elapsed().as_secs_f64());
    for (test, output) in &failed {
        eprintln!("\n---- {test}\n{output}");
        eprintln!("again: cargo xtask {} {test}{}", kind.name, kind.options);
    }
    println!("{} tests of {}, {} failed", tests.len(), kind.name, failed.len());
    failed.is_empty()
}

/// Builds the test program; its path.
fn build(root: &Path, kind: &Kind) -> Option<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let mut flags = std::env::var_os("RUSTFLAGS").unwrap_or_default();
    flags.push(" --cfg ");
    flags.push(kind.name);
    // Clippy does not check this build. Outside of CI, an unused name does not stop a run.
    if std::env::var_os("CI").is_some() {
        flags.push(" --deny warnings");
    }
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["test", "--package", "whippet", "--profile", "loom", "--no-run"])
        .args(kind.program)
        .args(["--message-format", "json-render-diagnostics", "--target-dir"])
        .args([target.join(kind.name)])
        .env("RUSTFLAGS", flags)
        .stderr(Stdio::inherit())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            let program = executable(&String::from_utf8_lossy(&output.stdout));
            if program.is_none() {
                eprintln!("cargo named no test program");
            }
            program
        }
        Ok(_) => None,
        Err(error) => {
            eprintln!("cargo: {error}");
            None
        }
    }
}

/// The one program that cargo's messages name.
pub(crate) fn executable(messages: &str) -> Option<PathBuf> {
    executables(messages).pop()
}

/// The programs that cargo's messages name.
pub(crate) fn executables(messages: &str) -> Vec<PathBuf> {
    let names = messages.lines().filter_map(|line| {
        let name = line.split("\"executable\":\"").nth(1)?;
        name.split('"').next().map(PathBuf::from)
    });
    names.collect()
}

/// The full names of the tests that contain the filter.
fn tests(program: &Path, kind: &Kind, filter: Option<&str>) -> Vec<String> {
    let listed = Command::new(program).args(["--list", "--format", "terse", kind.prefix]).output();
    let list = listed.map(|output| output.stdout).unwrap_or_default();
    let names = String::from_utf8_lossy(&list);
    names
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .filter(|name| filter.is_none_or(|filter| name.contains(filter)))
        .map(str::to_owned)
        .collect()
}

/// Runs the tests and prints the time of each; returns those that failed, with what they printed.
fn run_all(program: &Path, kind: &Kind, tests: &[String]) -> Vec<(String, String)> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let take_tests = || {
        while let Some(test) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (took, failure) = run_one(program, kind, test);
            let verdict = if failure.is_some() { "  FAILED" } else { "" };
            println!("{:>8.2} s  {test}{verdict}", took.as_secs_f64());
            if let (Some(output), Ok(mut failed)) = (failure, failed.lock()) {
                failed.push((test.clone(), output));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(take_tests);
        }
    });
    failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Runs one test: its time, and what it printed if it failed.
fn run_one(program: &Path, kind: &Kind, test: &str) -> (Duration, Option<String>) {
    let began = now();
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture"])
        .envs(kind.variables.iter().map(|(name, value)| (name, value)))
        .output();
    let failure = match output {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "{}{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
            output.status
        )),
        Err(error) => Some(error.to_string()),
    };
    (began.elapsed(), failure)
}

#[expect(clippy::disallowed_methods, reason = "a chore that shows how long it took")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_in_cargo_messages() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
            {\"reason\":\"compiler-artifact\",\"executable\":\"/target/whippet-1a\",\"fresh\":true}\n\
            {\"reason\":\"build-finished\",\"success\":true}";
        assert_eq!(executable(messages), Some(PathBuf::from("/target/whippet-1a")));
        assert_eq!(executable("{\"executable\":null}"), None);
    }

    #[test]
    fn failed_tests_are_reported_with_their_output() {
        let kind = Kind {
            name: "x",
            program: &[],
            prefix: "x_",
            variables: Vec::new(),
            options: String::new(),
        };
        let (_, failure) = run_one(Path::new("/nowhere/at/all"), &kind, "x_y");
        assert!(failure.is_some());
        let (_, failure) = run_one(Path::new("true"), &kind, "x_y");
        assert_eq!(failure, None);
        assert!(tests(Path::new("true"), &kind, None).is_empty());
    }
}
