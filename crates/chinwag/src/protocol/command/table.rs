//! The table of commands: how each is typed, what `/help` says of it, and how the rest of its line is read.

use super::{
    BANS_USAGE, Command, CommandKind, command, parse_action, parse_away, parse_history, parse_oper,
    parse_page, parse_rooms, parse_switch, parse_time, parse_who,
};

/// A command, as `/help` tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommandSpec {
    /// Its name, without the slash.
    pub name: &'static str,
    /// How it is typed.
    pub usage: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What else is to be known, for `/help` with its name.
    pub details: &'static [&'static str],
    /// Whether only operators can use it, so that the list shows it to them alone.
    pub for_operators: bool,
    /// What the rest of a line with this name asks for.
    pub(super) parse: for<'a> fn(&'a str) -> Command<'a>,
}

/// All commands, in the order in which `/help` lists them.
pub(crate) static COMMANDS: [CommandSpec; 30] = [
    CommandSpec {
        name: "nick",
        usage: "/nick NAME",
        summary: "be called NAME: 2 to 24 letters, digits, _ and -",
        details: &[
            "The name starts with a letter, nobody else may have it, and Bob and bob are the same.",
            "It is yours as long as you are connected; names are not kept for anybody.",
        ],
        for_operators: false,
        // What is typed is not made another name, but nobody sees the blanks behind it.
        parse: |rest| command(CommandKind::Nick, rest.trim_end_matches([' ', '\t'])),
    },
    CommandSpec {
        name: "whoami",
        usage: "/whoami",
        summary: "see what you are called, and where you speak",
        details: &["Also your other rooms, and whether you are away, an operator, or muted."],
        for_operators: false,
        parse: |rest| match rest.trim() {
            "" => command(CommandKind::Whoami, ""),
            _ => {
                command(CommandKind::Invalid("/whoami stands alone; /who tells of the others"), "")
            }
        },
    },
    CommandSpec {
        name: "me",
        usage: "/me waves",
        summary: "show the others: ~ you waves",
        details: &[],
        for_operators: false,
        parse: parse_action,
    },
    CommandSpec {
        name: "join",
        usage: "/join #ROOM",
        summary: "enter a room, or go back to it, and speak there",
        details: &[
            "A room that is not there yet is made: # and 1 to 64 of a-z, 0-9, _ and -.",
            "You stay in your other rooms, and read them with their name before each line.",
        ],
        for_operators: false,
        parse: |rest| command(CommandKind::Join, rest.trim()),
    },
    CommandSpec {
        name: "part",
        usage: "/part [#ROOM]",
        summary: "leave the room, or that one",
        details: &[
            "You speak in the room that you joined last then. An empty room goes away, but for #lobby.",
        ],
        for_operators: false,
        parse: |rest| command(CommandKind::Part, rest.trim()),
    },
    CommandSpec {
        name: "rooms",
        usage: "/rooms [WORD]",
        summary: "list the rooms, or those with WORD in their names",
        details: &[
            "Those with most people stand first. /rooms 2 is the next page, as is /rooms WORD 2.",
        ],
        for_operators: false,
        parse: parse_rooms,
    },
    CommandSpec {
        name: "topic",
        usage: "/topic [TEXT]",
        summary: "read or set what the room is about",
        details: &["At most 200 bytes. /topic - takes it away."],
        for_operators: false,
        parse: |rest| command(CommandKind::Topic, rest.trim()),
    },
    CommandSpec {
        name: "who",
        usage: "/who [#ROOM] [PAGE]",
        summary: "see who is here, or in that room",
        details: &[],
        for_operators: false,
        parse: parse_who,
    },
    CommandSpec {
        name: "msg",
        usage: "/msg NICK TEXT",
        summary: "tell one person alone",
        details: &["They read: [from you] TEXT. They may be in any room."],
        for_operators: false,
        parse: |rest| command(CommandKind::Message, rest.trim_start()),
    },
    CommandSpec {
        name: "reply",
        usage: "/reply TEXT",
        summary: "answer whoever wrote to you alone last",
        details: &[
            "It goes to the same person, whatever they are called by now, and to nobody else.",
        ],
        for_operators: false,
        parse: |rest| command(CommandKind::Reply, rest.trim_start()),
    },
    CommandSpec {
        name: "ignore",
        usage: "/ignore [NICK]",
        summary: "read nothing more of somebody, or list whom",
        details: &[
            "It hides what they say and do, their lines to you alone, and their words in the server's lines.",
            "It stays with the person under any name, until they disconnect.",
        ],
        for_operators: false,
        parse: |rest| command(CommandKind::Ignore, rest.trim()),
    },
    CommandSpec {
        name: "unignore",
        usage: "/unignore NICK",
        summary: "read them again",
        details: &[],
        for_operators: false,
        parse: |rest| command(CommandKind::Unignore, rest.trim()),
    },
    CommandSpec {
        name: "away",
        usage: "/away [TEXT]",
        summary: "be away, or back",
        details: &[
            "Whoever writes to you alone is told so, and /who shows it. /away alone ends it.",
        ],
        for_operators: false,
        parse: parse_away,
    },
    CommandSpec {
        name: "history",
        usage: "/history [LINES]",
        summary: "read what was said here last",
        details: &[
            "Up to 200 lines of chat, 20 unless you say how many. They are in memory alone.",
        ],
        for_operators: false,
        parse: parse_history,
    },
    CommandSpec {
        name: "time",
        usage: "/time on|off|+02:00",
        summary: "put the time before each line, in UTC or by your clock",
        details: &[
            "Hours, minutes and seconds, as in: 14:05:07 alice: hello. /time +02:00 says how far your clock is",
            "from UTC; /time utc, that it is not. Past lines have the time at which they were said.",
        ],
        for_operators: false,
        parse: parse_time,
    },
    CommandSpec {
        name: "quiet",
        usage: "/quiet on|off",
        summary: "hide who comes and leaves",
        details: &[],
        for_operators: false,
        parse: |rest| {
            parse_switch(
                rest,
                |on| Some(CommandKind::Quiet(on)),
                "/quiet is on or off, as in: /quiet on",
            )
        },
    },
    CommandSpec {
        name: "bell",
        usage: "/bell on|off",
        summary: "hear a bell when somebody names you",
        details: &[
            "Also when somebody writes to you alone. It rings once in 10 seconds at most, and after five times",
            "not until you send something. It is the one control character that you get, and only if you ask.",
        ],
        for_operators: false,
        parse: |rest| {
            parse_switch(
                rest,
                |on| Some(CommandKind::Bell(on)),
                "/bell is on or off, as in: /bell on",
            )
        },
    },
    CommandSpec {
        name: "edit",
        usage: "/edit on|off",
        summary: "edit lines, complete names with Tab (with a telnet)",
        details: &[
            "Arrows, history and Tab; the last row of your screen is yours. nc cannot do it.",
        ],
        for_operators: false,
        parse: |rest| {
            parse_switch(
                rest,
                |on| on.map(CommandKind::Edit),
                "/edit wants on or off, as in: /edit on",
            )
        },
    },
    CommandSpec {
        name: "color",
        usage: "/color on|off",
        summary: "see colors",
        details: &[],
        for_operators: false,
        parse: |rest| {
            parse_switch(
                rest,
                |on| on.map(CommandKind::Color),
                "/color wants on or off, as in: /color on",
            )
        },
    },
    CommandSpec {
        name: "quit",
        usage: "/quit [REASON]",
        summary: "leave",
        details: &[],
        for_operators: false,
        parse: |rest| command(CommandKind::Quit, rest.trim()),
    },
    CommandSpec {
        name: "help",
        usage: "/help [COMMAND]",
        summary: "this list, or more of one",
        details: &[],
        for_operators: false,
        parse: |rest| command(CommandKind::Help, rest.trim()),
    },
    CommandSpec {
        name: "oper",
        usage: "/oper SECRET",
        summary: "become an operator",
        details: &[
            "Whoever runs this server has the secret. After three wrong ones each has to wait twice as long.",
            "Operators have /kick /mute /slow for a room, and /ban /unban /bans for the server.",
        ],
        for_operators: true,
        parse: parse_oper,
    },
    CommandSpec {
        name: "kick",
        usage: "/kick NICK [WHY]",
        summary: "take somebody out of the room",
        details: &[
            "They may come back; /ban keeps them out of all rooms.",
            "A connection that does not answer, in whatever room, is ended by it after some seconds.",
        ],
        for_operators: true,
        parse: |rest| command(CommandKind::Kick, rest.trim()),
    },
    CommandSpec {
        name: "mute",
        usage: "/mute NICK [TIME]",
        summary: "let nobody read them, as in: /mute bob 10m",
        details: &[
            "Without a time (10m, 1h30m, 2 hours) it lasts until /unmute. It meets whoever comes from that address then, too.",
        ],
        for_operators: true,
        parse: |rest| command(CommandKind::Mute, rest.trim()),
    },
    CommandSpec {
        name: "unmute",
        usage: "/unmute NICK",
        summary: "let them be read again",
        details: &[],
        for_operators: true,
        parse: |rest| command(CommandKind::Unmute, rest.trim()),
    },
    CommandSpec {
        name: "slow",
        usage: "/slow TIME|off",
        summary: "take one line of each in that time, as in: /slow 10s",
        details: &[
            "It is for your room, and operators are free of it. Coming in counts as a line. An hour is the most.",
        ],
        for_operators: true,
        parse: |rest| command(CommandKind::Slow, rest.trim()),
    },
    CommandSpec {
        name: "ban",
        usage: "/ban WHOM [TIME]",
        summary: "keep them off the server, as in: /ban bob 2h spam",
        details: &[
            "WHOM is a nick (* stands for any letters, ? for one), an address, or a range: 203.0.113.0/24.",
            "TIME is 30s, 10m, 2h, 7d, 1w, 1y, 1h30m or 2 hours; without it for good. Behind it stands the reason.",
            "One that begins with a digit stands behind \"for\": /ban bob for 3rd warning",
        ],
        for_operators: true,
        parse: |rest| command(CommandKind::Ban, rest.trim()),
    },
    CommandSpec {
        name: "unban",
        usage: "/unban WHOM",
        summary: "let them in again, named as /bans does",
        details: &[],
        for_operators: true,
        parse: |rest| command(CommandKind::Unban, rest.trim()),
    },
    CommandSpec {
        name: "bans",
        usage: "/bans [PAGE]",
        summary: "list who is kept out",
        details: &[],
        for_operators: true,
        parse: |rest| parse_page(rest, |page| CommandKind::Bans { page }, BANS_USAGE),
    },
    CommandSpec {
        name: "/",
        usage: "//TEXT",
        summary: "say /TEXT",
        details: &[],
        for_operators: false,
        // A line with two slashes is no command: it never comes here.
        parse: |rest| command(CommandKind::Say, rest),
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
const UNSUPPORTED: [(&str, &str); 4] =
    [("whois", "/who"), ("query", "/msg"), ("notice", "/msg"), ("mode", "/help")];

/// The command that is called so, here or elsewhere.
pub(super) fn find_by_name(name: &str) -> Option<&'static CommandSpec> {
    let alias = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
    let name = alias.map_or(name, |&(_, name)| name);
    COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(name))
}

