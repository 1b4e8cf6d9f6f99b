//! A client on loopback in the attacked room: counts the lines of attackers, may be an operator, and must not be disconnected.

use super::super::client::{Client, TIMEOUT};
use super::super::clock::now;
use super::attack::{Attack, MARK, ROOM};
use super::network::Addresses;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The longest wait for a line.
const WAIT: Duration = Duration::from_millis(20);
/// How long after a mute lines that were read before it may still come.
const MUTE_DELAY: Duration = Duration::from_millis(300);

/// Time between two mutes, until one meets a user that is still there.
const MUTE_EVERY: Duration = Duration::from_millis(250);
/// An unknown command: its answer comes when all before it are done.
const LAST: &str = "/ready";

/// The observer.
#[derive(Debug)]
pub(super) struct Observer {
    /// The connection.
    client: Client,
    /// Whether it mutes the first attacker that it receives a line of.
    mutes: bool,
}

/// What was received.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lines {
    /// Lines of attackers.
    pub(super) all: u64,
    /// Lines of attackers a while after the first was muted.
    pub(super) of_muted: u64,
    /// Whether a user was muted.
    pub(super) muted: bool,
    /// Announcements of new names.
    pub(super) renames: u64,
    /// Whether the connection ended.
    pub(super) disconnected: bool,
}

impl Observer {
    /// Joins, and sends what the attack wants it to.
    pub(super) fn join(server: Addresses, attack: &Attack) -> io::Result<Self> {
        let mut client = Client::join(server.chat_loopback())?;
        client.send(&format!("/join {ROOM}\n/part #lobby\n{}{LAST}\n", attack.observer))?;
        client.wait_for(TIMEOUT, |line| line.contains(LAST).then_some(()))?;
        Ok(Self { client, mutes: attack.mutes })
    }

    /// Counts until told to stop.
    pub(super) fn observe(mut self, stop: &AtomicBool) -> io::Result<Lines> {
        let mut lines = Lines::default();
        let (mut tried, mut muted): (Option<Instant>, Option<Instant>) = (None, None);
        // Nicks that sent a line. One that sends a second has stayed. There are at most as many as attackers can connect in a round.
        let mut once = BTreeSet::new();
        while !stop.load(Ordering::Relaxed) {
            let mutes = self.mutes && muted.is_none();
            let due = mutes && tried.is_none_or(|at| at.elapsed() > MUTE_EVERY);
            let found = self.client.wait_for(WAIT, |line| {
                let nick = line.split_once(": ").filter(|(_, text)| text.contains(MARK));
                let nick = nick.map(|(nick, _)| nick.to_owned());
                let did = line.starts_with("~ ") && line.contains(MARK);
                lines.all += u64::from(nick.is_some() || did);
                lines.renames += u64::from(line.contains(" is now "));
                if mutes && line.starts_with("* ") && line.contains(" is muted") {
                    muted = Some(now());
                }
                let past = muted.is_some_and(|at| at.elapsed() > MUTE_DELAY);
                lines.of_muted += u64::from(past && nick.is_some());
                // Also returns to check the flag.
                let stays = due && nick.clone().is_some_and(|nick| !once.insert(nick));
                (stays || stop.load(Ordering::Relaxed)).then_some(nick)
            });
            match found {
                Ok(Some(nick)) if due => {
                    self.client.send(&format!("/mute {nick} 10m\n"))?;
                    tried = Some(now());
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(_) => {
                    lines.disconnected = true;
                    break;
                }
            }
        }
        lines.muted = muted.is_some();
        Ok(lines)
    }
}
