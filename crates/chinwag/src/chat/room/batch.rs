//! One round of the broker in one room: the lines of some events, put together for everybody at once.
//!
//! ```text
//!   layer     │ bob: hi │ ann: yes │ ann: no │ * cy joined │ eve: so │      one buffer for each view, encoded once
//!   spans       bob       ann ─────────────    cy            eve           whose own lines they are: not for him
//!   stamps      1         2, 3                 5             6             their place among all lines of the house
//!   asides                              ▲ 4, for ann: "! unknown command"  the house's, for one alone
//!   windows                                    cy ───────────────────►     who came or left in between
//!
//!   everybody else   the whole buffer of his view, as one frame
//!   bob              what stands behind his span, a slice of the same buffer
//!   ann              a buffer of her own, for there is an aside in it
//!   cy               his welcome, an aside, and what stands behind his own join
//! ```
//!
//! People are slots of the roster here, and keep them for the time of a round. Whoever gets something from several rooms,
//! or asides, gets all of it in the order of the stamps: the order in which it happened. A line that is for all who share one of
//! several rooms, a rename, has the same stamp in each of them, and so is found and given once.

use crate::chat::event::ClientId;
use crate::chat::scan_steps;
use crate::limits::{BATCH_BYTES, FRAME_OVERHEAD, IDLE_BUFFER_BYTES, SPARE_BUFFERS};
use crate::outbound::frame::{Frame, Gauge};
use crate::protocol::view::View;
use std::mem;
use std::ops::Range;

/// Spans and asides that an empty list keeps room for; more than that are a crowd that comes or leaves.
const KEPT_ENTRIES: usize = 64;

/// Whose lines some are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    /// Who does not get them, because they are his own.
    pub author: Option<usize>,
    /// His id, if there are people who do not want to read his words, and these are words of his.
    pub shunned: Option<ClientId>,
    /// Whether the line is one for several rooms, with the same stamp in each: whoever reads several of them gets it once.
    pub is_everywhere: bool,
}

/// Lines of one source, one behind the other in each layer.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// Whose they are.
    source: Source,
    /// The stamp of its first line.
    first: u32,
    /// The stamp of its last line; those between are its own, too.
    last: u32,
}

impl Span {
    /// Whether a line of this source and stamp may stand in it, too. One that stands in several rooms stands alone, so that
    /// it can be told from all others by its stamp.
    fn may_grow(&self, source: Source, stamp: u32) -> bool {
        self.source == source && self.last + 1 == stamp && !source.is_everywhere
    }
}

/// The lines of a round as they look in one view.
#[derive(Debug, Default)]
struct Layer {
    /// The lines.
    bytes: Vec<u8>,
    /// Where each span ends; it starts where the one before ends. Spans from after the last receiver with this view
    /// may be missing.
    ends: Vec<u32>,
    /// All of it as one frame, once it was asked for.
    whole: Option<Frame>,
}

impl Layer {
    /// Where the bytes of this span are.
    fn range(&self, span: usize) -> Range<usize> {
        let start = if span == 0 { 0 } else { self.end(span - 1) };
        start..self.end(span)
    }

    /// Where this span ends.
    fn end(&self, span: usize) -> usize {
        self.ends.get(span).map_or(self.bytes.len(), |&end| end as usize)
    }
}

/// The part of a round in which somebody was in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    /// Who.
    slot: usize,
    /// The first span that is for him.
    from: usize,
    /// The first span that is not for him any more.
    to: usize,
}

/// Whoever gets a part of a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    /// Who.
    pub slot: usize,
    /// How lines of this room look to him.
    pub view: View,
    /// Whose words he does not want.
    pub ignores: &'a [ClientId],
}

/// What one person gets of a round, if he is not like everybody else.
#[derive(Debug)]
pub(crate) enum Parcel {
    /// Nothing.
    Nothing,
    /// One frame.
    One(Frame),
    /// Two frames.
    Two(Frame, Frame),
}

impl Parcel {
    /// What its receiver is charged for it.
    pub(crate) fn charge(&self) -> u64 {
        let charge = |frame: &Frame| (frame.len() + FRAME_OVERHEAD) as u64;
        match self {
            Self::Nothing => 0,
            Self::One(frame) => charge(frame),
            Self::Two(first, second) => charge(first) + charge(second),
        }
    }
}

