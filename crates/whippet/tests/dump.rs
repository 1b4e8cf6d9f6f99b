//! `Handle::dump`: what is told of each task.

use std::future::pending;
use std::sync::{Mutex, mpsc};
use std::time::Duration;
use whippet::runtime::{Builder, Runtime, TaskDump, TaskState};
use whippet::task::{Id, yield_now};

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

fn multi(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().expect("a runtime")
}

/// What is told of this task.
fn of(runtime: &Runtime, id: Id) -> Option<TaskDump> {
    runtime.handle().dump().tasks().iter().find(|task| task.id() == id).cloned()
}

#[test]
fn each_live_task_is_in_it_with_its_place_and_the_complete_are_not() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let places: Vec<(Id, u32)> =
        (0..10).map(|_| (runtime.spawn(pending::<()>()).id(), line!())).collect();
    let done = runtime.spawn(async {});
    let id = done.id();
    assert!(of(&runtime, id).is_some());
    runtime.block_on(done).unwrap();
    let dump = runtime.handle().dump();
    let mut found: Vec<(Id, u32)> =
        dump.tasks().iter().map(|task| (task.id(), task.spawned_at().line())).collect();
    found.sort_by_key(|(id, _)| places.iter().position(|(other, _)| other == id));
    assert_eq!(found, places);
    assert!(dump.tasks().iter().all(|task| task.spawned_at().file() == file!()));
    assert!(dump.to_string().starts_with("10 tasks: 0 running, 0 queued, 10 waiting\n"));
}

#[test]
fn states_and_polls_are_dumped() {
    let runtime = multi(1);
    let waits = runtime.spawn(pending::<()>());
    let (tell, told) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let runs = runtime.spawn(async move {
        for _ in 0..4 {
            yield_now().await;
        }
        tell.send(()).unwrap();
        // The only worker stays here until it was looked at.
        released.into_inner().unwrap().recv_timeout(DEADLINE)
    });
    told.recv_timeout(DEADLINE).unwrap();
    let queued = runtime.spawn(async {});
    let state = |id| of(&runtime, id).map(|task| (task.state(), task.polls()));
    assert_eq!(state(waits.id()), Some((TaskState::Waiting, 1)));
    assert_eq!(state(runs.id()), Some((TaskState::Running, 5)));
    assert_eq!(state(queued.id()), Some((TaskState::Queued, 0)));
    let words = of(&runtime, runs.id()).unwrap().to_string();
    for part in ["running", "polls 5", file!(), "dump::states_and_polls_are_dumped"] {
        assert!(words.contains(part), "{words:?} says {part:?}");
    }
    release.send(()).unwrap();
    runtime.block_on(async { (runs.await.unwrap().unwrap(), queued.await.unwrap()) });
    assert_eq!(runtime.handle().dump().tasks().len(), 1);
}

#[test]
fn the_oldest_comes_first() {
    let runtime = multi(1);
    let old = runtime.spawn(pending::<()>());
    let mut young = runtime.spawn(pending::<()>());
    // The clock of ages goes in ticks: tasks come and go until one is a tick younger.
    loop {
        let dump = runtime.handle().dump();
        let place = |id| dump.tasks().iter().position(|task| task.id() == id).expect("it lives");
        let (first, second) = (place(old.id()), place(young.id()));
        if dump.tasks()[first].age() > dump.tasks()[second].age() {
            assert!(first < second, "{dump}");
            break;
        }
        young.abort();
        young = runtime.spawn(pending());
    }
}

#[test]
fn it_is_taken_while_tasks_come_and_go() {
    let runtime = multi(2);
    let churn: Vec<_> = (0..4)
        .map(|_| {
            runtime.spawn(async {
                for _ in 0..2_000 {
                    whippet::spawn(yield_now()).await.unwrap();
                }
            })
        })
        .collect();
    while churn.iter().any(|task| !task.is_finished()) {
        let dump = runtime.handle().dump();
        // Four that stay, and at the most four others for each worker, whose lists are looked at one after the other.
        assert!(dump.tasks().len() <= 4 + 2 * 4, "{dump}");
    }
    assert!(runtime.handle().dump().tasks().is_empty());
}
