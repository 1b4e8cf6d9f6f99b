//! Nicks: which names a user may have, and why not.
//!
//! A name is taken as it was asked for or refused with the reason; it is never stripped or shortened, for that
//! would complete an attack (`a<RTLO>b` must not become `ab`).
//!
//! Two names are told apart by their [`FoldedNick`] and by their [`NickSkeleton`]: nobody has a name that is another's in either. The first
//! is also what a user is addressed by, so that a look-alike gets nothing that was meant for another.

use crate::limits::{MAX_NICK, MIN_NICK};
use crate::protocol::sanitize;
use std::fmt;

/// What a nick made by the server starts with; `user-<digits>` is the server's, however its letters are cased.
const DEFAULT_PREFIX: &str = "user-";
/// Names that would let a user speak as the server, folded.
const RESERVED: [&str; 9] = [
    "server",
    "system",
    "admin",
    "administrator",
    "operator",
    "oper",
    "root",
    "moderator",
    "chinwag",
];

/// A nick that passed all checks: ASCII, so that bytes are characters. It is small and copied like a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Nick {
    /// The name, filled up with zeros, which no nick contains.
    bytes: [u8; MAX_NICK],
    /// How many of the bytes are the name.
    len: u8,
}

/// A nick without its case: what decides whether a name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FoldedNick(Nick);

/// What a nick looks like in most fonts, as it was typed: `I` and `1` are `l`, `0` and `O` are `o`, and then the case goes. So `aIice` and
/// `a1ice` look like `alice`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NickSkeleton(Nick);

impl Nick {
    /// The nick that a user asked for, letter by letter as typed.
    ///
    /// # Errors
    /// The reason for refusing it, with the name as asked.
    pub(crate) fn parse(asked: &str) -> Result<Self, InvalidNick> {
        match find_fault(asked) {
            Some(reason) => Err(InvalidNick { asked: sanitize::quote(asked), reason }),
            None => Ok(Self::from_ascii(asked)),
        }
    }

    /// The nick of a user who may exist: those that the server gives are among them. `None` if no user can have it.
    pub(crate) fn parse_existing(named: &str) -> Option<Self> {
        matches!(find_fault(named), None | Some(Reason::Reserved)).then(|| Self::from_ascii(named))
    }

    /// The nick that the server gives to the new user of this number: `user-7`.
    pub(crate) fn guest(number: u64) -> Self {
        Self::from_ascii(&format!("{DEFAULT_PREFIX}{number}"))
    }

    /// Whether the server gave it, to one new user alone.
    pub(crate) fn is_guest(&self) -> bool {
        is_guest_name(self.as_str())
    }

    /// The name as typed.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("a nick is ASCII")
    }

    /// The name as typed, in bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The name without its case.
    pub(crate) fn fold(&self) -> FoldedNick {
        let mut folded = *self;
        folded.bytes.make_ascii_lowercase();
        FoldedNick(folded)
    }

    /// What it looks like.
    pub(crate) fn skeleton(&self) -> NickSkeleton {
        let mut look = *self;
        look.bytes.iter_mut().for_each(|byte| *byte = skeleton_byte(*byte));
        NickSkeleton(look)
    }

    /// Whether one of the two can be taken for the other: as nobody has it while another has this one.
    pub(crate) fn is_confusable_with(&self, other: &Self) -> bool {
        self.fold() == other.fold() || self.skeleton() == other.skeleton()
    }

    /// Packs a name that is known to be ASCII and short enough.
    fn from_ascii(name: &str) -> Self {
        let mut bytes = [0; MAX_NICK];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        let len = u8::try_from(name.len()).expect("a nick is shorter than 256 bytes");
        Self { bytes, len }
    }
}

/// What a character of a nick looks like.
pub(crate) fn skeleton_byte(typed: u8) -> u8 {
    match typed {
        b'I' | b'1' => b'l',
        b'0' | b'O' => b'o',
        _ => typed.to_ascii_lowercase(),
    }
}

impl FoldedNick {
    /// The first and the last name that there can be among those that begin with this word in whatever case; `None` if no name does.
    pub(crate) fn prefix_range(word: &str) -> Option<(Self, Self)> {
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
pub(crate) struct InvalidNick {
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
    /// It is reserved for the server.
    Reserved,
    /// It can be confused with a reserved one.
    ConfusableWithReserved(&'static str),
}

impl fmt::Display for InvalidNick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = &self.asked;
        match self.reason {
            Reason::Missing => write!(f, "a nick is missing, as in: /nick alice"),
            Reason::Blank => write!(f, "the nick {asked} has a blank in it"),
            Reason::Character => {
                write!(f, "the nick {asked} has more in it than letters A-Z, digits, _ and -")
            }
            Reason::Start => write!(f, "the nick {asked} does not start with a letter"),
            Reason::Short => write!(f, "the nick {asked} is shorter than {MIN_NICK} characters"),
            Reason::Long => write!(f, "the nick {asked} is longer than {MAX_NICK} characters"),
            Reason::Reserved => write!(f, "the nick {asked} is reserved"),
            Reason::ConfusableWithReserved(name) => {
                write!(f, "the nick {asked} is reserved: it looks like {name}")
            }
        }
    }
}

impl std::error::Error for InvalidNick {}

/// The first thing that is wrong with a name.
fn find_fault(asked: &str) -> Option<Reason> {
    if asked.is_empty() {
        Some(Reason::Missing)
    } else if asked.chars().any(char::is_whitespace) {
        Some(Reason::Blank)
    } else if !asked.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        Some(Reason::Character)
    } else if !asked.as_bytes()[0].is_ascii_alphabetic() {
        Some(Reason::Start)
    } else if asked.len() < MIN_NICK {
        Some(Reason::Short)
    } else if asked.len() > MAX_NICK {
        Some(Reason::Long)
    } else if is_reserved(asked) {
        Some(Reason::Reserved)
    } else {
        confusable_reserved(asked).map(Reason::ConfusableWithReserved)
    }
}

