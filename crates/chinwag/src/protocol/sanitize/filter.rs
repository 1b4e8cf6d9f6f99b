//! Which characters of a text reach a terminal, by what stands around them.
//!
//! Most are shown or not whatever their neighbours. The others show nothing by themselves and are kept where a sequence needs
//! them: joiners by the rules of RFC 5892 (appendix A.1 and A.2) or between emoji, selectors of a variant behind what has
//! variants, Hangul's vowel filler within a syllable, tags behind a flag. Around a character counts only what is kept, so what
//! comes out is the same when it goes in again. Marks and blanks in a row have bounds; a mark does not end a row of blanks.
//!
//! The work is linear in the text, whatever it is: what is looked for behind a character is remembered until it is passed.
//! Driven by the encoding of lines and by the editor, which shows a person what will become of what they type.

use super::properties::{self as of, Class, EMOJI_FORM, FLAG, KEYCAP, TAGS_END, class};
use crate::limits::{MAX_BLANK_COLUMNS, MAX_COMBINING_MARKS};
use icu_properties::props::JoiningType;
use std::str::CharIndices;
use unicode_width::UnicodeWidthChar;

/// A text's characters, each with its place and whether it is shown. A TAB is shown as a blank.
#[derive(Clone, Debug)]
pub(crate) struct Filter<'a> {
    /// All of the text.
    text: &'a str,
    /// Those that are not judged yet.
    rest: CharIndices<'a>,
    /// The last one that was kept.
    before: Option<char>,
    /// The last one that was kept and that letters do not join through.
    letter: Option<char>,
    /// How many more marks may be kept on the same letter.
    marks: usize,
    /// How many more columns of blanks may be kept in a row.
    blanks: usize,
    /// How many of each may be.
    limits: Limits,
    /// How many of the next characters are tags that are kept.
    tags: usize,
    /// Where the last tag that was judged ended.
    tags_end: usize,
    /// The next character that is shown, once it was looked for.
    next_shown: Lookahead,
    /// The next one that letters do not join through, once it was looked for.
    next_letter: Lookahead,
}

/// How much of what is seen may stand in a row.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Marks.
    marks: usize,
    /// Columns of blanks.
    blanks: usize,
}

/// What was found further on.
#[derive(Clone, Copy, Debug, Default)]
struct Lookahead {
    /// Where in the text; the end of it if there is none. Good as long as it was not passed.
    at: usize,
    /// What stands there.
    found: Option<char>,
    /// How many characters were looked at for it, in all.
    #[cfg(test)]
    looks: usize,
}

impl<'a> Filter<'a> {
    /// A text for others, which stands behind so many blanks.
    pub(super) fn after_blanks(text: &'a str, blanks: usize) -> Self {
        let most = Limits { marks: MAX_COMBINING_MARKS, blanks: MAX_BLANK_COLUMNS };
        Self { blanks: most.blanks.saturating_sub(blanks), ..Self::within(text, most) }
    }

    /// A text for the user who types it: the blanks and marks that others do not get are seen.
    pub(crate) fn for_input(text: &'a str) -> Self {
        Self::within(text, Limits { marks: usize::MAX, blanks: usize::MAX })
    }

    /// A text of which so much is shown.
    fn within(text: &'a str, limits: Limits) -> Self {
        Self {
            text,
            rest: text.char_indices(),
            before: None,
            letter: None,
            marks: limits.marks,
            blanks: limits.blanks,
            limits,
            tags: 0,
            tags_end: 0,
            next_shown: Lookahead::default(),
            next_letter: Lookahead::default(),
        }
    }

    /// Whether a character is kept, which is remembered.
    #[inline]
    fn keeps(&mut self, c: char) -> bool {
        let class = class(c);
        let Limits { marks, blanks } = self.limits;
        match class {
            Class::Visible => {
                (self.letter, self.marks) = (Some(c), marks);
                // Nor does a vowel or final of Hangul by itself: it takes no room of its own.
                if self.blanks != blanks && c.width() != Some(0) {
                    self.blanks = blanks;
                }
            }
            Class::Blank => {
                let Some(left) = self.blanks.checked_sub(of::columns(c)) else {
                    return false;
                };
                (self.letter, self.marks, self.blanks) = (Some(c), marks, left);
            }
            Class::Mark | Class::SpacingMark => {
                let Some(left) = self.marks.checked_sub(1) else { return false };
                self.marks = left;
                // A mark on a blank may be next to nothing, or nothing at all where a terminal does not know its script.
                if class == Class::SpacingMark {
                    (self.letter, self.blanks) = (Some(c), blanks);
                }
            }
            _ if !self.is_needed(class, c) => return false,
            // No letter, and nothing joins through it.
            Class::Joiner | Class::NonJoiner | Class::VowelFiller => self.letter = Some(c),
            _ => {}
        }
        self.before = Some(c);
        true
    }

