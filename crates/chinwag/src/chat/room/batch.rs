//! One batch of the broker in one room: the lines of some events, put together for everybody at once.
//!
//! ```text
//!   view      │ bob: hi │ ann: yes │ ann: no │ * cy joined │ eve: so │      one buffer for each view, encoded once
//!   spans       bob       ann ─────────────    cy            eve           whose own lines they are: not for them
//!   order       1         2, 3                 5             6             their place among all lines of the server
//!   direct line                         ▲ 4, for ann: "! unknown command"  the server's, for one alone
//!   presences                                  cy ───────────────────►     who came or left in between
//!
//!   everybody else   the whole buffer of their view, as one frame
//!   bob              what follows their span, a slice of the same buffer
//!   ann              a buffer of their own, for there is a direct line in it
//!   cy               their welcome, a direct line, and what follows their own join
//! ```
//!
//! Users are slots of the table here, and keep them for the time of a batch. Users who get something from several rooms,
//! or direct lines, get all of it by order number: the order in which it happened. A line that is for all who share one of
//! several rooms, a rename, has the same order number in each of them, and so is found and given once.

use crate::chat::event::ClientId;
use crate::chat::scan_steps;
use crate::chat::user_slot::UserSlot;
use crate::limits::{BATCH_BYTES, FRAME_OVERHEAD, IDLE_BUFFER_BYTES, SPARE_BUFFERS};
use crate::outbound::frame::{ByteCounter, Frame};
use crate::protocol::view::View;
use std::mem;
use std::ops::Range;

/// Spans and direct lines that an empty list keeps room for; more than that are a join storm.
const KEPT_ENTRIES: usize = 64;

/// Whose lines some are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineSource {
    /// Who does not get them, because they are their own.
    pub author: Option<UserSlot>,
    /// Their id, if there are users who do not want to read their words, and these are words of theirs.
    pub ignorable: Option<ClientId>,
    /// Whether the line is one for several rooms, with the same order number in each: the user who reads several of them gets it
    /// once.
    pub is_in_several_rooms: bool,
}

/// Lines of one source, one behind the other in each layer.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// Whose they are.
    source: LineSource,
    /// The order number of its first line.
    first: u32,
    /// The order number of its last line; those between are its own, too.
    last: u32,
}

impl Span {
    /// Whether a line of this source and order number may stand in it, too. One that stands in several rooms stands alone, so
    /// that it can be told from all others by its order number.
    fn can_extend(&self, source: LineSource, order: u32) -> bool {
        self.source == source && self.last + 1 == order && !source.is_in_several_rooms
    }
}

/// The lines of a batch as they look in one view.
#[derive(Debug, Default)]
struct EncodedView {
    /// The lines.
    bytes: Vec<u8>,
    /// Where each span ends; it starts where the one before ends. Spans from after the last receiver with this view
    /// may be missing.
    ends: Vec<u32>,
    /// All of it as one frame, once it was asked for.
    whole: Option<Frame>,
}

impl EncodedView {
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

/// The part of a batch in which a user was in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Presence {
    /// Who.
    slot: UserSlot,
    /// The first span that is for them.
    from: usize,
    /// The first span that is not for them any more.
    to: usize,
}

/// The user who gets a part of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipient<'a> {
    /// Who.
    pub slot: UserSlot,
    /// How lines of this room look to them.
    pub view: View,
    /// Whose words they do not want.
    pub ignores: &'a [ClientId],
}

/// What one user gets of a batch, if they are not like everybody else.
#[derive(Debug)]
pub(crate) enum RecipientFrames {
    /// Nothing.
    None,
    /// One frame.
    One(Frame),
    /// Two frames.
    Two(Frame, Frame),
}

impl RecipientFrames {
    /// What its receiver is charged for it.
    pub(crate) fn charged_bytes(&self) -> u64 {
        let charge = |frame: &Frame| (frame.len() + FRAME_OVERHEAD) as u64;
        match self {
            Self::None => 0,
            Self::One(frame) => charge(frame),
            Self::Two(first, second) => charge(first) + charge(second),
        }
    }
}

/// Some bytes for one user, and the order number of the first line in them.
pub(crate) type Piece<'a> = (u32, &'a [u8]);

