//! Import cycles between sibling modules, at any depth.
//!
//! A file is a module, and so is a `mod name { … }` in it. A path in it ([`imports`]) leads to another module: below their nearest
//! common parent, one sibling imports the other. Siblings that import each other in a cycle are a complaint. Test code may
//! import anything. A path that ends in the common parent (a root's re-export) is not an edge.

use super::imports::{self, Module, extended, module_of};
use super::source::Source;
use super::{module_tree, scan};
use std::collections::{BTreeMap, BTreeSet};

/// Edges between siblings, each with the file and line of one import that makes it.
type Edges = BTreeMap<(Module, Module), String>;

/// The cycles in these sources.
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
    let mut edges = Edges::new();
    for (module, source) in &files {
        for import in imports::find(module, source) {
            if let Some(edge) = edge(&import.from, &import.path, &modules) {
                edges
                    .entry(edge)
                    .or_insert_with(|| format!("{}:{}", source.path, source.line(import.start)));
            }
        }
    }
    cycles(&edges)
}

/// The edge that a path in a module makes between two siblings, if it leads to another module.
fn edge(from: &Module, path: &[String], modules: &BTreeSet<Module>) -> Option<(Module, Module)> {
    let exists = |target: &Module| modules.iter().any(|module| module.starts_with(target));
    let mut target = imports::resolve(from, path)?;
    while target.len() > 1 && !exists(&target) {
        target.pop();
    }
    let common = from.iter().zip(&target).take_while(|(one, other)| one == other).count();
    if common == from.len() || common == target.len() {
        return None;
    }
    Some((from[..=common].to_vec(), target[..=common].to_vec()))
}

/// The cycles of these edges: one complaint for each.
fn cycles(edges: &Edges) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut complaints = Vec::new();
    for start in edges.keys().map(|(from, _)| from) {
        let Some(cycle) = cycle_path(start, edges) else { continue };
        let members: BTreeSet<&Module> = cycle.iter().map(|(from, _)| *from).collect();
        if seen.insert(members) {
            let places: Vec<&str> = cycle
                .iter()
                .map(|(from, to)| edges[&((*from).clone(), (*to).clone())].as_str())
                .collect();
            let steps: Vec<String> = cycle
                .iter()
                .zip(&places)
                .map(|((from, to), place)| {
                    format!("\n    {} imports {} ({place})", from.join("::"), to.join("::"))
                })
                .collect();
            complaints.push(format!(
                "{}: import-cycle: move what they share below both:{}",
                places[0],
                steps.concat()
            ));
        }
    }
    complaints
}

/// The edges of the shortest path from a module back to itself.
fn cycle_path<'a>(start: &'a Module, edges: &'a Edges) -> Option<Vec<(&'a Module, &'a Module)>> {
    let mut came_from: BTreeMap<&Module, &Module> = BTreeMap::new();
    let mut front = vec![start];
    while !front.is_empty() {
        let mut next = Vec::new();
        for &from in &front {
            for (_, to) in edges.keys().filter(|(one, _)| one == from) {
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
    let mut path = Vec::new();
    let mut to = start;
    loop {
        let from = came_from.get(to)?;
        path.push((*from, to));
        to = from;
        if to == start {
            path.reverse();
            return Some(path);
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
    fn cycles_through_use_and_inline_paths_are_found() {
        let cycle = found(&[
            ("a.rs", "use crate::b::{self, thing};"),
            ("b.rs", "fn f() { super::c::g() }"),
            ("c.rs", "use crate::{a::Thing};"),
        ]);
        assert_eq!(cycle.len(), 1, "{cycle:?}");
    }

    #[test]
    fn cycles_within_a_folder_are_found() {
        let cycle = found(&[
            ("r/mod.rs", ""),
            ("r/a.rs", "use super::b::X;"),
            ("r/b.rs", "use crate::r::a::Y;"),
        ]);
        assert_eq!(cycle.len(), 1, "{cycle:?}");
    }

    #[test]
    fn cycles_through_inline_modules_are_found() {
        let cycle = found(&[
            ("a.rs", "mod inner { use super::super::b::X; }"),
            ("b.rs", "macro_rules! m { () => { $crate::a::f() } }"),
        ]);
        assert_eq!(cycle.len(), 1, "{cycle:?}");
        let cycle =
            found(&[("a.rs", "mod one { use super::two::X; } mod two { use super::one::Y; }")]);
        assert!(cycle.len() == 1 && cycle[0].starts_with("crates/x/src/a.rs:1: "), "{cycle:?}");
    }

    #[test]
    fn one_way_imports_parents_and_tests_are_no_cycle() {
        let cycle = found(&[
            ("lib.rs", "pub use self::a::A; pub use self::b::B;"),
            ("a.rs", "use crate::b::B; use crate::A;"),
            ("b.rs", "#[cfg(test)]\nmod tests {\n use crate::a::A;\n}\n// use crate::a::A;"),
            ("c.rs", "#[cfg(test)]\nuse crate::{d::D};\nmod inner { use super::own; }"),
            ("d.rs", "use crate::c::C;"),
        ]);
        assert_eq!(cycle, Vec::<String>::new());
    }
}