    /// Whether a character that shows nothing by itself is needed where it stands.
    fn is_needed(&mut self, class: Class, c: char) -> bool {
        let Some(before) = self.before else { return false };
        match class {
            Class::NonJoiner => of::is_virama(before) || self.parts_letters(),
            Class::Joiner => of::is_virama(before) || self.joins_emoji(before),
            Class::EmojiSelector => of::is_emoji_base(before) || self.makes_a_key(before),
            Class::HanSelector => of::is_han(before),
            Class::MongolianSelector => of::is_mongolian_letter(before),
            Class::VowelFiller => {
                of::is_leading_jamo(before) && self.next_shown().is_some_and(of::is_trailing_jamo)
            }
            Class::Tag => self.is_of_flag(before, c),
            _ => false,
        }
    }

    /// Whether a non-joiner would part two letters that join otherwise: RFC 5892, A.1.
    fn parts_letters(&mut self) -> bool {
        let joins_on =
            |c| matches!(of::joining(c), JoiningType::LeftJoining | JoiningType::DualJoining);
        let joins_back =
            |c| matches!(of::joining(c), JoiningType::RightJoining | JoiningType::DualJoining);
        self.letter.is_some_and(joins_on) && self.next_letter().is_some_and(joins_back)
    }

    /// Whether a joiner stands between emoji.
    fn joins_emoji(&mut self, before: char) -> bool {
        let ends_emoji = matches!(before, EMOJI_FORM | TAGS_END)
            || of::is_pictograph(before)
            || of::is_skin_tone(before);
        ends_emoji && self.next_shown().is_some_and(of::is_pictograph)
    }

    /// Whether a selector of the emoji form, or of the text form, belongs to a digit on a key.
    fn makes_a_key(&mut self, before: char) -> bool {
        matches!(before, '0'..='9' | '#' | '*') && self.next_shown() == Some(KEYCAP)
    }

    /// Whether a tag is one of those behind a flag that name a region. They do so all together, or not at all.
    fn is_of_flag(&mut self, before: char, c: char) -> bool {
        let end = self.rest.offset();
        let is_first = std::mem::replace(&mut self.tags_end, end) + c.len_utf8() != end;
        if self.tags == 0 && before == FLAG && is_first {
            self.tags = tags_of_region(c, self.rest.as_str());
        }
        let is_one = self.tags > 0;
        self.tags = self.tags.saturating_sub(1);
        is_one
    }

    /// How many characters were looked at beside those that were judged.
    #[cfg(test)]
    pub(super) fn lookahead_count(&self) -> usize {
        self.next_shown.looks + self.next_letter.looks
    }

    /// The next character that is shown.
    fn next_shown(&mut self) -> Option<char> {
        let shown = |class| {
            matches!(class, Class::Visible | Class::Blank | Class::Mark | Class::SpacingMark)
        };
        look_ahead(self.text, self.rest.offset(), &mut self.next_shown, shown)
    }

    /// The next character that letters do not join through, shown or not.
    fn next_letter(&mut self) -> Option<char> {
        let stops = |class| {
            matches!(
                class,
                Class::Visible
                    | Class::Blank
                    | Class::SpacingMark
                    | Class::Joiner
                    | Class::NonJoiner
            )
        };
        look_ahead(self.text, self.rest.offset(), &mut self.next_letter, stops)
    }
}

impl Iterator for Filter<'_> {
    type Item = (usize, char, bool);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (at, c) = self.rest.next()?;
        Some((at, c, self.keeps(c)))
    }
}

/// The first character from a place on whose class is wanted. Each is looked at once, for what was found is good until it is
/// passed.
fn look_ahead(
    text: &str,
    from: usize,
    known: &mut Lookahead,
    is_wanted: impl Fn(Class) -> bool,
) -> Option<char> {
    if known.at < from {
        let found = text[from..].char_indices().find(|&(_, c)| is_wanted(class(c)));
        known.at = found.map_or(text.len(), |(at, _)| from + at);
        known.found = found.map(|(_, c)| c);
        #[cfg(test)]
        {
            known.looks += text[from..known.at].chars().count() + 1;
        }
    }
    known.found
}

/// How many tags there are, the end included, if the first one and those behind it name a region as Unicode's flags do: two
/// letters of the country, one to three letters or digits of the region. None otherwise.
fn tags_of_region(first: char, behind: &str) -> usize {
    const COUNTRY: usize = 2;
    const REGION: usize = 3;
    let tags = std::iter::once(first).chain(behind.chars()).take(COUNTRY + REGION + 1);
    for (at, tag) in tags.enumerate() {
        match tag {
            TAGS_END if at > COUNTRY => return at + 1,
            '\u{e0061}'..='\u{e007a}' => {}
            '\u{e0030}'..='\u{e0039}' if at >= COUNTRY => {}
            _ => return 0,
        }
    }
    0
}
