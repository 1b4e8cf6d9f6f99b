//! Bytes on their way to people: encoded once, shared by all who get them, and counted as long as anybody waits
//! for them.
//!
//! A [`Frame`] is a range of a buffer that others may look at through frames of their own. The [`Gauge`] says how
//! many bytes of buffers are alive, what the allocator takes for them included: it rises where a buffer is made and falls
//! where the last frame of it goes, in whatever task that happens. Who copies frames counts the copy by [`Held`].

use crate::limits::BUFFER_OVERHEAD;
use crate::outbound::latency::Stamp;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};

/// How many bytes of frames are alive. Clones count the same bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge(
    /// Bytes of all buffers. The broker adds, whoever drops the last frame of a buffer subtracts. It guards no
    /// data, so Relaxed will do throughout.
    Arc<AtomicUsize>,
);

impl Gauge {
    /// Nothing is alive.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Bytes of the buffers alive.
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Relaxed)
    }

    /// Counts bytes that are none of a buffer, for as long as the result lives.
    pub(crate) fn hold(&self, bytes: usize) -> Held {
        self.0.fetch_add(bytes, Relaxed);
        Held { bytes, gauge: self.clone() }
    }
}

/// Bytes that are counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    /// How many.
    bytes: usize,
    /// Where.
    gauge: Gauge,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gauge.0.fetch_sub(self.bytes, Relaxed);
    }
}

/// What a buffer of so many bytes is counted as.
const fn cost(bytes: usize) -> usize {
    bytes + BUFFER_OVERHEAD
}

/// A buffer that is counted from here to its drop.
struct Living {
    /// The bytes, no more allocated than used.
    bytes: Box<[u8]>,
    /// Where they are counted.
    gauge: Gauge,
    /// Where it is counted how long they took, if it is.
    stamp: OnceLock<Box<Stamp>>,
}

impl Drop for Living {
    fn drop(&mut self) {
        self.gauge.0.fetch_sub(cost(self.bytes.len()), Relaxed);
    }
}

/// Bytes to be sent: a part of a buffer that is shared with other receivers. A clone costs one count.
#[derive(Clone)]
pub(crate) struct Frame {
    /// The whole buffer.
    buffer: Arc<Living>,
    /// Where this frame starts in it.
    start: u32,
    /// Where it ends.
    end: u32,
}

impl Frame {
    /// A frame of all these bytes, counted by the gauge.
    pub(crate) fn new(bytes: &[u8], gauge: &Gauge) -> Self {
        let end = u32::try_from(bytes.len()).expect("a frame is far smaller than 4 GiB");
        gauge.0.fetch_add(cost(bytes.len()), Relaxed);
        let living = Living { bytes: bytes.into(), gauge: gauge.clone(), stamp: OnceLock::new() };
        Self { buffer: Arc::new(living), start: 0, end }
    }

    /// Times its deliveries from now on, and those of all frames that share its buffer.
    pub(crate) fn time(&self, stamp: Box<Stamp>) {
        // One that is timed already is timed by the earlier line.
        let _ = self.buffer.stamp.set(stamp);
    }

    /// What times it, if it is timed.
    #[inline]
    pub(crate) fn stamp(&self) -> Option<&Stamp> {
        self.buffer.stamp.get().map(|stamp| &**stamp)
    }

    /// Where its buffer is counted.
    pub(crate) fn gauge(&self) -> &Gauge {
        &self.buffer.gauge
    }

    /// A part of this frame, sharing its buffer.
    ///
    /// # Panics
    /// The range goes past the frame.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len(), "a slice lies in its frame");
        // Both fit: they are at most the frame's own end.
        let (start, end) = (self.start + range.start as u32, self.start + range.end as u32);
        Self { buffer: Arc::clone(&self.buffer), start, end }
    }

    /// How many bytes it has.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }
}

impl AsRef<[u8]> for Frame {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.buffer.bytes[self.start as usize..self.end as usize]
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({:?})", String::from_utf8_lossy(self.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_share_the_buffer_and_keep_it_counted() {
        let gauge = Gauge::new();
        let whole = Frame::new(b"hello, world", &gauge);
        let world = whole.slice(7..12);
        assert_eq!(world.as_ref(), b"world");
        assert_eq!(world.slice(1..3).as_ref(), b"or");
        assert_eq!(gauge.bytes(), 12 + BUFFER_OVERHEAD);
        drop(whole);
        assert_eq!(gauge.bytes(), 12 + BUFFER_OVERHEAD);
        let copy = world.gauge().hold(100);
        drop(world);
        assert_eq!(gauge.bytes(), 100);
        drop(copy);
        assert_eq!(gauge.bytes(), 0);
    }

    #[test]
    fn what_a_buffer_counts_for_covers_what_it_is() {
        let counts = 2 * size_of::<usize>();
        // Two allocations, of which each has a word of the allocator's and is rounded up to two.
        let allocator = 2 * 3 * size_of::<usize>();
        let taken = counts + size_of::<Living>() + allocator;
        assert!(taken <= BUFFER_OVERHEAD, "{taken}");
    }
}
