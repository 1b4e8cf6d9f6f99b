//! Spans of time as people type and read them: `30m`, `1h30m`, `2 hours`.
//!
//! Pure, and strict: where a time may stand, what begins as one and is none is refused. Taken for something else (a reason) it would
//! make for good what was meant for an hour.

use crate::protocol::sanitize::{quote, sanitize};
use std::fmt;
use std::time::Duration;

/// The units that are read, the largest first, and their seconds.
const OUTPUT_UNITS: [(&str, u64); 4] =
    [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];

/// The units that are typed: in one word with the number, or as a word behind it; and their seconds. A month has no length, and
/// m is a minute.
const INPUT_UNITS: [(char, &str, u64); 6] = [
    ('s', "second", 1),
    ('m', "minute", 60),
    ('h', "hour", 3_600),
    ('d', "day", 86_400),
    ('w', "week", 7 * 86_400),
    ('y', "year", 365 * 86_400),
];

/// How units are shortened elsewhere. None of it is taken, but each gives a hint.
const UNSUPPORTED_UNITS: [(&str, char); 5] =
    [("sec", 's'), ("min", 'm'), ("hr", 'h'), ("wk", 'w'), ("yr", 'y')];

/// The longest span: ten years. What is meant to last longer is meant for good.
const MAX_SECONDS: u64 = 3_653 * 86_400;

/// What stands before a reason that begins with a digit.
const FOR: &str = "for";

/// How a time is written, for error messages.
const EXAMPLES: &str = "a time is 30s, 10m, 2h, 7d, 1w, 1y, 1h30m or 2 hours";

/// Why a text is no duration, or not one that may stand there: a sentence for the user who typed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidDuration(String);

impl fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidDuration {}

/// The seconds that a text begins with, as in `90s`, `1h30m` or `2 hours`, and what stands behind them; `None` if it begins with
/// something else. Any number of seconds, none too: what is too long to be counted is the longest that can be.
pub(crate) fn parse_prefix(text: &str) -> Option<(u64, &str)> {
    let (word, rest) = split_word(text);
    if let Some(seconds) = parse_word(word) {
        return Some((seconds, rest));
    }
    let number = number(word)?;
    let (unit, rest) = split_word(rest);
    let is = |name: &str| unit == name || unit.strip_suffix('s') == Some(name);
    let &(_, _, seconds) = INPUT_UNITS.iter().find(|(_, name, _)| is(name))?;
    Some((number.saturating_mul(seconds), rest))
}

/// The seconds of a word like `90s` or `1h30m`.
fn parse_word(word: &str) -> Option<u64> {
    let (mut sum, mut rest) = (0_u64, word);
    loop {
        let at = rest.find(|c: char| !c.is_ascii_digit())?;
        let letter = rest[at..].chars().next()?;
        let &(_, _, seconds) = INPUT_UNITS.iter().find(|unit| unit.0 == letter)?;
        sum = sum.saturating_add(number(&rest[..at])?.saturating_mul(seconds));
        rest = &rest[at + letter.len_utf8()..];
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

/// A number of digits, the largest there is for one beyond it.
fn number(word: &str) -> Option<u64> {
    let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| word.parse().unwrap_or(u64::MAX))
}

/// The first word, and what stands behind it.
fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace)
        .map_or((text, ""), |(word, rest)| (word, rest.trim_start()))
}

/// An error with this message.
fn invalid<T>(message: impl Into<String>) -> Result<T, InvalidDuration> {
    Err(InvalidDuration(message.into()))
}

/// So many seconds as a span that can be ordered.
fn checked(seconds: u64) -> Result<Duration, InvalidDuration> {
    match seconds {
        0 => invalid("a time of nothing is none: leave it out, or give at least 1s"),
        1..=MAX_SECONDS => Ok(Duration::from_secs(seconds)),
        _ => invalid("a time is ten years at most: leave it out for what lasts for good"),
    }
}

/// What a text means that is a time and nothing else.
///
/// # Errors
/// What is wrong with it, with a hint.
pub(crate) fn parse(text: &str) -> Result<Duration, InvalidDuration> {
    match parse_prefix(text) {
        Some((seconds, "")) => checked(seconds),
        _ => invalid(not_a_duration(text)),
    }
}

