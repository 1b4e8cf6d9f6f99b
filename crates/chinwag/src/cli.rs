//! The command line: the commands, and a flag for each setting.

use crate::ops::admin::{OutputFormat, Request};
use crate::settings::sources::Environment;
use crate::settings::table::{PathKind, Visibility};
use crate::settings::value::Arity;
use crate::settings::{Setting, Settings, Sources, TABLE};
use clap::builder::{PossibleValue, TypedValueParser};
use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand,
    ValueHint, value_parser,
};
use std::ffi::OsStr;
use std::path::PathBuf;

/// A chat server for nc and telnet.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = MORE)]
pub(crate) struct Cli {
    /// What to do; serve, if nothing is said.
    #[command(subcommand)]
    action: Option<Action>,
    /// Settings of serve, which work without the word.
    #[command(flatten)]
    serve: ServeArgs,
}

/// Where the rest stands: this help fits one screen.
const MORE: &str = "`chinwag config` lists every setting; the manual, chinwag(1), has the rest.";

/// What the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Run the chat server; this is what happens without a command
    Serve(ServeArgs),
    /// Print the settings in effect, and where each comes from
    Config(ServeArgs),
    /// Ask something of a running server, through its --admin-socket
    Admin(AdminArgs),
    /// Put load on a line-based chat server and check every delivery
    Load(chinwag_load::Args),
}

/// The command line with all there is to say of each setting, also of those that `--help` has no room for: for manual pages
/// and completions.
pub fn command() -> Command {
    in_full(Cli::command())
}

/// A command and those below it, every flag shown and described in full.
fn in_full(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let setting = TABLE.iter().find(|setting| argument.get_id() == setting.key);
        let argument = argument.hide(false).hide_short_help(false);
        match setting {
            Some(setting) => argument.long_help(description(setting)),
            None => argument,
        }
    });
    command.mut_subcommands(in_full)
}

/// All there is to say of a setting.
fn description(setting: &Setting) -> String {
    let mut text = String::new();
    for sentence in setting.doc {
        text.push_str(sentence.trim().trim_end_matches('.'));
        text.push_str(". ");
    }
    text + "Default: " + &setting.show(&Settings::default())
}

impl Cli {
    /// What was asked for.
    pub(crate) fn action(self) -> Action {
        self.action.unwrap_or(Action::Serve(self.serve))
    }
}

/// What is asked of a running server, and where it is.
#[derive(Debug, Args)]
pub(crate) struct AdminArgs {
    /// The server's socket [default: that of the settings]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, global = true)]
    admin_socket: Option<String>,
    /// File of settings
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, global = true)]
    config: Option<PathBuf>,
    /// Answer with one line of JSON
    #[arg(long, global = true)]
    json: bool,
    /// What to do
    #[command(subcommand)]
    command: AdminCommand,
}

/// What can be asked of a running server.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Whether the server answers: exit code 0 or 1, for health checks
    Ping,
    /// List users
    Who,
    /// List rooms
    Rooms,
    /// Commands for one room
    #[command(subcommand)]
    Room(RoomCommand),
    /// Disconnect a user
    Kick {
        /// The nick of the user
        #[arg(value_parser = one_word)]
        nick: String,
        /// The reason, shown to the user and the others
        reason: Vec<String>,
    },
    /// Hide what a user writes from all others
    Mute {
        /// The nick of the user
        #[arg(value_parser = one_word)]
        nick: String,
        /// How long, as in 10m, 2h or 7d, if not until `unmute`
        time: Vec<String>,
    },
    /// Show again what a muted user writes
    Unmute {
        /// The nick of the user, now or when they were muted
        #[arg(value_parser = one_word)]
        nick: String,
    },
    /// List mutes
    Mutes,
    /// Ban a nick, an address or a range, and disconnect whom it matches: a time unless permanent, a reason
    Ban {
        /// A nick (with * and ? if you like), an address, or a range as in 203.0.113.0/24
        #[arg(value_parser = one_word)]
        whom: String,
        /// How long, as in 10m, 1h30m or 7d, and why; a reason that begins with a digit stands behind "for"
        #[arg(value_name = "TIME|REASON")]
        rest: Vec<String>,
    },
    /// Lift a ban
    Unban {
        /// The ban, as `bans` lists it
        #[arg(value_parser = one_word)]
        whom: String,
    },
    /// List bans
    Bans,
    /// Send a notice to all users
    Say {
        /// What
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// The metrics of --metrics
    Stats,
    /// The state of every task of the server
    Tasks,
    /// Reload the settings, as SIGHUP does
    Reload,
    /// Stop the server gracefully
    Shutdown,
}

