//! One round of the broker: the lines of some events, put together for everybody at once.
//!
//! ```text
//!   shared    │ bob: hi │ ann: yes │ ann: no │ * cy joined │ eve: so │      one buffer, encoded once
//!   spans       bob       ann ─────────────    cy            eve           whose own lines they are: not for him
//!   asides                ▲ for ann: "! unknown command"     ▲             between the lines, for one alone
//!   windows                                    cy ───────────────────►     who came or left in between
//!
//!   everybody else   the whole buffer, as one frame
//!   bob              what stands behind his span, a slice of the same buffer
//!   ann              a buffer of her own, for there is an aside in it
//!   cy               his welcome, an aside, and what stands behind his own join
//! ```
//!
//! People are slots of the roster here, and keep them for the time of a round.

use crate::frame::{Frame, Gauge};
use crate::limits::ROUND_BYTES;
use std::ops::Range;

/// Spans, asides and windows that an empty round keeps room for; more than that are a crowd that comes or leaves.
const KEPT_ENTRIES: usize = 64;

/// Lines of one author, or of nobody in particular, one behind the other in the shared buffer.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// Who does not get them, because they are his own.
    author: Option<usize>,
    /// Where they end; they start where the span before ends.
    end: usize,
}

/// A line for one person alone.
#[derive(Clone, Debug)]
struct Aside {
    /// Who gets it.
    to: usize,
    /// Where it stands among the shared lines.
    at: usize,
    /// Where its bytes are in the private buffer.
    bytes: Range<usize>,
}

/// The part of a round in which somebody was in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    /// Who.
    slot: usize,
    /// Where in the shared buffer he came in.
    from: usize,
    /// Where he left.
    to: usize,
}

/// What one person gets of a round, if he is not like everybody else.
#[derive(Debug)]
pub enum Parcel {
    /// Nothing.
    Nothing,
    /// One frame.
    One(Frame),
    /// Two frames.
    Two(Frame, Frame),
}

/// The lines of one round for one kind of door (see the module's words). Its buffers are used again.
#[derive(Debug, Default)]
pub struct Round {
    /// The lines that go to more than one, encoded.
    shared: Vec<u8>,
    /// Whose they are.
    spans: Vec<Span>,
    /// The lines for one alone, encoded.
    private: Vec<u8>,
    /// Whose they are and where they stand.
    asides: Vec<Aside>,
    /// When those were in the room who were not in it throughout.
    windows: Vec<Window>,
}

impl Round {
    /// Somebody comes in here: what was said before is not for him.
    pub fn enter(&mut self, slot: usize) {
        self.windows.push(Window { slot, from: self.shared.len(), to: usize::MAX });
    }

    /// Somebody leaves here: what is said from now on is not for him.
    pub fn leave(&mut self, slot: usize) {
        let to = self.shared.len();
        match self.windows.iter_mut().find(|window| window.slot == slot) {
            Some(window) => window.to = to,
            None => self.windows.push(Window { slot, from: 0, to }),
        }
    }

    /// Adds a line for everybody but its author. `encode` appends its bytes.
    pub fn push_shared(&mut self, author: Option<usize>, encode: impl FnOnce(&mut Vec<u8>)) {
        encode(&mut self.shared);
        let end = self.shared.len();
        match self.spans.last_mut() {
            Some(span) if span.author == author => span.end = end,
            _ => self.spans.push(Span { author, end }),
        }
    }

    /// Adds a line for one person alone, at this place among the others. `encode` appends its bytes.
    pub fn push_aside(&mut self, to: usize, encode: impl FnOnce(&mut Vec<u8>)) {
        let start = self.private.len();
        encode(&mut self.private);
        let bytes = start..self.private.len();
        self.asides.push(Aside { to, at: self.shared.len(), bytes });
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.asides.is_empty() && self.windows.is_empty()
    }

    /// Whether it holds as much as a round should.
    pub fn is_full(&self) -> bool {
        self.shared.len() + self.private.len() >= ROUND_BYTES
    }

    /// Whether there is anything for everybody.
    pub fn has_shared(&self) -> bool {
        !self.spans.is_empty()
    }