/// Some bytes for one person, and the stamp of the first line in them.
pub(crate) type Piece<'a> = (u32, &'a [u8]);

/// Buffers that no round uses at the moment. All rooms take theirs from here and give them back when the round is over, so that
/// a room that is silent has none, and it costs as many as ever were in use at once, [`SPARE_BUFFERS`] at most.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    /// For the lines in one view; the one used last is taken first.
    #[expect(clippy::vec_box, reason = "rounds take the box itself: nothing is allocated")]
    layers: Vec<Box<Layer>>,
    /// For spans.
    spans: Vec<Vec<Span>>,
}

impl Spare {
    /// A buffer for the lines in one view.
    fn layer(&mut self) -> Box<Layer> {
        self.layers.pop().unwrap_or_default()
    }

    /// A list for spans.
    fn spans(&mut self) -> Vec<Span> {
        self.spans.pop().unwrap_or_default()
    }

    /// Takes a buffer back. What one extraordinary round has blown up shrinks.
    fn keep_layer(&mut self, mut layer: Box<Layer>) {
        layer.whole = None;
        if self.layers.len() >= SPARE_BUFFERS {
            return;
        }
        layer.bytes.clear();
        layer.bytes.shrink_to(2 * BATCH_BYTES);
        layer.ends.clear();
        layer.ends.shrink_to(KEPT_ENTRIES);
        self.layers.push(layer);
    }

    /// Takes a list back.
    fn keep_spans(&mut self, mut spans: Vec<Span>) {
        if self.spans.len() >= SPARE_BUFFERS || spans.capacity() == 0 {
            return;
        }
        spans.clear();
        spans.shrink_to(KEPT_ENTRIES);
        self.spans.push(spans);
    }

    /// Bytes that are kept for lines.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.layers.iter().map(|layer| layer.bytes.capacity()).sum()
    }

    /// Nothing is going on: keeps what a calm room needs.
    pub(crate) fn rest(&mut self) {
        self.layers.truncate(1);
        self.layers.iter_mut().for_each(|layer| layer.bytes.shrink_to(IDLE_BUFFER_BYTES));
        self.layers.shrink_to_fit();
        self.spans.truncate(1);
        self.spans.shrink_to_fit();
    }
}

/// The lines of one round in one room (see the module's words). Between rounds it has no memory but its own.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// Whose lines there are.
    spans: Vec<Span>,
    /// Whether the last span must not grow, because a window begins or ends behind it.
    is_sealed: bool,
    /// The lines in each view that somebody has.
    layers: [Option<Box<Layer>>; View::COUNT],
    /// When those were in the room who were not in it throughout.
    windows: Vec<Window>,
}

impl Round {
    /// Somebody comes in here: what was said before is not for him.
    pub(crate) fn enter(&mut self, slot: usize) {
        self.is_sealed = true;
        self.windows.push(Window { slot, from: self.spans.len(), to: usize::MAX });
    }

    /// Somebody leaves here: what is said from now on is not for him.
    pub(crate) fn leave(&mut self, slot: usize) {
        self.is_sealed = true;
        let to = self.spans.len();
        match self.windows.iter_mut().find(|window| window.slot == slot) {
            Some(window) => window.to = to,
            None => self.windows.push(Window { slot, from: 0, to }),
        }
    }

    /// Adds a line, in each view that has viewers. `encode` appends its bytes in a view. Says how long it is in the
    /// view in which it is longest.
    pub(crate) fn push(
        &mut self,
        source: Source,
        stamp: u32,
        viewers: &[u32; View::COUNT],
        spare: &mut Spare,
        encode: impl Fn(View, &mut Vec<u8>),
    ) -> usize {
        if self.spans.capacity() == 0 {
            self.spans = spare.spans();
        }
        match self.spans.last_mut() {
            Some(span) if span.may_grow(source, stamp) && !self.is_sealed => span.last = stamp,
            _ => self.spans.push(Span { source, first: stamp, last: stamp }),
        }
        self.is_sealed = false;
        let mut longest = 0;
        for (index, layer) in self.layers.iter_mut().enumerate() {
            if viewers[index] == 0 {
                continue;
            }
            let layer = layer.get_or_insert_with(|| spare.layer());
            let before = layer.bytes.len();
            encode(View::at(index), &mut layer.bytes);
            // Spans of a time without viewers are empty in this view.
            layer.ends.resize(self.spans.len(), before as u32);
            let end = u32::try_from(layer.bytes.len()).expect("a round is far smaller than 4 GiB");
            if let Some(last) = layer.ends.last_mut() {
                *last = end;
            }
            longest = longest.max(layer.bytes.len() - before);
        }
        longest
    }

