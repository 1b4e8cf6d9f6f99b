//! The allocation of a task, and the functions that know its types.
//!
//! Everything else of the module sees a pointer to the [`Header`] (`header.rs`), the first field of the allocation, and reaches
//! the typed rest through its [`Vtable`]. The rights that the SAFETY arguments name are those of the state word
//! (`state.rs`): *the runnable's* (future), *the completer's* and *the join handle's* (output, waker).

use super::error::{JoinError, Output};
use super::header::{Header, Polled, UNLISTED, Vtable};
use super::id::Id;
use super::runnable::{OwnedRef, Runnable};
use super::state::{CompleteResult, RunAction, State};
use super::{Schedule, waker};
use crate::loom::UnsafeCell;
use crate::sys::clock::Coarse;
use crate::unwind::{CatchOnDrop, drop_catching};
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::task::{Context, Poll, Waker};

/// What the stage holds.
enum Stage<F: Future> {
    /// The future; belongs to the runnable.
    Running(F),
    /// The output, stored by the completer.
    Finished(Output<F::Output>),
    /// Neither: the output was taken or dropped.
    Consumed,
}

/// The allocation of a task. `repr(C)`: a pointer to it is a pointer to its header.
#[repr(C)]
pub(super) struct Cell<F: Future, S> {
    /// The untyped part.
    header: Header,
    /// Whom to ask for polls; taken out by the completer. Read by the runnable's holder alone.
    scheduler: UnsafeCell<Option<S>>,
    /// Future, then output.
    stage: UnsafeCell<Stage<F>>,
    /// Who waits for the output.
    join_waker: UnsafeCell<Option<Waker>>,
}

