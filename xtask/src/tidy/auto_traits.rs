//! Each public type of whippet, and each public function that gives a future, is in a table of its auto traits.
//!
//! Names are compared by how often they are there: two types of one name must be in the tables by two paths. What a macro
//! makes (`$name`) has no name here, and is left out.

use super::scan::{self, matching, name_at, words};
use super::source::Source;
use std::collections::{BTreeMap, BTreeSet};

/// The sources that the rule is for.
const FOLDER: &str = "crates/whippet/src/";
/// Items for macros, which are not public otherwise.
const HIDDEN: &str = "crates/whippet/src/macros/";
/// Where the tables are.
const TABLES: &str = "crates/whippet/tests/auto_traits/";

/// Types that are public for the compiler alone: no path leads to them.
const WITHOUT_PATH: [&str; 2] = ["Stream", "LookupTarget"];

/// A declaration: its name, of a function with that of its type (`Receiver::recv`), and where it is.
type Declared = (String, usize);

/// The types and functions that are in no table.
pub(super) fn find(sources: &[Source]) -> Vec<String> {
    let mut paths = BTreeSet::new();
    let tables = sources.iter().filter(|source| source.path.starts_with(TABLES));
    tables.for_each(|source| paths.extend(source.text.lines().filter_map(path)));
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    for path in &paths {
        for name in names(path) {
            *left.entry(name).or_default() += 1;
        }
    }
    let looked_at = sources.iter().filter(|source| {
        source.path.starts_with(FOLDER) && !source.path.starts_with(HIDDEN) && !source.is_test
    });
    let mut complaints = Vec::new();
    for source in looked_at {
        for (name, start) in types(source).into_iter().chain(futures(source)) {
            match left.get_mut(&name) {
                Some(count) if *count > 0 => *count -= 1,
                _ => complaints.push(source.complaint(
                    start,
                    &format!("auto-traits: `{name}` is in no table of {TABLES}: add it, with the traits that tokio's has"),
                )),
            }
        }
    }
    complaints
}

/// The path that a line of a table is about, without generics and arguments; that of a function begins with `fn`.
fn path(line: &str) -> Option<String> {
    let line = line.trim().strip_suffix(';')?;
    let is_function = line.starts_with("fn ");
    let path = line.strip_prefix("fn ").unwrap_or(line);
    if !path.starts_with("whippet::") {
        return None;
    }
    let mut plain = String::from(if is_function { "fn " } else { "" });
    let mut depth = 0_usize;
    for character in path.chars() {
        match character {
            '(' if depth == 0 => break,
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(character),
            _ => {}
        }
    }
    Some(plain.replace("::::", "::"))
}

/// What a declaration of this path may be called.
fn names(path: &str) -> Vec<String> {
    let segments: Vec<&str> = path.split("::").collect();
    let last = segments.last().copied().unwrap_or_default();
    let owner = segments.len().checked_sub(2).map_or("", |at| segments[at]);
    match path.strip_prefix("fn ") {
        Some(_) => vec![format!("{owner}::{last}"), format!("fn {last}")],
        None => vec![last.to_owned()],
    }
}

/// The public types that a file declares.
fn types(source: &Source) -> Vec<Declared> {
    let tests = scan::test_ranges(&source.code);
    let mut declared = Vec::new();
    for keyword in ["struct", "enum", "union"] {
        for start in words(&source.code, keyword) {
            let name = name_at(&source.code[start + keyword.len()..]);
            let is_test = tests.iter().any(|range| range.contains(&start));
            let is_public = is_public(&source.code[..start]) && !WITHOUT_PATH.contains(&name);
            if is_public && !name.is_empty() && !is_test {
                declared.push((name.to_owned(), start));
            }
        }
    }
    declared
}

/// The public functions of a file that return an unnamed future.
fn futures(source: &Source) -> Vec<Declared> {
    let code = source.code.as_str();
    let owners = owners(code);
    let tests = scan::test_ranges(code);
    let mut declared = Vec::new();
    for start in words(code, "fn") {
        let rest = &code[start + "fn".len()..];
        let name = name_at(rest);
        let head = code[..start].trim_end();
        let (head, is_async) = match head.strip_suffix("async") {
            Some(head) => (head, true),
            None => (head, false),
        };
        let signature = &rest[..rest.find(['{', ';']).unwrap_or(rest.len())];
        let gives_future = signature
            .rsplit_once("->")
            .is_some_and(|(_, output)| output.contains("impl ") && output.contains("Future<"));
        let owner = owners.iter().rfind(|owner| owner.body.contains(&start));
        let in_trait = owner.is_some_and(|owner| owner.is_public_trait);
        let is_test = tests.iter().any(|range| range.contains(&start));
        if name.is_empty()
            || !(is_async || gives_future)
            || !(is_public(head) || in_trait)
            || is_test
        {
            continue;
        }
        let name = match owner {
            Some(owner) if !owner.name.is_empty() => format!("{}::{name}", owner.name),
            _ => format!("fn {name}"),
        };
        declared.push((name, start));
    }
    declared
}

