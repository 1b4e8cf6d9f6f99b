//! The rules about a single file, and the one about the lock file.

use super::scan;
use super::source::Source;
use std::path::Path;

/// Lines of a file, and of a file of tests.
const FILE_LINES: (usize, usize) = (600, 1000);
/// Lines of a function, and of one in tests.
const FUNCTION_LINES: (usize, usize) = (70, 100);

/// Runtimes, and parts of them, that the product must not depend on.
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

/// Macros for work that is not done.
const UNDONE_MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];
/// The same in comments.
const UNDONE_COMMENTS: [&str; 3] = ["FIXME", "TODO", "XXX"];

/// The complaints about a file.
pub(super) fn of_a_file(source: &Source) -> Vec<String> {
    let mut complaints = Vec::from_iter(length(source));
    complaints.extend(functions(source));
    complaints.extend(attributes(source));
    complaints.extend(undone(source));
    complaints
}

fn length(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    let limit = if source.is_test { FILE_LINES.1 } else { FILE_LINES.0 };
    let message =
        format!("file-length: {lines} lines, of {limit} at most: split it by what it holds");
    (lines > limit).then(|| format!("{}:{limit}: {message}", source.path))
}

fn functions(source: &Source) -> Vec<String> {
    let tests = scan::test_ranges(&source.code);
    let mut complaints = Vec::new();
    for function in scan::functions(&source.code) {
        let start = function.place.start;
        let lines = source.code[function.place].lines().count();
        let in_tests = source.is_test || tests.iter().any(|range| range.contains(&start));
        let limit = if in_tests { FUNCTION_LINES.1 } else { FUNCTION_LINES.0 };
        if lines > limit {
            let message = format!(
                "function-length: {lines} lines, of {limit} at most: move parts of it into functions"
            );
            complaints.push(source.complaint(start, &message));
        }
    }
    complaints
}

/// The attributes that need a reason, and how to give it.
const EXCEPTIONS: [(&str, &str); 3] = [
    ("allow", "add `reason = \"…\"`, or better use `expect`"),
    ("expect", "add `reason = \"…\"`"),
    ("ignore", "write `#[ignore = \"…\"]`"),
];

/// `allow`, `expect` and `ignore` without a reason, also inside of `cfg_attr`.
fn attributes(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for attribute in scan::attributes(&source.code) {
        let code = &source.code[attribute.clone()];
        let outermost = scan::name_at(code.trim_start_matches(['#', '!', '[']));
        let inside = EXCEPTIONS
            .iter()
            .filter(|(name, _)| [name, "cfg_attr"].contains(&outermost))
            .flat_map(|(name, fix)| scan::words(code, name).map(move |start| (start, name, fix)));
        for (start, name, fix) in inside {
            let after = start + name.len();
            if !is_reasoned(name, &code[after..], &source.text[attribute.start + after..]) {
                let message = format!("reason: `{name}` gives no reason: {fix}");
                complaints.push(source.complaint(attribute.start + start, &message));
            }
        }
    }
    complaints
}

/// Whether an attribute of this name has a reason, or needs none; `code` is what follows the name, `text` the same with strings.
fn is_reasoned(name: &str, code: &str, text: &str) -> bool {
    match code.trim_start().bytes().next() {
        Some(b'(') => has_reason(code, text),
        _ if name == "ignore" => is_nonblank_value(text.trim_start()),
        _ => true,
    }
}

/// Whether `(lints, reason = "…")` at the start of the code has a reason; `text` is the same with its strings.
fn has_reason(code: &str, text: &str) -> bool {
    let open = code.len() - code.trim_start().len();
    let end = open + scan::matching(&code[open..]);
    scan::words(&code[..end], "reason")
        .any(|start| is_nonblank_value(text[start + "reason".len()..end].trim_start()))
}

/// Whether text begins with `= "…"`, and the string is not blank.
fn is_nonblank_value(text: &str) -> bool {
    let string = text.strip_prefix('=').and_then(|rest| rest.trim_start().strip_prefix('"'));
    string.and_then(|rest| rest.split('"').next()).is_some_and(|value| !value.trim().is_empty())
}

