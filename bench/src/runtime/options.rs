//! The command line of `bench runtime`.

use std::io;

/// Rounds unless `--rounds` says otherwise.
const ROUNDS: usize = 9;

/// How it is called.
pub const USAGE: &str = "bench runtime [--workload NAME]... [--rounds N] [--quick]";

/// What is asked for.
#[derive(Debug, Default)]
pub struct Options {
    /// Beginnings of names of workloads; all of them when there is none.
    workloads: Vec<String>,
    /// How often each runtime is measured.
    pub rounds: usize,
    /// Whether everything is made small: numbers to see that it works, and no more.
    pub is_quick: bool,
}

impl Options {
    /// Reads the command line, where `known` are the workloads that there are.
    pub fn parse(arguments: &[String], known: &[&str]) -> io::Result<Self> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(flag) = rest.next() {
            if flag == "--quick" {
                options.is_quick = true;
                continue;
            }
            let value = rest.next().ok_or_else(|| invalid(&format!("{flag} needs a value")))?;
            match flag.as_str() {
                "--workload" if known.iter().any(|name| name.starts_with(value)) => {
                    options.workloads.push(value.clone());
                }
                "--workload" => {
                    let message = format!("{value:?} begins none of {}", known.join(", "));
                    return Err(invalid(&message));
                }
                "--rounds" => {
                    options.rounds =
                        value.parse().map_err(|_| invalid(&format!("{value} is no number")))?;
                }
                _ => return Err(invalid(&format!("there is no {flag}"))),
            }
        }
        if options.rounds == 0 {
            options.rounds = if options.is_quick { 1 } else { ROUNDS };
        }
        Ok(options)
    }

    /// Whether a workload is asked for.
    pub fn has_workload(&self, name: &str) -> bool {
        self.workloads.is_empty() || self.workloads.iter().any(|one| name.starts_with(one))
    }

    /// Whether everything is measured, in full.
    pub fn is_whole(&self) -> bool {
        !self.is_quick && self.workloads.is_empty()
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{why}\nusage: {USAGE}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> io::Result<Options> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words, &["mpsc_one", "mpsc_two", "echo"])
    }

    #[test]
    fn options_are_read() -> io::Result<()> {
        assert!(parse("")?.is_whole());
        let some = parse("--workload mpsc --rounds 7")?;
        assert!(some.has_workload("mpsc_two") && !some.has_workload("echo"));
        assert!(some.rounds == 7 && !some.is_whole());
        assert_eq!(parse("--quick")?.rounds, 1);
        for bad in ["--workload x", "--rounds", "--rounds x", "--fast 1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        Ok(())
    }
}
