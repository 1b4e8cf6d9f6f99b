//! Writes the manual's pages and the completions of shells into a folder: `cargo xtask dist` runs it.
//!
//! Options and commands come from the command line itself, so they cannot say anything else.
#![forbid(unsafe_code)]

mod completions;
mod manual;

use std::io;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: manpages FOLDER");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("manpages: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes all of it.
fn write(folder: &Path) -> io::Result<()> {
    let texts = manual::pages()
        .into_iter()
        .map(|(name, text)| (folder.join("man").join(name), text))
        .chain(
            completions::all().map(|(name, text)| (folder.join("completions").join(name), text)),
        );
    for (path, text) in texts {
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(path, text)?;
    }
    Ok(())
}
