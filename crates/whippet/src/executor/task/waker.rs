//! The waker of a task: a reference, through which the task asks to be polled.

use super::header::{Header, drop_reference};
use super::state::WakeResult;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

/// One table for all tasks, so that two wakers of a task are seen to be alike (`will_wake`).
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop);

/// A waker of the task behind `header`, which takes over one reference (or lends it, in a `ManuallyDrop`).
pub(super) fn from_header(header: NonNull<Header>) -> Waker {
    let raw = RawWaker::new(header.as_ptr().cast_const().cast(), &VTABLE);
    // SAFETY: the functions below keep `RawWaker`'s contract for a pointer to a header with a reference; the
    // state word is atomic and runnables may be handed on by any thread, so they may be called on any thread.
    unsafe { Waker::from_raw(raw) }
}

/// The header behind a waker's pointer.
fn header_of(data: *const ()) -> NonNull<Header> {
    // SAFETY: wakers are made in `from_header` alone, of a pointer that is not null.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}

/// Another waker.
///
/// # Safety
/// `data` is that of a waker that exists.
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker's reference keeps the task.
    unsafe { header_of(data).as_ref() }.state.add_reference();
    RawWaker::new(data, &VTABLE)
}

/// Wakes by value.
///
/// # Safety
/// `data` is that of a waker that exists and is given up.
unsafe fn wake(data: *const ()) {
    let header = header_of(data);
    // SAFETY: the waker's reference keeps the task.
    let task = unsafe { header.as_ref() };
    let (schedule, dealloc) = (task.vtable.schedule, task.vtable.dealloc);
    match task.state.transition_to_woken_by_value() {
        // SAFETY: the transition gave us the right to poll the task, which keeps the task.
        WakeResult::Schedule => unsafe { schedule(header) },
        WakeResult::Already => {}
        // SAFETY: the waker's reference was the last.
        WakeResult::Dealloc => unsafe { dealloc(header) },
    }
}

/// Wakes.
///
/// # Safety
/// `data` is that of a waker that exists.
unsafe fn wake_by_ref(data: *const ()) {
    let header = header_of(data);
    // SAFETY: the waker's reference keeps the task.
    let task = unsafe { header.as_ref() };
    if task.state.transition_to_woken_by_ref() {
        // SAFETY: the transition gave us the right to poll the task.
        unsafe { (task.vtable.schedule)(header) }
    }
}

/// Drops.
///
/// # Safety
/// `data` is that of a waker that exists and is given up.
unsafe fn drop(data: *const ()) {
    drop_reference(header_of(data));
}

/// Cancels the task behind `header`: its future is dropped in place of its next poll. The caller holds a reference.
pub(super) fn abort(header: NonNull<Header>) {
    // SAFETY: the caller's reference keeps the task.
    let task = unsafe { header.as_ref() };
    if task.state.is_complete() {
        return;
    }
    task.state.cancel();
    if task.state.transition_to_woken_by_ref() {
        // SAFETY: the transition gave us the right to poll the task.
        unsafe { (task.vtable.schedule)(header) }
    }
}
