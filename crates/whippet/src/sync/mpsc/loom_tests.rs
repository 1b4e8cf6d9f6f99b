//! The channel under every interleaving. A wake that is lost shows as a deadlock of the model.

use super::error::TryRecvError;
use super::{Receiver, Sender, channel};
use loom::future::block_on;
use loom::thread;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Sends all of `values`, until the channel is closed.
fn send_all(sender: Sender<u32>, values: &[u32]) {
    for &value in values {
        if block_on(sender.send(value)).is_err() {
            return;
        }
    }
}

/// Receives until the end.
fn receive_all(receiver: &mut Receiver<u32>) -> Vec<u32> {
    let mut values = vec![];
    while let Some(value) = block_on(receiver.recv()) {
        values.push(value);
    }
    values
}

#[test]
fn loom_two_senders_that_wait_and_a_receiver() {
    loom::model(|| {
        let (sender, mut receiver) = channel(1);
        let other = sender.clone();
        let threads = [
            thread::spawn(move || send_all(sender, &[1, 2])),
            thread::spawn(move || send_all(other, &[11])),
        ];
        let mut values = receive_all(&mut receiver);
        assert!(values.iter().position(|it| *it == 1) < values.iter().position(|it| *it == 2));
        values.sort_unstable();
        assert_eq!(values, [1, 2, 11]);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn loom_send_beside_recv_many_and_the_end() {
    loom::model(|| {
        let (sender, mut receiver) = channel(2);
        let thread = thread::spawn(move || send_all(sender, &[1, 2, 3]));
        let mut values = vec![];
        while block_on(receiver.recv_many(&mut values, 2)) > 0 {}
        assert_eq!(values, [1, 2, 3]);
        thread.join().unwrap();
    });
}

#[test]
fn loom_a_cancelled_send_beside_another_and_recv() {
    loom::model(|| {
        let (sender, mut receiver) = channel(1);
        sender.try_send(1).unwrap();
        let other = sender.clone();
        let cancelled = thread::spawn(move || {
            let mut send = Box::pin(other.send(2));
            // Two polls, then the future is dropped wherever it stands.
            block_on(poll_fn(|cx| {
                let first = send.as_mut().poll(cx).is_ready();
                Poll::Ready(first || send.as_mut().poll(cx).is_ready())
            }))
        });
        let sent = thread::spawn(move || send_all(sender, &[3]));
        let values = receive_all(&mut receiver);
        let expected = if cancelled.join().unwrap() { 3 } else { 2 };
        assert_eq!(values.len(), expected, "{values:?}");
        sent.join().unwrap();
    });
}

#[test]
fn loom_close_beside_a_send_and_a_permit() {
    loom::model(|| {
        let (sender, mut receiver) = channel(2);
        let permit = sender.clone().try_reserve_owned().unwrap();
        let with_permit = thread::spawn(move || drop(permit.send(1)));
        let sending = thread::spawn(move || block_on(sender.send(2)).is_ok());
        receiver.close();
        let values = receive_all(&mut receiver);
        assert!(values.contains(&1));
        assert_eq!(values.contains(&2), sending.join().unwrap());
        with_permit.join().unwrap();
    });
}

#[test]
fn loom_the_last_permit_that_goes_home_ends_a_closed_channel() {
    loom::model(|| {
        let (sender, mut receiver) = channel::<u32>(1);
        let permit = sender.clone().try_reserve_owned().unwrap();
        receiver.close();
        let thread = thread::spawn(move || drop(permit.release()));
        assert_eq!(block_on(receiver.recv()), None);
        thread.join().unwrap();
        drop(sender);
    });
}

#[test]
fn loom_the_receivers_drop_beside_send_and_closed() {
    loom::model(|| {
        let (sender, receiver) = channel(1);
        let value = loom::sync::Arc::new(());
        let other = sender.clone();
        let sending = {
            let value = loom::sync::Arc::clone(&value);
            thread::spawn(move || {
                let _ = block_on(other.send(value));
            })
        };
        let watching = thread::spawn(move || block_on(sender.closed()));
        drop(receiver);
        sending.join().unwrap();
        watching.join().unwrap();
        assert!(loom::sync::Arc::try_unwrap(value).is_ok());
    });
}

#[test]
fn loom_the_last_sender_goes_beside_an_upgrade_and_recv() {
    loom::model(|| {
        let (sender, mut receiver) = channel(1);
        let weak = sender.downgrade();
        let upgrading =
            thread::spawn(move || weak.upgrade().is_some_and(|sender| sender.try_send(1).is_ok()));
        let dropping = thread::spawn(move || drop(sender));
        let values = receive_all(&mut receiver);
        assert_eq!(values.len(), usize::from(upgrading.join().unwrap()));
        dropping.join().unwrap();
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    });
}

#[test]
fn loom_a_recv_that_changes_its_waker_beside_send() {
    loom::model(|| {
        let (sender, mut receiver) = channel(1);
        let thread = thread::spawn(move || sender.try_send(1).unwrap());
        {
            let mut recv = pin!(receiver.recv());
            let first = block_on(poll_fn(|cx| Poll::Ready(recv.as_mut().poll(cx))));
            if let Poll::Ready(value) = first {
                assert_eq!(value, Some(1));
                thread.join().unwrap();
                return;
            }
        }
        // Another `block_on` is another waker.
        assert_eq!(block_on(receiver.recv()), Some(1));
        thread.join().unwrap();
    });
}

#[test]
fn loom_a_sender_waits_beside_a_receiver_that_has_taken_all() {
    loom::model(|| {
        let (sender, mut receiver) = channel(2);
        sender.try_send(0).unwrap();
        sender.try_send(1).unwrap();
        // Hands the first out, and takes the second.
        assert_eq!(receiver.try_recv(), Ok(0));
        sender.try_send(2).unwrap();
        let thread = thread::spawn(move || block_on(sender.send(3)).unwrap());
        // The place of the second comes back without the lock, and nothing is received until the sender has it.
        assert_eq!(receiver.try_recv(), Ok(1));
        thread.join().unwrap();
        assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(2), Ok(3)));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    });
}