/// A trait, or an implementation of a type, with its functions.
struct Owner {
    /// The name of the trait or type; empty if a macro puts it there.
    name: String,
    /// Whether it is a public trait.
    is_public_trait: bool,
    /// Its block.
    body: std::ops::Range<usize>,
}

/// The traits and implementations in code, outer before inner.
fn owners(code: &str) -> Vec<Owner> {
    let mut owners = Vec::new();
    for keyword in ["impl", "trait"] {
        for start in words(code, keyword) {
            let rest = &code[start + keyword.len()..];
            // `impl` in a signature has no block before the next comma, bracket or semicolon.
            let Some(open) = block(rest) else { continue };
            let head = &rest[..open];
            let name = if keyword == "trait" { name_at(head) } else { name_of_type(head) };
            let begin = code.len() - rest.len() + open;
            owners.push(Owner {
                name: name.to_owned(),
                is_public_trait: keyword == "trait" && is_public(&code[..start]),
                body: begin..begin + matching(&code[begin..]),
            });
        }
    }
    owners.sort_by_key(|owner| owner.body.start);
    owners
}

/// Where the block of an item begins whose head this is; none if it is no head of an item.
fn block(rest: &str) -> Option<usize> {
    let mut angles = 0_usize;
    let mut place = 0;
    while let Some(&byte) = rest.as_bytes().get(place) {
        match byte {
            b'{' => return Some(place),
            b';' | b')' | b']' | b'=' if angles == 0 => return None,
            b',' if angles == 0 && words(&rest[..place], "where").next().is_none() => return None,
            b'(' | b'[' => place += matching(&rest[place..]) - 1,
            b'<' => angles += 1,
            b'>' if !rest[..place].ends_with(['-', '=']) => angles = angles.checked_sub(1)?,
            _ => {}
        }
        place += 1;
    }
    None
}

/// The name of the type that `impl` with this head is of, without path and generics; empty if a macro puts it there.
fn name_of_type(head: &str) -> &str {
    let head = words(head, "where").next().map_or(head, |at| &head[..at]).trim();
    let head = if head.starts_with('<') { &head[generics(head)..] } else { head };
    let path = words(head, "for").last().map_or(head, |at| &head[at + "for".len()..]);
    let path = path.split('<').next().unwrap_or(path).trim();
    if path.contains('$') { "" } else { path.rsplit("::").next().unwrap_or(path) }
}

/// The length of the generics that code begins with.
fn generics(code: &str) -> usize {
    let mut depth = 0_usize;
    for (place, byte) in code.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if !code[..place].ends_with(['-', '=']) => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place + 1;
        }
    }
    code.len()
}

/// Whether the item after this code is public everywhere.
fn is_public(head: &str) -> bool {
    words(head.trim_end(), "pub").last().is_some_and(|at| head.trim_end().len() == at + "pub".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is missing of code beside a table.
    fn missing(code: &str, table: &str) -> Vec<String> {
        let source = |path: &str, text: &str| Source::new(path.to_owned(), text.to_owned());
        let sources = [
            source("crates/whippet/src/a.rs", code),
            source("crates/whippet/tests/auto_traits/a.rs", table),
        ];
        let name = |message: String| message.split('`').nth(1).unwrap_or_default().to_owned();
        find(&sources).into_iter().map(name).collect()
    }

    #[test]
    fn public_types_in_no_table_are_found() {
        let code = "pub struct A<T>(T); pub enum B {} pub(crate) struct C; struct D;";
        assert_eq!(missing(code, ""), ["A", "B"]);
        assert_eq!(missing(code, "    whippet::a::A<T>;\n    whippet::B;\n"), [""; 0]);
        let twice = "mod x { pub struct A; } mod y { pub struct A; }";
        assert_eq!(missing(twice, "whippet::x::A<u8, T>;\nwhippet::x::A<T, u8>;\n"), ["A"]);
        assert_eq!(missing(twice, "whippet::x::A;\nwhippet::y::A;\n"), [""; 0]);
    }

    #[test]
    fn public_futures_in_no_table_are_found() {
        let code = "impl<T: Fn() -> u8> A<T> where T: Send { pub async fn f(&self) {} async fn g() {} }
            impl Trait for B { async fn h() {} }
            pub trait C { fn i(&self) -> impl Future<Output = ()>; fn j(&self, f: impl Future<Output = ()>); }
            pub fn k(a: impl Fn()) -> impl Future<Output = u8> { a }
            macro_rules! m { () => { impl $name { pub async fn l() {} } } }";
        assert_eq!(missing(code, ""), ["A::f", "C::i", "fn k", "fn l"]);
        let table = "fn whippet::A::<T>::f(any());\nfn whippet::C::i(any());\nfn whippet::k(any::<fn()>());\nfn whippet::x::X::l();";
        assert_eq!(missing(code, table), [""; 0]);
    }
}
