//! `select!`: its forms, its order of events, its fairness.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use whippet::runtime::Builder;
use whippet::select;
use whippet::sync::{mpsc, oneshot};

/// Runs `future` on a runtime of one thread.
fn run<F: Future>(future: F) -> F::Output {
    Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// Counts wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls once, with a waker that does nothing.
fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A future that notes in a log that it is dropped.
struct Noted<'a> {
    name: &'static str,
    log: &'a RefCell<Vec<&'static str>>,
    done: bool,
}

impl Future for Noted<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.done { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.log.borrow_mut().push(self.name);
    }
}

#[test]
fn one_branch() {
    let value = run(async {
        select! {
            value = ready(7) => value + 1,
        }
    });
    assert_eq!(value, 8);
}

#[test]
fn the_branch_that_is_ready_wins() {
    run(async {
        for _ in 0..50 {
            let value = select! {
                () = pending() => 1,
                two = async { 2 } => two,
                () = pending::<()>() => 3
            };
            assert_eq!(value, 2);
        }
    });
}

#[test]
fn outcomes_of_different_types() {
    run(async {
        let text = select! {
            number = ready(5_u8) => number.to_string(),
            text = pending::<&str>() => text.to_owned(),
            list = pending::<Vec<u32>>() => format!("{list:?}"),
        };
        assert_eq!(text, "5");
    });
}

#[test]
fn handlers_of_each_form() {
    async fn double(number: u32) -> u32 {
        number * 2
    }
    run(async {
        for chosen in 0..7 {
            let value = select! {
                _ = ready(()), if chosen == 0 => { 0 }
                _ = ready(()), if chosen == 1 => { 10 },
                _ = ready(()), if chosen == 2 => if chosen == 2 { 20 } else { 0 },
                number = ready(15), if chosen == 3 => double(number).await,
                _ = ready(()), if chosen == 4 => match chosen { 4 => 40, _ => 0 },
                _ = ready(()), if chosen == 5 => u32::from(chosen == 5) * 50,
                _ = ready(()), if chosen == 6 => { let six = 6; six * 10 }
            };
            assert_eq!(value, chosen * 10);
        }
    });
}

#[test]
fn a_block_without_commas_between() {
    run(async {
        let mut seen = false;
        select! {
            _ = ready(()) => { seen = true; }
            _ = pending::<()>() => {}
            else => {}
        }
        assert!(seen);
    });
}

#[test]
fn biased_takes_the_first() {
    run(async {
        for _ in 0..100 {
            let value = select! {
                biased;
                () = pending() => 0,
                _ = ready(()) => 1,
                _ = ready(()) => 2,
            };
            assert_eq!(value, 1);
        }
    });
}

#[test]
fn biased_polls_from_top_to_bottom() {
    run(async {
        let log = RefCell::new(Vec::new());
        let note = |name: u32| {
            let log = &log;
            poll_fn(move |_| {
                log.borrow_mut().push(name);
                if name == 3 { Poll::Ready(()) } else { Poll::Pending }
            })
        };
        select! {
            biased;
            () = note(1) => unreachable!(),
            () = note(2) => unreachable!(),
            () = note(3) => {}
            () = note(4) => unreachable!(),
        }
        assert_eq!(*log.borrow(), [1, 2, 3]);
    });
}

#[test]
fn every_side_wins_at_some_time() {
    run(async {
        let mut wins = [0_u32; 3];
        for _ in 0..3_000 {
            let winner = select! {
                _ = ready(()) => 0,
                _ = ready(()) => 1,
                _ = ready(()) => 2,
            };
            wins[winner] += 1;
        }
        assert!(wins.iter().all(|&wins| wins > 700), "{wins:?}");
    });
}

