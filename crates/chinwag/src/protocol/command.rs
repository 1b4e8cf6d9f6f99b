//! What a line asks for: a line of text to an [`Command`]. Pure, and a look at the text as it was typed: the
//! sanitizer comes later, where a line is encoded.

mod cost;
mod table;

use self::table::find_by_name;
pub(crate) use self::table::{COMMANDS, equivalent_of, find, names, suggest};

use crate::limits::{HISTORY_LINES, REPLAY_LINES};
use crate::protocol::sanitize::is_blank;
use crate::protocol::time_of_day::UtcOffset;

/// One line of a person, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command<'a> {
    /// What is asked for.
    pub kind: CommandKind,
    /// The part of the line that it is about: words to say, a name, a reason, or nothing.
    pub text: &'a str,
}

/// What a person can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandKind {
    /// Say the text to everybody else in the room.
    Say,
    /// `/me`: tell everybody else in the room what one does; the text stands behind the nick.
    Action,
    /// `/nick`: be called by the text from now on. It is not checked yet, and may be empty.
    Nick,
    /// `/whoami`: what am I called, and where do I speak?
    Whoami,
    /// `/join`: enter the room of this name and speak there. It is not checked yet, and may be empty.
    Join,
    /// `/part`: leave the room of this name, or the current one if it is empty. It is not checked yet.
    Part,
    /// `/rooms`: which rooms are there?
    Rooms {
        /// Which page of a long answer, from 1.
        page: u32,
    },
    /// `/rooms` with a word: which rooms have it in their names? The text is the word.
    RoomsMatching {
        /// Which page of a long answer, from 1.
        page: u32,
    },
    /// `/topic`: what is the room about? Or the text is what it is about from now on.
    Topic,
    /// `/who`: who is in the room of this name, or in the current one if it is empty?
    Who {
        /// Which page of a long answer, from 1.
        page: u32,
    },
    /// `/msg`: tell one person something. The text is a nick, a blank and the words, or lacks some of that.
    Message,
    /// `/reply`: tell the one who wrote last something.
    Reply,
    /// `/ignore`: read nothing more of the one who is called so; empty for asking who is ignored.
    Ignore,
    /// `/unignore`: read that user again.
    Unignore,
    /// `/away`: be away, with these words if there are any; or be back.
    Away,
    /// `/time`: time stamps, on or off, or neither for asking.
    Time {
        /// Whether there are to be any.
        on: Option<bool>,
        /// How far the person's clock is from UTC, as they said; their own task adds what it knows, and rewrites the stamps.
        offset: Option<UtcOffset>,
    },
    /// `/quiet`: joins and leaves hidden or not, or neither for asking.
    Quiet(Option<bool>),
    /// `/bell`: a bell at one's name, on or off, or neither for asking.
    Bell(Option<bool>),
    /// `/history`: what was said here last?
    History {
        /// How many lines of it.
        lines: u32,
    },
    /// `/quit`: leave, with the text as the reason; empty for none.
    Quit,
    /// `/help`: which commands are there? Or what does the one of this name do?
    Help,
    /// `/edit on` and `/edit off`: line editing. The connection's task handles it; the broker hears that it has begun or ended, to
    /// say what stands before the line.
    Edit(bool),
    /// `/color on` and `/color off`: colors. The connection's task handles it.
    Color(bool),
    /// `/oper`: become an operator; the text is the secret. The connection's task checks it, and passes [`OperResult`](Self::OperResult)
    /// on in its place.
    Oper,
    /// What came of `/oper`.
    OperResult {
        /// Whether it was the secret.
        outcome: OperOutcome,
        /// Whether the secret went over a network.
        in_clear: bool,
    },
    /// `/kick`: remove a user from the room. The text is a nick and a reason, or lacks some of that.
    Kick,
    /// `/ban`: keep users from connecting. The text is whom, for how long, and why; or lacks some of that.
    Ban,
    /// `/unban`: end a ban.
    Unban,
    /// `/bans`: who is kept out?
    Bans {
        /// Which page of a long answer, from 1.
        page: u32,
    },
    /// `/mute`: hide a user's lines from the others. The text is a nick and a time, or lacks some of that.
    Mute,
    /// `/unmute`: end that.
    Unmute,
    /// `/slow`: let each say one line in the time of the text in the room.
    Slow,
    /// No command of ours; the text is its name, with the slash.
    Unknown,
    /// What cannot be done, with the reason for telling the person; the text is empty.
    Invalid(&'static str),
}

