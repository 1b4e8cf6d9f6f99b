//! Unsafe code: only in the files listed here, each use with its safety argument.

use super::scan;
use super::source::Source;

/// The files that may hold unsafe code, and why each must.
const FILES: &[(&str, &str)] = &[
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
    (
        "crates/whippet/src/executor/task/current_poll.rs",
        "a place in the source behind an atomic pointer",
    ),
    ("crates/whippet/src/executor/local/mod.rs", "tasks that are not `Send`, kept to their thread"),
    ("crates/whippet/src/macros/futures.rs", "the futures of a `select!`, pinned as one"),
    ("crates/whippet/src/executor/queue.rs", "runnables as atomic pointers in a ring"),
    (
        "crates/whippet/src/io/fill_buf.rs",
        "a borrow that goes back on one path and is lent on another",
    ),
    ("crates/whippet/src/sync/lock/lock_inner.rs", "a value that is reached through guards alone"),
    ("crates/whippet/src/sync/mpsc/queue.rs", "messages that a shared reference does not reach"),
    ("crates/whippet/src/sync/once/once_slot.rs", "a value that is shared once it is there"),
    ("crates/whippet/src/sync/oneshot/inner.rs", "a value handed over by a state word"),
    ("crates/whippet/src/sys/raw.rs", "system calls that rustix does not know"),
];

/// Folders outside of the product, where unsafe code needs only its argument.
const OUTSIDE: [&str; 2] = ["bench/", "fuzz/"];

/// The only crate whose files may be listed.
const CRATE: &str = "crates/whippet/";

/// How far above a use its argument may begin.
const ARGUMENT_LINES: usize = 8;

/// The complaints about the unsafe code of all files.
pub(super) fn find(sources: &[Source]) -> Vec<String> {
    let mut complaints: Vec<String> =
        sources.iter().flat_map(|source| uses(source, FILES)).collect();
    complaints.extend(sources.iter().filter_map(unforbidden));
    complaints.extend(stale(sources, FILES));
    complaints
}

/// Uses in a file that is not listed, and uses without an argument.
fn uses(source: &Source, files: &[(&str, &str)]) -> Vec<String> {
    let outside = OUTSIDE.iter().any(|folder| source.path.starts_with(folder));
    let named = outside || files.iter().any(|(path, _)| *path == source.path);
    let may_test = source.path.starts_with(CRATE);
    let tests = scan::test_ranges(&source.code);
    let mut complaints = Vec::new();
    for start in scan::words(&source.code, "unsafe") {
        let in_tests = source.is_test || tests.iter().any(|range| range.contains(&start));
        if !(named || in_tests && may_test) {
            let message = "unsafe-file: this file is not listed for unsafe code: do without, or list it with its reason in xtask/src/tidy/unsafe_files.rs";
            complaints.push(source.complaint(start, message));
        } else if !is_argued(source, start) {
            let message = "unsafe-argument: no `// SAFETY:` close above says which invariant makes this sound (`# Safety` for a function's duties)";
            complaints.push(source.complaint(start, message));
        }
    }
    complaints
}

/// Whether the argument for the use at `start` stands close above it.
fn is_argued(source: &Source, start: usize) -> bool {
    let after = source.code[start + "unsafe".len()..].trim_start();
    let Some(function) = after.strip_prefix("fn") else {
        return above(source, start, ARGUMENT_LINES).contains("SAFETY:");
    };
    // `unsafe fn(…)` is a type. A function's documentation may be of any length.
    let is_type = scan::name_at(function).is_empty();
    is_type || above(source, start, documentation(source, start)).contains("# Safety")
}

/// The comments on the line of a place and on as many lines above it.
fn above(source: &Source, start: usize, lines: usize) -> String {
    let line = source.line(start);
    let comments = source.comments.lines().take(line).skip(line.saturating_sub(lines + 1));
    comments.collect::<Vec<_>>().join("\n")
}

/// The lines of comments and attributes right above a place.
fn documentation(source: &Source, start: usize) -> usize {
    let line = source.line(start);
    let lines: Vec<&str> = source.text.lines().take(line - 1).collect();
    let belongs = |text: &&&str| {
        let text = text.trim_start();
        text.starts_with("//") || text.starts_with("#[")
    };
    lines.iter().rev().take_while(belongs).count()
}

