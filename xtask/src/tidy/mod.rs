//! The rules that no lint knows: sizes, import circles, reasons, unsafe code in named files, no foreign runtime.
//!
//! Each rule looks at the sources as text, without comments and strings ([`source`]), and gives complaints with file,
//! line and the way out. `cargo test` holds them, as the test below.

mod circles;
mod rules;
mod source;

use self::source::Source;
use std::path::{Path, PathBuf};

/// The crates whose sources are looked at, and the folders in them.
const FOLDERS: [&str; 7] = [
    "crates/whippet/src",
    "crates/whippet/tests",
    "crates/whippet-macros",
    "crates/chinwag/src",
    "crates/chinwag/tests",
    "xtask/src",
    "bench/src",
];

/// Checks everything below `root` and prints what is wrong. True: nothing is.
pub(crate) fn run(root: &Path) -> bool {
    let complaints = check(root);
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if complaints.is_empty() {
        println!("tidy");
    }
    complaints.is_empty()
}

/// What is wrong below `root`.
fn check(root: &Path) -> Vec<String> {
    let sources: Vec<Source> = FOLDERS
        .iter()
        .flat_map(|folder| rust_files(&root.join(folder)))
        .filter_map(|path| Source::read(root, &path))
        .collect();
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    let mut complaints = rules::foreign_runtimes(&lock);
    complaints.extend(sources.iter().flat_map(rules::of_a_file));
    complaints.extend(rules::orphans(&sources));
    complaints.extend(circles::find(&sources));
    complaints
}

/// All files below a folder that hold Rust, in a fixed order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() && !path.ends_with("target") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tree_is_tidy() {
        let complaints = super::check(&crate::root());
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