/// What an attempt to become an operator came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperOutcome {
    /// It was the secret.
    Accepted,
    /// It was something else.
    Rejected,
    /// It was not looked at: from this address too many wrong ones have come.
    Throttled {
        /// How long until one is.
        seconds: u16,
    },
    /// There is no secret.
    Disabled,
}

/// What a line asks for; `None` for a blank one.
pub(crate) fn parse(line: &str) -> Option<Command<'_>> {
    let Some(typed) = line.strip_prefix('/') else {
        return match line {
            _ if line.trim_start().is_empty() => None,
            _ if has_slash_after_blanks(line) => {
                Some(command(CommandKind::Invalid(SLASH_AFTER_BLANKS), ""))
            }
            _ => Some(command(CommandKind::Say, line)),
        };
    };
    if typed.starts_with('/') {
        return Some(command(CommandKind::Say, typed));
    }
    let (word, rest) = typed.split_once([' ', '\t']).unwrap_or((typed, ""));
    Some(match find_by_name(word) {
        Some(command) => (command.parse)(rest),
        None if is_oper(word) => command(CommandKind::Invalid(OPER_USAGE), ""),
        None => command(CommandKind::Unknown, &line[..'/'.len_utf8() + word.len()]),
    })
}

/// Why a command is refused that has blanks before it. It is not repeated: it may be a secret.
const SLASH_AFTER_BLANKS: &str =
    "a command begins with its /, without blanks before it (and //text says /text)";
/// Why an action is refused that is a command.
const COMMAND_IN_ACTION: &str =
    "/me wants to know what you do, and no command (and //text says /text)";
/// Why a word is refused that `/oper` and a secret have become.
const OPER_USAGE: &str = "/oper and the secret are two words, as in: /oper SECRET";

/// Whether the first that shows of a text is a `/`. A line of that kind was most likely meant as a command, and what stands
/// in it is not for the room.
fn has_slash_after_blanks(text: &str) -> bool {
    text.find('/').is_some_and(|slash| is_blank(&text[..slash]))
}

/// Whether a word without its `/` begins as `/oper` does.
fn is_oper(word: &str) -> bool {
    word.get(..OPER.len()).is_some_and(|start| start.eq_ignore_ascii_case(OPER))
}

/// The name of the command whose words are a secret.
const OPER: &str = "oper";

/// Whether a line may hold a secret: it has `/oper` in it, wherever.
pub(crate) fn may_be_secret(line: &str) -> bool {
    line.split('/').skip(1).any(is_oper)
}

/// Whether a line is a command that tells nobody anything.
pub(crate) fn sends_no_message(line: &str) -> bool {
    let is_said = |kind| {
        matches!(
            kind,
            CommandKind::Say | CommandKind::Action | CommandKind::Message | CommandKind::Reply
        )
    };
    parse(line).is_some_and(|asked| !is_said(asked.kind))
}

/// An input of this kind about this text.
const fn command(kind: CommandKind, text: &str) -> Command<'_> {
    Command { kind, text }
}

/// `/oper`.
fn parse_oper(rest: &str) -> Command<'_> {
    let secret = rest.trim();
    if secret.is_empty() {
        return command(CommandKind::Invalid("/oper wants the secret, as in: /oper SECRET"), "");
    }
    command(CommandKind::Oper, secret)
}

