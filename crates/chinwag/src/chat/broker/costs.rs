//! What each thing that a user can ask for costs, counted among thousands of users and all rooms that there can be:
//! a look at a user, a room, an entry of a list is a step. The table here is the one in docs/COSTS.md.
//!
//! A bound has two parts: steps that do not depend on how many users there are, and [`EACH`] for each receiver of
//! what the others read. So a command that looks at everybody to answer one user is found here.

use super::Broker;
use crate::chat::admin_command::AdminCommand;
use crate::chat::bans::{Ban, BanTarget};
use crate::chat::event::{ClientId, CommandBatch, Control, Event, LeaveReason, NewClient};
use crate::chat::room::RoomId;
use crate::chat::scan_steps;
use crate::limits::{
    HISTORY_BYTES, MAX_BANS, MAX_BELL_WORDS, MAX_LINE_BYTES, MAX_MUTES, MAX_ROOMS,
    MAX_ROOMS_PER_USER, REPLY_BYTES_PER_TOKEN,
};
use crate::outbound::backpressure::{Backpressure, QueueLimits};
use crate::outbound::queue::{self, Receiver};
use crate::protocol::command::{self, COMMANDS, Command, CommandKind, OperOutcome};
use crate::protocol::encode::WireFormat;
use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;
use std::collections::BTreeMap;
use std::mem::discriminant;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Users in the lobby.
const USERS: usize = 5_000;
/// Steps for each room of each receiver: a look where lines are handed out, one where it is found who gets what from several
/// rooms, and one where those are taken out of a list who have left.
const EACH: u64 = 4;
/// A line, and a look at each word of it that may name a user who wants to be told.
const NAMED: u64 = 500;
const _: () = assert!(100 + 6 * MAX_BELL_WORDS as u64 <= NAMED, "each of them may ring");
/// A line that names as many as are looked at, and more.
const NAMES: &str = "\
    user-1 user-2 user-3 user-4 user-5 user-6 user-7 user-8 user-9 user-10 user-11 user-12 user-13 \
    user-14 user-15 user-16 user-17 user-18 user-19 user-20 user-21 user-22 user-23 user-24 user-25 \
    user-26 user-27 user-28 user-29 user-30 user-31 user-32 user-33 user-34 user-35 user-36 user-37 \
    user-38 user-39 user-40 user-41 user-42 user-43 user-44 user-45 user-46 user-47 user-48 user-49 \
    user-50 user-51 user-52 user-53 user-54 user-55 user-56 user-57 user-58 user-59 user-60 user-61 \
    user-62 user-63 user-64 user-65 user-66 user-67 user-68 user-69 user-70 user-71 user-72 user-73 \
    user-74 user-75 user-76 user-77 user-78 user-79 user-80 \
    and who else is here";
/// A look at every ban that there can be.
const BANNED: u64 = MAX_BANS as u64;
/// A look at every mute that there can be.
const MUTED: u64 = MAX_MUTES as u64;

/// Who reads what a user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    /// The one who asks, and one other user at most.
    Nobody,
    /// A room, the largest in which the user who asks is.
    Room,
    /// All rooms of the user who asks.
    Rooms,
    /// Nobody, but everybody is looked at; for operators alone.
    Everybody,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// What is asked for.
    asked: &'static str,
    /// Steps beside those for each reader.
    steps: u64,
    /// Who reads it.
    readers: Readers,
    /// Bytes of the answer.
    answer: usize,
}

