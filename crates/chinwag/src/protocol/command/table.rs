//! The table of commands: how each is typed, what `/help` says of it, and how the rest of its line is read.

use super::{
    BANS_PAGES, Input, Kind, input, parse_action, parse_away, parse_history, parse_oper,
    parse_page, parse_rooms, parse_switch, parse_time, parse_who,
};

/// A command, as `/help` tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Command {
    /// Its name, without the slash.
    pub name: &'static str,
    /// How it is typed.
    pub usage: &'static str,
    /// What it does, in a few words.
    pub does: &'static str,
    /// What else is to be known, for `/help` with its name.
    pub more: &'static [&'static str],
    /// Whether only operators can use it, so that the list shows it to them alone.
    pub for_operators: bool,
    /// What the rest of a line with this name asks for.
    pub(super) parse: for<'a> fn(&'a str) -> Input<'a>,
}

/// All commands, in the order in which `/help` lists them.
pub(crate) static COMMANDS: [Command; 30] = [
    Command {
        name: "nick",
        usage: "/nick NAME",
        does: "be called NAME: 2 to 24 letters, digits, _ and -",
        more: &[
            "The name starts with a letter, nobody else may have it, and Bob and bob are the same.",
            "It is yours as long as you are connected; names are not kept for anybody.",
        ],
        for_operators: false,
        // What is typed is not made another name, but nobody sees the blanks behind it.
        parse: |rest| input(Kind::Nick, rest.trim_end_matches([' ', '\t'])),
    },
    Command {
        name: "whoami",
        usage: "/whoami",
        does: "see what you are called, and where you speak",
        more: &["Also your other rooms, and whether you are away, an operator, or muted."],
        for_operators: false,
        parse: |rest| match rest.trim() {
            "" => input(Kind::Whoami, ""),
            _ => input(Kind::Refused("/whoami stands alone; /who tells of the others"), ""),
        },
    },
    Command {
        name: "me",
        usage: "/me waves",
        does: "show the others: ~ you waves",
        more: &[],
        for_operators: false,
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
        for_operators: false,
        parse: |rest| input(Kind::Join, rest.trim()),
    },
    Command {
        name: "part",
        usage: "/part [#ROOM]",
        does: "leave the room, or that one",
        more: &[
            "You speak in the room that you joined last then. An empty room goes away, but for #lobby.",
        ],
        for_operators: false,
        parse: |rest| input(Kind::Part, rest.trim()),
    },
    Command {
        name: "rooms",
        usage: "/rooms [WORD]",
        does: "list the rooms, or those with WORD in their names",
        more: &[
            "Those with most people stand first. /rooms 2 is the next page, as is /rooms WORD 2.",
        ],
        for_operators: false,
        parse: parse_rooms,
    },
    Command {
        name: "topic",
        usage: "/topic [TEXT]",
        does: "read or set what the room is about",
        more: &["At most 200 bytes. /topic - takes it away."],
        for_operators: false,
        parse: |rest| input(Kind::Topic, rest.trim()),
    },
    Command {
        name: "who",
        usage: "/who [#ROOM] [PAGE]",
        does: "see who is here, or in that room",
        more: &[],
        for_operators: false,
        parse: parse_who,
    },
    Command {
        name: "msg",
        usage: "/msg NICK TEXT",
        does: "tell one person alone",
        more: &["He reads: [from you] TEXT. He may be in any room."],
        for_operators: false,
        parse: |rest| input(Kind::Message, rest.trim_start()),
    },
    Command {
        name: "reply",
        usage: "/reply TEXT",
        does: "answer whoever wrote to you alone last",
        more: &["It goes to the same person, whatever he is called by now, and to nobody else."],
        for_operators: false,
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
        for_operators: false,
        parse: |rest| input(Kind::Ignore, rest.trim()),
    },
    Command {
        name: "unignore",
        usage: "/unignore NICK",
        does: "read him again",
        more: &[],
        for_operators: false,
        parse: |rest| input(Kind::Unignore, rest.trim()),
    },
    Command {
        name: "away",
        usage: "/away [TEXT]",
        does: "be away, or back",
        more: &["Whoever writes to you alone is told so, and /who shows it. /away alone ends it."],
        for_operators: false,
        parse: parse_away,
    },
    Command {
        name: "history",
        usage: "/history [LINES]",
        does: "read what was said here last",
        more: &["Up to 200 lines of chat, 20 unless you say how many. They are in memory alone."],
        for_operators: false,
        parse: parse_history,
    },
    Command {
        name: "time",
        usage: "/time on|off|+02:00",
        does: "put the time before each line, in UTC or by your clock",
        more: &[
            "Hours, minutes and seconds, as in: 14:05:07 alice: hello. /time +02:00 says how far your clock is",
            "from UTC; /time utc, that it is not. Past lines have the time at which they were said.",
        ],
        for_operators: false,
        parse: parse_time,
    },
    Command {
        name: "quiet",
        usage: "/quiet on|off",
        does: "hide who comes and leaves",
        more: &[],
        for_operators: false,
        parse: |rest| {
            parse_switch(rest, |on| Some(Kind::Quiet(on)), "/quiet is on or off, as in: /quiet on")
        },
    },
    Command {
        name: "bell",
        usage: "/bell on|off",
        does: "hear a bell when somebody names you",
        more: &[
            "Also when somebody writes to you alone. It rings once in 10 seconds at most, and after five times",
            "not until you send something. It is the one control character that you get, and only if you ask.",
        ],
        for_operators: false,
        parse: |rest| {
            parse_switch(rest, |on| Some(Kind::Bell(on)), "/bell is on or off, as in: /bell on")
        },
    },
    Command {
        name: "edit",
        usage: "/edit on|off",
        does: "edit lines, complete names with Tab (with a telnet)",
        more: &["Arrows, history and Tab; the last row of your screen is yours. nc cannot do it."],
        for_operators: false,
        parse: |rest| {
            parse_switch(rest, |on| on.map(Kind::Edit), "/edit wants on or off, as in: /edit on")
        },
    },
    Command {
        name: "color",
        usage: "/color on|off",
        does: "see colors",
        more: &[],
        for_operators: false,
        parse: |rest| {
            parse_switch(rest, |on| on.map(Kind::Color), "/color wants on or off, as in: /color on")
        },
    },
    Command {
        name: "quit",
        usage: "/quit [REASON]",
        does: "leave",
        more: &[],
        for_operators: false,
        parse: |rest| input(Kind::Quit, rest.trim()),
    },
    Command {
        name: "help",
        usage: "/help [COMMAND]",
        does: "this list, or more of one",
        more: &[],
        for_operators: false,
        parse: |rest| input(Kind::Help, rest.trim()),
    },
    Command {
        name: "oper",
        usage: "/oper SECRET",
        does: "become an operator",
        more: &[
            "Whoever runs this server has the secret. After three wrong ones each has to wait twice as long.",
            "Operators have /kick /mute /slow for a room, and /ban /unban /bans for the house.",
        ],
        for_operators: true,
        parse: parse_oper,
    },
    Command {
        name: "kick",
        usage: "/kick NICK [WHY]",
        does: "take somebody out of the room",
        more: &[
            "They may come back; /ban keeps them out of all rooms.",
            "A connection that does not answer, in whatever room, is ended by it after some seconds.",
        ],
        for_operators: true,
        parse: |rest| input(Kind::Kick, rest.trim()),
    },
    Command {
        name: "mute",
        usage: "/mute NICK [TIME]",
        does: "let nobody read him, as in: /mute bob 10m",
        more: &[
            "Without a time (10m, 1h30m, 2 hours) it lasts until /unmute. It meets whoever comes from that address then, too.",
        ],
        for_operators: true,
        parse: |rest| input(Kind::Mute, rest.trim()),
    },
    Command {
        name: "unmute",
        usage: "/unmute NICK",
        does: "let him be read again",
        more: &[],
        for_operators: true,
        parse: |rest| input(Kind::Unmute, rest.trim()),
    },
    Command {
        name: "slow",
        usage: "/slow TIME|off",
        does: "take one line of each in that time, as in: /slow 10s",
        more: &[
            "It is for your room, and operators are free of it. Coming in counts as a line. An hour is the most.",
        ],
        for_operators: true,
        parse: |rest| input(Kind::Slow, rest.trim()),
    },
    Command {
        name: "ban",
        usage: "/ban WHOM [TIME]",
        does: "keep him out of the house, as in: /ban bob 2h spam",
        more: &[
            "WHOM is a nick (* stands for any letters, ? for one), an address, or a range: 203.0.113.0/24.",
            "TIME is 30s, 10m, 2h, 7d, 1w, 1y, 1h30m or 2 hours; without it for good. Behind it stands the reason.",
            "One that begins with a digit stands behind \"for\": /ban bob for 3rd warning",
        ],
        for_operators: true,
        parse: |rest| input(Kind::Ban, rest.trim()),
    },
    Command {
        name: "unban",
        usage: "/unban WHOM",
        does: "let him in again, named as /bans does",
        more: &[],
        for_operators: true,
        parse: |rest| input(Kind::Unban, rest.trim()),
    },
    Command {
        name: "bans",
        usage: "/bans [PAGE]",
        does: "list who is kept out",
        more: &[],
        for_operators: true,
        parse: |rest| parse_page(rest, |page| Kind::Bans { page }, BANS_PAGES),
    },
    Command {
        name: "/",
        usage: "//TEXT",
        does: "say /TEXT",
        more: &[],
        for_operators: false,
        // A line with two slashes is no command: it never comes here.
        parse: |rest| input(Kind::Say, rest),
    },
];

