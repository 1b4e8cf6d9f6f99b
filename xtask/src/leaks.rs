//! Starts and stops ten thousand runtimes with tasks in every state: the release build of `crates/whippet/tests/leaks.rs`,
//! which counts what they leak.

use std::path::Path;
use std::process::Command;

/// Runtimes, unless the arguments set another number.
const ROUNDS: u64 = 10_000;
/// How the command is used.
const USAGE: &str = "cargo xtask leaks [--rounds N]";

/// Runs the test. True: nothing leaked.
pub(crate) fn run(root: &Path, arguments: &[String]) -> bool {
    let Some(rounds) = rounds(arguments) else {
        eprintln!("{USAGE}");
        return false;
    };
    let ran = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["test", "--quiet", "--release", "--package", "whippet", "--test", "leaks"])
        .args(["--", "--nocapture"])
        .env("WHIPPET_LEAK_ROUNDS", rounds.to_string())
        .status();
    ran.is_ok_and(|status| status.success())
}

/// The number of rounds that the arguments set.
fn rounds(arguments: &[String]) -> Option<u64> {
    match arguments {
        [] => Some(ROUNDS),
        [option, number] if option == "--rounds" => number.replace('_', "").parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_parsed() {
        let parsed =
            |text: &str| rounds(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(parsed(""), Some(ROUNDS));
        assert_eq!(parsed("--rounds 20_000"), Some(20_000));
        assert_eq!(parsed("--rounds"), None);
        assert_eq!(parsed("twice"), None);
    }
}