impl<F, S> Cell<F, S>
where
    F: Future + 'static,
    F::Output: 'static,
    S: Schedule,
{
    /// The functions of this kind of task.
    const VTABLE: Vtable = Vtable {
        run: Self::run,
        cancel: Self::cancel,
        schedule: Self::schedule,
        dealloc: Self::dealloc,
        take_output: Self::take_output,
        drop_output: Self::drop_output,
        future_name: std::any::type_name::<F>,
        join_waker: Self::join_waker,
    };

    /// Allocates a task. The reference of its life, that of its join handle and its first runnable are the
    /// caller's to hand out.
    pub(super) fn allocate(
        future: F,
        scheduler: S,
        id: Id,
        spawned_at: &'static Location<'static>,
    ) -> NonNull<Header> {
        let (created_at, polls) = (Coarse::now(), AtomicU32::new(0));
        let key = AtomicUsize::new(UNLISTED);
        let (state, vtable) = (State::new(), &Self::VTABLE);
        let header = Header { state, vtable, spawned_at, id, key, created_at, polls };
        let cell = Box::new(Self {
            header,
            scheduler: UnsafeCell::new(Some(scheduler)),
            stage: UnsafeCell::new(Stage::Running(future)),
            join_waker: UnsafeCell::new(None),
        });
        NonNull::from(Box::leak(cell)).cast()
    }

    /// The cell behind the header.
    ///
    /// # Safety
    /// `header` is that of a living cell of this very type.
    unsafe fn from_header<'a>(header: NonNull<Header>) -> &'a Self {
        // SAFETY: the caller's promise; `repr(C)` puts the header first.
        unsafe { header.cast::<Self>().as_ref() }
    }

    /// See [`Vtable::run`].
    ///
    /// # Safety
    /// The caller gives up the right of the task's runnable, and has it again after [`Polled::Woken`].
    unsafe fn run(header: NonNull<Header>) -> Polled {
        // SAFETY: the vtable of this type is in no other header; a runnable's task lives.
        let cell = unsafe { Self::from_header(header) };
        let seen = match cell.header.state.transition_to_running() {
            RunAction::Poll(seen) => seen,
            RunAction::Cancel => {
                // SAFETY: the runnable's right is passed on.
                unsafe { Self::cancel(header) };
                return Polled::Complete;
            }
        };
        cell.header.count_poll();
        match cell.poll_future(header) {
            Poll::Ready(output) => {
                cell.complete(header, output);
                Polled::Complete
            }
            Poll::Pending if cell.header.state.transition_to_idle(seen) => Polled::Idle,
            Poll::Pending => Polled::Woken,
        }
    }

    /// Polls the future once, and drops it when that was its last poll; a panic of either is an output.
    fn poll_future(&self, header: NonNull<Header>) -> Poll<Output<F::Output>> {
        // The waker lends the reference of the future's life: it is not dropped.
        let waker = ManuallyDrop::new(waker::from_header(header));
        let mut cx = Context::from_waker(&waker);
        let mut poll = || self.poll_to_end(&mut cx);
        let polled = self.header.id.enter(|| catch_unwind(AssertUnwindSafe(&mut poll)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(payload) => Poll::Ready(Err(JoinError::panic(self.header.id, payload))),
        }
    }

    /// Polls the future, and drops it unless it is pending. When its poll panics it is dropped as part of the panic, as a local
    /// variable of that poll would be: its parts find `thread::panicking()` true. So is the output when the drop of the
    /// future panics. What panics on the way is no second cause of the task's end, and must not end the process.
    fn poll_to_end(&self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let future = CatchOnDrop::new(DropInPlace(self));
        let polled = self.stage.with_mut(|stage| {
            // SAFETY: the runnable's right: nobody else touches the stage before completion.
            let Stage::Running(future) = (unsafe { &mut *stage }) else {
                unreachable!("a runnable's task is not complete")
            };
            // SAFETY: the cell never moves, and the future is dropped in its place (`drop_future`).
            unsafe { Pin::new_unchecked(future) }.poll(cx)
        });
        let Poll::Ready(output) = polled else {
            let _ = ManuallyDrop::new(future);
            return Poll::Pending;
        };
        let output = CatchOnDrop::new(output);
        drop(future.into_inner());
        Poll::Ready(output.into_inner())
    }

    /// Drops the future where it stands. The caller has the runnable's right.
    fn drop_future(&self) {
        // An assignment writes the new value even when the drop of the old one panics.
        // SAFETY: the runnable's right: nobody else touches the stage before completion.
        self.stage.with_mut(|stage| unsafe { *stage = Stage::Consumed });
    }

    /// See [`Vtable::cancel`].
    ///
    /// # Safety
    /// The caller gives up the right of the task's runnable.
    unsafe fn cancel(header: NonNull<Header>) {
        // SAFETY: the vtable of this type is in no other header; a runnable's task lives.
        let cell = unsafe { Self::from_header(header) };
        let id = cell.header.id;
        let error = match id.enter(|| catch_unwind(AssertUnwindSafe(|| cell.drop_future()))) {
            Ok(()) => JoinError::cancelled(id),
            Err(payload) => JoinError::panic(id, payload),
        };
        cell.complete(header, Err(error));
    }

    /// Stores the output, leaves the list of live tasks, wakes the join handle, gives up the reference of the future's life.
    /// The future was dropped. The caller has the runnable's right, which ends here.
    fn complete(&self, header: NonNull<Header>, output: Output<F::Output>) {
        // SAFETY: the runnable's right: nobody else touches the stage before completion.
        self.stage.with_mut(|stage| unsafe { *stage = Stage::Finished(output) });
        // Before the transition: who sees the task complete does not find it in the list any more, and what it held
        // of its runtime is gone with the completion, however long a waker outlives it.
        // SAFETY: the runnable's right covers the scheduler.
        let scheduler = self.scheduler.with_mut(|scheduler| unsafe { (*scheduler).take() });
        // SAFETY: the reference of the future's life is held until the end of this call.
        let life = ManuallyDrop::new(unsafe { OwnedRef::from_header(header) });
        let listed = scheduler.as_ref().and_then(|scheduler| scheduler.release(&life));
        drop(scheduler);
        match self.header.state.transition_to_complete() {
            CompleteResult::Joinable => {}
            CompleteResult::Detached => self.discard_output(),
            CompleteResult::Awaited => self.wake_join_handle(),
        }
        // Never listed (`OwnedRef::release_on_complete`): the reference is this call's to give up.
        drop(listed.unwrap_or_else(|| ManuallyDrop::into_inner(life)));
    }

    /// Drops the output, by the name of the task. The caller has the right to it.
    fn discard_output(&self) {
        // SAFETY: the right to the output: nobody else touches the stage any more.
        let stage = self.stage.with_mut(|place| unsafe { place.replace(Stage::Consumed) });
        self.header.id.enter(|| drop_catching(stage));
    }

    /// Wakes the join handle, which was found to wait.
    fn wake_join_handle(&self) {
        let woken = self.join_waker.with(|slot| {
            // SAFETY: COMPLETE and JOIN_WAKER: the slot is the completer's.
            let waker = unsafe { &*slot }.as_ref();
            catch_unwind(AssertUnwindSafe(|| waker.map(Waker::wake_by_ref)))
        });
        if let Err(payload) = woken {
            drop_catching(payload);
        }
        if self.header.state.release_join_waker() {
            // SAFETY: neither JOIN_WAKER nor JOIN_INTEREST: the slot is the completer's alone.
            drop_catching(self.join_waker.with_mut(|slot| unsafe { (*slot).take() }));
        }
    }

    /// See [`Vtable::schedule`].
    ///
    /// # Safety
    /// The caller gives up the right of the task's runnable.
    unsafe fn schedule(header: NonNull<Header>) {
        // SAFETY: the vtable of this type is in no other header; a runnable's task lives.
        let cell = unsafe { Self::from_header(header) };
        // SAFETY: the runnable's right covers the scheduler, until `schedule` below hands the runnable on.
        let destination =
            cell.scheduler.with(|scheduler| unsafe { &*scheduler }.as_ref().map(S::destination));
        // SAFETY: the runnable's right is passed on.
        let runnable = unsafe { Runnable::from_header(header) };
        if let Some(destination) = destination {
            S::schedule(destination, runnable);
        }
    }

    /// See [`Vtable::dealloc`].
    ///
    /// # Safety
    /// The caller held the last reference.
    unsafe fn dealloc(header: NonNull<Header>) {
        // SAFETY: it came from `Box::leak` in `allocate`, of this type, and nobody refers to it any more.
        drop_catching(unsafe { Box::from_raw(header.cast::<Self>().as_ptr()) });
    }

    /// See [`Vtable::take_output`].
    ///
    /// # Safety
    /// The caller has the join handle's right to the output, and `place` points to a `Poll<Output<F::Output>>`.
    unsafe fn take_output(header: NonNull<Header>, place: *mut ()) {
        // SAFETY: the vtable of this type is in no other header; the handle's reference keeps the task.
        let cell = unsafe { Self::from_header(header) };
        // SAFETY: COMPLETE and JOIN_INTEREST: the output is the handle's alone.
        let stage = cell.stage.with_mut(|stage| unsafe { stage.replace(Stage::Consumed) });
        let Stage::Finished(output) = stage else {
            panic!("`JoinHandle::poll`: it was polled after it was ready; await a handle once")
        };
        // SAFETY: the caller's promise.
        unsafe { *place.cast::<Poll<Output<F::Output>>>() = Poll::Ready(output) };
    }

    /// See [`Vtable::drop_output`].
    ///
    /// # Safety
    /// The caller has the right to the output.
    unsafe fn drop_output(header: NonNull<Header>) {
        // SAFETY: the vtable of this type is in no other header; the caller's reference keeps the task.
        unsafe { Self::from_header(header) }.discard_output();
    }

    /// See [`Vtable::join_waker`].
    ///
    /// # Safety
    /// The caller's reference keeps the task.
    unsafe fn join_waker(header: NonNull<Header>) -> NonNull<UnsafeCell<Option<Waker>>> {
        // SAFETY: the vtable of this type is in no other header; the caller's reference keeps the task.
        NonNull::from(&unsafe { Self::from_header(header) }.join_waker)
    }
}

/// The future of a task, to be dropped where it stands. Made by the holder of the runnable's right.
struct DropInPlace<'a, F: Future + 'static, S: Schedule>(&'a Cell<F, S>);

impl<F: Future + 'static, S: Schedule> Drop for DropInPlace<'_, F, S> {
    fn drop(&mut self) {
        self.0.drop_future();
    }
}

/// Bytes of the allocation of a task with such a future.
#[cfg(test)]
#[cfg(not(loom))]
pub(super) fn size_of_cell<F: Future, S>(_: &F) -> usize {
    size_of::<Cell<F, S>>()
}
