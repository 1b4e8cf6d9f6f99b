//! The protocol between `chinwag admin` and a server: one line asks, lines that begin with a blank answer, and one ends it.
//!
//! ```text
//!   chinwag-admin 1 kick mallory spam
//!    mallory was kicked
//!   ok
//! ```
//!
//! The number is the version: a server refuses others than its own, by name. `json` before the command asks for one line of JSON. Pure.

use crate::limits::MAX_QUOTED;
use crate::protocol::sanitize::is_blank;
use std::fmt::{self, Display, Write};

/// The version of the protocol.
const VERSION: &str = "1";
/// What a line that asks begins with.
const NAME: &str = "chinwag-admin";
/// What stands before the command if the answer is to be JSON.
const JSON: &str = "json";
/// Most bytes of a line that asks: a command and what is to be said.
pub(super) const MAX_BYTES: usize = 4096;
/// What ends an answer in peace.
pub(super) const OK: &str = "ok";
/// What ends one otherwise, before the reason.
pub(super) const ERROR: &str = "error: ";

/// What can be asked of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Whether it answers.
    Ping,
    /// Everybody who is here.
    Who,
    /// The rooms.
    Rooms,
    /// A room is to go: which, and why.
    Close(String),
    /// This one is to go: who, and why.
    Kick(String),
    /// Nobody is to read this one: who, and for how long.
    Mute(String),
    /// This one is to be read again.
    Unmute(String),
    /// Who is not read.
    Mutes,
    /// Ban: whom, for how long, and why.
    Ban(String),
    /// Lift a ban.
    Unban(String),
    /// Who is kept out.
    Bans,
    /// Everybody is to be told this.
    Say(String),
    /// The figures.
    Stats,
    /// What every task is at.
    Tasks,
    /// The settings are to be read anew.
    Reload,
    /// The server is to stop.
    Shutdown,
}

/// How an answer is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Why a line is no request that a server can carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InvalidRequest {
    /// The client is no `chinwag admin`.
    NotAdminClient,
    /// The client speaks another version of the protocol.
    UnsupportedVersion,
    /// No request has this name, or it takes no such argument.
    Unknown(String),
    /// The request has no argument.
    MissingArgument {
        /// The request.
        request: &'static str,
        /// What it needs.
        needed: &'static str,
    },
    /// The text for all users has so many bytes as it is shown, which are too many.
    NoticeTooLong(usize),
    /// The request has too many bytes: how many, if all of it was read.
    TooLong(Option<usize>),
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAdminClient => f.write_str("this is the admin socket of chinwag"),
            Self::UnsupportedVersion => {
                write!(f, "this server speaks version {VERSION} of the admin protocol")
            }
            Self::Unknown(word) => {
                write!(f, "there is no such command, or not with these words: {word:?}")
            }
            Self::MissingArgument { request, needed } => write!(f, "{request} wants {needed}"),
            Self::NoticeTooLong(bytes) => write!(
                f,
                "what is said to everybody has at most {MAX_QUOTED} bytes, and this has {bytes}: say it in parts"
            ),
            Self::TooLong(Some(bytes)) => {
                write!(f, "a request has at most {MAX_BYTES} bytes, and this has {bytes}")
            }
            Self::TooLong(None) => write!(f, "a request has at most {MAX_BYTES} bytes"),
        }
    }
}

impl std::error::Error for InvalidRequest {}

