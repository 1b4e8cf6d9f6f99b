//! whippet's tests under a sanitizer: the thread sanitizer looks for data races, the address sanitizer for memory used after
//! it was freed or past its end, and for memory that nobody refers to any more. Both need a nightly compiler.
//!
//! std is not compiled anew (its sources are no part of every toolchain), so the thread sanitizer does not see what std does
//! inside of its locks; under `--cfg tsan` whippet's own show it (`crates/whippet/src/loom/seen.rs`). What is left of
//! std's own stands in `tsan.supp`, each line with its reason.

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

/// What the short form runs: whole runtimes, the ends of tasks and known failures; seconds, not a minute.
const SHORT: &str = "regression_";
/// Tests of sizes and of the allocator, which are other ones under a sanitizer.
const SKIPPED: [&str; 2] =
    ["an_idle_channel_is_small", "what_lies_free_between_what_is_used_goes_back_to_the_system"];
/// What the command ends with where there is no nightly compiler: neither fine nor a finding.
const NO_NIGHTLY_CODE: u8 = 77;
/// What is said then.
const NO_NIGHTLY: &str =
    "sanitizers need a nightly compiler, which is not here: rustup toolchain install nightly";

impl Sanitizer {
    /// What the compiler is told.
    fn flags(self) -> &'static str {
        match self {
            Self::Thread => "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg tsan",
            Self::Address => "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer",
        }
    }

    /// Where its programs are built, below the target directory.
    fn folder(self) -> &'static str {
        match self {
            Self::Thread => "tsan",
            Self::Address => "asan",
        }
    }

    /// What the program's part of it is told, and by which variable.
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

/// Builds the tests with the sanitizer and runs them; `--short` runs the tests of known failures alone.
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
    let short = match arguments {
        [] => false,
        [word] if word == "--short" => true,
        _ => {
            eprintln!("cargo xtask {} [--short]", sanitizer.folder());
            return ExitCode::from(2);
        }
    };
    let Some(host) = nightly_host else {
        eprintln!("{NO_NIGHTLY}");
        return ExitCode::from(NO_NIGHTLY_CODE);
    };
    let Some(programs) = build(root, sanitizer, &host, short) else { return ExitCode::FAILURE };
    let outcomes: Vec<Option<u32>> =
        programs.iter().map(|program| run_one(root, sanitizer, program, short)).collect();
    let failed = outcomes.iter().filter(|outcome| outcome.is_none()).count();
    let passed: u32 = outcomes.iter().flatten().sum();
    println!(
        "{} programs with findings; {passed} tests in the other {}",
        failed,
        programs.len() - failed
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The programs, built.
fn build(root: &Path, sanitizer: Sanitizer, host: &str, short: bool) -> Option<Vec<PathBuf>> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let mut cargo = Command::new("rustup");
    cargo
        .current_dir(root)
        .args(["run", "nightly", "cargo", "test", "--package", "whippet", "--lib", "--no-run"])
        .args(["--message-format", "json-render-diagnostics"])
        // A named target keeps the flags away from build scripts and macros.
        .args(["--target", host, "--target-dir"])
        .arg(target.join(sanitizer.folder()))
        .env("RUSTFLAGS", sanitizer.flags())
        // Cargo has told this program where the stable ones are.
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .stderr(Stdio::inherit());
    if !short {
        cargo.arg("--tests");
    }
    let output = cargo.output().ok().filter(|output| output.status.success())?;
    Some(crate::models::executables(&String::from_utf8_lossy(&output.stdout)))
}

/// Runs one program: how many tests passed, if nothing was found.
fn run_one(root: &Path, sanitizer: Sanitizer, program: &Path, short: bool) -> Option<u32> {
    let (variable, options) = sanitizer.options(root);
    let mut tests = Command::new(program);
    tests.current_dir(root.join("crates/whippet")).env(variable, options);
    // What tests print is kept by the harness under locks of std, which are not seen.
    tests.args(["--quiet", "--nocapture"]);
    tests.args(SKIPPED.iter().flat_map(|test| ["--skip", test]));
    if short {
        tests.arg(SHORT);
    }
    // A panic that a test expects would be told with its whole stack, which takes its time here.
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

/// How many tests passed, by the summary of their program.
fn passed(summary: &str) -> u32 {
    let number = summary.split(" passed").next().and_then(|before| before.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_nightly_compiler_the_answer_is_the_one_that_ci_skips_for() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for arguments in [&[][..], &["--short".to_owned()]] {
            let code = run_on(root, Sanitizer::Thread, arguments, None);
            assert_eq!(code, ExitCode::from(NO_NIGHTLY_CODE));
        }
        assert_eq!(run_on(root, Sanitizer::Address, &["x".to_owned()], None), ExitCode::from(2));
        let ci = std::fs::read_to_string(root.join(".ci/run")).unwrap();
        assert!(ci.contains(&format!("-ne {NO_NIGHTLY_CODE} ]")), "CI skips for another code");
    }

    #[test]
    fn what_passed_is_counted() {
        let summary =
            "test result: ok. 239 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out";
        assert_eq!(passed(summary), 239);
        assert_eq!(passed(""), 0);
    }
}