/// What can be done to a room.
#[derive(Debug, Subcommand)]
pub(crate) enum RoomCommand {
    /// Remove all members and delete the room with its history
    Close {
        /// The name of the room, with or without its #, which a shell wants in quotes
        #[arg(value_parser = one_word)]
        name: String,
        /// The reason, shown to all members
        reason: Vec<String>,
    },
}

impl AdminArgs {
    /// Where the settings come from that name the socket, what is asked, and how the answer is to look.
    pub(crate) fn split(self) -> (Sources, Request, OutputFormat) {
        let flags = self.admin_socket.map(|socket| ("admin-socket", vec![socket]));
        let flags = Vec::from_iter(flags);
        let sources = ServeArgs { config: self.config, flags }.sources();
        let format = if self.json { OutputFormat::Json } else { OutputFormat::Text };
        (sources, self.command.request(), format)
    }
}

impl AdminCommand {
    /// What is asked of the server.
    fn request(self) -> Request {
        match self {
            Self::Ping => Request::Ping,
            Self::Who => Request::Who,
            Self::Rooms => Request::Rooms,
            Self::Room(RoomCommand::Close { name, reason }) => {
                let sign = if name.starts_with('#') { "" } else { "#" };
                Request::Close(one_line(&format!("{sign}{name}"), &reason))
            }
            Self::Kick { nick, reason } => Request::Kick(one_line(&nick, &reason)),
            Self::Mute { nick, time } => Request::Mute(one_line(&nick, &time)),
            Self::Unmute { nick } => Request::Unmute(one_line(&nick, &[])),
            Self::Mutes => Request::Mutes,
            Self::Ban { whom, rest } => Request::Ban(one_line(&whom, &rest)),
            Self::Unban { whom } => Request::Unban(one_line(&whom, &[])),
            Self::Bans => Request::Bans,
            Self::Say { text } => Request::Say(one_line("", &text)),
            Self::Stats => Request::Stats,
            Self::Tasks => Request::Tasks,
            Self::Reload => Request::Reload,
            Self::Shutdown => Request::Shutdown,
        }
    }
}

/// A name, behind which a request has other words: with a blank in it a part of it would be taken for those.
fn one_word(word: &str) -> Result<String, String> {
    if word.is_empty() || word.contains(char::is_whitespace) {
        return Err("it is one word, without blanks".to_owned());
    }
    Ok(word.to_owned())
}

/// Words on one line, which a request is.
fn one_line(first: &str, rest: &[String]) -> String {
    let words = format!("{first} {}", rest.join(" "));
    words.trim().replace(['\r', '\n'], " ")
}

/// Settings of the server, as far as flags give them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServeArgs {
    /// The file of settings.
    config: Option<PathBuf>,
    /// The flags that were given.
    flags: Vec<(&'static str, Vec<String>)>,
}

impl ServeArgs {
    /// These flags, this process's environment, and the file that they name.
    pub(crate) fn sources(self) -> Sources {
        let Self { config, flags } = self;
        Sources { config, flags, environment: Environment::from_process() }
    }
}

impl FromArgMatches for ServeArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut arguments = Self::default();
        arguments.update_from_arg_matches(matches)?;
        Ok(arguments)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.config = matches.get_one::<PathBuf>(CONFIG).cloned();
        for setting in TABLE {
            if let Some(values) = matches.get_many::<String>(setting.key) {
                self.flags.push((setting.key, values.cloned().collect()));
            }
        }
        Ok(())
    }
}

