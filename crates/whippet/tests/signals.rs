//! Signals, each test in a process of its own: a signal concerns the whole process, and one that nobody handles ends it.

use rustix::process::{Signal as Number, getpid, kill_process};
use std::env;
use std::future::{Future, poll_fn};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use whippet::runtime::{Builder, Runtime};
use whippet::signal::{Signal, SignalKind, ctrl_c, signal};
use whippet::task::yield_now;
use whippet::time::timeout;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);
/// Signals of a test that sends many.
const MANY: usize = 40;
/// Tells a process which test it is there for.
const CHILD: &str = "WHIPPET_SIGNALS_TEST";

/// Runs a test in a process of its own, which must end well.
fn in_a_child(test: &str, body: impl FnOnce()) {
    if env::var_os(CHILD).is_some_and(|name| name == test) {
        return body();
    }
    let program = env::current_exe().expect("the test's program has a path");
    let output = Command::new(program).args(["--exact", test]).env(CHILD, test).output();
    let output = output.expect("the test's program starts");
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{:?}: {words}", output.status);
    assert!(words.contains("running 1 test"), "no test is called {test}: {words}");
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime starts")
}

/// Sends this process a signal.
fn send(number: Number) {
    kill_process(getpid(), number).expect("a process may send itself a signal");
}

async fn hear(listener: &mut Signal) {
    assert_eq!(timeout(DEADLINE, listener.recv()).await, Ok(Some(())));
}

/// Whether a listener has heard anything by now.
async fn has_heard(listener: &mut Signal) -> bool {
    poll_fn(|cx| Poll::Ready(listener.poll_recv(cx).is_ready())).await
}

/// A waker that tells that it was called.
#[derive(Default)]
struct Called(AtomicBool);

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn one_listener_kept_across_turns_loses_none() {
    in_a_child("one_listener_kept_across_turns_loses_none", || {
        current_thread().block_on(async {
            let mut kept = signal(SignalKind::interrupt()).unwrap();
            for _ in 0..MANY {
                send(Number::INT);
                hear(&mut kept).await;
            }
            // Those that nobody waited for are one.
            (0..MANY).for_each(|_| send(Number::INT));
            hear(&mut kept).await;
            yield_now().await;
            assert!(!has_heard(&mut kept).await, "all of them were one");
            let mut late = signal(SignalKind::interrupt()).unwrap();
            assert!(!has_heard(&mut late).await, "they came before it listened");
        });
    });
}

#[test]
fn a_new_ctrl_c_hears_what_was_not_announced_before_it() {
    in_a_child("a_new_ctrl_c_hears_what_was_not_announced_before_it", || {
        current_thread().block_on(async {
            let called = Arc::new(Called::default());
            let waker = Waker::from(Arc::clone(&called));
            let mut cx = Context::from_waker(&waker);
            let mut first = pin!(ctrl_c());
            assert!(first.as_mut().poll(&mut cx).is_pending());
            send(Number::INT);
            let announced = async {
                while !called.0.load(Ordering::SeqCst) {
                    yield_now().await;
                }
            };
            timeout(DEADLINE, announced).await.unwrap();
            // The task that waited for the first has not had its turn yet.
            send(Number::INT);
            assert!(matches!(first.as_mut().poll(&mut cx), Poll::Ready(Ok(()))));
            timeout(DEADLINE, ctrl_c()).await.expect("the second is not lost").unwrap();
        });
    });
}

#[test]
fn no_default_action_comes_back_without_listeners() {
    in_a_child("no_default_action_comes_back_without_listeners", || {
        let runtime = current_thread();
        runtime.block_on(async {
            assert!(timeout(Duration::ZERO, ctrl_c()).await.is_err(), "nobody pressed Ctrl-C");
            drop(signal(SignalKind::terminate()).unwrap());
            // Each of them would end the process.
            send(Number::INT);
            send(Number::TERM);
        });
        drop(runtime);
        send(Number::INT);
        send(Number::TERM);
        // What came while nobody listened is not heard later.
        current_thread().block_on(async {
            let mut interrupts = signal(SignalKind::interrupt()).unwrap();
            let mut terminations = signal(SignalKind::terminate()).unwrap();
            send(Number::TERM);
            hear(&mut terminations).await;
            assert!(!has_heard(&mut interrupts).await);
        });
    });
}