#[test]
fn a_pattern_that_fails_disables_its_branch() {
    run(async {
        let polls = Cell::new(0);
        let (sender, receiver) = oneshot::channel();
        let mut waits = pin!(async {
            select! {
                Some(number) = async { polls.set(polls.get() + 1); None::<u32> } => number,
                Ok(number) = receiver => number,
            }
        });
        assert!(poll_once(waits.as_mut()).is_pending());
        assert!(poll_once(waits.as_mut()).is_pending());
        sender.send(4).expect("the receiver waits");
        assert_eq!(waits.await, 4);
        assert_eq!(polls.get(), 1, "a branch that ended is not polled again");
    });
}

#[test]
fn patterns_of_each_form() {
    struct Point {
        x: u32,
        y: Option<String>,
    }
    let name = || Some("name".to_owned());
    run(async {
        select! { Some(mut text) = ready(name()) => { text.push('!'); assert_eq!(text, "name!"); } }
        select! { Some(ref text) = ready(name()) => assert_eq!(text, "name") }
        select! { Some(ref mut text) = ready(name()) => { text.clear(); assert_eq!(text, ""); } }
        select! { Point { x: 1..=3, y: Some(y), .. } = ready(Point { x: 2, y: name() }) => assert_eq!(y, "name") }
        select! { Point { x, .. } = ready(Point { x: 2, y: None }) => assert_eq!(x, 2) }
        select! { Ok(number) | Err(number) = ready(Err::<u32, u32>(3)) => assert_eq!(number, 3) }
        select! { [first, .., last] = ready([1, 2, 3]) => assert_eq!((first, last), (1, 3)) }
        select! { whole @ (1, _) = ready((1, 2)) => assert_eq!(whole, (1, 2)) }
        select! { &number = ready(&9) => assert_eq!(number, 9) }
        select! { (mut a, _) = ready((1, 2)) => { a += 1; assert_eq!(a, 2); } }
        let missed = select! {
            Some("other") = ready(Some("text")) => false,
            Point { x: 7, .. } = ready(Point { x: 2, y: None }) => false,
            Ok(_) | Err(1) = ready(Err::<u32, u32>(3)) => false,
            else => true,
        };
        assert!(missed);
    });
}

#[test]
fn a_value_that_cannot_be_copied_is_moved_whole() {
    run(async {
        let shared = Rc::new(());
        let kept = select! {
            Some(clone) = ready(Some(shared.clone())) => clone,
            clone = pending::<Rc<()>>() => clone,
        };
        assert_eq!(Rc::strong_count(&kept), 2);
    });
}

#[test]
fn else_when_all_are_disabled() {
    run(async {
        let value = select! {
            Some(number) = ready(None) => number,
            _ = ready(()), if false => 2,
            else => 3,
        };
        assert_eq!(value, 3);
        assert_eq!(select! { else => 4 }, 4);
        assert_eq!(select! { biased; else => 5, }, 5);
        assert_eq!(select! { biased; 1 = ready(2) => 5, else => { 6 } }, 6);
    });
}

#[test]
fn else_comes_late_when_a_branch_was_pending() {
    run(async {
        let (sender, receiver) = oneshot::channel::<u32>();
        let mut waits = pin!(async {
            select! {
                Ok(number) = receiver => number,
                else => 0,
            }
        });
        assert!(poll_once(waits.as_mut()).is_pending());
        drop(sender);
        assert_eq!(waits.await, 0);
    });
}

#[test]
#[should_panic(expected = "`select!`: all branches are disabled and there is no `else`")]
fn no_branch_and_no_else() {
    run(async {
        select! {
            Some(()) = ready(None) => {}
            _ = ready(()), if false => {}
        }
    });
}

#[test]
fn guards_come_first_and_expressions_are_evaluated_nonetheless() {
    run(async {
        let log = RefCell::new(Vec::new());
        let note = |what: &'static str| log.borrow_mut().push(what);
        select! {
            biased;
            _ = { note("future 1"); async { note("poll 1") } }, if { note("guard 1"); false } => note("won 1"),
            _ = { note("future 2"); async { note("poll 2") } }, if { note("guard 2"); true } => note("won 2"),
        }
        assert_eq!(
            *log.borrow(),
            ["guard 1", "guard 2", "future 1", "future 2", "poll 2", "won 2"]
        );
    });
}

