//! Words: whatever a person types, others get one line of it, and nothing that a terminal takes for a command.

use crate::chat::bans::BanTarget;
use crate::limits::{MAX_BLANK_COLUMNS, MAX_COMBINING_MARKS, MAX_NICK, MAX_QUOTED, MIN_NICK};
use crate::protocol::command::{self, Command, CommandKind};
use crate::protocol::encode::WireFormat;
use crate::protocol::message::{LeaveReason, Message};
use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;
use crate::protocol::sanitize;
use crate::protocol::time_of_day::UtcOffset;

/// Characters that must not reach a terminal, first and last of each range.
const FORBIDDEN: [(char, char); 31] = [
    ('\0', '\u{1f}'),
    ('\u{7f}', '\u{9f}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{115f}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200b}'),
    ('\u{200e}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0d}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{13441}', '\u{13442}'),
    ('\u{16fe4}', '\u{16fe4}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d159}', '\u{1d159}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e001f}'),
    ('\u{e0021}', '\u{e002f}'),
    ('\u{e003a}', '\u{e0060}'),
    ('\u{e007b}', '\u{e007e}'),
    ('\u{e0080}', '\u{e00ff}'),
    ('\u{e01f0}', '\u{e0fff}'),
    ('\u{e0020}', '\u{e0020}'),
];

/// Characters that show nothing, and may reach a terminal where others need them.
const NEEDED_AT_MOST: [(char, char); 8] = [
    ('\u{1160}', '\u{1160}'),
    ('\u{180b}', '\u{180d}'),
    ('\u{180f}', '\u{180f}'),
    ('\u{200c}', '\u{200d}'),
    ('\u{fe0e}', '\u{fe0f}'),
    ('\u{e0030}', '\u{e0039}'),
    ('\u{e0061}', '\u{e007f}'),
    ('\u{e0100}', '\u{e01ef}'),
];

/// Names that the server keeps to itself.
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

/// The fuzz target. Bytes that are not UTF-8 are replaced, as the decoder does.
pub(super) fn check(input: &[u8]) {
    let line = String::from_utf8_lossy(input);
    check_sanitised(&line);
    check_quoted(&line);
    let parsed = command::parse(&line);
    assert_eq!(parsed, reference(&line), "what {line:?} asks for");
    if let Some(parsed) = parsed {
        assert!(line.contains(parsed.text), "nothing is made up: {parsed:?}");
        check_again(parsed);
        check_shown(parsed);
    }
    check_nick(&line);
}

/// Whether a character must not reach a terminal.
fn is_forbidden(c: char) -> bool {
    FORBIDDEN.iter().any(|&(first, last)| (first..=last).contains(&c)) && !is_conditional(c)
}

/// Whether a character stays only where it is needed.
fn is_conditional(c: char) -> bool {
    NEEDED_AT_MOST.iter().any(|&(first, last)| (first..=last).contains(&c))
}

/// What is forbidden goes, what shows nothing goes where nothing needs it, and all else stays in order, but for marks and blanks
/// that are too many.
fn check_sanitised(words: &str) {
    let clean = sanitize::sanitize(words);
    assert!(!clean.contains(is_forbidden) && !clean.contains('\t'), "{words:?} became {clean:?}");
    let seen = |c: &char| *c == '\t' || !is_forbidden(*c) && !is_conditional(*c);
    let marks = words.chars().filter(|c| !c.is_ascii()).count();
    let mut kept = clean.chars().filter(seen).peekable();
    for c in words.chars().filter(seen) {
        let shown = if c == '\t' { ' ' } else { c };
        let is_kept = kept.next_if_eq(&shown).is_some();
        assert!(is_kept || c.is_whitespace() || marks > MAX_COMBINING_MARKS, "{c:?} of {words:?}");
    }
    assert_eq!(kept.next(), None, "{clean:?} has more than {words:?}");
    let (mut before, mut blanks) = (' ', 0);
    let mut rest = clean.chars().peekable();
    while let Some(c) = rest.next() {
        if is_conditional(c) {
            let on_a_key =
                matches!(before, '0'..='9' | '#' | '*') && rest.peek() == Some(&'\u{20e3}');
            let is_bare = before.is_ascii() || before.is_whitespace();
            assert!(!is_bare || on_a_key, "{c:?} behind {before:?}: {clean:?}");
        }
        blanks = if c.is_whitespace() { blanks + 1 } else { 0 };
        assert!(blanks <= MAX_BLANK_COLUMNS, "{clean:?}");
        before = c;
    }
    assert_eq!(sanitize::sanitize(&clean), clean, "clean is clean");
    assert_eq!(sanitize::is_blank(words), clean.trim().is_empty(), "blank is what nobody sees");
}

