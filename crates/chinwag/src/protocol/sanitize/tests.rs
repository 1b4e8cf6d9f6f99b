//! Tests of the sanitizer: every character alone, every sequence that needs what shows nothing, and anything at all.

use super::*;
use icu_properties::props::{
    CanonicalCombiningClass, DefaultIgnorableCodePoint, ExtendedPictographic, GeneralCategory,
    GeneralCategoryGroup, JoiningType, PrependedConcatenationMark, UnifiedIdeograph, WhiteSpace,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use proptest::prelude::*;

/// The category of a character.
fn category(c: char) -> GeneralCategory {
    CodePointMapData::new().get(c)
}

/// Whether a character is none that is shown alone, as the requirement has it.
fn shows_nothing(c: char) -> bool {
    let code = u32::from(c);
    let is_format = category(c) == GeneralCategory::Format;
    let encloses = CodePointSetData::new::<PrependedConcatenationMark>().contains(c);
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || (code < 0x20 && code != 0x09)
        || (0x7f..=0x9f).contains(&code)
        || (0x2028..=0x2029).contains(&code)
        || (0x13430..=0x1343f).contains(&code)
        || (is_format && !encloses)
        || [0x2800, 0x13441, 0x13442, 0x16fe4, 0x1d159].contains(&code)
}

/// Whether a character is a blank.
fn is_white(c: char) -> bool {
    CodePointSetData::new::<WhiteSpace>().contains(c)
}

/// Whether a character is a mark.
fn is_any_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(category(c)) && !shows_nothing(c)
}

#[test]
fn each_character_alone_is_shown_or_is_nothing() {
    let (mut between, mut alone) = (String::new(), String::new());
    for c in '\0'..=char::MAX {
        alone.clear();
        alone.push(c);
        between.clear();
        between.extend(['a', c, 'b']);
        let is_nothing = shows_nothing(c);
        let is_white = is_white(c);
        assert_eq!((is_hidden(c), is_blank(&alone)), (is_nothing, is_nothing || is_white), "{c:?}");
        if is_nothing {
            assert_eq!((&*sanitize(&alone), &*sanitize(&between)), ("", "ab"), "{c:?}");
        } else if c == '\t' {
            assert_eq!((&*sanitize(&alone), &*sanitize(&between)), (" ", "a b"));
        } else {
            assert!(sanitize(&between) == between, "{c:?}");
        }
    }
}

#[test]
fn what_was_seen_to_pass_passes_no_more() {
    let mut passed: Vec<char> =
        "\u{3164}\u{115f}\u{1160}\u{ffa0}\u{2800}\u{ad}\u{34f}\u{17b4}\u{180b}\u{180e}\u{1d173}\u{1bca0}\u{13430}\u{e0080}"
            .chars()
            .collect();
    for (first, last) in
        [('\u{206a}', '\u{206f}'), ('\u{fe00}', '\u{fe0f}'), ('\u{e0100}', '\u{e01ef}')]
    {
        passed.extend(first..=last);
    }
    let all: String = passed.iter().collect();
    assert!(is_blank(&all));
    assert_eq!(sanitize(&format!("x{all}y{all}")), "xy");
}

/// Each of these stays whole.
fn stays(whole: &[&str]) {
    for &text in whole {
        assert_eq!(sanitize(text), text, "{}", text.escape_unicode());
        assert!(matches!(sanitize(text), Cow::Borrowed(_)));
    }
}

/// Each of these becomes what stands beside it.
fn becomes(pairs: &[(&str, &str)]) {
    for &(text, clean) in pairs {
        assert_eq!(sanitize(text), clean, "{}", text.escape_unicode());
    }
}

#[test]
fn joiners_stay_where_letters_need_them() {
    stays(&[
        // Persian: between two letters that would join, also through marks.
        "می\u{200c}خواهم",
        "ب\u{64e}\u{200c}\u{64e}ب",
        // Behind a virama: Devanagari, Sinhala, Malayalam.
        "क्\u{200d}ष",
        "क्\u{200c}ष",
        "ශ්\u{200d}රී",
        "ന്\u{200d}",
    ]);
    becomes(&[
        ("\u{200d}a\u{200c} b\u{200d}", "a b"),
        ("a\u{200d}\u{200d}\u{200d}b", "ab"),
        // Alef joins nothing behind it; a joiner is none of Arabic's.
        ("ا\u{200c}ب", "اب"),
        ("ب\u{200d}ب", "بب"),
        ("ب\u{200c} ب", "ب ب"),
        ("می\u{200c}\u{200c}\u{200b}\u{200c}خواهم", "می\u{200c}خواهم"),
        ("क\u{200d}ष", "कष"),
        ("क्\u{200d}\u{200d}ष", "क्\u{200d}ष"),
    ]);
}

