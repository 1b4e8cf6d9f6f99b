//! The manual: a page for each command, with what clap knows of it and, behind that, files, variables, signals and exit codes.

use chinwag::cli;
use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io::{self, Write};

/// A heading of rows: what each is about, and what is to be said of it.
type Section<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// What the pages say first that are more than a line.
const DESCRIPTIONS: [(&str, &[&str]); 3] = [
    (
        "chinwag",
        &[
            "A chat server that people join with nc(1) or telnet(1). Without a command it serves, as chinwag-serve(1) does.",
            "It listens on loopback unless told otherwise, because nobody is authenticated: opening it to the world is a decision. \
             `chinwag config` prints all settings, with what each is for and where it comes from: a flag is stronger than a variable, that \
             than the file of settings, that than the default. What people can type, /help tells them.",
        ],
    ),
    (
        "chinwag-config",
        &[
            "Prints every setting in effect, what it is for and where it comes from, as a file that can be read again. Nothing is started.",
            "With --config FILE it says whether FILE is right, by its exit code.",
        ],
    ),
    (
        "chinwag-admin",
        &[
            "Asks something of a running server through the Unix socket that its --admin-socket names. The same settings name it here: a flag, \
           CHINWAG_ADMIN_SOCKET or the file.",
        ],
    ),
];

const SETTINGS_FILES: [(&str, &str); 2] = [
    (
        "$XDG_CONFIG_HOME/chinwag/chinwag.toml, ~/.config/chinwag/chinwag.toml, /etc/chinwag/chinwag.toml",
        "The settings, in TOML. The first one that is there is read, unless --config or CHINWAG_CONFIG names another. \
         `chinwag config > chinwag.toml` writes one to begin with.",
    ),
    (
        "admin-socket",
        "The Unix socket for chinwag-admin(1), mode 0600: root and the user that the server runs as are heard.",
    ),
];

const SERVER_FILES: [(&str, &str); 3] = [
    (
        "oper-file",
        "The secret for /oper, 12 to 256 bytes in one line. It is root's or the server's own, and nobody else may write it.",
    ),
    (
        "state-dir/bans, state-dir/bans.new, state-dir/lock",
        "The bans, a line each; their next version while it is written; what keeps a second server out. \
         The folder is the server's own, and nobody else may write to it.",
    ),
    (
        "/run/secrets, $CREDENTIALS_DIRECTORY",
        "Where container engines and systemd put secrets. An oper-file in there may be anybody's.",
    ),
];

/// What is to be said of the variables that are settings.
const AS_FLAGS: &str = "Each as the flag of its name: CHINWAG_MAX_PER_ADDRESS=16 as --max-per-address 16. \
     Several addresses in CHINWAG_LISTEN stand with commas or blanks between them.";

const CONFIG_VARIABLES: [(&str, &str); 2] = [
    ("CHINWAG_CONFIG", "The file of settings, unless --config names one."),
    ("XDG_CONFIG_HOME, HOME", "Where the person's own file of settings is looked for."),
];

const SERVICE_VARIABLES: [(&str, &str); 4] = [
    (
        "LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES",
        "Listeners that systemd passes on; the addresses in listen are not used then. See sd_listen_fds(3).",
    ),
    (
        "NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID",
        "Where the service manager is told of start, reload and stop, and how often it wants a sign of life. See sd_notify(3).",
    ),
    ("CREDENTIALS_DIRECTORY", "The folder of secrets that systemd has made for the service."),
    ("RUST_BACKTRACE", "1: a fault of the program itself is logged with the calls that led to it."),
];

const SIGNALS: [(&str, &str); 3] = [
    (
        "SIGHUP",
        "The settings and the secret are read anew. A line of the log says what is in force now, what waits for the next start, or \
         why nothing was taken over. If the terminal in which the server was started is gone it is the graceful stop.",
    ),
    (
        "SIGINT, SIGTERM",
        "The graceful stop: every line that was read is delivered, and everybody is told. It takes as long as shutdown-timeout says, at most.",
    ),
    ("the second of these", "The end at once, whatever hangs."),
];

const SERVER_CODES: [(&str, &str); 5] = [
    ("0", "A graceful stop."),
    (
        "1",
        "It cannot serve: a port that is taken, a file that cannot be read or is not right, a listener that broke. \
         A sentence on stderr says what.",
    ),
    ("2", "Flags or variables that make no sense."),
    ("101", "A fault of the program itself."),
    ("130, 143", "The second signal: SIGINT, SIGTERM."),
];

const CONFIG_CODES: [(&str, &str); 3] = [
    ("0", "The settings are right, and were printed."),
    (
        "1",
        "The file is not right or cannot be read, and each mistake is told with line, column and a hint; or the settings could not be printed.",
    ),
    ("2", "Flags or variables that make no sense."),
];

const ADMIN_CODES: [(&str, &str); 3] = [
    ("0", "The server has done it."),
    (
        "1",
        "There is no server at the socket, it has refused, the settings are not right, or the answer could not be printed. \
         A sentence on stderr says which.",
    ),
    ("2", "No such command, or not with these words."),
];