/// Words in quotes keep to their limit and cannot close their quotes.
fn check_quoted(words: &str) {
    let quoted = sanitize::quote(words);
    assert!(quoted.len() <= MAX_QUOTED + 2, "{} bytes", quoted.len());
    assert!(!quoted.contains(is_forbidden), "{quoted:?}");
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let inside = inside.unwrap_or_else(|| panic!("no quotes around {quoted:?}"));
    let mut quote_was_escaped = true;
    let mut before = ' ';
    for c in inside.chars() {
        quote_was_escaped &= c != '"' || before == '\\';
        before = c;
    }
    assert!(quote_was_escaped, "{quoted:?}");
}

/// What a line must ask for.
fn reference(line: &str) -> Option<Command<'_>> {
    let input = |kind, text| Some(Command { kind, text });
    if let Some(said) = line.strip_prefix("//") {
        return input(CommandKind::Say, &line[line.len() - said.len() - 1..]);
    }
    if !line.starts_with('/') {
        return reference_of_words(line);
    }
    let end = line.find([' ', '\t']).unwrap_or(line.len());
    let rest = line.get(end + 1..).unwrap_or("");
    match line[..end].to_ascii_lowercase().as_str() {
        "/nick" => input(CommandKind::Nick, rest.trim_end_matches([' ', '\t'])),
        "/me" => reference_of_action(rest),
        "/who" | "/names" | "/users" => {
            let rest = rest.trim();
            let is_room = rest.starts_with('#');
            let end =
                if is_room { rest.find(char::is_whitespace).unwrap_or(rest.len()) } else { 0 };
            match count(&rest[end..], 1) {
                Some(page) => input(CommandKind::Who { page }, &rest[..end]),
                None => input(
                    CommandKind::Invalid(
                        "/who takes a room and the number of a page, as in: /who #dev 2",
                    ),
                    "",
                ),
            }
        }
        "/rooms" | "/list" => reference_of_rooms(rest),
        "/history" => match count(rest, 20) {
            Some(lines) => input(CommandKind::History { lines: lines.min(200) }, ""),
            None => input(
                CommandKind::Invalid("/history takes a number of lines, as in: /history 50"),
                "",
            ),
        },
        "/time" => match switch(rest) {
            Some(on) => input(CommandKind::Time { on, offset: None }, ""),
            None => reference_of_times(rest.trim()),
        },
        "/quiet" => match switch(rest) {
            Some(on) => input(CommandKind::Quiet(on), ""),
            None => input(CommandKind::Invalid("/quiet is on or off, as in: /quiet on"), ""),
        },
        "/bell" => match switch(rest) {
            Some(on) => input(CommandKind::Bell(on), ""),
            None => input(CommandKind::Invalid("/bell is on or off, as in: /bell on"), ""),
        },
        "/join" => input(CommandKind::Join, rest.trim()),
        "/part" | "/leave" => input(CommandKind::Part, rest.trim()),
        "/topic" => input(CommandKind::Topic, rest.trim()),
        "/msg" | "/tell" => input(CommandKind::Message, rest.trim_start()),
        "/reply" => input(CommandKind::Reply, rest.trim_start()),
        "/ignore" => input(CommandKind::Ignore, rest.trim()),
        "/unignore" => input(CommandKind::Unignore, rest.trim()),
        "/away" => input(CommandKind::Away, rest.trim()),
        "/quit" | "/exit" => input(CommandKind::Quit, rest.trim()),
        "/help" | "/?" => input(CommandKind::Help, rest.trim()),
        "/edit" | "/color" | "/colour" => reference_of_terminals(&line[..end], rest),
        _ => reference_of_operators(line, end, rest),
    }
}

/// What a line that begins with no `/` must ask for.
fn reference_of_words(line: &str) -> Option<Command<'_>> {
    const REFUSAL: &str =
        "a command begins with its /, without blanks before it (and //text says /text)";
    match line {
        _ if line.trim().is_empty() => None,
        _ if shows_slash(line) => Some(Command { kind: CommandKind::Invalid(REFUSAL), text: "" }),
        _ => Some(Command { kind: CommandKind::Say, text: line }),
    }
}

