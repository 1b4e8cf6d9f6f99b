//! The most memory that a server takes, whatever comes in: a sum of what each of its limits can hold.
//!
//! ```text
//!   settings ──► terms, each a limit times what one of its things holds at most ──► sum ──► MemoryMax, the documents
//! ```
//!
//! Every queue, map and buffer of the server is in one of the terms. `soak fill` fills rooms, people, inboxes and events at once in one process
//! and compares what is allocated with their terms; tests compare the documents and the service's `MemoryMax` with the sum. What is not in it is
//! what those who run the server ask for by `chinwag admin`: a list of everybody, or of all tasks.

use crate::chat::bans::Ban;
use crate::chat::deferred::Deferred;
use crate::chat::event::Event;
use crate::chat::mutes::{Mute, MuteId};
use crate::chat::pending_by_room::{PendingByRoom, ROOM_PENDING_BYTES};
use crate::chat::room::Room;
use crate::chat::room::history::Entry;
use crate::chat::room_creators::RoomCreator;
use crate::chat::user::{Membership, UserExtras};
use crate::limits::{
    BATCH_BYTES, BATCH_COPY_BYTES, BATCH_EVENTS, CONTROL_QUEUE, EVENT_QUEUE, HISTORY_BYTES,
    LINE_OVERHEAD, MAX_ANNOUNCED, MAX_BANS, MAX_DEFERRED_EVENTS, MAX_EVENT_BYTES,
    MAX_EVENTS_PER_CLIENT, MAX_IGNORED, MAX_LINE_BYTES, MAX_MUTES, MAX_NICK,
    MAX_PENDING_LINE_BYTES, MAX_QUOTED, MAX_ROOM_NAME, MAX_ROOMS, MAX_ROOMS_PER_USER, MAX_TOPIC,
    MAX_TRACKED_NETWORKS, OUTPUT_BUFFER_BYTES, READ_BUFFER, SPARE_BUFFERS, STEP_COPY_BYTES,
    WRITE_FRAMES,
};
use crate::protocol::view::View;
use crate::server::address_budgets::NETWORK_BYTES;
use crate::server::config::Config;
use std::time::Instant;

/// What the program takes whatever happens: its code, the runtime, what each worker keeps for itself, metrics.
const PROGRAM_MEMORY: usize = 16 * 1024 * 1024;
/// What a silent person costs; `cargo xtask reliability memory` holds it.
const SILENT_MEMORY: usize = 2048;
/// What somebody's terminal and editor cost at most, beside frames: lines to recall, the one under way, what was cut out, a
/// draft, each with room for twice as much, what waits to be shown, and lines that wait to be said, with room for half as
/// much and a line: they are in two lists, and one that has become short shrinks only then.
const EDITOR_MEMORY: usize =
    80 * 1024 + MAX_PENDING_LINE_BYTES + MAX_PENDING_LINE_BYTES / 2 + 2 * MAX_LINE_BYTES;
/// The part of what is allocated, one in so many, that the allocator may need beside: memory between that which is in use.
const ALLOCATOR_SHARE: u64 = 4;
/// The kernel's buffer for what a person sends that is not read: what Linux begins with.
const RECEIVE_BUFFER: usize = 128 * 1024;

/// A part of the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// What it is.
    pub what: &'static str,
    /// How many there may be.
    pub count: u64,
    /// Bytes that one of them holds at most.
    pub each: u64,
}

impl Term {
    fn new(what: &'static str, count: usize, each: usize) -> Self {
        Self { what, count: count as u64, each: each as u64 }
    }

    /// Bytes of all of them.
    pub(crate) fn bytes(&self) -> u64 {
        self.count.saturating_mul(self.each)
    }
}

/// The most that a server takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemoryBound {
    /// What the server allocates, term by term.
    pub terms: Vec<Term>,
    /// Bytes that the kernel keeps for all connections.
    pub kernel: u64,
}

impl MemoryBound {
    /// Of a server with these settings.
    pub(crate) fn of(config: &Config) -> Self {
        let terms = vec![
            Term::new("the program", 1, PROGRAM_MEMORY),
            Term::new("frames that wait for people", 1, config.max_buffered_bytes),
            Term::new("a round beyond them", 1, round()),
            Term::new("events in the queue", EVENT_QUEUE + CONTROL_QUEUE, event()),
            Term::new("events that wait for slow rooms", MAX_DEFERRED_EVENTS, waiting_event()),
            Term::new("rooms", MAX_ROOMS, room(config.history_lines)),
            Term::new("connections", config.max_connections, connection()),
            // Each holds as much again while it is written, and room for twice what is in it.
            Term::new("outputs: the log, and what is printed", 2, 4 * OUTPUT_BUFFER_BYTES),
            Term::new("addresses without connections", MAX_TRACKED_NETWORKS, network()),
            Term::new("bans", MAX_BANS, ban()),
            Term::new("mutes", MAX_MUTES, map_entry(size_of::<(MuteId, Mute)>())),
        ];
        let socket = (2 * config.sockets.send_buffer + RECEIVE_BUFFER) as u64;
        Self { terms, kernel: socket.saturating_mul(config.max_connections as u64) }
    }