    /// Whether nothing was said in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The frame for everybody with this view who gets all of it. `None` if that is nothing.
    pub(crate) fn whole(&mut self, view: View, gauge: &Gauge) -> Option<&Frame> {
        let layer = self.layers[view.index()].as_mut()?;
        if layer.whole.is_none() && !layer.bytes.is_empty() {
            layer.whole = Some(Frame::new(&layer.bytes, gauge));
        }
        layer.whole.as_ref()
    }

    /// What somebody gets who gets it from this room alone, as one or two slices of the whole, if they are most of it:
    /// a few bytes owed to a slow reader must not keep a whole round alive.
    pub(crate) fn slices(&mut self, reader: &Reader<'_>, gauge: &Gauge) -> Option<Parcel> {
        let Some(layer) = &self.layers[reader.view.index()] else { return Some(Parcel::Nothing) };
        let mut runs = Runs::new(self, layer, reader).filter(|(_, run)| !run.is_empty());
        let parts = [runs.next(), runs.next(), runs.next()].map(|run| run.map(|(_, run)| run));
        let length = layer.bytes.len();
        let enough = |bytes: usize| bytes * 2 >= length;
        let mut cut = |run| self.whole(reader.view, gauge).map(|whole| whole.slice(run));
        match parts {
            [None, ..] => Some(Parcel::Nothing),
            [Some(only), None, _] if enough(only.len()) => cut(only).map(Parcel::One),
            [Some(first), Some(second), None] if enough(first.len() + second.len()) => {
                Some(Parcel::Two(cut(first)?, cut(second)?))
            }
            _ => None,
        }
    }

    /// Adds what is for somebody, in order.
    pub(crate) fn pieces<'a>(&'a self, reader: &Reader<'a>, pieces: &mut Vec<Piece<'a>>) {
        let Some(layer) = &self.layers[reader.view.index()] else { return };
        let spans = Spans::new(self, reader);
        pieces.extend(spans.map(|at| (self.spans[at].first, &layer.bytes[layer.range(at)])));
    }

    /// Makes it empty, and gives its buffers back.
    pub(crate) fn clear(&mut self, spare: &mut Spare) {
        spare.keep_spans(mem::take(&mut self.spans));
        self.windows = Vec::new();
        self.is_sealed = false;
        self.layers.iter_mut().filter_map(Option::take).for_each(|layer| spare.keep_layer(layer));
    }
}

/// The spans that are for somebody: not his own, not of those whose words he does not want, and of his time.
#[derive(Clone, Debug)]
struct Spans<'a> {
    /// Of this round.
    round: &'a Round,
    /// Whose spans.
    reader: Reader<'a>,
    /// Those of his time that were not looked at yet.
    rest: Range<usize>,
}

impl<'a> Spans<'a> {
    /// All of them.
    fn new(round: &'a Round, reader: &Reader<'a>) -> Self {
        let window = round.windows.iter().find(|window| window.slot == reader.slot);
        let all = round.spans.len();
        let rest = window.map_or(0..all, |window| window.from..window.to.min(all));
        Self { round, reader: *reader, rest }
    }
}

impl Iterator for Spans<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let Self { round, reader, rest } = self;
        rest.find(|&at| {
            let Source { author, shunned, .. } = round.spans[at].source;
            author != Some(reader.slot) && shunned.is_none_or(|id| !reader.ignores.contains(&id))
        })
    }
}

/// Stretches of a layer for somebody, as long as they come, each with the stamp of its first line.
#[derive(Clone, Debug)]
struct Runs<'a> {
    /// The spans in them.
    spans: std::iter::Peekable<Spans<'a>>,
    /// Where they are.
    layer: &'a Layer,
}

