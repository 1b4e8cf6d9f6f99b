//! The file of settings: from TOML to what each key was given, with the place where it stands.

use super::value::{RawKind, RawValue};
use crate::os::files::{self, Distrust, Found};
use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// Most bytes of a file: a hundred times what all settings take.
const MAX_BYTES: u64 = 256 * 1024;
/// Most values of one key whose places are found: more than any setting has. All others have the place of the whole.
const MAX_POSITIONS: usize = 64;

/// A place in a file, both counted from 1; columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// One line of a file: a key and what it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The key.
    pub key: String,
    /// Where it stands.
    pub at: Position,
    /// What it was given; nothing where that is no value of any setting.
    pub values: Vec<RawValue<'static>>,
    /// Where each of it stands; where the whole stands, if there is none.
    pub positions: Vec<Position>,
    /// What it was given, if that is no value of any setting.
    pub unsupported: Option<&'static str>,
}

/// Where the text of a file is no TOML, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// Where.
    pub at: Position,
    /// Why.
    pub message: String,
}

/// The text of a file, and why it should not be trusted, if so: it decides what the server does, but may be mounted from
/// elsewhere, with owners of elsewhere.
///
/// # Errors
/// The operating system's; it is no regular file nor the null device, it is too large, or not UTF-8.
pub(crate) fn read(path: &Path) -> io::Result<(String, Option<String>)> {
    let Found { file, access } = match files::open_regular(path) {
        // What says that there are no settings: `--config /dev/null`.
        Err(_) if files::is_null(path) => return Ok((String::new(), None)),
        found => found?,
    };
    let text = files::read_text(file, MAX_BYTES)?;
    let shown = path.display();
    let warning = match access.trusted() {
        Err(reason @ Distrust::Foreign(_)) => {
            Some(format!("the file of settings {shown} {reason}"))
        }
        Err(reason @ Distrust::Writable) => {
            Some(format!("the file of settings {shown} {reason}: chmod go-w {shown}"))
        }
        Ok(()) => files::can_keep(path)
            .err()
            .map(|why| format!("the file of settings {shown} can be exchanged by others: {why}")),
    };
    Ok((text, warning))
}

/// Where a file is looked for that was not named, the first one first.
pub(crate) fn default_paths(xdg_config_home: Option<&Path>, home: Option<&Path>) -> Vec<PathBuf> {
    let own = xdg_config_home.map(Path::to_path_buf).filter(|path| path.is_absolute());
    let own = own.or_else(|| home.map(|home| home.join(".config")));
    let folders = own.into_iter().chain([PathBuf::from("/etc")]);
    folders.map(|folder| folder.join("chinwag/chinwag.toml")).collect()
}

/// The keys of a file, in the order in which they stand there.
///
/// # Errors
/// It is no TOML.
pub(crate) fn parse(text: &str) -> Result<Vec<Entry>, Syntax> {
    let lines = Lines::new(text);
    let table = DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        Syntax { at: lines.position(start), message }
    })?;
    let mut entries: Vec<_> = table
        .get_ref()
        .iter()
        .map(|(key, value)| {
            let (values, unsupported) = match raw_values(value.get_ref()) {
                Ok(values) => (values, None),
                Err(unsupported) => (Vec::new(), Some(unsupported)),
            };
            let spans: Vec<Range<usize>> = match value.get_ref() {
                DeValue::Array(array) => {
                    array.iter().take(MAX_POSITIONS).map(toml::Spanned::span).collect()
                }
                _ => Vec::new(),
            };
            let mut positions: Vec<_> =
                spans.into_iter().map(|span| lines.position(span.start)).collect();
            positions.push(lines.position(value.span().start));
            let at = lines.position(key.span().start);
            Entry { key: key.get_ref().to_string(), at, values, positions, unsupported }
        })
        .collect();
    entries.sort_by_key(|entry| entry.at);
    Ok(entries)
}

/// A value of TOML, as a setting reads it.
///
/// # Errors
/// What it is, if it is no value of any setting.
pub(super) fn raw_values(value: &DeValue<'_>) -> Result<Vec<RawValue<'static>>, &'static str> {
    match value {
        DeValue::Array(array) => {
            let one = |value: &DeValue<'_>| raw_value(value).ok_or("a list of such");
            array.iter().map(|value| one(value.get_ref())).collect()
        }
        DeValue::Table(_) => Err("a table"),
        DeValue::Datetime(_) => Err("a date"),
        value => raw_value(value).map(|raw| vec![raw]).ok_or("no value of a setting"),
    }
}

