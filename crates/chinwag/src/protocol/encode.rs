//! Encoding of a [`Message`] in each wire format.
//!
//! The broker says what happened; the wire format says how that looks to a client, and removes from a user's text what
//! must not be shown there. What is encoded once is shared by all users with that format.

use crate::protocol::duration;
use crate::protocol::message::{LeaveReason, Message};
use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;
use crate::protocol::sanitize::{append_sanitized, is_blank, quote};
use crate::protocol::time_of_day::TimeOfDay;
use std::io::Write;

/// How messages look to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireFormat {
    /// Lines of text that end in CR LF: nc, telnet.
    Lines,
}

impl WireFormat {
    /// All formats, each at its [`index`](Self::index).
    pub(crate) const ALL: [Self; 1] = [Self::Lines];

    /// A number for tables of formats.
    #[inline]
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// Appends a message with its prefix in this format.
    #[inline]
    pub(crate) fn encode_with_prefix(
        self,
        prefix: Prefix<'_>,
        line: &Message<'_>,
        out: &mut Vec<u8>,
    ) {
        match self {
            Self::Lines => prefix.encode(out),
        }
        self.encode(line, out);
    }

    /// Appends the message in this format.
    pub(crate) fn encode(self, line: &Message<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Lines => encode_line(line, out),
        }
    }
}

/// What some users get before a line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Prefix<'a> {
    /// When it was said, for those who asked for time stamps.
    pub time: Option<TimeOfDay>,
    /// The room, for those who are in another.
    pub room: Option<&'a RoomName>,
}

impl Prefix<'_> {
    /// Before a line for nc and telnet.
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        if let Some(time) = self.time {
            append_fmt(out, format_args!("{time} "));
        }
        if let Some(room) = self.room {
            append_fmt(out, format_args!("{room} "));
        }
    }
}

/// The end of a line in the format of lines.
const LINE_END: &[u8] = b"\r\n";

/// A line for nc and telnet.
fn encode_line(line: &Message<'_>, out: &mut Vec<u8>) {
    match *line {
        Message::Say(nick, text) => encode_say(nick, text, out),
        Message::Action(nick, text) => encode_action(nick, text, out),
        Message::Replay { nick, is_action, text } => {
            out.extend_from_slice(b"| ");
            if is_action { encode_action(nick, text, out) } else { encode_say(nick, text, out) }
        }
        Message::PrivateFrom(nick, text) => {
            append_fmt(out, format_args!("[from {nick}] "));
            append_sanitized(out, text);
        }
        Message::PrivateTo(nick, text) => {
            append_fmt(out, format_args!("[to {nick}] "));
            append_sanitized(out, text);
        }
        Message::Topic(nick, Some(topic)) => {
            append_fmt(out, format_args!("* {nick} set the topic: {topic}"))
        }
        Message::Topic(nick, None) => append_fmt(out, format_args!("* {nick} took the topic away")),
        Message::SlowMode(nick, Some(every)) => {
            let pace = duration::format_slow_mode(every);
            append_fmt(out, format_args!("* {nick} slowed this room: {pace}"));
        }
        Message::SlowMode(nick, None) => {
            append_fmt(out, format_args!("* {nick} ended the slow mode"))
        }
        Message::Joined(nick) => append_fmt(out, format_args!("* {nick} joined")),
        Message::Left(nick, reason) => {
            append_fmt(out, format_args!("* {nick} left"));
            encode_reason(reason, out);
        }
        Message::Renamed(old, new) => append_fmt(out, format_args!("* {old} is now {new}")),
        Message::JoinCount(count) => {
            append_fmt(out, format_args!("* {} joined", people_count(count)))
        }
        Message::LeaveCount(count) => {
            append_fmt(out, format_args!("* {} left", people_count(count)))
        }
        Message::ShuttingDown => out.extend_from_slice(b"* server is shutting down"),
        Message::Welcome(greeting, nick) => {
            out.extend_from_slice(b"* ");
            append_sanitized(out, greeting);
            append_fmt(out, format_args!(", you are {nick}"));
        }
        Message::Reply(text) => {
            out.extend_from_slice(b"* ");
            append_sanitized(out, text);
        }
        Message::Error(text) => {
            out.extend_from_slice(b"! ");
            append_sanitized(out, text);
        }
    }
    out.extend_from_slice(LINE_END);
}

/// What a user says.
#[inline]
fn encode_say(nick: Nick, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(nick.as_bytes());
    out.extend_from_slice(b": ");
    append_sanitized(out, text);
}