#[test]
fn each_of_several_runtimes_hears_a_signal() {
    in_a_child("each_of_several_runtimes_hears_a_signal", || {
        let runtimes = [current_thread(), Builder::new_multi_thread().build().unwrap()];
        let mut listeners = runtimes
            .each_ref()
            .map(|runtime| runtime.block_on(async { signal(SignalKind::interrupt()).unwrap() }));
        send(Number::INT);
        for (runtime, listener) in runtimes.iter().zip(&mut listeners) {
            runtime.block_on(hear(listener));
        }
        let [first, second] = runtimes;
        let [mut of_first, mut of_second] = listeners;
        drop(first);
        send(Number::INT);
        second.block_on(async {
            hear(&mut of_second).await;
            assert_eq!(of_first.recv().await, None, "its runtime has ended");
        });
    });
}

#[test]
fn the_end_of_a_runtime_ends_the_wait_for_its_signals() {
    let ending = current_thread();
    let mut listener = ending.block_on(async { signal(SignalKind::hangup()).unwrap() });
    let called = Arc::new(Called::default());
    let waker = Waker::from(Arc::clone(&called));
    let mut cx = Context::from_waker(&waker);
    assert!(listener.poll_recv(&mut cx).is_pending());
    drop(ending);
    assert!(called.0.load(Ordering::SeqCst), "the task that waits is woken");
    assert_eq!(listener.poll_recv(&mut cx), Poll::Ready(None));
}

#[test]
fn a_program_that_is_executed_has_the_default_action() {
    in_a_child("a_program_that_is_executed_has_the_default_action", || {
        current_thread().block_on(async {
            let mut interrupts = signal(SignalKind::interrupt()).unwrap();
            let status = Command::new("sh").args(["-c", "kill -INT $$"]).status().unwrap();
            assert_eq!(status.signal(), Some(Number::INT.as_raw()));
            yield_now().await;
            assert!(!has_heard(&mut interrupts).await, "the signal was the other program's");
        });
    });
}

#[test]
fn a_signal_of_a_forked_process_is_not_its_parents() {
    in_a_child("a_signal_of_a_forked_process_is_not_its_parents", || {
        current_thread().block_on(async {
            let mut mine = signal(SignalKind::user_defined1()).unwrap();
            let mut turns = signal(SignalKind::user_defined2()).unwrap();
            let mut command = Command::new("true");
            // SAFETY: between fork and exec only two system calls are made.
            unsafe {
                command.pre_exec(|| kill_process(getpid(), Number::USR1).map_err(io::Error::from));
            }
            assert!(command.status().unwrap().success());
            send(Number::USR2);
            hear(&mut turns).await;
            assert!(!has_heard(&mut mine).await, "it was the child's");
        });
    });
}

#[test]
fn a_signal_that_no_program_may_catch_is_an_error() {
    current_thread().block_on(async {
        // SIGKILL, SIGSTOP, SIGILL, SIGFPE, SIGSEGV, and numbers of no signal.
        for number in [9, 19, 4, 8, 11, 0, -1, 32, 65, i32::MAX] {
            assert!(signal(SignalKind::from_raw(number)).is_err(), "signal {number}");
        }
    });
}

#[test]
fn a_listener_for_sigpipe_leaves_the_errors_of_writes() {
    use std::io::{ErrorKind, Write, pipe};
    in_a_child("a_listener_for_sigpipe_leaves_the_errors_of_writes", || {
        let fail_to_write = || {
            let (reader, mut writer) = pipe().unwrap();
            drop(reader);
            assert_eq!(writer.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        };
        let runtime = current_thread();
        runtime.block_on(async {
            let mut unread = signal(SignalKind::pipe()).unwrap();
            fail_to_write();
            hear(&mut unread).await;
        });
        fail_to_write();
        drop(runtime);
        fail_to_write();
    });
}
