//! The sanitiser: what of a person's words may reach a terminal.
//!
//! It runs once a line, where a line is encoded for a door whose far end is a terminal; checks of commands and
//! nicks look at the text before. What is taken out: control characters but TAB (so no ESC that we did not write
//! ever leaves), what turns the direction of writing, what is invisible. The two joiners of Unicode stay where
//! they do their work: between letters or emoji.

use crate::limits::MAX_QUOTED;
use std::borrow::Cow;

/// Stands for the rest of words that were cut at [`MAX_QUOTED`].
const ELLIPSIS: char = '…';

/// The text without what must not reach a terminal. Borrowed when nothing had to go.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    if is_plain(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut clean = Vec::with_capacity(text.len());
    append_unplain(&mut clean, text);
    if clean.len() == text.len() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(String::from_utf8(clean).expect("spans between characters of UTF-8 are UTF-8"))
}

/// Appends what [`sanitise`] leaves of the text: for encoding a line in place.
#[inline]
pub fn append_sanitised(out: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        append_unplain(out, text);
    }
}

/// Whether nothing is left to see once the text is sanitised: such a line is ignored.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_joiner(c) || is_forbidden(c))
}

/// A person's words inside a line of the server's: in double quotes, sanitised, `"` escaped, at most
/// [`MAX_QUOTED`] bytes between the quotes. They stand last on their line, so nothing behind them can be forged.
pub fn quoted(words: &str) -> String {
    let words = sanitise(words);
    let escaped = words.len() + words.bytes().filter(|&b| b == b'"').count();
    let room = if escaped > MAX_QUOTED { MAX_QUOTED - ELLIPSIS.len_utf8() } else { MAX_QUOTED };
    let mut quoted = String::with_capacity(escaped.min(MAX_QUOTED) + 2);
    quoted.push('"');
    for c in words.chars() {
        let width = c.len_utf8() + usize::from(c == '"');
        if quoted.len() - 1 + width > room {
            quoted.push(ELLIPSIS);
            break;
        }
        if c == '"' {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// As much of somebody's words as [`quoted`] shows of them, and a little more, by which it sees that they go on.
pub fn quotable(words: &str) -> String {
    let words = sanitise(words);
    words[..words.floor_char_boundary(MAX_QUOTED + ELLIPSIS.len_utf8() + 1)].to_owned()
}

/// Whether the text is printable ASCII throughout, which nearly every line is. Without an early exit, so that the
/// compiler makes it a loop over 16 or 32 bytes at once.
#[inline]
fn is_plain(text: &[u8]) -> bool {
    text.iter().fold(true, |plain, byte| plain & (b' '..=b'~').contains(byte))
}

/// Appends what may stay of a text that is not plain, in spans as long as they come.
fn append_unplain(out: &mut Vec<u8>, text: &str) {
    let mut span = 0;
    let mut before = None;
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let after = rest.peek().map(|&(_, next)| next);
        let stays = if is_joiner(c) {
            before.is_some_and(joins) && after.is_some_and(joins)
        } else {
            !is_forbidden(c)
        };
        if stays {
            before = Some(c);
        } else {
            out.extend_from_slice(&text.as_bytes()[span..at]);
            span = at + c.len_utf8();
        }
    }
    out.extend_from_slice(&text.as_bytes()[span..]);
}

/// ZWNJ and ZWJ: they shape Persian and Indic words and build emoji, and are invisible anywhere else.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// What never reaches a terminal.
pub(crate) fn is_forbidden(c: char) -> bool {
    match c {
        '\t' => false,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
        ' '..='~' => false,
        // Arabic letter mark, marks of direction, embeddings, overrides, isolates.
        '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        // Zero-width space, line and paragraph separators, invisible operators, byte order mark.
        '\u{200b}' | '\u{2028}'..='\u{2029}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => true,
        // Interlinear annotation, tags.
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

/// Whether a joiner may stand beside this character: letters, the marks that belong to them, emoji and their
/// modifiers.
fn joins(c: char) -> bool {
    match c {
        _ if c.is_alphabetic() => true,
        // Combining marks; signs of the Indic scripts (a virama is no letter), Tibetan and Myanmar.
        '\u{300}'..='\u{36f}' | '\u{900}'..='\u{109f}' | '\u{1ab0}'..='\u{1aff}' => true,
        // Arrows, technical signs, dingbats and other symbols that emoji are made of; keycap; variation selectors.
        '\u{2190}'..='\u{2bff}' | '\u{20e3}' | '\u{fe00}'..='\u{fe0f}' => true,
        '\u{1f000}'..='\u{1faff}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every character of the list, written out as the requirement has it.
    fn on_the_list(c: char) -> bool {
        let code = u32::from(c);
        (code < 0x20 && code != 0x09)
            || code == 0x7f
            || (0x80..=0x9f).contains(&code)
            || code == 0x61c
            || (0x200e..=0x200f).contains(&code)
            || (0x202a..=0x202e).contains(&code)
            || (0x2066..=0x2069).contains(&code)
            || code == 0x200b
            || (0x2028..=0x2029).contains(&code)
            || (0x2060..=0x2064).contains(&code)
            || code == 0xfeff
            || (0xfff9..=0xfffb).contains(&code)
            || (0xe0000..=0xe007f).contains(&code)
    }

    #[test]
    fn exactly_the_list_is_taken_out() {
        for c in '\0'..=char::MAX {
            let clean = sanitise(c.encode_utf8(&mut [0; 4])).into_owned();
            let gone = clean.is_empty();
            assert_eq!(gone, on_the_list(c) || is_joiner(c), "{c:?}");
        }
    }

    #[test]
    fn joiners_stay_where_they_work() {
        for whole in [
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "👨\u{200d}👩\u{200d}👧",
            "❤\u{fe0f}\u{200d}🔥",
            "👩🏽\u{200d}💻",
        ] {
            assert_eq!(sanitise(whole), whole);
        }
        assert_eq!(sanitise("\u{200d}a\u{200c} b\u{200d}"), "a b");
        assert_eq!(sanitise("a\u{200d}\u{200d}\u{200d}b"), "a\u{200d}b");
        assert_eq!(sanitise("a\u{200d}\u{202e}b"), "ab");
    }

    #[test]
    fn escape_sequences_lose_their_escape() {
        assert_eq!(sanitise("\u{1b}[31mred\u{1b}]0;title\u{7}"), "[31mred]0;title");
        assert_eq!(sanitise("a\tb\rc\nd"), "a\tbcd");
    }

    #[test]
    fn blank_is_what_nobody_would_see() {
        assert!(is_blank("") && is_blank(" \t ") && is_blank("\u{200b}\u{1b}\u{200d}\u{a0}"));
        assert!(!is_blank(" . "));
    }

    #[test]
    fn quotes_hold_the_words_in() {
        assert_eq!(quoted("bye"), "\"bye\"");
        assert_eq!(quoted("say \"x\"\u{1b}[2J"), "\"say \\\"x\\\"[2J\"");
        assert_eq!(quoted(&"x".repeat(200)).len(), 202);
        assert_eq!(quoted(&"x".repeat(201)), format!("\"{}…\"", "x".repeat(197)));
        assert!(quoted(&"\"".repeat(300)).len() <= 202);
    }

    proptest! {
        #[test]
        fn nothing_of_the_list_comes_out(text in "(?s).{0,200}|[a\u{200c}\u{200d}\u{1b}\u{202e} 👨क्]{0,40}") {
            let clean = sanitise(&text).into_owned();
            prop_assert!(!clean.chars().any(on_the_list), "{clean:?}");
            prop_assert_eq!(&*sanitise(&clean), clean.as_str());
            let mut appended = b"nick: ".to_vec();
            append_sanitised(&mut appended, &text);
            prop_assert_eq!(&appended[6..], clean.as_bytes());
            prop_assert_eq!(is_blank(&text), clean.trim().is_empty());
        }

        #[test]
        fn what_is_not_on_the_list_stays_in_order(text in "(?s).{0,200}") {
            let kept: String = text.chars().filter(|&c| !on_the_list(c) && !is_joiner(c)).collect();
            let clean: String = sanitise(&text).chars().filter(|&c| !is_joiner(c)).collect();
            prop_assert_eq!(clean, kept);
        }

        #[test]
        fn quoted_words_keep_to_their_limit(words in "(?s).{0,300}|[\"…a]{150,300}") {
            let quotable = quotable(&words);
            prop_assert!(quotable.len() <= MAX_QUOTED + 4 && quotable.capacity() == quotable.len());
            prop_assert_eq!(quoted(&quotable), quoted(&words));
            let quoted = quoted(&words);
            prop_assert!(quoted.len() <= MAX_QUOTED + 2);
            let inner = &quoted[1..quoted.len() - 1];
            prop_assert!(!inner.replace("\\\"", "").contains('"'));
            prop_assert_eq!(&*sanitise(&quoted), quoted.as_str());
        }
    }
}
