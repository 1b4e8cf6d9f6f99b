//! The machine that a table was measured on.

use std::fmt::Write as _;
use std::io;
use std::process::Command;

/// The head of a report: commit, machine, command, date.
pub fn header(name: &str, arguments: &[String]) -> io::Result<String> {
    let mut text = format!("# {name}\n\n");
    let commit =
        output_of(Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=10"]))?;
    let date = output_of(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]))?;
    let kernel = output_of(Command::new("uname").arg("-sr"))?;
    let cpus = std::thread::available_parallelism()?;
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        model.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let _ = writeln!(text, "- commit {commit}, {date}");
    let _ = writeln!(text, "- {cpus} × {}, {kernel}", model.trim_start_matches([' ', '\t', ':']));
    let _ = writeln!(
        text,
        "- `cargo run --release -- {name}{}` in `bench/`",
        arguments.iter().map(|word| format!(" {word}")).collect::<String>()
    );
    Ok(text)
}

fn output_of(command: &mut Command) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&command.output()?.stdout).trim().to_owned())
}
