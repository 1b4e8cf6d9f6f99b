//! Local tasks under every interleaving of their owner with those who wake them. A wake-up that is lost shows as a deadlock
//! of the model, a future that leaves its thread as a failed assertion.

use super::{LocalTasks, RunUntil};
use crate::loom::atomic::AtomicBool;
use crate::loom::atomic::Ordering::{Acquire, Release};
use crate::loom::{Arc, Mutex};
use loom::future::block_on;
use loom::thread;
use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Where a task leaves its waker.
type Slot = Arc<Mutex<Option<Waker>>>;

/// A future that is ready when the flag is set, and leaves its waker; what it holds is not `Send`.
fn waits(
    flag: &Arc<AtomicBool>,
    slot: &Slot,
    held: Rc<Cell<u32>>,
) -> impl Future<Output = ()> + use<> {
    let (flag, slot) = (Arc::clone(flag), Arc::clone(slot));
    poll_fn(move |cx| {
        held.set(held.get() + 1);
        *slot.lock() = Some(cx.waker().clone());
        if flag.load(Acquire) { Poll::Ready(()) } else { Poll::Pending }
    })
}

#[test]
fn loom_a_local_task_is_woken_elsewhere_while_its_owner_goes_to_sleep() {
    loom::model(|| {
        let tasks = LocalTasks::new();
        let (flag, slot) = (Arc::new(AtomicBool::new(false)), Slot::default());
        let task = tasks.spawn(waits(&flag, &slot, Rc::default()), Location::caller());
        let wakes = thread::spawn(move || {
            flag.store(true, Release);
            let waker = slot.lock().take();
            waker.into_iter().for_each(Waker::wake);
        });
        block_on(RunUntil::new(&tasks, task)).unwrap();
        wakes.join().unwrap();
    });
}

#[test]
fn loom_a_local_task_is_woken_elsewhere_while_its_owner_ends() {
    loom::model(|| {
        let tasks = LocalTasks::new();
        let (flag, slot) = (Arc::new(AtomicBool::new(false)), Slot::default());
        let held = Rc::new(Cell::new(0));
        let task = tasks.spawn(waits(&flag, &slot, Rc::clone(&held)), Location::caller());
        // Its first turn.
        block_on(RunUntil::new(
            &tasks,
            poll_fn({
                let mut again = false;
                move |cx| {
                    cx.waker().wake_by_ref();
                    if std::mem::replace(&mut again, true) {
                        Poll::Ready(())
                    } else {
                        Poll::Pending
                    }
                }
            }),
        ));
        let waker = slot.lock().take().unwrap();
        let wakes = thread::spawn(move || waker.wake());
        drop(tasks);
        assert!(task.is_finished());
        assert_eq!((Rc::strong_count(&held), held.get()), (1, 1), "dropped here, before the end");
        wakes.join().unwrap();
    });
}

#[test]
fn loom_a_driver_that_goes_leaves_the_wake_to_the_other() {
    loom::model(|| {
        let tasks = LocalTasks::new();
        let (flag, slot) = (Arc::new(AtomicBool::new(false)), Slot::default());
        let task = tasks.spawn(waits(&flag, &slot, Rc::default()), Location::caller());
        let mut stays = pin!(RunUntil::new(&tasks, task));
        let mut goes = Some(Box::pin(RunUntil::new(&tasks, pending::<()>())));
        let mut wakes = None;
        block_on(poll_fn(|cx| {
            let polled = stays.as_mut().poll(cx);
            if let Some(mut goes) = goes.take() {
                let (flag, slot) = (Arc::clone(&flag), Arc::clone(&slot));
                wakes = Some(thread::spawn(move || {
                    flag.store(true, Release);
                    let waker = slot.lock().take();
                    waker.into_iter().for_each(Waker::wake);
                }));
                // The last one who leaves a waker, which wakes nobody; and then it is gone.
                assert!(goes.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            polled
        }))
        .unwrap();
        wakes.unwrap().join().unwrap();
    });
}

#[test]
fn loom_a_local_task_is_aborted_elsewhere() {
    loom::model(|| {
        let tasks = LocalTasks::new();
        let held = Rc::new(Cell::new(0));
        let future = waits(&Arc::default(), &Slot::default(), Rc::clone(&held));
        let task = tasks.spawn(future, Location::caller());
        let abort = task.abort_handle();
        let aborts = thread::spawn(move || abort.abort());
        assert!(block_on(RunUntil::new(&tasks, task)).unwrap_err().is_cancelled());
        assert_eq!(Rc::strong_count(&held), 1);
        aborts.join().unwrap();
    });
}