impl<'a> Runs<'a> {
    /// All that is for somebody.
    fn new(round: &'a Round, layer: &'a Layer, reader: &Reader<'a>) -> Self {
        Self { spans: Spans::new(round, reader).peekable(), layer }
    }
}

impl Iterator for Runs<'_> {
    type Item = (usize, Range<usize>);

    fn next(&mut self) -> Option<(usize, Range<usize>)> {
        let at = self.spans.next()?;
        let mut run = self.layer.range(at);
        // Spans that are empty in this view lie between others without parting them.
        while let Some(&next) = self.spans.peek()
            && (self.layer.range(next).start == run.end)
        {
            run.end = self.layer.range(next).end;
            self.spans.next();
        }
        Some((at, run))
    }
}

/// A line for one person alone.
#[derive(Clone, Debug)]
struct Aside {
    /// Who gets it.
    to: usize,
    /// Its place among all lines of the house.
    stamp: u32,
    /// Where its bytes are.
    bytes: Range<usize>,
}

/// The lines of a round that are for one person alone, whatever room he is in.
#[derive(Debug, Default)]
pub(crate) struct Asides {
    /// All of them, encoded.
    bytes: Vec<u8>,
    /// Whose they are and where they stand: in the order of the stamps, or by whose they are once they are sorted.
    asides: Vec<Aside>,
    /// Whether they are sorted by whose they are.
    is_sorted: bool,
}

impl Asides {
    /// Adds a line for one person. `encode` appends its bytes. Says how long it is.
    pub(crate) fn push(
        &mut self,
        to: usize,
        stamp: u32,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> usize {
        let start = self.bytes.len();
        encode(&mut self.bytes);
        let bytes = start..self.bytes.len();
        let length = bytes.len();
        self.asides.push(Aside { to, stamp, bytes });
        self.is_sorted = false;
        length
    }

    /// Sorts them by whose they are, so that those of one person are found without a look at all the others'.
    pub(crate) fn sort(&mut self) {
        self.asides.sort_unstable_by_key(|aside| (aside.to, aside.stamp));
        self.is_sorted = true;
    }

    /// Those of one person, in order.
    fn of(&self, slot: usize) -> &[Aside] {
        debug_assert!(
            self.is_sorted || self.asides.is_empty(),
            "they are sorted before they are handed out"
        );
        let from = self.asides.partition_point(|aside| aside.to < slot);
        let rest = &self.asides[from..];
        let theirs = &rest[..rest.partition_point(|aside| aside.to == slot)];
        scan_steps::count(theirs.len());
        theirs
    }

    /// Whether there is one for somebody.
    pub(crate) fn has(&self, slot: usize) -> bool {
        !self.of(slot).is_empty()
    }

    /// Adds those for somebody, in order.
    pub(crate) fn pieces<'a>(&'a self, slot: usize, pieces: &mut Vec<Piece<'a>>) {
        let theirs = self.of(slot).iter();
        pieces.extend(theirs.map(|aside| (aside.stamp, &self.bytes[aside.bytes.clone()])));
    }

    /// Forgets them. What one extraordinary round has blown up is given back.
    pub(crate) fn clear(&mut self) {
        self.asides.clear();
        self.asides.shrink_to(KEPT_ENTRIES);
        self.bytes.clear();
        self.bytes.shrink_to(2 * BATCH_BYTES);
    }

    /// Nothing is going on: keeps what a calm room needs.
    pub(crate) fn rest(&mut self) {
        self.bytes.shrink_to(IDLE_BUFFER_BYTES);
    }
}

/// All pieces for one person as one frame, in the order of their stamps. Of those with the same stamp, a line that stands in
/// several rooms, the last is taken: that of the current room, if the pieces come in the order of a person's rooms.
pub(crate) fn joined(mut pieces: Vec<Piece<'_>>, gauge: &Gauge) -> Parcel {
    pieces.sort_by_key(|&(stamp, _)| stamp);
    pieces.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        if is_same {
            *kept = *later;
        }
        is_same
    });
    let mut bytes = Vec::with_capacity(pieces.iter().map(|(_, piece)| piece.len()).sum());
    pieces.iter().for_each(|(_, piece)| bytes.extend_from_slice(piece));
    if bytes.is_empty() { Parcel::Nothing } else { Parcel::One(Frame::new(&bytes, gauge)) }
}

#[cfg(test)]
mod tests;
