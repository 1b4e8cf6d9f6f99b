//! What a person takes for one character, be it of several code points: where it ends, and how wide it is at most. All of it
//! looks at a bounded part of the text, however it is made.
//!
//! Unicode's extended grapheme clusters have no longest one: a line may be a single letter with thousands of marks. Here a
//! cluster ends after [`MAX_CLUSTER_BYTES`] at the latest, and one of many code points counts for more columns than a terminal
//! gives it.

use crate::limits::{MAX_CHARS_PER_COLUMN, MAX_CLUSTER_BYTES, MAX_COMBINING_MARKS};
use crate::protocol::sanitize::{self, Filter};
use crate::protocol::work_steps::Steps;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many bytes the first cluster of the text has; 0 if it is empty.
pub(super) fn first(text: &str, steps: &Steps) -> usize {
    if let [one, rest @ ..] = text.as_bytes()
        && one.is_ascii()
        && rest.first().is_none_or(u8::is_ascii)
    {
        steps.add(1);
        return 1;
    }
    let head = &text[..text.floor_char_boundary(MAX_CLUSTER_BYTES)];
    let cluster = head.graphemes(true).next().unwrap_or("");
    steps.add(1 + cluster.chars().count());
    cluster.len()
}

/// How many bytes the last cluster of the text has; 0 if it is empty.
pub(super) fn last(text: &str, steps: &Steps) -> usize {
    if let [.., before, one] = text.as_bytes()
        && one.is_ascii()
        && before.is_ascii()
    {
        steps.add(1);
        return 1;
    }
    let mut tail = &text[text.ceil_char_boundary(text.len().saturating_sub(MAX_CLUSTER_BYTES))..];
    loop {
        let length = first(tail, steps);
        if length == tail.len() {
            return length;
        }
        tail = &tail[length..];
    }
}

/// As much of the text's start as fits into so many columns, and how wide that is.
pub(super) fn prefix_within<'a>(text: &'a str, room: usize, steps: &Steps) -> (&'a str, usize) {
    let (mut at, mut taken) = (0, 0);
    while at < text.len() {
        let length = first(&text[at..], steps);
        let width = width(&text[at..], length, steps);
        if taken + width > room {
            break;
        }
        (at, taken) = (at + length, taken + width);
    }
    (&text[..at], taken)
}

/// Whether the text fits into so many columns.
pub(super) fn fits(text: &str, room: usize, steps: &Steps) -> bool {
    // Nothing is shown that has more bytes.
    text.len() <= room * MAX_CHARS_PER_COLUMN * 4
        && prefix_within(text, room, steps).0.len() == text.len()
}

/// As much of the text's end as fits into so many columns.
pub(super) fn suffix_within<'a>(text: &'a str, room: usize, steps: &Steps) -> &'a str {
    // Looked for in as much as nearly always does, and in more if it does not. It ends where flags of two code points end, so
    // that none is taken apart.
    let longest = room * MAX_CHARS_PER_COLUMN * 4;
    let mut looked_at = (2 * room).next_multiple_of(8);
    let (mut tail, mut wide) = loop {
        let tail = &text[text.ceil_char_boundary(text.len().saturating_sub(looked_at))..];
        let (_, wide) = prefix_within(tail, usize::MAX, steps);
        // Where it begins in the middle of a cluster, that is one which does not fit.
        if wide > room || tail.len() == text.len() || looked_at >= longest {
            break (tail, wide);
        }
        looked_at *= 2;
    };
    while wide > room {
        let length = first(tail, steps);
        wide -= width(tail, length, steps);
        tail = &tail[length..];
    }
    tail
}

/// The most columns for the first cluster of a text, which is so long: the greatest of what a terminal may take for its characters
/// as one, for each by itself, and one for each [`MAX_CHARS_PER_COLUMN`] of them.
fn width(text: &str, length: usize, steps: &Steps) -> usize {
    let cluster = &text[..length];
    if let [b' '..=b'~'] = cluster.as_bytes() {
        return 1;
    }
    let (mut alone, mut count) = (0, 0);
    for c in visible(text, 0..length) {
        alone += c.width().unwrap_or(1);
        count += 1;
    }
    steps.add(count);
    cluster.width().max(alone).max(count.div_ceil(MAX_CHARS_PER_COLUMN))
}

