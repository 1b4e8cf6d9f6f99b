//! The locks polled by hand.

use super::{
    Mutex, MutexGuard, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
};
use super::{RwLockReadGuard, RwLockWriteGuard};
use crate::sync::test_support::{Task, waker_fn};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[test]
fn the_mutex_goes_to_waiters_in_order() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let mut first = Task::new(mutex.lock()).pend();
    let mut second = Task::new(mutex.lock()).pend();
    drop(held);
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    // It was given away already: no one overtakes.
    assert!(mutex.try_lock().is_err());
    let mut guard = first.ready();
    *guard += 1;
    assert!(second.poll().is_pending());
    drop(guard);
    assert_eq!(*second.ready(), 1);
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn regression_12_a_cancelled_lock_passes_the_mutex_on() {
    let mutex = Arc::new(Mutex::new(()));
    let held = Arc::clone(&mutex).try_lock_owned().unwrap();
    let chosen = Task::new(mutex.lock()).pend();
    let mut next = Task::new(Arc::clone(&mutex).lock_owned()).pend();
    drop(held);
    drop(chosen);
    assert_eq!(next.wakes(), 1);
    drop(next.ready());
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn a_part_of_the_value_holds_the_whole_lock() {
    let mutex = Arc::new(Mutex::new((1, String::from("one"))));
    let part = MutexGuard::map(mutex.try_lock().unwrap(), |pair| &mut pair.1);
    let mut part = super::MappedMutexGuard::map(part, |word| word.as_mut_str());
    part.make_ascii_uppercase();
    assert!(mutex.try_lock().is_err());
    assert_eq!((format!("{part}"), format!("{part:?}")), ("ONE".into(), "\"ONE\"".into()));
    let part = super::MappedMutexGuard::try_map(part, |_| None::<&mut str>).unwrap_err();
    drop(part);
    let guard = Arc::clone(&mutex).try_lock_owned().unwrap();
    let guard = OwnedMutexGuard::try_map(guard, |_| None::<&mut i32>).unwrap_err();
    let part = OwnedMutexGuard::try_map(guard, |pair| Some(&mut pair.0)).unwrap();
    let mut part = super::OwnedMappedMutexGuard::map(part, |number| number);
    *part += 1;
    assert!(mutex.try_lock().is_err());
    drop(part);
    assert_eq!(*mutex.try_lock().unwrap(), (2, "ONE".to_owned()));
}

#[test]
fn a_panic_in_map_frees_the_lock() {
    let mutex = Mutex::new(1);
    let guard = std::panic::AssertUnwindSafe(mutex.try_lock().unwrap());
    let map = move || MutexGuard::map({ guard }.0, |_| -> &mut i32 { panic!("no part") });
    assert!(std::panic::catch_unwind(map).is_err());
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn what_is_not_sync_and_what_has_no_size_is_locked_too() {
    let mutex: Arc<Mutex<Cell<i32>>> = Arc::new(Mutex::new(Cell::new(1)));
    fn sent<T: Send>(value: T) -> T {
        value
    }
    sent(Task::new(sent(mutex.lock())).ready()).set(2);
    assert_eq!(mutex.try_lock().unwrap().get(), 2);
    let slice: Arc<Mutex<[i32]>> = Arc::new(Mutex::new([1, 2, 3]));
    slice.try_lock().unwrap()[0] = 4;
    assert_eq!(format!("{slice:?}"), "Mutex { data: [4, 2, 3] }");
    let words: Arc<RwLock<dyn AsRef<str> + Send + Sync>> = Arc::new(RwLock::new("word"));
    assert_eq!((*sent(words.try_read().unwrap())).as_ref(), "word");
    let _held = slice.try_lock().unwrap();
    assert_eq!(format!("{slice:?}"), "Mutex { data: <locked> }");
}

#[test]
fn readers_share_and_writers_do_not() {
    let lock = RwLock::new(1);
    let (one, other) = (lock.try_read().unwrap(), lock.try_read().unwrap());
    let mut writer = Task::new(lock.write()).pend();
    // Behind a waiting writer a reader waits too.
    assert!(lock.try_read().is_err());
    let mut reader = Task::new(lock.read()).pend();
    drop(one);
    assert_eq!(writer.wakes(), 0);
    drop(other);
    assert_eq!((writer.wakes(), reader.wakes()), (1, 0));
    let mut guard = writer.ready();
    *guard += 1;
    drop(guard);
    assert_eq!(*reader.ready(), 2);
}

#[test]
fn a_writer_that_gives_up_lets_the_readers_behind_it_in() {
    let lock = RwLock::new(1);
    let held = lock.try_read().unwrap();
    let writer = Task::new(lock.write()).pend();
    let mut readers = [(); 2].map(|()| Task::new(lock.read()).pend());
    drop(writer);
    assert_eq!(readers.each_ref().map(Task::wakes), [1, 1]);
    let guards = readers.each_mut().map(Task::ready);
    assert!(lock.try_write().is_err());
    drop((held, guards));
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_writer_becomes_a_reader_and_no_writer_comes_between() {
    let lock = Arc::new(RwLock::new((1, 2)));
    let mut writer = Task::new(lock.write()).ready();
    let mut reader = Task::new(lock.read()).pend();
    let mut next = Task::new(lock.write()).pend();
    (*writer).0 = 5;
    let downgraded = RwLockWriteGuard::downgrade_map(writer, |pair| &pair.0);
    assert_eq!((reader.wakes(), next.wakes(), *downgraded), (1, 0, 5));
    let reader = reader.ready();
    drop(downgraded);
    assert!(next.poll().is_pending());
    drop(reader);
    let guard = next.ready();
    let guard = RwLockWriteGuard::try_downgrade_map(guard, |_| None::<&i32>).unwrap_err();
    assert!(lock.try_read().is_err());
    let part = RwLockWriteGuard::try_downgrade_map(guard, |pair| Some(&pair.1)).unwrap();
    assert_eq!((*part, lock.try_read().unwrap().1), (2, 2));
    drop(part);
    assert!(lock.try_write().is_ok());
}

#[test]
fn owned_guards_keep_the_lock_alive() {
    let value = Arc::new(());
    let lock = Arc::new(RwLock::new((Arc::clone(&value), 1)));
    let writer = Task::new(Arc::clone(&lock).write_owned()).ready();
    assert!(Arc::ptr_eq(OwnedRwLockWriteGuard::rwlock(&writer), &lock));
    let reader = writer.downgrade();
    let other = Task::new(Arc::clone(&lock).read_owned()).ready();
    assert!(Arc::clone(&lock).try_write_owned().is_err());
    drop(lock);
    let part = OwnedRwLockReadGuard::map(reader, |pair| &pair.1);
    let part = OwnedRwLockReadGuard::try_map(part, |_| None::<&i32>).unwrap_err();
    assert_eq!((*part, Arc::strong_count(&value)), (1, 2));
    drop((part, other));
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn parts_of_readers_and_writers() {
    let lock = RwLock::new(vec![1, 2]);
    let part = RwLockReadGuard::try_map(lock.try_read().unwrap(), |all| all.first()).unwrap();
    assert_eq!(*RwLockReadGuard::map(part, |number| number), 1);
    let part = RwLockWriteGuard::try_map(lock.try_write().unwrap(), |all| all.get_mut(1)).unwrap();
    let mut part = super::RwLockMappedWriteGuard::map(part, |number| number);
    *part = 7;
    assert!(lock.try_read().is_err());
    drop(part);
    drop(RwLockWriteGuard::into_mapped(lock.try_write().unwrap()));
    assert_eq!(lock.into_inner(), [1, 7]);
}

#[test]
fn readers_are_let_in_after_the_closure_of_downgrade_map() {
    let lock = Arc::new(RwLock::new((1, "one")));
    let is_held = || lock.try_read().is_err();
    let mut seen = Vec::new();
    drop(RwLockWriteGuard::downgrade_map(lock.try_write().unwrap(), |pair| {
        seen.push(is_held());
        &pair.0
    }));
    drop(RwLockWriteGuard::try_downgrade_map(lock.try_write().unwrap(), |pair| {
        seen.push(is_held());
        Some(&pair.0)
    }));
    let owned = || Arc::clone(&lock).try_write_owned().unwrap();
    drop(OwnedRwLockWriteGuard::downgrade_map(owned(), |pair| {
        seen.push(is_held());
        &pair.0
    }));
    drop(OwnedRwLockWriteGuard::try_downgrade_map(owned(), |pair| {
        seen.push(is_held());
        Some(&pair.0)
    }));
    assert_eq!(seen, [true; 4]);
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_closure_of_downgrade_map_that_panics_frees_the_lock() {
    let lock = RwLock::new(());
    let downgrade = || {
        drop(RwLockWriteGuard::downgrade_map(lock.try_write().unwrap(), |()| -> &() {
            panic!("as the test wants")
        }));
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(downgrade)).is_err());
    assert!(lock.try_write().is_ok());
}

#[test]
fn no_more_readers_than_were_asked_for() {
    let lock = RwLock::with_max_readers((), 2);
    let readers = (lock.try_read().unwrap(), lock.try_read().unwrap());
    let mut third = Task::new(lock.read()).pend();
    drop(readers);
    drop(third.ready());
    assert!(lock.try_write().is_ok());
}

#[test]
#[should_panic(expected = "`RwLock::with_max_readers`: zero readers")]
fn a_lock_with_zero_readers_is_rejected() {
    let _ = RwLock::with_max_readers((), 0);
}

#[test]
fn regression_07_a_waker_may_use_the_lock() {
    let mutex = Arc::new(Mutex::new(()));
    let failed = Arc::new(AtomicUsize::new(0));
    let held = Arc::clone(&mutex).try_lock_owned().unwrap();
    let mut waiting = Task::new(mutex.lock());
    let waker = {
        let (mutex, failed) = (Arc::clone(&mutex), Arc::clone(&failed));
        waker_fn(move || {
            failed.fetch_add(usize::from(mutex.try_lock().is_err()), Relaxed);
        })
    };
    assert!(waiting.poll_with(&waker).is_pending());
    drop(held);
    assert_eq!(failed.load(Relaxed), 1);
    drop(waiting.ready());
}