    /// The frame for everybody who gets all that is shared, and nothing beside.
    pub fn frame(&self, gauge: &Gauge) -> Frame {
        Frame::new(&self.shared, gauge)
    }

    /// Who is not like everybody else: authors, those with asides, those who came or left. Each at least once.
    pub fn special(&self) -> impl Iterator<Item = usize> {
        let authors = self.spans.iter().filter_map(|span| span.author);
        let told = self.asides.iter().map(|aside| aside.to);
        authors.chain(told).chain(self.windows.iter().map(|window| window.slot))
    }

    /// What somebody special gets. `whole` is the round's [`frame`](Self::frame).
    ///
    /// It is one or two slices of that frame where that will do. Somebody with little left gets bytes of his own, so
    /// that a few bytes owed to a slow reader do not keep a whole round alive.
    pub fn parcel(&self, slot: usize, whole: &Frame, gauge: &Gauge) -> Parcel {
        let runs = Runs::new(self, slot);
        if !self.asides.iter().any(|aside| aside.to == slot)
            && let Some(parcel) = runs.slices(whole)
        {
            return parcel;
        }
        let mut bytes = Vec::with_capacity(self.shared.len() + self.private.len());
        let mut asides = self.asides.iter().filter(|aside| aside.to == slot).peekable();
        for run in runs {
            let mut start = run.start;
            while let Some(aside) = asides.next_if(|aside| aside.at < run.end) {
                let at = aside.at.max(start);
                bytes.extend_from_slice(&self.shared[start..at]);
                bytes.extend_from_slice(&self.private[aside.bytes.clone()]);
                start = at;
            }
            bytes.extend_from_slice(&self.shared[start..run.end]);
        }
        asides.for_each(|aside| bytes.extend_from_slice(&self.private[aside.bytes.clone()]));
        if bytes.is_empty() { Parcel::Nothing } else { Parcel::One(Frame::new(&bytes, gauge)) }
    }

    /// Makes it empty. What one extraordinary round has blown up is given back.
    pub fn clear(&mut self) {
        self.spans.clear();
        self.spans.shrink_to(KEPT_ENTRIES);
        self.asides.clear();
        self.asides.shrink_to(KEPT_ENTRIES);
        self.windows.clear();
        self.windows.shrink_to(KEPT_ENTRIES);
        for buffer in [&mut self.shared, &mut self.private] {
            buffer.clear();
            buffer.shrink_to(2 * ROUND_BYTES);
        }
    }
}

/// The stretches of the shared buffer that are for somebody: not his own, and of his time. As long as they come.
#[derive(Clone, Debug)]
struct Runs<'a> {
    /// Spans still to come.
    spans: std::slice::Iter<'a, Span>,
    /// Whose time it is, and whose own lines are left out.
    window: Window,
    /// Where the spans to come start.
    start: usize,
}

impl<'a> Runs<'a> {
    /// All that is for whoever has this slot.
    fn new(round: &'a Round, slot: usize) -> Self {
        let throughout = Window { slot, from: 0, to: usize::MAX };
        let window = round.windows.iter().find(|window| window.slot == slot);
        Self { spans: round.spans.iter(), window: *window.unwrap_or(&throughout), start: 0 }
    }

    /// As slices of the whole, if at most two of them will do and they are most of it.
    fn slices(&self, whole: &Frame) -> Option<Parcel> {
        let mut runs = self.clone();
        let parts = [runs.next(), runs.next(), runs.next()];
        let enough = |bytes: usize| bytes * 2 >= whole.len();
        match parts {
            [None, ..] => Some(Parcel::Nothing),
            [Some(only), None, _] if enough(only.len()) => Some(Parcel::One(whole.slice(only))),
            [Some(first), Some(second), None] if enough(first.len() + second.len()) => {
                Some(Parcel::Two(whole.slice(first), whole.slice(second)))
            }
            _ => None,
        }
    }
}

