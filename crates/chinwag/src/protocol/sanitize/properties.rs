//! What Unicode says of a character, as far as the sanitizer asks.
//!
//! Everything is a look at a property of the Unicode Character Database, as the crate `icu_properties` has it compiled in; what
//! is listed by hand is what no property says. It knows no neighbours: those are the [`filter`](super::filter)'s business.

use icu_properties::props::{
    CanonicalCombiningClass, DefaultIgnorableCodePoint, Emoji, EmojiComponent, EmojiModifier,
    ExtendedPictographic, GeneralCategory, HangulSyllableType, JoiningType,
    PrependedConcatenationMark, UnifiedIdeograph,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_width::UnicodeWidthChar;

/// VS15: the text form of the symbol before it.
pub(super) const TEXT_FORM: char = '\u{fe0e}';
/// VS16: the emoji form of the symbol before it.
pub(super) const EMOJI_FORM: char = '\u{fe0f}';
/// Zero width joiner.
pub(super) const JOINER: char = '\u{200d}';
/// Zero width non-joiner.
pub(super) const NON_JOINER: char = '\u{200c}';
/// The black flag, which tags behind it make that of a region.
pub(super) const FLAG: char = '\u{1f3f4}';
/// Ends the tags behind a flag.
pub(super) const TAGS_END: char = '\u{e007f}';
/// Makes a key of the digit before it.
pub(super) const KEYCAP: char = '\u{20e3}';
/// Hangul's filler in the place of a vowel.
const VOWEL_FILLER: char = '\u{1160}';

/// What the sanitizer does with a character, alone or by what stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// It shows something.
    Visible,
    /// It shows something on the character before it, and its scripts join letters through it: a non-spacing or enclosing mark.
    Mark,
    /// It shows something beside the character before it.
    SpacingMark,
    /// It takes room and shows nothing.
    Blank,
    /// Zero width joiner.
    Joiner,
    /// Zero width non-joiner.
    NonJoiner,
    /// VS15 or VS16.
    EmojiSelector,
    /// One of the 240 selectors of an ideograph's variant.
    HanSelector,
    /// One of the four selectors of a Mongolian letter's form.
    MongolianSelector,
    /// U+1160.
    VowelFiller,
    /// A tag, or the end of tags.
    Tag,
    /// It shows nothing, or harms: it never reaches a terminal.
    Hidden,
}

/// The class of a character.
#[inline]
pub(super) fn class(c: char) -> Class {
    if c.is_ascii() {
        return match c {
            ' ' | '\t' => Class::Blank,
            '!'..='~' => Class::Visible,
            _ => Class::Hidden,
        };
    }
    use GeneralCategory as Category;
    match CodePointMapData::<Category>::new().get(c) {
        Category::SpaceSeparator => Class::Blank,
        Category::Control | Category::LineSeparator | Category::ParagraphSeparator => Class::Hidden,
        Category::Format => format_class(c),
        Category::NonspacingMark | Category::EnclosingMark => mark_class(c),
        Category::SpacingMark if shows_nothing(c) => Class::Hidden,
        Category::SpacingMark => Class::SpacingMark,
        // Nothing that has a case, counts or punctuates is ignorable. A test looks at every character.
        Category::UppercaseLetter
        | Category::LowercaseLetter
        | Category::TitlecaseLetter
        | Category::DecimalNumber
        | Category::DashPunctuation
        | Category::OpenPunctuation
        | Category::ClosePunctuation
        | Category::InitialPunctuation
        | Category::FinalPunctuation
        | Category::OtherPunctuation
        | Category::MathSymbol
        | Category::CurrencySymbol => Class::Visible,
        _ if c == VOWEL_FILLER => Class::VowelFiller,
        _ if shows_nothing(c) => Class::Hidden,
        // Adlam's nasalization mark, a letter by its category.
        Category::ModifierLetter if joining(c) == JoiningType::Transparent => Class::Mark,
        _ => Class::Visible,
    }
}

/// The class of a format character.
fn format_class(c: char) -> Class {
    match c {
        JOINER => Class::Joiner,
        NON_JOINER => Class::NonJoiner,
        '\u{e0020}'..=TAGS_END => Class::Tag,
        // The Arabic number sign and the like enclose what follows. The Syriac one joins as marks do.
        _ if CodePointSetData::new::<PrependedConcatenationMark>().contains(c) => {
            if joining(c) == JoiningType::Transparent { Class::Mark } else { Class::Visible }
        }
        _ => Class::Hidden,
    }
}

