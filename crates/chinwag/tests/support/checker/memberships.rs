//! The invariants in rooms other than the lobby: a member has seen of its sequence, which is what the observer saw,
//! the stretch from the join to the leave, except the own lines.
//!
//! Nobody is counted in these rooms: each user is seen to join and to leave by nick. A membership is found by the
//! nick at the join; of several joins by one nick the one is meant that fits.

use super::by_room::Stay;
use super::{Broken, End, Public, Record, Utterance, What};
use std::collections::{BTreeMap, BTreeSet};

/// One membership, as the sequence of the room has it.
#[derive(Debug)]
struct Presence {
    /// The nick at the join.
    nick: String,
    /// The line of the join.
    from: usize,
    /// The line of the leave, or the end.
    to: usize,
    /// The own lines.
    own: BTreeSet<usize>,
}

/// One room's sequence.
#[derive(Debug, Default)]
struct Room<'a> {
    /// Its lines.
    lines: Vec<&'a str>,
    /// The memberships.
    presences: Vec<Presence>,
    /// What was said or done, in order.
    uttered: Vec<Utterance>,
}

/// Checks all memberships. Returns how many were compared with what the observer saw.
pub(super) fn check(
    observer: u64,
    clients: &BTreeMap<u64, Record>,
    sorted: &BTreeMap<u64, Vec<Stay>>,
) -> Result<usize, Broken> {
    let mut compared = 0;
    for observed in &sorted[&observer] {
        let room = Room::follow(observed)?;
        for (id, stays) in sorted.iter().filter(|(id, _)| **id != observer) {
            for stay in stays.iter().filter(|stay| stay.room == observed.room) {
                room.check_stay(*id, stay, clients[id].end)?;
                compared += 1;
            }
        }
        room.check_sent(&observed.room, clients)?;
    }
    Ok(compared)
}

impl<'a> Room<'a> {
    /// Follows what the observer saw of a room.
    fn follow(observed: &'a Stay) -> Result<Self, Broken> {
        let mut room = Self::default();
        let mut here = BTreeMap::<String, usize>::new();
        for (at, line) in observed.seen.iter().enumerate() {
            let Some(Public { what, .. }) = Public::parse(line) else {
                return broken!("I5", "{line:?} in {} is no line for a room", observed.room);
            };
            room.lines.push(line);
            let known = |nick: &str| here.get(&nick.to_ascii_lowercase()).copied();
            match what {
                What::Joined(nick) => {
                    let presence = Presence {
                        nick: nick.to_owned(),
                        from: at,
                        to: usize::MAX,
                        own: [at].into(),
                    };
                    if here.insert(nick.to_ascii_lowercase(), room.presences.len()).is_some() {
                        return broken!("I7", "{nick} joins {} twice", observed.room);
                    }
                    room.presences.push(presence);
                }
                What::Left(nick, Some(named)) if named != observed.room => {
                    return broken!(
                        "I6",
                        "{nick} leaves {named} among the lines of {}",
                        observed.room
                    );
                }
                What::Left(nick, _) => {
                    let Some(gone) = here.remove(&nick.to_ascii_lowercase()) else {
                        return broken!("I6", "{nick} leaves {} without a join", observed.room);
                    };
                    room.presences[gone].to = at;
                }
                What::Renamed(old, new) => {
                    // The renames here are those of all users; only members of this room count.
                    let Some(renamed) = here.remove(&old.to_ascii_lowercase()) else { continue };
                    room.presences[renamed].own.insert(at);
                    if here.insert(new.to_ascii_lowercase(), renamed).is_some() {
                        return broken!("I7", "two are called {new} in {}", observed.room);
                    }
                }
                What::Utterance(nick, utterance) => {
                    let Some(author) = known(nick) else {
                        return broken!(
                            "I6",
                            "{nick} speaks in {} and is not there",
                            observed.room
                        );
                    };
                    room.presences[author].own.insert(at);
                    room.uttered.push(utterance);
                }
                What::JoinCount(_) | What::LeaveCount(_) | What::ShuttingDown => {
                    return broken!("I6", "{line:?} in {}, where nobody is counted", observed.room);
                }
            }
        }
        Ok(room)
    }

    /// What a client saw in one membership is a stretch of the sequence.
    fn check_stay(&self, id: u64, stay: &Stay, end: End) -> Result<(), Broken> {
        let of_this_nick = self.presences.iter().filter(|presence| presence.nick == stay.nick);
        let mut first = None;
        for presence in of_this_nick {
            match self.compare(id, stay, end, presence) {
                Ok(()) => return Ok(()),
                Err(broken) => first = first.or(Some(broken)),
            }
        }
        match first {
            Some(broken) => Err(broken),
            None => broken!("I6", "client {id} was never seen to join {}", stay.room),
        }
    }

    /// What a client saw in one membership is what was said during it.
    fn compare(&self, id: u64, stay: &Stay, end: End, presence: &Presence) -> Result<(), Broken> {
        let time = presence.from..presence.to.min(self.lines.len());
        let due: Vec<_> =
            time.filter(|at| !presence.own.contains(at)).map(|at| self.lines[at]).collect();
        let room = &stay.room;
        for (at, seen) in stay.seen.iter().enumerate() {
            match due.get(at) {
                Some(due) if due == seen => {}
                Some(_) if due[..at].contains(&&**seen) => {
                    return broken!("I3", "client {id} saw {seen:?} in {room} twice");
                }
                Some(missing) if !stay.seen.iter().any(|seen| seen == missing) => {
                    return broken!("I4", "client {id} did not see {missing:?} in {room}");
                }
                Some(other) => {
                    return broken!(
                        "I2",
                        "client {id} saw {seen:?} in {room} in place of {other:?}"
                    );
                }
                None => return broken!("I6", "client {id} saw {seen:?} in {room} after the leave"),
            }
        }
        match due.get(stay.seen.len()) {
            Some(missing) if stay.parted || end != End::Broken => {
                broken!("I4", "client {id} did not see {missing:?} in {room}")
            }
            _ => Ok(()),
        }
    }

    /// All that was sent is there, once and in each sender's order, and nothing else.
    fn check_sent(&self, name: &str, clients: &BTreeMap<u64, Record>) -> Result<(), Broken> {
        let mut rest = self.uttered.clone();
        for (id, record) in clients {
            let here = record.sent_elsewhere.iter().filter(|(room, _)| room == name);
            let mut after = 0;
            for (_, sent) in here {
                let found = rest.iter().position(|uttered| uttered == sent);
                match found {
                    Some(at) if at < after => {
                        return broken!("I1", "{sent:?} of client {id} came out of turn in {name}");
                    }
                    Some(at) => {
                        rest.remove(at);
                        after = at;
                    }
                    None if record.end == End::Broken => break,
                    None => return broken!("I10", "{sent:?} of client {id} never came to {name}"),
                }
            }
        }
        match rest.first() {
            Some(uttered) => broken!("I5", "{uttered:?} in {name} was sent once less, or never"),
            None => Ok(()),
        }
    }
}
