//! Spans of time as people type and read them: `30m`, `2 hours`.

use std::time::Duration;

/// The units, the largest first: how each is typed and read, and its seconds.
const UNITS: [(char, &str, u64); 4] =
    [('d', "day", 86_400), ('h', "hour", 3_600), ('m', "minute", 60), ('s', "second", 1)];

/// The longest span: ten years. What is meant to last longer is meant for good.
const LONGEST: u64 = 3_653 * 86_400;

/// What a word like `90s`, `30m`, `2h` or `7d` means; `None` for any other word, and for one beyond ten years or of nothing
/// at all.
pub fn parse(word: &str) -> Option<Duration> {
    let (at, letter) = word.char_indices().next_back()?;
    let &(_, _, seconds) = UNITS.iter().find(|unit| unit.0 == letter.to_ascii_lowercase())?;
    let digits = &word[..at];
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u64>());
    let span = number?.ok()?.checked_mul(seconds)?;
    (1..=LONGEST).contains(&span).then(|| Duration::from_secs(span))
}

/// A span in words, to the two largest units and never less than it is: `2 hours`, `1 day 3 hours`, `1 second`.
pub fn words(span: Duration) -> String {
    let seconds = (span.as_secs() + u64::from(span.subsec_nanos() > 0)).max(1);
    let first = UNITS.iter().position(|unit| seconds >= unit.2).unwrap_or(UNITS.len() - 1);
    // What is smaller than the second unit counts as one more of it.
    let grain = UNITS[(first + 1).min(UNITS.len() - 1)].2;
    let mut rest = seconds.div_ceil(grain) * grain;
    let mut words = Vec::new();
    for (_, name, unit) in UNITS {
        let count = rest / unit;
        rest %= unit;
        if count > 0 {
            words.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    words.join(" ")
}

/// How often each may speak in a slow room, in words.
pub fn one_line_of_each(every: Duration) -> String {
    format!("one line in {} of each", words(every))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spans_have_a_unit() {
        for (word, seconds) in [("90s", 90), ("30m", 1_800), ("2H", 7_200), ("7d", 604_800)] {
            assert_eq!(parse(word), Some(Duration::from_secs(seconds)), "{word}");
        }
        for word in
            ["", "s", "10", "0m", "-1m", "+1m", "1.5h", "2hours", "9999999d", "é", "5é", "m5"]
        {
            assert_eq!(parse(word), None, "{word}");
        }
    }

    #[test]
    fn words_are_never_less_than_the_span() {
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
            assert_eq!(words(Duration::from_secs(seconds)), read);
        }
        assert_eq!(words(Duration::ZERO), "1 second");
        assert_eq!(words(Duration::from_millis(1_001)), "2 seconds");
    }

    proptest! {
        #[test]
        fn any_word_is_a_span_or_none(word in "\\PC{0,12}|[0-9]{0,25}[smhd]?") {
            if let Some(span) = parse(&word) {
                prop_assert!(span.as_secs() >= 1 && span.as_secs() <= LONGEST);
                prop_assert!(!words(span).is_empty());
            }
        }
    }
}
