//! The host names that are accepted for metrics and health.
//!
//! A web page can have its own name lead to another address after it was loaded (DNS rebinding), and then its script reads what is
//! there as if it were the page's. What gives it away is the name, which the browser sends along. So these names are served:
//! an address in numbers, which no name leads to; what the settings name; and, where the listener is not on loopback, a name
//! without a dot, by which one container asks another. Such a name is nobody's on the internet, and whoever can make one up in
//! our network can ask us without a browser's help. On loopback they could not, so there it is foreign.
//!
//! Pure: nothing is looked up.

use crate::settings::{HostPattern, HostPort, Settings};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The names that are served.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllowedHosts {
    /// Those of the settings.
    names: Vec<HostPattern>,
    /// Whether a name without a dot is.
    are_neighbours_served: bool,
}

/// The host of a request is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl AllowedHosts {
    /// Those of the settings, for a listener at this address.
    pub(crate) fn new(settings: &Settings, listener: IpAddr) -> Self {
        let mut names = settings.metrics_hosts.clone();
        if let Some(HostPort::Name(name, _)) = &settings.metrics {
            names.push(HostPattern::Name(name.clone()));
        }
        Self { names, are_neighbours_served: !listener.is_loopback() }
    }

    /// Whether this is served: a name or an address, with a port or without. An empty one is nobody's.
    ///
    /// # Errors
    /// It is neither.
    pub(super) fn serve(&self, authority: &str) -> Result<bool, Malformed> {
        let host = without_port(authority)?;
        if host.is_empty() || is_address(host) {
            return Ok(true);
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !host.chars().all(fits) {
            return Err(Malformed);
        }
        let has_dot = host.strip_suffix('.').unwrap_or(host).contains('.');
        let is_named = || self.names.iter().any(|name| name.matches(host));
        Ok((self.are_neighbours_served && !has_dot) || is_named())
    }
}

/// What stands before the port, if there is one.
fn without_port(authority: &str) -> Result<&str, Malformed> {
    let in_brackets = authority.starts_with('[');
    let end = if in_brackets { authority.find(']').ok_or(Malformed)? + 1 } else { 0 };
    match authority[end..].split_once(':') {
        None if in_brackets && end < authority.len() => Err(Malformed),
        None => Ok(authority),
        Some((rest, port)) => {
            let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
            let is_whole = is_port && (!in_brackets || rest.is_empty());
            is_whole.then_some(&authority[..end + rest.len()]).ok_or(Malformed)
        }
    }
}

/// Whether this is an address in numbers.
fn is_address(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        // Some clients send the network card along.
        Some(v6) => v6.split('%').next().unwrap_or(v6).parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<Ipv4Addr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(metrics: &str, at: &str, names: &[&str]) -> AllowedHosts {
        let name = |name: &&str| HostPattern::Name((*name).to_owned());
        let metrics = metrics.split_once(':').expect("a name and a port");
        let port = metrics.1.parse().expect("a port");
        let settings = Settings {
            metrics: Some(HostPort::Name(metrics.0.to_owned(), port)),
            metrics_hosts: names.iter().map(name).collect(),
            ..Settings::default()
        };
        AllowedHosts::new(&settings, at.parse().expect("an address"))
    }

    #[test]
    fn on_loopback_only_addresses_and_known_names_are_served() {
        let hosts = hosts("own.example.org:9090", "127.0.0.1", &["localhost"]);
        for own in [
            "127.0.0.1",
            "127.0.0.1:9090",
            "[::1]:9090",
            "[::1]",
            "[fe80::1%25eth0]:1",
            "203.0.113.9:80",
            "localhost:9090",
            "LOCALHOST",
            "localhost.",
            "Own.Example.Org:9090",
            "",
            ":9090",
        ] {
            assert_eq!(hosts.serve(own), Ok(true), "{own}");
        }
        for foreign in
            ["evil.example", "evil.example:9090", "localhost.evil.example", "chinwag:9090", "127.1"]
        {
            assert_eq!(hosts.serve(foreign), Ok(false), "{foreign}");
        }
        for wrong in
            ["a b", "evil@localhost", "localhost:x", "[::1", "[::1]x:1", "a/b", "ex\u{e4}m"]
        {
            assert_eq!(hosts.serve(wrong), Err(Malformed), "{wrong}");
        }
    }

    #[test]
    fn between_containers_names_without_a_dot_are_served() {
        let hosts = hosts("x:9090", "0.0.0.0", &[]);
        for own in ["chinwag:9090", "chinwag", "10.1.2.3:9090"] {
            assert_eq!(hosts.serve(own), Ok(true), "{own}");
        }
        for foreign in ["evil.example:9090", "chinwag.default.svc"] {
            assert_eq!(hosts.serve(foreign), Ok(false), "{foreign}");
        }
    }
}
