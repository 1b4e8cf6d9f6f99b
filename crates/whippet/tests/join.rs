//! `join!` and `try_join!`: their forms, their order, what is polled and when it is dropped.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use whippet::runtime::Builder;
use whippet::sync::{mpsc, oneshot};
use whippet::task::yield_now;
use whippet::{join, try_join};

/// Runs `future` on a runtime of one thread.
fn run<F: Future>(future: F) -> F::Output {
    Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// Polls once, with a waker that does nothing.
fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Ready with `value` at the given poll; notes each poll.
async fn after<T: Clone>(polls: u32, value: T, log: &RefCell<Vec<T>>) -> T {
    let mut left = polls;
    poll_fn(|_| {
        log.borrow_mut().push(value.clone());
        left -= 1;
        if left == 0 { Poll::Ready(value.clone()) } else { Poll::Pending }
    })
    .await
}

#[test]
fn outputs_in_the_order_of_the_futures() {
    run(async {
        let outputs = join!(
            ready(1),
            async {
                yield_now().await;
                "two"
            },
            async { vec![3] },
        );
        assert_eq!(outputs, (1, "two", vec![3]));
        assert_eq!(join!(ready(1)), (1,));
        assert_eq!(join!(biased; ready(1), ready(2)), (1, 2));
        assert_eq!(join!(biased; ready(1),), (1,));
    });
}

#[test]
fn no_futures() {
    run(async {
        let () = join!();
        let () = join!(biased;);
        let nothing: Result<(), u8> = try_join!();
        assert_eq!(nothing, Ok(()));
        let nothing: Result<(), u8> = try_join!(biased;);
        assert_eq!(nothing, Ok(()));
    });
}

#[test]
fn values_or_the_first_error() {
    run(async {
        let values: Result<_, ()> = try_join!(ready(Ok(1)), async {
            yield_now().await;
            Ok("two")
        });
        assert_eq!(values, Ok((1, "two")));
        let failed: Result<(u8, u8, u8), _> = try_join!(
            biased;
            pending(),
            async { yield_now().await; Err("late") },
            async { Err("early") },
        );
        assert_eq!(failed, Err("early"));
        assert_eq!(try_join!(ready(Ok::<_, ()>(1))), Ok((1,)));
    });
}

#[test]
fn question_mark_on_the_whole_and_in_a_future() {
    async fn sum(left: Result<u32, String>, right: Result<u32, String>) -> Result<u32, String> {
        let (left, right) = try_join!(ready(left), async { Ok::<_, String>(right? * 10) })?;
        Ok(left + right)
    }
    assert_eq!(run(sum(Ok(1), Ok(2))), Ok(21));
    assert_eq!(run(sum(Err("left".into()), Ok(2))), Err("left".into()));
    assert_eq!(run(sum(Ok(1), Err("right".into()))), Err("right".into()));
}

#[test]
fn after_an_error_nothing_else_is_polled() {
    run(async {
        let polled = Cell::new(false);
        let failed: Result<((), ()), _> = try_join!(
            biased;
            ready(Err(1)),
            async { polled.set(true); Err(2) },
        );
        assert_eq!(failed, Err(1));
        assert!(!polled.get());
    });
}

#[test]
fn only_the_pending_are_polled_again_and_the_first_rotates() {
    let log = RefCell::new(Vec::new());
    let mut all =
        pin!(async { join!(after(3, 'a', &log), after(1, 'b', &log), after(4, 'c', &log)) });
    assert!(poll_once(all.as_mut()).is_pending());
    assert_eq!(log.take(), ['a', 'b', 'c']);
    assert!(poll_once(all.as_mut()).is_pending());
    assert_eq!(log.take(), ['c', 'a']);
    assert!(poll_once(all.as_mut()).is_pending());
    assert_eq!(log.take(), ['c', 'a']);
    assert_eq!(poll_once(all.as_mut()), Poll::Ready(('a', 'b', 'c')));
    assert_eq!(log.take(), ['c']);
}

#[test]
fn biased_begins_with_the_first() {
    let log = RefCell::new(Vec::new());
    let mut all = pin!(async { join!(biased; after(3, 1, &log), after(3, 2, &log)) });
    while poll_once(all.as_mut()).is_pending() {}
    assert_eq!(log.take(), [1, 2, 1, 2, 1, 2]);
}

#[test]
fn a_future_is_dropped_when_it_completes() {
    struct Holds(#[expect(dead_code, reason = "held to be dropped")] Rc<()>);
    impl Future for Holds {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    let held = Rc::new(());
    let mut all = pin!(async { join!(Holds(held.clone()), pending::<()>()) });
    assert_eq!(Rc::strong_count(&held), 1, "nothing runs before it is polled");
    assert!(poll_once(all.as_mut()).is_pending());
    assert_eq!(Rc::strong_count(&held), 1);
}

#[test]
fn futures_are_dropped_in_order_when_the_wait_is() {
    struct Noted<'a>(u32, &'a RefCell<Vec<u32>>);
    impl Future for Noted<'_> {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Pending
        }
    }
    impl Drop for Noted<'_> {
        fn drop(&mut self) {
            self.1.borrow_mut().push(self.0);
        }
    }
    let log = RefCell::new(Vec::new());
    {
        let mut all = pin!(async { join!(Noted(1, &log), Noted(2, &log), Noted(3, &log)) });
        assert!(poll_once(all.as_mut()).is_pending());
    }
    assert_eq!(log.take(), [1, 2, 3]);
}

#[test]
fn sender_and_receiver_in_one_task() {
    run(async {
        let (sender, mut receiver) = mpsc::channel(1);
        let (sent, received) = join!(
            async move {
                for number in 0..100 {
                    sender.send(number).await.expect("the receiver is there");
                }
                100
            },
            async {
                let mut received = 0;
                while receiver.recv().await.is_some() {
                    received += 1;
                }
                received
            }
        );
        assert_eq!(sent, received);
    });
}

#[test]
fn by_reference_with_temporaries_and_nested() {
    run(async {
        let (sender, mut receiver) = oneshot::channel();
        let (received, sent, (left, right)) =
            join!(&mut receiver, async { sender.send(1) }, async {
                join!(&mut Box::pin(yield_now()), ready(2))
            });
        assert_eq!((received, sent, left, right), (Ok(1), Ok(()), (), 2));
    });
}

/// Joins as many futures as it is given numbers.
macro_rules! join_all {
    ($($number:literal)*) => {
        join!($(ready($number)),*)
    };
}

#[test]
fn sixty_four_futures() {
    run(async {
        let outputs = join_all!(
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
            33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61
            62 63
        );
        assert_eq!((outputs.0, outputs.1, outputs.62, outputs.63), (0, 1, 62, 63));
    });
}

#[test]
fn each_future_is_kept_once() {
    async fn big() -> u8 {
        let bytes = [0_u8; 1_000];
        pending::<()>().await;
        bytes[0]
    }
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let size = size_of_val(&assert_send(async { join!(big(), big()) }));
    assert!(size < 2_200, "{size} bytes for two futures of {}", size_of_val(&big()));
}
