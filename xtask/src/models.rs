//! The models of whippet's races: a build of its own, with loom's types in place of std's. Each model runs in a process
//! of its own, as many at once as there are processors, so that its time is known.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Preemptions of a model, unless the environment says otherwise: with two, loom finds nearly all faults there are,
/// in seconds.
pub(crate) const PREEMPTIONS: &str = "2";

/// What the names of all models have in common.
const MODELS: &str = "loom_";

/// Builds the models and runs those whose names contain `filter`, all without one. True: there were some, and all hold.
pub(crate) fn run(root: &Path, filter: Option<&str>) -> bool {
    let began = now();
    let Some(program) = build(root) else { return false };
    println!("{:>8.2} s  building the models", began.elapsed().as_secs_f64());
    let models = models(&program, filter);
    if models.is_empty() {
        eprintln!("no model's name contains {:?}", filter.unwrap_or(MODELS));
        return false;
    }
    let failed = run_all(&program, &models);
    println!("{:>8.2} s  in all", began.elapsed().as_secs_f64());
    for (model, output) in &failed {
        eprintln!("\n---- {model}\n{output}");
        eprintln!("again: cargo xtask loom {model}");
    }
    println!("{} models, {} failed", models.len(), failed.len());
    failed.is_empty()
}

/// The program with all models.
fn build(root: &Path) -> Option<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let mut flags = std::env::var_os("RUSTFLAGS").unwrap_or_default();
    flags.push(" --cfg loom");
    // Clippy never sees this build. At work on a model, an unused name need not stop anybody.
    if std::env::var_os("CI").is_some() {
        flags.push(" --deny warnings");
    }
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["test", "--package", "whippet", "--lib", "--profile", "loom", "--no-run"])
        .args(["--message-format", "json-render-diagnostics", "--target-dir"])
        .args([target.join("loom")])
        .env("RUSTFLAGS", flags)
        .stderr(Stdio::inherit())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            let program = executable(&String::from_utf8_lossy(&output.stdout));
            if program.is_none() {
                eprintln!("cargo named no program with the models");
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

/// The full names of the models that a filter leaves.
fn models(program: &Path, filter: Option<&str>) -> Vec<String> {
    let listed = Command::new(program).args(["--list", "--format", "terse", MODELS]).output();
    let list = listed.map(|output| output.stdout).unwrap_or_default();
    let names = String::from_utf8_lossy(&list);
    names
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .filter(|name| filter.is_none_or(|filter| name.contains(filter)))
        .map(str::to_owned)
        .collect()
}

/// Runs the models and prints the time of each; returns those that failed, with what they printed.
fn run_all(program: &Path, models: &[String]) -> Vec<(String, String)> {
    let preemptions =
        std::env::var_os("LOOM_MAX_PREEMPTIONS").unwrap_or_else(|| OsString::from(PREEMPTIONS));
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let take_models = || {
        while let Some(model) = models.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (took, failure) = run_one(program, model, &preemptions);
            let verdict = if failure.is_some() { "  FAILED" } else { "" };
            println!("{:>8.2} s  {model}{verdict}", took.as_secs_f64());
            if let (Some(output), Ok(mut failed)) = (failure, failed.lock()) {
                failed.push((model.clone(), output));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(take_models);
        }
    });
    failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Runs one model: its time, and what it printed if it failed.
fn run_one(program: &Path, model: &str, preemptions: &OsString) -> (Duration, Option<String>) {
    let began = now();
    let output = Command::new(program)
        .args(["--exact", model, "--nocapture"])
        .env("LOOM_MAX_PREEMPTIONS", preemptions)
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
    fn the_program_is_found_in_cargos_messages() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
            {\"reason\":\"compiler-artifact\",\"executable\":\"/target/whippet-1a\",\"fresh\":true}\n\
            {\"reason\":\"build-finished\",\"success\":true}";
        assert_eq!(executable(messages), Some(PathBuf::from("/target/whippet-1a")));
        assert_eq!(executable("{\"executable\":null}"), None);
    }

    #[test]
    fn a_model_that_fails_is_reported_with_its_words() {
        let (_, failure) = run_one(Path::new("/nowhere/at/all"), "loom_x", &OsString::from("2"));
        assert!(failure.is_some());
        let (_, failure) = run_one(Path::new("true"), "loom_x", &OsString::from("2"));
        assert_eq!(failure, None);
        assert!(models(Path::new("true"), None).is_empty());
    }
}