impl Iterator for Runs<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let mut run = 0..0;
        for span in self.spans.by_ref() {
            let part = self.start.max(self.window.from)..span.end.min(self.window.to);
            self.start = span.end;
            if span.author != Some(self.window.slot) && !part.is_empty() {
                run = if run.is_empty() { part } else { run.start..part.end };
            } else if !run.is_empty() {
                break;
            }
        }
        if run.is_empty() { None } else { Some(run) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One step of a round: a line of an author or of nobody, an aside, somebody comes or goes.
    #[derive(Clone, Debug)]
    enum Step {
        Shared(Option<usize>, String),
        Aside(usize, String),
        Enter(usize),
        Leave(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let text = "[a-z]{1,12}";
        let step = prop_oneof![
            6 => (proptest::option::weighted(0.8, 0..8_usize), text)
                .prop_map(|(author, text)| Step::Shared(author, text)),
            1 => (0..5_usize, text).prop_map(|(to, text)| Step::Aside(to, text)),
            1 => (5..8_usize).prop_map(Step::Enter),
            1 => (0..8_usize).prop_map(Step::Leave),
        ];
        proptest::collection::vec(step, 0..24).prop_map(plausible)
    }

    /// The steps of people who are there: the first five are from the start, the others come once; whoever left
    /// does nothing more.
    fn plausible(steps: Vec<Step>) -> Vec<Step> {
        let mut here: Vec<_> = (0..8).map(|slot| slot < 5).collect();
        let mut gone = [false; 8];
        let possible = |step: &Step| match *step {
            Step::Shared(None, _) => true,
            Step::Shared(Some(slot), _) | Step::Aside(slot, _) => here[slot],
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

    fn round_of(steps: &[Step]) -> Round {
        let mut round = Round::default();
        for step in steps {
            match step {
                Step::Shared(author, text) => {
                    round.push_shared(*author, |out| out.extend_from_slice(text.as_bytes()));
                }
                Step::Aside(to, text) => {
                    round.push_aside(*to, |out| out.extend_from_slice(text.as_bytes()));
                }
                Step::Enter(slot) => round.enter(*slot),
                Step::Leave(slot) => round.leave(*slot),
            }
        }
        round
    }

    /// Whether somebody was in the room at any time.
    fn was_there(steps: &[Step], slot: usize) -> bool {
        slot < 5 || steps.iter().any(|step| matches!(step, Step::Enter(who) if *who == slot))
    }

    /// What somebody is to get, said plainly.
    fn model(steps: &[Step], slot: usize) -> String {
        let mut here = slot < 5;
        let mut due = String::new();
        for step in steps {
            match step {
                Step::Shared(author, text) if here && *author != Some(slot) => due += text,
                Step::Aside(to, text) if *to == slot => due += text,
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
        fn everybody_gets_what_is_not_his_own_and_his_asides_in_their_places(steps in steps()) {
            let (round, gauge) = (round_of(&steps), Gauge::new());
            let whole = round.frame(&gauge);
            let special: Vec<_> = round.special().collect();
            for slot in (0..8).filter(|&slot| was_there(&steps, slot)) {
                let expected = model(&steps, slot);
                let got = bytes(&round.parcel(slot, &whole, &gauge));
                prop_assert_eq!(String::from_utf8(got).unwrap(), expected.as_str());
                if slot < 5 && !special.contains(&slot) {
                    prop_assert_eq!(whole.as_ref(), expected.as_bytes());
                }
            }
        }

        #[test]
        fn nobody_keeps_much_more_alive_than_he_is_owed(steps in steps()) {
            let (round, gauge) = (round_of(&steps), Gauge::new());
            for slot in (0..8).filter(|&slot| was_there(&steps, slot)) {
                let parcel = round.parcel(slot, &round.frame(&gauge), &gauge);
                let owed = bytes(&parcel).len();
                prop_assert!(gauge.bytes() <= 2 * owed, "{} for {owed}", gauge.bytes());
            }
        }
    }

    #[test]
    fn an_author_of_one_stretch_gets_slices_of_the_shared_buffer() {
        let gauge = Gauge::new();
        let steps = [(None, "before"), (Some(1), "own"), (None, "behind")];
        let steps = steps.map(|(author, text)| Step::Shared(author, text.to_owned()));
        let round = round_of(&steps);
        let whole = round.frame(&gauge);
        let alive = gauge.bytes();
        assert!(matches!(round.parcel(1, &whole, &gauge), Parcel::Two(..)));
        assert_eq!(gauge.bytes(), alive);
    }
}