/// What a user does.
fn encode_action(nick: Nick, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"~ ");
    out.extend_from_slice(nick.as_bytes());
    out.push(b' ');
    append_sanitized(out, text);
}

/// What follows `left`. A user's own text is quoted, and the server's never, so that no user can leave with a reason of the
/// server's.
fn encode_reason(reason: &LeaveReason, out: &mut Vec<u8>) {
    match reason {
        LeaveReason::Quit(Some(words)) if !is_blank(words) => {
            append_fmt(out, format_args!(" ({})", quote(words)));
        }
        LeaveReason::Quit(_) | LeaveReason::Eof => {}
        // A room is named where it is left and the server is not.
        LeaveReason::Parted(room) => append_fmt(out, format_args!(" {room}")),
        LeaveReason::ConnectionLost => out.extend_from_slice(b" (connection lost)"),
        LeaveReason::TooSlow => out.extend_from_slice(b" (too slow)"),
        LeaveReason::Kicked { room, by, reason: Some(words) } if !is_blank(words) => {
            append_fmt(out, format_args!(" {room} (kicked by {by}, {})", quote(words)));
        }
        LeaveReason::Kicked { room, by, .. } => {
            append_fmt(out, format_args!(" {room} (kicked by {by})"))
        }
        LeaveReason::KickedByAdmin { reason } => {
            append_fmt(out, format_args!(" (kicked, {})", quote(reason)))
        }
        LeaveReason::ServerClosed(reason) => append_fmt(out, format_args!(" ({reason})")),
    }
}

/// Appends formatted text.
fn append_fmt(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a vector takes all that is written");
}

/// A number of users, as a line says it.
pub(crate) fn people_count(count: u64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{} people", group_digits(count)) }
}

/// So many of something that is called so.
pub(crate) fn pluralize(count: u64, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {what}{ending}", group_digits(count))
}