/// The class of a mark that takes no room.
fn mark_class(c: char) -> Class {
    match c {
        TEXT_FORM | EMOJI_FORM => Class::EmojiSelector,
        '\u{180b}'..='\u{180d}' | '\u{180f}' => Class::MongolianSelector,
        '\u{e0100}'..='\u{e01ef}' => Class::HanSelector,
        _ if shows_nothing(c) => Class::Hidden,
        _ => Class::Mark,
    }
}

/// Whether a character shows nothing although its category does not say so.
fn shows_nothing(c: char) -> bool {
    match c {
        // No property says of these that their glyphs are empty: the blank pattern of Braille, Egyptian blanks, the filler of
        // Khitan's small script, the musical null notehead.
        '\u{2800}' | '\u{13441}'..='\u{13442}' | '\u{16fe4}' | '\u{1d159}' => true,
        _ => {
            is_near_ignorables(c)
                && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        }
    }
}

/// Whether any of the 256 characters around it is ignorable: without a search, for most letters of most scripts are told so. A
/// test looks at every character.
fn is_near_ignorables(c: char) -> bool {
    matches!(
        u32::from(c) >> 8,
        0x00 | 0x03 | 0x06 | 0x11 | 0x17 | 0x18 | 0x20 | 0x31 | 0xfe | 0xff | 0x1bc | 0x1d1 | 0xe00
            ..=0xe0f
    )
}

/// How many columns a blank takes.
#[inline]
pub(super) fn columns(blank: char) -> usize {
    if blank.is_ascii() { 1 } else { blank.width().unwrap_or(1) }
}

/// Whether it shows something, wherever it stands.
pub(crate) fn is_seen(c: char) -> bool {
    matches!(class(c), Class::Visible | Class::Mark | Class::SpacingMark)
}

/// Whether it shows nothing, takes no room, and is kept at most where something else needs it.
pub(crate) fn is_hidden(c: char) -> bool {
    !is_seen(c) && class(c) != Class::Blank
}

/// Whether it stands on the letter before it.
pub(crate) fn is_mark(c: char) -> bool {
    class(c) == Class::Mark
}

/// How a letter joins its neighbours.
pub(super) fn joining(c: char) -> JoiningType {
    CodePointMapData::new().get(c)
}

/// Whether it is a virama, by the class that RFC 5892 asks for.
pub(super) fn is_virama(c: char) -> bool {
    CodePointMapData::<CanonicalCombiningClass>::new().get(c) == CanonicalCombiningClass::Virama
}

/// Whether a symbol has a text form and an emoji form. Digits, parts of flags and skin tones are none by themselves.
pub(super) fn is_emoji_base(c: char) -> bool {
    CodePointSetData::new::<Emoji>().contains(c)
        && !CodePointSetData::new::<EmojiComponent>().contains(c)
}

/// Whether a joiner may stand before it, to make one emoji of several.
pub(super) fn is_pictograph(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

/// Whether it is a skin tone.
pub(super) fn is_skin_tone(c: char) -> bool {
    CodePointSetData::new::<EmojiModifier>().contains(c)
}

/// Whether it is a Han character of its own right.
pub(super) fn is_han(c: char) -> bool {
    CodePointSetData::new::<UnifiedIdeograph>().contains(c)
}

/// Whether it is a letter of Mongolian, Todo, Sibe or Manchu.
pub(super) fn is_mongolian_letter(c: char) -> bool {
    matches!(c, '\u{1820}'..='\u{18aa}') && class(c) == Class::Visible && c.is_alphabetic()
}

/// Whether a syllable of Hangul begins with it.
pub(super) fn is_leading_jamo(c: char) -> bool {
    CodePointMapData::<HangulSyllableType>::new().get(c) == HangulSyllableType::LeadingJamo
        && class(c) == Class::Visible
}

/// Whether a syllable of Hangul ends with it.
pub(super) fn is_trailing_jamo(c: char) -> bool {
    CodePointMapData::<HangulSyllableType>::new().get(c) == HangulSyllableType::TrailingJamo
}
