//! Values that panic when they are dropped.

use super::support::{Bomb, DEADLINE, Task, current, multi, panics};
use std::sync::atomic::Ordering::SeqCst;
use whippet::runtime::Runtime;
use whippet::sync::{OnceCell, broadcast, mpsc, oneshot, watch};
use whippet::task::JoinSet;

#[test]
fn a_receiver_of_a_broadcast_passes_all_values_it_leaves() {
    let (sender, receiver) = broadcast::channel(8);
    let (bombs, dropped) = Bomb::some(5);
    for bomb in bombs {
        assert!(sender.send(bomb).is_ok());
    }
    assert!(panics(|| drop(receiver)), "a panic goes on when all are dropped");
    assert_eq!((dropped.load(SeqCst), sender.len()), (5, 0));
    // The channel works on.
    let mut receiver = sender.subscribe();
    let (mut bombs, _) = Bomb::some(1);
    assert!(sender.send(bombs.pop().unwrap()).is_ok());
    let kept = receiver.try_recv();
    assert_eq!(sender.len(), 0);
    assert!(panics(|| drop(kept)));
}

#[test]
fn a_receiver_of_a_broadcast_goes_by_a_panic() {
    let (sender, receiver) = broadcast::channel(8);
    let (bombs, dropped) = Bomb::some(5);
    for bomb in bombs {
        assert!(sender.send(bomb).is_ok());
    }
    let mut closed = Task::new(sender.closed()).pend();
    assert!(panics(move || {
        let _receiver = receiver;
        panic!("on purpose");
    }));
    assert_eq!((dropped.load(SeqCst), sender.len(), closed.wakes()), (5, 0, 1));
    closed.ready();
}

#[test]
fn an_overwritten_value_that_panics_leaves_the_new_one() {
    let (sender, mut receiver) = broadcast::channel(1);
    let (mut bombs, dropped) = Bomb::some(2);
    assert!(sender.send(bombs.pop().unwrap()).is_ok());
    assert!(panics(|| sender.send(bombs.pop().unwrap())));
    assert_eq!(dropped.load(SeqCst), 1);
    assert!(matches!(receiver.try_recv(), Err(broadcast::error::TryRecvError::Lagged(1))));
    let kept = receiver.try_recv().ok().unwrap();
    assert!(panics(|| drop(kept)));
}

#[test]
fn messages_that_panic_are_all_dropped_with_their_receiver() {
    let (sender, mut receiver) = mpsc::channel(8);
    let (bombs, dropped) = Bomb::some(8);
    for bomb in bombs {
        assert!(sender.try_send(bomb).is_ok());
    }
    // Those behind it are taken out with the first: some wait in the receiver, and some in the channel.
    let kept = receiver.try_recv();
    let (more, dropped_later) = Bomb::some(1);
    for bomb in more {
        assert!(sender.try_send(bomb).is_ok());
    }
    let mut closed = Task::new(sender.closed()).pend();
    assert!(panics(|| drop(receiver)), "a panic goes on when all are dropped");
    assert_eq!((dropped.load(SeqCst), dropped_later.load(SeqCst)), (7, 1));
    assert!(panics(|| drop(kept)));
    assert_eq!(closed.wakes(), 1);
    closed.ready();
    assert!(sender.is_closed() && sender.capacity() == 8);

    let (sender, receiver) = mpsc::unbounded_channel();
    let (bombs, dropped) = Bomb::some(3);
    for bomb in bombs {
        assert!(sender.send(bomb).is_ok());
    }
    assert!(panics(move || {
        let _receiver = receiver;
        panic!("on purpose");
    }));
    assert_eq!(dropped.load(SeqCst), 3);
}

#[test]
fn a_send_without_receivers_drops_its_value_outside() {
    let (sender, receiver) = mpsc::channel(1);
    let permit = sender.try_reserve().unwrap();
    drop(receiver);
    let (mut bombs, _) = Bomb::some(1);
    assert!(panics(|| permit.send(bombs.pop().unwrap())));
    assert_eq!(sender.capacity(), 0, "the permit went with the value");
    let (sender, receiver) = oneshot::channel();
    let (mut bombs, dropped) = Bomb::some(1);
    assert!(sender.send(bombs.pop().unwrap()).is_ok());
    assert!(panics(|| drop(receiver)));
    assert_eq!(dropped.load(SeqCst), 1);
}

#[test]
fn a_former_value_that_panics_leaves_the_new_one() {
    let (sender, receiver) = watch::channel(None);
    let (mut bombs, _) = Bomb::some(1);
    let mut changed = receiver.clone();
    let changed = Task::new(async move { changed.changed().await.is_ok() }).pend();
    sender.send(bombs.pop()).ok().unwrap();
    assert_eq!(changed.wakes(), 1);
    let mut again = receiver.clone();
    again.mark_unchanged();
    let again = Task::new(async move { again.changed().await.is_ok() }).pend();
    assert!(panics(|| sender.send(None)));
    assert!(receiver.borrow().is_none(), "the new value is there");
    assert_eq!(again.wakes(), 1, "and it was woken before the old one was dropped");
}

#[test]
fn cells_are_whole_after_a_value_that_panics() {
    let (mut bombs, dropped) = Bomb::some(2);
    let mut cell = OnceCell::new();
    assert!(cell.set(bombs.pop().unwrap()).is_ok());
    assert!(panics(|| drop(cell.set(bombs.pop().unwrap()))), "the refused value");
    assert!(panics(|| drop(cell.take())));
    assert_eq!((dropped.load(SeqCst), cell.initialized()), (2, false));
}

/// Waits until no task lives.
async fn finished(runtime: &Runtime) {
    while runtime.metrics().num_alive_tasks() > 0 {
        whippet::task::yield_now().await;
    }
}

#[test]
fn panics_of_unwanted_outputs_end_where_they_are() {
    let runtime = multi(1);
    let (bombs, dropped) = Bomb::some(8);
    let mut bombs = bombs.into_iter();
    runtime.block_on(async {
        let mut next = || {
            let bomb = bombs.next().unwrap();
            async move { bomb }
        };
        // By the handle, and by the task.
        let task = whippet::spawn(next());
        while !task.is_finished() {
            whippet::task::yield_now().await;
        }
        drop(task);
        drop(whippet::spawn(next()));
        let mut set = JoinSet::new();
        (0..3).for_each(|_| drop(set.spawn(next())));
        finished(&runtime).await;
        set.shutdown().await;
        assert!(set.is_empty());
        (0..3).for_each(|_| drop(set.spawn(next())));
        finished(&runtime).await;
        set.detach_all();
    });
    runtime.shutdown_timeout(DEADLINE);
    assert_eq!(dropped.load(SeqCst), 8);
    // The runtime's thread is fit for more.
    current().block_on(async {});
}