/// The command of this name, with or without its slash.
pub(crate) fn find(name: &str) -> Option<&'static CommandSpec> {
    match find_by_name(name) {
        Some(command) => Some(command),
        None => find_by_name(name.strip_prefix('/')?),
    }
}

/// What to try in place of this word, with its slash, which is no command here but one elsewhere.
pub(crate) fn equivalent_of(word: &str) -> Option<&'static str> {
    let name = word.strip_prefix('/')?;
    let known = UNSUPPORTED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|&(_, here)| here)
}

/// How alike a word must be to a command to be taken for it, of 1: a letter missing, twice, or in another's place.
const MIN_SIMILARITY: f64 = 0.9;

/// The command that was meant by this word, with its slash, if one is nearly spelled so.
pub(crate) fn suggest(word: &str, for_operators: bool) -> Option<&'static str> {
    let word = word.strip_prefix('/')?.to_ascii_lowercase();
    let known = COMMANDS
        .iter()
        .filter(|command| command.name != "/" && (for_operators || !command.for_operators));
    let slashed = |command: &CommandSpec| Some((command.name, command.usage.split(' ').next()?));
    let named = known.filter_map(slashed);
    let alike = named.map(|(name, slashed)| (strsim::jaro_winkler(&word, name), slashed));
    let best = alike.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|&(alike, _)| alike >= MIN_SIMILARITY).map(|(_, name)| name)
}

/// The names of all commands with their slash, in the order of the alphabet: what Tab completes.
pub(crate) fn names() -> Vec<&'static str> {
    let slashed =
        |command: &CommandSpec| command.usage.split(' ').next().filter(|_| command.name != "/");
    let mut names: Vec<_> = COMMANDS.iter().filter_map(slashed).collect();
    names.sort_unstable();
    names
}