/// `/me`.
fn parse_action(rest: &str) -> Command<'_> {
    let action = rest.trim_start();
    if action.is_empty() {
        return command(
            CommandKind::Invalid("/me wants to know what you do, as in: /me waves"),
            "",
        );
    }
    if has_slash_after_blanks(action) {
        return command(CommandKind::Invalid(COMMAND_IN_ACTION), "");
    }
    command(CommandKind::Action, action)
}

/// `/away`. Alone it ends being away, and so does `off`: nobody means that the others should read it.
fn parse_away(rest: &str) -> Command<'_> {
    let words = rest.trim();
    command(CommandKind::Away, if words.eq_ignore_ascii_case("off") { "" } else { words })
}

/// Why `/rooms` was not understood.
const ROOMS_USAGE: &str =
    "/rooms takes a part of a name and the number of a page, as in: /rooms dev 2";
/// Why `/who` was not understood.
const WHO_USAGE: &str = "/who takes a room and the number of a page, as in: /who #dev 2";
/// Why `/bans` was not understood.
const BANS_USAGE: &str = "/bans takes the number of a page, as in: /bans 2";
/// Why `/history` was not understood.
const HISTORY_USAGE: &str = "/history takes a number of lines, as in: /history 50";

/// A command that takes the number of a page, or nothing.
fn parse_page(
    rest: &str,
    kind: fn(u32) -> CommandKind,
    otherwise: &'static str,
) -> Command<'static> {
    command(number(rest.trim(), 1).map_or(CommandKind::Invalid(otherwise), kind), "")
}

/// `/who`, with a room's name and the number of a page, or either, or neither.
fn parse_who(rest: &str) -> Command<'_> {
    let rest = rest.trim();
    let (room, page) = if rest.starts_with('#') {
        rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
    } else {
        ("", rest)
    };
    match number(page.trim(), 1) {
        Some(page) => command(CommandKind::Who { page }, room),
        None => command(CommandKind::Invalid(WHO_USAGE), ""),
    }
}

/// `/rooms`, with a part of a name and the number of a page, or either, or neither. Only digits alone are a page: a room
/// that is called so has a `#` before them.
fn parse_rooms(rest: &str) -> Command<'_> {
    let mut words = rest.split_whitespace();
    let is_page = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
    let named = words.clone().next().filter(|word| !is_page(word));
    if named.is_some() {
        words.next();
    }
    match (number(words.next().unwrap_or(""), 1), words.next()) {
        (Some(page), None) => match named {
            Some(named) => command(CommandKind::RoomsMatching { page }, named),
            None => command(CommandKind::Rooms { page }, ""),
        },
        _ => command(CommandKind::Invalid(ROOMS_USAGE), ""),
    }
}

/// `/history`.
fn parse_history(rest: &str) -> Command<'_> {
    let lines = number(rest.trim(), REPLAY_LINES as u32);
    let kind = |lines: u32| CommandKind::History { lines: lines.min(HISTORY_LINES as u32) };
    command(lines.map_or(CommandKind::Invalid(HISTORY_USAGE), kind), "")
}

/// A positive number, or this one if there is none.
fn number(argument: &str, usual: u32) -> Option<u32> {
    let number = if argument.is_empty() { Ok(usual) } else { argument.parse() };
    number.ok().filter(|&number| number > 0)
}

/// Why `/time` was not understood.
const TIME_USAGE: &str = "/time is on, off, or how far your clock is from UTC, as in: /time +02:00";

/// `/time`, on or off, or how far a clock is from UTC.
fn parse_time(rest: &str) -> Command<'_> {
    if let Some(offset) = UtcOffset::parse(rest.trim()) {
        return command(CommandKind::Time { on: Some(true), offset: Some(offset) }, "");
    }
    parse_switch(rest, |on| Some(CommandKind::Time { on, offset: None }), TIME_USAGE)
}

