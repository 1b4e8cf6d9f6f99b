//! whippet's tests under a sanitizer: the thread sanitizer finds data races, the address sanitizer finds use after free, accesses out of
//! bounds, and leaks. Both need a nightly compiler.
//!
//! std is not compiled again (its sources are not part of every toolchain), so the thread sanitizer does not see what std does
//! inside of its locks; under `--cfg tsan` whippet's own show it (`crates/whippet/src/loom/tsan.rs`). Reports of
//! std itself are suppressed by `tsan.supp`, each line with its reason.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// A sanitizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sanitizer {
    /// Data races.
    Thread,
    /// Use after free, out of bounds, leaks.
    Address,
}

/// Tests of sizes and of the allocator, which differ under a sanitizer.
const SKIPPED: [&str; 2] =
    ["an_idle_channel_is_small", "what_lies_free_between_what_is_used_goes_back_to_the_system"];
/// The tests of signals: the thread sanitizer holds a signal back until its thread makes a call of libc that it knows, and whippet's
/// system calls do not go through libc.
const SKIPPED_BY_THREAD: &str = "signals-";
/// The exit code without a nightly compiler: neither success nor a finding.
const NO_NIGHTLY_CODE: u8 = 77;
/// The message without a nightly compiler.
const NO_NIGHTLY: &str = "sanitizers need a nightly compiler: rustup toolchain install nightly";

impl Sanitizer {
    /// The compiler's flags.
    fn flags(self) -> &'static str {
        match self {
            Self::Thread => "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg tsan",
            Self::Address => "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer",
        }
    }

    /// Whether it can run this program.
    fn can_run(self, program: &Path) -> bool {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        self == Self::Address || !name.starts_with(SKIPPED_BY_THREAD)
    }

    /// The folder of its builds, below the target directory; also its command.
    fn folder(self) -> &'static str {
        match self {
            Self::Thread => "tsan",
            Self::Address => "asan",
        }
    }

    /// The variable with its options at run time, and the options.
    fn options(self, root: &Path) -> (&'static str, OsString) {
        match self {
            Self::Thread => {
                let mut options = OsString::from("suppressions=");
                options.push(root.join("xtask/tsan.supp"));
                ("TSAN_OPTIONS", options)
            }
            Self::Address => ("ASAN_OPTIONS", OsString::from("detect_leaks=1")),
        }
    }
}

/// Builds the tests with the sanitizer and runs them.
pub(crate) fn run(root: &Path, sanitizer: Sanitizer, arguments: &[String]) -> ExitCode {
    run_on(root, sanitizer, arguments, crate::fuzz::nightly_host())
}

/// The same with the nightly compiler of this host, if there is one.
fn run_on(
    root: &Path,
    sanitizer: Sanitizer,
    arguments: &[String],
    nightly_host: Option<String>,
) -> ExitCode {
    if !arguments.is_empty() {
        eprintln!("cargo xtask {}", sanitizer.folder());
        return ExitCode::from(2);
    }
    let Some(host) = nightly_host else {
        eprintln!("{NO_NIGHTLY}");
        return ExitCode::from(NO_NIGHTLY_CODE);
    };
    let Some(mut programs) = build(root, sanitizer, &host) else { return ExitCode::FAILURE };
    programs.retain(|program| sanitizer.can_run(program));
    let outcomes: Vec<Option<u32>> =
        programs.iter().map(|program| run_one(root, sanitizer, program)).collect();
    let failed = outcomes.iter().filter(|outcome| outcome.is_none()).count();
    let passed: u32 = outcomes.iter().flatten().sum();
    println!(
        "{} programs with findings; {passed} tests in the other {}",
        failed,
        programs.len() - failed
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Builds the programs; their paths.
fn build(root: &Path, sanitizer: Sanitizer, host: &str) -> Option<Vec<PathBuf>> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let mut cargo = Command::new("rustup");
    cargo
        .current_dir(root)
        .args([
            "run",
            "nightly",
            "cargo",
            "test",
            "--package",
            "whippet",
            "--lib",
            "--tests",
            "--no-run",
        ])
        .args(["--message-format", "json-render-diagnostics"])
        // A named target keeps the flags away from build scripts and macros.
        .args(["--target", host, "--target-dir"])
        .arg(target.join(sanitizer.folder()))
        .env("RUSTFLAGS", sanitizer.flags())
        // Cargo has set these to the stable ones.
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .stderr(Stdio::inherit());
    let output = cargo.output().ok().filter(|output| output.status.success())?;
    Some(crate::models::executables(&String::from_utf8_lossy(&output.stdout)))
}

/// Runs one program; the number of tests that passed, if the sanitizer found nothing.
fn run_one(root: &Path, sanitizer: Sanitizer, program: &Path) -> Option<u32> {
    let (variable, options) = sanitizer.options(root);
    let mut tests = Command::new(program);
    tests.current_dir(root.join("crates/whippet")).env(variable, options);
    // The harness captures the output of tests under locks of std, which the sanitizer does not see.
    tests.args(["--quiet", "--nocapture"]);
    tests.args(SKIPPED.iter().flat_map(|test| ["--skip", test]));
    // An expected panic would print a backtrace, which takes long under a sanitizer.
    tests.env("RUST_BACKTRACE", "0");
    let output = tests.output().ok()?;
    let summary = String::from_utf8_lossy(&output.stdout);
    let summary = summary.lines().rfind(|line| line.starts_with("test result")).unwrap_or_default();
    println!("{}: {summary}", program.file_name().unwrap_or_default().display());
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success().then(|| passed(summary))
}

/// The number of tests that passed, by the summary of their program.
fn passed(summary: &str) -> u32 {
    let number = summary.split(" passed").next().and_then(|before| before.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_nightly_the_exit_code_is_the_one_that_ci_skips() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for sanitizer in [Sanitizer::Thread, Sanitizer::Address] {
            assert_eq!(run_on(root, sanitizer, &[], None), ExitCode::from(NO_NIGHTLY_CODE));
        }
        assert_eq!(run_on(root, Sanitizer::Address, &["x".to_owned()], None), ExitCode::from(2));
        let ci = std::fs::read_to_string(root.join(".ci/run")).unwrap();
        assert!(ci.contains(&format!("-ne {NO_NIGHTLY_CODE} ]")), "CI skips for another code");
    }

    #[test]
    fn passed_tests_are_counted() {
        let summary =
            "test result: ok. 239 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out";
        assert_eq!(passed(summary), 239);
        assert_eq!(passed(""), 0);
    }
}