impl Request {
    /// Its word, and what stands behind that.
    pub(super) fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Ping => ("ping", ""),
            Self::Who => ("who", ""),
            Self::Rooms => ("rooms", ""),
            Self::Close(typed) => ("close", typed),
            Self::Kick(typed) => ("kick", typed),
            Self::Mute(typed) => ("mute", typed),
            Self::Unmute(nick) => ("unmute", nick),
            Self::Mutes => ("mutes", ""),
            Self::Ban(typed) => ("ban", typed),
            Self::Unban(typed) => ("unban", typed),
            Self::Bans => ("bans", ""),
            Self::Say(text) => ("say", text),
            Self::Stats => ("stats", ""),
            Self::Tasks => ("tasks", ""),
            Self::Reload => ("reload", ""),
            Self::Shutdown => ("shutdown", ""),
        }
    }

    /// What it needs behind its word, if it needs anything.
    fn needs(&self) -> Option<&'static str> {
        match self {
            Self::Close(_) => Some("a room"),
            Self::Kick(_) | Self::Mute(_) | Self::Unmute(_) => Some("a nick"),
            Self::Ban(_) | Self::Unban(_) => Some("a nick, an address or a range"),
            Self::Say(_) => Some("something to say"),
            _ => None,
        }
    }

    /// Whether a server can take it.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(&self) -> Result<(), InvalidRequest> {
        let (word, rest) = self.parts();
        if let Some(needed) = self.needs()
            && is_blank(rest)
        {
            return Err(InvalidRequest::MissingArgument { request: word, needed });
        }
        if let Self::Say(text) = self {
            // As they are shown: each `"` takes two.
            let bytes = text.len() + text.bytes().filter(|&byte| byte == b'"').count();
            if bytes > MAX_QUOTED {
                return Err(InvalidRequest::NoticeTooLong(bytes));
            }
        }
        // Without its end.
        let bytes = self.line(OutputFormat::Json).len() - 1;
        if bytes > MAX_BYTES {
            return Err(InvalidRequest::TooLong(Some(bytes)));
        }
        Ok(())
    }

    /// The line that asks, with its end.
    pub(super) fn line(&self, form: OutputFormat) -> String {
        let (word, rest) = self.parts();
        let mut line = format!("{NAME} {VERSION} ");
        // Writing to a string does not fail.
        if form == OutputFormat::Json {
            let _ = write!(line, "{JSON} ");
        }
        line.push_str(word);
        if !rest.is_empty() {
            let _ = write!(line, " {rest}");
        }
        line + "\n"
    }

    /// Reads a line, without its end.
    ///
    /// # Errors
    /// Why it is no request.
    pub(super) fn parse(line: &str) -> Result<(Self, OutputFormat), InvalidRequest> {
        let rest = line.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(' '));
        let rest = rest.ok_or(InvalidRequest::NotAdminClient)?;
        let (version, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        if version != VERSION {
            return Err(InvalidRequest::UnsupportedVersion);
        }
        let json = rest.strip_prefix(JSON).and_then(|rest| rest.strip_prefix(' '));
        let form = if json.is_some() { OutputFormat::Json } else { OutputFormat::Text };
        let rest = json.unwrap_or(rest);
        let (word, argument) = rest.split_once(' ').unwrap_or((rest, ""));
        let request = Self::from_words(word, argument)
            .ok_or_else(|| InvalidRequest::Unknown(word.to_owned()))?;
        request.check()?;
        Ok((request, form))
    }

    /// The one of this word.
    fn from_words(word: &str, argument: &str) -> Option<Self> {
        let typed = argument.trim().to_owned();
        let with: Option<fn(String) -> Self> = match word {
            "close" => Some(Self::Close),
            "kick" => Some(Self::Kick),
            "mute" => Some(Self::Mute),
            "unmute" => Some(Self::Unmute),
            "ban" => Some(Self::Ban),
            "unban" => Some(Self::Unban),
            "say" => Some(Self::Say),
            _ => None,
        };
        if let Some(with) = with {
            return Some(with(typed));
        }
        let alone = match word {
            "ping" => Self::Ping,
            "who" => Self::Who,
            "rooms" => Self::Rooms,
            "mutes" => Self::Mutes,
            "bans" => Self::Bans,
            "stats" => Self::Stats,
            "tasks" => Self::Tasks,
            "reload" => Self::Reload,
            "shutdown" => Self::Shutdown,
            _ => return None,
        };
        typed.is_empty().then_some(alone)
    }
}