/// The characters of a part of the line as they are shown: what others will not be shown becomes a sign for it, so that whoever
/// types it knows. U+FFFD is no exception: not every terminal shows one. The part begins where a cluster does; judged alone or
/// as a part of more, the same is kept, or less.
pub(super) fn visible(line: &str, part: Range<usize>) -> impl Iterator<Item = char> {
    let Range { start, end } = part;
    // What decides stands close behind.
    let judged = &line[start..line.floor_char_boundary(end + MAX_CLUSTER_BYTES)];
    Filter::for_input(judged).take_while(move |&(at, ..)| start + at < end).map(
        |(_, c, is_kept)| match c {
            '\t' => ' ',
            char::REPLACEMENT_CHARACTER => '?',
            _ if !is_kept => '?',
            _ => c,
        },
    )
}

/// Appends a part of the line as it is [shown](visible).
pub(super) fn append_visible(out: &mut Vec<u8>, line: &str, part: Range<usize>, steps: &Steps) {
    let text = &line[part.clone()];
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        steps.searched(text.len());
        return out.extend_from_slice(text.as_bytes());
    }
    let mut bytes = [0; 4];
    for c in visible(line, part) {
        steps.add(1);
        out.extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
    }
}

/// Whether what was typed last may change how what stands before it is shown, or be shown in another way than alone: where
/// there is something hidden.
pub(super) fn changes_what_is_shown(line: &str, added: &str, steps: &Steps) -> bool {
    let before = line[..line.len() - added.len()].chars().rev();
    // Letters look for each other through the marks between them.
    let marks =
        before.clone().take(MAX_COMBINING_MARKS).take_while(|&c| sanitize::is_mark(c)).count();
    steps.add(marks);
    added.chars().any(sanitize::is_hidden)
        || before.clone().nth(marks).is_some_and(sanitize::is_hidden)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The bytes of all clusters, one after the other.
    fn all(mut text: &str) -> Vec<usize> {
        let mut lengths = Vec::new();
        while !text.is_empty() {
            lengths.push(first(text, &Steps::default()));
            text = &text[lengths[lengths.len() - 1]..];
        }
        lengths
    }

    #[test]
    fn a_cluster_without_end_ends_and_takes_columns() {
        let marks = format!("e{}", "\u{301}".repeat(2_000));
        assert!(all(&marks).iter().all(|&length| (1..=MAX_CLUSTER_BYTES).contains(&length)));
        let steps = Steps::default();
        assert_eq!(last(&marks, &steps), MAX_CLUSTER_BYTES);
        assert!(steps.take() <= 2 * MAX_CLUSTER_BYTES as u32 + 2);
        let (start, wide) = prefix_within(&marks, 80, &steps);
        assert!(
            start.chars().count() <= 80 * MAX_CHARS_PER_COLUMN && wide <= 80,
            "marks alone are no way past the room"
        );
        assert!(wide > 60 && !fits(&marks, 80, &steps));
    }

    #[test]
    fn what_is_usual_is_as_wide_as_ever() {
        for (text, wide) in [
            ("hello", 5),
            ("e\u{301}", 1),
            ("\u{65e5}\u{672c}", 4),
            ("\u{1f1e9}\u{1f1ea}", 2),
            ("\u{e01}\u{e34}\u{e48}", 1),
            ("\u{202e}", 1),
        ] {
            assert_eq!(prefix_within(text, 100, &Steps::default()), (text, wide));
        }
    }

    proptest! {
        #[test]
        fn clusters_are_those_of_unicode(text in "[a-z \u{301}\u{65e5}\u{1f1e9}\u{1f1ea}\u{1f468}\u{200d}\u{915}\u{94d}]{0,20}") {
            let expected: Vec<_> = text.graphemes(true).map(str::len).collect();
            prop_assert_eq!(all(&text), expected.clone());
            prop_assert_eq!(last(&text, &Steps::default()), expected.last().copied().unwrap_or(0));
        }

        #[test]
        fn what_fits_is_the_longest_that_does(text in "\\PC{0,60}|[a\u{301}]{0,60}", room in 0..30_usize) {
            let steps = Steps::default();
            let (start, wide) = prefix_within(&text, room, &steps);
            prop_assert!(wide <= room && text.starts_with(start));
            let more = start.len() + first(&text[start.len()..], &steps);
            prop_assert!(more == start.len() || !fits(&text[..more], room, &steps));
            let end = suffix_within(&text, room, &steps);
            prop_assert!(text.ends_with(end) && fits(end, room, &steps));
        }
    }
}