/// The row of each kind. There is no arm for the rest: the user who adds a kind says here what it costs.
fn row(kind: CommandKind) -> Row {
    use Readers::{Everybody, Nobody, Room, Rooms};
    let row = |asked, steps, readers, answer| Row { asked, steps, readers, answer };
    match kind {
        CommandKind::Say => row("a line", NAMED, Room, 100),
        CommandKind::Action => row("`/me`", NAMED, Room, 100),
        CommandKind::Nick => row("`/nick`", 300 + BANNED + MUTED, Rooms, 100),
        CommandKind::Whoami => row("`/whoami`", 100, Nobody, 2 << 10),
        CommandKind::Join => row("`/join`", 300, Room, 16 << 10),
        CommandKind::Part => row("`/part`", 200, Room, 300),
        CommandKind::Rooms { .. } => row("`/rooms`", 150, Nobody, 4 << 10),
        CommandKind::RoomsMatching { .. } => {
            row("`/rooms` with a word", 150 + MAX_ROOMS as u64, Nobody, 4 << 10)
        }
        CommandKind::Topic => row("`/topic`", 100, Room, 300),
        CommandKind::Who { .. } => row("`/who`", 250, Nobody, 4 << 10),
        CommandKind::Message => row("`/msg`", 200, Nobody, 3 * MAX_LINE_BYTES + 100),
        CommandKind::Reply => row("`/reply`", 200, Nobody, 3 * MAX_LINE_BYTES + 100),
        CommandKind::Ignore => row("`/ignore`", 300, Nobody, 4 << 10),
        CommandKind::Unignore => row("`/unignore`", 200, Nobody, 200),
        CommandKind::Away => row("`/away`", 100, Nobody, 300),
        CommandKind::Time { .. } => row("`/time`", 150, Nobody, 200),
        CommandKind::Quiet(_) => row("`/quiet`", 150, Nobody, 200),
        CommandKind::Bell(_) => row("`/bell`", 100, Nobody, 200),
        CommandKind::History { lines } => {
            row("`/history`", 100 + u64::from(lines), Nobody, past(lines))
        }
        CommandKind::Quit => row("`/quit`", 300, Rooms, 0),
        CommandKind::Help => row("`/help`", 250, Nobody, 4 << 10),
        CommandKind::Edit(_) => row("`/edit`", 50, Nobody, 0),
        CommandKind::Color(_) => row("`/color`", 50, Nobody, 0),
        CommandKind::Oper => row("`/oper`", 50, Nobody, 0),
        CommandKind::OperResult { .. } => {
            row("`/oper` with its secret looked at", 100, Nobody, 300)
        }
        CommandKind::Kick => row("`/kick`", 200, Room, 300),
        CommandKind::Ban => row("`/ban`", 100 + 3 * BANNED, Everybody, 500),
        CommandKind::Unban => row("`/unban`", 100 + 3 * BANNED, Nobody, 500),
        CommandKind::Bans { .. } => row("`/bans`", 150 + 2 * BANNED, Nobody, 4 << 10),
        CommandKind::Mute => row("`/mute`", 150, Nobody, 200),
        CommandKind::Unmute => row("`/unmute`", 150 + MUTED, Nobody, 200),
        CommandKind::Slow => row("`/slow`", 100, Room, 200),
        CommandKind::Unknown => row("what is no command", 100, Nobody, 200),
        CommandKind::Invalid(_) => row("what cannot be done", 100, Nobody, 200),
    }
}

/// Most bytes of so many lines of the past, with what stands before the words.
fn past(lines: u32) -> usize {
    (lines as usize * 3 * MAX_LINE_BYTES).min(HISTORY_BYTES) + 100 + lines as usize * 40
}

/// What is typed, in the order of the table: at least once each kind of input, in its dearest forms.
fn typed() -> Vec<&'static str> {
    vec![
        "hello",
        NAMES,
        "/me waves",
        "/nick SOMEBODY",
        "/nick target",
        "/whoami",
        "/join #new",
        "/join #home",
        "/join #lobby",
        "/part",
        "/part #lobby",
        "/rooms",
        "/rooms 84",
        "/rooms r",
        "/rooms r 80",
        "/topic",
        "/topic tea",
        "/who",
        "/who #home",
        "/who #lobby",
        "/who #lobby 20",
        "/who #nowhere",
        "/msg target psst",
        "/msg nobody psst",
        "/reply psst",
        "/ignore target",
        "/ignore",
        "/unignore target",
        "/away tea",
        "/time on",
        "/time +02:00",
        "/time",
        "/quiet on",
        "/bell on",
        "/history 1",
        "/history 200",
        "/quit bye",
        "/help",
        "/help nick",
        "/edit on",
        "/color on",
        "/oper secret",
        "/kick target why",
        "/ban SOMEBODY* 2h spam",
        "/ban 192.0.2.77",
        "/unban 192.0.2.77",
        "/bans",
        "/bans 80",
        "/mute target",
        "/unmute target",
        "/slow 10s",
        "/foo",
        "/rooms x y",
    ]
}

