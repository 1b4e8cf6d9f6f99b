//! What shells complete: options, commands and values; names of files and folders only where one is meant.

use chinwag::cli;
use clap::{Arg, ArgAction, Command, ValueHint};
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
    let mut command = adapt(cli::command(), shell);
    let mut text = Vec::new();
    generate(shell, &mut command, "chinwag", &mut text);
    let text = String::from_utf8_lossy(&text);
    match shell {
        Shell::Bash => text.replace(FALLBACK, " chinwag"),
        Shell::Fish => text.replace(PARSED, PARSED_WITHOUT_LAST) + NO_FILES,
        _ => text.into_owned(),
    }
}

/// A command and those below it, as shells are to complete them.
fn adapt(command: Command, shell: Shell) -> Command {
    let command = command.mut_args(|argument| {
        let is_anything =
            argument.get_value_hint() == ValueHint::Unknown && argument.get_action().takes_values();
        let argument = if is_anything { argument.value_hint(ValueHint::Other) } else { argument };
        if shell == Shell::Zsh { argument } else { without_equals(argument) }
    });
    command.mut_subcommands(|command| adapt(command, shell))
}

/// An option whose value follows an equals sign, without it: bash and fish would offer it as a word of its own.
fn without_equals(argument: Arg) -> Arg {
    if !argument.is_require_equals_set() {
        return argument;
    }
    let flag = argument.require_equals(false).num_args(0).action(ArgAction::SetTrue);
    let flag = flag.value_parser(clap::value_parser!(bool)).value_hint(ValueHint::Unknown);
    // Both are told of flags with values alone.
    flag.hide_possible_values(false).hide_default_value(false)
}