/// Buffers that no batch uses at the moment. All rooms take theirs from here and give them back when the batch is over, so that
/// a room that is silent has none, and it costs as many as ever were in use at once, [`SPARE_BUFFERS`] at most.
#[derive(Debug, Default)]
pub(crate) struct BufferPool {
    /// For the lines in one view; the one used last is taken first.
    #[expect(clippy::vec_box, reason = "rounds take the box itself: nothing is allocated")]
    views: Vec<Box<EncodedView>>,
    /// For spans.
    spans: Vec<Vec<Span>>,
}

impl BufferPool {
    /// A buffer for the lines in one view.
    fn take_view(&mut self) -> Box<EncodedView> {
        self.views.pop().unwrap_or_default()
    }

    /// A list for spans.
    fn take_spans(&mut self) -> Vec<Span> {
        self.spans.pop().unwrap_or_default()
    }

    /// Takes a buffer back. What one extraordinary batch has blown up shrinks.
    fn return_view(&mut self, mut view_bytes: Box<EncodedView>) {
        view_bytes.whole = None;
        if self.views.len() >= SPARE_BUFFERS {
            return;
        }
        view_bytes.bytes.clear();
        view_bytes.bytes.shrink_to(2 * BATCH_BYTES);
        view_bytes.ends.clear();
        view_bytes.ends.shrink_to(KEPT_ENTRIES);
        self.views.push(view_bytes);
    }

    /// Takes a list back.
    fn return_spans(&mut self, mut spans: Vec<Span>) {
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
        self.views.iter().map(|view_bytes| view_bytes.bytes.capacity()).sum()
    }

    /// Nothing is going on: keeps what a calm room needs.
    pub(crate) fn shrink_buffers(&mut self) {
        self.views.truncate(1);
        self.views.iter_mut().for_each(|view_bytes| view_bytes.bytes.shrink_to(IDLE_BUFFER_BYTES));
        self.views.shrink_to_fit();
        self.spans.truncate(1);
        self.spans.shrink_to_fit();
    }
}

/// The lines of one batch in one room (see the module docs). Between batches it has no memory but its own.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Whose lines there are.
    spans: Vec<Span>,
    /// Whether the last span must not grow, because a window begins or ends behind it.
    sealed: bool,
    /// The lines in each view that a user has.
    views: [Option<Box<EncodedView>>; View::COUNT],
    /// When those were in the room who were not in it throughout.
    presences: Vec<Presence>,
}

impl Batch {
    /// A user comes in here: what was said before is not for them.
    pub(crate) fn enter(&mut self, slot: UserSlot) {
        self.sealed = true;
        self.presences.push(Presence { slot, from: self.spans.len(), to: usize::MAX });
    }

    /// A user leaves here: what is said from now on is not for them.
    pub(crate) fn leave(&mut self, slot: UserSlot) {
        self.sealed = true;
        let to = self.spans.len();
        match self.presences.iter_mut().find(|presence| presence.slot == slot) {
            Some(presence) => presence.to = to,
            None => self.presences.push(Presence { slot, from: 0, to }),
        }
    }

    /// Adds a line, in each view that has viewers. `encode` appends its bytes in a view. Says how long it is in the
    /// view in which it is longest.
    pub(crate) fn push(
        &mut self,
        source: LineSource,
        order: u32,
        view_counts: &[u32; View::COUNT],
        pool: &mut BufferPool,
        encode: impl Fn(View, &mut Vec<u8>),
    ) -> usize {
        if self.spans.capacity() == 0 {
            self.spans = pool.take_spans();
        }
        match self.spans.last_mut() {
            Some(span) if span.can_extend(source, order) && !self.sealed => span.last = order,
            _ => self.spans.push(Span { source, first: order, last: order }),
        }
        self.sealed = false;
        let mut longest = 0;
        for (index, view_bytes) in self.views.iter_mut().enumerate() {
            if view_counts[index] == 0 {
                continue;
            }
            let view_bytes = view_bytes.get_or_insert_with(|| pool.take_view());
            let before = view_bytes.bytes.len();
            encode(View::from_index(index), &mut view_bytes.bytes);
            // Spans of a time without viewers are empty in this view.
            view_bytes.ends.resize(self.spans.len(), before as u32);
            let end =
                u32::try_from(view_bytes.bytes.len()).expect("a round is far smaller than 4 GiB");
            if let Some(last) = view_bytes.ends.last_mut() {
                *last = end;
            }
            longest = longest.max(view_bytes.bytes.len() - before);
        }
        longest
    }