/// What commands are called elsewhere, and here: they work by either name.
const ALIASES: [(&str, &str); 8] = [
    ("colour", "color"),
    ("exit", "quit"),
    ("leave", "part"),
    ("list", "rooms"),
    ("names", "who"),
    ("tell", "msg"),
    ("users", "who"),
    ("?", "help"),
];

/// Commands of other servers that there are none of here, and what comes nearest.
const ELSEWHERE: [(&str, &str); 4] =
    [("whois", "/who"), ("query", "/msg"), ("notice", "/msg"), ("mode", "/help")];

/// The command that is called so, here or elsewhere.
pub(super) fn called(name: &str) -> Option<&'static Command> {
    let alias = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
    let name = alias.map_or(name, |&(_, name)| name);
    COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(name))
}

/// The command of this name, with or without its slash.
pub(crate) fn command(name: &str) -> Option<&'static Command> {
    match called(name) {
        Some(command) => Some(command),
        None => called(name.strip_prefix('/')?),
    }
}

/// What to try in place of this word, with its slash, which is no command here but one elsewhere.
pub(crate) fn instead_of(word: &str) -> Option<&'static str> {
    let name = word.strip_prefix('/')?;
    let known = ELSEWHERE.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|&(_, here)| here)
}

/// How alike a word must be to a command to be taken for it, of 1: a letter missing, twice, or in another's place.
const ALIKE: f64 = 0.9;

/// The command that was meant by this word, with its slash, if one is nearly spelled so.
pub(crate) fn nearly(word: &str, for_operators: bool) -> Option<&'static str> {
    let word = word.strip_prefix('/')?.to_ascii_lowercase();
    let known = COMMANDS
        .iter()
        .filter(|command| command.name != "/" && (for_operators || !command.for_operators));
    let slashed = |command: &Command| Some((command.name, command.usage.split(' ').next()?));
    let named = known.filter_map(slashed);
    let alike = named.map(|(name, slashed)| (strsim::jaro_winkler(&word, name), slashed));
    let best = alike.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|&(alike, _)| alike >= ALIKE).map(|(_, name)| name)
}

/// The names of all commands with their slash, in the order of the alphabet: what Tab completes.
pub(crate) fn names() -> Vec<&'static str> {
    let slashed =
        |command: &Command| command.usage.split(' ').next().filter(|_| command.name != "/");
    let mut names: Vec<_> = COMMANDS.iter().filter_map(slashed).collect();
    names.sort_unstable();
    names
}
