//! The documents of the distribution, and their text without the sources.
//!
//! They have the same paths as in the sources, so that links between them work. A link to another file of the sources becomes
//! text that says so. Pure.

use crate::markdown;
use crate::tidy::links;
use std::collections::BTreeSet;
use std::ops::Range;

/// The documents, by their paths in the sources and in the distribution.
pub(super) const PAGES: [&str; 5] =
    ["CHANGELOG.md", "SECURITY.md", "docs/COSTS.md", "docs/OPERATIONS.md", "docs/USER_GUIDE.md"];
/// The first page.
pub(super) const README: &str = include_str!("README.md");
/// Files that are copied unchanged.
pub(super) const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];
/// What follows the name of a file that is not in the distribution.
const ELSEWHERE: &str = " (in the sources)";

/// The text of a page in the distribution: `sources` are all files of the project, `shipped` those of the distribution.
pub(super) fn rewrite(
    page: &str,
    text: &str,
    sources: &BTreeSet<String>,
    shipped: &BTreeSet<String>,
) -> String {
    let is_left_out = |path: &str| {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let lies_in = |files: &BTreeSet<String>| {
            files.contains(path) || files.iter().any(|file| file.starts_with(&folder))
        };
        lies_in(sources) && !lies_in(shipped)
    };
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    for link in markdown::links(text) {
        let path = link.target.split('#').next().unwrap_or_default();
        if links::resolve(page, path).is_some_and(|path| is_left_out(&path)) {
            changes.push((link.place, link.text + ELSEWHERE));
        }
    }
    for span in markdown::spans(text) {
        let is_linked = changes.iter().any(|(place, _)| place.contains(&span.place.start));
        if !is_linked && is_left_out(&span.text) {
            changes.push((span.place.end..span.place.end, ELSEWHERE.to_owned()));
        }
    }
    changes.sort_by_key(|(place, _)| place.start);
    let mut rewritten = text.to_owned();
    for (place, text) in changes.into_iter().rev() {
        rewritten.replace_range(place, &text);
    }
    rewritten
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::path::Path;

    #[test]
    fn links_to_sources_become_text() {
        let set = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        let (sources, shipped) = (set(&["A.md", "docs/b.md", "src/c.rs"]), set(&["docs/b.md"]));
        let text = "[A](../A.md#x), [b](b.md), `src/c.rs`, `src/d.rs`, [e](https://e.org)\n";
        let read = rewrite("docs/b.md", text, &sources, &shipped);
        assert_eq!(
            read,
            "A (in the sources), [b](b.md), `src/c.rs` (in the sources), `src/d.rs`, [e](https://e.org)\n"
        );
    }

    #[test]
    fn the_distribution_has_no_dead_links() {
        let root = crate::root();
        let sources = links::files(&root, Path::new(""));
        let mut shipped = links::files(&root, Path::new("contrib"));
        let documents = PAGES.into_iter().chain(LICENCES).chain(["README.md", "chinwag"]);
        shipped.extend(documents.map(str::to_owned));
        let mut pages = BTreeMap::from([("README.md".to_owned(), README.to_owned())]);
        for page in PAGES {
            let text = std::fs::read_to_string(root.join(page)).expect("a page");
            pages.insert(page.to_owned(), rewrite(page, &text, &sources, &shipped));
        }
        // Its pages name files of the sources, too: only links are checked.
        let links: Vec<_> = links::dead(&shipped, &pages)
            .into_iter()
            .filter(|complaint| !complaint.contains("there is no file `"))
            .collect();
        assert_eq!(links, Vec::<String>::new());
        for (page, text) in &pages {
            for span in markdown::spans(text) {
                let follows = text[span.place.end..].starts_with(ELSEWHERE);
                let is_there = shipped.contains(&span.text) || !sources.contains(&span.text);
                assert!(is_there || follows, "{page}:{}: {}", span.line, span.text);
            }
        }
        // Files of `contrib` name pages, too.
        for file in shipped.iter().filter(|file| file.starts_with("contrib/")) {
            let text = std::fs::read_to_string(root.join(file)).expect("text");
            for word in text.split(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | '`')) {
                let is_missing = sources.contains(word) && !shipped.contains(word);
                assert!(!is_missing, "{file} names {word}");
            }
        }
    }
}
