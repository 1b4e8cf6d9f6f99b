//! The rules for one file each, and those for the list of files and of dependencies.

use super::source::{Source, matching};
use std::collections::BTreeSet;

/// Lines of a file, and of a file of tests.
const FILE_LINES: (usize, usize) = (600, 1000);
/// Lines of a function, and of one in tests.
const FUNCTION_LINES: (usize, usize) = (70, 100);
/// How far above an unsafe block or impl its argument may begin.
const SAFETY_LINES: usize = 8;

/// The files that may hold unsafe code. Everything else forbids it by this list.
const UNSAFE_FILES: [(&str, &str); 10] = [
    (
        "crates/whippet/src/executor/task/cell.rs",
        "one allocation for future, output and waker, reached by pointer",
    ),
    (
        "crates/whippet/src/executor/task/header.rs",
        "the functions of a task behind a pointer to it",
    ),
    ("crates/whippet/src/executor/task/join.rs", "the join handle's rights to that allocation"),
    ("crates/whippet/src/executor/task/runnable.rs", "the executor's rights to it"),
    ("crates/whippet/src/executor/task/spawned.rs", "the first of each right, handed out"),
    ("crates/whippet/src/executor/task/waker.rs", "the waker's table of functions"),
    ("crates/whippet/src/executor/task/spot.rs", "a place in the source behind an atomic pointer"),
    ("crates/whippet/src/executor/queue.rs", "runnables as atomic pointers in a ring"),
    ("crates/whippet/src/sync/oneshot/inner.rs", "a value handed over by a state word"),
    ("crates/whippet/src/sys/raw.rs", "system calls that rustix does not know"),
];

/// Folders whose unsafe code is no part of the product.
const UNSAFE_FOLDERS: [&str; 1] = ["bench/"];

/// Runtimes, and parts of them, that the product must not stand on.
const FOREIGN: [&str; 12] = [
    "tokio",
    "async-std",
    "smol",
    "mio",
    "polling",
    "async-io",
    "async-task",
    "async-executor",
    "async-channel",
    "flume",
    "crossbeam-channel",
    "futures-executor",
];

/// What is wrong with a file.
pub(super) fn of_a_file(source: &Source) -> Vec<String> {
    let mut complaints = Vec::from_iter(length(source));
    complaints.extend(functions(source));
    complaints.extend(attributes(source));
    complaints.extend(unsafe_code(source));
    complaints.extend(leftovers(source));
    complaints
}

fn complaint(source: &Source, byte: usize, words: &str) -> String {
    format!("{}:{}: {words}", source.path, source.line(byte))
}

fn length(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    let limit = if source.is_test() { FILE_LINES.1 } else { FILE_LINES.0 };
    (lines > limit).then(|| {
        format!("{}: {lines} lines, of {limit} at most: split it by what it keeps", source.path)
    })
}

fn functions(source: &Source) -> Vec<String> {
    let tests = source.test_modules();
    let mut complaints = Vec::new();
    for start in words(&source.code, "fn") {
        let rest = &source.code[start..];
        let Some(open) = rest.find(['{', ';']).filter(|&place| rest[place..].starts_with('{'))
        else {
            continue;
        };
        let lines = rest[..open + matching(&rest[open..])].lines().count();
        let in_tests =
            source.is_test() || tests.iter().any(|&(from, to)| (from..to).contains(&start));
        let limit = if in_tests { FUNCTION_LINES.1 } else { FUNCTION_LINES.0 };
        if lines > limit {
            let words = format!("a function of {lines} lines, of {limit} at most: name its parts");
            complaints.push(complaint(source, start, &words));
        }
    }
    complaints
}

fn attributes(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for name in ["allow(", "expect(", "ignore"] {
        for mark in ["#[", "#!["] {
            for (start, _) in source.code.match_indices(&format!("{mark}{name}")) {
                let open = start + mark.len() - 1;
                let attribute = &source.text[start..open + matching(&source.code[open..])];
                let has_reason = if name == "ignore" {
                    attribute.contains("= \"")
                } else {
                    attribute.contains("reason")
                };
                if !has_reason {
                    complaints.push(complaint(source, start, "an exception without its reason"));
                }
            }
        }
    }
    complaints
}

fn unsafe_code(source: &Source) -> Vec<String> {
    if UNSAFE_FOLDERS.iter().any(|folder| source.path.starts_with(folder)) {
        return Vec::new();
    }
    let named = source.is_test() || UNSAFE_FILES.iter().any(|(path, _)| *path == source.path);
    let mut complaints = Vec::new();
    for start in words(&source.code, "unsafe") {
        let after = source.code[start + "unsafe".len()..].trim_start();
        if !named {
            let words = "unsafe code in a file that is not named for it (xtask/src/tidy/rules.rs)";
            complaints.push(complaint(source, start, words));
        } else if (after.starts_with('{') || after.starts_with("impl")) && !is_argued(source, start)
        {
            complaints.push(complaint(source, start, "unsafe without its `// SAFETY:` argument"));
        }
    }
    complaints
}

