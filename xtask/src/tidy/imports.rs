//! The paths in a file that lead to other modules of its crate: `use` declarations and inline paths that begin with `crate`, `super`
//! or `self`.

use super::source::Source;
use super::{module_tree, scan};

/// A module, by the names from its crate's root on; the first is the crate's folder.
pub(super) type Module = Vec<String>;

/// A path in a file.
pub(super) struct Import {
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// The module that it is in.
    pub(super) from: Module,
    /// Its names.
    pub(super) path: Vec<String>,
}

/// A module below another.
pub(super) fn extended<'a>(module: &Module, names: impl IntoIterator<Item = &'a str>) -> Module {
    module.iter().cloned().chain(names.into_iter().map(str::to_owned)).collect()
}

/// The module that a file is.
pub(super) fn module_of(path: &str) -> Option<Module> {
    let (home, inside) = path.split_once("/src/")?;
    let mut names = vec![home.to_owned()];
    names.extend(inside.trim_end_matches(".rs").split('/').map(str::to_owned));
    if names.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        names.pop();
    }
    Some(names)
}

/// All paths in a file's code that begin with `crate`, `super` or `self`, braces expanded; those in tests are left out.
pub(super) fn find(module: &Module, source: &Source) -> Vec<Import> {
    let tests = scan::test_ranges(&source.code);
    let inner = scan::modules(source);
    let mut found = Vec::new();
    for root in ["crate::", "super::", "self::"] {
        for (start, _) in source.code.match_indices(root) {
            let continues = source.code[..start].ends_with(|before: char| {
                before.is_alphanumeric() || before == '_' || before == ':'
            });
            if !continues && !tests.iter().any(|range| range.contains(&start)) {
                let from = extended(module, module_tree::enclosing(&inner, start));
                let mut expanded = Vec::new();
                expand(&source.code[start..], &[], &mut expanded);
                found.extend(expanded.into_iter().map(|path| Import {
                    start,
                    from: from.clone(),
                    path,
                }));
            }
        }
    }
    found
}

/// Expands a path: one for each name in its braces.
fn expand(code: &str, before: &[String], found: &mut Vec<Vec<String>>) {
    let code = code.trim_start();
    if code.starts_with('{') {
        let inside = &code[1..scan::matching(code).max(2) - 1];
        for part in scan::parts(inside) {
            expand(part, before, found);
        }
        return;
    }
    let name = scan::name_at(code);
    let mut path = before.to_vec();
    path.push(name.to_owned());
    match code[name.len()..].strip_prefix("::") {
        Some(rest)
            if rest
                .starts_with(|next: char| next.is_alphabetic() || next == '_' || next == '{') =>
        {
            expand(rest, &path, found);
        }
        _ => found.push(path),
    }
}

/// The absolute path, from the crate's root on, that a path in a module means; none if it leads out of the crate.
pub(super) fn resolve(from: &Module, path: &[String]) -> Option<Module> {
    let mut target = from.clone();
    for name in path {
        match name.as_str() {
            "crate" => target.truncate(1),
            "self" => {}
            "super" if target.len() < 2 => return None,
            "super" => drop(target.pop()),
            name => target.push(name.to_owned()),
        }
    }
    Some(target)
}
