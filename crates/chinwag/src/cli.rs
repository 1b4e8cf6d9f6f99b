//! The command line.

use crate::config::Config;
use crate::descriptors;
use crate::limits::GRACE;
use clap::{Args, Parser, Subcommand};
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Where a server listens that was told nothing: on loopback, for nobody is authenticated, and opening it to the
/// world is a decision.
const DEFAULT_LISTEN: &str = "127.0.0.1:7070";

/// A chat server for nc and telnet.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; serve, if nothing is said.
    #[command(subcommand)]
    action: Option<Action>,
    /// Settings of serve, which work without the word.
    #[command(flatten)]
    serve: ServeArgs,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Run the chat server; this is what happens without a command
    Serve(ServeArgs),
    /// Put load on a line-based chat server and check every delivery
    Load(crate::load::Args),
}

impl Cli {
    /// What was asked for.
    pub fn action(self) -> Action {
        self.action.unwrap_or(Action::Serve(self.serve))
    }
}

/// Settings of the server.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// Address to listen on, may be given several times; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = DEFAULT_LISTEN, value_parser = address)]
    pub listen: Vec<SocketAddr>,
    /// Threads to run on [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub workers: Option<NonZeroUsize>,
    /// Connections in all [default: what the limit of descriptors allows]
    #[arg(long, value_name = "N")]
    pub connections: Option<usize>,
    /// Connections of one address [default: 16; loopback is free]
    #[arg(long, value_name = "N")]
    pub per_address: Option<usize>,
    /// Lift the limits on speech and on connections of one address
    #[arg(long)]
    pub no_limits: bool,
    /// Seconds that a graceful stop may take
    #[arg(long, value_name = "SECONDS", default_value_t = GRACE.as_secs())]
    pub grace: u64,
    /// What to log to stderr: error, warn, info, debug, trace, or a filter by module
    #[arg(long, value_name = "FILTER", default_value = "warn", env = "CHINWAG_LOG", value_parser = filter)]
    pub log: String,
}

impl ServeArgs {
    /// The settings of the server itself. Raises this process's limit of descriptors.
    pub fn config(&self) -> Config {
        let possible = descriptors::connections();
        let mut config = Config {
            connections: self.connections.unwrap_or(possible),
            grace: Duration::from_secs(self.grace),
            ..Config::default()
        };
        if self.per_address.is_some() {
            config.per_address = self.per_address;
        }
        if self.no_limits { config.without_limits() } else { config }
    }
}

/// An address as typed, a name of this machine's among them.
fn address(text: &str) -> Result<SocketAddr, String> {
    let mut addresses = text.to_socket_addrs().map_err(|_| {
        String::from("this is no address with a port, as in 127.0.0.1:7070 or [::1]:7070")
    })?;
    addresses.next().ok_or_else(|| String::from("this name has no address"))
}

/// A filter of the log, checked.
fn filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["chinwag"], arguments].concat())
    }

    fn serve(arguments: &[&str]) -> ServeArgs {
        match parse(arguments).unwrap().action() {
            Action::Serve(serve) => serve,
            Action::Load(_) => panic!("load was not asked for"),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_what_happens_and_its_flags_need_no_word() {
        let default = "127.0.0.1:7070".parse().unwrap();
        assert_eq!(serve(&[]).listen, [default]);
        assert_eq!(serve(&["serve"]).listen, [default]);
        for word in [&["serve"][..], &[]] {
            let flags = ["--listen", "127.0.0.1:0", "--listen", "[::1]:1", "--no-limits"];
            let serve = serve(&[word, &flags].concat());
            assert_eq!(serve.listen, ["127.0.0.1:0".parse().unwrap(), "[::1]:1".parse().unwrap()]);
            assert!(serve.no_limits);
        }
    }

    #[test]
    fn usage_errors_are_found() {
        for wrong in [
            &["--listen", "7070"][..],
            &["--workers", "0"],
            &["--no-such-flag"],
            &["no-such-command"],
            &["--log", "chinwag=no-such-level"],
        ] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn help_fits_one_screen() {
        let help = Cli::command().term_width(80).render_help().to_string();
        assert!(help.lines().count() <= 40, "{help}");
    }

    #[test]
    fn lifting_limits_leaves_the_number_of_connections() {
        let config = serve(&["--no-limits", "--connections", "7"]).config();
        assert_eq!((config.connections, config.per_address, config.speech), (7, None, None));
    }
}