/// Thousands who are silent, and every room that there can be.
struct World {
    broker: Broker,
    backpressure: Arc<Backpressure>,
    now: Instant,
    receivers: BTreeMap<u64, Receiver>,
    latest: u64,
}

/// What something took.
#[derive(Debug)]
struct Taken {
    steps: u64,
    answer: usize,
}

impl World {
    fn new() -> Self {
        let backpressure = Arc::new(Backpressure::new(QueueLimits::default()));
        let now = whippet::time::Instant::now().into_std();
        let broker = Broker::new(Arc::clone(&backpressure), now);
        let mut world = Self { broker, backpressure, now, receivers: BTreeMap::new(), latest: 0 };
        (0..USERS).for_each(|_| _ = world.enter());
        world.calm_down();
        let owners: Vec<_> = world.receivers.keys().copied().collect();
        for room in 0..MAX_ROOMS - 1 - MAX_ROOMS_PER_USER {
            let owner = owners[room / (MAX_ROOMS_PER_USER - 1)];
            world.send(owner, &format!("/join #r{room}"));
        }
        for ban in 0..MAX_BANS - 10 {
            let target = BanTarget::parse(&format!("spam-{ban}*")).expect("it is a pattern");
            let reason = format!("\"{}\"", "x".repeat(190)).into();
            world.broker.bans.add(Ban { target, until: None, reason }, 0).expect("there is room");
        }
        let nobody = Nick::parse("somebody-else").expect("it is a nick");
        for _ in 0..MAX_MUTES - 1 {
            let address = Ipv4Addr::LOCALHOST.into();
            world.broker.mutes.add(nobody, address, None, world.now).expect("there is room");
        }
        for id in 1..=2 * MAX_BELL_WORDS as u64 {
            world.send(id, "/bell on");
        }
        let target = world.sender("#lobby");
        world.send(target, "/nick target");
        for _ in 0..60 {
            world.send(target, &"x".repeat(1_000));
        }
        world.calm_down();
        world
    }

    fn enter(&mut self) -> u64 {
        self.latest += 1;
        let (sender, receiver) = queue::channel(&self.backpressure);
        let address = Ipv4Addr::new(192, 0, 2, 1).into();
        let client = NewClient { sender, format: WireFormat::Lines, address };
        let id = ClientId::new(self.latest);
        self.broker.handle_control(Control::Join { id, client }, self.now);
        self.receivers.insert(self.latest, receiver);
        self.latest
    }

    /// A user in as many rooms as one can be in, who speaks in this one. A few others are in those, too.
    fn sender(&mut self, room: &str) -> u64 {
        let sender = self.enter();
        for room in 0..MAX_ROOMS_PER_USER - 2 {
            self.send(sender, &format!("/join #s{room}"));
        }
        self.send(sender, "/join #home");
        self.send(sender, &format!("/join {room}"));
        self.calm_down();
        sender
    }

    fn submit(&mut self, id: u64, input: Command<'_>) {
        let mut inputs = CommandBatch::new();
        inputs.push(input);
        self.broker.handle_event(Event::Lines { id: ClientId::new(id), inputs }, self.now);
        self.broker.flush(self.now);
    }

    fn send(&mut self, id: u64, line: &str) {
        self.submit(id, command::parse(line).expect("it is not blank"));
    }

    /// A user goes, and the others read so.
    fn leave(&mut self, id: u64) {
        let leave = Event::Leave { id: ClientId::new(id), departure: LeaveReason::Quit(None) };
        self.broker.handle_event(leave, self.now);
        self.receivers.remove(&id);
        self.calm_down();
    }

    /// A user wants to read nothing of another.
    fn ignore(&mut self, id: u64, other: u64) {
        self.send(id, &format!("/ignore user-{other}"));
    }