    /// Whether nothing was said in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The frame for everybody with this view who gets all of it. `None` if that is nothing.
    pub(crate) fn whole_frame(&mut self, view: View, frame_bytes: &ByteCounter) -> Option<&Frame> {
        let view_bytes = self.views[view.index()].as_mut()?;
        if view_bytes.whole.is_none() && !view_bytes.bytes.is_empty() {
            view_bytes.whole = Some(Frame::new(&view_bytes.bytes, frame_bytes));
        }
        view_bytes.whole.as_ref()
    }

    /// What a user gets who gets it from this room alone, as one or two slices of the whole, if they are most of it:
    /// a few bytes pending for a slow reader must not keep a whole batch alive.
    pub(crate) fn slices(
        &mut self,
        recipient: &Recipient<'_>,
        frame_bytes: &ByteCounter,
    ) -> Option<RecipientFrames> {
        let Some(view_bytes) = &self.views[recipient.view.index()] else {
            return Some(RecipientFrames::None);
        };
        let mut runs = Runs::new(self, view_bytes, recipient).filter(|(_, run)| !run.is_empty());
        let parts = [runs.next(), runs.next(), runs.next()].map(|run| run.map(|(_, run)| run));
        let length = view_bytes.bytes.len();
        let enough = |bytes: usize| bytes * 2 >= length;
        let mut slice =
            |run| self.whole_frame(recipient.view, frame_bytes).map(|whole| whole.slice(run));
        match parts {
            [None, ..] => Some(RecipientFrames::None),
            [Some(only), None, _] if enough(only.len()) => slice(only).map(RecipientFrames::One),
            [Some(first), Some(second), None] if enough(first.len() + second.len()) => {
                Some(RecipientFrames::Two(slice(first)?, slice(second)?))
            }
            _ => None,
        }
    }

    /// Adds what is for a user, in order.
    pub(crate) fn pieces<'a>(&'a self, recipient: &Recipient<'a>, pieces: &mut Vec<Piece<'a>>) {
        let Some(view_bytes) = &self.views[recipient.view.index()] else { return };
        let spans = Spans::new(self, recipient);
        pieces.extend(
            spans.map(|at| (self.spans[at].first, &view_bytes.bytes[view_bytes.range(at)])),
        );
    }

    /// Makes it empty, and gives its buffers back.
    pub(crate) fn clear(&mut self, pool: &mut BufferPool) {
        pool.return_spans(mem::take(&mut self.spans));
        self.presences = Vec::new();
        self.sealed = false;
        self.views
            .iter_mut()
            .filter_map(Option::take)
            .for_each(|view_bytes| pool.return_view(view_bytes));
    }
}

/// The spans that are for a user: not their own, not of those whose words they do not want, and of their time.
#[derive(Clone, Debug)]
struct Spans<'a> {
    /// Of this batch.
    batch: &'a Batch,
    /// Whose spans.
    recipient: Recipient<'a>,
    /// Those of their time that were not looked at yet.
    rest: Range<usize>,
}

impl<'a> Spans<'a> {
    /// All of them.
    fn new(batch: &'a Batch, recipient: &Recipient<'a>) -> Self {
        let presence = batch.presences.iter().find(|presence| presence.slot == recipient.slot);
        let all = batch.spans.len();
        let rest = presence.map_or(0..all, |presence| presence.from..presence.to.min(all));
        Self { batch, recipient: *recipient, rest }
    }
}

impl Iterator for Spans<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let Self { batch, recipient, rest } = self;
        rest.find(|&at| {
            let LineSource { author, ignorable, .. } = batch.spans[at].source;
            author != Some(recipient.slot)
                && ignorable.is_none_or(|id| !recipient.ignores.contains(&id))
        })
    }
}

/// Stretches of a layer for a user, as long as they come, each with the order number of its first line.
#[derive(Clone, Debug)]
struct Runs<'a> {
    /// The spans in them.
    spans: std::iter::Peekable<Spans<'a>>,
    /// Where they are.
    view_bytes: &'a EncodedView,
}

impl<'a> Runs<'a> {
    /// All that is for a user.
    fn new(batch: &'a Batch, view_bytes: &'a EncodedView, recipient: &Recipient<'a>) -> Self {
        Self { spans: Spans::new(batch, recipient).peekable(), view_bytes }
    }
}

