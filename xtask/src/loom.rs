//! The models of whippet's races: every order of the events of a few threads.

use crate::models::Kind;
use std::ffi::OsString;
use std::path::Path;

/// Preemptions of a model, unless the environment says otherwise: with two, loom finds nearly all faults there are,
/// in seconds.
pub(crate) const PREEMPTIONS: &str = "2";
/// The variable that says otherwise.
const VARIABLE: &str = "LOOM_MAX_PREEMPTIONS";

/// Runs the models whose names contain `filter`, all without one. True: there were some, and all hold.
pub(crate) fn run(root: &Path, filter: Option<&str>) -> bool {
    let preemptions = std::env::var_os(VARIABLE).unwrap_or_else(|| OsString::from(PREEMPTIONS));
    let variables = vec![(VARIABLE, preemptions)];
    let again = String::new();
    let kind = Kind { name: "loom", program: &["--lib"], prefix: "loom_", variables, again };
    crate::models::run(root, &kind, filter)
}
