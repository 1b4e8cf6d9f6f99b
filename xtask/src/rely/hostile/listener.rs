//! Somebody on loopback in the attacked room, who belongs to nobody's side: counts the lines of attackers, may be an operator,
//! and must not be let go.

use super::super::clock::now;
use super::super::person::{PATIENCE, Person};
use super::attack::{Attack, MARK, ROOM};
use super::network::Addresses;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long one look lasts.
const LOOK: Duration = Duration::from_millis(20);
/// How long after a mute lines that were read before it may still come.
const MUTED_AFTER: Duration = Duration::from_millis(300);

/// The one who listens.
#[derive(Debug)]
pub(super) struct Listener {
    /// The connection.
    person: Person,
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
    /// Announcements of new names.
    pub(super) renames: u64,
    /// Whether the connection ended.
    pub(super) cut: bool,
}

impl Listener {
    /// Comes, and does what the attack wants of it.
    pub(super) fn come(server: Addresses, attack: &Attack) -> io::Result<Self> {
        let mut person = Person::join(server.chat_loopback())?;
        person.say(&format!("/join {ROOM}\n/part #lobby\n{}", attack.listener))?;
        person.hear(PATIENCE, |line| line.starts_with("* you left #lobby").then_some(()))?;
        Ok(Self { person, mutes: attack.mutes })
    }

    /// Listens until told to stop.
    pub(super) fn listen(mut self, stop: &AtomicBool) -> io::Result<Lines> {
        let mut lines = Lines::default();
        let mut muted: Option<Instant> = None;
        while !stop.load(Ordering::Relaxed) {
            let mutes = self.mutes && muted.is_none();
            let heard = self.person.hear(LOOK, |line| {
                let nick = line.split_once(": ").filter(|(_, words)| words.contains(MARK));
                let nick = nick.map(|(nick, _)| nick.to_owned());
                lines.all += u64::from(nick.is_some());
                lines.renames += u64::from(line.contains(" is now "));
                let past = muted.is_some_and(|at| at.elapsed() > MUTED_AFTER);
                lines.of_muted += u64::from(past && nick.is_some());
                // Looks at the flag now and then, whatever comes.
                (mutes && nick.is_some() || stop.load(Ordering::Relaxed)).then_some(nick)
            });
            match heard {
                Ok(Some(nick)) if mutes => {
                    self.person.say(&format!("/mute {nick} 10m\n"))?;
                    muted = Some(now());
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(_) => {
                    lines.cut = true;
                    break;
                }
            }
        }
        Ok(lines)
    }
}
