//! Somebody on loopback in the attacked room, who belongs to nobody's side: counts the lines of attackers, may be an operator,
//! and must not be let go.

use super::super::client::{Client, PATIENCE};
use super::super::clock::now;
use super::attack::{Attack, MARK, ROOM};
use super::network::Addresses;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long one look lasts.
const LOOK: Duration = Duration::from_millis(20);
/// How long after a mute lines that were read before it may still come.
const MUTED_AFTER: Duration = Duration::from_millis(300);

/// Time between two mutes, until one meets somebody who is still there.
const MUTE_EVERY: Duration = Duration::from_millis(250);
/// A command that there is not: its answer comes when all before it is done.
const LAST: &str = "/ready";

/// The one who listens.
#[derive(Debug)]
pub(super) struct Observer {
    /// The connection.
    person: Client,
    /// Whether the first whom it hears is muted.
    mutes: bool,
}

/// What was heard.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lines {
    /// Lines of attackers.
    pub(super) all: u64,
    /// Lines of attackers a while after the first was muted.
    pub(super) of_muted: u64,
    /// Whether somebody was muted.
    pub(super) muted: bool,
    /// Announcements of new names.
    pub(super) renames: u64,
    /// Whether the connection ended.
    pub(super) cut: bool,
}

impl Observer {
    /// Comes, and does what the attack wants of it.
    pub(super) fn come(server: Addresses, attack: &Attack) -> io::Result<Self> {
        let mut person = Client::join(server.chat_loopback())?;
        person.say(&format!("/join {ROOM}\n/part #lobby\n{}{LAST}\n", attack.listener))?;
        person.hear(PATIENCE, |line| line.contains(LAST).then_some(()))?;
        Ok(Self { person, mutes: attack.mutes })
    }

    /// Listens until told to stop.
    pub(super) fn listen(mut self, stop: &AtomicBool) -> io::Result<Lines> {
        let mut lines = Lines::default();
        let (mut tried, mut muted): (Option<Instant>, Option<Instant>) = (None, None);
        // Who is heard twice has stayed. There are as many as an attacker can connect in a round.
        let mut once = BTreeSet::new();
        while !stop.load(Ordering::Relaxed) {
            let mutes = self.mutes && muted.is_none();
            let due = mutes && tried.is_none_or(|at| at.elapsed() > MUTE_EVERY);
            let heard = self.person.hear(LOOK, |line| {
                let nick = line.split_once(": ").filter(|(_, words)| words.contains(MARK));
                let nick = nick.map(|(nick, _)| nick.to_owned());
                let did = line.starts_with("~ ") && line.contains(MARK);
                lines.all += u64::from(nick.is_some() || did);
                lines.renames += u64::from(line.contains(" is now "));
                if mutes && line.starts_with("* ") && line.contains(" is muted") {
                    muted = Some(now());
                }
                let past = muted.is_some_and(|at| at.elapsed() > MUTED_AFTER);
                lines.of_muted += u64::from(past && nick.is_some());
                // Looks at the flag now and then, whatever comes.
                let stays = due && nick.clone().is_some_and(|nick| !once.insert(nick));
                (stays || stop.load(Ordering::Relaxed)).then_some(nick)
            });
            match heard {
                Ok(Some(nick)) if due => {
                    self.person.say(&format!("/mute {nick} 10m\n"))?;
                    tried = Some(now());
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(_) => {
                    lines.cut = true;
                    break;
                }
            }
        }
        lines.muted = muted.is_some();
        Ok(lines)
    }
}