fn undone(source: &Source) -> Vec<String> {
    let macros = UNDONE_MACROS.iter().flat_map(|name| {
        let calls = scan::words(&source.code, name);
        calls.filter(|start| source.code[start + name.len()..].starts_with('!'))
    });
    let comments = UNDONE_COMMENTS.iter().flat_map(|word| scan::words(&source.comments, word));
    let message = "undone: finish it, or write an issue and remove it here";
    macros.chain(comments).map(|start| source.complaint(start, message)).collect()
}

/// Foreign runtimes in the workspace's lock file.
pub(super) fn foreign_runtimes(root: &Path) -> Vec<String> {
    match std::fs::read_to_string(root.join("Cargo.lock")) {
        Ok(lock) => foreign(&lock),
        Err(error) => {
            vec![format!("Cargo.lock:1: foreign-runtime: the file cannot be read: {error}")]
        }
    }
}

fn foreign(lock: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in lock.lines().enumerate() {
        let name = line.strip_prefix("name = \"").and_then(|rest| rest.strip_suffix('"'));
        if let Some(name) = name.filter(|name| FOREIGN.contains(name)) {
            complaints.push(format!(
                "Cargo.lock:{}: foreign-runtime: {name}: `cargo tree -i {name}` shows what depends on it; remove that",
                number + 1
            ));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        of_a_file(&Source::new("crates/x/src/bad.rs".to_owned(), text.to_owned()))
    }

    #[test]
    fn each_rule_finds_its_fault() {
        let lines = "\n".repeat(71);
        for (text, place, message) in [
            ("\n".repeat(601).as_str(), 600, "file-length: 601 lines"),
            (&format!("\nfn f() {{{lines}}}"), 2, "function-length: 72 lines"),
            (&format!("fn f(a: [u8; 4]) {{{lines}}}"), 1, "function-length: 72 lines"),
            ("\n#[allow(dead_code)] fn f() {}", 2, "reason: `allow`"),
            ("#![expect(dead_code, reason = \"\")]", 1, "reason: `expect`"),
            ("#[allow(clippy::reason)] fn f() {}", 1, "reason: `allow`"),
            ("#[cfg_attr(test,\n allow(dead_code))] fn f() {}", 2, "reason: `allow`"),
            ("#[test]\n#[ignore]\nfn f() {}", 2, "reason: `ignore`"),
            ("#[cfg_attr(loom, ignore)]\nfn f() {}", 1, "reason: `ignore`"),
            ("fn f() { todo!() }", 1, "undone"),
            ("fn f() { dbg!(1); }", 1, "undone"),
            ("// a\n// FIXME: b", 2, "undone"),
            ("/* TODO */", 1, "undone"),
        ] {
            let found = complaints(text);
            let expected = format!("crates/x/src/bad.rs:{place}: {message}");
            assert!(found.len() == 1 && found[0].starts_with(&expected), "{text:?}: {found:?}");
        }
    }

    #[test]
    fn correct_code_has_no_complaints() {
        let lines = "\n".repeat(98);
        for text in [
            "#[expect(dead_code, reason = \"why\")]\nfn f() { let todo = \"todo!() FIXME\"; }",
            "#[cfg_attr(loom, ignore = \"loom has no clock\")] fn f() {}",
            "#[cfg_attr(test, allow(dead_code, reason = \"why\"))] fn f() {}",
            "#[arg(ignore_case = true)] struct S;",
            "#[doc = \"allow(this)\"] struct S; // TODOS are no such thing",
            &format!("#[cfg(test)]\nmod tests {{\n fn f() {{{lines}}}\n}}"),
        ] {
            assert_eq!(complaints(text), Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn foreign_runtimes_and_missing_lock_files_are_found() {
        let found = foreign("name = \"slab\"\nname = \"tokio\"\nname = \"tokio-like\"");
        assert!(found.len() == 1 && found[0].starts_with("Cargo.lock:2: "), "{found:?}");
        assert_eq!(foreign_runtimes(Path::new("/nowhere/at/all")).len(), 1);
    }
}
