//! The command line of `bench chat`.

use crate::server::ServerKind;
use std::io;

/// Rounds unless `--rounds` says otherwise.
const ROUNDS: usize = 3;

/// How it is called.
pub const USAGE: &str = "bench chat [--workload NAME]... [--peer NAME]... [--rounds N] [--quick]";

/// What is asked for.
#[derive(Debug)]
pub struct Options {
    /// The workloads; all of them when there is none.
    workloads: Vec<String>,
    /// The servers; all of them when there is none.
    peers: Vec<ServerKind>,
    /// How often each server is measured.
    pub rounds: usize,
    /// Whether everything is made small: enough to see that it works, and no more.
    pub is_quick: bool,
}

impl Options {
    /// Reads the command line, where `known` are the workloads that there are.
    pub fn parse(arguments: &[String], known: &[&str]) -> io::Result<Self> {
        let mut options =
            Self { workloads: Vec::new(), peers: Vec::new(), rounds: 0, is_quick: false };
        let mut rest = arguments.iter();
        while let Some(flag) = rest.next() {
            if flag == "--quick" {
                options.is_quick = true;
                continue;
            }
            let value = rest.next().ok_or_else(|| invalid(&format!("{flag} needs a value")))?;
            match flag.as_str() {
                "--workload" => options.workloads.push(one_of(value, known)?.to_owned()),
                "--peer" => {
                    let values = ServerKind::ALL.map(ServerKind::flag_value);
                    let wanted = one_of(value, &values)?;
                    options.peers.extend(
                        ServerKind::ALL.into_iter().filter(|kind| kind.flag_value() == wanted),
                    );
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
        self.workloads.is_empty() || self.workloads.iter().any(|one| one == name)
    }

    /// Whether a server is asked for.
    pub fn has_peer(&self, kind: ServerKind) -> bool {
        self.peers.is_empty() || self.peers.contains(&kind)
    }

    /// Whether everything is measured, in full.
    pub fn is_whole(&self) -> bool {
        !self.is_quick && self.workloads.is_empty() && self.peers.is_empty()
    }
}

fn one_of<'a>(value: &str, known: &[&'a str]) -> io::Result<&'a str> {
    let found = known.iter().find(|one| **one == value);
    found.copied().ok_or_else(|| invalid(&format!("{value:?} is none of {}", known.join(", "))))
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{why}\nusage: {USAGE}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> io::Result<Options> {
        let rest: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&rest, &["burst", "flood"])
    }

    #[test]
    fn options_are_read() -> io::Result<()> {
        assert!(parse("")?.is_whole());
        let some = parse("--workload flood --peer ngircd --rounds 7")?;
        assert!(some.has_workload("flood") && !some.has_workload("burst"));
        assert!(some.has_peer(ServerKind::Ngircd) && !some.has_peer(ServerKind::Chinwag));
        assert!(some.rounds == 7 && !some.is_whole());
        assert_eq!(parse("--quick")?.rounds, 1);
        for bad in ["--workload bust", "--peer tokio", "--rounds", "--rounds x", "--fast 1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        Ok(())
    }
}
