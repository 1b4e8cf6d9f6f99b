//! Batches against a model that is said plainly: two rooms, two views, and users who come, leave and ignore each other.

use super::*;
use crate::limits::BUFFER_OVERHEAD;
use crate::protocol::encode::WireFormat;
use proptest::prelude::*;

/// Rooms of the model.
const ROOMS: usize = 2;
/// Users of the model: the first five are in from the start.
const USERS: usize = 8;

/// One step of a batch: a line of an author or of nobody, one in all rooms, a direct line, a user comes or goes.
#[derive(Clone, Debug)]
enum Step {
    Everywhere(usize, String),
    Shared(usize, Option<usize>, String),
    DirectLine(usize, String),
    Enter(usize),
    Leave(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let text = "[a-z]{1,12}";
    let author = proptest::option::weighted(0.8, 0..USERS);
    let step = prop_oneof![
        6 => (0..ROOMS, author, text)
            .prop_map(|(room, author, text)| Step::Shared(room, author, text)),
        1 => (0..USERS, text).prop_map(|(author, text)| Step::Everywhere(author, text)),
        1 => (0..5_usize, text).prop_map(|(to, text)| Step::DirectLine(to, text)),
        1 => (5..USERS).prop_map(Step::Enter),
        1 => (0..USERS).prop_map(Step::Leave),
    ];
    proptest::collection::vec(step, 0..24).prop_map(plausible)
}

/// The steps of users who are there; the user who left does nothing more.
fn plausible(steps: Vec<Step>) -> Vec<Step> {
    let mut here: Vec<_> = (0..USERS).map(|slot| slot < 5).collect();
    let mut gone = [false; USERS];
    let possible = |step: &Step| match *step {
        Step::Shared(_, None, _) => true,
        Step::Shared(_, Some(slot), _) | Step::Everywhere(slot, _) | Step::DirectLine(slot, _) => {
            here[slot]
        }
        Step::Enter(slot) => {
            let comes = !here[slot] && !gone[slot];
            here[slot] |= comes;
            comes
        }
        Step::Leave(slot) => {
            gone[slot] |= here[slot];
            std::mem::take(&mut here[slot])
        }
    };
    steps.into_iter().filter(possible).collect()
}

/// The slot with this index.
fn at(index: usize) -> UserSlot {
    UserSlot::from_index(index)
}

/// The even ones see lines as they are, the odd ones in capitals: their view is that of another room.
fn view_of(slot: usize) -> View {
    View::new(WireFormat::Lines).of_other_room(slot % 2 == 1)
}

fn shown(view: View, text: &str) -> String {
    if view == view_of(0) { text.to_owned() } else { text.to_uppercase() }
}

/// Users 3 and 4 do not want the words of 1.
fn ignores(slot: usize) -> Vec<ClientId> {
    if slot == 3 || slot == 4 { vec![ClientId::new(1)] } else { Vec::new() }
}

/// Both rooms and the direct lines after these steps. Everybody is in both rooms.
fn played(steps: &[Step]) -> ([Batch; ROOMS], DirectLines) {
    let mut batches = <[Batch; ROOMS]>::default();
    let direct_lines = play(steps, &mut batches, &mut BufferPool::default());
    (batches, direct_lines)
}

/// Adds these steps to empty batches; the direct lines.
fn play(steps: &[Step], batches: &mut [Batch; ROOMS], pool: &mut BufferPool) -> DirectLines {
    let mut direct_lines = DirectLines::default();
    let mut view_counts = [0; View::COUNT];
    (0..USERS).for_each(|slot| view_counts[view_of(slot).index()] += 1);
    for (order, step) in (1..).zip(steps) {
        match step {
            Step::Shared(room, author, text) => {
                let ignorable = (*author == Some(1)).then_some(ClientId::new(1));
                let source =
                    LineSource { author: author.map(at), ignorable, ..LineSource::default() };
                batches[*room].push(source, order, &view_counts, pool, |view, out| {
                    out.extend_from_slice(shown(view, text).as_bytes());
                });
            }
            Step::Everywhere(author, text) => {
                let source = LineSource {
                    author: Some(at(*author)),
                    is_in_several_rooms: true,
                    ..LineSource::default()
                };
                for (room, batch) in batches.iter_mut().enumerate() {
                    batch.push(source, order, &view_counts, pool, |view, out| {
                        out.extend_from_slice(shown(view, &in_room(room, text)).as_bytes());
                    });
                }
            }
            Step::DirectLine(to, text) => {
                direct_lines.push(at(*to), order, |out| out.extend_from_slice(text.as_bytes()));
            }
            Step::Enter(slot) => batches.iter_mut().for_each(|batch| batch.enter(at(*slot))),
            Step::Leave(slot) => batches.iter_mut().for_each(|batch| batch.leave(at(*slot))),
        }
    }
    direct_lines.sort();
    direct_lines
}

/// A line that stands in all rooms, as it stands in this one.
fn in_room(room: usize, text: &str) -> String {
    format!("{text}{room}")
}

/// Whether a user was there at any time.
fn was_there(steps: &[Step], slot: usize) -> bool {
    slot < 5 || steps.iter().any(|step| matches!(step, Step::Enter(who) if *who == slot))
}

/// What a user is to get from some of the rooms, said plainly.
fn model(steps: &[Step], slot: usize, rooms: Range<usize>, with_direct_lines: bool) -> String {
    let mut here = slot < 5;
    let mut due = String::new();
    let ignored = !ignores(slot).is_empty();
    for step in steps {
        match step {
            Step::Shared(_, Some(1), _) if ignored => {}
            Step::Shared(room, author, text)
                if here && rooms.contains(room) && *author != Some(slot) =>
            {
                due += &shown(view_of(slot), text);
            }
            // Once, and in the last of the rooms.
            Step::Everywhere(author, text) if here && *author != slot => {
                due += &shown(view_of(slot), &in_room(rooms.end - 1, text));
            }
            Step::DirectLine(to, text) if *to == slot && with_direct_lines => due += text,
            Step::Enter(who) if *who == slot => here = true,
            Step::Leave(who) if *who == slot => here = false,
            _ => {}
        }
    }
    due
}

fn bytes(custom_frames: &RecipientFrames) -> Vec<u8> {
    match custom_frames {
        RecipientFrames::None => Vec::new(),
        RecipientFrames::One(frame) => frame.as_ref().to_vec(),
        RecipientFrames::Two(first, second) => [first.as_ref(), second.as_ref()].concat(),
    }
}

proptest! {
    #[test]
    fn each_user_gets_their_lines_in_order(steps in steps()) {
        let ((mut batches, direct_lines), frame_bytes) = (played(&steps), ByteCounter::new());
        for slot in (0..USERS).filter(|&slot| was_there(&steps, slot)) {
            let ignored = ignores(slot);
            let recipient = Recipient { slot: at(slot), view: view_of(slot), ignores: &ignored };
            let mut pieces = Vec::new();
            batches.iter().for_each(|batch| batch.pieces(&recipient, &mut pieces));
            direct_lines.pieces(at(slot), &mut pieces);
            prop_assert_eq!(direct_lines.has(at(slot)), pieces.len() > {
                let mut shared = Vec::new();
                batches.iter().for_each(|batch| batch.pieces(&recipient, &mut shared));
                shared.len()
            });
            let got = bytes(&concat(pieces, &frame_bytes));
            prop_assert_eq!(String::from_utf8(got).unwrap(), model(&steps, slot, 0..ROOMS, true));
            for (room, batch) in batches.iter_mut().enumerate() {
                let due = model(&steps, slot, room..room + 1, false);
                if let Some(slices) = batch.slices(&recipient, &frame_bytes) {
                    let got = String::from_utf8(bytes(&slices)).unwrap();
                    prop_assert_eq!(got, due.as_str());
                }
            }
        }
    }

    #[test]
    fn ordinary_recipients_share_the_whole_frame(steps in steps()) {
        let ((mut batches, _), frame_bytes) = (played(&steps), ByteCounter::new());
        for slot in 0..3 {
            let own = |step: &Step| match step {
                Step::Shared(0, author, _) => *author == Some(slot),
                Step::Everywhere(author, _) => *author == slot,
                Step::Leave(who) => *who == slot,
                _ => false,
            };
            if !steps.iter().any(own) {
                let whole = batches[0].whole_frame(view_of(slot), &frame_bytes).map_or(&[][..], AsRef::as_ref);
                let due = model(&steps, slot, 0..1, false);
                prop_assert_eq!(std::str::from_utf8(whole).unwrap(), due);
            }
        }
    }

    #[test]
    fn slices_keep_little_more_than_is_pending_alive(steps in steps()) {
        for slot in (0..USERS).filter(|&slot| was_there(&steps, slot)) {
            let ((mut batches, direct_lines), frame_bytes) = (played(&steps), ByteCounter::new());
            let ignored = ignores(slot);
            let recipient = Recipient { slot: at(slot), view: view_of(slot), ignores: &ignored };
            let custom_frames = batches[0].slices(&recipient, &frame_bytes).unwrap_or_else(|| {
                let mut pieces = Vec::new();
                batches[0].pieces(&recipient, &mut pieces);
                concat(pieces, &frame_bytes)
            });
            let owed = bytes(&custom_frames).len();
            drop((batches, direct_lines));
            let alive = frame_bytes.bytes().saturating_sub(BUFFER_OVERHEAD);
            prop_assert!(alive <= 2 * owed, "{alive} for {owed}");
        }
    }
}

#[test]
fn an_author_of_one_stretch_gets_slices_of_the_shared_buffer() {
    let frame_bytes = ByteCounter::new();
    let steps = [(None, "before"), (Some(2), "own"), (None, "behind")];
    let steps = steps.map(|(author, text)| Step::Shared(0, author, text.to_owned()));
    let (mut batches, _) = played(&steps);
    batches[0].whole_frame(view_of(2), &frame_bytes);
    let alive = frame_bytes.bytes();
    let recipient = Recipient { slot: at(2), view: view_of(2), ignores: &[] };
    assert!(matches!(batches[0].slices(&recipient, &frame_bytes), Some(RecipientFrames::Two(..))));
    assert_eq!(frame_bytes.bytes(), alive);
}

#[test]
fn a_view_is_encoded_while_it_has_readers() {
    let frame_bytes = ByteCounter::new();
    let (mut batch, mut view_counts) = (Batch::default(), [0; View::COUNT]);
    let say = |batch: &mut Batch, view_counts: &_, order: u32| {
        let source = LineSource::default();
        let pool = &mut BufferPool::default();
        batch
            .push(source, order, view_counts, pool, |_, out| out.extend(order.to_string().bytes()));
    };
    let (late, early) = (view_of(1), view_of(0));
    view_counts[early.index()] = 1;
    say(&mut batch, &view_counts, 1);
    batch.leave(at(0));
    (view_counts[early.index()], view_counts[late.index()]) = (0, 1);
    batch.enter(at(1));
    say(&mut batch, &view_counts, 2);
    say(&mut batch, &view_counts, 3);
    for (slot, view, due) in [(0, early, "1"), (1, late, "23")] {
        let recipient = Recipient { slot: at(slot), view, ignores: &[] };
        let custom_frames = batch.slices(&recipient, &frame_bytes).expect("it is most of it");
        assert_eq!(String::from_utf8(bytes(&custom_frames)).unwrap(), due);
    }
}

#[test]
fn a_line_in_several_rooms_is_delivered_once() {
    let (frame_bytes, mut view_counts) = (ByteCounter::new(), [0; View::COUNT]);
    view_counts[view_of(0).index()] = 2;
    let (mut batches, mut pool) = (<[Batch; ROOMS]>::default(), BufferPool::default());
    let source =
        LineSource { author: Some(at(1)), is_in_several_rooms: true, ..LineSource::default() };
    for (order, text) in [(1, "one "), (2, "two ")] {
        for batch in &mut batches {
            batch.push(source, order, &view_counts, &mut pool, |_, out| {
                out.extend_from_slice(text.as_bytes())
            });
        }
        // A user who was counted leaves one of the rooms, and no line says so.
        batches[0].leave(at(7));
    }
    let recipient = Recipient { slot: at(0), view: view_of(0), ignores: &[] };
    let mut pieces = Vec::new();
    batches.iter().for_each(|batch| batch.pieces(&recipient, &mut pieces));
    assert_eq!(String::from_utf8(bytes(&concat(pieces, &frame_bytes))).unwrap(), "one two ");
}

/// Bytes of the heap that a batch has.
fn held(batch: &Batch) -> usize {
    let views = batch.views.iter().flatten();
    views.map(|view_bytes| view_bytes.bytes.capacity()).sum::<usize>()
        + batch.spans.capacity()
        + batch.presences.capacity()
}

#[test]
fn a_finished_batch_holds_no_buffers() {
    let (mut batches, mut pool) = (Vec::new(), BufferPool::default());
    for room in 0..20 {
        let mut batch = Batch::default();
        for order in 1..20 {
            let source = LineSource { author: Some(at(order as usize)), ..LineSource::default() };
            let long = [b'x'; 8 * 1024];
            let encode = |_: View, out: &mut Vec<u8>| out.extend_from_slice(&long);
            batch.push(source, order, &[1; View::COUNT], &mut pool, encode);
        }
        batch.enter(at(room));
        assert!(held(&batch) > View::COUNT * 19 * 8 * 1024);
        batches.push(batch);
    }
    for batch in &mut batches {
        batch.clear(&mut pool);
        assert_eq!(held(batch), 0);
    }
    let spares =
        |pool: &BufferPool| pool.views.iter().map(|view_bytes| view_bytes.bytes.capacity()).sum();
    let kept: usize = spares(&pool);
    assert!(kept <= SPARE_BUFFERS * 2 * BATCH_BYTES, "{kept}");
    pool.shrink_buffers();
    let resting: usize = spares(&pool);
    assert!(resting <= IDLE_BUFFER_BYTES, "{resting}");
}

proptest! {
    /// What a buffer held before is seen by nobody.
    #[test]
    fn reused_buffers_are_as_new_ones(
        before in steps(),
        steps in steps(),
        slot in 0..USERS,
    ) {
        let (mut used, mut pool) = (<[Batch; ROOMS]>::default(), BufferPool::default());
        play(&before, &mut used, &mut pool);
        used.iter_mut().for_each(|batch| batch.clear(&mut pool));
        play(&steps, &mut used, &mut pool);
        let (fresh, _) = played(&steps);
        let (ignores, frame_bytes) = (ignores(slot), ByteCounter::new());
        let recipient = Recipient { slot: at(slot), view: view_of(slot), ignores: &ignores };
        for (used, fresh) in used.iter_mut().zip(fresh) {
            let (mut old, mut new) = (Vec::new(), Vec::new());
            used.pieces(&recipient, &mut old);
            fresh.pieces(&recipient, &mut new);
            prop_assert_eq!(old, new);
            let whole = |batch: &mut Batch| batch.whole_frame(recipient.view, &frame_bytes).map(|w| w.as_ref().to_vec());
            let mut fresh = fresh;
            prop_assert_eq!(whole(used), whole(&mut fresh));
        }
    }
}
