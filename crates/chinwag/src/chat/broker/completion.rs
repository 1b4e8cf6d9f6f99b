//! What a word that a user has half typed may become.

use super::Broker;
use crate::chat::event::ClientId;
use crate::chat::room::RoomId;
use crate::protocol::completion::Completions;

impl Broker {
    /// The names that begin with a word: of rooms behind a `#`, else of users. Nobody is looked at but the few that are shown.
    pub(super) fn complete(&self, id: ClientId, word: &str) -> Completions {
        if self.users.slot_of(id).is_none() {
            return Completions::default();
        }
        if word.starts_with('#') {
            let name = |&id: &RoomId| self.rooms.room(id).name.as_str();
            let rooms = self.rooms.with_prefix(&word.to_ascii_lowercase());
            return Completions::from_sorted(rooms.iter().map(name), rooms.last().map(name));
        }
        let mut users = self.users.with_prefix(word);
        let last = users.clone().next_back().map(|user| user.nick.as_str());
        Completions::from_sorted(users.by_ref().map(|user| user.nick.as_str()), last)
    }
}