    /// Everybody reads, and what is due happens.
    fn calm_down(&mut self) {
        self.broker.flush(self.now);
        for _ in 0..3 {
            self.receivers.values_mut().for_each(|receiver| _ = read(receiver));
            self.now += Duration::from_secs(2);
            self.broker.handle_timeout(self.now);
        }
        self.receivers.values_mut().for_each(|receiver| _ = read(receiver));
    }

    /// How many rooms those have who read what a user asks for about this room, all together.
    fn readers(&self, id: u64, readers: Readers, about: &str) -> usize {
        let (users, rooms) = (&self.broker.users, &self.broker.rooms);
        let user = users.user(users.slot_of(ClientId::new(id)).expect("they are here"));
        let about = RoomName::parse(about).ok().and_then(|name| rooms.find(&name));
        let current = user.current.map(|current| current.room);
        let read: Vec<_> = match readers {
            Readers::Nobody => Vec::new(),
            Readers::Room => about.or(current).into_iter().collect(),
            Readers::Rooms => user.memberships().map(|membership| membership.room).collect(),
            Readers::Everybody => vec![RoomId::LOBBY],
        };
        let members = read.iter().flat_map(|&room| &rooms.room(room).members);
        members.map(|&slot| users.user(slot).memberships().count()).sum()
    }

    /// Does this, and counts.
    fn measure(&mut self, id: u64, act: impl FnOnce(&mut Self)) -> Taken {
        let before = scan_steps::counted();
        act(self);
        let steps = scan_steps::counted() - before;
        Taken { steps, answer: self.receivers.get_mut(&id).map_or(0, read) }
    }
}

/// Reads all there is; how many bytes it was.
fn read(receiver: &mut Receiver) -> usize {
    let mut bytes = 0;
    while let Ok(frame) = receiver.try_recv() {
        bytes += frame.len();
        receiver.state().record_written(frame.len(), 1);
    }
    bytes
}

/// The table of docs/COSTS.md.
fn table() -> String {
    let mut rows = Vec::<(Row, u32, u32)>::new();
    for input in typed().into_iter().map(|line| command::parse(line).expect(line)).chain([OPERED]) {
        let (row, cost) = (row(input.kind), input.kind.cost());
        match rows.iter_mut().find(|(known, ..)| known.asked == row.asked) {
            Some((known, least, most)) => {
                (*least, *most) = (cost.min(*least), cost.max(*most));
                (known.steps, known.answer) =
                    (known.steps.max(row.steps), known.answer.max(row.answer));
            }
            None => rows.push((row, cost, cost)),
        }
    }
    let shown = |(row, least, most): (Row, u32, u32)| {
        let tokens = if least == most { most.to_string() } else { format!("{least} to {most}") };
        let readers = match row.readers {
            Readers::Nobody => "–",
            Readers::Room => "of the room",
            Readers::Rooms => "of all rooms of the sender",
            Readers::Everybody => "everybody",
        };
        format!("| {} | {tokens} | {} | {readers} | {} |\n", row.asked, row.steps, row.answer)
    };
    rows.into_iter().map(shown).collect()
}

/// What comes of the secret.
const OPERED: Command<'_> = Command {
    kind: CommandKind::OperResult { outcome: OperOutcome::Accepted, in_clear: true },
    text: "",
};

#[test]
fn the_documentation_has_the_table_of_costs() {
    let page = include_str!("../../../../../docs/COSTS.md");
    assert!(page.contains(&table()), "docs/COSTS.md lacks these rows:\n{}", table());
}

#[test]
fn every_command_is_in_the_table_of_costs() {
    let tried = typed().into_iter().map(|line| discriminant(&command::parse(line).unwrap().kind));
    let tried: Vec<_> = tried.collect();
    for command in COMMANDS.iter().filter(|command| command.name != "/") {
        let asked = format!("`/{}`", command.name);
        assert!(table().contains(&format!("| {asked} |")), "{asked}");
    }
    for line in ["hello", "/foo", "/rooms x y"] {
        assert!(tried.contains(&discriminant(&command::parse(line).unwrap().kind)), "{line}");
    }
}

