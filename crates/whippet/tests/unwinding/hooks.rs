//! Hooks of the builder, and the function that names threads.

use super::support::DEADLINE;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use whippet::runtime::{Builder, Runtime};
use whippet::task::{block_in_place, spawn_blocking};

/// All `workers` take turns of tasks: as many tasks wait for each other, on threads of their own.
fn all_live(runtime: &Runtime, workers: usize) {
    let (meet, met) = mpsc::channel();
    let releases: Vec<_> = (0..workers)
        .map(|_| {
            let (release, released) = mpsc::channel::<()>();
            let meet = meet.clone();
            drop(runtime.spawn(async move {
                meet.send(()).expect("no error");
                let _ = released.recv();
            }));
            release
        })
        .collect();
    for number in 0..workers {
        let came = met.recv_timeout(DEADLINE);
        assert!(came.is_ok(), "{number} of {workers} workers are left");
    }
    drop(releases);
}

/// Tasks go from outside to workers that fall asleep in between, and none is lost.
fn loses_no_task(runtime: &Runtime) {
    let (sender, receiver) = mpsc::channel();
    for round in 0..1_000 {
        let sender = sender.clone();
        drop(runtime.spawn(async move { sender.send(round).expect("no error") }));
        assert_eq!(receiver.recv_timeout(DEADLINE), Ok(round), "a task was pushed, and lost");
    }
}

/// Whether it is one of the first calls. A report of each would fill the screen.
fn is_early(calls: &AtomicUsize) -> bool {
    calls.fetch_add(1, SeqCst) < 20
}

#[test]
fn a_panic_in_on_thread_park_loses_no_task() {
    let calls = AtomicUsize::new(0);
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).on_thread_park(move || assert!(!is_early(&calls), "on purpose"));
    let runtime = builder.build().unwrap();
    loses_no_task(&runtime);
    all_live(&runtime, 2);
}

#[test]
fn a_panic_in_on_thread_unpark_loses_no_task() {
    let calls = AtomicUsize::new(0);
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).on_thread_unpark(move || assert!(!is_early(&calls), "on purpose"));
    let runtime = builder.build().unwrap();
    loses_no_task(&runtime);
    all_live(&runtime, 2);
}

#[test]
fn a_panic_in_the_parks_of_block_on_does_not_end_it() {
    let mut builder = Builder::new_current_thread();
    let (before, after) = (AtomicUsize::new(0), AtomicUsize::new(0));
    builder.on_thread_park(move || assert!(!is_early(&before), "on purpose"));
    builder.on_thread_unpark(move || assert!(!is_early(&after), "on purpose"));
    let runtime = builder.build().unwrap();
    for _ in 0..30 {
        runtime.block_on(async { spawn_blocking(|| ()).await.unwrap() });
    }
}

#[test]
fn a_panic_in_on_thread_start_loses_no_thread() {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).on_thread_start(|| panic!("on purpose"));
    let runtime = builder.build().unwrap();
    all_live(&runtime, 2);
    let job = runtime.spawn_blocking(|| 7);
    assert_eq!(runtime.block_on(job).unwrap(), 7);
}

#[test]
fn a_panic_in_on_thread_stop_ends_all_the_same() {
    let (sender, stops) = mpsc::channel();
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).on_thread_stop(move || {
        sender.send(()).unwrap();
        panic!("on purpose");
    });
    let runtime = builder.build().unwrap();
    let job = runtime.spawn_blocking(|| ());
    runtime.block_on(job).unwrap();
    runtime.shutdown_timeout(DEADLINE);
    // The end waits for the hooks of workers; that of a thread for blocking calls comes by itself.
    assert_eq!([(); 3].map(|()| stops.recv_timeout(DEADLINE)), [Ok(()); 3]);
}

#[test]
fn a_thread_name_fn_that_panics_costs_the_name_alone() {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).thread_name_fn(|| panic!("on purpose"));
    let runtime = builder.build().unwrap();
    all_live(&runtime, 1);
    let job = runtime.spawn_blocking(|| 7);
    assert_eq!(runtime.block_on(job).unwrap(), 7);
    // A thread stands in for the worker, and retires.
    let blocks = runtime.spawn(async {
        let (sender, receiver) = mpsc::channel();
        drop(whippet::spawn(async move { sender.send(()).unwrap() }));
        block_in_place(|| receiver.recv_timeout(DEADLINE)).unwrap();
    });
    runtime.block_on(blocks).unwrap();
}

#[test]
fn a_thread_name_with_a_nul_starts_its_threads() {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).thread_name("wor\0ker");
    let runtime = builder.build().unwrap();
    let name = runtime.spawn(async { std::thread::current().name().map(str::to_owned) });
    assert_eq!(runtime.block_on(name).unwrap().as_deref(), Some("worker"));
}
