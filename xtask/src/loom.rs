//! The loom models of whippet: every interleaving of a few threads, up to a number of preemptions.

use crate::models::Kind;
use std::ffi::OsString;
use std::path::Path;

/// Preemptions of a model, unless the environment sets another number: with two, loom finds nearly all faults.
pub(crate) const PREEMPTIONS: &str = "2";
/// The variable that sets another number.
const VARIABLE: &str = "LOOM_MAX_PREEMPTIONS";

/// Runs the models whose names contain `filter`, without one all. True: there were some, and all passed.
pub(crate) fn run(root: &Path, filter: Option<&str>) -> bool {
    let preemptions = std::env::var_os(VARIABLE).unwrap_or_else(|| OsString::from(PREEMPTIONS));
    let variables = vec![(VARIABLE, preemptions)];
    let options = String::new();
    let kind = Kind { name: "loom", program: &["--lib"], prefix: "loom_", variables, options };
    crate::models::run(root, &kind, filter)
}
