//! Panics that a caller of whippet causes: the message begins with the call, in backticks. `tests/panic_messages.rs` checks
//! the rest of it. What cannot happen is an `unreachable!`, an `expect` or a `debug_assert!`, which the rule ignores.

use super::scan;
use super::source::Source;

/// The sources that the rule is for.
const SOURCES: &str = "crates/whippet/src/";
/// The macros that panic.
const MACROS: [&str; 4] = ["panic", "assert", "assert_eq", "assert_ne"];
/// Parts of whippet that replace the operating system in models, and have no callers outside.
const MODELS: [&str; 2] = ["crates/whippet/src/loom", "/shuttle.rs"];

/// The panics whose message names no call.
pub(super) fn find(source: &Source) -> Vec<String> {
    let is_model = MODELS.iter().any(|part| source.path.contains(part));
    if source.is_test || is_model || !source.path.starts_with(SOURCES) {
        return Vec::new();
    }
    let tests = scan::test_ranges(&source.code);
    let is_meant = |&start: &usize| {
        let line = source.code[..start].rfind('\n').map_or(0, |end| end + 1);
        let is_const = source.code[line..start].contains("const _:");
        !is_const && !tests.iter().any(|range| range.contains(&start))
    };
    let starts = MACROS.iter().flat_map(|name| {
        let calls = scan::words(&source.code, name).filter(is_meant);
        calls.map(|start| (start, start + name.len() + 1)).collect::<Vec<_>>()
    });
    let message =
        "panic-message: begin it with the call: \"`Type::method`: what is wrong; what to do\"";
    let mut complaints: Vec<(usize, String)> = starts
        .filter(|&(_, open)| source.code[..open].ends_with('!') && !names_a_call(source, open))
        .map(|(start, _)| (start, source.complaint(start, message)))
        .collect();
    complaints.sort();
    complaints.into_iter().map(|(_, complaint)| complaint).collect()
}

/// Whether a string within the brackets that open here begins with a name in backticks and a colon.
fn names_a_call(source: &Source, open: usize) -> bool {
    let length = scan::matching(&source.code[open..]);
    let inside = &source.text[open..open + length];
    inside.match_indices("\"`").any(|(place, quote)| {
        inside[place + quote.len()..]
            .split_once('`')
            .is_some_and(|(_, rest)| rest.starts_with(": "))
    })
}

#[cfg(test)]
mod tests {
    use super::{Source, find};

    #[test]
    fn a_panic_names_the_call() {
        for (path, text, count) in [
            ("crates/whippet/src/any.rs", "fn f() { panic!(\"it is wrong\") }", 1),
            ("crates/whippet/src/any.rs", "fn f() { panic!(\"`f`: it is wrong; do not\") }", 0),
            ("crates/whippet/src/any.rs", "fn f() { panic!(\"`{call}`: {error}\") }", 0),
            ("crates/whippet/src/any.rs", "fn f() { assert!(x > 0, \"`f` is wrong\"); }", 1),
            ("crates/whippet/src/any.rs", "fn f() { assert!(x > 0); assert_eq!(x, 1) }", 2),
            ("crates/whippet/src/any.rs", "const _: () = assert!(SIZE < 9);", 0),
            ("crates/whippet/src/any.rs", "fn f() { debug_assert!(x); unreachable!() }", 0),
            ("crates/whippet/src/any.rs", "#[cfg(test)]\nmod tests { fn f() { assert!(x) } }", 0),
            ("crates/whippet/src/any.rs", "// panic!(\"no\")\nfn f() { g(\"panic!()\") }", 0),
            ("crates/whippet/src/loom/any.rs", "fn f() { panic!(\"no\") }", 0),
            ("crates/chinwag/src/any.rs", "fn f() { panic!(\"no\") }", 0),
        ] {
            let found = find(&Source::new(path.to_owned(), text.to_owned()));
            assert_eq!(found.len(), count, "{text:?}: {found:?}");
        }
    }
}
