//! Import circles between sibling modules, at any depth.
//!
//! A file is a module, and so is a `mod name { … }` in it; a path in it (`use` or inline, by `crate`, `super` or `self`)
//! leads to another. Where the two part, one sibling imports the other. Siblings that import each other in a loop are a complaint. Test code may
//! import what it likes; a path that ends in the common parent (a root's re-export) is no arrow.

use super::source::Source;
use super::{module_tree, scan};
use std::collections::{BTreeMap, BTreeSet};

/// A module, by the names from its crate's root on; the first is the crate's folder.
type Module = Vec<String>;

/// An arrow between two siblings, with the file and line of one import that draws it.
type Arrows = BTreeMap<(Module, Module), String>;

/// A path in a file: where it begins, the module it stands in, and its names.
struct Import {
    start: usize,
    from: Module,
    path: Vec<String>,
}

/// The circles in these sources.
pub(super) fn find(sources: &[Source]) -> Vec<String> {
    let files: Vec<(Module, &Source)> = sources
        .iter()
        .filter(|source| !source.is_test)
        .filter_map(|source| Some((module_of(&source.path)?, source)))
        .collect();
    let mut modules: BTreeSet<Module> = BTreeSet::new();
    for (module, source) in &files {
        modules.insert(module.clone());
        let inner = scan::modules(source);
        modules.extend(inner.iter().map(|one| {
            let around = module_tree::enclosing(&inner, one.start);
            extended(module, around.into_iter().chain([one.name.as_str()]))
        }));
    }
    let mut arrows = Arrows::new();
    for (module, source) in &files {
        for import in imports(module, source) {
            if let Some(arrow) = arrow(&import.from, &import.path, &modules) {
                arrows
                    .entry(arrow)
                    .or_insert_with(|| format!("{}:{}", source.path, source.line(import.start)));
            }
        }
    }
    circles(&arrows)
}

/// A module below another.
fn extended<'a>(module: &Module, names: impl IntoIterator<Item = &'a str>) -> Module {
    module.iter().cloned().chain(names.into_iter().map(str::to_owned)).collect()
}

/// The module that a file is.
fn module_of(path: &str) -> Option<Module> {
    let (home, inside) = path.split_once("/src/")?;
    let mut names = vec![home.to_owned()];
    names.extend(inside.trim_end_matches(".rs").split('/').map(str::to_owned));
    if names.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        names.pop();
    }
    Some(names)
}

/// All paths in a file's code that begin with `crate`, `super` or `self`, with braces spelled out.
fn imports(module: &Module, source: &Source) -> Vec<Import> {
    let tests = scan::test_stretches(&source.code);
    let inner = scan::modules(source);
    let mut found = Vec::new();
    for root in ["crate::", "super::", "self::"] {
        for (start, _) in source.code.match_indices(root) {
            let is_inner = source.code[..start].ends_with(|before: char| {
                before.is_alphanumeric() || before == '_' || before == ':'
            });
            if !is_inner && !tests.iter().any(|stretch| stretch.contains(&start)) {
                let from = extended(module, module_tree::enclosing(&inner, start));
                let mut spelled = Vec::new();
                spell(&source.code[start..], &[], &mut spelled);
                found.extend(spelled.into_iter().map(|path| Import {
                    start,
                    from: from.clone(),
                    path,
                }));
            }
        }
    }
    found
}

/// Spells a path out, with all that stands in its braces.
fn spell(code: &str, before: &[String], found: &mut Vec<Vec<String>>) {
    let code = code.trim_start();
    if code.starts_with('{') {
        let inside = &code[1..scan::matching(code).max(2) - 1];
        for part in scan::parts(inside) {
            spell(part, before, found);
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
            spell(rest, &path, found);
        }
        _ => found.push(path),
    }
}

/// The arrow that a path in a module draws between two siblings, if it leads to a module.
fn arrow(from: &Module, path: &[String], modules: &BTreeSet<Module>) -> Option<(Module, Module)> {
    let mut target: Module = match path.first()?.as_str() {
        "crate" => vec![from.first()?.clone()],
        _ => from.clone(),
    };
    for name in path.iter().skip(usize::from(path[0] == "crate")) {
        match name.as_str() {
            "self" => {}
            "super" => drop(target.pop()),
            name => {
                target.push(name.to_owned());
                if !modules.iter().any(|module| module.starts_with(&target)) {
                    target.pop();
                    break;
                }
            }
        }
    }
    let common = from.iter().zip(&target).take_while(|(one, other)| one == other).count();
    if common == from.len() || common == target.len() {
        return None;
    }
    Some((from[..=common].to_vec(), target[..=common].to_vec()))
}