/// Tries everything that is typed, with a user in as many rooms as can be, who speaks in a small one or the largest. Says
/// what took more than the table allows.
fn try_all(world: &mut World) -> String {
    let mut over = String::new();
    let typed = typed();
    let inputs = typed.iter().map(|line| command::parse(line).expect(line)).chain([OPERED]);
    for (number, input) in inputs.enumerate() {
        let row = row(input.kind);
        for place in ["#home", "#lobby"] {
            let text = input.text.replace("SOMEBODY", &format!("n{number}{}", &place[1..2]));
            let sender = world.sender(place);
            world.submit(sender, OPERED);
            world.send(1, &format!("/msg user-{sender} psst"));
            match input.kind {
                CommandKind::Join => world.send(sender, "/part #s0"),
                CommandKind::Ignore => (2..100).for_each(|other| world.ignore(sender, other)),
                _ => world.ignore(1, sender),
            }
            world.calm_down();
            let readers = world.readers(sender, row.readers, &text) as u64;
            let input = Command { kind: input.kind, text: &text };
            let taken = world.measure(sender, |world| world.submit(sender, input));
            let bound = row.steps + EACH * readers;
            println!("{:<24} in {place:<6} {taken:?} of {bound} and {}", row.asked, row.answer);
            if taken.steps > bound || taken.answer > row.answer {
                over += &format!("{} ({text:?} in {place}): {taken:?} of {bound}\n", row.asked);
            }
            world.leave(sender);
        }
    }
    over
}

#[test]
fn commands_cost_what_they_do_and_not_what_exists() {
    let mut world = World::new();
    assert_eq!(world.broker.rooms.len(), MAX_ROOMS - 1, "with room for one more");
    let over = try_all(&mut world);
    assert!(over.is_empty(), "more than the table allows:\n{over}");
}

#[test]
fn an_answer_is_paid_for_by_its_bytes() {
    for line in typed() {
        let kind = command::parse(line).expect(line).kind;
        // What was typed may come back in it.
        let paid = kind.cost() as usize * REPLY_BYTES_PER_TOKEN + 3 * MAX_LINE_BYTES;
        assert!(row(kind).answer <= paid, "{line}");
    }
}

#[test]
fn completion_looks_only_at_the_names_it_shows() {
    let mut world = World::new();
    for (word, count) in
        [("", 17), ("user-", 17), ("#", 17), ("#r9", 17), ("#r99", 1), ("TARG", 1), ("é", 0)]
    {
        let before = scan_steps::counted();
        let matches = world.broker.complete(ClientId::new(1), word);
        let steps = scan_steps::counted() - before;
        assert!(steps <= 80, "{steps} steps for {word:?}");
        assert_eq!(matches.count, count, "{word:?}");
    }
    let steps = world.measure(1, |world| world.broker.flush_join_summaries()).steps;
    assert_eq!(steps, 0, "nobody was counted, in none of a thousand rooms");
}

#[test]
fn a_join_costs_what_its_readers_cost() {
    let mut world = World::new();
    world.calm_down();
    let readers = world.readers(1, Readers::Room, "#lobby") as u64;
    let taken = world.measure(1, |world| {
        world.enter();
        world.broker.flush(world.now);
    });
    let bound = 300 + BANNED + MUTED + EACH * readers;
    assert!(taken.steps <= bound, "{taken:?} of {bound}");
}

#[test]
fn a_broadcast_costs_no_scan_of_all_lines() {
    let mut world = World::new();
    world.calm_down();
    let rooms = world.readers(1, Readers::Everybody, "#lobby") as u64;
    let taken = world.measure(1, |world| {
        let (answer, _answered) = whippet::sync::oneshot::channel();
        let text = "tea".to_owned();
        world.broker.handle_control(Control::Admin(AdminCommand::Say { text, answer }), world.now);
        world.broker.flush(world.now);
    });
    let bound = 6 * EACH * rooms;
    assert!(taken.steps <= bound, "{taken:?} of {bound}");
}