#[test]
fn futures_are_dropped_in_order_before_the_handler() {
    run(async {
        let log = RefCell::new(Vec::new());
        let noted = |name, done| Noted { name, log: &log, done };
        select! {
            () = noted("first", false) => unreachable!(),
            () = noted("second", true) => log.borrow_mut().push("handler"),
            () = noted("third", true), if false => unreachable!(),
        }
        assert_eq!(*log.borrow(), ["first", "second", "third", "handler"]);
    });
}

#[test]
fn handlers_use_what_futures_borrowed() {
    async fn fill(buffer: &mut Vec<u32>) -> usize {
        buffer.push(1);
        buffer.len()
    }
    run(async {
        let mut left = Vec::new();
        let mut right = Vec::new();
        for _ in 0..10 {
            select! {
                length = fill(&mut left) => { assert_eq!(length, left.len()); left.push(0); right.clear(); }
                length = fill(&mut right) => { assert_eq!(length, right.len()); right.push(0); left.clear(); }
            }
        }
    });
}

#[test]
fn futures_by_reference_go_on_where_they_were() {
    run(async {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut work = pin!(async move {
            for number in 0..5 {
                sender.send(number).await.expect("the receiver is there");
            }
            "done"
        });
        let mut seen = Vec::new();
        let mut working = true;
        while working || seen.len() < 5 {
            select! {
                word = &mut work, if working => { assert_eq!(word, "done"); working = false; }
                Some(number) = receiver.recv() => seen.push(number),
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn break_continue_return_and_question_mark() {
    async fn steps(mut numbers: mpsc::Receiver<Result<u32, String>>) -> Result<u32, String> {
        let mut sum = 0;
        'all: loop {
            loop {
                select! {
                    Some(number) = numbers.recv() => match number? {
                        0 => continue,
                        1 => break,
                        2 => break 'all,
                        3 => return Ok(1_000),
                        number => sum += number,
                    },
                    else => return Err("closed".to_owned()),
                }
            }
            sum += 100;
        }
        Ok(sum)
    }
    let feed = |values: &[Result<u32, String>]| {
        let (sender, receiver) = mpsc::channel(8);
        values.iter().for_each(|value| sender.try_send(value.clone()).expect("there is room"));
        drop(sender);
        run(steps(receiver))
    };
    assert_eq!(feed(&[Ok(0), Ok(5), Ok(1), Ok(2)]), Ok(105));
    assert_eq!(feed(&[Ok(5), Ok(3)]), Ok(1_000));
    assert_eq!(feed(&[Err("bad".to_owned())]), Err("bad".to_owned()));
    assert_eq!(feed(&[Ok(1)]), Err("closed".to_owned()));
}

#[test]
fn question_mark_and_await_in_the_future_expression() {
    async fn wait(which: Result<u32, u32>) -> Result<u32, u32> {
        let value = select! {
            value = ready(which?) => value,
            value = async { 6 }, if ready(false).await => value,
        };
        Ok(value)
    }
    assert_eq!(run(wait(Ok(1))), Ok(1));
    assert_eq!(run(wait(Err(2))), Err(2));
}

#[test]
fn temporaries_live_as_long_as_the_future() {
    run(async {
        let value = select! {
            number = &mut Box::pin(async {
                whippet::task::yield_now().await;
                4
            }) => number,
        };
        assert_eq!(value, 4);
    });
}

#[test]
fn whatever_turns_into_a_future() {
    struct Later(u32);
    impl IntoFuture for Later {
        type Output = u32;
        type IntoFuture = std::future::Ready<u32>;
        fn into_future(self) -> Self::IntoFuture {
            ready(self.0)
        }
    }
    assert_eq!(
        run(async {
            select! { number = Later(3) => number }
        }),
        3
    );
}

#[test]
fn handlers_that_never_return() {
    async fn wait() -> u32 {
        let value: u32 = select! {
            number = ready(1) => return number,
            () = pending() => panic!("never ready"),
            number = async { panic!("not polled") }, if false => number,
        };
        value + 100
    }
    assert_eq!(run(wait()), 1);
}

#[test]
fn a_select_within_a_select() {
    run(async {
        let value = select! {
            inner = async { select! { inner = ready(3) => inner, () = pending() => 0 } } => {
                select! { () = pending() => 0, outer = ready(inner) => outer + 1 }
            }
            () = pending() => 0,
        };
        assert_eq!(value, 4);
    });
}

#[test]
fn sixteen_branches() {
    run(async {
        for chosen in 0..16 {
            let value = select! {
                _ = ready(()), if chosen == 0 => 0,
                _ = ready(()), if chosen == 1 => 1,
                _ = ready(()), if chosen == 2 => 2,
                _ = ready(()), if chosen == 3 => 3,
                _ = ready(()), if chosen == 4 => 4,
                _ = ready(()), if chosen == 5 => 5,
                _ = ready(()), if chosen == 6 => 6,
                _ = ready(()), if chosen == 7 => 7,
                _ = ready(()), if chosen == 8 => 8,
                _ = ready(()), if chosen == 9 => 9,
                _ = ready(()), if chosen == 10 => 10,
                _ = ready(()), if chosen == 11 => 11,
                _ = ready(()), if chosen == 12 => 12,
                _ = ready(()), if chosen == 13 => 13,
                _ = ready(()), if chosen == 14 => 14,
                _ = ready(()), if chosen == 15 => 15,
            };
            assert_eq!(value, chosen);
        }
    });
}

/// Writes a `select!` of as many branches as it is given numbers.
macro_rules! select_among {
    ($chosen:ident: $($number:literal)*) => {
        select! { $( number = ready($number), if $chosen == $number => number, )* }
    };
}

#[test]
fn sixty_four_branches() {
    run(async {
        for chosen in 0..64_u32 {
            let value = select_among!(chosen:
                0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
                32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59
                60 61 62 63);
            assert_eq!(value, chosen);
        }
    });
}

#[test]
fn a_wake_of_any_branch_is_a_wake_of_the_whole() {
    let (left, on_left) = oneshot::channel::<u32>();
    let (right, on_right) = oneshot::channel::<u32>();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut waits = pin!(async {
        select! {
            Ok(number) = on_left => number,
            Ok(number) = on_right => number,
        }
    });
    assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(wakes.0.load(Ordering::Relaxed), 0);
    right.send(2).expect("the receiver waits");
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    assert_eq!(waits.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(2));
    drop(left);
}

#[test]
fn without_budget_it_is_pending_and_wakes() {
    run(async {
        let task = whippet::spawn(async {
            let (sender, mut receiver) = mpsc::channel(1_024);
            (0..1_000).for_each(|number| sender.try_send(number).expect("there is room"));
            let wakes = Arc::new(Wakes::default());
            let waker = Waker::from(wakes.clone());
            let mut polled = false;
            poll_fn(|cx| {
                if polled {
                    return Poll::Ready(());
                }
                polled = true;
                while receiver.poll_recv(&mut Context::from_waker(Waker::noop())).is_ready() {}
                let mut waits = pin!(async {
                    select! { _ = ready(()) => {} }
                });
                assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            select! { _ = ready(()) => 1 }
        });
        assert_eq!(task.await.expect("the task ends well"), 1);
    });
}

#[test]
fn it_can_be_sent_between_threads_and_keeps_one_copy_of_each_future() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    async fn big() -> u8 {
        let bytes = [0_u8; 1_000];
        pending::<()>().await;
        bytes[0]
    }
    let future = assert_send(async {
        select! {
            byte = big() => byte,
            byte = big() => byte,
        }
    });
    let size = size_of_val(&future);
    assert!(size < 2_200, "{size} bytes for two futures of {}", size_of_val(&big()));
}
