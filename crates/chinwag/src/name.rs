//! Nicks: what a person may be called, and why not.
//!
//! A name is taken as it was asked for or refused with the reason; it is never stripped or shortened, for that
//! would complete an attack (`a<RTLO>b` must not become `ab`).

use crate::limits::{MAX_NICK, MIN_NICK};
use crate::text;
use std::fmt;

/// What a nick made by the server starts with; `user-<digits>` is the server's, however its letters are cased.
const DEFAULT_PREFIX: &str = "user-";
/// Names that would let a person speak as the house, folded.
const RESERVED: [&str; 5] = ["server", "system", "admin", "operator", "chinwag"];

/// A nick that passed all checks: ASCII, so that bytes are characters. It is small and copied like a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nick {
    /// The name, filled up with zeros, which no nick contains.
    bytes: [u8; MAX_NICK],
    /// How many of the bytes are the name.
    len: u8,
}

/// A nick without its case: what decides whether a name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FoldedNick(Nick);

impl Nick {
    /// The nick a person asked for, letter by letter as typed.
    ///
    /// # Errors
    /// The reason for refusing it, with the name as asked.
    pub fn parse(asked: &str) -> Result<Self, NickRefused> {
        match fault(asked) {
            Some(fault) => Err(NickRefused { asked: text::quoted(asked), fault }),
            None => Ok(Self::from_ascii(asked)),
        }
    }

    /// The nick that a person means who may be somebody else: the server's own are among them. `None` if nobody can be
    /// called so.
    pub fn of_somebody(named: &str) -> Option<Self> {
        matches!(fault(named), None | Some(Fault::Reserved)).then(|| Self::from_ascii(named))
    }

    /// The nick the server gives to its newcomer of this number: `user-7`.
    pub fn numbered(number: u64) -> Self {
        Self::from_ascii(&format!("{DEFAULT_PREFIX}{number}"))
    }

    /// Whether the server has given it, to one newcomer alone.
    pub fn is_numbered(&self) -> bool {
        is_numbered(self.as_str())
    }

    /// The name as typed.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("a nick is ASCII")
    }

    /// The name as typed, in bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The name without its case.
    pub fn fold(&self) -> FoldedNick {
        let mut folded = *self;
        folded.bytes.make_ascii_lowercase();
        FoldedNick(folded)
    }

    /// Packs a name that is known to be ASCII and short enough.
    fn from_ascii(name: &str) -> Self {
        let mut bytes = [0; MAX_NICK];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        let len = u8::try_from(name.len()).expect("a nick is shorter than 256 bytes");
        Self { bytes, len }
    }
}

impl FoldedNick {
    /// The first and the last name that there can be among those that begin with this word in whatever case; `None` if no name does.
    pub fn beginning_with(word: &str) -> Option<(Self, Self)> {
        if word.len() > MAX_NICK || !word.is_ascii() {
            return None;
        }
        let mut first = Nick { bytes: [0; MAX_NICK], len: 0 };
        first.bytes[..word.len()].copy_from_slice(word.as_bytes());
        first.bytes.make_ascii_lowercase();
        // It is behind every character of a nick.
        let mut last = Nick { len: MAX_NICK as u8, ..first };
        last.bytes[word.len()..].fill(0x7f);
        Some((Self(first), Self(last)))
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nick({})", self.as_str())
    }
}

/// Why a name cannot be a nick. Its text quotes the name as asked, made safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NickRefused {
    /// The name as asked, sanitised and in quotes.
    asked: String,
    /// What is wrong with it.
    fault: Fault,
}

/// What can be wrong with a name, in the order in which it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// There is none.
    Missing,
    /// It has a space or a tab in it.
    Blank,
    /// A character beyond letters, digits, `_` and `-`.
    Character,
    /// It does not start with a letter.
    Start,
    /// Fewer than [`MIN_NICK`] characters.
    Short,
    /// More than [`MAX_NICK`] characters.
    Long,
    /// It belongs to the house.
    Reserved,
}

impl fmt::Display for NickRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = &self.asked;
        match self.fault {
            Fault::Missing => write!(f, "a nick is missing, as in: /nick alice"),
            Fault::Blank => write!(f, "the nick {asked} has a blank in it"),
            Fault::Character => {
                write!(f, "the nick {asked} has more in it than letters A-Z, digits, _ and -")
            }
            Fault::Start => write!(f, "the nick {asked} does not start with a letter"),
            Fault::Short => write!(f, "the nick {asked} is shorter than {MIN_NICK} characters"),
            Fault::Long => write!(f, "the nick {asked} is longer than {MAX_NICK} characters"),
            Fault::Reserved => write!(f, "the nick {asked} is reserved"),
        }
    }
}

