//! User code that may unwind: only a few files of whippet wake wakers and catch panics, and each call of user code is listed in
//! docs/UNWINDING.md with its test.

use super::scan;
use super::source::Source;
use std::collections::BTreeSet;
use std::path::Path;

/// The library.
const LIBRARY: &str = "crates/whippet/src/";
/// The tests that the page names.
const TESTS: &str = "crates/whippet/tests/unwinding/";
/// The page.
const PAGE: &str = "docs/UNWINDING.md";

/// The files that may catch a panic or wake a waker by themselves, and why.
const FILES: [(&str, &str); 3] = [
    ("crates/whippet/src/unwind.rs", "the guards"),
    ("crates/whippet/src/wake_list.rs", "wakers on their way out of a lock"),
    ("crates/whippet/src/executor/task/cell.rs", "a panic of a task is its output"),
];

/// What wakes a waker: a task wakes itself through its own context, and a `Wake` calls itself.
const WAKES: [&str; 3] = [".wake()", ".wake_by_ref()", "Waker::wake"];
/// Whose wake concerns the very poll that it is called in.
const OWN: [&str; 2] = ["cx.waker()", "self"];

/// The complaints about the sources and the page.
pub(super) fn find(root: &Path, sources: &[Source]) -> Vec<String> {
    let mut complaints: Vec<String> = sources.iter().flat_map(uses).collect();
    let page = std::fs::read_to_string(root.join(PAGE)).unwrap_or_default();
    complaints.extend(compare(&tests(sources), &named(&page)));
    complaints
}

/// Uses in a file that catch or wake by themselves.
fn uses(source: &Source) -> Vec<String> {
    let named = FILES.iter().any(|(path, _)| *path == source.path);
    if named || source.is_test || !source.path.starts_with(LIBRARY) {
        return Vec::new();
    }
    let tests = scan::test_ranges(&source.code);
    let places = |word: &'static str| source.code.match_indices(word).map(|(start, _)| start);
    let caught = places("catch_unwind").map(|start| (start, CATCHES));
    let woken = WAKES.into_iter().flat_map(places).map(|start| (start, WAKES_ALONE));
    caught
        .chain(woken.filter(|(start, _)| !is_own(&source.code[..*start])))
        .filter(|(start, _)| !tests.iter().any(|range| range.contains(start)))
        .map(|(start, message)| source.complaint(start, message))
        .collect()
}

/// The complaint about a panic that is caught.
const CATCHES: &str = "unwinding: a panic is caught by hand: use the guards of unwind.rs";
/// The complaint about a waker that is woken.
const WAKES_ALONE: &str = "unwinding: a waker is woken by hand: its panic ends the step, or the process in a drop: use `wake` or \
                           `Wakers` of wakers.rs";

/// Whether what stands before a call is a waker of one's own.
fn is_own(before: &str) -> bool {
    OWN.iter().any(|own| before.trim_end().ends_with(own))
}

/// The tests of the page's folder, by module and name.
fn tests(sources: &[Source]) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for source in sources {
        let Some(module) =
            source.path.strip_prefix(TESTS).and_then(|name| name.strip_suffix(".rs"))
        else {
            continue;
        };
        for (start, attribute) in source.code.match_indices("#[test]") {
            let after = source.code[start + attribute.len()..].trim_start();
            let name = after.strip_prefix("fn").map(scan::name_at).unwrap_or_default();
            tests.insert(format!("{module}::{name}"));
        }
    }
    tests
}

/// The tests of that folder that the page names.
fn named(page: &str) -> BTreeSet<String> {
    let spans = page.split('`').skip(1).step_by(2);
    let is_test = |word: &&str| {
        word.split_once("::").is_some_and(|(module, name)| {
            module.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
                && name.contains('_')
                && !name.contains("::")
        })
    };
    spans.filter(is_test).map(str::to_owned).collect()
}

/// Tests that the page does not name, and names that are no tests.
fn compare(tests: &BTreeSet<String>, named: &BTreeSet<String>) -> Vec<String> {
    let missing = tests.difference(named).map(|test| {
        format!("{PAGE}:1: unwinding: no row names the test {test}: say where user code is called")
    });
    let stale = named.difference(tests).map(|name| {
        format!("{PAGE}:1: unwinding: there is no test {name} in {TESTS}: mend the row")
    });
    missing.chain(stale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> usize {
        uses(&Source::new(path.to_owned(), text.to_owned())).len()
    }

    #[test]
    fn wakers_are_woken_in_few_places() {
        let [path, other] = ["crates/whippet/src/any.rs", "crates/whippet/src/wake_list.rs"];
        for text in ["waker.wake();", "some.map(Waker::wake)", "waker\n    .wake_by_ref();"] {
            assert_eq!((complaints(path, text), complaints(other, text)), (1, 0), "{text}");
        }
        for text in ["cx.waker().wake_by_ref();", "self.wake_by_ref();", "// waker.wake()"] {
            assert_eq!(complaints(path, text), 0, "{text}");
        }
        assert_eq!(
            complaints(path, "#[cfg(test)]\nmod tests {\n    fn f() { waker.wake(); }\n}"),
            0
        );
        assert_eq!(complaints("crates/chinwag/src/any.rs", "waker.wake();"), 0);
        assert_eq!(complaints(path, "catch_unwind(f)"), 1);
    }

    #[test]
    fn the_page_and_the_tests_are_compared() {
        let text = "#[test]\nfn a_hook_panics() {}\n\nfn helps() {}";
        let source = Source::new(format!("{TESTS}hooks.rs"), text.to_owned());
        let tests = tests(&[source]);
        assert_eq!(tests.iter().collect::<Vec<_>>(), ["hooks::a_hook_panics"]);
        let page = |name| named(&format!("| `Clone::clone` | `io::split` | `{name}` |"));
        assert_eq!(compare(&tests, &page("hooks::a_hook_panics")), [""; 0]);
        assert_eq!(compare(&tests, &page("hooks::another_hook")).len(), 2);
        assert_eq!(named("`runtime::stall::tests::a_report`"), BTreeSet::new());
    }
}
