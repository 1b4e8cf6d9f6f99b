//! One direction of a [`duplex`](super::duplex): a bounded queue of bytes.

use crate::loom::Mutex;
use crate::sync::poll_waker::{Locked, poll_locked};
use crate::unwind::drop_waker;
use crate::wake_list::{WakeList, wake_catching};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker};

/// A queue of bytes with a writer and a reader.
#[derive(Debug)]
pub(super) struct Pipe {
    /// Bytes that it holds, at the most.
    capacity: usize,
    /// What changes.
    state: Mutex<State>,
}

/// What changes.
#[derive(Debug, Default)]
struct State {
    /// What was written and not read yet.
    bytes: VecDeque<u8>,
    /// Nothing more is written: the reader is at the end once it has read all.
    write_closed: bool,
    /// Nothing more is read: writing fails.
    read_closed: bool,
    /// The task that waits for bytes.
    reader: Option<Waker>,
    /// The task that waits for space.
    writer: Option<Waker>,
}

impl Drop for State {
    fn drop(&mut self) {
        drop_waker(self.reader.take());
        drop_waker(self.writer.take());
    }
}

impl Pipe {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, state: Mutex::new(State::default()) }
    }

    /// Takes bytes out; 0 is the end (or an empty buffer).
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let polled = poll_locked(&self.state, cx, false, |state, poll_waker| {
            if state.bytes.is_empty() && !state.write_closed && !out.is_empty() {
                return poll_waker.register_in(&mut state.reader);
            }
            let count = take(&mut state.bytes, out);
            // Room was made, if anything was taken.
            let writer = if count > 0 { state.writer.take() } else { None };
            Locked::Ready((count, writer))
        });
        polled.map(|(count, writer)| {
            // The count must not be lost by a panic of the waker of the other side.
            wake_catching(writer);
            Ok(count)
        })
    }

    /// Puts in as much as there is space for, if there is any.
    pub(super) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let is_empty = slices.iter().all(|slice| slice.is_empty());
        let polled = poll_locked(&self.state, cx, false, |state, poll_waker| {
            if state.write_closed || state.read_closed {
                return Locked::Ready(Err(io::Error::from(io::ErrorKind::BrokenPipe)));
            }
            let mut space = self.capacity - state.bytes.len();
            if space == 0 && !is_empty {
                return poll_waker.register_in(&mut state.writer);
            }
            let before = space;
            for slice in slices {
                let count = slice.len().min(space);
                state.bytes.extend(&slice[..count]);
                space -= count;
            }
            let count = before - space;
            let reader = if count > 0 { state.reader.take() } else { None };
            Locked::Ready(Ok((count, reader)))
        });
        polled.map_ok(|(count, reader)| {
            wake_catching(reader);
            count
        })
    }

    /// Ends the writing: the reader reads what there is, then the end.
    pub(super) fn close_write(&self) {
        self.close(|state| state.write_closed = true);
    }

    /// Ends the reading: what was not read is dropped, and writing fails.
    pub(super) fn close_read(&self) {
        self.close(|state| {
            state.read_closed = true;
            state.bytes = VecDeque::new();
        });
    }

    fn close(&self, close: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        close(&mut state);
        let mut wakers = WakeList::new();
        [state.reader.take(), state.writer.take()]
            .into_iter()
            .flatten()
            .for_each(|waker| wakers.push(waker));
        drop(state);
        wakers.wake_all();
    }
}

/// Moves bytes from the front of the queue to `out`, as many as both allow.
fn take(bytes: &mut VecDeque<u8>, out: &mut [u8]) -> usize {
    let count = bytes.len().min(out.len());
    let (front, back) = bytes.as_slices();
    let from_front = count.min(front.len());
    out[..from_front].copy_from_slice(&front[..from_front]);
    out[from_front..count].copy_from_slice(&back[..count - from_front]);
    bytes.drain(..count);
    count
}
