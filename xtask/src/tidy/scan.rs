//! Attributes, modules and functions in code, and the ranges that are compiled for tests only.
//!
//! Only the code is searched, so nothing in a comment or a string is mistaken for them.

use super::source::Source;
use std::ops::Range;

/// A `mod name;` or `mod name { … }`.
#[derive(Debug)]
pub(super) struct Module {
    /// Its name.
    pub(super) name: String,
    /// Where the word `mod` begins.
    pub(super) start: usize,
    /// Its block with the braces; none if it is a file of its own.
    pub(super) body: Option<Range<usize>>,
    /// The value of `#[path = "…"]`.
    pub(super) path: Option<String>,
}

/// A function with a body.
#[derive(Debug)]
pub(super) struct Function {
    /// From the word `fn` to the end of the body.
    pub(super) place: Range<usize>,
}

/// The length of the block that begins with the first byte, an opening bracket.
pub(super) fn matching(code: &str) -> usize {
    let mut depth = 0_usize;
    for (place, byte) in code.bytes().enumerate() {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return place + 1;
        }
    }
    code.len()
}

/// The positions of a whole word in code.
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(start, _)| start).filter(move |&start| {
        let before = start.checked_sub(1).and_then(|place| bytes.get(place));
        !is_part(before) && !is_part(bytes.get(start + word.len()))
    })
}

/// The name that code begins with, after blanks; empty if there is none.
pub(super) fn name_at(code: &str) -> &str {
    let code = code.trim_start();
    let end = code
        .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .unwrap_or(code.len());
    &code[..end]
}

