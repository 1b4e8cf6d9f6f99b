//! The sanitizer: what of a user's text may reach a terminal.
//!
//! It runs once a line, where a line is encoded for a client that may be a terminal; checks of commands and
//! nicks look at the text before. What is taken out: control characters (so no ESC that we did not write ever leaves), what turns the
//! direction of writing, what shows nothing, marks past [`MAX_COMBINING_MARKS`](crate::limits::MAX_COMBINING_MARKS) on one letter, blanks past
//! [`MAX_BLANK_COLUMNS`] in a row. A TAB becomes a blank. What shows nothing and is needed all the
//! same stays where it is needed: `filter` has the rules, `properties` what Unicode says of a character.
//!
//! What comes out is the same when it goes in again.

mod filter;
mod properties;

pub(crate) use self::filter::Filter;
use self::properties::is_seen;
pub(crate) use self::properties::{is_hidden, is_mark};
use crate::limits::{MAX_BLANK_COLUMNS, MAX_QUOTED};
use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;

/// Stands for the rest of words that were cut at [`MAX_QUOTED`].
const ELLIPSIS: char = '…';
/// How much of words that are too long to be quoted is looked at beyond: more than what a cut takes from the last character, the
/// tags of a flag at most.
const EXAMINED_BYTES: usize = MAX_QUOTED + 40;

/// The text without what must not reach a terminal. Borrowed when nothing had to go.
pub(crate) fn sanitize(text: &str) -> Cow<'_, str> {
    if is_plain(text.as_bytes(), 0) {
        return Cow::Borrowed(text);
    }
    let mut clean = Vec::with_capacity(text.len());
    append_unplain(&mut clean, text, 0);
    if clean == text.as_bytes() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(String::from_utf8(clean).expect("spans between characters of UTF-8 are UTF-8"))
}

/// Appends what [`sanitize`] leaves of the text: for encoding a line in place. A blank that stands there already counts among
/// those in a row.
#[inline]
pub(crate) fn append_sanitized(out: &mut Vec<u8>, text: &str) {
    let blanks = usize::from(out.last() == Some(&b' '));
    if is_plain(text.as_bytes(), blanks) {
        out.extend_from_slice(text.as_bytes());
    } else {
        append_unplain(out, text, blanks);
    }
}

/// Whether nothing is left to see once the text is sanitized: such a line is ignored.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| !is_seen(c))
}

/// A person's words inside a line of the server's: in double quotes, sanitized, `"` escaped, at most
/// [`MAX_QUOTED`] bytes between the quotes, cut between what is taken for one character. They stand last on their line, so
/// nothing behind them can be forged.
pub(crate) fn quote(words: &str) -> String {
    let words = sanitize(words);
    let escaped = words.len() + words.bytes().filter(|&b| b == b'"').count();
    let room = if escaped > MAX_QUOTED { MAX_QUOTED - ELLIPSIS.len_utf8() } else { MAX_QUOTED };
    let mut quoted = String::with_capacity(escaped.min(MAX_QUOTED) + 2);
    quoted.push('"');
    for cluster in words[..words.floor_char_boundary(EXAMINED_BYTES)].graphemes(true) {
        let width = cluster.len() + cluster.bytes().filter(|&b| b == b'"').count();
        if quoted.len() - 1 + width > room {
            // What stood before what is cut off may have been needed for that alone.
            quoted = sanitize(&quoted).into_owned();
            quoted.push(ELLIPSIS);
            break;
        }
        // A quote may have marks of its own.
        for c in cluster.chars() {
            if c == '"' {
                quoted.push('\\');
            }
            quoted.push(c);
        }
    }
    quoted.push('"');
    quoted
}

/// As much of a user's text as [`quote`] shows of it, and a little more, by which it sees that it goes on.
pub(crate) fn truncate_for_quote(words: &str) -> String {
    let words = sanitize(words);
    words[..words.floor_char_boundary(EXAMINED_BYTES)].to_owned()
}

/// Whether the text, which stands behind so many blanks, is printable ASCII throughout without too many blanks in a row, as
/// nearly every line is. Without early exits, so that the compiler makes it loops over 16 or 32 bytes at once.
#[inline]
fn is_plain(text: &[u8], blanks: usize) -> bool {
    if !text.iter().fold(true, |plain, byte| plain & (b' '..=b'~').contains(byte)) {
        return false;
    }
    // Where too many blanks stand in a row, they fill such a group.
    let (groups, _) = text.as_chunks::<8>();
    let is_filled = groups.iter().fold(false, |any, group| any | (*group == [b' '; 8]));
    !is_filled || !has_long_gap(text, blanks)
}
const _: () = assert!(MAX_BLANK_COLUMNS >= 15, "a longer row fills a group, wherever it begins");

/// Whether there are more than [`MAX_BLANK_COLUMNS`] blanks in a row.
#[cold]
fn has_long_gap(text: &[u8], blanks: usize) -> bool {
    let mut row = blanks;
    text.iter().any(|&byte| {
        row = if byte == b' ' { row + 1 } else { 0 };
        row > MAX_BLANK_COLUMNS
    })
}

/// Appends what may stay of a text that is not plain, in spans as long as they come.
fn append_unplain(out: &mut Vec<u8>, text: &str, blanks: usize) {
    let mut span = 0;
    for (at, c, is_kept) in Filter::after_blanks(text, blanks) {
        if is_kept && c != '\t' {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[span..at]);
        if is_kept {
            out.push(b' ');
        }
        span = at + c.len_utf8();
    }
    out.extend_from_slice(&text.as_bytes()[span..]);
}

#[cfg(test)]
mod tests;
