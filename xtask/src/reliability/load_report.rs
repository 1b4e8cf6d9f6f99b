//! The flat JSON object that `chinwag load --json` prints.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// The numbers of one run of the load generator.
#[derive(Debug)]
pub(super) struct LoadReport(String);

impl LoadReport {
    /// Runs the load generator of the release program, which starts a server of its own.
    ///
    /// # Errors
    /// The run could not be made. A wrong delivery is no error: see [`is_ok`](Self::is_ok).
    pub(super) fn run(program: &Path, arguments: &[&str]) -> io::Result<Self> {
        let output = Command::new(program)
            .args(["load", "--json"])
            .args(arguments)
            .stderr(Stdio::inherit())
            .output()?;
        let report = Self(String::from_utf8_lossy(&output.stdout).into_owned());
        match report.text("ok") {
            Some(_) => Ok(report),
            None => {
                Err(io::Error::other(format!("the load generator ended with {}", output.status)))
            }
        }
    }

    /// Whether all deliveries were right.
    pub(super) fn is_ok(&self) -> bool {
        self.text("ok") == Some("true")
    }

    /// The number of this name.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn number(&self, name: &str) -> io::Result<f64> {
        let number = self.text(name).and_then(|text| text.parse().ok());
        number.ok_or_else(|| io::Error::other(format!("no number {name} in {}", self.0)))
    }

    /// The text after a name, up to the next comma or the end.
    fn text(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.0.split_once(&format!("\"{name}\":"))?;
        Some(rest.split([',', '}', '\n']).next()?.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_whole_names() {
        let report = LoadReport("{\"p99_ns\": 5, \"wall_ns\":12.5,\n\"ok\": true}\n".to_owned());
        assert_eq!(report.number("p99_ns").unwrap(), 5.0);
        assert_eq!(report.number("wall_ns").unwrap(), 12.5);
        assert!(report.number("ns").is_err() && report.is_ok());
        assert!(!LoadReport("{\"ok\":false}".to_owned()).is_ok());
    }
}
