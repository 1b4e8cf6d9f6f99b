//! The oneshot under every interleaving: cells are checked for concurrent access, wakes that are lost show as
//! deadlocks, and values that are lost or doubled as leaks.

use super::channel;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

#[test]
fn loom_send_beside_recv() {
    loom::model(|| {
        let (sender, receiver) = channel();
        let thread = thread::spawn(move || sender.send(Arc::new(1)).unwrap());
        assert_eq!(*block_on(receiver).unwrap(), 1);
        thread.join().unwrap();
    });
}

#[test]
fn loom_the_senders_drop_beside_recv() {
    loom::model(|| {
        let (sender, receiver) = channel::<u8>();
        let thread = thread::spawn(move || drop(sender));
        assert!(block_on(receiver).is_err());
        thread.join().unwrap();
    });
}

#[test]
fn loom_send_beside_the_receivers_drop() {
    loom::model(|| {
        let (sender, receiver) = channel();
        let thread = thread::spawn(move || drop(sender.send(Arc::new(1))));
        drop(receiver);
        thread.join().unwrap();
    });
}

#[test]
fn loom_send_beside_close_and_try_recv() {
    loom::model(|| {
        let (sender, mut receiver) = channel();
        let thread = thread::spawn(move || sender.send(Arc::new(1)).is_ok());
        receiver.close();
        let received = receiver.try_recv().is_ok();
        assert_eq!(thread.join().unwrap(), received);
    });
}

#[test]
fn loom_send_beside_a_recv_that_changes_its_waker_and_goes_away() {
    loom::model(|| {
        let (sender, mut receiver) = channel();
        let thread = thread::spawn(move || sender.send(Arc::new(1)).is_ok());
        for _ in 0..2 {
            // Each `block_on` is another waker.
            let poll = block_on(poll_fn(|cx| Poll::Ready(Pin::new(&mut receiver).poll(cx))));
            if poll.is_ready() {
                break;
            }
        }
        drop(receiver);
        thread.join().unwrap();
    });
}

#[test]
fn loom_a_changed_waker_is_the_one_that_is_woken() {
    loom::model(|| {
        let (sender, mut receiver) = channel();
        let thread = thread::spawn(move || sender.send(Arc::new(1)).is_ok());
        let first = block_on(poll_fn(|cx| Poll::Ready(Pin::new(&mut receiver).poll(cx))));
        if first.is_pending() {
            assert!(block_on(receiver).is_ok());
        }
        assert!(thread.join().unwrap());
    });
}

#[test]
fn loom_closed_beside_the_receivers_drop() {
    loom::model(|| {
        let (mut sender, receiver) = channel::<u8>();
        let thread = thread::spawn(move || drop(receiver));
        block_on(sender.closed());
        assert_eq!(sender.send(1), Err(1));
        thread.join().unwrap();
    });
}

#[test]
fn loom_closed_that_changes_its_waker_then_send_beside_close() {
    loom::model(|| {
        let (mut sender, mut receiver) = channel();
        let thread = thread::spawn(move || {
            let first = block_on(poll_fn(|cx| Poll::Ready(receiver_poll(&mut receiver, cx))));
            receiver.close();
            first || receiver.try_recv().is_ok()
        });
        for _ in 0..2 {
            block_on(poll_fn(|cx| Poll::Ready(sender.poll_closed(cx).is_ready())));
        }
        let sent = sender.send(Arc::new(1)).is_ok();
        assert_eq!(thread.join().unwrap(), sent);
    });
}

/// One poll; whether it took the value.
fn receiver_poll(
    receiver: &mut super::Receiver<Arc<i32>>,
    cx: &mut std::task::Context<'_>,
) -> bool {
    matches!(Pin::new(receiver).poll(cx), Poll::Ready(Ok(_)))
}
