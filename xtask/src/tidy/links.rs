//! No link of a page is dead: files and headings that Markdown links to exist, and so do the files that it names as
//! code. Of links to other sites only the form is checked, without the network.

use crate::markdown::{self, Link, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Endings of names by which a code span is taken for a file of the project.
const ENDINGS: [&str; 6] = [".rs", ".md", ".service", ".socket", ".svg", ".json"];
/// The first page of the distribution, which has another path there: its links are checked by `dist/shipped.rs`.
const SHIPPED: &str = "xtask/src/dist/README.md";

/// The dead links below a folder, and the names of files that are not there.
pub(super) fn find(root: &Path) -> Vec<String> {
    let files = files(root, Path::new(""));
    let pages = files.iter().filter(|path| path.ends_with(".md") && *path != SHIPPED);
    let read = |path: &String| Some((path.clone(), std::fs::read_to_string(root.join(path)).ok()?));
    let pages: BTreeMap<String, String> = pages.filter_map(read).collect();
    dead(&files, &pages)
}

/// All files below a folder, as paths from the root, except hidden ones and those below `target`.
pub(crate) fn files(root: &Path, below: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(root.join(below)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let path = below.join(&name);
        let is_hidden = name.to_string_lossy().starts_with('.') && below == Path::new("");
        if name == "target" || is_hidden {
            continue;
        }
        if entry.path().is_dir() {
            found.extend(files(root, &path));
        } else {
            found.insert(path.to_string_lossy().into_owned());
        }
    }
    found
}

/// The complaints about the links of these pages, among these files.
pub(crate) fn dead(files: &BTreeSet<String>, pages: &BTreeMap<String, String>) -> Vec<String> {
    let anchors: BTreeMap<&str, Vec<String>> =
        pages.iter().map(|(path, text)| (path.as_str(), markdown::anchors(text))).collect();
    let mut complaints = Vec::new();
    for (path, text) in pages {
        for Link { line, target, .. } in markdown::links(text) {
            if let Some(why) = wrong(path, &target, files, &anchors) {
                complaints.push(format!("{path}:{line}: link: {target} {why}"));
            }
        }
        for Span { line, text, .. } in markdown::spans(text) {
            if is_of_project(&text, files) && !is_there(&text, files) {
                complaints.push(format!("{path}:{line}: link: there is no file `{text}`"));
            }
        }
    }
    complaints
}

/// Why a link is dead, if it is.
fn wrong(
    page: &str,
    target: &str,
    files: &BTreeSet<String>,
    anchors: &BTreeMap<&str, Vec<String>>,
) -> Option<String> {
    if target.contains(':') {
        return (!is_url(target)).then(|| "is no address of a page: https://HOST/…".to_owned());
    }
    let (path, anchor) =
        target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let Some(path) = resolve(page, path) else {
        return Some("leads out of the project".to_owned());
    };
    let folder = format!("{path}/");
    if !files.contains(&path) && !files.iter().any(|file| file.starts_with(&folder)) {
        return Some("leads to no file".to_owned());
    }
    let anchor = anchor?;
    let known = anchors.get(path.as_str())?;
    (!known.iter().any(|known| known == anchor)).then(|| format!("leads to no heading of {path}"))
}

/// What a path in a page leads to; the page itself, if it is empty.
pub(crate) fn resolve(page: &str, path: &str) -> Option<String> {
    if path.is_empty() {
        return Some(page.to_owned());
    }
    let mut resolved = PathBuf::from(page);
    resolved.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if !resolved.pop() => return None,
            ".." => {}
            part => resolved.push(part),
        }
    }
    (!path.starts_with('/')).then(|| resolved.to_string_lossy().into_owned())
}

/// Whether this could be the address of a page elsewhere.
fn is_url(target: &str) -> bool {
    let rest = target.strip_prefix("https://").or_else(|| target.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '#', '?']).next().unwrap_or_default());
    host.is_some_and(|host| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        host.contains('.') && host.chars().all(fits) && host.starts_with(char::is_alphanumeric)
    })
}

/// Whether a code span names a file or a folder of the project: by its ending, or by the folder that it begins with.
fn is_of_project(code: &str, files: &BTreeSet<String>) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    // What begins with a slash is a file of the machine's.
    if !code.starts_with(char::is_alphanumeric) || !code.chars().all(fits) {
        return false;
    }
    let Some((first, _)) = code.split_once('/') else { return is_named(code) };
    let folder = format!("{first}/");
    first != "target" && (is_named(code) || files.iter().any(|file| file.starts_with(&folder)))
}

/// Whether a name has the ending of a file of the project.
fn is_named(code: &str) -> bool {
    ENDINGS.iter().any(|ending| code.ends_with(ending))
}

/// Whether there is a file or a folder of that name, or one whose path ends so.
fn is_there(code: &str, files: &BTreeSet<String>) -> bool {
    let end = format!("/{code}");
    let folder = format!("{}/", code.trim_end_matches('/'));
    files.contains(code)
        || files.iter().any(|file| file.ends_with(&end) || file.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The complaints about a page `docs/p.md` among a few other files.
    fn of(text: &str) -> Vec<String> {
        let files = ["docs/p.md", "docs/q.md", "src/a/b.rs", "README.md"];
        let files = files.into_iter().map(str::to_owned).collect();
        let pages = [("docs/p.md", text), ("docs/q.md", "# One\n## Two words\n")];
        let pages = pages.map(|(path, text)| (path.to_owned(), text.to_owned()));
        dead(&files, &pages.into_iter().collect())
    }

    #[test]
    fn valid_links_have_no_complaints() {
        let good = "# Here\n[a](q.md) [b](q.md#two-words) [c](../README.md) [d](#here) [e](../src) \
                    [f](../src/a/b.rs) [g](https://example.org/x#y) `a/b.rs` `b.rs` `/etc/x.md` `x` `q.md` `src/a/` `a/o`\n";
        assert_eq!(of(good), Vec::<String>::new());
    }

    #[test]
    fn dead_links_are_found_with_their_line() {
        for (text, complaint) in [
            ("\n[a](r.md)", "docs/p.md:2: link: r.md leads to no file"),
            ("[a](q.md#three)", "docs/p.md:1: link: q.md#three leads to no heading of docs/q.md"),
            ("[a](#gone)", "docs/p.md:1: link: #gone leads to no heading of docs/p.md"),
            ("[a](../../x)", "docs/p.md:1: link: ../../x leads out of the project"),
            ("[a](/docs/q.md)", "docs/p.md:1: link: /docs/q.md leads out of the project"),
            ("[a](http:/x)", "docs/p.md:1: link: http:/x is no address of a page: https://HOST/…"),
            ("see `a/c.rs`", "docs/p.md:1: link: there is no file `a/c.rs`"),
            ("see `src/c`", "docs/p.md:1: link: there is no file `src/c`"),
        ] {
            assert_eq!(of(text), [complaint]);
        }
    }
}