/// A value that is not made of others.
fn raw_value(value: &DeValue<'_>) -> Option<RawValue<'static>> {
    let raw = |text: &str, kind| Some(RawValue { text: Cow::Owned(text.to_owned()), kind });
    match value {
        DeValue::String(text) => raw(text, RawKind::String),
        DeValue::Integer(number) if number.radix() == 10 => raw(number.as_str(), RawKind::Number),
        DeValue::Integer(number) => {
            let value = u64::from_str_radix(number.as_str(), number.radix()).ok()?;
            raw(&value.to_string(), RawKind::Number)
        }
        DeValue::Float(number) => raw(number.as_str(), RawKind::Number),
        DeValue::Boolean(truth) => raw(if *truth { "true" } else { "false" }, RawKind::Bool),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// Where the lines of a text begin, so that a place is found without looking through all that is before it.
struct Lines<'a> {
    /// The text.
    text: &'a str,
    /// The first byte of each line.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// The place of a byte.
    fn position(&self, byte: usize) -> Position {
        let line = self.starts.partition_point(|&start| start <= byte);
        let start = self.starts[line - 1];
        let before = self.text.get(start..byte).unwrap_or(&self.text[start..]);
        Position { line, column: before.chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_have_their_values_and_places() {
        let entries =
            parse("# words\nwelcome = \"hällo\"\n  listen = [\"a:1\",\n \"b:2\"]\nn = 0x10\n");
        let entries = entries.unwrap();
        let keys: Vec<_> = entries.iter().map(|item| (item.key.as_str(), item.at.line)).collect();
        assert_eq!(keys, [("welcome", 2), ("listen", 3), ("n", 5)]);
        assert_eq!(entries[0].positions, [Position { line: 2, column: 11 }]);
        assert_eq!(entries[1].at, Position { line: 3, column: 3 });
        assert_eq!(entries[1].positions[1], Position { line: 4, column: 2 });
        assert_eq!(entries[2].values[0], RawValue { text: "16".into(), kind: RawKind::Number });
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_place() {
        let syntax = parse("shutdown-timeout = 5\nlisten = [\"a\"\nmotd = 3\n").unwrap_err();
        assert!(syntax.at.line >= 2, "{syntax:?}");
        assert_eq!(parse("a = 1\na = 2\n").unwrap_err().at, Position { line: 2, column: 1 });
    }

    #[test]
    fn places_are_found_in_lines_of_any_kind() {
        let lines = Lines::new("a\n\nhällo = 1");
        let at = |byte| {
            let Position { line, column } = lines.position(byte);
            (line, column)
        };
        assert_eq!(
            [at(0), at(1), at(2), at(3), at(6), at(12)],
            [(1, 1), (1, 2), (2, 1), (3, 1), (3, 3), (3, 9)]
        );
        // In the middle of a character, and past the end.
        assert_eq!((at(5).0, at(99).0), (3, 3));
        // Of a long list the first ones have places of their own.
        let list = parse(&format!("listen = [{}]", "\"a:1\",".repeat(1_000))).unwrap();
        assert_eq!((list[0].positions.len(), list[0].values.len()), (MAX_POSITIONS + 1, 1_000));
        assert_eq!(list[0].positions[1], Position { line: 1, column: 17 });
    }

    #[test]
    fn the_own_file_comes_before_the_machines() {
        let paths = default_paths(Some(Path::new("/x")), Some(Path::new("/home/a")));
        assert_eq!(paths[0], Path::new("/x/chinwag/chinwag.toml"));
        let paths = default_paths(Some(Path::new("relative")), Some(Path::new("/home/a")));
        assert_eq!(paths[0], Path::new("/home/a/.config/chinwag/chinwag.toml"));
        assert_eq!(default_paths(None, None), [Path::new("/etc/chinwag/chinwag.toml")]);
    }

    proptest! {
        #[test]
        fn garbage_is_refused_or_read_and_never_a_panic(text in "(?s).{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn garbage_that_is_nearly_toml_is_neither(
            text in proptest::collection::vec("([a-z\"'\\[\\]{}=.,#0-9 -]|\n|\\\\|é)", 0..60)
        ) {
            let _ = parse(&text.concat());
        }
    }
}