impl Args for ServeArgs {
    fn augment_args(command: Command) -> Command {
        command.arg(config_flag()).args(TABLE.iter().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The flag that names the file.
const CONFIG: &str = "config";

fn config_flag() -> Arg {
    let arg = Arg::new(CONFIG).long(CONFIG).value_name("FILE").value_hint(ValueHint::FilePath);
    arg.value_parser(value_parser!(PathBuf)).help("File of settings [env: CHINWAG_CONFIG]")
}

/// Takes a word for a setting, and tells shells which words there are. Others may be right, too.
#[derive(Clone, Debug)]
struct Word(&'static Setting);

impl TypedValueParser for Word {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let Self(setting) = *self;
        let check = move |word: &str| setting.check(word).map(|()| word.to_owned());
        TypedValueParser::parse_ref(&check, command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let words = match self.0.path_kind() {
            Some(_) => Vec::new(),
            None => self.0.suggestions(),
        };
        (!words.is_empty()).then(|| Box::new(words.into_iter().map(PossibleValue::new)) as _)
    }
}

/// The flag of a setting.
fn flag(setting: &'static Setting) -> Arg {
    let default = setting.show(&Settings::default()).replace(['"', '[', ']'], "");
    let help = match setting.arity {
        Arity::Flag => setting.summary().to_owned(),
        // The words say what none means, and nothing is what is there without the flag.
        _ if default == "none" || default.is_empty() => setting.summary().to_owned(),
        Arity::One | Arity::Many => format!("{} [default: {default}]", setting.summary()),
    };
    let arg = Arg::new(setting.key)
        .long(setting.key)
        .value_name(setting.placeholder)
        .value_parser(Word(setting))
        .value_hint(match setting.path_kind() {
            Some(PathKind::File) => ValueHint::FilePath,
            Some(PathKind::Folder) => ValueHint::DirPath,
            None => ValueHint::Other,
        })
        // Not all of them, where any text may be one.
        .hide_possible_values(true)
        .help(help)
        .hide_short_help(setting.visibility == Visibility::Manual)
        .hide(setting.visibility == Visibility::Manual);
    match setting.arity {
        Arity::One => arg.action(ArgAction::Set),
        Arity::Many => arg.action(ArgAction::Append),
        // `--no-limits` alone says yes; `--no-limits=false` takes back what a file says.
        Arity::Flag => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .hide_default_value(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::Config;
    use crate::settings::HostPort;

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["chinwag"], arguments].concat())
    }

    fn serve(arguments: &[&str]) -> Settings {
        let Action::Serve(serve) = parse(arguments).unwrap().action() else {
            panic!("serve was asked for")
        };
        let sources = Sources { flags: serve.flags, ..Sources::default() };
        sources.combine(None).unwrap().settings
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_what_happens_and_its_flags_need_no_word() {
        let at = |text: &str| HostPort::Address(text.parse().unwrap());
        let default = at("127.0.0.1:7070");
        assert_eq!(serve(&[]).listen, std::slice::from_ref(&default));
        assert_eq!(serve(&["serve"]).listen, [default]);
        for word in [&["serve"][..], &[]] {
            let flags = ["--listen", "127.0.0.1:0", "--listen", "[::1]:1", "--no-limits"];
            let serve = serve(&[word, &flags].concat());
            assert_eq!(serve.listen, [at("127.0.0.1:0"), at("[::1]:1")]);
            assert!(serve.no_limits);
        }
        assert!(!serve(&["--no-limits=false"]).no_limits);
    }

    #[test]
    fn usage_errors_are_found() {
        for wrong in [
            &["--listen", "7070"][..],
            &["--workers", "0"],
            &["--no-such-flag"],
            &["no-such-command"],
            &["--log", "chinwag=no-such-level"],
            &["--shutdown-timeout", "soon"],
            &["--no-limits=perhaps"],
            &["admin", "kick", "bob smith"],
            &["admin", "ban", ""],
            &["admin", "room", "close"],
        ] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn flags_of_admin_may_stand_before_and_behind_its_command() {
        for words in [
            &["admin", "--json", "--admin-socket", "/s", "kick", "bob", "too", "loud"][..],
            &["admin", "kick", "bob", "too", "loud", "--json", "--admin-socket", "/s"],
        ] {
            let Ok(Action::Admin(admin)) = parse(words).map(Cli::action) else {
                panic!("{words:?}")
            };
            let (sources, request, form) = admin.split();
            assert_eq!(sources.flags, [("admin-socket", vec!["/s".to_owned()])]);
            assert_eq!(
                (request, form),
                (Request::Kick("bob too loud".to_owned()), OutputFormat::Json)
            );
        }
        let Ok(Action::Admin(admin)) = parse(&["admin", "room", "close", "dev"]).map(Cli::action)
        else {
            panic!("a room without its sign")
        };
        assert_eq!(admin.split().1, Request::Close("#dev".to_owned()));
    }

    #[test]
    fn help_fits_one_screen() {
        let help = Cli::command().term_width(80).render_help().to_string();
        assert!(help.lines().count() <= 40, "{help}");
        // It says where the rest is.
        assert!(help.contains("`chinwag config`") && help.contains("chinwag(1)"), "{help}");
    }

    #[test]
    fn every_setting_has_its_flag() {
        for setting in TABLE {
            let word = setting.show(&Settings::default()).replace(['"', '[', ']'], "");
            let flag = format!("--{}={word}", setting.key);
            assert_eq!(serve(&[&flag]), Settings::default(), "{flag}");
        }
    }

    #[test]
    fn lifting_limits_leaves_the_number_of_connections() {
        let config =
            Config::from_settings(&serve(&["--no-limits", "--max-connections", "7"]), 1000);
        assert_eq!(
            (config.max_connections, config.max_per_address, config.rate_limit),
            (7, None, None)
        );
    }
}
