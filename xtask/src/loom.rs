//! The models of whippet's races: a build of its own, with loom's types in place of std's.

use std::path::Path;
use std::process::Command;

/// Preemptions of a model, unless the environment says otherwise: with two, loom finds nearly all faults there are,
/// in seconds.
const PREEMPTIONS: &str = "2";

/// Runs the models whose names contain `filter`, all without one.
pub(crate) fn run(root: &Path, filter: Option<&str>) -> bool {
    let preemptions = std::env::var("LOOM_MAX_PREEMPTIONS");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(root)
        .args(["test", "--package", "whippet", "--lib", "--release", "--target-dir", "target/loom"])
        .args(["--", filter.unwrap_or("loom_")])
        .env("RUSTFLAGS", "--cfg loom")
        .env("LOOM_MAX_PREEMPTIONS", preemptions.unwrap_or_else(|_| PREEMPTIONS.to_owned()));
    super::run(cargo)
}