/// A library or program of the product, other than whippet, that does not forbid unsafe code.
fn unforbidden(source: &Source) -> Option<String> {
    let is_root = ["/src/lib.rs", "/src/main.rs"].iter().any(|end| source.path.ends_with(end));
    let outside = OUTSIDE.iter().any(|folder| source.path.starts_with(folder));
    let forbids = source.code.contains("#![forbid(unsafe_code)]");
    (is_root && !outside && !source.path.starts_with(CRATE) && !forbids)
        .then(|| source.complaint(0, "unsafe-forbidden: add `#![forbid(unsafe_code)]`"))
}

/// Listed files without unsafe code.
fn stale(sources: &[Source], files: &[(&str, &str)]) -> Vec<String> {
    let is_used = |path: &str| {
        sources.iter().any(|source| {
            source.path == path && scan::words(&source.code, "unsafe").next().is_some()
        })
    };
    let unused = files.iter().filter(|(path, _)| !is_used(path));
    unused
        .map(|(path, _)| {
            format!("{path}:1: unsafe-file: no unsafe code is here any more: remove it from the list in xtask/src/tidy/unsafe_files.rs")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: [(&str, &str); 1] = [("crates/whippet/src/raw.rs", "for this test")];

    fn source(path: &str, text: &str) -> Source {
        Source::new(path.to_owned(), text.to_owned())
    }

    #[test]
    fn unsafe_code_needs_a_listed_file() {
        let text = "// SAFETY: it is argued.\nunsafe { f() }";
        for (path, is_test, count) in [
            ("crates/whippet/src/raw.rs", false, 0),
            ("crates/whippet/src/other.rs", false, 1),
            ("crates/whippet/src/other/tests.rs", true, 0),
            ("crates/chinwag/src/raw.rs", false, 1),
            ("crates/chinwag/tests/any.rs", true, 1),
            ("bench/src/floor.rs", false, 0),
        ] {
            let mut source = source(path, text);
            source.is_test = is_test;
            let found = uses(&source, &NAMED);
            assert_eq!(found.len(), count, "{path}: {found:?}");
            assert!(found.iter().all(|message| message.contains(":2: unsafe-file: ")), "{found:?}");
        }
    }

    #[test]
    fn unsafe_code_needs_its_argument() {
        let far =
            format!("// SAFETY: too far away.{}unsafe {{ f() }}", "\n".repeat(ARGUMENT_LINES + 1));
        for (text, count) in [
            ("unsafe { f() }", 1),
            ("\"SAFETY:\"; unsafe { f() }", 1),
            (far.as_str(), 1),
            ("unsafe impl Send for S {}", 1),
            ("/// Does it.\nunsafe fn f() {}", 1),
            ("/// # Safety\n/// Only once.\n#[inline]\nunsafe fn f() {}", 0),
            ("struct S { f: unsafe fn(u8) } // unsafe", 0),
            ("// SAFETY: it holds no pointer.\nunsafe impl Send for S {}", 0),
        ] {
            let found = uses(&source(NAMED[0].0, text), &NAMED);
            assert_eq!(found.len(), count, "{text:?}: {found:?}");
            assert!(
                found.iter().all(|message| message.contains(": unsafe-argument: ")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn all_crates_but_whippet_forbid_it() {
        for (path, text, is_found) in [
            ("crates/chinwag/src/lib.rs", "// #![forbid(unsafe_code)]", true),
            ("crates/chinwag/src/main.rs", "#![forbid(unsafe_code)]", false),
            ("crates/chinwag/src/chat/broker/mod.rs", "", false),
            ("crates/whippet/src/lib.rs", "", false),
        ] {
            assert_eq!(unforbidden(&source(path, text)).is_some(), is_found, "{path}");
        }
    }

    #[test]
    fn files_without_unsafe_code_are_not_listed() {
        assert_eq!(stale(&[], &NAMED).len(), 1);
        assert_eq!(stale(&[source(NAMED[0].0, "safe()")], &NAMED).len(), 1);
        assert_eq!(stale(&[source(NAMED[0].0, "unsafe { f() }")], &NAMED).len(), 0);
    }
}