impl std::error::Error for NickRefused {}

/// The first thing that is wrong with a name.
fn fault(asked: &str) -> Option<Fault> {
    if asked.is_empty() {
        Some(Fault::Missing)
    } else if asked.chars().any(char::is_whitespace) {
        Some(Fault::Blank)
    } else if !asked.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        Some(Fault::Character)
    } else if !asked.as_bytes()[0].is_ascii_alphabetic() {
        Some(Fault::Start)
    } else if asked.len() < MIN_NICK {
        Some(Fault::Short)
    } else if asked.len() > MAX_NICK {
        Some(Fault::Long)
    } else if is_reserved(asked) {
        Some(Fault::Reserved)
    } else {
        None
    }
}

/// Whether a name belongs to the house, however its letters are cased.
fn is_reserved(name: &str) -> bool {
    is_numbered(name) || RESERVED.contains(&name.to_ascii_lowercase().as_str())
}

/// Whether a name is `user-` and digits, however its letters are cased.
fn is_numbered(name: &str) -> bool {
    let folded = name.to_ascii_lowercase();
    let number = folded.strip_prefix(DEFAULT_PREFIX);
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(asked: &str) -> String {
        Nick::parse(asked).expect_err(asked).to_string()
    }

    #[test]
    fn ordinary_names_are_taken_as_typed() {
        for name in ["al", "Bob", "x-y_z9", "abcdefghijklmnopqrstuvwx", "user-", "user-7a", "users"]
        {
            assert_eq!(Nick::parse(name).expect(name).as_str(), name);
        }
    }

    #[test]
    fn names_are_refused_with_the_reason_and_as_asked() {
        assert_eq!(refusal(""), "a nick is missing, as in: /nick alice");
        assert_eq!(refusal("a b"), "the nick \"a b\" has a blank in it");
        assert_eq!(refusal("bob "), "the nick \"bob \" has a blank in it");
        assert_eq!(refusal("b"), "the nick \"b\" is shorter than 2 characters");
        assert_eq!(refusal("1b"), "the nick \"1b\" does not start with a letter");
        assert_eq!(refusal("-bob"), "the nick \"-bob\" does not start with a letter");
        assert_eq!(
            refusal("abcdefghijklmnopqrstuvwxy"),
            "the nick \"abcdefghijklmnopqrstuvwxy\" is longer than 24 characters"
        );
        for start in ["*bob", "!bob", "~bob", "#bob", "[bob", "|bob", "bøb", "a\u{202e}b", "a.b"] {
            assert!(refusal(start).contains("has more in it than letters"), "{start:?}");
        }
    }

    #[test]
    fn a_hidden_character_is_refused_and_never_stripped() {
        let said = refusal("a\u{202e}b");
        assert!(said.starts_with("the nick \"ab\" has more in it"), "{said}");
    }

    #[test]
    fn names_of_the_house_are_reserved_in_any_case() {
        for name in ["server", "System", "ADMIN", "operator", "ChinWag", "user-1", "USER-007"] {
            assert_eq!(refusal(name), format!("the nick {name:?} is reserved"));
        }
    }

    #[test]
    fn folding_ignores_case_alone() {
        let bob = Nick::parse("Bob").unwrap();
        assert_eq!(bob.fold(), Nick::parse("bOB").unwrap().fold());
        assert_ne!(bob.fold(), Nick::parse("bobb").unwrap().fold());
        assert_ne!(bob, Nick::parse("bob").unwrap());
    }

    #[test]
    fn numbered_nicks_are_the_servers_own() {
        assert_eq!(Nick::numbered(7).as_str(), "user-7");
        assert!(Nick::parse(Nick::numbered(7).as_str()).is_err());
        assert_eq!(Nick::of_somebody("user-7"), Some(Nick::numbered(7)));
        assert_eq!(Nick::of_somebody("a b"), None);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_gets_a_nick_as_asked_or_a_printable_reason(asked in "\\PC{0,30}|[a-zA-Z0-9_-]{1,26}|(?s).{0,300}") {
            match Nick::parse(&asked) {
                Ok(nick) => {
                    prop_assert_eq!(nick.as_str(), asked.as_str());
                    prop_assert!(nick.as_str().bytes().all(|b| b.is_ascii_graphic()));
                }
                Err(refused) => {
                    let reason = refused.to_string();
                    let clean = text::sanitise(&reason);
                    prop_assert_eq!(&*clean, reason.as_str());
                    prop_assert!(reason.len() < 300);
                }
            }
        }
    }
}
