//! A source file as the rules look at it: its text, and the same text with comments and strings blanked out.

use std::path::Path;

/// A source file.
#[derive(Debug)]
pub(super) struct Source {
    /// Its path from the workspace's root.
    pub(super) path: String,
    /// Its text.
    pub(super) text: String,
    /// Its text with a space for each byte of comments, strings and character literals; lines are kept.
    pub(super) code: String,
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
        let code = blank(&text);
        Self { path, text, code }
    }

    /// Whether the whole file is test code, by its place or name.
    pub(super) fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.contains("/tests/")
            || ["tests.rs", "_loom.rs", "test_support.rs"].iter().any(|end| name.ends_with(end))
    }

    /// The line of a byte, counted from 1.
    pub(super) fn line(&self, byte: usize) -> usize {
        self.code[..byte].matches('\n').count() + 1
    }

    /// Where the test modules inside of the file begin and end, in bytes of the code.
    pub(super) fn test_modules(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (start, _) in self.code.match_indices("#[cfg(") {
            let rest = &self.code[start..];
            let Some(end) = rest.find("\n") else { continue };
            if !rest[..end].contains("test") {
                continue;
            }
            let item = rest[end..].trim_start();
            if let (true, Some(open)) =
                (item.starts_with("mod ") || item.starts_with("pub"), rest.find('{'))
            {
                if rest[..open].contains(';') {
                    continue;
                }
                found.push((start, start + open + matching(&rest[open..])));
            }
        }
        found
    }
}

/// The length of the block that begins with the first byte, an opening bracket.
pub(super) fn matching(code: &str) -> usize {
    let mut depth = 0_usize;
    for (place, byte) in code.bytes().enumerate() {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place + 1;
        }
    }
    code.len()
}

/// The text with a space for each byte of comments, strings and character literals.
fn blank(text: &str) -> String {
    let mut code = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let length = opaque(rest, code.last().copied());
        if length == 0 {
            let next = rest.chars().next().map_or(1, char::len_utf8);
            code.extend(if next == 1 { rest.as_bytes()[..1].to_vec() } else { vec![b' '; next] });
            rest = &rest[next..];
        } else {
            code.extend(rest[..length].bytes().map(|byte| if byte == b'\n' { byte } else { b' ' }));
            rest = &rest[length..];
        }
    }
    String::from_utf8(code).unwrap_or_default()
}

/// How many bytes from the start on are a comment, a string or a character literal; 0 when none begins here.
fn opaque(rest: &str, before: Option<u8>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    let in_a_word = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !in_a_word && let Some(length) = raw_string(rest) {
        return length;
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    0
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

/// A character literal, not a lifetime.
fn character(rest: &str) -> usize {
    let mut characters = rest.chars().skip(1);
    match (characters.next(), characters.next()) {
        (Some('\\'), _) => quoted(rest, '\''),
        (Some(one), Some('\'')) => 2 + one.len_utf8(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::blank;

    #[test]
    fn comments_strings_and_characters_are_blanked_and_lifetimes_are_not() {
        let text = "a/*x/*y*/z*/b\"s\\\"t\"c'd'e<'f>r#\"g\"#h'\\''i//j\nk";
        let shown = blank(text).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(shown, "a b c e<'f> h i k");
        assert_eq!(blank(text).len(), text.len());
    }
}