/// The parts of code between commas outside of brackets.
pub(super) fn parts(code: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    code.split(move |character| {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
    .filter(|part| !part.trim().is_empty())
}

/// The attributes, in order: the places from `#` to `]`.
pub(super) fn attributes(code: &str) -> Vec<Range<usize>> {
    let opens = code.match_indices('#').filter_map(|(start, _)| {
        let rest = &code[start + 1..];
        let rest = rest.strip_prefix('!').unwrap_or(rest);
        let open = code.len() - rest.len();
        rest.starts_with('[').then(|| start..open + matching(rest))
    });
    opens.collect()
}

/// The modules that a file declares.
pub(super) fn modules(source: &Source) -> Vec<Module> {
    let code = &source.code;
    let attributes = attributes(code);
    let module = |start: usize| {
        let rest = &code[start + "mod".len()..];
        let name = name_at(rest).to_owned();
        let after = rest.trim_start()[name.len()..].trim_start();
        let open = code.len() - after.len();
        let body = match after.bytes().next()? {
            b';' => None,
            b'{' => Some(open..open + matching(after)),
            _ => return None,
        };
        let path = above(code, &attributes, start).find_map(|attribute| {
            let inside = source.text[attribute].strip_prefix("#[path")?.split('"').nth(1)?;
            Some(inside.to_owned())
        });
        (!name.is_empty()).then_some(Module { name, start, body, path })
    };
    words(code, "mod").filter_map(module).collect()
}

/// The attributes of the item whose keyword begins at `start`, the lowest first.
fn above<'a>(
    code: &'a str,
    attributes: &'a [Range<usize>],
    start: usize,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut head = code[..start].trim_end();
    if head.ends_with(')')
        && let Some(open) = head.rfind("pub(")
    {
        head = &head[..open];
    } else if let Some(public) = head.strip_suffix("pub") {
        head = public;
    }
    std::iter::from_fn(move || {
        let end = head.trim_end().len();
        let attribute = attributes.iter().find(|attribute| attribute.end == end)?;
        head = &code[..attribute.start];
        Some(attribute.clone())
    })
}

/// The functions that have a body.
pub(super) fn functions(code: &str) -> Vec<Function> {
    let function = |start: usize| {
        let rest = &code[start + "fn".len()..];
        // `fn(…)` is a type; `fn $name` stands in a macro.
        if name_at(rest.trim_start().trim_start_matches('$')).is_empty() {
            return None;
        }
        let mut depth = 0_usize;
        let open = rest.bytes().position(|byte| {
            match byte {
                b'(' | b'[' => depth += 1,
                b')' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && matches!(byte, b'{' | b';')
        })?;
        let body = &rest[open..];
        let end = code.len() - body.len() + matching(body);
        body.starts_with('{').then_some(Function { place: start..end })
    };
    words(code, "fn").filter_map(function).collect()
}

/// The ranges that are compiled for tests only: the items below `#[cfg(test)]`, `#[test]` and similar attributes.
pub(super) fn test_ranges(code: &str) -> Vec<Range<usize>> {
    let of_tests =
        attributes(code).into_iter().filter(|attribute| is_of_tests(&code[attribute.clone()]));
    of_tests.map(|attribute| attribute.start..item_end(code, attribute.end)).collect()
}

/// Whether an attribute means that its item is compiled for tests only.
fn is_of_tests(attribute: &str) -> bool {
    let inside = attribute.trim_start_matches(['#', '!', '[']).trim_end_matches(']').trim();
    if let Some(condition) = inside.strip_prefix("cfg") {
        return needs_test(condition.trim());
    }
    let path = inside.split('(').next().unwrap_or_default();
    path == "test" || path.ends_with("::test")
}

/// Whether a condition holds in tests only.
fn needs_test(condition: &str) -> bool {
    let condition = condition.trim();
    let name = name_at(condition);
    let Some(inside) =
        condition[name.len()..].trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'))
    else {
        return matches!(condition, "test" | "doctest");
    };
    match name {
        "" | "all" => parts(inside).any(needs_test),
        "any" => parts(inside).all(needs_test),
        _ => false,
    }
}

/// Where the item ends that begins at `start`: with its block, a semicolon, or the comma after a field.
fn item_end(code: &str, start: usize) -> usize {
    let mut place = start;
    let mut angles = 0_usize;
    let mut before = b' ';
    while let Some(&byte) = code.as_bytes().get(place) {
        match byte {
            b'{' => return place + matching(&code[place..]),
            b'(' | b'[' => place += matching(&code[place..]) - 1,
            b'}' | b')' | b']' | b';' => return place,
            b'<' => angles += 1,
            b'>' if before != b'-' && before != b'=' => angles = angles.saturating_sub(1),
            b',' if angles == 0 => return place,
            _ => {}
        }
        before = byte;
        place += 1;
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_with_their_paths_and_bodies() {
        let text = "#[cfg(test)]\n#[path = \"x_loom.rs\"]\npub(crate) mod a;\nmod b { mod c; }\nlet model = 1;";
        let modules = modules(&Source::new("x.rs".to_owned(), text.to_owned()));
        let shown: Vec<_> = modules
            .iter()
            .map(|module| (module.name.as_str(), module.path.as_deref(), module.body.is_some()))
            .collect();
        assert_eq!(shown, [("a", Some("x_loom.rs"), false), ("b", None, true), ("c", None, false)]);
    }

    #[test]
    fn functions_with_any_signature_are_found() {
        for (code, found) in [
            ("fn f(a: [u8; 4]) -> [u8; 2] { x }", 1),
            ("struct S { f: unsafe fn(u8), }\nimpl S { }", 0),
            ("trait T { fn f(&self); fn g(&self) { } }", 1),
            ("macro_rules! m { () => { fn $name() { } } }", 1),
        ] {
            assert_eq!(functions(code).len(), found, "{code}");
        }
    }

    #[test]
    fn test_ranges_are_those_of_tests_only() {
        for (code, kept) in [
            ("#[cfg(test)] mod t { a } b", "b"),
            ("#[cfg(all(test, not(loom)))] use crate::a::{b}; b", "; b"),
            ("#[cfg(test)] #[expect(x)] fn f<A, B>(a: A) -> C { a } b", "b"),
            ("struct S { #[cfg(test)] a: A<B, C>, b: B }", "struct S { , b: B }"),
            ("#[test] fn f() { a } b", "b"),
            ("#[whippet::test(flavor)] async fn f() { a } b", "b"),
        ] {
            let mut rest = code.to_owned();
            for stretch in test_ranges(code).into_iter().rev() {
                rest.replace_range(stretch, "");
            }
            assert_eq!(rest.trim(), kept, "{code}");
        }
        for code in [
            "#[cfg(not(test))] mod a { }",
            "#[cfg(any(test, feature))] mod a { }",
            "#[cfg(loom)] mod a { }",
            "#[attest] mod a { }",
        ] {
            assert!(test_ranges(code).is_empty(), "{code}");
        }
    }
}