/// A number with a comma after each group of three digits.
pub(crate) fn group_digits(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::DEFAULT_WELCOME;

    fn shown(line: Message<'_>) -> String {
        let mut out = Vec::new();
        WireFormat::Lines.encode(&line, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn left(reason: LeaveReason) -> String {
        shown(Message::Left(Nick::parse("alice").unwrap(), &reason))
    }

    #[test]
    fn lines_look_as_documented() {
        let alice = Nick::parse("alice").unwrap();
        let bob = Nick::parse("bob").unwrap();
        assert_eq!(shown(Message::Say(alice, "hello")), "alice: hello\r\n");
        assert_eq!(shown(Message::Action(alice, "waves")), "~ alice waves\r\n");
        assert_eq!(shown(Message::Joined(alice)), "* alice joined\r\n");
        assert_eq!(shown(Message::Renamed(alice, bob)), "* alice is now bob\r\n");
        assert_eq!(shown(Message::PrivateFrom(alice, "psst")), "[from alice] psst\r\n");
        assert_eq!(shown(Message::PrivateTo(bob, "psst")), "[to bob] psst\r\n");
        let past = |is_action| shown(Message::Replay { nick: alice, is_action, text: "hello" });
        assert_eq!(
            (past(false), past(true)),
            ("| alice: hello\r\n".into(), "| ~ alice hello\r\n".into())
        );
        assert_eq!(
            shown(Message::Topic(alice, Some("\"tea\""))),
            "* alice set the topic: \"tea\"\r\n"
        );
        let slowed = |every| shown(Message::SlowMode(alice, every));
        let every = std::time::Duration::from_secs(10);
        assert_eq!(
            slowed(Some(every)),
            "* alice slowed this room: one line in 10 seconds of each\r\n"
        );
        assert_eq!(slowed(None), "* alice ended the slow mode\r\n");
        assert_eq!(shown(Message::Topic(alice, None)), "* alice took the topic away\r\n");
        let dev = RoomName::parse("#dev").unwrap();
        assert_eq!(left(LeaveReason::Parted(dev)), "* alice left #dev\r\n");
        assert_eq!(shown(Message::JoinCount(412)), "* 412 people joined\r\n");
        assert_eq!(shown(Message::LeaveCount(8800)), "* 8,800 people left\r\n");
        assert_eq!(shown(Message::LeaveCount(1)), "* 1 person left\r\n");
        assert_eq!(shown(Message::ShuttingDown), "* server is shutting down\r\n");
        let welcome = shown(Message::Welcome(DEFAULT_WELCOME, Nick::guest(7)));
        assert_eq!(welcome, "* welcome to chinwag, you are user-7\r\n");
        let refusal = shown(Message::Error("the nick \"bob\" is taken"));
        assert_eq!(refusal, "! the nick \"bob\" is taken\r\n");
    }

    #[test]
    fn user_text_is_quoted_and_the_servers_is_not() {
        assert_eq!(left(LeaveReason::Eof), "* alice left\r\n");
        assert_eq!(left(LeaveReason::Quit(None)), "* alice left\r\n");
        assert_eq!(left(LeaveReason::Quit(Some("\u{200b} ".into()))), "* alice left\r\n");
        assert_eq!(left(LeaveReason::Quit(Some("bye".into()))), "* alice left (\"bye\")\r\n");
        let forged = left(LeaveReason::Quit(Some("x\")\u{1b}[31m (too slow".into())));
        assert_eq!(forged, "* alice left (\"x\\\")[31m (too slow\")\r\n");
        assert_eq!(left(LeaveReason::ConnectionLost), "* alice left (connection lost)\r\n");
        assert_eq!(left(LeaveReason::TooSlow), "* alice left (too slow)\r\n");
        let by = Nick::parse("bob").unwrap();
        let kicked = |words: &str| {
            let (room, reason) = (RoomName::lobby(), Some(words.into()));
            left(LeaveReason::Kicked { room, by, reason })
        };
        assert_eq!(kicked(" "), "* alice left #lobby (kicked by bob)\r\n");
        assert_eq!(kicked("x\")"), "* alice left #lobby (kicked by bob, \"x\\\")\")\r\n");
        let ejected = left(LeaveReason::KickedByAdmin { reason: "x\u{1b})".into() });
        assert_eq!(ejected, "* alice left (kicked, \"x)\")\r\n");
    }

    #[test]
    fn user_text_contains_no_control_characters() {
        let alice = Nick::parse("alice").unwrap();
        let wild = "a\u{1b}]0;x\u{7}\r\n* bob left\u{202e}";
        for line in [Message::Say(alice, wild), Message::Action(alice, wild), Message::Error(wild)]
        {
            let shown = shown(line);
            let body = shown.strip_suffix("\r\n").unwrap();
            assert!(!body.contains(|c: char| c.is_control() || c == '\u{202e}'), "{body:?}");
        }
    }

    #[test]
    fn user_text_forges_no_line_of_the_server() {
        let alice = Nick::parse("alice").unwrap();
        for blank in [" ", "\t", "\u{3000}", "\u{a0}", "\u{2003}", "\u{3000}\u{2800}\t"] {
            for start in ["", "hi"] {
                let forged = format!("{start}{}* bob is an operator now", blank.repeat(69));
                let quoted = quote(&forged);
                for line in [
                    Message::Say(alice, &forged),
                    Message::Action(alice, &forged),
                    Message::Replay { nick: alice, is_action: false, text: &forged },
                    Message::PrivateFrom(alice, &forged),
                    Message::PrivateTo(alice, &forged),
                    Message::Topic(alice, Some(&quoted)),
                    Message::Left(alice, &LeaveReason::Quit(Some(forged.clone()))),
                    Message::Left(
                        alice,
                        &LeaveReason::Kicked {
                            room: RoomName::lobby(),
                            by: alice,
                            reason: Some(forged.as_str().into()),
                        },
                    ),
                    Message::Reply(&format!("the topic is {quoted}")),
                    Message::Error(&forged),
                ] {
                    let shown = shown(line);
                    let mut widest = (0, 0);
                    for c in shown.trim_end().chars() {
                        let columns = if c == '\u{3000}' { 2 } else { 1 };
                        widest.0 = if c.is_whitespace() { widest.0 + columns } else { 0 };
                        widest.1 = widest.1.max(widest.0);
                    }
                    assert!((15..=16).contains(&widest.1), "{shown:?}");
                }
            }
        }
    }

    #[test]
    fn one_of_something_is_not_many() {
        let counts = [0, 1, 2, 1000].map(|count| pluralize(count, "room"));
        assert_eq!(counts, ["0 rooms", "1 room", "2 rooms", "1,000 rooms"]);
    }

    #[test]
    fn numbers_are_grouped() {
        let grouped: Vec<_> = [0, 999, 1000, 8990, 1_234_567].map(group_digits).into();
        assert_eq!(grouped, ["0", "999", "1,000", "8,990", "1,234,567"]);
    }
}
