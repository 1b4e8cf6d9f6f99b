//! Cells under every interleaving. loom sees a value that is looked at while it is written; a permit that is lost shows as a
//! deadlock of the model.

use super::{OnceCell, SetOnce};
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::task::Poll;

#[test]
fn loom_one_of_two_makes_the_value() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::new());
        let threads = [1, 2].map(|number| {
            let cell = Arc::clone(&cell);
            thread::spawn(move || *block_on(cell.get_or_init(|| ready(number))))
        });
        let set = cell.set(3).is_ok();
        let [one, other] = threads.map(|thread| thread.join().unwrap());
        assert_eq!((one, Some(&one)), (other, cell.get()));
        assert_eq!(set, one == 3);
    });
}

#[test]
fn loom_a_cancelled_init_beside_a_waiter() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::new());
        let giving_up = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || {
                let mut made = pin!(cell.get_or_init(pending));
                block_on(poll_fn(|cx| Poll::Ready(made.as_mut().poll(cx).is_ready())))
            })
        };
        let waiting = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || *block_on(cell.get_or_init(|| ready(1))))
        };
        assert_eq!(*block_on(cell.get_or_init(|| ready(1))), 1);
        assert_eq!(waiting.join().unwrap(), 1);
        giving_up.join().unwrap();
    });
}

#[test]
fn loom_two_set_and_one_waits() {
    loom::model(|| {
        let once = Arc::new(SetOnce::new());
        let threads = [1, 2].map(|number| {
            let once = Arc::clone(&once);
            thread::spawn(move || usize::from(once.set(number).is_ok()))
        });
        let value = *block_on(once.wait());
        let set: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!((set, Some(&value)), (1, once.get()));
    });
}
