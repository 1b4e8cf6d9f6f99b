//! The fuzz targets, built with the compiler's coverage counters and run one after the other. This needs flags of a nightly
//! compiler; cargo-fuzz is not needed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The targets: code that parses input of clients.
const TARGETS: [&str; 5] = ["decoder", "editor", "proxy", "telnet", "words"];
/// Executions of each target, unless the arguments set another number: half a minute in all.
const RUNS: u64 = 1_000_000;
/// The most bytes of an input: a target expands some of them to long lines, and short inputs run fast.
const INPUT: &str = "-max_len=128";
/// The compiler's flags for the coverage counters of libFuzzer.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table --cfg fuzzing";
/// The message without a nightly compiler.
const NO_NIGHTLY: &str = "fuzzing needs a nightly compiler, for its counters of coverage: rustup toolchain install nightly";

/// How the command is used.
const USAGE: &str = "cargo xtask fuzz [TARGET]... [--runs N] [--address] [--merge]; targets: decoder, editor, proxy, telnet, words";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// Which targets.
    targets: Vec<String>,
    /// How often each is executed.
    runs: u64,
    /// Whether the address sanitizer is on, at a fifth of the speed.
    address: bool,
    /// Whether the corpus in the repository is replaced by the smallest set of all inputs with the same coverage.
    merge: bool,
}

impl Plan {
    /// Reads the arguments.
    fn parse(arguments: &[String]) -> Option<Self> {
        let mut plan = Self { targets: Vec::new(), runs: RUNS, address: false, merge: false };
        let mut arguments = arguments.iter().map(String::as_str);
        while let Some(argument) = arguments.next() {
            match argument {
                "--runs" => plan.runs = arguments.next()?.replace('_', "").parse().ok()?,
                "--address" => plan.address = true,
                "--merge" => plan.merge = true,
                target if TARGETS.contains(&target) => plan.targets.push(target.to_owned()),
                _ => return None,
            }
        }
        if plan.targets.is_empty() {
            plan.targets = TARGETS.map(str::to_owned).into();
        }
        Some(plan)
    }
}

/// The folders.
#[derive(Debug)]
struct Folders {
    /// The inputs in the repository, a folder a target.
    corpus: PathBuf,
    /// The programs.
    programs: PathBuf,
    /// New inputs that the fuzzer has found, kept from run to run.
    found: PathBuf,
}

/// Builds the targets and runs them. True: nothing was found.
pub(crate) fn run(root: &Path, arguments: &[String]) -> bool {
    let Some(plan) = Plan::parse(arguments) else {
        eprintln!("{USAGE}");
        return false;
    };
    let Some(folders) = build(root, &plan) else { return false };
    let mut ok = true;
    for target in &plan.targets {
        ok &= fuzz(&folders, target, plan.runs) && (!plan.merge || merge(&folders, target));
    }
    ok
}

/// Builds the programs.
fn build(root: &Path, plan: &Plan) -> Option<Folders> {
    let Some(host) = nightly_host() else {
        eprintln!("{NO_NIGHTLY}");
        return None;
    };
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let home = target.join(if plan.address { "fuzz-address" } else { "fuzz" });
    let mut flags = OsString::from(FLAGS);
    if plan.address {
        flags.push(" -Zsanitizer=address");
    }
    // A named target keeps the flags away from build scripts and macros.
    let built = Command::new("rustup")
        .args(["run", "nightly", "cargo", "build", "--release", "--bins", "--locked"])
        .args(["--manifest-path".as_ref(), root.join("fuzz/Cargo.toml").as_os_str()])
        .args(["--target", &host, "--target-dir"])
        .arg(&home)
        .env("RUSTFLAGS", flags)
        // Cargo has set these to the stable ones.
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("the targets were not built (libFuzzer is C++: is there a compiler for it?)");
        return None;
    }
    let programs = home.join(host).join("release");
    Some(Folders { corpus: root.join("fuzz/corpus"), programs, found: home.join("found") })
}

/// The host of the nightly compiler; none without one.
pub(crate) fn nightly_host() -> Option<String> {
    nightly_host_by("rustup")
}

/// The same, by this program in place of rustup.
fn nightly_host_by(rustup: &str) -> Option<String> {
    let asked = Command::new(rustup).args(["run", "nightly", "rustc", "-vV"]).output();
    let version = asked.ok().filter(|output| output.status.success())?.stdout;
    host(&String::from_utf8_lossy(&version)).map(str::to_owned)
}

/// The host in the output of a compiler's `-vV`.
fn host(version: &str) -> Option<&str> {
    version.lines().find_map(|line| line.strip_prefix("host: "))
}

