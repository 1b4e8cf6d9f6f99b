//! What the broker has done, where others can read it while it runs.
//!
//! The broker writes once a batch, everybody else reads at any time. Relaxed for all: each number stands alone, and the user who
//! reads two of them may see one of this batch and one of the last.

use crate::outbound::latency::LatencyHistogram;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// What the broker has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StatsSnapshot {
    /// Users in the server now.
    pub users: usize,
    /// Rooms that are there now.
    pub rooms: usize,
    /// Users who have come.
    pub joins: u64,
    /// Users who have left by themselves.
    pub leaves: u64,
    /// Lines for rooms: what was said, and the server's announcements.
    pub lines: u64,
    /// Frames handed to queues.
    pub frames: u64,
    /// Users disconnected because they had more pending than the hard limit.
    pub disconnects_queue_full: u64,
    /// Users disconnected because they took nothing.
    pub disconnects_stalled: u64,
    /// Users disconnected because all frames together had grown too large.
    pub disconnects_memory: u64,
    /// Times that a room began to wait.
    pub pauses: u64,
    /// Users whose connections were ended by order.
    pub disconnects_kicked: u64,
    /// Users disconnected because they were banned.
    pub disconnects_banned: u64,
    /// Users who were not let in because they are banned.
    pub banned: u64,
}

impl StatsSnapshot {
    /// Nothing done yet.
    pub(crate) const NONE: Self = Self {
        users: 0,
        rooms: 0,
        joins: 0,
        leaves: 0,
        lines: 0,
        frames: 0,
        disconnects_queue_full: 0,
        disconnects_stalled: 0,
        disconnects_memory: 0,
        pauses: 0,
        disconnects_kicked: 0,
        disconnects_banned: 0,
        banned: 0,
    };

    /// Each number as a word, for publishing.
    pub(crate) const fn to_array(self) -> [u64; 13] {
        let Self {
            joins,
            leaves,
            lines,
            frames,
            pauses,
            disconnects_kicked,
            disconnects_banned,
            banned,
            ..
        } = self;
        let Self { disconnects_queue_full, disconnects_stalled, disconnects_memory, .. } = self;
        let (users, rooms) = (self.users as u64, self.rooms as u64);
        [
            users,
            rooms,
            joins,
            leaves,
            lines,
            frames,
            disconnects_queue_full,
            disconnects_stalled,
            disconnects_memory,
            pauses,
            disconnects_kicked,
            disconnects_banned,
            banned,
        ]
    }

    /// The numbers of such words.
    pub(crate) const fn from_array(values: [u64; 13]) -> Self {
        let [
            users,
            rooms,
            joins,
            leaves,
            lines,
            frames,
            disconnects_queue_full,
            disconnects_stalled,
            rest @ ..,
        ] = values;
        let ([disconnects_memory, pauses, disconnects_kicked, disconnects_banned, banned], users) =
            (rest, users as usize);
        let rooms = rooms as usize;
        Self {
            users,
            rooms,
            joins,
            leaves,
            lines,
            frames,
            disconnects_queue_full,
            disconnects_stalled,
            disconnects_memory,
            pauses,
            disconnects_kicked,
            disconnects_banned,
            banned,
        }
    }
}

/// How many numbers a broker publishes.
const COUNT: usize = StatsSnapshot::NONE.to_array().len();

/// The numbers of one broker.
#[derive(Debug, Default)]
pub(crate) struct BrokerStats {
    /// Its metrics, one a word. Only the broker writes.
    values: [AtomicU64; COUNT],
    /// Bytes of all frames that anyone waits for. Only the broker writes.
    buffered_bytes: AtomicU64,
    /// How long lines took from being read to being written.
    latencies: Arc<LatencyHistogram>,
}

impl BrokerStats {
    /// Writes down how things are.
    #[inline]
    pub(crate) fn write(&self, metrics: &StatsSnapshot, buffered_bytes: usize) {
        for (word, now) in self.values.iter().zip(metrics.to_array()) {
            word.store(now, Relaxed);
        }
        self.buffered_bytes.store(buffered_bytes as u64, Relaxed);
    }

    /// How things were at the end of the latest batch.
    pub(crate) fn metrics(&self) -> StatsSnapshot {
        StatsSnapshot::from_array(std::array::from_fn(|at| self.values[at].load(Relaxed)))
    }

    /// Bytes of all frames that anyone waited for then.
    pub(crate) fn buffered_bytes(&self) -> u64 {
        self.buffered_bytes.load(Relaxed)
    }

    /// How long lines took.
    pub(crate) fn latencies(&self) -> &Arc<LatencyHistogram> {
        &self.latencies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let stats = BrokerStats::default();
        let values = std::array::from_fn(|at| at as u64 + 1);
        let metrics = StatsSnapshot::from_array(values);
        assert_eq!(metrics.to_array(), values, "each number has its own word");
        stats.write(&metrics, 77);
        assert_eq!((stats.metrics(), stats.buffered_bytes()), (metrics, 77));
    }
}