/// What `/me` with these words must ask for.
fn reference_of_action(words: &str) -> Option<Command<'_>> {
    let kind = match words {
        _ if words.trim().is_empty() => {
            CommandKind::Invalid("/me wants to know what you do, as in: /me waves")
        }
        _ if shows_slash(words) => CommandKind::Invalid(
            "/me wants to know what you do, and no command (and //text says /text)",
        ),
        _ => return Some(Command { kind: CommandKind::Action, text: words.trim_start() }),
    };
    Some(Command { kind, text: "" })
}

/// What `/rooms` and what stands behind it must ask for.
fn reference_of_rooms(rest: &str) -> Option<Command<'_>> {
    let words: Vec<_> = rest.split_whitespace().collect();
    let is_page = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let asked = match words[..] {
        [] => Some((CommandKind::Rooms { page: 1 }, "")),
        [page] if is_page(page) => count(page, 1).map(|page| (CommandKind::Rooms { page }, "")),
        [named] => Some((CommandKind::RoomsMatching { page: 1 }, named)),
        [named, page] if !is_page(named) => {
            count(page, 1).map(|page| (CommandKind::RoomsMatching { page }, named))
        }
        _ => None,
    };
    let why = "/rooms takes a part of a name and the number of a page, as in: /rooms dev 2";
    let (kind, text) = asked.unwrap_or((CommandKind::Invalid(why), ""));
    Some(Command { kind, text })
}

/// What `/time` with this behind it must ask for, where that is no switch.
fn reference_of_times(typed: &str) -> Option<Command<'static>> {
    let refused = "/time is on, off, or how far your clock is from UTC, as in: /time +02:00";
    let kind = match UtcOffset::parse(typed) {
        Some(offset) => CommandKind::Time { on: Some(true), offset: Some(offset) },
        None => CommandKind::Invalid(refused),
    };
    // How far it is is not the matter here, but that nothing else passes.
    let is_offset = |c: char| c.is_ascii_digit() || "+-:utcUTC".contains(c);
    assert!(kind == CommandKind::Invalid(refused) || typed.chars().all(is_offset), "{typed:?}");
    Some(Command { kind, text: "" })
}

/// What is on or off in a user's own terminal.
fn reference_of_terminals(command: &str, rest: &str) -> Option<Command<'static>> {
    let is_edit = command.eq_ignore_ascii_case("/edit");
    let kind = match switch(rest).flatten() {
        Some(on) if is_edit => CommandKind::Edit(on),
        Some(on) => CommandKind::Color(on),
        None if is_edit => CommandKind::Invalid("/edit wants on or off, as in: /edit on"),
        None => CommandKind::Invalid("/color wants on or off, as in: /color on"),
    };
    Some(Command { kind, text: "" })
}

/// What a line with a command of operators must ask for, or with `/whoami`, or with none.
fn reference_of_operators<'a>(line: &'a str, end: usize, rest: &'a str) -> Option<Command<'a>> {
    let input = |kind, text| Some(Command { kind, text });
    match line[..end].to_ascii_lowercase().as_str() {
        "/oper" if rest.trim().is_empty() => {
            input(CommandKind::Invalid("/oper wants the secret, as in: /oper SECRET"), "")
        }
        "/oper" => input(CommandKind::Oper, rest.trim()),
        "/kick" => input(CommandKind::Kick, rest.trim()),
        "/ban" => input(CommandKind::Ban, rest.trim()),
        "/unban" => input(CommandKind::Unban, rest.trim()),
        "/mute" => input(CommandKind::Mute, rest.trim()),
        "/unmute" => input(CommandKind::Unmute, rest.trim()),
        "/slow" => input(CommandKind::Slow, rest.trim()),
        "/whoami" if rest.trim().is_empty() => input(CommandKind::Whoami, ""),
        "/whoami" => {
            input(CommandKind::Invalid("/whoami stands alone; /who tells of the others"), "")
        }
        "/bans" => match count(rest, 1) {
            Some(page) => input(CommandKind::Bans { page }, ""),
            None => {
                input(CommandKind::Invalid("/bans takes the number of a page, as in: /bans 2"), "")
            }
        },
        glued if glued.starts_with("/oper") => input(
            CommandKind::Invalid("/oper and the secret are two words, as in: /oper SECRET"),
            "",
        ),
        _ => input(CommandKind::Unknown, &line[..end]),
    }
}

/// Whether a text begins with a `/` once it is shown.
fn shows_slash(text: &str) -> bool {
    sanitize::sanitize(text).trim_start().starts_with('/')
}