/// Runs one target and reports the outcome. True: nothing was found.
fn fuzz(folders: &Folders, target: &str, runs: u64) -> bool {
    let found = folders.found.join(target);
    let corpus = folders.corpus.join(target);
    if let Err(error) = std::fs::create_dir_all(&found) {
        eprintln!("{}: {error}", found.display());
        return false;
    }
    let mut artifact = OsString::from("-artifact_prefix=");
    artifact.push(folders.found.join(format!("{target}-")));
    let mut dictionary = OsString::from("-dict=");
    dictionary.push(folders.corpus.with_file_name("tokens.dict"));
    let ran = Command::new(folders.programs.join(target))
        // New inputs go to the first folder.
        .args([&found, &corpus])
        .args([INPUT, "-verbosity=0", "-print_final_stats=1", &format!("-runs={runs}")])
        .args([&artifact, &dictionary])
        .stdout(Stdio::null())
        .output();
    match ran {
        Ok(output) => report(target, &output),
        Err(error) => {
            eprintln!("{target}: {error}");
            false
        }
    }
}

/// Reports the outcome of a run. True: nothing was found.
fn report(target: &str, output: &Output) -> bool {
    let log = String::from_utf8_lossy(&output.stderr);
    let executed = statistic(&log, "number_of_executed_units").unwrap_or("?");
    if output.status.success() {
        // A run of less than a second has no rate.
        let rate = statistic(&log, "average_exec_per_sec").filter(|&rate| rate != "0");
        let rate = rate.map_or_else(String::new, |rate| format!(", {rate} a second"));
        println!("{target}: {executed} executions{rate}, nothing found");
        return true;
    }
    eprintln!("{log}\n{target}: a finding after {executed} executions; the lines above name it.");
    eprintln!("Once it is fixed, copy its file to fuzz/corpus/{target}: `cargo test` replays it.");
    false
}

/// A statistic that libFuzzer prints at the end.
fn statistic<'a>(log: &'a str, name: &str) -> Option<&'a str> {
    log.lines().find_map(|line| {
        line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':').map(str::trim)
    })
}

/// Replaces the corpus in the repository by the smallest set of inputs with the same coverage; files with names that people gave
/// them stay.
fn merge(folders: &Folders, target: &str) -> bool {
    let corpus = folders.corpus.join(target);
    let fresh = folders.found.join(format!("{target}.merged"));
    let merged = std::fs::remove_dir_all(&fresh)
        .or_else(
            |error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) },
        )
        .and_then(|()| std::fs::create_dir_all(&fresh))
        .and_then(|()| {
            Command::new(folders.programs.join(target))
                .args(["-set_cover_merge=1", "-use_counters=0", "-verbosity=0", INPUT])
                .args([&fresh, &corpus, &folders.found.join(target)])
                .stderr(Stdio::null())
                .status()
        })
        .and_then(|status| match status.success() {
            true => replace(&corpus, &fresh),
            false => Err(std::io::Error::other(format!("the merge ended with {status}"))),
        });
    match merged {
        Ok(count) => println!("{target}: {count} inputs in {}", corpus.display()),
        Err(ref error) => eprintln!("{target}: {error}"),
    }
    merged.is_ok()
}

/// Replaces the files that libFuzzer has named in one folder by those of another; returns the number of files.
fn replace(corpus: &Path, fresh: &Path) -> std::io::Result<usize> {
    for entry in std::fs::read_dir(corpus)? {
        let entry = entry?;
        if is_hash(&entry.file_name().to_string_lossy()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    for entry in std::fs::read_dir(fresh)? {
        let entry = entry?;
        std::fs::copy(entry.path(), corpus.join(entry.file_name()))?;
    }
    Ok(std::fs::read_dir(corpus)?.count())
}

/// Whether libFuzzer named a file: by the hash of what is in it.
fn is_hash(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &str) -> Option<Plan> {
        Plan::parse(&arguments.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn without_nightly_there_is_no_host() {
        assert_eq!(nightly_host_by("/nowhere/at/all"), None);
        assert_eq!(nightly_host_by("false"), None, "the toolchain is not installed");
        assert_eq!(nightly_host_by("true"), None, "it says nothing of itself");
    }

    #[test]
    fn arguments_are_parsed() {
        let all = parsed("").unwrap();
        assert_eq!((all.targets.len(), all.runs, all.address), (TARGETS.len(), RUNS, false));
        let one = parsed("telnet --runs 30_000_000 --merge").unwrap();
        assert_eq!(
            (one.targets, one.runs, one.merge),
            (vec!["telnet".to_owned()], 30_000_000, true)
        );
        for wrong in ["tellnet", "--runs", "--runs many", "--runs -1"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn statistics_are_found_in_the_log() {
        assert_eq!(
            host("rustc 1.97.0\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\n"),
            Some("x86_64-unknown-linux-gnu")
        );
        assert_eq!(host(""), None);
        let log = "Done\nstat::number_of_executed_units: 728909\nstat::peak_rss_mb:  28\n";
        assert_eq!(statistic(log, "number_of_executed_units"), Some("728909"));
        assert_eq!(statistic(log, "average_exec_per_sec"), None);
    }

    #[test]
    fn named_inputs_are_not_hashes() {
        assert!(is_hash("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
        assert!(!is_hash("line-past-the-limit") && !is_hash("z".repeat(40).as_str()));
    }
}