const LOAD_CODES: [(&str, &str); 3] = [
    ("0", "Every delivery was right."),
    ("1", "A delivery is missing, doubled or out of order, or the run could not be made."),
    ("2", "Numbers that do not fit together, or flags that make no sense."),
];

const LOAD_SIGNALS: [(&str, &str); 1] = [(
    "SIGINT, SIGTERM",
    "The run ends, and so does the server that it has started; the exit code is 1.",
)];

/// The name of each page, and its text.
pub(crate) fn pages() -> Vec<(String, String)> {
    let mut command = without_help(cli::command());
    command.build();
    let mut pages = Vec::new();
    add(&command, &mut pages);
    pages
}

/// A command and those below it, without help as a command.
fn without_help(command: Command) -> Command {
    let command = command.disable_help_subcommand(true);
    let command = command.subcommand_value_name("COMMAND").subcommand_help_heading("COMMANDS");
    command.mut_subcommands(without_help)
}

/// The variables of the settings: those of the flags of `chinwag config`, but for the file and what every command has.
fn variables() -> String {
    let command = cli::command();
    let config = command.find_subcommand("config").into_iter();
    let keys = config.flat_map(Command::get_arguments).filter_map(Arg::get_long);
    let keys = keys.filter(|key| !["config", "help", "version"].contains(key));
    let names = keys.map(|key| format!("CHINWAG_{}", key.to_ascii_uppercase().replace('-', "_")));
    names.collect::<Vec<_>>().join(", ")
}

/// Adds the page of a command, and those of the commands below it.
fn add(command: &Command, pages: &mut Vec<(String, String)>) {
    let man = Man::new(command.clone());
    let text = render(&man, command).unwrap_or_default();
    pages.push((man.get_filename(), text));
    command.get_subcommands().for_each(|below| add(below, pages));
}

fn render(man: &Man, command: &Command) -> io::Result<String> {
    let mut page = Vec::new();
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    // Without a date, so that the same sources make the same page.
    let version = env!("CARGO_PKG_VERSION");
    writeln!(page, ".TH \"{name}\" \"1\" \"\" \"chinwag {version}\" \"chinwag\"")?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    match DESCRIPTIONS.iter().find(|(described, _)| *described == name) {
        Some((_, words)) => description(words).to_writer(&mut page)?,
        None => man.render_description_section(&mut page)?,
    }
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    for part in sections(name) {
        part.to_writer(&mut page)?;
    }
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// What clap does not know of a command.
fn sections(name: &str) -> Vec<Roff> {
    let variables = [(variables(), AS_FLAGS)];
    let variables: Vec<_> =
        variables.iter().map(|(names, words)| (names.as_str(), *words)).collect();
    let server_files = [&SETTINGS_FILES[..], &SERVER_FILES].concat();
    let server_variables = [&variables[..], &CONFIG_VARIABLES, &SERVICE_VARIABLES].concat();
    let config_variables = [&variables[..], &CONFIG_VARIABLES].concat();
    let admin_variables =
        [&[("CHINWAG_ADMIN_SOCKET", "As --admin-socket.")], &CONFIG_VARIABLES[..]].concat();
    let all: &[Section<'_>] = match name {
        "chinwag" | "chinwag-serve" => &[
            ("FILES", &server_files),
            ("ENVIRONMENT", &server_variables),
            ("SIGNALS", &SIGNALS),
            ("EXIT STATUS", &SERVER_CODES),
        ],
        "chinwag-config" => &[
            ("FILES", &SETTINGS_FILES[..1]),
            ("ENVIRONMENT", &config_variables),
            ("EXIT STATUS", &CONFIG_CODES),
        ],
        "chinwag-load" => &[("SIGNALS", &LOAD_SIGNALS), ("EXIT STATUS", &LOAD_CODES)],
        _ => &[
            ("FILES", &SETTINGS_FILES),
            ("ENVIRONMENT", &admin_variables),
            ("EXIT STATUS", &ADMIN_CODES),
        ],
    };
    let sections = all.iter().map(|&(heading, rows)| section(heading, rows));
    sections.chain([see_also(name)]).collect()
}

/// What a command is for.
fn description(paragraphs: &[&str]) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["DESCRIPTION"]);
    for (number, paragraph) in paragraphs.iter().enumerate() {
        if number > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(*paragraph)]);
    }
    roff
}

/// A heading and its rows.
fn section(heading: &str, rows: &[(&str, &str)]) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for &(about, words) in rows {
        roff.control("TP", []);
        roff.text([bold(about)]);
        roff.text([roman(words)]);
    }
    roff
}

/// The pages beside it.
fn see_also(name: &str) -> Roff {
    let beside = ["chinwag", "chinwag-serve", "chinwag-config", "chinwag-admin", "chinwag-load"];
    let others: Vec<_> = beside.into_iter().filter(|&other| other != name).collect();
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    let pages = others.iter().map(|other| format!("{other}(1)"));
    roff.text([roman(
        pages.chain(["nc(1)".to_owned(), "telnet(1)".to_owned()]).collect::<Vec<_>>().join(", "),
    )]);
    roff
}
