//! How a line looks to its receivers: a small, closed set of views, so that a room encodes a line once for each view
//! that any user has, and all who have it share the bytes.
//!
//! ```text
//!   view = wire format × of another room? × time stamps? × without joins and leaves?
//! ```

use crate::protocol::encode::{Prefix, WireFormat};
use crate::protocol::message::Message;
use crate::protocol::room_name::RoomName;
use crate::protocol::time_of_day::TimeOfDay;
use std::fmt;

/// The line is of a room that is not its receiver's current one.
const OTHER_ROOM: u8 = 1;
/// The receiver wants time stamps.
const TIMED: u8 = 2;
/// The receiver wants no joins and leaves.
const QUIET: u8 = 4;
/// Views of one wire format.
const VIEWS_PER_FORMAT: u8 = 8;

/// One way in which lines look.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct View(u8);

impl View {
    /// How many there are.
    pub(crate) const COUNT: usize = WireFormat::ALL.len() * VIEWS_PER_FORMAT as usize;

    /// What a new user with this wire format sees of the current room.
    pub(crate) const fn new(format: WireFormat) -> Self {
        Self(format.index() as u8 * VIEWS_PER_FORMAT)
    }

    /// A number for tables of views.
    #[inline]
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// The view of this number.
    pub(crate) const fn from_index(index: usize) -> Self {
        Self(index as u8)
    }

    /// The wire format.
    pub(crate) fn format(self) -> WireFormat {
        WireFormat::ALL[usize::from(self.0 / VIEWS_PER_FORMAT)]
    }

    /// The same with this property or without.
    #[inline]
    const fn with(self, property: u8, on: bool) -> Self {
        Self(if on { self.0 | property } else { self.0 & !property })
    }

    /// The same, for lines of the current room, or of another.
    #[inline]
    #[must_use]
    pub(crate) const fn of_other_room(self, is_other: bool) -> Self {
        self.with(OTHER_ROOM, is_other)
    }

    /// The same with time stamps or without.
    #[must_use]
    pub(crate) const fn timed(self, on: bool) -> Self {
        self.with(TIMED, on)
    }

    /// The same without joins and leaves, or with them.
    #[must_use]
    pub(crate) const fn quiet(self, on: bool) -> Self {
        self.with(QUIET, on)
    }

    /// Whether there are time stamps in it.
    pub(crate) const fn is_timed(self) -> bool {
        self.0 & TIMED != 0
    }

    /// Whether there are no joins and leaves in it.
    pub(crate) const fn is_quiet(self) -> bool {
        self.0 & QUIET != 0
    }

    /// Whether lines look so to those who are in another room.
    const fn is_of_other_room(self) -> bool {
        self.0 & OTHER_ROOM != 0
    }

    /// Appends a line of this room as it looks in this view; nothing, if it is hidden there.
    #[inline]
    pub(crate) fn encode(
        self,
        line: &Message<'_>,
        at: TimeOfDay,
        room: &RoomName,
        out: &mut Vec<u8>,
    ) {
        if self.is_quiet() && line.is_join_or_leave() {
            return;
        }
        let heading = Prefix {
            time: self.is_timed().then_some(at),
            room: self.is_of_other_room().then_some(room),
        };
        self.format().encode_with_prefix(heading, line, out);
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("format", &self.format())
            .field("of_other_room", &self.is_of_other_room())
            .field("timed", &self.is_timed())
            .field("quiet", &self.is_quiet())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::message::LeaveReason;
    use crate::protocol::nick::Nick;
    use std::time::Duration;

    fn shown(view: View, line: Message<'_>) -> String {
        let mut out = Vec::new();
        let at = TimeOfDay::new(Duration::from_secs(86_400 * 3 + 14 * 3600 + 5 * 60 + 7));
        view.encode(&line, at, &RoomName::parse("#dev").unwrap(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_view_has_a_number_and_a_look_of_its_own() {
        let plain = View::new(WireFormat::Lines);
        let alice = Nick::parse("alice").unwrap();
        let said = Message::Say(alice, "hi");
        assert_eq!(shown(plain, said), "alice: hi\r\n");
        assert_eq!(shown(plain.of_other_room(true), said), "#dev alice: hi\r\n");
        assert_eq!(shown(plain.timed(true), said), "14:05:07 alice: hi\r\n");
        let all = plain.of_other_room(true).timed(true).quiet(true);
        assert_eq!(shown(all, said), "14:05:07 #dev alice: hi\r\n");
        assert_eq!(all.of_other_room(false).timed(false).quiet(false), plain);
        for index in 0..View::COUNT {
            assert_eq!(View::from_index(index).index(), index);
        }
    }

    #[test]
    fn the_quiet_view_hides_comings_and_goings_alone() {
        let quiet = View::new(WireFormat::Lines).quiet(true);
        let alice = Nick::parse("alice").unwrap();
        for hidden in [
            Message::Joined(alice),
            Message::Left(alice, &LeaveReason::TooSlow),
            Message::JoinCount(2),
            Message::LeaveCount(2),
        ] {
            assert_eq!(shown(quiet, hidden), "");
        }
        assert_eq!(shown(quiet, Message::Renamed(alice, alice)), "* alice is now alice\r\n");
        assert_eq!(shown(quiet, Message::ShuttingDown), "* server is shutting down\r\n");
    }
}
