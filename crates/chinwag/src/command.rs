//! What a line asks for: a line of text to an [`Input`]. Pure, and a look at the text as it was typed: the
//! sanitiser comes later, where a line is encoded.

use crate::limits::{HISTORY_LINES, HISTORY_REPLAYED};

/// One line of a person, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input<'a> {
    /// What is asked for.
    pub kind: Kind,
    /// The part of the line that it is about: words to say, a name, a reason, or nothing.
    pub text: &'a str,
}

/// What a person can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Say the text to everybody else in the room.
    Say,
    /// `/me`: tell everybody else in the room what one does; the text stands behind the nick.
    Action,
    /// `/nick`: be called by the text from now on. It is not checked yet, and may be empty.
    Nick,
    /// `/join`: enter the room of this name and speak there. It is not checked yet, and may be empty.
    Join,
    /// `/part`: leave the room of this name, or the current one if it is empty. It is not checked yet.
    Part,
    /// `/rooms`: which rooms are there?
    Rooms {
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
    /// `/unignore`: read him again.
    Unignore,
    /// `/away`: be away, with these words if there are any; or be back.
    Away,
    /// `/time`: time stamps, on or off, or neither for asking.
    Time(Option<bool>),
    /// `/quiet`: joins and leaves hidden or not, or neither for asking.
    Quiet(Option<bool>),
    /// `/history`: what was said here last?
    History {
        /// How many lines of it.
        lines: u32,
    },
    /// `/quit`: leave, with the text as the reason; empty for none.
    Quit,
    /// `/help`: which commands are there? Or what does the one of this name do?
    Help,
    /// `/edit on` and `/edit off`: line editing. His own task takes care of it.
    Edit(bool),
    /// `/color on` and `/color off`: colours. His own task takes care of it.
    Color(bool),
    /// No command of ours; the text is its name, with the slash.
    Unknown,
    /// What cannot be done, with the reason for telling the person; the text is empty.
    Refused(&'static str),
}

/// A command, as `/help` tells it.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its name, without the slash.
    pub name: &'static str,
    /// How it is typed.
    pub usage: &'static str,
    /// What it does, in a few words.
    pub does: &'static str,
    /// What else is to be known, for `/help` with its name.
    pub more: &'static [&'static str],
    /// What the rest of a line with this name asks for.
    parse: for<'a> fn(&'a str) -> Input<'a>,
}

