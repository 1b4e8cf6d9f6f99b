//! What the broker has done, where others can read it while it runs.
//!
//! The broker writes once a round, everybody else reads at any time. Relaxed for all: each number stands alone, and whoever
//! reads two of them may see one of this round and one of the last.

use crate::outbound::latency::Latencies;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// What the broker has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// People in the house now.
    pub people: usize,
    /// Rooms that are there now.
    pub rooms: usize,
    /// People who have come.
    pub joins: u64,
    /// People who have left by themselves.
    pub leaves: u64,
    /// Lines for rooms: what was said, and the server's announcements.
    pub lines: u64,
    /// Frames handed to inboxes.
    pub frames: u64,
    /// People cut because they were owed more than the hard bound.
    pub cut_past_hard: u64,
    /// People cut because they took nothing.
    pub cut_stalled: u64,
    /// People cut because all frames together had grown too large.
    pub cut_for_memory: u64,
    /// Times that a room began to wait.
    pub pauses: u64,
    /// People whose connections were ended by order.
    pub cut_kicked: u64,
    /// People cut because they were banned.
    pub cut_banned: u64,
    /// People who were not let in because they are banned.
    pub banned: u64,
}

impl Metrics {
    /// Nothing done yet.
    pub const NONE: Self = Self {
        people: 0,
        rooms: 0,
        joins: 0,
        leaves: 0,
        lines: 0,
        frames: 0,
        cut_past_hard: 0,
        cut_stalled: 0,
        cut_for_memory: 0,
        pauses: 0,
        cut_kicked: 0,
        cut_banned: 0,
        banned: 0,
    };

    /// Each number as a word, for publishing.
    pub const fn words(&self) -> [u64; 13] {
        let Self { joins, leaves, lines, frames, pauses, cut_kicked, cut_banned, banned, .. } =
            *self;
        let Self { cut_past_hard, cut_stalled, cut_for_memory, .. } = *self;
        let (people, rooms) = (self.people as u64, self.rooms as u64);
        [
            people,
            rooms,
            joins,
            leaves,
            lines,
            frames,
            cut_past_hard,
            cut_stalled,
            cut_for_memory,
            pauses,
            cut_kicked,
            cut_banned,
            banned,
        ]
    }

    /// The numbers of such words.
    pub const fn of_words(words: [u64; 13]) -> Self {
        let [people, rooms, joins, leaves, lines, frames, cut_past_hard, cut_stalled, rest @ ..] =
            words;
        let ([cut_for_memory, pauses, cut_kicked, cut_banned, banned], people) =
            (rest, people as usize);
        let rooms = rooms as usize;
        Self {
            people,
            rooms,
            joins,
            leaves,
            lines,
            frames,
            cut_past_hard,
            cut_stalled,
            cut_for_memory,
            pauses,
            cut_kicked,
            cut_banned,
            banned,
        }
    }
}

/// How many numbers a broker publishes.
const WORDS: usize = Metrics::NONE.words().len();

/// The numbers of one broker.
#[derive(Debug, Default)]
pub struct Published {
    /// Its metrics, one a word. Only the broker writes.
    words: [AtomicU64; WORDS],
    /// Bytes of all frames that anybody waits for. Only the broker writes.
    living: AtomicU64,
    /// How long lines took from being read to being written.
    latencies: Arc<Latencies>,
}

impl Published {
    /// Writes down how things are.
    #[inline]
    pub(crate) fn write(&self, metrics: &Metrics, living: usize) {
        for (word, now) in self.words.iter().zip(metrics.words()) {
            word.store(now, Relaxed);
        }
        self.living.store(living as u64, Relaxed);
    }

    /// How things were at the end of the latest round.
    pub fn metrics(&self) -> Metrics {
        Metrics::of_words(std::array::from_fn(|at| self.words[at].load(Relaxed)))
    }

    /// Bytes of all frames that anybody waited for then.
    pub fn living_bytes(&self) -> u64 {
        self.living.load(Relaxed)
    }

    /// How long lines took.
    pub fn latencies(&self) -> &Arc<Latencies> {
        &self.latencies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let published = Published::default();
        let words = std::array::from_fn(|at| at as u64 + 1);
        let metrics = Metrics::of_words(words);
        assert_eq!(metrics.words(), words, "each number has its own word");
        published.write(&metrics, 77);
        assert_eq!((published.metrics(), published.living_bytes()), (metrics, 77));
    }
}
