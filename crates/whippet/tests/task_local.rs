//! `task_local!`: where a key has its value, and where not.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc::{self, Sender};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use whippet::runtime::Builder;
use whippet::task::yield_now;

whippet::task_local! {
    /// Documented, with an attribute.
    static NUMBER: u32;
    pub(crate) static NAME: String;
    static COUNT: Rc<Cell<u32>>
}

whippet::task_local! {}

/// Looks at its key when it is dropped.
struct LooksAtTheEnd(Sender<Option<u32>>);

impl Drop for LooksAtTheEnd {
    fn drop(&mut self) {
        self.0.send(NUMBER.try_get().ok()).expect("the test waits for it");
    }
}

#[whippet::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_task_has_its_own_value_whichever_thread_polls() {
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            whippet::spawn(NUMBER.scope(number, async move {
                for _ in 0..100 {
                    assert_eq!(NUMBER.get(), number);
                    yield_now().await;
                }
                whippet::spawn(async { NUMBER.try_get().is_err() }).await.unwrap()
            }))
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap(), "a task that was spawned inside has none");
    }
    assert!(NUMBER.try_with(|_| ()).is_err());
}

#[whippet::test]
async fn scopes_nest_and_keys_are_apart() {
    let seen = || (NUMBER.try_get().ok(), NAME.try_get().ok());
    let name = || Some(String::from("alice"));
    NAME.scope(String::from("alice"), async {
        assert_eq!(seen(), (None, name()));
        NUMBER
            .scope(1, async {
                assert_eq!(NUMBER.sync_scope(2, seen), (Some(2), name()));
                assert_eq!(NUMBER.scope(3, async { seen() }).await, (Some(3), name()));
                assert_eq!(seen(), (Some(1), name()));
            })
            .await;
        assert_eq!(seen(), (None, name()));
    })
    .await;
    assert_eq!(seen(), (None, None));
}

#[test]
fn between_polls_the_value_is_gone() {
    let mut cx = Context::from_waker(Waker::noop());
    let mut one = pin!(NUMBER.scope(1, pending::<()>()));
    let mut other = pin!(NUMBER.scope(2, poll_fn(|_| Poll::<()>::Pending)));
    assert!(one.as_mut().poll(&mut cx).is_pending());
    assert!(NUMBER.try_get().is_err());
    assert!(other.as_mut().poll(&mut cx).is_pending());
    assert_eq!(one.take_value(), Some(1));
    assert_eq!(other.take_value(), Some(2));
}

#[test]
fn the_future_is_dropped_in_its_scope_ready_or_not() {
    let (saw, seen) = mpsc::channel();
    let runtime = Builder::new_current_thread().build().unwrap();
    let looks = LooksAtTheEnd(saw.clone());
    runtime.block_on(NUMBER.scope(1, async move {
        let _looks = looks;
        yield_now().await;
    }));
    let looks = LooksAtTheEnd(saw.clone());
    let waits = NUMBER.scope(2, async move {
        let _looks = looks;
        pending::<()>().await;
    });
    let task = runtime.spawn(waits);
    runtime.block_on(yield_now());
    task.abort();
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    let looks = LooksAtTheEnd(saw.clone());
    drop(NUMBER.scope(3, async move { drop(looks) }));
    let seen: Vec<_> = seen.try_iter().collect();
    assert_eq!(seen, [Some(1), Some(2), Some(3)]);
}

#[test]
fn a_panic_leaves_the_value_of_the_outer_scope() {
    NUMBER.sync_scope(1, || {
        let panic = catch_unwind(|| NUMBER.sync_scope(2, || panic!("on purpose")));
        assert!(panic.is_err());
        assert_eq!(NUMBER.get(), 1);
        let mut cx = Context::from_waker(Waker::noop());
        let mut panics = pin!(NUMBER.scope(3, async { panic!("on purpose") }));
        let poll = catch_unwind(AssertUnwindSafe(|| panics.as_mut().poll(&mut cx).is_ready()));
        assert!(poll.is_err());
        assert_eq!((NUMBER.get(), panics.take_value()), (1, Some(3)));
    });
}

#[test]
fn a_value_need_not_be_send_and_outlives_the_future() {
    let count = Rc::new(Cell::new(0));
    let mut counts = pin!(COUNT.scope(Rc::clone(&count), async {
        COUNT.with(|count| count.set(count.get() + 1));
        yield_now().await;
        COUNT.with(|count| count.set(count.get() + 1));
    }));
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(counts.as_mut());
    assert_eq!(count.get(), 2);
    assert!(Rc::ptr_eq(&counts.as_mut().take_value().unwrap(), &count));
    assert!(counts.take_value().is_none());
}

#[test]
fn wrong_use_panics_with_a_clear_sentence() {
    let words = |misuse: fn()| {
        let payload = catch_unwind(misuse).expect_err("a panic");
        match payload.downcast::<&str>() {
            Ok(words) => words.to_string(),
            Err(payload) => *payload.downcast::<String>().expect("words"),
        }
    };
    assert!(words(|| assert_eq!(NUMBER.get(), 1)).contains("no value here"));
    let inside = || NUMBER.sync_scope(1, || NUMBER.with(|_| NUMBER.sync_scope(2, || ())));
    assert!(words(inside).contains("leave the closure of `with`"));
    let again = || {
        let mut cx = Context::from_waker(Waker::noop());
        let mut ready = pin!(NUMBER.scope(1, async {}));
        assert!(ready.as_mut().poll(&mut cx).is_ready());
        let _ = ready.as_mut().poll(&mut cx);
    };
    assert!(words(again).contains("after it was ready"));
}

thread_local! {
    /// Holds a scope until the thread ends.
    static LAST: RefCell<Option<Box<dyn std::any::Any>>> = const { RefCell::new(None) };
}

#[test]
fn regression_14_a_future_that_is_dropped_with_the_thread_is_dropped() {
    let (saw, seen) = mpsc::channel();
    let looks = LooksAtTheEnd(saw);
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let held = runtime.spawn_blocking(move || {
        let future = Box::new(NUMBER.scope(1, async move { drop(looks) }));
        LAST.with(|last| *last.borrow_mut() = Some(future));
    });
    runtime.block_on(held).unwrap();
    drop(runtime);
    // In its scope or, when the slot went first, outside of it; what a thread holds may outlive the runtime by a moment.
    assert!(seen.recv_timeout(Duration::from_secs(20)).is_ok());
    assert!(seen.recv().is_err(), "once");
}