/// What follows the nick in a command about a user: a time, if there is one, and words. A time stands first; words that begin with
/// a digit stand behind `for`.
///
/// # Errors
/// It begins as a time does, and is none; or what stands behind `for` was meant as one.
pub(crate) fn parse_with_reason(typed: &str) -> Result<(Option<Duration>, &str), InvalidDuration> {
    let typed = typed.trim();
    let (time, words) = match parse_prefix(typed) {
        Some((seconds, words)) => (Some(checked(seconds)?), words),
        None => (None, typed),
    };
    let (first, behind) = split_word(words);
    if first.eq_ignore_ascii_case(FOR) && !behind.is_empty() {
        if time.is_none() && behind.eq_ignore_ascii_case("good") {
            return Ok((None, ""));
        }
        if time.is_none()
            && (is_mistyped_duration(behind)
                || is_count_of_units(behind)
                || ends_with_duration(behind))
        {
            let shown = quote(behind);
            return invalid(format!(
                "what stands behind \"{FOR}\" is a reason, and {shown} looks like a time: write the time first and without \"{FOR}\"; {EXAMPLES}"
            ));
        }
        return Ok((time, behind));
    }
    match (time, starts_with_number(first)) {
        (Some(_), true) => invalid(format!(
            "{} stands behind the time: write a time as one word, as in 1h30m, and a reason that begins with a digit behind \"{FOR}\"",
            quote(first)
        )),
        (None, true) => invalid(format!(
            "{}; a reason that begins with a digit stands behind \"{FOR}\"",
            not_a_duration(words)
        )),
        (None, false) if resembles_duration(words) => invalid(format!(
            "{} looks like a time and would be a reason: the time stands first, and a reason like that behind \"{FOR}\"; {EXAMPLES}",
            quote(words)
        )),
        _ => Ok((time, words)),
    }
}

/// Whether a word begins with a digit of any script, or with a sign and one; what nobody sees before it does not count.
fn starts_with_number(word: &str) -> bool {
    let word = sanitize(word);
    let word = word.strip_prefix(['+', '-', '.', '~', '<', '>', '=']).unwrap_or(&word);
    word.starts_with(char::is_numeric)
}

/// Numbers as words, as far as anybody counts time in them.
const NUMBER_WORDS: [&str; 13] = [
    "a", "an", "half", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten",
];

/// Words that stand beside a number of hours and say nothing else.
const FILLERS: [&str; 9] =
    ["about", "the", "next", "another", "more", "at", "least", "only", "whole"];

/// The words of a text in small letters, without what stands around them.
fn bare_words(text: &str) -> Vec<String> {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    sanitize(text).split_whitespace().map(bare).collect()
}

/// Whether a word is a unit of time.
fn is_unit(word: &str) -> bool {
    let one = word.strip_suffix('s').unwrap_or(word);
    INPUT_UNITS.iter().any(|(_, name, _)| *name == one)
        || UNSUPPORTED_UNITS.iter().any(|(name, _)| *name == one)
}

/// Whether all of it counts a unit of time: `an hour`, `about 2 more hours`.
fn is_count_of_units(text: &str) -> bool {
    let words = bare_words(text);
    let counts = |word: &String| {
        let word = word.as_str();
        FILLERS.contains(&word) || NUMBER_WORDS.contains(&word) || number(word).is_some()
    };
    words
        .split_last()
        .is_some_and(|(unit, words)| is_unit(unit) && !words.is_empty() && words.iter().all(counts))
}

/// Whether a reason ends in a time.
fn ends_with_duration(text: &str) -> bool {
    let words = bare_words(text);
    words.len() > 1
        && (words.last().is_some_and(|word| parse_word(word).is_some())
            || words
                .windows(2)
                .next_back()
                .is_some_and(|pair| parse_prefix(&pair.join(" ")).is_some()))
}

/// Whether a reason is, or ends in, what was meant as a time: in quotes or brackets, in words, or behind the reason.
fn resembles_duration(text: &str) -> bool {
    let words = bare_words(text);
    let is_counted =
        |pair: &[String]| NUMBER_WORDS.contains(&pair[0].as_str()) && is_unit(&pair[1]);
    let begins = words.first().is_some_and(|word| suggestion(word).is_some())
        || words.windows(2).take(2).enumerate().any(|(at, pair)| {
            (at == 0 || words[0] == NUMBER_WORDS[2])
                && (is_counted(pair) || parse_prefix(&pair.join(" ")).is_some())
        });
    begins || ends_with_duration(text)
}

/// Whether words that could be a reason are rather a time, or one that is mistyped.
fn is_mistyped_duration(words: &str) -> bool {
    let (first, behind) = split_word(words);
    parse_prefix(words).is_some()
        || suggestion(words).is_some()
        || (number(first).is_some() && behind.is_empty())
}