    /// Bytes that the server allocates at most.
    pub(crate) fn allocated(&self) -> u64 {
        self.terms.iter().fold(0, |sum, term| sum.saturating_add(term.bytes()))
    }

    /// Bytes that the process and the kernel's buffers for it take at most: what a service manager should allow.
    pub(crate) fn total(&self) -> u64 {
        let allocated = self.allocated();
        let allocators = allocated / ALLOCATOR_SHARE;
        allocated.saturating_add(allocators).saturating_add(self.kernel)
    }
}

/// Bytes of an allocation, with what the allocator adds and rounds up.
const fn heap(bytes: usize) -> usize {
    (bytes + 8).next_multiple_of(16) + 16
}

/// Bytes of an ordered map's entry of so many bytes: its nodes are half full at least.
const fn map_entry(bytes: usize) -> usize {
    2 * bytes + 16
}

/// What one round makes beyond the limit of frames, before anybody can be cut for it.
const fn round() -> usize {
    // A user who speaks, joins or asks in a batch gets bytes of their own: all of the batch at most, and the longest reply.
    let own = (BATCH_EVENTS + CONTROL_QUEUE) * (BATCH_BYTES + Event::MAX_ENCODED);
    // A line in each view; a buffer has room for twice what is in it.
    let views = View::COUNT * 2 * (BATCH_BYTES + Event::MAX_ENCODED);
    let spare = (SPARE_BUFFERS + 1) * 2 * BATCH_BYTES;
    BATCH_COPY_BYTES + own + 2 * HISTORY_BYTES + views + spare
}

/// An event in the queue: text and items have room for twice what is in them.
const fn event() -> usize {
    let items = MAX_EVENT_BYTES / LINE_OVERHEAD + 1;
    2 * size_of::<Event>()
        + heap(2 * MAX_EVENT_BYTES)
        + heap(items.next_power_of_two() * Event::ITEM_BYTES)
}

/// An event that waits: it takes no more than it must.
const fn waiting_event() -> usize {
    let items = MAX_EVENT_BYTES / LINE_OVERHEAD + 1;
    2 * size_of::<Event>() + heap(MAX_EVENT_BYTES) + heap(items * Event::ITEM_BYTES)
}

/// A room that remembers so many lines.
const fn room(history_lines: usize) -> usize {
    let name = heap(MAX_ROOM_NAME + 1);
    let history = heap(HISTORY_BYTES) + heap(history_lines * size_of::<Entry>());
    // Joins and leaves.
    let announcements =
        2 * heap(MAX_ANNOUNCED.next_power_of_two() * size_of::<Instant>()) + heap(4 * MAX_QUOTED);
    // An address with its networks.
    let makers = 3 * map_entry(size_of::<(RoomCreator, usize)>());
    let table = 4 * size_of::<usize>() + map_entry(4 * size_of::<usize>()) + makers;
    heap(size_of::<Room>()) + 2 * name + heap(2 * MAX_TOPIC + 2) + history + announcements + table
}

/// A connection: what somebody silent costs, and all that they can have beside.
const fn connection() -> usize {
    // A line under way has room for twice what is in it.
    let incoming = heap(2 * MAX_LINE_BYTES) + heap(READ_BUFFER);
    // The places of an inbox that is full are counted among the frames, and what one keeps that was full is less than 4 KiB.
    let outgoing = heap(WRITE_FRAMES * 2 * size_of::<usize>()) + heap(4096);
    let rooms = MAX_ROOMS_PER_USER.next_power_of_two() * size_of::<Membership>();
    // A room's list of members and the one by name shrink when three quarters of them have gone.
    let lists = 2 * MAX_ROOMS_PER_USER * 4 * size_of::<u32>();
    // The events themselves are counted where they wait, and what is owed of each room is a few words.
    let waiting = heap(size_of::<Deferred>())
        + heap(MAX_EVENTS_PER_CLIENT.next_power_of_two() as usize * size_of::<Event>())
        + heap(size_of::<PendingByRoom>())
        + heap(MAX_ROOMS_PER_USER.next_power_of_two() * ROOM_PENDING_BYTES);
    // Addresses with connections are beside those that are remembered without: each may be one of its own, in networks of its own.
    let networks = 3 * network();
    let ignored = MAX_IGNORED.next_power_of_two() * size_of::<u64>();
    let extras =
        heap(size_of::<UserExtras>()) + heap(rooms) + heap(ignored) + heap(2 * MAX_QUOTED + 2);
    let leave = 2 * size_of::<Event>();
    SILENT_MEMORY
        + incoming
        + outgoing
        + lists
        + extras
        + waiting
        + networks
        + leave
        + STEP_COPY_BYTES
        + EDITOR_MEMORY
}

