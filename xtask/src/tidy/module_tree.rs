//! The files of the crates, found from each root along the `mod` declarations, as the compiler finds them: which
//! files are not reached, and which are compiled for tests only.

use super::scan::{self, Module};
use super::source::Source;
use std::collections::BTreeMap;

/// A file that is still to be visited.
struct Step {
    /// Its path.
    path: String,
    /// Whether it is compiled for tests only.
    is_test: bool,
    /// Whether its modules are in its own folder (`lib.rs`, `mod.rs`), not in a folder of its name.
    is_root: bool,
}

/// Marks the files of tests, and complains about files that are not reached.
pub(super) fn build(sources: &mut [Source]) -> Vec<String> {
    // For each file that is reached: whether only by tests.
    let mut reached: BTreeMap<String, bool> = BTreeMap::new();
    let by_path: BTreeMap<&str, &Source> =
        sources.iter().map(|source| (source.path.as_str(), source)).collect();
    let mut steps: Vec<Step> = sources.iter().filter_map(|source| root(&source.path)).collect();
    while let Some(step) = steps.pop() {
        let Some(source) = by_path.get(step.path.as_str()) else { continue };
        let known = reached.get(&step.path);
        if known.is_some_and(|&only_tests| !only_tests || step.is_test) {
            continue;
        }
        steps.extend(children(source, &step));
        reached.insert(step.path, step.is_test);
    }
    let mut complaints = Vec::new();
    for source in sources {
        match reached.get(&source.path) {
            Some(is_test) => source.is_test = *is_test,
            None => complaints.push(format!(
                "{}: orphan: no `mod` declares this file, so it is not compiled: declare it, or delete it",
                source.path
            )),
        }
    }
    complaints
}

/// The first step, if a file is the root of a crate by cargo's rules.
fn root(path: &str) -> Option<Step> {
    let parts: Vec<&str> = path.split('/').collect();
    let is_test = match parts.as_slice() {
        [.., "src", "lib.rs" | "main.rs"] | [.., "src", "bin", _] | [.., "build.rs"] => false,
        [.., "src", "bin", _, "main.rs"] | [.., "fuzz_targets", _] => false,
        [.., "tests", "mod.rs"] => return None,
        [home @ .., "tests" | "examples" | "benches", _] if !home.contains(&"src") => true,
        [home @ .., "tests" | "examples" | "benches", _, "main.rs"] if !home.contains(&"src") => {
            true
        }
        _ => return None,
    };
    Some(Step { path: path.to_owned(), is_test, is_root: true })
}

/// The files that a file's `mod name;` may mean.
fn children(source: &Source, step: &Step) -> Vec<Step> {
    let (folder, name) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let home = if step.is_root || name == "mod.rs" {
        folder.to_owned()
    } else {
        format!("{folder}/{}", name.trim_end_matches(".rs"))
    };
    let modules = scan::modules(source);
    let tests = scan::test_ranges(&source.code);
    let mut steps = Vec::new();
    for module in modules.iter().filter(|module| module.body.is_none()) {
        let is_test = step.is_test || tests.iter().any(|range| range.contains(&module.start));
        let around = enclosing(&modules, module.start);
        let inner: String = around.iter().map(|name| format!("/{name}")).collect();
        let paths = match &module.path {
            Some(path) if around.is_empty() => vec![(format!("{folder}/{path}"), true)],
            Some(path) => vec![(format!("{home}{inner}/{path}"), true)],
            None => vec![
                (format!("{home}{inner}/{}.rs", module.name), false),
                (format!("{home}{inner}/{}/mod.rs", module.name), true),
            ],
        };
        steps.extend(paths.into_iter().map(|(path, is_root)| Step {
            path: plain(&path),
            is_test,
            is_root,
        }));
    }
    steps
}

/// The names of the modules with a body around a place, the outermost first.
pub(super) fn enclosing(modules: &[Module], place: usize) -> Vec<&str> {
    let around = modules
        .iter()
        .filter(|module| module.body.as_ref().is_some_and(|body| body.contains(&place)));
    around.map(|module| module.name.as_str()).collect()
}

/// A path without `.` and `..`.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The orphans and the files of tests among files with these texts.
    fn built(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let mut sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source::new((*path).to_owned(), (*text).to_owned()))
            .collect();
        let complaints = build(&mut sources);
        let orphans =
            complaints.iter().filter_map(|message| Some(message.split_once(':')?.0.to_owned()));
        let tests =
            sources.iter().filter(|source| source.is_test).map(|source| source.path.clone());
        (orphans.collect(), tests.collect())
    }

    #[test]
    fn files_that_are_not_reached_are_orphans() {
        let (orphans, tests) = built(&[
            ("crates/x/src/lib.rs", "mod a; mod d { mod e; } // mod f;"),
            ("crates/x/src/a.rs", "mod b; #[path = \"b_loom.rs\"] mod loom_tests;"),
            ("crates/x/src/a/b.rs", ""),
            ("crates/x/src/b_loom.rs", ""),
            ("crates/x/src/d/e/mod.rs", ""),
            ("crates/x/src/a/c.rs", ""),
            ("crates/x/src/f.rs", ""),
            ("crates/x/tests/one.rs", "mod support;"),
            ("crates/x/tests/support/mod.rs", ""),
            ("crates/x/tests/two/main.rs", "mod used;"),
            ("crates/x/tests/two/used.rs", ""),
            ("crates/x/tests/two/forgotten.rs", ""),
        ]);
        let expected =
            ["crates/x/src/a/c.rs", "crates/x/src/f.rs", "crates/x/tests/two/forgotten.rs"];
        assert_eq!(orphans, expected);
        assert_eq!(tests.len(), 4, "{tests:?}");
    }

    #[test]
    fn files_reached_by_tests_only_are_tests() {
        let (orphans, tests) = built(&[
            ("crates/x/src/lib.rs", "#[cfg(all(test, loom))]\nmod a;\n#[cfg(test)] mod b; mod c;"),
            ("crates/x/src/a.rs", "mod deep;"),
            ("crates/x/src/a/deep.rs", ""),
            ("crates/x/src/b.rs", "#[path = \"c.rs\"] mod again;"),
            ("crates/x/src/c.rs", ""),
        ]);
        assert!(orphans.is_empty(), "{orphans:?}");
        assert_eq!(tests, ["crates/x/src/a.rs", "crates/x/src/a/deep.rs", "crates/x/src/b.rs"]);
    }
}