/// Why a text is no time.
fn not_a_duration(text: &str) -> String {
    let (first, behind) = split_word(text);
    let shown = quote(first);
    if let Some(meant) = suggestion(text) {
        return format!("{shown} is no time; did you mean {meant}? {EXAMPLES}");
    }
    if number(first).is_some() && behind.is_empty() {
        return format!("{shown} has no unit, as in {first}s, {first}m or {first}h; {EXAMPLES}");
    }
    format!("{shown} is no time; {EXAMPLES}")
}

/// The time that was meant by words that begin with one number and a unit of elsewhere: `30min`, `2hours`, `2H`, `5 mins`.
fn suggestion(words: &str) -> Option<String> {
    let (first, behind) = split_word(words);
    let at = first.find(|c: char| !c.is_ascii_digit()).unwrap_or(first.len());
    let unit = if at < first.len() { &first[at..] } else { split_word(behind).0 };
    let unit = unit.trim_end_matches(['.', ',']).to_ascii_lowercase();
    let singular = unit.strip_suffix('s').filter(|rest| !rest.is_empty()).unwrap_or(&unit);
    let typed = INPUT_UNITS
        .iter()
        .find(|(letter, name, _)| *name == singular || singular.chars().eq([*letter]));
    let letter = match typed {
        Some(&(letter, _, _)) => letter,
        None => UNSUPPORTED_UNITS.iter().find(|(name, _)| *name == singular)?.1,
    };
    number(&first[..at])?;
    Some(format!("{}{letter}", &first[..at]))
}

