//! What rooms are called: `#` and 1 to 64 of `a-z`, `0-9`, `_` and `-`. Capital letters are made small; anything else
//! is refused with the reason, never stripped.

use crate::limits::MAX_ROOM_NAME;
use crate::protocol::sanitize;
use std::fmt;
use std::sync::Arc;

/// A room's name that passed all checks. A clone costs one count.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RoomName(
    /// With its `#`.
    Arc<str>,
);

impl RoomName {
    /// The room that everybody starts in.
    pub(crate) fn lobby() -> Self {
        Self("#lobby".into())
    }

    /// The name that a person typed.
    ///
    /// # Errors
    /// What is wrong with it, with the name as typed.
    pub(crate) fn parse(asked: &str) -> Result<Self, InvalidRoomName> {
        match find_fault(asked) {
            Some(reason) => Err(InvalidRoomName { asked: sanitize::quote(asked), reason }),
            None => Ok(Self(asked.to_ascii_lowercase().into())),
        }
    }

    /// The name with its `#`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomName({})", self.0)
    }
}

/// Why a name cannot be a room's. Its text quotes the name as asked, made safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidRoomName {
    /// The name as asked, sanitized and in quotes.
    asked: String,
    /// What is wrong with it.
    reason: Reason,
}

/// What can be wrong with a name, in the order in which it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// There is none.
    Missing,
    /// It does not start with `#`.
    Start,
    /// Nothing stands behind the `#`.
    Empty,
    /// It has a blank in it.
    Blank,
    /// A character beyond letters, digits, `_` and `-`.
    Character,
    /// More than [`MAX_ROOM_NAME`] characters.
    Long,
}

impl fmt::Display for InvalidRoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = &self.asked;
        match self.reason {
            Reason::Missing => write!(f, "the name of a room is missing, as in: #dev"),
            Reason::Start => write!(f, "the name of a room starts with #, as in #dev: {asked}"),
            Reason::Empty => write!(f, "a name behind the # is missing, as in: #dev"),
            Reason::Blank => write!(f, "one room at a time, without blanks in its name: {asked}"),
            Reason::Character => {
                write!(
                    f,
                    "the name of a room has letters a-z, digits, _ and -, and no more: {asked}"
                )
            }
            Reason::Long => {
                write!(f, "the name of a room has at most {MAX_ROOM_NAME} characters: {asked}")
            }
        }
    }
}

impl std::error::Error for InvalidRoomName {}

/// The first thing that is wrong with a name.
fn find_fault(asked: &str) -> Option<Reason> {
    let Some(name) = asked.strip_prefix('#') else {
        return Some(if asked.is_empty() { Reason::Missing } else { Reason::Start });
    };
    if name.is_empty() {
        Some(Reason::Empty)
    } else if name.chars().any(char::is_whitespace) {
        Some(Reason::Blank)
    } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        Some(Reason::Character)
    } else if name.len() > MAX_ROOM_NAME {
        Some(Reason::Long)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(asked: &str) -> String {
        RoomName::parse(asked).expect_err(asked).to_string()
    }

    #[test]
    fn names_are_taken_in_small_letters() {
        let longest = format!("#{}", "x".repeat(64));
        for (typed, name) in [("#dev", "#dev"), ("#Dev-2_x", "#dev-2_x"), ("#7", "#7")] {
            assert_eq!(RoomName::parse(typed).expect(typed).as_str(), name);
        }
        assert_eq!(RoomName::parse(&longest).expect("it fits").as_str(), longest);
        assert_eq!(RoomName::lobby(), RoomName::parse("#LOBBY").unwrap());
    }

    #[test]
    fn anything_else_is_refused_with_the_reason_and_as_asked() {
        assert_eq!(refusal(""), "the name of a room is missing, as in: #dev");
        assert_eq!(refusal("#"), "a name behind the # is missing, as in: #dev");
        assert_eq!(refusal("dev"), "the name of a room starts with #, as in #dev: \"dev\"");
        assert_eq!(refusal("#a #b"), "one room at a time, without blanks in its name: \"#a #b\"");
        assert!(refusal(&format!("#{}", "x".repeat(65))).contains("at most 64 characters"));
        for name in ["#a.b", "#ä", "##a", "#a\u{202e}b", "#a,b", "#a\u{1b}[2J"] {
            let said = refusal(name);
            assert!(said.contains("letters a-z, digits, _ and -"), "{said}");
            assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_gets_a_plain_name_or_a_printable_reason(asked in "#?\\PC{0,70}|#[a-zA-Z0-9_-]{1,70}|(?s).{0,300}") {
            match RoomName::parse(&asked) {
                Ok(name) => {
                    prop_assert_eq!(name.as_str(), asked.to_lowercase());
                    prop_assert!((2..=65).contains(&name.as_str().len()));
                }
                Err(refused) => {
                    let reason = refused.to_string();
                    let clean = sanitize::sanitize(&reason);
                    prop_assert_eq!(&*clean, reason.as_str());
                    prop_assert!(reason.len() < 300);
                }
            }
        }
    }
}