/// A command that is turned on and off.
fn parse_switch(
    rest: &str,
    kind: fn(Option<bool>) -> Option<CommandKind>,
    otherwise: &'static str,
) -> Command<'static> {
    let is = |word: &str| rest.trim().eq_ignore_ascii_case(word);
    let kind = match () {
        () if is("on") => kind(Some(true)),
        () if is("off") => kind(Some(false)),
        () if is("") => kind(None),
        () => None,
    };
    command(kind.unwrap_or(CommandKind::Invalid(otherwise)), "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(line: &str) -> (CommandKind, &str) {
        let input = parse(line).expect(line);
        (input.kind, input.text)
    }

    #[test]
    fn lines_are_said_as_they_are() {
        assert_eq!(parsed("hello"), (CommandKind::Say, "hello"));
        assert_eq!(parsed("  hello "), (CommandKind::Say, "  hello "));
        assert_eq!(parsed("//help"), (CommandKind::Say, "/help"));
        assert_eq!(parsed("///"), (CommandKind::Say, "//"));
    }

    #[test]
    fn no_line_is_said_that_begins_with_blanks_and_a_slash() {
        for blanks in [" ", "\t", "  \t ", "\u{a0}", "\u{3000}", "\u{200b}", " \u{2060}", "\u{1b}"]
        {
            for command in ["/oper SECRET", "/opr SECRET", "/nick bob", "//text", "/"] {
                let line = format!("{blanks}{command}");
                assert_eq!(
                    parsed(&line),
                    (CommandKind::Invalid(SLASH_AFTER_BLANKS), ""),
                    "{line:?}"
                );
                let action = format!("/me {line}");
                assert_eq!(
                    parsed(&action),
                    (CommandKind::Invalid(COMMAND_IN_ACTION), ""),
                    "{action:?}"
                );
            }
        }
        for line in ["and/or", " a /quit", ".../", "\u{301}/x"] {
            assert_eq!(parsed(line), (CommandKind::Say, line));
        }
        assert_eq!(parsed("/me and/or"), (CommandKind::Action, "and/or"));
    }

    #[test]
    fn a_secret_that_sticks_to_its_command_is_not_repeated() {
        for line in ["/operSECRET", "/oper:SECRET x", "/OPER\u{a0}SECRET", "/operator"] {
            assert_eq!(parsed(line), (CommandKind::Invalid(OPER_USAGE), ""), "{line:?}");
        }
        for line in ["/oper x", " /oper x", "/me /OPER x", "//oper x", "a /operx"] {
            assert!(may_be_secret(line), "{line:?}");
        }
        for line in ["oper", "/nick oper", "/op", "and/or", "/o/per"] {
            assert!(!may_be_secret(line), "{line:?}");
        }
    }

    #[test]
    fn blank_lines_are_nothing() {
        for line in ["", " ", "\t \t", "\u{a0}"] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn commands_have_their_arguments() {
        assert_eq!(parsed("/nick alice"), (CommandKind::Nick, "alice"));
        assert_eq!(parsed("/nick a b"), (CommandKind::Nick, "a b"));
        assert_eq!(parsed("/nick"), (CommandKind::Nick, ""));
        assert_eq!(
            parsed("/NICK  x "),
            (CommandKind::Nick, " x"),
            "only what follows is taken off"
        );
        assert_eq!(parsed("/nick bob \t "), (CommandKind::Nick, "bob"));
        assert_eq!(parsed("/nick  "), (CommandKind::Nick, ""));
        assert_eq!(parsed("/me waves"), (CommandKind::Action, "waves"));
        assert_eq!(parsed("/join #dev "), (CommandKind::Join, "#dev"));
        assert_eq!(parsed("/join"), (CommandKind::Join, ""));
        assert_eq!(parsed("/join #a #b"), (CommandKind::Join, "#a #b"));
        assert_eq!(parsed("/part"), (CommandKind::Part, ""));
        assert_eq!(parsed("/part #dev"), (CommandKind::Part, "#dev"));
        assert_eq!(parsed("/topic all of it "), (CommandKind::Topic, "all of it"));
        assert_eq!(parsed("/quit"), (CommandKind::Quit, ""));
        assert_eq!(parsed("/quit so long"), (CommandKind::Quit, "so long"));
        assert_eq!(parsed("/help me"), (CommandKind::Help, "me"));
        assert_eq!(parsed("/edit ON "), (CommandKind::Edit(true), ""));
        assert_eq!(parsed("/colour off"), (CommandKind::Color(false), ""));
    }

    #[test]
    fn private_lines_keep_their_text() {
        assert_eq!(parsed("/msg bob  psst "), (CommandKind::Message, "bob  psst "));
        assert_eq!(parsed("/msg"), (CommandKind::Message, ""));
        assert_eq!(parsed("/reply  well "), (CommandKind::Reply, "well "));
        assert_eq!(parsed("/ignore Bob "), (CommandKind::Ignore, "Bob"));
        assert_eq!(parsed("/unignore bob"), (CommandKind::Unignore, "bob"));
        assert_eq!(parsed("/away lunch"), (CommandKind::Away, "lunch"));
        assert_eq!(parsed("/away Off "), (CommandKind::Away, ""));
        assert_eq!(parsed("/away off today"), (CommandKind::Away, "off today"));
        assert_eq!(parsed("/oper  a secret "), (CommandKind::Oper, "a secret"));
        assert_eq!(parsed("/ban bob 2h spam "), (CommandKind::Ban, "bob 2h spam"));
        assert_eq!(parsed("/bans 2"), (CommandKind::Bans { page: 2 }, ""));
    }

    #[test]
    fn rooms_and_pages_are_distinguished() {
        assert_eq!(parsed("/who"), (CommandKind::Who { page: 1 }, ""));
        assert_eq!(parsed("/who 12 "), (CommandKind::Who { page: 12 }, ""));
        assert_eq!(parsed("/who #dev"), (CommandKind::Who { page: 1 }, "#dev"));
        assert_eq!(parsed("/who #dev\t 2"), (CommandKind::Who { page: 2 }, "#dev"));
        assert_eq!(parsed("/rooms"), (CommandKind::Rooms { page: 1 }, ""));
        assert_eq!(parsed("/rooms 3"), (CommandKind::Rooms { page: 3 }, ""));
        assert_eq!(parsed("/rooms Dev "), (CommandKind::RoomsMatching { page: 1 }, "Dev"));
        assert_eq!(parsed("/rooms #dev  2"), (CommandKind::RoomsMatching { page: 2 }, "#dev"));
        assert_eq!(parsed("/rooms #2024"), (CommandKind::RoomsMatching { page: 1 }, "#2024"));
    }

    #[test]
    fn switches_are_on_off_or_asked_for() {
        assert_eq!(parsed("/time ON"), (CommandKind::Time { on: Some(true), offset: None }, ""));
        assert_eq!(parsed("/time off "), (CommandKind::Time { on: Some(false), offset: None }, ""));
        let offset = UtcOffset::parse("+02:00");
        assert_eq!(parsed("/time +02:00 "), (CommandKind::Time { on: Some(true), offset }, ""));
        assert_eq!(parsed("/time +2"), (CommandKind::Time { on: Some(true), offset }, ""));
        assert_eq!(parsed("/quiet"), (CommandKind::Quiet(None), ""));
        assert_eq!(parsed("/bell on"), (CommandKind::Bell(Some(true)), ""));
        assert_eq!(parsed("/history"), (CommandKind::History { lines: 20 }, ""));
        assert_eq!(parsed("/history 7"), (CommandKind::History { lines: 7 }, ""));
        assert_eq!(parsed("/history 4000000000"), (CommandKind::History { lines: 200 }, ""));
    }

    #[test]
    fn misuse_is_explained() {
        for line in [
            "/who 0",
            "/who -1",
            "/who bob",
            "/who 99999999999",
            "/edit",
            "/edit maybe",
            "/color",
            "/color on off",
            "/who #dev x",
            "/who #dev 2 3",
            "/me",
            "/me  ",
            "/rooms x y",
            "/rooms 2 x",
            "/rooms x 2 3",
            "/rooms 0",
            "/rooms x 0",
            "/rooms 99999999999",
            "/time yes",
            "/time 02:00",
            "/time CET",
            "/time +25",
            "/quiet 1",
            "/history 0",
            "/history all",
            "/oper ",
            "/bans x",
        ] {
            assert!(matches!(parsed(line), (CommandKind::Invalid(_), "")), "{line}");
        }
    }

    #[test]
    fn other_names_of_commands_work() {
        assert_eq!(parsed("/list"), (CommandKind::Rooms { page: 1 }, ""));
        assert_eq!(parsed("/names #dev 2"), (CommandKind::Who { page: 2 }, "#dev"));
        assert_eq!(parsed("/LEAVE #dev"), (CommandKind::Part, "#dev"));
        assert_eq!(parsed("/exit so long"), (CommandKind::Quit, "so long"));
        assert_eq!(parsed("/? join"), (CommandKind::Help, "join"));
        assert_eq!(parsed("/tell bob psst"), (CommandKind::Message, "bob psst"));
        assert_eq!(parsed("/colour on"), (CommandKind::Color(true), ""));
        assert_eq!(find("exit").map(|found| found.name), Some("quit"));
        assert_eq!(find("/?").map(|found| found.name), Some("help"));
        assert_eq!(equivalent_of("/WHOIS"), Some("/who"));
        assert_eq!(equivalent_of("/foo"), None);
        for (word, meant) in [
            ("/jion", Some("/join")),
            ("/nik", Some("/nick")),
            ("/Msgg", Some("/msg")),
            ("/bann", None),
            ("/foo", None),
            ("/é", None),
            ("/", None),
        ] {
            assert_eq!(suggest(word, false), meant, "{word}");
        }
        assert_eq!(suggest("/bann", true), Some("/ban"));
    }

    #[test]
    fn unknown_commands_are_named_and_not_said() {
        assert_eq!(parsed("/foo bar"), (CommandKind::Unknown, "/foo"));
        assert_eq!(parsed("/"), (CommandKind::Unknown, "/"));
        assert_eq!(parsed("/ nick"), (CommandKind::Unknown, "/"));
        assert_eq!(parsed("/nickname"), (CommandKind::Unknown, "/nickname"));
        assert_eq!(parsed("/é\t"), (CommandKind::Unknown, "/é"));
    }

    #[test]
    fn every_command_is_found_by_its_name_and_fits_on_a_line_of_the_list() {
        for known in &COMMANDS {
            assert_eq!(find(known.name).map(|found| found.usage), Some(known.usage));
            assert!(known.usage.starts_with(&format!("/{}", known.name)), "{}", known.usage);
            assert!(known.usage.len() <= 19 && known.summary.len() <= 56, "{}", known.name);
        }
        for name in names() {
            assert_ne!(parsed(name).0, CommandKind::Unknown, "{name}");
        }
        assert_eq!(names().len(), COMMANDS.len() - 1);
        assert!(find("/JOIN").is_some() && find("foo").is_none());
    }

    proptest! {
        #[test]
        fn what_is_said_was_typed(line in "(/(nick|me|who|quit|help|join|msg|time|history|/)?)?\\PC{0,20}") {
            match parse(&line) {
                None => prop_assert!(line.trim().is_empty()),
                Some(input) => {
                    prop_assert!(line.contains(input.text));
                    let command = line.starts_with('/') && !line.starts_with("//");
                    let refused = matches!(input.kind, CommandKind::Invalid(SLASH_AFTER_BLANKS));
                    prop_assert_eq!(matches!(input.kind, CommandKind::Say) || refused, !command);
                    prop_assert!(!refused || line.contains('/'));
                }
            }
        }
    }
}
