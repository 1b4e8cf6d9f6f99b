//! What a line asks for: a line of text to an [`Input`]. Pure, and a look at the text as it was typed: the
//! sanitiser comes later, where a line is encoded.

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
    /// Say the text to everybody else.
    Say,
    /// `/me`: tell everybody else what one does; the text stands behind the nick.
    Action,
    /// `/nick`: be called by the text from now on. It is not checked yet, and may be empty.
    Nick,
    /// `/who`: who is here?
    Who {
        /// Which page of a long answer, from 1.
        page: u32,
    },
    /// `/quit`: leave, with the text as the reason; empty for none.
    Quit,
    /// `/help`: which commands are there?
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

/// All commands, in the order of the alphabet: what Tab completes.
pub const COMMANDS: [&str; 7] = ["/color", "/edit", "/help", "/me", "/nick", "/quit", "/who"];

/// What a line asks for; `None` for a blank one.
pub fn parse(line: &str) -> Option<Input<'_>> {
    let Some(command) = line.strip_prefix('/') else {
        let blank = line.trim_start().is_empty();
        return if blank { None } else { Some(Input { kind: Kind::Say, text: line }) };
    };
    if command.starts_with('/') {
        return Some(Input { kind: Kind::Say, text: command });
    }
    let (word, rest) = command.split_once([' ', '\t']).unwrap_or((command, ""));
    Some(parse_command(word, rest).unwrap_or_else(|| Input {
        kind: Kind::Unknown,
        text: &line[..'/'.len_utf8() + word.len()],
    }))
}

/// The command of this name, with all that stands behind the first blank; `None` if there is no such command.
fn parse_command<'a>(word: &str, rest: &'a str) -> Option<Input<'a>> {
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    let input = |kind, text| Some(Input { kind, text });
    if is("nick") {
        input(Kind::Nick, rest)
    } else if is("me") {
        let action = rest.trim_start();
        let kind = if action.is_empty() {
            Kind::Refused("/me wants to know what you do, as in: /me waves")
        } else {
            Kind::Action
        };
        input(kind, action)
    } else if is("who") {
        input(parse_page(rest.trim()), "")
    } else if is("quit") {
        input(Kind::Quit, rest.trim())
    } else if is("help") {
        input(Kind::Help, "")
    } else if is("edit") {
        input(parse_switch(rest, Kind::Edit, "/edit wants on or off, as in: /edit on"), "")
    } else if is("color") || is("colour") {
        input(parse_switch(rest, Kind::Color, "/color wants on or off, as in: /color on"), "")
    } else {
        None
    }
}

/// Whether something is to be switched on or off.
fn parse_switch(argument: &str, kind: fn(bool) -> Kind, usage: &'static str) -> Kind {
    let is = |word: &str| argument.trim().eq_ignore_ascii_case(word);
    if is("on") {
        kind(true)
    } else if is("off") {
        kind(false)
    } else {
        Kind::Refused(usage)
    }
}

/// The page that `/who` is asked for.
fn parse_page(argument: &str) -> Kind {
    let page = if argument.is_empty() { Ok(1) } else { argument.parse() };
    match page {
        Ok(page) if page > 0 => Kind::Who { page },
        _ => Kind::Refused("/who takes the number of a page, as in: /who 2"),
    }
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
        assert_eq!(parsed("/who"), (Kind::Who { page: 1 }, ""));
        assert_eq!(parsed("/who 12 "), (Kind::Who { page: 12 }, ""));
        assert_eq!(parsed("/quit"), (Kind::Quit, ""));
        assert_eq!(parsed("/quit so long"), (Kind::Quit, "so long"));
        assert_eq!(parsed("/help me"), (Kind::Help, ""));
        assert_eq!(parsed("/edit ON "), (Kind::Edit(true), ""));
        assert_eq!(parsed("/colour off"), (Kind::Color(false), ""));
    }

    #[test]
    fn each_command_that_tab_completes_is_one() {
        assert!(COMMANDS.is_sorted());
        for command in COMMANDS {
            assert_ne!(parsed(command).0, Kind::Unknown, "{command}");
        }
    }

    #[test]
    fn misuse_is_explained() {
        for line in [
            "/who 0",
            "/who -1",
            "/who bob",
            "/who 99999999999",
            "/me",
            "/me  ",
            "/edit",
            "/edit maybe",
            "/color",
            "/color on off",
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

    proptest! {
        #[test]
        fn what_is_said_was_typed(line in "(/(nick|me|who|quit|help|/)?)?\\PC{0,20}") {
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