/// All commands, in the order in which `/help` lists them.
pub static COMMANDS: [Command; 20] = [
    Command {
        name: "nick",
        usage: "/nick NAME",
        does: "be called NAME: 2 to 24 letters, digits, _ and -",
        more: &[
            "The name starts with a letter, nobody else may have it, and Bob and bob are the same.",
            "It is yours as long as you are connected; names are not kept for anybody.",
        ],
        parse: |rest| input(Kind::Nick, rest),
    },
    Command {
        name: "me",
        usage: "/me waves",
        does: "show the others: ~ you waves",
        more: &[],
        parse: parse_action,
    },
    Command {
        name: "join",
        usage: "/join #ROOM",
        does: "enter a room, or go back to it, and speak there",
        more: &[
            "A room that is not there yet is made: # and 1 to 64 of a-z, 0-9, _ and -.",
            "You stay in your other rooms, and read them with their name before each line.",
        ],
        parse: |rest| input(Kind::Join, rest.trim()),
    },
    Command {
        name: "part",
        usage: "/part [#ROOM]",
        does: "leave the room, or that one",
        more: &["You speak in the room that you joined last then. An empty room goes away."],
        parse: |rest| input(Kind::Part, rest.trim()),
    },
    Command {
        name: "rooms",
        usage: "/rooms [PAGE]",
        does: "list the rooms",
        more: &[],
        parse: |rest| parse_page(rest, |page| Kind::Rooms { page }, ROOMS_PAGES),
    },
    Command {
        name: "topic",
        usage: "/topic [TEXT]",
        does: "read or set what the room is about",
        more: &["At most 200 bytes. /topic - takes it away."],
        parse: |rest| input(Kind::Topic, rest.trim()),
    },
    Command {
        name: "who",
        usage: "/who [#ROOM] [PAGE]",
        does: "see who is here, or in that room",
        more: &[],
        parse: parse_who,
    },
    Command {
        name: "msg",
        usage: "/msg NICK TEXT",
        does: "tell one person alone",
        more: &["He reads: [from you] TEXT. He may be in any room."],
        parse: |rest| input(Kind::Message, rest.trim_start()),
    },
    Command {
        name: "reply",
        usage: "/reply TEXT",
        does: "answer whoever wrote to you alone last",
        more: &["It goes to the same person, whatever he is called by now, and to nobody else."],
        parse: |rest| input(Kind::Reply, rest.trim_start()),
    },
    Command {
        name: "ignore",
        usage: "/ignore [NICK]",
        does: "read nothing more of somebody, or list whom",
        more: &[
            "It hides what he says and does, his lines to you alone, and his words in the server's lines.",
            "It stays with the person under any name, until he disconnects.",
        ],
        parse: |rest| input(Kind::Ignore, rest.trim()),
    },
    Command {
        name: "unignore",
        usage: "/unignore NICK",
        does: "read him again",
        more: &[],
        parse: |rest| input(Kind::Unignore, rest.trim()),
    },
    Command {
        name: "away",
        usage: "/away [TEXT]",
        does: "be away, or back",
        more: &["Whoever writes to you alone is told so, and /who shows it. /away alone ends it."],
        parse: |rest| input(Kind::Away, rest.trim()),
    },
    Command {
        name: "history",
        usage: "/history [LINES]",
        does: "read what was said here last",
        more: &["Up to 200 lines of chat, 20 unless you say how many. They are in memory alone."],
        parse: parse_history,
    },
    Command {
        name: "time",
        usage: "/time on|off",
        does: "put the time (UTC) before each line",
        more: &["Hours, minutes and seconds in UTC, as in: 14:05:07 alice: hello"],
        parse: |rest| {
            parse_switch(rest, |on| Some(Kind::Time(on)), "/time is on or off, as in: /time on")
        },
    },
    Command {
        name: "quiet",
        usage: "/quiet on|off",
        does: "hide who comes and leaves",
        more: &[],
        parse: |rest| {
            parse_switch(rest, |on| Some(Kind::Quiet(on)), "/quiet is on or off, as in: /quiet on")
        },
    },
    Command {
        name: "edit",
        usage: "/edit on|off",
        does: "edit lines, complete names with Tab (with a telnet)",
        more: &["Arrows, history and Tab; the last row of your screen is yours. nc cannot do it."],
        parse: |rest| {
            parse_switch(rest, |on| on.map(Kind::Edit), "/edit wants on or off, as in: /edit on")
        },
    },
    Command {
        name: "color",
        usage: "/color on|off",
        does: "see colors",
        more: &[],
        parse: |rest| {
            parse_switch(rest, |on| on.map(Kind::Color), "/color wants on or off, as in: /color on")
        },
    },
    Command {
        name: "quit",
        usage: "/quit [REASON]",
        does: "leave",
        more: &[],
        parse: |rest| input(Kind::Quit, rest.trim()),
    },
    Command {
        name: "help",
        usage: "/help [COMMAND]",
        does: "this list, or more of one",
        more: &[],
        parse: |rest| input(Kind::Help, rest.trim()),
    },
    Command {
        name: "/",
        usage: "//TEXT",
        does: "say /TEXT",
        more: &[],
        // A line with two slashes is no command: it never comes here.
        parse: |rest| input(Kind::Say, rest),
    },
];

/// The command of this name, with or without its slash.
pub fn command(name: &str) -> Option<&'static Command> {
    let bare = name.strip_prefix('/').unwrap_or(name);
    let is = |known: &str| known.eq_ignore_ascii_case(bare) || known == name;
    COMMANDS.iter().find(|command| is(command.name))
}

/// The names of all commands with their slash, in the order of the alphabet: what Tab completes.
pub fn names() -> Vec<&'static str> {
    let slashed =
        |command: &Command| command.usage.split(' ').next().filter(|_| command.name != "/");
    let mut names: Vec<_> = COMMANDS.iter().filter_map(slashed).collect();
    names.sort_unstable();
    names
}

/// What a line asks for; `None` for a blank one.
pub fn parse(line: &str) -> Option<Input<'_>> {
    let Some(typed) = line.strip_prefix('/') else {
        let blank = line.trim_start().is_empty();
        return if blank { None } else { Some(input(Kind::Say, line)) };
    };
    if typed.starts_with('/') {
        return Some(input(Kind::Say, typed));
    }
    let (word, rest) = typed.split_once([' ', '\t']).unwrap_or((typed, ""));
    let known = COMMANDS.iter().find(|command| {
        let is = |name: &str| name.eq_ignore_ascii_case(word);
        is(command.name) || (command.name == "color" && is("colour"))
    });
    Some(match known {
        Some(command) => (command.parse)(rest),
        None => input(Kind::Unknown, &line[..'/'.len_utf8() + word.len()]),
    })
}