/// An address, or a network of them.
const fn network() -> usize {
    let [entry, listed, behind] = NETWORK_BYTES;
    map_entry(entry) + map_entry(listed) + heap(behind)
}

/// A ban, with its line of the file that keeps it and one that is being written.
const fn ban() -> usize {
    let own = 2 * size_of::<Ban>() + heap(MAX_NICK) + heap(2 * MAX_QUOTED + 2);
    own + 3 * (2 * MAX_QUOTED + 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::RESERVED_FDS;
    use std::path::Path;

    #[test]
    fn the_extremes_of_the_settings_have_a_bound() {
        let most = Config {
            max_connections: usize::MAX,
            max_buffered_bytes: usize::MAX,
            ..Config::default()
        };
        assert_eq!(MemoryBound::of(&most).total(), u64::MAX);
        let none = Config { max_connections: 0, max_buffered_bytes: 0, ..Config::default() };
        assert!(MemoryBound::of(&none).total() > 0);
    }

    /// A file of the repository.
    fn document(path: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        std::fs::read_to_string(root.join(path)).expect("the document is there")
    }

    /// The number that follows these words.
    fn number_after(text: &str, words: &str) -> u64 {
        let rest = text.split(words).nth(1).unwrap_or_else(|| panic!("\"{words}\" is not there"));
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a number")
    }

    /// Mebibytes, rounded up.
    fn mib(bytes: u64) -> u64 {
        bytes.div_ceil(1 << 20)
    }

    /// The bound where so many descriptors are allowed.
    fn with_descriptors(descriptors: u64) -> MemoryBound {
        let connections = descriptors as usize - RESERVED_FDS;
        MemoryBound::of(&Config { max_connections: connections, ..Config::default() })
    }

    #[test]
    fn the_architecture_lists_each_term() {
        let text = document("ARCHITECTURE.md");
        for Term { what, count, each } in MemoryBound::of(&Config::default()).terms {
            let kib = each.div_ceil(1024);
            let row = match what {
                "connections" => format!("| {what} | each | {kib} KiB |"),
                _ => format!("| {what} | {count} | {kib} KiB |"),
            };
            assert!(text.contains(&row), "ARCHITECTURE.md has no row \"{row}\"");
        }
    }

    #[test]
    fn the_service_and_the_container_allow_the_bound() {
        let unit = document("contrib/systemd/chinwag.service");
        let mut limits =
            vec![(number_after(&unit, "MemoryMax="), number_after(&unit, "LimitNOFILE="))];
        for page in ["docs/OPERATIONS.md", "xtask/src/dist/README.md"] {
            let page = document(page);
            // Both stand in one command, in this order.
            let commands = page.lines().filter(|line| line.contains("--memory "));
            let both = |line: &str| {
                (number_after(line, "--memory "), number_after(line, "--ulimit nofile="))
            };
            let before = limits.len();
            limits.extend(commands.map(both));
            assert!(limits.len() > before, "no command allows memory");
        }
        for (limit, descriptors) in limits {
            let bound = mib(with_descriptors(descriptors).total());
            assert!((bound..bound + bound / 10).contains(&limit), "{limit} MiB, {bound} needed");
        }
    }

    #[test]
    fn the_guide_says_how_the_bound_grows() {
        let guide = document("docs/OPERATIONS.md");
        let none = MemoryBound::of(&Config { max_connections: 0, ..Config::default() }).total();
        let many =
            MemoryBound::of(&Config { max_connections: 1 << 20, ..Config::default() }).total();
        let each = (many - none).div_ceil(1 << 20).div_ceil(1024);
        let words = format!("{} MiB, and {each} KiB for each connection", mib(none));
        assert!(guide.contains(&words), "docs/OPERATIONS.md does not say \"{words}\"");
    }

    #[test]
    fn a_room_costs_what_it_remembers_and_little_more() {
        let room = room(crate::limits::HISTORY_LINES);
        assert!(room > HISTORY_BYTES && room < 2 * HISTORY_BYTES, "{room}");
    }
}
