//! A source file as the rules see it: its text, the text with only its code, and the text with only its comments. Every other
//! byte is a space, so that positions and lines are the same in all three.

use std::path::Path;

/// A source file.
#[derive(Debug)]
pub(super) struct Source {
    /// Its path from the workspace's root.
    pub(super) path: String,
    /// Its text.
    pub(super) text: String,
    /// The code: no comments, strings and character literals.
    pub(super) code: String,
    /// The comments.
    pub(super) comments: String,
    /// Whether the whole file is compiled for tests only; set by `module_tree`.
    pub(super) is_test: bool,
}

impl Source {
    /// Reads a file below `root`.
    pub(super) fn read(root: &Path, path: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path).ok()?;
        let path = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        Some(Self::new(path, text))
    }

    /// A file of this text.
    pub(super) fn new(path: String, text: String) -> Self {
        let (code, comments) = split(&text);
        Self { path, text, code, comments, is_test: false }
    }

    /// The line of a byte, counted from 1.
    pub(super) fn line(&self, byte: usize) -> usize {
        self.code.as_bytes()[..byte].iter().filter(|&&byte| byte == b'\n').count() + 1
    }

    /// A complaint about a position in this file: `message` has the rule's name, what is wrong and how to fix it.
    pub(super) fn complaint(&self, byte: usize, message: &str) -> String {
        format!("{}:{}: {message}", self.path, self.line(byte))
    }
}

/// What a piece of text is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// The code and the comments of a text, each with a space for every byte of the other and of literals.
fn split(text: &str) -> (String, String) {
    let (mut code, mut comments) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
    let mut rest = text;
    while !rest.is_empty() {
        let (kind, length) = next_piece(rest, code.last().copied());
        for byte in rest[..length].bytes() {
            let other = if byte == b'\n' { byte } else { b' ' };
            // No rule searches code for characters beyond ASCII.
            code.push(if kind == Kind::Code && byte.is_ascii() { byte } else { other });
            comments.push(if kind == Kind::Comment { byte } else { other });
        }
        rest = &rest[length..];
    }
    (String::from_utf8(code).unwrap_or_default(), String::from_utf8(comments).unwrap_or_default())
}

/// The kind and the length of the piece that begins here; code is returned a character at a time.
fn next_piece(rest: &str, before: Option<u8>) -> (Kind, usize) {
    if rest.starts_with("//") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, block_comment(rest));
    }
    if rest.starts_with('"') {
        return (Kind::Literal, quoted(rest, '"'));
    }
    let in_a_word = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !in_a_word && let Some(length) = raw_string(rest) {
        return (Kind::Literal, length);
    }
    if rest.starts_with('\'')
        && let Some(length) = character(rest)
    {
        return (Kind::Literal, length);
    }
    (Kind::Code, rest.chars().next().map_or(1, char::len_utf8))
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut place = 0;
    while place < rest.len() {
        if rest[place..].starts_with("/*") {
            depth += 1;
            place += 2;
        } else if rest[place..].starts_with("*/") {
            depth -= 1;
            place += 2;
            if depth == 0 {
                return place;
            }
        } else {
            place += rest[place..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (place, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            found if found == quote => return place + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#`, with `b` or `c` before them.
fn raw_string(rest: &str) -> Option<usize> {
    let marks = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - marks.len();
    let hashes = marks.strip_prefix('r')?;
    let inner = hashes.trim_start_matches('#');
    let count = hashes.len() - inner.len();
    if prefix > 1 || !inner.starts_with('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(count));
    let start = prefix + 1 + count + 1;
    Some(rest[start..].find(&end).map_or(rest.len(), |place| start + place + end.len()))
}

/// A character literal; none if it is a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut characters = rest.chars().skip(1);
    match (characters.next()?, characters.next()) {
        ('\\', _) => Some(quoted(rest, '\'')),
        (one, Some('\'')) => Some(2 + one.len_utf8()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, split};

    fn words(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_code_and_lifetimes_are_code() {
        let text = "a/*x/*y*/z*/b\"s\\\"t\"c'd'e<'f>r#\"g\"#h'\\''i br\"k\"'\"'l//j\nk";
        let (code, comments) = split(text);
        assert_eq!(words(&code), "a b c e<'f> h i l k");
        assert_eq!(words(&comments), "/*x/*y*/z*/ //j");
        assert_eq!((code.len(), comments.len()), (text.len(), text.len()));
    }

    #[test]
    fn characters_beyond_ascii_keep_positions() {
        let source = Source::new("x.rs".to_owned(), "é // “ü”\n'ß' x".to_owned());
        assert_eq!(words(&source.code), "x");
        assert_eq!(words(&source.comments), "// “ü”");
        assert_eq!(source.line(source.code.find('x').expect("it is there")), 2);
    }
}