/// An input of this kind about this text.
const fn input(kind: Kind, text: &str) -> Input<'_> {
    Input { kind, text }
}

/// `/me`.
fn parse_action(rest: &str) -> Input<'_> {
    let action = rest.trim_start();
    if action.is_empty() {
        return input(Kind::Refused("/me wants to know what you do, as in: /me waves"), "");
    }
    input(Kind::Action, action)
}

/// Why `/rooms` was not understood.
const ROOMS_PAGES: &str = "/rooms takes the number of a page, as in: /rooms 2";
/// Why `/who` was not understood.
const WHO_PAGES: &str = "/who takes a room and the number of a page, as in: /who #dev 2";
/// Why `/history` was not understood.
const HISTORY_NUMBERS: &str = "/history takes a number of lines, as in: /history 50";

/// A command that takes the number of a page, or nothing.
fn parse_page(rest: &str, kind: fn(u32) -> Kind, otherwise: &'static str) -> Input<'static> {
    input(number(rest.trim(), 1).map_or(Kind::Refused(otherwise), kind), "")
}

/// `/who`, with a room's name and the number of a page, or either, or neither.
fn parse_who(rest: &str) -> Input<'_> {
    let rest = rest.trim();
    let (room, page) = if rest.starts_with('#') {
        rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
    } else {
        ("", rest)
    };
    match number(page.trim(), 1) {
        Some(page) => input(Kind::Who { page }, room),
        None => input(Kind::Refused(WHO_PAGES), ""),
    }
}

/// `/history`.
fn parse_history(rest: &str) -> Input<'_> {
    let lines = number(rest.trim(), HISTORY_REPLAYED as u32);
    let kind = |lines: u32| Kind::History { lines: lines.min(HISTORY_LINES as u32) };
    input(lines.map_or(Kind::Refused(HISTORY_NUMBERS), kind), "")
}

/// A positive number, or this one if there is none.
fn number(argument: &str, usual: u32) -> Option<u32> {
    let number = if argument.is_empty() { Ok(usual) } else { argument.parse() };
    number.ok().filter(|&number| number > 0)
}

