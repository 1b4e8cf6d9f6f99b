//! What a word that somebody has half typed may become.

use super::Broker;
use crate::complete::Matches;
use crate::event::ClientId;

impl Broker {
    /// The names that begin with a word: of rooms behind a `#`, else of people.
    pub(super) fn complete(&self, id: ClientId, word: &str) -> Matches {
        if self.roster.slot(id).is_none() {
            return Matches::default();
        }
        if word.starts_with('#') {
            let names: Vec<_> =
                self.rooms.by_name().map(|(_, room)| room.name.to_string()).collect();
            return Matches::of(names.iter().map(String::as_str), word);
        }
        Matches::of(self.roster.by_name().map(|member| member.nick.as_str()), word)
    }
}
