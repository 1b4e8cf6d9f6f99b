//! What shells complete: options, commands and values; names of files and folders only where one is meant.

use chinwag::cli::Cli;
use chinwag::settings::TABLE;
use clap::{Arg, ArgAction, Command, CommandFactory, ValueHint};
use clap_complete::{Shell, generate};

/// How bash is told to fall back on names of files where nothing else fits.
const FALLBACK: &str = " -o bashdefault -o default chinwag";

/// How fish's script takes a line apart, and gives up where its last option has no value yet: just where one is wanted.
const PARSED: &str = "-- $cmd 2>/dev/null
    or return";
/// The same, and then without that option.
const PARSED_WITHOUT_LAST: &str = "-- $cmd 2>/dev/null
    or begin
        set -e cmd[-1]
        argparse -s (__fish_chinwag_global_optspecs) -- $cmd 2>/dev/null
    end
    or return";
/// How fish is told not to fall back on files.
const NO_FILES: &str = "complete -c chinwag -f\n";

/// The name of each file, and what is in it.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, String)> {
    let files =
        [(Shell::Bash, "chinwag.bash"), (Shell::Zsh, "_chinwag"), (Shell::Fish, "chinwag.fish")];
    files.into_iter().map(|(shell, name)| (name, of(shell)))
}

/// What one shell is given.
fn of(shell: Shell) -> String {
    let mut command = whole(Cli::command(), shell);
    let mut text = Vec::new();
    generate(shell, &mut command, "chinwag", &mut text);
    let text = String::from_utf8_lossy(&text);
    match shell {
        Shell::Bash => text.replace(FALLBACK, " chinwag"),
        Shell::Fish => text.replace(PARSED, PARSED_WITHOUT_LAST) + NO_FILES,
        _ => text.into_owned(),
    }
}

/// The command with every setting told, also those that its help has no room for.
fn whole(command: Command, shell: Shell) -> Command {
    let command = command.mut_args(|argument| {
        let is_anything =
            argument.get_value_hint() == ValueHint::Unknown && argument.get_action().takes_values();
        let argument = argument.hide(false).hide_short_help(false);
        let argument = if is_anything { argument.value_hint(ValueHint::Other) } else { argument };
        if shell == Shell::Zsh { argument } else { without_equals(argument) }
    });
    command.mut_subcommands(|command| whole(command, shell))
}

/// An option whose value stands behind an equals sign, without it: bash and fish would offer it as a word of its own.
fn without_equals(argument: Arg) -> Arg {
    let setting = TABLE.iter().find(|setting| argument.get_id() == setting.key);
    match setting {
        Some(setting) if argument.is_require_equals_set() => Arg::new(setting.key)
            .long(setting.key)
            .help(setting.summary())
            .action(ArgAction::SetTrue),
        _ => argument,
    }
}