/// Whether a name is reserved for the server, however its letters are cased.
fn is_reserved(name: &str) -> bool {
    is_guest_name(name) || RESERVED.contains(&name.to_ascii_lowercase().as_str())
}

/// The reserved name that a name can be confused with, if there is one.
fn confusable_reserved(name: &str) -> Option<&'static str> {
    let look = strict_skeleton(name);
    if look
        .strip_prefix(DEFAULT_PREFIX)
        .is_some_and(|number| !number.is_empty() && is_number(number))
    {
        return Some("a name that the server gives");
    }
    RESERVED.into_iter().find(|reserved| strict_skeleton(reserved) == look)
}

/// The skeleton that is compared with those of reserved names: `rn` is `m`, `vv` is `w`, and `i` is `l` as well.
fn strict_skeleton(name: &str) -> String {
    let look = |byte: u8| match skeleton_byte(byte) {
        b'i' => 'l',
        byte => char::from(byte),
    };
    let look: String = name.bytes().map(look).collect();
    look.replace("rn", "m").replace("vv", "w")
}

/// Whether it looks like digits: as some of them do like letters, and the others are left as they are.
fn is_number(look: &str) -> bool {
    look.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'l' | b'o'))
}

/// Whether a name is `user-` and digits, however its letters are cased.
fn is_guest_name(name: &str) -> bool {
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
        for name in [
            "al",
            "Bob",
            "x-y_z9",
            "abcdefghijklmnopqrstuvwx",
            "user-",
            "user-7a",
            "users",
            "user-le",
            "Ian",
            "rooter",
            "admins",
            "operetta",
            "mod",
            "systems",
            "Vernon",
            "servers",
        ] {
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
    fn reserved_names_are_rejected_in_any_case() {
        for name in ["server", "System", "ADMIN", "operator", "ChinWag", "user-1", "USER-007"] {
            assert_eq!(refusal(name), format!("the nick {name:?} is reserved"));
        }
    }

    #[test]
    fn names_like_reserved_ones_are_rejected() {
        for (name, like) in [
            ("Systern", "system"),
            ("SYSTERN", "system"),
            ("r00t", "root"),
            ("rO0t", "root"),
            ("Adm1n", "admin"),
            ("adrnin", "admin"),
            ("adrnlnlstrat0r", "administrator"),
            ("chinvvag", "chinwag"),
            ("chlnwag", "chinwag"),
            ("rnoderator", "moderator"),
            ("user-l2", "a name that the server gives"),
            ("user-I", "a name that the server gives"),
            ("USER-1O", "a name that the server gives"),
            ("user-oil", "a name that the server gives"),
        ] {
            assert_eq!(
                refusal(name),
                format!("the nick {name:?} is reserved: it looks like {like}")
            );
            assert_eq!(Nick::parse_existing(name), None, "nobody is called so");
        }
        for name in ["Administrator", "OPER", "root", "Moderator"] {
            assert_eq!(refusal(name), format!("the nick {name:?} is reserved"));
        }
    }

    #[test]
    fn confusable_nicks_are_detected() {
        let is_like = |a: &str, b: &str| {
            let (a, b) = (Nick::parse(a).unwrap(), Nick::parse(b).unwrap());
            assert_eq!(a.is_confusable_with(&b), b.is_confusable_with(&a));
            a.is_confusable_with(&b)
        };
        for (a, b) in [
            ("alice", "aIice"),
            ("alice", "a1ice"),
            ("aIice", "a1ice"),
            ("ALICE", "alice"),
            ("bob", "b0b"),
            ("bob", "BOB"),
            ("Lan", "Ian"),
            ("lan", "Ian"),
            ("ian", "IAN"),
        ] {
            assert!(is_like(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("lan", "ian"),
            ("alice", "aiice"),
            ("modern", "modem"),
            ("vvilly", "willy"),
            ("bob", "bo8"),
            ("x5", "xs"),
        ] {
            assert!(!is_like(a, b), "{a} {b}");
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
        assert_eq!(Nick::guest(7).as_str(), "user-7");
        assert!(Nick::parse(Nick::guest(7).as_str()).is_err());
        assert_eq!(Nick::parse_existing("user-7"), Some(Nick::guest(7)));
        assert_eq!(Nick::parse_existing("a b"), None);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_gets_a_nick_as_asked_or_a_printable_reason(asked in "\\PC{0,30}|[a-zA-Z0-9_-]{1,26}|(?s).{0,300}") {
            match Nick::parse(&asked) {
                Ok(nick) => {
                    prop_assert_eq!(nick.as_str(), asked.as_str());
                    let (fold, look) = (nick.fold().0, nick.skeleton().0);
                    prop_assert!(nick.is_confusable_with(&fold) && nick.is_confusable_with(&look));
                    prop_assert_eq!(look.skeleton().0, look, "what something looks like looks like itself");
                    prop_assert!(!RESERVED.map(strict_skeleton).contains(&strict_skeleton(&asked)));
                    prop_assert!(nick.as_str().bytes().all(|b| b.is_ascii_graphic()));
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