#[test]
fn emoji_stay_whole() {
    stays(&[
        "👨\u{200d}👩\u{200d}👧",
        "❤\u{fe0f}\u{200d}🔥",
        "👩🏽\u{200d}💻",
        "🏳\u{fe0f}\u{200d}🌈",
        "🏃🏿\u{200d}♀\u{fe0f}\u{200d}➡\u{fe0f}",
        "☎\u{fe0e} ☎\u{fe0f} ©\u{fe0f}",
        "1\u{fe0f}\u{20e3}#\u{fe0f}\u{20e3}*\u{fe0e}\u{20e3}",
        "🇩🇪",
        // England, Texas.
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "🏴\u{e0075}\u{e0073}\u{e0074}\u{e0078}\u{e007f}!",
    ]);
    becomes(&[
        ("👨\u{200d}x\u{200d}👩", "👨x👩"),
        ("👨\u{200c}👩", "👨👩"),
        ("👨\u{200d}\u{202e}\u{200d}👩", "👨\u{200d}👩"),
        ("👨\u{200d}", "👨"),
        ("☎\u{fe0f}\u{fe0f}\u{fe0e}", "☎\u{fe0f}"),
        ("☎\u{fe01}", "☎"),
        ("1\u{fe0f}2\u{fe0e}", "12"),
        ("1\u{fe0f}\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
        ("🏽\u{fe0f}🇩\u{fe0f}", "🏽🇩"),
        // Tags behind anything else, without an end, too many, or too few.
        ("x\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}", "x"),
        ("🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}", "🏴"),
        ("🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e0067}\u{e007f}", "🏴"),
        ("🏴\u{e0067}\u{e0062}\u{e007f}", "🏴"),
        ("🏴\u{e0031}\u{e0062}\u{e0065}\u{e007f}", "🏴"),
    ]);
}

#[test]
fn scripts_keep_what_chooses_a_form() {
    stays(&[
        "葛\u{e0100}飾",
        "\u{1820}\u{180b}\u{182d}\u{180d}",
        // Old Korean: a syllable without a vowel.
        "\u{1100}\u{1160}\u{11a8}",
        "\u{1112}\u{1161}\u{11ab}",
    ]);
    becomes(&[
        ("葛\u{e0100}\u{e0101}", "葛\u{e0100}"),
        ("か\u{e0100}x\u{e0101}", "かx"),
        ("\u{1820}\u{180b}\u{180b}", "\u{1820}\u{180b}"),
        ("a\u{180b}\u{1810}\u{180c}", "a\u{1810}"),
        ("\u{1820}\u{180e}\u{1821}", "\u{1820}\u{1821}"),
        ("\u{1160}\u{11a8}", "\u{11a8}"),
        ("\u{1100}\u{1160}x", "\u{1100}x"),
        ("\u{115f}\u{1160}\u{11a8}", "\u{11a8}"),
        ("\u{1100}\u{1160}\u{1160}\u{11a8}", "\u{1100}\u{1160}\u{11a8}"),
    ]);
}

#[test]
fn no_letter_has_more_than_thirty_marks() {
    let piled = |count| format!("e{}x", "\u{301}".repeat(count));
    stays(&[&piled(30)]);
    assert_eq!(sanitize(&piled(31)), piled(30));
    assert_eq!(sanitize(&piled(2_000)), piled(30));
    // What is needed between them begins no new pile; a letter or a blank does.
    let joined = format!("क{}", "\u{94d}\u{200d}".repeat(100));
    assert_eq!(sanitize(&joined).matches('\u{94d}').count(), 30);
    let apart = format!("{} {}", "\u{301}".repeat(30), "\u{301}".repeat(30));
    assert_eq!(sanitize(&apart), apart);
}

#[test]
fn no_gap_is_wider_than_sixteen_columns() {
    let gap = |blank: &str, count| format!("hi{}* bob left", blank.repeat(count));
    stays(&[&gap(" ", 16), &gap("\u{3000}", 8), &gap("\u{a0}", 16)]);
    let blanks = ('\0'..=char::MAX).filter(|&c| is_white(c) && !shows_nothing(c));
    for blank in blanks.map(String::from) {
        let clean = sanitize(&gap(&blank, 69)).into_owned();
        let (shown, count) = match &*blank {
            "\t" => (" ", 16),
            "\u{3000}" => ("\u{3000}", 8),
            _ => (&*blank, 16),
        };
        assert_eq!(clean, gap(shown, count), "{blank:?}");
    }
    // Marks on them are none the less blanks: a coeng of Khmer is nothing by itself.
    assert_eq!(sanitize(&gap(" \u{17d2}", 69)).matches(' ').count(), 16 + 2);
    // Nor does a vowel of Hangul that stands alone take room of its own.
    assert_eq!(sanitize(&gap(" \u{1161}", 69)).matches(' ').count(), 16 + 2);
    // Of many kinds, with nothing between them, and wherever they stand in a plain line.
    let mixed = format!("x{}y", " \t\u{3000}\u{200b}\u{a0}\u{2800}".repeat(20));
    let clean = sanitize(&mixed).into_owned();
    assert!(unicode_width::UnicodeWidthStr::width(&*clean) <= 18, "{clean:?}");
    for before in 0..40 {
        for count in 0..40 {
            let text = format!("{}{}y", "x".repeat(before), " ".repeat(count));
            let clean = format!("{}{}y", "x".repeat(before), " ".repeat(count.min(16)));
            assert_eq!(sanitize(&text), clean);
            let mut appended = b"bob: ".to_vec();
            append_sanitized(&mut appended, &text);
            let widest = if before == 0 { 15 } else { 16 };
            let blanks = " ".repeat(count.min(widest));
            assert_eq!(appended, format!("bob: {}{blanks}y", "x".repeat(before)).into_bytes());
        }
    }
}

#[test]
fn escape_sequences_lose_their_escape() {
    assert_eq!(sanitize("\u{1b}[31mred\u{1b}]0;title\u{7}"), "[31mred]0;title");
    assert_eq!(sanitize("a\tb\rc\nd\u{85}e\u{9b}1m"), "a bcde1m");
}

#[test]
fn blank_is_what_nobody_would_see() {
    assert!(is_blank("") && is_blank(" \t ") && is_blank("\u{200b}\u{1b}\u{200d}\u{a0}"));
    assert!(is_blank("\u{3164}\u{2800} \u{fe0f}\u{e0067}\u{e007f}"));
    assert!(!is_blank(" . "));
}

#[test]
fn quotes_hold_the_words_in() {
    assert_eq!(quote("bye"), "\"bye\"");
    assert_eq!(quote("say \"x\"\u{1b}[2J"), "\"say \\\"x\\\"[2J\"");
    assert_eq!(quote(&"x".repeat(200)).len(), 202);
    assert_eq!(quote(&"x".repeat(201)), format!("\"{}…\"", "x".repeat(197)));
    assert!(quote(&"\"".repeat(300)).len() <= 202);
}

#[test]
fn words_are_cut_between_what_is_one_character() {
    let family = "👨\u{200d}👩\u{200d}👧";
    let cut = |before| quote(&format!("{}{family}{}", "x".repeat(before), "y".repeat(9)));
    assert_eq!(cut(179), format!("\"{}{family}…\"", "x".repeat(179)));
    assert_eq!(cut(180), format!("\"{}…\"", "x".repeat(180)));
    assert_eq!(
        quote(&format!("{}e\u{301}yyyy", "x".repeat(195))),
        format!("\"{}…\"", "x".repeat(195))
    );
    assert_eq!(quote(&format!("👨{}", "\u{200d}👨".repeat(99))), "\"…\"");
}

/// What is kept of what shows nothing, and not needed; each rule in its plainest form, whatever it costs.
fn strays(text: &str) -> Vec<(usize, char)> {
    let all: Vec<char> = text.chars().collect();
    let joining = |c: char| CodePointMapData::<JoiningType>::new().get(c);
    let is_pictograph = |&c: &char| CodePointSetData::new::<ExtendedPictographic>().contains(c);
    let needed = |at: usize| {
        let (before, behind) = (&all[..at], &all[at + 1..]);
        let Some(&last) = before.last() else { return false };
        let is_transparent = |c: &&char| joining(**c) == JoiningType::Transparent;
        let left = before.iter().rev().find(|c| !is_transparent(c)).map(|&c| joining(c));
        let right = behind.iter().find(|c| !is_transparent(c)).map(|&c| joining(c));
        let dual = Some(JoiningType::DualJoining);
        let virama = CodePointMapData::<CanonicalCombiningClass>::new().get(last)
            == CanonicalCombiningClass::Virama;
        match all[at] {
            '\u{200c}' => {
                virama
                    || ((left == dual || left == Some(JoiningType::LeftJoining))
                        && (right == dual || right == Some(JoiningType::RightJoining)))
            }
            '\u{200d}' => {
                let emoji = is_pictograph(&last)
                    || matches!(last, '\u{fe0f}' | '\u{e007f}' | '\u{1f3fb}'..='\u{1f3ff}');
                virama || (emoji && behind.first().is_some_and(is_pictograph))
            }
            '\u{fe0e}' | '\u{fe0f}' => {
                let key = matches!(last, '0'..='9' | '#' | '*');
                is_pictograph(&last) || (key && behind.first() == Some(&'\u{20e3}'))
            }
            '\u{e0100}'..='\u{e01ef}' => CodePointSetData::new::<UnifiedIdeograph>().contains(last),
            '\u{180b}'..='\u{180d}' | '\u{180f}' => matches!(last, '\u{1820}'..='\u{18aa}'),
            '\u{1160}' => {
                matches!(last, '\u{1100}'..='\u{115e}' | '\u{a960}'..='\u{a97c}')
                    && matches!(
                        behind.first(),
                        Some('\u{11a8}'..='\u{11ff}' | '\u{d7cb}'..='\u{d7fb}')
                    )
            }
            '\u{e0020}'..='\u{e007f}' => {
                let flag = before.iter().rposition(|&c| c == '\u{1f3f4}').unwrap_or(at);
                let is_tag = |c: &&char| ('\u{e0020}'..='\u{e007f}').contains(*c);
                let tags = all[flag..].iter().skip(1).take_while(is_tag).count();
                (3..=6).contains(&(tags - 1))
                    && flag + tags >= at
                    && all[flag + tags] == '\u{e007f}'
            }
            _ => false,
        }
    };
    let kept = all.iter().enumerate().filter(|&(at, &c)| shows_nothing(c) && !needed(at));
    kept.map(|(at, &c)| (at, c)).collect()
}

/// Texts of what the rules speak of, and of anything.
fn texts() -> impl Strategy<Value = String> {
    let rules = "ab1#* \t\u{3000}\u{a0}\u{1b}\u{202e}\u{200b}\u{200c}\u{200d}\u{ad}\u{34f}ابيخ\u{64e}क\u{94d}ന\u{d4d}👨❤☎🔥🏽🇩🏴\u{20e3}\u{fe00}\u{fe0e}\u{fe0f}葛か\u{e0100}\u{e0101}\u{1820}\u{182d}\u{180b}\u{180e}\u{1100}\u{1160}\u{115f}\u{11a8}\u{301}\u{e0067}\u{e0062}\u{e0065}\u{e0031}\u{e007f}\u{70f}\u{1e94b}";
    let rules: Vec<char> = rules.chars().collect();
    let of_rules = prop::collection::vec(prop::sample::select(rules), 0..40);
    prop_oneof![
        6 => of_rules.prop_map(|all| all.into_iter().collect()),
        1 => "[ x]{0,60}",
        1 => "[\u{301}\u{200c}ب\u{94d}]{0,80}",
        1 => "[🏴\u{e0067}\u{e0062}\u{e007f}\u{200d}👨]{0,40}",
        1 => "(?s).{0,200}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn nothing_stays_that_is_not_needed(text in texts()) {
        let clean = sanitize(&text).into_owned();
        prop_assert_eq!(strays(&clean), vec![], "{:?} of {:?}", clean, text);
        prop_assert_eq!(&*sanitize(&clean), clean.as_str(), "twice is as once");
        prop_assert_eq!(is_blank(&text), clean.chars().all(is_white));
        let mut appended = b"nick:".to_vec();
        append_sanitized(&mut appended, &text);
        prop_assert_eq!(&appended[5..], clean.as_bytes());
        let (mut marks, mut blanks) = (0, 0);
        for c in clean.chars().filter(|&c| !shows_nothing(c)) {
            marks = if is_any_mark(c) { marks + 1 } else { 0 };
            let columns = unicode_width::UnicodeWidthChar::width(c).unwrap_or(1);
            blanks = match category(c) {
                _ if is_white(c) => blanks + columns,
                GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark => blanks,
                _ => 0,
            };
            prop_assert!(marks <= 30 && blanks <= 16, "{clean:?}");
        }
    }

    #[test]
    fn what_is_seen_stays_in_order(text in texts()) {
        let is_bounded = |&c: &char| !shows_nothing(c) && !is_white(c) && !is_any_mark(c);
        let seen = |text: &str| text.chars().filter(is_bounded).collect::<String>();
        prop_assert_eq!(seen(&sanitize(&text)), seen(&text));
    }

    #[test]
    fn each_character_is_looked_at_a_few_times(text in texts(), times in 1..100_usize) {
        let text = text.repeat(times);
        let mut filter = Filter::after_blanks(&text, 0);
        let count = filter.by_ref().count();
        prop_assert!(filter.lookahead_count() <= 2 * count, "{} looks at {count}", filter.lookahead_count());
    }

    #[test]
    fn quotes_hold_any_words_in(text in texts(), times in 1..30_usize) {
        let words = text.repeat(times);
        let quoted = quote(&words);
        prop_assert!(quoted.len() <= MAX_QUOTED + 2);
        prop_assert_eq!(strays(&quoted), vec![]);
        prop_assert_eq!(&*sanitize(&quoted), quoted.as_str());
        let bare = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
        prop_assert!(!bare.replace("\\\"", "").contains('"'));
        prop_assert_eq!(super::quote(&truncate_for_quote(&words)), quoted);
    }
}