/// What a server says to a line that is too long, by what it begins with.
pub(super) fn too_long(line: &[u8]) -> InvalidRequest {
    if line.starts_with(NAME.as_bytes()) {
        InvalidRequest::TooLong(None)
    } else {
        InvalidRequest::NotAdminClient
    }
}

/// An answer as it is sent: each of its lines behind a blank, then how it went.
pub(super) fn encode_response(outcome: &Result<String, impl Display>) -> String {
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
        // A reason is one line.
        Err(reason) => format!("{ERROR}{}", reason.to_string().replace(['\r', '\n'], " ")),
    };
    sent + &end + "\n"
}

/// The reason of a server that did not carry out a request, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection(pub(super) String);

/// An answer as it was meant; `None` if it is not whole.
pub(super) fn parse_response(sent: &str) -> Option<Result<String, Rejection>> {
    let mut text = String::new();
    for line in sent.lines() {
        if let Some(line) = line.strip_prefix(' ') {
            text.push_str(line);
            text.push('\n');
        } else if line == OK {
            return Some(Ok(text));
        } else if let Some(reason) = line.strip_prefix(ERROR) {
            return Some(Err(Rejection(reason.to_owned())));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(line: &str) -> Result<(Request, OutputFormat), InvalidRequest> {
        Request::parse(line.strip_suffix('\n').unwrap_or(line))
    }

    #[test]
    fn requests_read_back_and_others_are_refused() {
        for request in [
            Request::Ping,
            Request::Who,
            Request::Rooms,
            Request::Close("#dev too loud".into()),
            Request::Kick("bob spam  and more".into()),
            Request::Mute("bob 10m".into()),
            Request::Unmute("bob".into()),
            Request::Mutes,
            Request::Ban("mallory* 2h spam and more".into()),
            Request::Unban("203.0.113.0/24".into()),
            Request::Bans,
            Request::Say("hello  there".into()),
            Request::Stats,
            Request::Tasks,
            Request::Reload,
            Request::Shutdown,
        ] {
            for form in [OutputFormat::Text, OutputFormat::Json] {
                assert_eq!(parsed(&request.line(form)), Ok((request.clone(), form)));
            }
        }
        let refused = Request::parse("chinwag-admin 2 who").unwrap_err().to_string();
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
            "chinwag-admin 1 json",
            "chinwag-admin 1 json json who",
            "chinwag-admin 1 say \u{200b}",
        ] {
            assert!(Request::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_with_both_numbers() {
        let say = |bytes: usize| Request::Say("x".repeat(bytes)).check();
        assert_eq!(say(200), Ok(()));
        let refused = say(5_000).unwrap_err().to_string();
        assert!(refused.contains("at most 200 bytes, and this has 5000"), "{refused}");
        assert!(Request::Say("\"".repeat(101)).check().is_err(), "each is shown as two");
        let kick = |bytes: usize| Request::Kick(format!("bob {}", "x".repeat(bytes)));
        let most = MAX_BYTES + 1 - kick(0).line(OutputFormat::Json).len();
        assert_eq!(kick(most).check(), Ok(()));
        let refused = kick(most + 1).check().unwrap_err().to_string();
        assert_eq!(refused, "a request has at most 4096 bytes, and this has 4097");
        assert_eq!(
            Request::Say("\u{200b}".into()).check().unwrap_err().to_string(),
            "say wants something to say"
        );
        let refused = Request::Kick(" ".into()).check().unwrap_err().to_string();
        assert_eq!(refused, "kick wants a nick");
    }

    proptest! {
        #[test]
        fn answers_read_back(lines in prop::collection::vec("\\PC{0,20}", 0..5), fails: bool) {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let outcome = if fails { Err(lines.concat()) } else { Ok(text) };
            prop_assert_eq!(parse_response(&encode_response(&outcome)), Some(outcome.map_err(Rejection)));
        }

        #[test]
        fn any_line_is_a_request_or_none(line in "(chinwag-admin 1 (json )?)?\\PC{0,40}") {
            let _ = Request::parse(&line);
        }
    }
}