/// A span in words, to the two largest units and never less than it is: `2 hours`, `1 day 3 hours`, `1 second`.
pub(crate) fn format(span: Duration) -> String {
    let seconds = (span.as_secs() + u64::from(span.subsec_nanos() > 0)).max(1);
    let first =
        OUTPUT_UNITS.iter().position(|unit| seconds >= unit.1).unwrap_or(OUTPUT_UNITS.len() - 1);
    // What is smaller than the second unit counts as one more of it.
    let grain = OUTPUT_UNITS[(first + 1).min(OUTPUT_UNITS.len() - 1)].1;
    let mut rest = seconds.div_ceil(grain) * grain;
    let mut words = Vec::new();
    for (name, unit) in OUTPUT_UNITS {
        let count = rest / unit;
        rest %= unit;
        if count > 0 {
            words.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    words.join(" ")
}

/// How often each may speak in a slow room, in words.
pub(crate) fn format_slow_mode(every: Duration) -> String {
    format!("one line in {} of each", format(every))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_time_is_one_word_or_a_number_and_a_unit() {
        for (text, seconds) in [
            ("90s", 90),
            ("30m", 1_800),
            ("2h", 7_200),
            ("7d", 604_800),
            ("1w", 604_800),
            ("1y", 31_536_000),
            ("1h30m", 5_400),
            ("30m1h", 5_400),
            ("0h5m", 300),
            ("1 second", 1),
            ("2  minutes", 120),
            ("1 hours", 3_600),
            ("3 day", 259_200),
            ("2 weeks", 1_209_600),
            ("10 years", 315_360_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "s",
            "10",
            "-1m",
            "+1m",
            "1.5h",
            "2hours",
            "é",
            "5é",
            "m5",
            "2H",
            "30min",
            "1h30",
            "1h 30m",
            "2 h",
            "2 hour s",
            "1mo",
            "5 months",
            "٣h",
            "３h",
            "1ms",
            "2 hours more",
        ] {
            let wrong = parse(text).unwrap_err().to_string();
            assert!(wrong.contains(EXAMPLES), "{text}: {wrong}");
        }
        for nothing in ["0s", "0h0m", "0 weeks"] {
            assert!(
                parse(nothing).unwrap_err().to_string().starts_with("a time of nothing"),
                "{nothing}"
            );
        }
        for long in ["9999999d", "11y", "99999999999999999999999y", "20000000000000000000000s"] {
            assert!(
                parse(long).unwrap_err().to_string().starts_with("a time is ten years"),
                "{long}"
            );
        }
    }

    #[test]
    fn what_looks_like_a_time_is_never_a_reason() {
        let seconds = |typed| {
            parse_with_reason(typed).map(|(time, words)| (time.map(|t| t.as_secs()), words))
        };
        for (typed, time, words) in [
            ("", None, ""),
            ("spam", None, "spam"),
            (" 2h ", Some(7_200), ""),
            ("2h spam and more", Some(7_200), "spam and more"),
            ("2 hours spam", Some(7_200), "spam"),
            ("1h30m", Some(5_400), ""),
            ("1w", Some(604_800), ""),
            ("1y", Some(31_536_000), ""),
            ("for 3rd warning", None, "3rd warning"),
            ("2h for 3rd warning", Some(7_200), "3rd warning"),
            ("2h for 2 hours of spam", Some(7_200), "2 hours of spam"),
            ("for spam", None, "spam"),
            ("for good", None, ""),
            ("for", None, "for"),
            ("forty lines", None, "forty lines"),
            ("- spam", None, "- spam"),
            ("spamming :3", None, "spamming :3"),
            ("half of it spam", None, "half of it spam"),
            ("one of 3 spammers", None, "one of 3 spammers"),
            ("For 3rd warning", None, "3rd warning"),
            ("for a second account", None, "a second account"),
            ("2h for spamming 2h", Some(7_200), "spamming 2h"),
        ] {
            assert_eq!(seconds(typed), Ok((time, words)), "{typed}");
        }
        for (typed, hint) in [
            ("for an hour", "looks like a time"),
            ("for half an hour", "looks like a time"),
            ("for about 2 more hours", "looks like a time"),
            ("for the next week", "looks like a time"),
            ("for spamming 2h", "looks like a time"),
            ("for spamming for 2 days", "looks like a time"),
            ("2hours", "did you mean 2h?"),
            ("30min", "did you mean 30m?"),
            ("5 mins spam", "did you mean 5m?"),
            ("2H", "did you mean 2h?"),
            ("90", "\"90\" has no unit, as in 90s, 90m or 90h"),
            ("90 lines of spam", "stands behind \"for\""),
            ("0s", "a time of nothing"),
            ("3rd warning", "stands behind \"for\""),
            ("1mo", "\"1mo\" is no time"),
            ("-5m", "\"-5m\" is no time"),
            ("½h", "is no time"),
            ("２h", "is no time"),
            ("1h 30m", "as in 1h30m"),
            ("2h 3rd warning", "behind \"for\""),
            ("for 2h", "looks like a time"),
            ("for 2 hours", "looks like a time"),
            ("for 30min", "looks like a time"),
            ("for 90", "looks like a time"),
            ("FOR 2h", "looks like a time"),
            ("\u{200b}2h", "stands behind \"for\""),
            ("\"2h\"", "looks like a time"),
            ("(30min) spam", "looks like a time"),
            ("[2 hours]", "looks like a time"),
            ("one hour", "looks like a time"),
            ("half an hour spam", "looks like a time"),
            ("spam 2h", "the time stands first"),
            ("spam and more, 2 hours.", "the time stands first"),
        ] {
            let wrong = seconds(typed).unwrap_err().to_string();
            assert!(wrong.contains(hint), "{typed}: {wrong}");
        }
    }

    #[test]
    fn formatted_durations_never_round_down() {
        for (seconds, read) in [
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (90, "1 minute 30 seconds"),
            (7_200, "2 hours"),
            (7_201, "2 hours 1 minute"),
            (86_399, "1 day"),
            (97_200, "1 day 3 hours"),
        ] {
            assert_eq!(format(Duration::from_secs(seconds)), read);
        }
        assert_eq!(format(Duration::ZERO), "1 second");
        assert_eq!(format(Duration::from_millis(1_001)), "2 seconds");
    }

    proptest! {
        #[test]
        fn any_word_is_a_span_or_none(word in "\\PC{0,12}|[0-9]{0,25}[smhdwy]?|([0-9]{1,3}[smhdwy]){1,4}") {
            if let Ok(span) = parse(&word) {
                prop_assert!(span.as_secs() >= 1 && span.as_secs() <= MAX_SECONDS);
                prop_assert!(!format(span).is_empty());
            }
        }

        #[test]
        fn no_digit_begins_a_reason_by_itself(typed in "[0-9]\\PC{0,12}") {
            if let Ok((None, words)) = parse_with_reason(&typed) {
                prop_assert!(false, "{typed} is for good, because of {words}");
            }
        }

        #[test]
        fn one_word_is_the_sum_of_its_parts(parts in proptest::collection::vec((0_u64..100, 0_usize..6), 1..5)) {
            let word: String = parts.iter().map(|&(n, unit)| format!("{n}{}", INPUT_UNITS[unit].0)).collect();
            let sum = parts.iter().map(|&(n, unit)| n * INPUT_UNITS[unit].2).sum();
            prop_assert_eq!(parse_prefix(&word), Some((sum, "")));
        }
    }
}