/// A positive number, the usual one if there is none, or nothing if it is something else.
fn count(typed: &str, usual: u32) -> Option<u32> {
    match typed.trim() {
        "" => Some(usual),
        digits => digits.parse().ok().filter(|&number| number > 0),
    }
}

/// On, off or neither, or nothing if it is something else.
fn switch(typed: &str) -> Option<Option<bool>> {
    match typed.trim().to_ascii_lowercase().as_str() {
        "on" => Some(Some(true)),
        "off" => Some(Some(false)),
        "" => Some(None),
        _ => None,
    }
}

/// What was understood, typed in plain form, is understood as the same.
fn check_again(input: Command<'_>) {
    let text = input.text;
    let line = match input.kind {
        CommandKind::Say if text.starts_with('/') => format!("/{text}"),
        CommandKind::Say | CommandKind::Unknown => text.to_owned(),
        CommandKind::Action => format!("/me {text}"),
        CommandKind::Nick => format!("/nick {text}"),
        CommandKind::Who { page } => format!("/who {text} {page}"),
        CommandKind::Rooms { page } => format!("/rooms {page}"),
        CommandKind::RoomsMatching { page } => format!("/rooms {text} {page}"),
        CommandKind::Bell(on) => format!("/bell {}", switched(on)),
        CommandKind::History { lines } => format!("/history {lines}"),
        CommandKind::Time { offset: Some(offset), .. } => format!("/time {offset}"),
        CommandKind::Time { on, .. } => format!("/time {}", switched(on)),
        CommandKind::Quiet(on) => format!("/quiet {}", switched(on)),
        CommandKind::Whoami => "/whoami".to_owned(),
        CommandKind::Join => format!("/join {text}"),
        CommandKind::Part => format!("/part {text}"),
        CommandKind::Topic => format!("/topic {text}"),
        CommandKind::Message => format!("/msg {text}"),
        CommandKind::Reply => format!("/reply {text}"),
        CommandKind::Ignore => format!("/ignore {text}"),
        CommandKind::Unignore => format!("/unignore {text}"),
        CommandKind::Away => format!("/away {text}"),
        CommandKind::Quit => format!("/quit {text}"),
        CommandKind::Help => format!("/help {text}"),
        CommandKind::Edit(on) => format!("/edit {}", if on { "on" } else { "off" }),
        CommandKind::Color(on) => format!("/color {}", if on { "on" } else { "off" }),
        CommandKind::Oper => format!("/oper {text}"),
        CommandKind::Kick => format!("/kick {text}"),
        CommandKind::Ban => format!("/ban {text}"),
        CommandKind::Unban => format!("/unban {text}"),
        CommandKind::Bans { page } => format!("/bans {page}"),
        CommandKind::Mute => format!("/mute {text}"),
        CommandKind::Unmute => format!("/unmute {text}"),
        CommandKind::Slow => format!("/slow {text}"),
        CommandKind::OperResult { .. } => panic!("nobody can type what came of a secret"),
        CommandKind::Invalid(_) => return,
    };
    assert_eq!(command::parse(&line), Some(input), "typed again as {line:?}");
}

/// As it is typed.
fn switched(on: Option<bool>) -> &'static str {
    match on {
        Some(true) => "on",
        Some(false) => "off",
        None => "",
    }
}

