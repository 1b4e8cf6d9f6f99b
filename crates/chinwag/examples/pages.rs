//! Writes the manual's pages and the completions of shells into a folder: `cargo xtask dist` runs it.
//!
//! They come from the command line itself, so they cannot say anything else.
#![forbid(unsafe_code)]

use chinwag::cli::Cli;
use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate_to};
use std::io;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: pages FOLDER");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pages: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes all of it.
fn write(folder: &Path) -> io::Result<()> {
    let (manual, completions) = (folder.join("man"), folder.join("completions"));
    std::fs::create_dir_all(&manual)?;
    std::fs::create_dir_all(&completions)?;
    clap_mangen::generate_to(whole(Cli::command()), &manual)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut whole(Cli::command()), "chinwag", &completions)?;
    }
    Ok(())
}

/// The command with every setting told: `--help` fits one screen, a manual need not.
fn whole(command: Command) -> Command {
    let command = command.mut_args(|argument| argument.hide(false).hide_short_help(false));
    command.mut_subcommands(whole)
}
