//! Whatever a person types: what a terminal gets of it is harmless, as a line, as a nick, as a reason.
#![no_main]

use chinwag::command::{self, Kind};
use chinwag::limits::MAX_QUOTED;
use chinwag::name::Nick;
use chinwag::text;
use libfuzzer_sys::fuzz_target;

/// Whether a terminal would take a character for something else than text.
fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{200b}')
}

fuzz_target!(|line: &str| {
    let clean = text::sanitise(line).into_owned();
    assert!(!clean.contains(is_harmful));
    assert_eq!(text::sanitise(&clean), clean);
    let quoted = text::quoted(line);
    assert!(quoted.len() <= MAX_QUOTED + 2 && !quoted.contains(is_harmful));
    let Some(input) = command::parse(line) else { return };
    assert!(line.contains(input.text));
    if input.kind == Kind::Nick {
        match Nick::parse(input.text) {
            Ok(nick) => assert_eq!(nick.as_str(), input.text),
            Err(reason) => assert!(!reason.to_string().contains(is_harmful)),
        }
    }
});