/// Whatever others get of it, and the answer, is one line that a terminal only shows.
fn check_shown(input: Command<'_>) {
    let nick = Nick::guest(7);
    let text = input.text;
    match input.kind {
        CommandKind::Say => check_line(&Message::Say(nick, text), "user-7: "),
        CommandKind::Action => check_line(&Message::Action(nick, text), "~ user-7 "),
        CommandKind::Quit => {
            let departure = LeaveReason::Quit(Some(text.to_owned()));
            check_line(&Message::Left(nick, &departure), "* user-7 left");
        }
        CommandKind::Nick => match Nick::parse(text) {
            Ok(new) => check_line(&Message::Renamed(nick, new), "* user-7 is now "),
            Err(refused) => check_line(&Message::Error(&refused.to_string()), "! "),
        },
        CommandKind::Join | CommandKind::Part => match RoomName::parse(text) {
            Ok(name) => assert_eq!(name.as_str(), text.to_lowercase()),
            Err(refused) => check_line(&Message::Error(&refused.to_string()), "! "),
        },
        CommandKind::Message | CommandKind::Reply => {
            check_line(&Message::PrivateFrom(nick, text), "[from user-7] ");
            check_line(&Message::PrivateTo(nick, text), "[to user-7] ");
            check_line(&Message::Replay { nick, is_action: false, text }, "| user-7: ");
        }
        CommandKind::Topic => {
            let topic = sanitize::quote(text);
            check_line(&Message::Topic(nick, Some(&topic)), "* user-7 set the topic: \"");
        }
        CommandKind::Ignore | CommandKind::Unignore | CommandKind::Away => {
            check_line(&Message::Reply(&sanitize::quote(text)), "* \"");
        }
        CommandKind::Unknown | CommandKind::Help | CommandKind::Invalid(_) => {
            check_line(&Message::Error(text), "! ")
        }
        CommandKind::Kick => {
            let reason = Some(text.into());
            let departure = LeaveReason::Kicked { room: RoomName::lobby(), by: nick, reason };
            check_line(&Message::Left(nick, &departure), "* user-7 left #lobby (kicked by user-7");
        }
        CommandKind::Ban | CommandKind::Unban => {
            let target = text.split(char::is_whitespace).next().unwrap_or("");
            match BanTarget::parse(target) {
                Ok(target) => assert_eq!(BanTarget::parse(&target.to_string()), Ok(target)),
                Err(invalid) => check_line(&Message::Error(&invalid.to_string()), "! "),
            }
        }
        CommandKind::Oper
        | CommandKind::OperResult { .. }
        | CommandKind::Bans { .. }
        | CommandKind::Whoami => {}
        CommandKind::Mute | CommandKind::Unmute | CommandKind::Slow => {}
        CommandKind::RoomsMatching { .. } => {
            let reason = format!("no room has {} in its name", sanitize::quote(text));
            check_line(&Message::Error(&reason), "! no room has \"");
        }
        CommandKind::Who { .. } | CommandKind::Rooms { .. } | CommandKind::History { .. } => {}
        CommandKind::Bell(_)
        | CommandKind::Time { .. }
        | CommandKind::Quiet(_)
        | CommandKind::Edit(_)
        | CommandKind::Color(_) => {}
    }
}

/// A line as it is encoded starts as the server has it start, ends once, and holds nothing harmful between.
fn check_line(line: &Message<'_>, start: &str) {
    let mut sent = Vec::new();
    WireFormat::Lines.encode(line, &mut sent);
    let sent = String::from_utf8(sent).unwrap_or_else(|_| panic!("{line:?} is sent as UTF-8"));
    let body = sent.strip_suffix("\r\n").unwrap_or_else(|| panic!("{sent:?} has an end"));
    assert!(body.starts_with(start), "{body:?} starts with {start:?}");
    assert!(!body.contains(is_forbidden), "{body:?}");
}

/// A nick is taken as typed, or refused with a reason that can be shown.
fn check_nick(asked: &str) {
    let look = reference_skeleton(asked, true);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'l' || byte == b'o';
    let is_the_servers = RESERVED.iter().any(|name| self::reference_skeleton(name, true) == look)
        || look
            .strip_prefix("user-")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_digit));
    let is_fine = (MIN_NICK..=MAX_NICK).contains(&asked.len())
        && asked.starts_with(|c: char| c.is_ascii_alphabetic())
        && asked.chars().all(is_name)
        && !is_the_servers;
    match Nick::parse(asked) {
        Ok(nick) => {
            assert!(is_fine && nick.as_str() == asked, "{asked:?} is a nick");
            let look = self::reference_skeleton(asked, false);
            if let Ok(like) = Nick::parse(&look) {
                assert!(
                    nick.is_confusable_with(&like) && like.as_str() == look,
                    "{asked:?} looks like {look:?}"
                );
            }
            let banned = BanTarget::parse(asked).map(|target| match target {
                BanTarget::Nick(mask) => mask.matches(nick),
                BanTarget::Network(_) => true,
            });
            assert_eq!(banned, Ok(true), "a ban on {asked:?} meets it");
        }
        Err(refused) => {
            let reason = refused.to_string();
            assert!(!is_fine, "{asked:?} is refused: {reason}");
            assert!(!reason.contains(is_forbidden), "{reason:?}");
        }
    }
}

/// What a name looks like; closely, as the names of the server are compared.
fn reference_skeleton(name: &str, closely: bool) -> String {
    let look = name.replace(['I', '1'], "l").replace(['O', '0'], "o").to_ascii_lowercase();
    if closely { look.replace('i', "l").replace("rn", "m").replace("vv", "w") } else { look }
}
