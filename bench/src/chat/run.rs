//! One run of `chinwag load` on one server, and its outcome.

use super::workloads::Workload;
use crate::numbers::short;
use crate::server::{Server, ServerKind};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long `chinwag load` waits for a server that has stopped before it gives up, in seconds.
const STUCK_TIMEOUT: &str = "5";
/// How long a run may take in all.
const RUN_TIMEOUT: Duration = Duration::from_secs(45);
/// Between two checks whether it has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// How long a server that never disconnects slow readers is waited for to do so, in seconds.
const NO_DISCONNECTS: &str = "0.1";
/// How many clients ngircd takes at a time: its backlog is 10, and a client that finds it full waits for a second.
const NGIRCD_GROUP: &str = "8";
/// How many silent clients are enough for it: it announces each to all others, which takes the square of them.
const NGIRCD_IDLE: &str = "1000";

/// The outcome of a run.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Everything was delivered, and nothing was wrong: what `chinwag load` reports.
    Complete(LoadResults),
    /// Not so, as text.
    Failed(String),
}

/// The one object that `chinwag load --json` prints.
#[derive(Clone, Debug)]
pub struct LoadResults(String);

impl LoadResults {
    /// The number of this name.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.field(key)?.parse().ok()
    }

    fn field(&self, key: &str) -> Option<&str> {
        let name = format!("\"{key}\":");
        let start = self.0.find(&name)? + name.len();
        let rest = &self.0[start..];
        Some(&rest[..rest.find([',', '}'])?])
    }
}

/// Makes one run on a fresh server, and returns how long it took.
pub fn run(
    workload: &Workload,
    kind: ServerKind,
    chinwag: &Path,
) -> io::Result<(Outcome, Duration)> {
    let began = Instant::now();
    let server = Server::start(kind, chinwag)?;
    let mut command = Command::new(chinwag);
    command
        .args(["load", "--json", "--timeout", STUCK_TIMEOUT])
        .args(["--server", &server.address, "--pid", &server.process_id().to_string()])
        .args(&workload.arguments);
    command.args(extra_arguments(workload, kind));
    let outcome = match run_to_end(&mut command)? {
        Some(text) => outcome_of(LoadResults(text)),
        None => Outcome::Failed(format!("not done after {} s", RUN_TIMEOUT.as_secs())),
    };
    Ok((outcome, began.elapsed()))
}

/// The arguments of `chinwag load` for one server alone.
fn extra_arguments(workload: &Workload, kind: ServerKind) -> Vec<&'static str> {
    let section = workload.section.name;
    let has_clients = workload.arguments.iter().any(|word| word == "--clients");
    match (kind, section) {
        (ServerKind::Ngircd, "connect-storm") => vec!["--irc"],
        (ServerKind::Ngircd, "idle") if !has_clients => {
            vec!["--irc", "--group", NGIRCD_GROUP, "--clients", NGIRCD_IDLE]
        }
        (ServerKind::Ngircd, _) => vec!["--irc", "--group", NGIRCD_GROUP],
        (ServerKind::Chinwag, _) => Vec::new(),
        _ if section.starts_with("slow-readers") => vec!["--cutting", NO_DISCONNECTS],
        _ => Vec::new(),
    }
}

/// What a program prints, unless it takes too long. It is too little to fill a pipe.
fn run_to_end(command: &mut Command) -> io::Result<Option<String>> {
    let began = Instant::now();
    let output = (Stdio::piped(), Stdio::null());
    let mut child = command.stdin(Stdio::null()).stdout(output.0).stderr(output.1).spawn()?;
    while child.try_wait()?.is_none() {
        if began.elapsed() > RUN_TIMEOUT {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(POLL_INTERVAL);
    }
    let mut text = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut text)?;
    }
    Ok(Some(text))
}

/// Whether everything was right, and what was not.
fn outcome_of(metrics: LoadResults) -> Outcome {
    if metrics.field("ok") == Some("true") {
        return Outcome::Complete(metrics);
    }
    let of = |key: &str| Some((metrics.number(key)?, metrics.number(&format!("{key}_expected"))?));
    let keys = ["deliveries", "with_deliveries", "without_deliveries"];
    let arrived = keys.iter().find_map(|key| of(key).filter(|(came, expected)| came < expected));
    let share = arrived.map_or(String::new(), |(came, expected)| {
        format!(", {} % arrived", short(came / expected * 100.0))
    });
    let lost = metrics.number("connections_lost").unwrap_or(0.0);
    Outcome::Failed(match (of("welcomed"), lost) {
        (Some((came, expected)), _) if came < expected => {
            format!("{} of {} welcomed", short(came), short(expected))
        }
        (_, lost) if lost > 0.0 => format!("{} disconnected{share}", short(lost)),
        _ if arrived.is_some() => format!("stuck{share}"),
        _ if metrics.0.is_empty() => "gave up".to_owned(),
        _ => "wrong deliveries".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(text: &str) -> String {
        match outcome_of(LoadResults(text.to_owned())) {
            Outcome::Complete(metrics) => format!("{:?}", metrics.number("p99_ratio")),
            Outcome::Failed(message) => message,
        }
    }

    #[test]
    fn what_went_wrong_is_described() {
        assert_eq!(described(r#"{"p99_ratio":1.25,"ok":true}"#), "Some(1.25)");
        assert_eq!(described(""), "gave up");
        let arrived =
            r#"{"deliveries":1,"deliveries_expected":1000,"connections_lost":0,"ok":false}"#;
        assert_eq!(described(arrived), "stuck, 0.10 % arrived");
        let lost =
            r#"{"with_deliveries":1,"with_deliveries_expected":2,"connections_lost":7,"ok":false}"#;
        assert_eq!(described(lost), "7 disconnected, 50 % arrived");
        let welcomed =
            r#"{"welcomed":729,"welcomed_expected":9000,"connections_lost":0,"ok":false}"#;
        assert_eq!(described(welcomed), "729 of 9,000 welcomed");
        assert_eq!(described(r#"{"doubled":1,"ok":false}"#), "wrong deliveries");
    }
}