/// The circles that arrows form: for each module that can reach itself, one complaint a circle.
fn circles(arrows: &Arrows) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut complaints = Vec::new();
    for start in arrows.keys().map(|(from, _)| from) {
        let Some(circle) = cycle_path(start, arrows) else { continue };
        let members: BTreeSet<&Module> = circle.iter().map(|(from, _)| *from).collect();
        if seen.insert(members) {
            let places: Vec<&str> = circle
                .iter()
                .map(|(from, to)| arrows[&((*from).clone(), (*to).clone())].as_str())
                .collect();
            let steps: Vec<String> = circle
                .iter()
                .zip(&places)
                .map(|((from, to), place)| {
                    format!("\n    {} imports {} ({place})", from.join("::"), to.join("::"))
                })
                .collect();
            complaints.push(format!(
                "{}: import-circle: move what they share below both:{}",
                places[0],
                steps.concat()
            ));
        }
    }
    complaints
}

/// The shortest way from a module back to itself.
fn cycle_path<'a>(start: &'a Module, arrows: &'a Arrows) -> Option<Vec<(&'a Module, &'a Module)>> {
    let mut came_from: BTreeMap<&Module, &Module> = BTreeMap::new();
    let mut front = vec![start];
    while !front.is_empty() {
        let mut next = Vec::new();
        for &from in &front {
            for (_, to) in arrows.keys().filter(|(one, _)| one == from) {
                if !came_from.contains_key(to) {
                    came_from.insert(to, from);
                    next.push(to);
                }
            }
        }
        if came_from.contains_key(start) {
            break;
        }
        front = next;
    }
    let mut way = Vec::new();
    let mut to = start;
    loop {
        let from = came_from.get(to)?;
        way.push((*from, to));
        to = from;
        if to == start {
            way.reverse();
            return Some(way);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source::new(format!("crates/x/src/{path}"), (*text).to_owned()))
            .collect();
        find(&sources)
    }

    #[test]
    fn a_circle_of_three_is_found_through_use_and_inline_paths() {
        let circle = found(&[
            ("a.rs", "use crate::b::{self, thing};"),
            ("b.rs", "fn f() { super::c::g() }"),
            ("c.rs", "use crate::{a::Thing};"),
        ]);
        assert_eq!(circle.len(), 1, "{circle:?}");
    }

    #[test]
    fn a_circle_inside_of_a_room_is_found() {
        let circle = found(&[
            ("r/mod.rs", ""),
            ("r/a.rs", "use super::b::X;"),
            ("r/b.rs", "use crate::r::a::Y;"),
        ]);
        assert_eq!(circle.len(), 1, "{circle:?}");
    }

    #[test]
    fn a_circle_through_a_module_in_a_file_is_found() {
        let circle = found(&[
            ("a.rs", "mod inner { use super::super::b::X; }"),
            ("b.rs", "macro_rules! m { () => { $crate::a::f() } }"),
        ]);
        assert_eq!(circle.len(), 1, "{circle:?}");
        let circle =
            found(&[("a.rs", "mod one { use super::two::X; } mod two { use super::one::Y; }")]);
        assert!(circle.len() == 1 && circle[0].starts_with("crates/x/src/a.rs:1: "), "{circle:?}");
    }

    #[test]
    fn one_way_parents_and_tests_are_no_circle() {
        let circle = found(&[
            ("lib.rs", "pub use self::a::A; pub use self::b::B;"),
            ("a.rs", "use crate::b::B; use crate::A;"),
            ("b.rs", "#[cfg(test)]\nmod tests {\n use crate::a::A;\n}\n// use crate::a::A;"),
            ("c.rs", "#[cfg(test)]\nuse crate::{d::D};\nmod inner { use super::own; }"),
            ("d.rs", "use crate::c::C;"),
        ]);
        assert_eq!(circle, Vec::<String>::new());
    }
}
