//! One run of `chinwag load` before one server, and what came of it.

use super::workloads::Workload;
use crate::numbers::short;
use crate::server::{Kind, Server};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long `chinwag load` waits for a server that has stopped before it gives up, in seconds.
const STUCK: &str = "5";
/// How long a run may take in all.
const LIMIT: Duration = Duration::from_secs(45);
/// Between two looks whether it has ended.
const BEAT: Duration = Duration::from_millis(5);
/// How long a server that cuts nobody off is waited for to do so, in seconds.
const NO_CUTTING: &str = "0.1";
/// How many people ngircd takes at a time: its backlog is 10, and whoever finds it full waits for a second.
const NGIRCD_GROUP: &str = "8";
/// How many silent people are enough for it: it tells each of everybody who comes, which takes the square of them.
const NGIRCD_IDLE: &str = "1000";

/// What came of a run.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Everything was delivered, and nothing was wrong: what `chinwag load` says.
    Whole(Figures),
    /// Not so, in words.
    Failed(String),
}

/// The one object that `chinwag load --json` prints.
#[derive(Clone, Debug)]
pub struct Figures(String);

impl Figures {
    /// The number of this name.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.word(key)?.parse().ok()
    }

    fn word(&self, key: &str) -> Option<&str> {
        let name = format!("\"{key}\":");
        let start = self.0.find(&name)? + name.len();
        let rest = &self.0[start..];
        Some(&rest[..rest.find([',', '}'])?])
    }
}

/// Makes one run before a fresh server, and says how long it took.
pub fn make(workload: &Workload, kind: Kind, chinwag: &Path) -> io::Result<(Outcome, Duration)> {
    let began = Instant::now();
    let server = Server::start(kind, chinwag)?;
    let mut command = Command::new(chinwag);
    command
        .args(["load", "--json", "--timeout", STUCK])
        .args(["--server", &server.address, "--pid", &server.process_id().to_string()])
        .args(&workload.arguments);
    command.args(special(workload, kind));
    let outcome = match printed(&mut command)? {
        Some(text) => judge(Figures(text)),
        None => Outcome::Failed(format!("not done after {} s", LIMIT.as_secs())),
    };
    Ok((outcome, began.elapsed()))
}

/// What `chinwag load` is told about one server alone.
fn special(workload: &Workload, kind: Kind) -> Vec<&'static str> {
    let section = workload.section.name;
    let names_people = workload.arguments.iter().any(|word| word == "--clients");
    match (kind, section) {
        (Kind::Ngircd, "storm") => vec!["--irc"],
        (Kind::Ngircd, "idle") if !names_people => {
            vec!["--irc", "--group", NGIRCD_GROUP, "--clients", NGIRCD_IDLE]
        }
        (Kind::Ngircd, _) => vec!["--irc", "--group", NGIRCD_GROUP],
        (Kind::Chinwag, _) => Vec::new(),
        _ if section.starts_with("frozen") => vec!["--cutting", NO_CUTTING],
        _ => Vec::new(),
    }
}

/// What a program prints, unless it takes too long. It is too little to fill a pipe.
fn printed(command: &mut Command) -> io::Result<Option<String>> {
    let began = Instant::now();
    let output = (Stdio::piped(), Stdio::null());
    let mut child = command.stdin(Stdio::null()).stdout(output.0).stderr(output.1).spawn()?;
    while child.try_wait()?.is_none() {
        if began.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(BEAT);
    }
    let mut text = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut text)?;
    }
    Ok(Some(text))
}

/// Whether everything was right, and what was not.
fn judge(figures: Figures) -> Outcome {
    if figures.word("ok") == Some("true") {
        return Outcome::Whole(figures);
    }
    let of = |key: &str| Some((figures.number(key)?, figures.number(&format!("{key}_expected"))?));
    let keys = ["deliveries", "with_deliveries", "without_deliveries"];
    let arrived = keys.iter().find_map(|key| of(key).filter(|(came, expected)| came < expected));
    let share = arrived.map_or(String::new(), |(came, expected)| {
        format!(", {} % arrived", short(came / expected * 100.0))
    });
    let lost = figures.number("connections_lost").unwrap_or(0.0);
    Outcome::Failed(match (of("welcomed"), lost) {
        (Some((came, expected)), _) if came < expected => {
            format!("{} of {} welcomed", short(came), short(expected))
        }
        (_, lost) if lost > 0.0 => format!("{} cut off{share}", short(lost)),
        _ if arrived.is_some() => format!("stuck{share}"),
        _ if figures.0.is_empty() => "gave up".to_owned(),
        _ => "wrong deliveries".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        match judge(Figures(text.to_owned())) {
            Outcome::Whole(figures) => format!("{:?}", figures.number("p99_ratio")),
            Outcome::Failed(words) => words,
        }
    }

    #[test]
    fn what_went_wrong_is_told() {
        assert_eq!(words(r#"{"p99_ratio":1.25,"ok":true}"#), "Some(1.25)");
        assert_eq!(words(""), "gave up");
        let arrived =
            r#"{"deliveries":1,"deliveries_expected":1000,"connections_lost":0,"ok":false}"#;
        assert_eq!(words(arrived), "stuck, 0.10 % arrived");
        let cut =
            r#"{"with_deliveries":1,"with_deliveries_expected":2,"connections_lost":7,"ok":false}"#;
        assert_eq!(words(cut), "7 cut off, 50 % arrived");
        let welcomed =
            r#"{"welcomed":729,"welcomed_expected":9000,"connections_lost":0,"ok":false}"#;
        assert_eq!(words(welcomed), "729 of 9,000 welcomed");
        assert_eq!(words(r#"{"doubled":1,"ok":false}"#), "wrong deliveries");
    }
}