/// Whether a SAFETY comment stands close above.
fn is_argued(source: &Source, start: usize) -> bool {
    let line = source.line(start);
    let above = source.text.lines().take(line).skip(line.saturating_sub(SAFETY_LINES));
    above.into_iter().any(|text| text.contains("SAFETY:"))
}

fn leftovers(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for word in ["todo!", "unimplemented!", "dbg!"] {
        for (start, _) in source.code.match_indices(word) {
            complaints.push(complaint(source, start, "something left to be done"));
        }
    }
    complaints
}

/// Where a word begins in code, as a word of its own.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(start, _)| start).filter(move |&start| {
        let before = start.checked_sub(1).and_then(|place| bytes.get(place));
        !is_part(before) && !is_part(bytes.get(start + word.len()))
    })
}

/// Files below a `src` that no module declares: nothing in them is compiled.
pub(super) fn orphans(sources: &[Source]) -> Vec<String> {
    let declared: BTreeSet<String> = sources.iter().flat_map(declarations).collect();
    sources
        .iter()
        .filter(|source| source.path.contains("/src/"))
        .filter(|source| !["lib.rs", "main.rs"].iter().any(|root| source.path.ends_with(root)))
        .filter(|source| !declared.contains(&source.path))
        .map(|source| format!("{}: no `mod` declares it, so it is not compiled", source.path))
        .collect()
}

/// The files that a file's `mod name;` may mean.
fn declarations(source: &Source) -> Vec<String> {
    let (folder, name) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let stem = name.trim_end_matches(".rs");
    let home = if ["lib", "main", "mod"].contains(&stem) {
        folder.to_owned()
    } else {
        format!("{folder}/{stem}")
    };
    words(&source.code, "mod")
        .filter_map(|start| {
            let rest = source.code[start + "mod".len()..].trim_start();
            let end =
                rest.find(|character: char| !character.is_alphanumeric() && character != '_')?;
            rest[end..].trim_start().starts_with(';').then(|| rest[..end].to_owned())
        })
        .flat_map(|module| [format!("{home}/{module}.rs"), format!("{home}/{module}/mod.rs")])
        .chain(by_path(source).map(|file| format!("{folder}/{file}")))
        .collect()
}

/// The files that a file's `#[path = "…"]` means.
fn by_path(source: &Source) -> impl Iterator<Item = &str> {
    const MARK: &str = "#[path = \"";
    source
        .text
        .match_indices(MARK)
        .filter_map(|(start, _)| source.text[start + MARK.len()..].split('"').next())
}

/// Foreign runtimes in a lock file.
pub(super) fn foreign_runtimes(lock: &str) -> Vec<String> {
    let names = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    names
        .filter(|name| FOREIGN.contains(name))
        .map(|name| format!("Cargo.lock: {name} is part of a foreign runtime: find who brings it with `cargo tree -i {name}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        of_a_file(&Source::new(path.to_owned(), text.to_owned()))
    }

    #[test]
    fn each_rule_goes_red() {
        let path = "crates/chinwag/src/bad.rs";
        let long = format!("fn f() {{{}}}", "\n".repeat(71));
        for (text, words) in [
            ("\n".repeat(601).as_str(), "601 lines"),
            (&long, "a function of 72 lines"),
            ("#[allow(dead_code)] fn f() {}", "without its reason"),
            ("#[ignore]\nfn f() {}", "without its reason"),
            ("fn f() { unsafe { g() } }", "not named"),
            ("fn f() { todo!() }", "left to be done"),
        ] {
            let found = complaints(path, text);
            assert!(found.len() == 1 && found[0].contains(words), "{text:?} gives {found:?}");
        }
        let unargued = complaints("crates/whippet/src/sys/raw.rs", "fn f() { unsafe { g() } }");
        assert!(unargued[0].contains("SAFETY"), "{unargued:?}");
    }

    #[test]
    fn what_is_right_is_left_alone() {
        let text = "#[expect(dead_code, reason = \"why\")]\nfn f() { let unsafe_name = \"todo!() unsafe\"; }";
        assert_eq!(complaints("crates/chinwag/src/good.rs", text), Vec::<String>::new());
        let argued = "fn f() {\n    // SAFETY: because.\n    unsafe { g() }\n}";
        assert_eq!(complaints("crates/whippet/src/sys/raw.rs", argued), Vec::<String>::new());
    }

    #[test]
    fn an_orphan_and_a_foreign_runtime_are_found() {
        let file = |path: &str, text: &str| Source::new(path.to_owned(), text.to_owned());
        let sources = [
            file("crates/x/src/lib.rs", "mod a;"),
            file("crates/x/src/a.rs", "mod b;"),
            file("crates/x/src/a/b.rs", ""),
            file("crates/x/src/a/c.rs", ""),
        ];
        let found = orphans(&sources);
        assert!(found.len() == 1 && found[0].contains("a/c.rs"), "{found:?}");
        assert_eq!(foreign_runtimes("name = \"tokio\"\nname = \"slab\"").len(), 1);
    }
}
