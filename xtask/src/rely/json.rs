//! The flat JSON object that `chinwag load --json` prints.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// The figures of one run of the load generator.
#[derive(Debug)]
pub(super) struct Figures(String);

impl Figures {
    /// Runs the load generator of the release program, before a server of its own.
    ///
    /// # Errors
    /// It could not make the run; that a delivery was wrong is in the figure `ok`.
    pub(super) fn of_load(program: &Path, arguments: &[&str]) -> io::Result<Self> {
        let output = Command::new(program)
            .args(["load", "--json"])
            .args(arguments)
            .stderr(Stdio::inherit())
            .output()?;
        let figures = Self(String::from_utf8_lossy(&output.stdout).into_owned());
        match figures.text("ok") {
            Some(_) => Ok(figures),
            None => {
                Err(io::Error::other(format!("the load generator ended with {}", output.status)))
            }
        }
    }

    /// Whether all was right.
    pub(super) fn is_ok(&self) -> bool {
        self.text("ok") == Some("true")
    }

    /// A number, by its name.
    ///
    /// # Errors
    /// There is none of this name.
    pub(super) fn number(&self, name: &str) -> io::Result<f64> {
        let number = self.text(name).and_then(|text| text.parse().ok());
        number.ok_or_else(|| io::Error::other(format!("no figure {name} in {}", self.0)))
    }

    /// What stands behind a name, up to the next comma or the end.
    fn text(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.0.split_once(&format!("\"{name}\":"))?;
        Some(rest.split([',', '}', '\n']).next()?.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_by_their_whole_names() {
        let figures = Figures("{\"p99_ns\": 5, \"wall_ns\":12.5,\n\"ok\": true}\n".to_owned());
        assert_eq!(figures.number("p99_ns").unwrap(), 5.0);
        assert_eq!(figures.number("wall_ns").unwrap(), 12.5);
        assert!(figures.number("ns").is_err() && figures.is_ok());
        assert!(!Figures("{\"ok\":false}".to_owned()).is_ok());
    }
}
