//! Rounds against a model that is said plainly: two rooms, two views, and people who come, leave and ignore each other.

use super::*;
use crate::limits::BUFFER_OVERHEAD;
use crate::protocol::encode::DoorKind;
use proptest::prelude::*;

/// Rooms of the model.
const ROOMS: usize = 2;
/// People of the model: the first five are in from the start.
const PEOPLE: usize = 8;

/// One step of a round: a line of an author or of nobody, one in all rooms, an aside, somebody comes or goes.
#[derive(Clone, Debug)]
enum Step {
    Everywhere(usize, String),
    Shared(usize, Option<usize>, String),
    Aside(usize, String),
    Enter(usize),
    Leave(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let text = "[a-z]{1,12}";
    let author = proptest::option::weighted(0.8, 0..PEOPLE);
    let step = prop_oneof![
        6 => (0..ROOMS, author, text)
            .prop_map(|(room, author, text)| Step::Shared(room, author, text)),
        1 => (0..PEOPLE, text).prop_map(|(author, text)| Step::Everywhere(author, text)),
        1 => (0..5_usize, text).prop_map(|(to, text)| Step::Aside(to, text)),
        1 => (5..PEOPLE).prop_map(Step::Enter),
        1 => (0..PEOPLE).prop_map(Step::Leave),
    ];
    proptest::collection::vec(step, 0..24).prop_map(plausible)
}

/// The steps of people who are there; whoever left does nothing more.
fn plausible(steps: Vec<Step>) -> Vec<Step> {
    let mut here: Vec<_> = (0..PEOPLE).map(|slot| slot < 5).collect();
    let mut gone = [false; PEOPLE];
    let possible = |step: &Step| match *step {
        Step::Shared(_, None, _) => true,
        Step::Shared(_, Some(slot), _) | Step::Everywhere(slot, _) | Step::Aside(slot, _) => {
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

/// The even ones see lines as they are, the odd ones in capitals: their view is that of another room.
fn view_of(slot: usize) -> View {
    View::new(DoorKind::Lines).of_other_room(slot % 2 == 1)
}

fn shown(view: View, text: &str) -> String {
    if view == view_of(0) { text.to_owned() } else { text.to_uppercase() }
}

/// People 3 and 4 do not want the words of 1.
fn ignores(slot: usize) -> Vec<ClientId> {
    if slot == 3 || slot == 4 { vec![ClientId::new(1)] } else { Vec::new() }
}

/// Both rooms and the asides after these steps. Everybody is in both rooms.
fn played(steps: &[Step]) -> ([Round; ROOMS], Asides) {
    let mut rounds = <[Round; ROOMS]>::default();
    let asides = play(steps, &mut rounds, &mut Spare::default());
    (rounds, asides)
}

/// Adds these steps to empty rounds; the asides.
fn play(steps: &[Step], rounds: &mut [Round; ROOMS], spare: &mut Spare) -> Asides {
    let mut asides = Asides::default();
    let mut viewers = [0; View::COUNT];
    (0..PEOPLE).for_each(|slot| viewers[view_of(slot).index()] += 1);
    for (stamp, step) in (1..).zip(steps) {
        match step {
            Step::Shared(room, author, text) => {
                let shunned = (*author == Some(1)).then_some(ClientId::new(1));
                let source = Source { author: *author, shunned, ..Source::default() };
                rounds[*room].push(source, stamp, &viewers, spare, |view, out| {
                    out.extend_from_slice(shown(view, text).as_bytes());
                });
            }
            Step::Everywhere(author, text) => {
                let source =
                    Source { author: Some(*author), is_everywhere: true, ..Source::default() };
                for (room, round) in rounds.iter_mut().enumerate() {
                    round.push(source, stamp, &viewers, spare, |view, out| {
                        out.extend_from_slice(shown(view, &in_room(room, text)).as_bytes());
                    });
                }
            }
            Step::Aside(to, text) => {
                asides.push(*to, stamp, |out| out.extend_from_slice(text.as_bytes()));
            }
            Step::Enter(slot) => rounds.iter_mut().for_each(|round| round.enter(*slot)),
            Step::Leave(slot) => rounds.iter_mut().for_each(|round| round.leave(*slot)),
        }
    }
    asides.sort();
    asides
}

/// A line that stands in all rooms, as it stands in this one.
fn in_room(room: usize, text: &str) -> String {
    format!("{text}{room}")
}

/// Whether somebody was there at any time.
fn was_there(steps: &[Step], slot: usize) -> bool {
    slot < 5 || steps.iter().any(|step| matches!(step, Step::Enter(who) if *who == slot))
}

/// What somebody is to get from some of the rooms, said plainly.
fn model(steps: &[Step], slot: usize, rooms: Range<usize>, with_asides: bool) -> String {
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
            Step::Aside(to, text) if *to == slot && with_asides => due += text,
            Step::Enter(who) if *who == slot => here = true,
            Step::Leave(who) if *who == slot => here = false,
            _ => {}
        }
    }
    due
}

fn bytes(parcel: &Parcel) -> Vec<u8> {
    match parcel {
        Parcel::Nothing => Vec::new(),
        Parcel::One(frame) => frame.as_ref().to_vec(),
        Parcel::Two(first, second) => [first.as_ref(), second.as_ref()].concat(),
    }
}

proptest! {
    #[test]
    fn everybody_gets_what_is_for_him_in_the_order_in_which_it_happened(steps in steps()) {
        let ((mut rounds, asides), gauge) = (played(&steps), Gauge::new());
        for slot in (0..PEOPLE).filter(|&slot| was_there(&steps, slot)) {
            let ignored = ignores(slot);
            let reader = Reader { slot, view: view_of(slot), ignores: &ignored };
            let mut pieces = Vec::new();
            rounds.iter().for_each(|round| round.pieces(&reader, &mut pieces));
            asides.pieces(slot, &mut pieces);
            prop_assert_eq!(asides.has(slot), pieces.len() > {
                let mut shared = Vec::new();
                rounds.iter().for_each(|round| round.pieces(&reader, &mut shared));
                shared.len()
            });
            let got = bytes(&joined(pieces, &gauge));
            prop_assert_eq!(String::from_utf8(got).unwrap(), model(&steps, slot, 0..ROOMS, true));
            for (room, round) in rounds.iter_mut().enumerate() {
                let due = model(&steps, slot, room..room + 1, false);
                if let Some(slices) = round.slices(&reader, &gauge) {
                    let got = String::from_utf8(bytes(&slices)).unwrap();
                    prop_assert_eq!(got, due.as_str());
                }
            }
        }
    }

    #[test]
    fn whoever_is_like_the_others_gets_the_whole(steps in steps()) {
        let ((mut rounds, _), gauge) = (played(&steps), Gauge::new());
        for slot in 0..3 {
            let own = |step: &Step| match step {
                Step::Shared(0, author, _) => *author == Some(slot),
                Step::Everywhere(author, _) => *author == slot,
                Step::Leave(who) => *who == slot,
                _ => false,
            };
            if !steps.iter().any(own) {
                let whole = rounds[0].whole(view_of(slot), &gauge).map_or(&[][..], AsRef::as_ref);
                let due = model(&steps, slot, 0..1, false);
                prop_assert_eq!(std::str::from_utf8(whole).unwrap(), due);
            }
        }
    }

    #[test]
    fn nobody_keeps_much_more_alive_than_he_is_owed(steps in steps()) {
        for slot in (0..PEOPLE).filter(|&slot| was_there(&steps, slot)) {
            let ((mut rounds, asides), gauge) = (played(&steps), Gauge::new());
            let ignored = ignores(slot);
            let reader = Reader { slot, view: view_of(slot), ignores: &ignored };
            let parcel = rounds[0].slices(&reader, &gauge).unwrap_or_else(|| {
                let mut pieces = Vec::new();
                rounds[0].pieces(&reader, &mut pieces);
                joined(pieces, &gauge)
            });
            let owed = bytes(&parcel).len();
            drop((rounds, asides));
            let alive = gauge.bytes().saturating_sub(BUFFER_OVERHEAD);
            prop_assert!(alive <= 2 * owed, "{alive} for {owed}");
        }
    }
}

#[test]
fn an_author_of_one_stretch_gets_slices_of_the_shared_buffer() {
    let gauge = Gauge::new();
    let steps = [(None, "before"), (Some(2), "own"), (None, "behind")];
    let steps = steps.map(|(author, text)| Step::Shared(0, author, text.to_owned()));
    let (mut rounds, _) = played(&steps);
    rounds[0].whole(view_of(2), &gauge);
    let alive = gauge.bytes();
    let reader = Reader { slot: 2, view: view_of(2), ignores: &[] };
    assert!(matches!(rounds[0].slices(&reader, &gauge), Some(Parcel::Two(..))));
    assert_eq!(gauge.bytes(), alive);
}

#[test]
fn a_view_that_somebody_has_only_for_a_while_is_kept_for_that_while() {
    let gauge = Gauge::new();
    let (mut round, mut viewers) = (Round::default(), [0; View::COUNT]);
    let say = |round: &mut Round, viewers: &_, stamp: u32| {
        let source = Source::default();
        let spare = &mut Spare::default();
        round.push(source, stamp, viewers, spare, |_, out| out.extend(stamp.to_string().bytes()));
    };
    let (late, early) = (view_of(1), view_of(0));
    viewers[early.index()] = 1;
    say(&mut round, &viewers, 1);
    round.leave(0);
    (viewers[early.index()], viewers[late.index()]) = (0, 1);
    round.enter(1);
    say(&mut round, &viewers, 2);
    say(&mut round, &viewers, 3);
    for (slot, view, due) in [(0, early, "1"), (1, late, "23")] {
        let reader = Reader { slot, view, ignores: &[] };
        let parcel = round.slices(&reader, &gauge).expect("it is most of it");
        assert_eq!(String::from_utf8(bytes(&parcel)).unwrap(), due);
    }
}

#[test]
fn a_line_in_several_rooms_is_given_once_whatever_stands_beside_it() {
    let (gauge, mut viewers) = (Gauge::new(), [0; View::COUNT]);
    viewers[view_of(0).index()] = 2;
    let (mut rounds, mut spare) = (<[Round; ROOMS]>::default(), Spare::default());
    let source = Source { author: Some(1), is_everywhere: true, ..Source::default() };
    for (stamp, text) in [(1, "one "), (2, "two ")] {
        for round in &mut rounds {
            round.push(source, stamp, &viewers, &mut spare, |_, out| {
                out.extend_from_slice(text.as_bytes())
            });
        }
        // Somebody who was counted leaves one of the rooms, and no line says so.
        rounds[0].leave(7);
    }
    let reader = Reader { slot: 0, view: view_of(0), ignores: &[] };
    let mut pieces = Vec::new();
    rounds.iter().for_each(|round| round.pieces(&reader, &mut pieces));
    assert_eq!(String::from_utf8(bytes(&joined(pieces, &gauge))).unwrap(), "one two ");
}

/// Bytes of the heap that a round has.
fn held(round: &Round) -> usize {
    let layers = round.layers.iter().flatten();
    layers.map(|layer| layer.bytes.capacity()).sum::<usize>()
        + round.spans.capacity()
        + round.windows.capacity()
}

#[test]
fn a_round_that_is_over_holds_nothing_in_any_view() {
    let (mut rounds, mut spare) = (Vec::new(), Spare::default());
    for room in 0..20 {
        let mut round = Round::default();
        for stamp in 1..20 {
            let source = Source { author: Some(stamp as usize), ..Source::default() };
            let long = [b'x'; 8 * 1024];
            let encode = |_: View, out: &mut Vec<u8>| out.extend_from_slice(&long);
            round.push(source, stamp, &[1; View::COUNT], &mut spare, encode);
        }
        round.enter(room);
        assert!(held(&round) > View::COUNT * 19 * 8 * 1024);
        rounds.push(round);
    }
    for round in &mut rounds {
        round.clear(&mut spare);
        assert_eq!(held(round), 0);
    }
    let spares = |spare: &Spare| spare.layers.iter().map(|layer| layer.bytes.capacity()).sum();
    let kept: usize = spares(&spare);
    assert!(kept <= SPARE_BUFFERS * 2 * BATCH_BYTES, "{kept}");
    spare.rest();
    let resting: usize = spares(&spare);
    assert!(resting <= IDLE_BUFFER_BYTES, "{resting}");
}

proptest! {
    /// What a buffer held before is seen by nobody.
    #[test]
    fn buffers_that_were_used_before_are_as_new_ones(
        before in steps(),
        steps in steps(),
        slot in 0..PEOPLE,
    ) {
        let (mut used, mut spare) = (<[Round; ROOMS]>::default(), Spare::default());
        play(&before, &mut used, &mut spare);
        used.iter_mut().for_each(|round| round.clear(&mut spare));
        play(&steps, &mut used, &mut spare);
        let (fresh, _) = played(&steps);
        let (ignores, gauge) = (ignores(slot), Gauge::new());
        let reader = Reader { slot, view: view_of(slot), ignores: &ignores };
        for (used, fresh) in used.iter_mut().zip(fresh) {
            let (mut old, mut new) = (Vec::new(), Vec::new());
            used.pieces(&reader, &mut old);
            fresh.pieces(&reader, &mut new);
            prop_assert_eq!(old, new);
            let whole = |round: &mut Round| round.whole(reader.view, &gauge).map(|w| w.as_ref().to_vec());
            let mut fresh = fresh;
            prop_assert_eq!(whole(used), whole(&mut fresh));
        }
    }
}
