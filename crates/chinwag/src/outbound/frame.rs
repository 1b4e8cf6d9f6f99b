//! Bytes on their way to clients: encoded once, shared by all receivers, and counted as long as anything holds them.
//!
//! A [`Frame`] is a range of a buffer that other frames may share. The [`ByteCounter`] counts the bytes of all live buffers, with what
//! the allocator takes for them: it rises where a buffer is made and falls where the last frame of it is dropped, in whatever task that
//! happens. A copy of frames is counted by a [`ByteReservation`].

use crate::limits::BUFFER_OVERHEAD;
use crate::outbound::latency::LatencyTag;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};

/// How many bytes of frames are alive. Clones count the same bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct ByteCounter(
    /// Bytes of all buffers. The broker adds; the task that drops the last frame of a buffer subtracts. It guards no
    /// data, so Relaxed will do throughout.
    Arc<AtomicUsize>,
);

impl ByteCounter {
    /// Nothing is alive.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Bytes of the buffers alive.
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Relaxed)
    }

    /// Counts bytes that are not in a buffer, for as long as the result lives.
    pub(crate) fn reserve(&self, bytes: usize) -> ByteReservation {
        self.0.fetch_add(bytes, Relaxed);
        ByteReservation { bytes, counter: self.clone() }
    }
}

/// Bytes that are counted until this is dropped.
#[derive(Debug)]
pub(crate) struct ByteReservation {
    /// How many.
    bytes: usize,
    /// Where.
    counter: ByteCounter,
}

impl Drop for ByteReservation {
    fn drop(&mut self) {
        self.counter.0.fetch_sub(self.bytes, Relaxed);
    }
}

/// What a buffer of so many bytes is counted as.
const fn cost(bytes: usize) -> usize {
    bytes + BUFFER_OVERHEAD
}

/// A buffer that is counted from here to its drop.
struct FrameBuffer {
    /// The bytes, no more allocated than used.
    bytes: Box<[u8]>,
    /// Where they are counted.
    counter: ByteCounter,
    /// Measures how long deliveries took, for a sampled line.
    latency_tag: OnceLock<Box<LatencyTag>>,
}

impl Drop for FrameBuffer {
    fn drop(&mut self) {
        self.counter.0.fetch_sub(cost(self.bytes.len()), Relaxed);
    }
}

/// Bytes to be sent: a part of a buffer that is shared with other receivers. A clone costs one count.
#[derive(Clone)]
pub(crate) struct Frame {
    /// The whole buffer.
    buffer: Arc<FrameBuffer>,
    /// Where this frame starts in it.
    start: u32,
    /// Where it ends.
    end: u32,
}

impl Frame {
    /// A frame of all these bytes, counted by the counter.
    pub(crate) fn new(bytes: &[u8], counter: &ByteCounter) -> Self {
        let end = u32::try_from(bytes.len()).expect("a frame is far smaller than 4 GiB");
        counter.0.fetch_add(cost(bytes.len()), Relaxed);
        let buffer = FrameBuffer {
            bytes: bytes.into(),
            counter: counter.clone(),
            latency_tag: OnceLock::new(),
        };
        Self { buffer: Arc::new(buffer), start: 0, end }
    }

    /// Measures its deliveries from now on, and those of all frames that share its buffer.
    pub(crate) fn set_latency_tag(&self, tag: Box<LatencyTag>) {
        // A frame that has a tag already keeps that of the earlier line.
        let _ = self.buffer.latency_tag.set(tag);
    }

    /// The tag that measures its deliveries, if it has one.
    #[inline]
    pub(crate) fn latency_tag(&self) -> Option<&LatencyTag> {
        self.buffer.latency_tag.get().map(|tag| &**tag)
    }

    /// The counter of its buffer.
    pub(crate) fn byte_counter(&self) -> &ByteCounter {
        &self.buffer.counter
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
        let counter = ByteCounter::new();
        let whole = Frame::new(b"hello, world", &counter);
        let world = whole.slice(7..12);
        assert_eq!(world.as_ref(), b"world");
        assert_eq!(world.slice(1..3).as_ref(), b"or");
        assert_eq!(counter.bytes(), 12 + BUFFER_OVERHEAD);
        drop(whole);
        assert_eq!(counter.bytes(), 12 + BUFFER_OVERHEAD);
        let copy = world.byte_counter().reserve(100);
        drop(world);
        assert_eq!(counter.bytes(), 100);
        drop(copy);
        assert_eq!(counter.bytes(), 0);
    }

    #[test]
    fn the_counted_bytes_cover_the_allocation() {
        let counts = 2 * size_of::<usize>();
        // Two allocations, of which each has a word of the allocator's and is rounded up to two.
        let allocator = 2 * 3 * size_of::<usize>();
        let taken = counts + size_of::<FrameBuffer>() + allocator;
        assert!(taken <= BUFFER_OVERHEAD, "{taken}");
    }
}
