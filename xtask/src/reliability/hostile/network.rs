//! A network namespace, with any number of addresses: loopback is exempt from the limits of addresses, so attacks must come
//! from other addresses.
//!
//! The scenario runs itself once more in a network namespace (`unshare`, `ip`), in which each server has a /16 of IPv4, a /32 of
//! IPv6 and an address of loopback of its own, by its number; all ports are free. What the inner run prints is the outer one's table.

use super::attack::From;
use std::io::{self, BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Tells the inner run that it is one.
const INSIDE: &str = "CHINWAG_RELIABILITY_INSIDE";
/// The port of the chat.
const CHAT: u16 = 7070;
/// The port of the metrics.
const METRICS: u16 = 9100;
/// The number of the first server.
const FIRST: u8 = 10;
/// How many servers can run at once.
pub(super) const SERVERS: u8 = 8;
/// Networks of IPv6 that attackers have of each server.
pub(super) const NETWORKS: usize = 64;

/// The addresses of one server, and of its clients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses(u8);

impl Addresses {
    /// Of the server with this number, from 0.
    pub(super) fn of(number: u8) -> Self {
        Self(FIRST + number)
    }

    /// The server's.
    fn server(self) -> IpAddr {
        Ipv4Addr::new(10, self.0, 0, 1).into()
    }

    /// The server's of IPv6.
    fn server6(self) -> IpAddr {
        Ipv6Addr::new(0xfd00, self.0.into(), 0xffff, 0, 0, 0, 0, 1).into()
    }

    /// The chat's.
    pub(super) fn chat(self) -> SocketAddr {
        SocketAddr::new(self.server(), CHAT)
    }

    /// The same by IPv6.
    pub(super) fn chat6(self) -> SocketAddr {
        SocketAddr::new(self.server6(), CHAT)
    }

    /// The same on loopback.
    pub(super) fn chat_loopback(self) -> SocketAddr {
        SocketAddr::new(self.loopback(), CHAT)
    }

    /// The metrics'.
    pub(super) fn metrics(self) -> SocketAddr {
        SocketAddr::new(self.loopback(), METRICS)
    }

    /// The admin socket. Such paths must be short, so it is among the temporary files.
    pub(super) fn admin(self) -> PathBuf {
        std::env::temp_dir().join(format!("reliability-{}-{}", std::process::id(), self.0))
    }

    /// The server's and all clients' on loopback.
    pub(super) fn loopback(self) -> IpAddr {
        Ipv4Addr::new(127, self.0, 0, 1).into()
    }

    /// A bystander's.
    pub(super) fn bystander(self, number: usize) -> IpAddr {
        Ipv4Addr::new(10, self.0, 1, 1 + number as u8).into()
    }

    /// An attacker's: each load has addresses of its own.
    fn attacker(self, load: usize, number: usize) -> IpAddr {
        Ipv4Addr::new(10, self.0, 2 + load as u8, 1 + number as u8).into()
    }

    /// An attacker's in a /64 of its own, all of them in one /48.
    fn network(self, number: usize) -> IpAddr {
        // Four of each /56.
        let network = number as u16 % 16 * 256 + number as u16 / 16;
        Ipv6Addr::new(0xfd00, self.0.into(), 1, network, 0, 0, 0, 1).into()
    }
}

/// Where a connection of attackers comes from, and where it goes.
pub(super) fn route(
    it: Addresses,
    from: From,
    group: usize,
    number: usize,
) -> (IpAddr, SocketAddr) {
    match from {
        From::Addresses(count) => (it.attacker(group, number % count), it.chat()),
        // The idle clients are the load before the first.
        From::AddressOf(load) => (it.attacker(load + 1, 0), it.chat()),
        From::Networks(count) => (it.network(number % count), it.chat6()),
        From::Loopback => (it.loopback(), it.chat_loopback()),
    }
}

/// Whether this is the inner run.
pub(super) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs the scenario in a network namespace, and passes each line that it prints to `each`.
///
/// # Errors
/// No network namespace can be made.
pub(super) fn run_inside(options: &[String], mut each: impl FnMut(&str)) -> io::Result<()> {
    let user = if rustix::process::geteuid().is_root() { "--net" } else { "-rn" };
    let mut test = Command::new("unshare");
    test.args([user, "sh", "-c", &script(), "sh", "true"]);
    let made = test.stdin(Stdio::null()).output()?;
    if !made.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&made.stderr).trim().to_owned()));
    }
    let mut inner = Command::new("unshare");
    inner.args([user, "sh", "-c", &script(), "sh"]).arg(std::env::current_exe()?);
    inner.args(["reliability", "hostile"]).args(options).env(INSIDE, "1");
    let mut child = inner.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let printed = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    for line in BufReader::new(printed).lines() {
        each(&line?);
    }
    child.wait().map(drop)
}

/// A shell script that sets the network up, and then runs its arguments.
fn script() -> String {
    let mut script = "set -e; ip link set lo up; ".to_owned();
    script += "echo '1024 65535' >/proc/sys/net/ipv4/ip_local_port_range 2>/dev/null || true; ";
    script += "ip -batch - <<END\n";
    for number in 0..SERVERS {
        let it = Addresses::of(number);
        script += &format!("address add {}/16 dev lo\n", it.server());
        script += &format!("address add {}/128 dev lo nodad\n", it.server6());
        for network in 0..NETWORKS {
            script += &format!("address add {}/128 dev lo nodad\n", it.network(network));
        }
    }
    script + "END\nexec \"$@\"\n"
}
