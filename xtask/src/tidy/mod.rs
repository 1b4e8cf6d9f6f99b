//! The rules that no lint knows: sizes, import cycles, layers, reasons, examples, panic messages, unsafe code in named files, no
//! foreign runtime, no dead link.
//!
//! Each rule looks at the sources as text, comments and strings apart ([`source`]), and returns complaints: file and line,
//! the rule's name, what is wrong and how to fix it. `cargo test` checks them, by the test below.
//!
//! From the bottom up: `source` (one file, its code and comments apart), `scan` (attributes, modules, functions in it), `module_tree`
//! (which files the crates are made of, and which of them are tests), `imports` (paths to other modules), then the rules.

mod auto_traits;
mod examples;
mod import_cycles;
mod imports;
mod layers;
pub(crate) mod links;
mod module_tree;
mod panics;
mod rules;
mod scan;
mod source;
mod unsafe_files;
mod unwinding;

use self::source::Source;
use std::path::{Path, PathBuf};

/// Checks everything below `root` and prints the complaints. True: there are none.
pub(crate) fn run(root: &Path) -> bool {
    let complaints = check(root);
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    match complaints.len() {
        0 => println!("tidy"),
        count => eprintln!("\n{count} to fix; CONTRIBUTING.md has the rules"),
    }
    complaints.is_empty()
}

/// The complaints about everything below `root`.
fn check(root: &Path) -> Vec<String> {
    let mut sources: Vec<Source> =
        rust_files(root).iter().filter_map(|path| Source::read(root, path)).collect();
    let mut complaints = rules::foreign_runtimes(root);
    complaints.extend(module_tree::build(&mut sources));
    complaints.extend(sources.iter().flat_map(rules::of_a_file));
    complaints.extend(sources.iter().flat_map(panics::find));
    complaints.extend(unsafe_files::find(&sources));
    complaints.extend(unwinding::find(root, &sources));
    complaints.extend(import_cycles::find(&sources));
    complaints.extend(layers::find(&sources));
    complaints.extend(examples::find(&sources));
    complaints.extend(auto_traits::find(&sources));
    complaints.extend(links::find(root));
    complaints
}

/// All Rust files below a folder, in a fixed order, except hidden ones and those below `target`.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "target" || name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if name.ends_with(".rs") {
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
        assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    }

    #[test]
    fn all_packages_are_checked() {
        let files = super::rust_files(&crate::root());
        for file in ["crates/whippet/src/lib.rs", "crates/chinwag/src/main.rs", "xtask/src/main.rs"]
        {
            assert!(files.contains(&crate::root().join(file)), "{file} was not found");
        }
        assert!(
            files.iter().all(|file| !file.components().any(|part| part.as_os_str() == "target"))
        );
    }
}