/// A command that is turned on and off.
fn parse_switch(
    rest: &str,
    kind: fn(Option<bool>) -> Option<Kind>,
    otherwise: &'static str,
) -> Input<'static> {
    let is = |word: &str| rest.trim().eq_ignore_ascii_case(word);
    let kind = match () {
        () if is("on") => kind(Some(true)),
        () if is("off") => kind(Some(false)),
        () if is("") => kind(None),
        () => None,
    };
    input(kind.unwrap_or(Kind::Refused(otherwise)), "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(line: &str) -> (Kind, &str) {
        let input = parse(line).expect(line);
        (input.kind, input.text)
    }

    #[test]
    fn lines_are_said_as_they_are() {
        assert_eq!(parsed("hello"), (Kind::Say, "hello"));
        assert_eq!(parsed("  hello "), (Kind::Say, "  hello "));
        assert_eq!(parsed(" /quit"), (Kind::Say, " /quit"));
        assert_eq!(parsed("//help"), (Kind::Say, "/help"));
        assert_eq!(parsed("///"), (Kind::Say, "//"));
    }

    #[test]
    fn blank_lines_are_nothing() {
        for line in ["", " ", "\t \t", "\u{a0}"] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn commands_have_their_arguments() {
        assert_eq!(parsed("/nick alice"), (Kind::Nick, "alice"));
        assert_eq!(parsed("/nick a b"), (Kind::Nick, "a b"));
        assert_eq!(parsed("/nick"), (Kind::Nick, ""));
        assert_eq!(parsed("/NICK  x "), (Kind::Nick, " x "));
        assert_eq!(parsed("/me waves"), (Kind::Action, "waves"));
        assert_eq!(parsed("/join #dev "), (Kind::Join, "#dev"));
        assert_eq!(parsed("/join"), (Kind::Join, ""));
        assert_eq!(parsed("/join #a #b"), (Kind::Join, "#a #b"));
        assert_eq!(parsed("/part"), (Kind::Part, ""));
        assert_eq!(parsed("/part #dev"), (Kind::Part, "#dev"));
        assert_eq!(parsed("/topic all of it "), (Kind::Topic, "all of it"));
        assert_eq!(parsed("/quit"), (Kind::Quit, ""));
        assert_eq!(parsed("/quit so long"), (Kind::Quit, "so long"));
        assert_eq!(parsed("/help me"), (Kind::Help, "me"));
        assert_eq!(parsed("/edit ON "), (Kind::Edit(true), ""));
        assert_eq!(parsed("/colour off"), (Kind::Color(false), ""));
    }

    #[test]
    fn private_lines_keep_their_words_as_they_are() {
        assert_eq!(parsed("/msg bob  psst "), (Kind::Message, "bob  psst "));
        assert_eq!(parsed("/msg"), (Kind::Message, ""));
        assert_eq!(parsed("/reply  well "), (Kind::Reply, "well "));
        assert_eq!(parsed("/ignore Bob "), (Kind::Ignore, "Bob"));
        assert_eq!(parsed("/unignore bob"), (Kind::Unignore, "bob"));
        assert_eq!(parsed("/away lunch"), (Kind::Away, "lunch"));
    }

    #[test]
    fn rooms_and_pages_are_told_apart() {
        assert_eq!(parsed("/who"), (Kind::Who { page: 1 }, ""));
        assert_eq!(parsed("/who 12 "), (Kind::Who { page: 12 }, ""));
        assert_eq!(parsed("/who #dev"), (Kind::Who { page: 1 }, "#dev"));
        assert_eq!(parsed("/who #dev\t 2"), (Kind::Who { page: 2 }, "#dev"));
        assert_eq!(parsed("/rooms"), (Kind::Rooms { page: 1 }, ""));
        assert_eq!(parsed("/rooms 3"), (Kind::Rooms { page: 3 }, ""));
    }

    #[test]
    fn switches_are_on_off_or_asked_for() {
        assert_eq!(parsed("/time ON"), (Kind::Time(Some(true)), ""));
        assert_eq!(parsed("/time off "), (Kind::Time(Some(false)), ""));
        assert_eq!(parsed("/quiet"), (Kind::Quiet(None), ""));
        assert_eq!(parsed("/history"), (Kind::History { lines: 20 }, ""));
        assert_eq!(parsed("/history 7"), (Kind::History { lines: 7 }, ""));
        assert_eq!(parsed("/history 4000000000"), (Kind::History { lines: 200 }, ""));
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
            "/rooms x",
            "/rooms 0",
            "/time yes",
            "/quiet 1",
            "/history 0",
            "/history all",
        ] {
            assert!(matches!(parsed(line), (Kind::Refused(_), "")), "{line}");
        }
    }

    #[test]
    fn unknown_commands_are_named_and_not_said() {
        assert_eq!(parsed("/foo bar"), (Kind::Unknown, "/foo"));
        assert_eq!(parsed("/"), (Kind::Unknown, "/"));
        assert_eq!(parsed("/ nick"), (Kind::Unknown, "/"));
        assert_eq!(parsed("/nickname"), (Kind::Unknown, "/nickname"));
        assert_eq!(parsed("/é\t"), (Kind::Unknown, "/é"));
    }

    #[test]
    fn every_command_is_found_by_its_name_and_fits_on_a_line_of_the_list() {
        for known in &COMMANDS {
            assert_eq!(command(known.name).map(|found| found.usage), Some(known.usage));
            assert!(known.usage.starts_with(&format!("/{}", known.name)), "{}", known.usage);
            assert!(known.usage.len() <= 19 && known.does.len() <= 56, "{}", known.name);
        }
        for name in names() {
            assert_ne!(parsed(name).0, Kind::Unknown, "{name}");
        }
        assert_eq!(names().len(), COMMANDS.len() - 1);
        assert!(command("/JOIN").is_some() && command("foo").is_none());
    }

    proptest! {
        #[test]
        fn what_is_said_was_typed(line in "(/(nick|me|who|quit|help|join|msg|time|history|/)?)?\\PC{0,20}") {
            match parse(&line) {
                None => prop_assert!(line.trim().is_empty()),
                Some(input) => {
                    prop_assert!(line.contains(input.text));
                    let command = line.starts_with('/') && !line.starts_with("//");
                    prop_assert_eq!(matches!(input.kind, Kind::Say), !command);
                }
            }
        }
    }
}