impl Iterator for Runs<'_> {
    type Item = (usize, Range<usize>);

    fn next(&mut self) -> Option<(usize, Range<usize>)> {
        let at = self.spans.next()?;
        let mut run = self.view_bytes.range(at);
        // Spans that are empty in this view lie between others without parting them.
        while let Some(&next) = self.spans.peek()
            && (self.view_bytes.range(next).start == run.end)
        {
            run.end = self.view_bytes.range(next).end;
            self.spans.next();
        }
        Some((at, run))
    }
}

/// A line for one user alone.
#[derive(Clone, Debug)]
struct DirectLine {
    /// Who gets it.
    to: UserSlot,
    /// Its place among all lines of the server.
    order: u32,
    /// Where its bytes are.
    bytes: Range<usize>,
}

/// The lines of a batch that are for one user alone, whatever room they are in.
#[derive(Debug, Default)]
pub(crate) struct DirectLines {
    /// All of them, encoded.
    bytes: Vec<u8>,
    /// Whose they are and where they stand: by order number, or by whose they are once they are sorted.
    direct_lines: Vec<DirectLine>,
    /// Whether they are sorted by whose they are.
    is_sorted: bool,
}

impl DirectLines {
    /// Adds a line for one user. `encode` appends its bytes. Says how long it is.
    pub(crate) fn push(
        &mut self,
        to: UserSlot,
        order: u32,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> usize {
        let start = self.bytes.len();
        encode(&mut self.bytes);
        let bytes = start..self.bytes.len();
        let length = bytes.len();
        self.direct_lines.push(DirectLine { to, order, bytes });
        self.is_sorted = false;
        length
    }

    /// Sorts them by whose they are, so that those of one user are found without a look at all the others'.
    pub(crate) fn sort(&mut self) {
        self.direct_lines.sort_unstable_by_key(|aside| (aside.to, aside.order));
        self.is_sorted = true;
    }

    /// Those of one user, in order.
    fn of(&self, slot: UserSlot) -> &[DirectLine] {
        debug_assert!(
            self.is_sorted || self.direct_lines.is_empty(),
            "they are sorted before they are handed out"
        );
        let from = self.direct_lines.partition_point(|aside| aside.to < slot);
        let rest = &self.direct_lines[from..];
        let theirs = &rest[..rest.partition_point(|aside| aside.to == slot)];
        scan_steps::count(theirs.len());
        theirs
    }

    /// Whether there is one for a user.
    pub(crate) fn has(&self, slot: UserSlot) -> bool {
        !self.of(slot).is_empty()
    }

    /// Adds those for a user, in order.
    pub(crate) fn pieces<'a>(&'a self, slot: UserSlot, pieces: &mut Vec<Piece<'a>>) {
        let theirs = self.of(slot).iter();
        pieces.extend(theirs.map(|aside| (aside.order, &self.bytes[aside.bytes.clone()])));
    }

    /// Forgets them. What one extraordinary batch has blown up is given back.
    pub(crate) fn clear(&mut self) {
        self.direct_lines.clear();
        self.direct_lines.shrink_to(KEPT_ENTRIES);
        self.bytes.clear();
        self.bytes.shrink_to(2 * BATCH_BYTES);
    }

    /// Nothing is going on: keeps what a calm room needs.
    pub(crate) fn shrink_buffers(&mut self) {
        self.bytes.shrink_to(IDLE_BUFFER_BYTES);
    }
}

/// All pieces for one user as one frame, by order number. Of those with the same order number, a line that stands in
/// several rooms, the last is taken: that of the current room, if the pieces come in the order of a user's rooms.
pub(crate) fn concat(mut pieces: Vec<Piece<'_>>, frame_bytes: &ByteCounter) -> RecipientFrames {
    pieces.sort_by_key(|&(order, _)| order);
    pieces.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        if is_same {
            *kept = *later;
        }
        is_same
    });
    let mut bytes = Vec::with_capacity(pieces.iter().map(|(_, piece)| piece.len()).sum());
    pieces.iter().for_each(|(_, piece)| bytes.extend_from_slice(piece));
    if bytes.is_empty() {
        RecipientFrames::None
    } else {
        RecipientFrames::One(Frame::new(&bytes, frame_bytes))
    }
}

#[cfg(test)]
mod tests;
