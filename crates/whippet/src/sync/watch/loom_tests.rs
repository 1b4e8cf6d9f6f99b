//! The watch channel under every interleaving. A change that is missed shows as a deadlock of the model.

use super::channel;
use loom::future::block_on;
use loom::thread;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

#[test]
fn loom_a_receiver_sees_the_last_of_two_changes_and_the_end() {
    loom::model(|| {
        let (sender, mut receiver) = channel(0);
        let thread = thread::spawn(move || {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        });
        let mut last = 0;
        while block_on(receiver.changed()).is_ok() {
            let value = *receiver.borrow_and_update();
            assert!(value > last, "{value} after {last}");
            last = value;
        }
        assert_eq!(last, 2);
        thread.join().unwrap();
    });
}

#[test]
fn loom_two_receivers_one_of_which_gives_up() {
    loom::model(|| {
        let (sender, mut receiver) = channel(0);
        let mut other = receiver.clone();
        let giving_up = thread::spawn(move || {
            let mut changed = pin!(other.changed());
            block_on(poll_fn(|cx| Poll::Ready(changed.as_mut().poll(cx).is_ready())));
        });
        let sending = thread::spawn(move || sender.send(1));
        block_on(receiver.changed()).unwrap();
        assert_eq!(*receiver.borrow(), 1);
        giving_up.join().unwrap();
        assert!(sending.join().unwrap().is_ok());
    });
}

#[test]
fn loom_wait_for_looks_at_the_last_value() {
    loom::model(|| {
        let (sender, mut receiver) = channel(0);
        let other = sender.clone();
        let threads = [sender, other]
            .map(|sender| thread::spawn(move || sender.send_modify(|value| *value += 1)));
        assert_eq!(block_on(receiver.wait_for(|value| *value == 2)).map(|value| *value), Ok(2));
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn loom_a_sender_waits_for_two_receivers_to_go() {
    loom::model(|| {
        let (sender, receiver) = channel(0);
        let threads = [receiver.clone(), receiver].map(|one| thread::spawn(move || drop(one)));
        block_on(sender.closed());
        assert!(sender.send(1).is_err());
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
