//! The words between `chinwag admin` and a server: one line asks, lines that begin with a blank answer, and one ends it.
//!
//! ```text
//!   chinwag-admin 1 kick mallory
//!    mallory was kicked
//!   ok
//! ```
//!
//! The number is the version: a server refuses others than its own, by name. Pure.

use std::fmt;

/// The version of these words.
const VERSION: &str = "1";
/// What a line that asks begins with.
const NAME: &str = "chinwag-admin";
/// Most bytes of a line that asks: a command and what is to be said.
pub(super) const MOST_BYTES: usize = 4096;
/// What ends an answer in peace.
pub(super) const OK: &str = "ok";
/// What ends one otherwise, before the reason.
pub(super) const ERROR: &str = "error: ";

/// What can be asked of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Everybody who is here.
    Who,
    /// This one is to go.
    Kick(String),
    /// Keep somebody out: whom, for how long, and why.
    Ban(String),
    /// Let somebody in again.
    Unban(String),
    /// Who is kept out.
    Bans,
    /// Everybody is to be told this.
    Say(String),
    /// The figures.
    Stats,
    /// What every task is at.
    Tasks,
    /// The server is to stop.
    Shutdown,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME} {VERSION} ")?;
        match self {
            Self::Who => f.write_str("who"),
            Self::Kick(nick) => write!(f, "kick {nick}"),
            Self::Ban(typed) => write!(f, "ban {typed}"),
            Self::Unban(typed) => write!(f, "unban {typed}"),
            Self::Bans => f.write_str("bans"),
            Self::Say(text) => write!(f, "say {text}"),
            Self::Stats => f.write_str("stats"),
            Self::Tasks => f.write_str("tasks"),
            Self::Shutdown => f.write_str("shutdown"),
        }
    }
}

impl Request {
    /// Reads a line, without its end.
    ///
    /// # Errors
    /// Why it is no request.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let rest = line.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(' '));
        let rest = rest.ok_or("this is the door of chinwag admin")?;
        let (version, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        if version != VERSION {
            return Err(format!("this server speaks version {VERSION} of the admin protocol"));
        }
        let (word, argument) = rest.split_once(' ').unwrap_or((rest, ""));
        match (word, argument) {
            ("who", "") => Ok(Self::Who),
            ("stats", "") => Ok(Self::Stats),
            ("tasks", "") => Ok(Self::Tasks),
            ("shutdown", "") => Ok(Self::Shutdown),
            ("kick", nick) if !nick.trim().is_empty() => Ok(Self::Kick(nick.trim().to_owned())),
            ("ban", typed) if !typed.trim().is_empty() => Ok(Self::Ban(typed.to_owned())),
            ("unban", typed) if !typed.trim().is_empty() => Ok(Self::Unban(typed.to_owned())),
            ("bans", "") => Ok(Self::Bans),
            ("say", text) if !text.trim().is_empty() => Ok(Self::Say(text.to_owned())),
            _ => Err(format!("there is no such command, or not with these words: {word:?}")),
        }
    }
}

/// An answer as it is sent: each of its lines behind a blank, then how it went.
pub(super) fn answer(outcome: &Result<String, String>) -> String {
    let mut sent = String::new();
    let end = match outcome {
        Ok(text) => {
            for line in text.lines() {
                sent.push(' ');
                sent.push_str(line);
                sent.push('\n');
            }
            OK.to_owned()
        }
        Err(reason) => format!("{ERROR}{reason}"),
    };
    sent + &end + "\n"
}

/// An answer as it was meant.
///
/// # Errors
/// The reason that the server gives, or that it gave no whole answer.
pub(super) fn parse_answer(sent: &str) -> Result<String, String> {
    let mut text = String::new();
    for line in sent.lines() {
        if let Some(line) = line.strip_prefix(' ') {
            text.push_str(line);
            text.push('\n');
        } else if line == OK {
            return Ok(text);
        } else if let Some(reason) = line.strip_prefix(ERROR) {
            return Err(reason.to_owned());
        }
    }
    Err("the server gave no whole answer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_read_back_and_others_are_refused() {
        let say = Request::Say("hello  there ".to_owned());
        let ban = Request::Ban("mallory* 2h spam and more".to_owned());
        let unban = Request::Unban("203.0.113.0/24".to_owned());
        let kick = Request::Kick("bob".into());
        for request in [Request::Who, kick, ban, unban, Request::Bans, say, Request::Shutdown] {
            assert_eq!(Request::parse(&request.to_string()), Ok(request));
        }
        let refused = Request::parse("chinwag-admin 2 who").unwrap_err();
        assert!(refused.contains("version 1"), "{refused}");
        for wrong in [
            "",
            "who",
            "chinwag-admin",
            "chinwag-admin 1",
            "chinwag-admin 1 who x",
            "chinwag-admin 1 kick  ",
            "chinwag-admin 1 ban ",
            "chinwag-admin 1 unban",
        ] {
            assert!(Request::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn answers_read_back(lines in prop::collection::vec("\\PC{0,20}", 0..5), fails: bool) {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let outcome = if fails { Err(lines.concat()) } else { Ok(text) };
            prop_assert_eq!(parse_answer(&answer(&outcome)), outcome);
        }

        #[test]
        fn any_line_is_a_request_or_none(line in "(chinwag-admin 1 )?\\PC{0,40}") {
            let _ = Request::parse(&line);
        }
    }
}
