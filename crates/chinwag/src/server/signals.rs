//! What stops the server: the first signal asks it to, the second does not ask.
//!
//! ```text
//!   first  ──► handler: requested = true, and the runtime is woken ──► a task cancels the token: the graceful end
//!   second ──► handler: requested? then the process ends
//! ```
//!
//! A SIGHUP by which the server ends with its terminal is a first one, too ([`FirstSignal`]).
//!
//! The second one is answered by the signal's handler itself, on whatever thread the kernel chooses: workers that are blocked, a
//! disk that hangs or a runtime at its end make no difference. A handler may do little; reading a flag and `_exit` are
//! among it.
//!
//! The order in which they are set up: first the runtime listens, so that no signal is lost from the moment at which it does not
//! end the process by itself any more. Before that moment each one does. For each signal the check of "requested" is registered before
//! what sets it, or the first would end it.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use whippet::select;
use whippet::signal::{SignalKind, signal};
use whippet::sync::CancellationToken;

/// Exit code of a process that SIGINT ended, as shells have it.
const INTERRUPTED: i32 = 130;
/// Exit code of a process that SIGTERM ended.
const TERMINATED: i32 = 143;

/// The first signal, in the hands of who finds out that another than SIGINT and SIGTERM is one.
#[derive(Clone, Debug)]
pub(crate) struct FirstSignal {
    /// Set by handlers and by [`FirstSignal::trigger`], read by handlers; nothing else depends on it.
    requested: Arc<AtomicBool>,
    /// Cancelled, it lets the server end.
    stop: CancellationToken,
}

impl FirstSignal {
    /// It came: the server is to end, and the next SIGINT or SIGTERM is the second.
    pub(crate) fn trigger(&self) {
        self.requested.store(true, Relaxed);
        self.stop.cancel();
    }
}

/// Cancels the token with the first SIGINT or SIGTERM, and ends the process at once with the second, whichever of them. What
/// it gives back is for a first one of another kind.
///
/// # Errors
/// Any error of registering the signals.
pub(crate) fn stop_on_signals(stop: CancellationToken) -> io::Result<FirstSignal> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let requested = Arc::new(AtomicBool::new(false));
    for (signal, code) in [(SIGINT, INTERRUPTED), (SIGTERM, TERMINATED)] {
        register_conditional_shutdown(signal, code, Arc::clone(&requested))?;
        register(signal, Arc::clone(&requested))?;
    }
    let first = FirstSignal { requested, stop: stop.clone() };
    whippet::spawn(async move {
        select! {
            Some(()) = interrupt.recv() => {}
            Some(()) = terminate.recv() => {}
            else => return,
        }
        stop.cancel();
    });
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Pid, Signal, kill_process};
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::sync::Barrier;
    use std::time::Duration;
    use whippet::runtime::Builder;
    use whippet::task::{spawn_blocking, yield_now};
    use whippet::time::timeout;

    /// What [`child`] prints when nothing of it can run any more.
    const BLOCKED: &str = "every thread is blocked";
    /// The variable by which it has lost its terminal before.
    const HUNG_UP: &str = "CHINWAG_TESTS_HUNG_UP";

    #[test]
    #[ignore = "it is the process that the test below starts, and never ends by itself"]
    fn child() {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime");
        let blocked = Arc::new(Barrier::new(3));
        let block = || loop {
            std::thread::park();
        };
        runtime.block_on(async {
            let first = stop_on_signals(CancellationToken::new()).expect("signals");
            if std::env::var_os(HUNG_UP).is_some() {
                first.trigger();
            }
            for _ in 0..2 {
                let blocked = Arc::clone(&blocked);
                whippet::spawn(async move {
                    blocked.wait();
                    block();
                });
            }
            blocked.wait();
            println!("{BLOCKED}");
            block();
        });
    }

    /// The process in which the test above runs. Dropped, it is killed.
    struct Hanging(std::process::Child);

    impl Drop for Hanging {
        fn drop(&mut self) {
            // It may have ended.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    impl Hanging {
        /// Starts it with a variable, and waits until it hangs.
        async fn start(variable: Option<&str>) -> Self {
            let this = std::env::current_exe().expect("this program");
            let mut process = Command::new(this)
                .args(["--exact", "server::signals::tests::child", "--ignored", "--nocapture"])
                .envs(variable.map(|name| (name, "1")))
                .stdout(Stdio::piped())
                .spawn()
                .expect("the program starts");
            let out = BufReader::new(process.stdout.take().expect("a pipe"));
            let is_blocked = |line: String| line.contains(BLOCKED).then_some(());
            let mut lines = out.lines().map_while(Result::ok);
            let blocked = spawn_blocking(move || lines.find_map(is_blocked));
            blocked.await.expect("no panic").expect("it blocks");
            Self(process)
        }

        /// Sends it one signal and then the other, until it has ended; says with which code.
        async fn ended_by(mut self, first: Signal, second: Signal) -> Option<i32> {
            let pid = Pid::from_child(&self.0);
            kill_process(pid, first).expect("it runs");
            let status = format!("/proc/{}/status", pid.as_raw_nonzero());
            let is_taken = || {
                let status = std::fs::read_to_string(&status).expect("it runs");
                status.contains("ShdPnd:\t0000000000000000")
            };
            // What is still to be delivered is one signal however often it is sent.
            while !is_taken() {
                yield_now().await;
            }
            loop {
                if let Some(status) = self.0.try_wait().expect("a child") {
                    return status.code();
                }
                kill_process(pid, second).expect("it is there");
                yield_now().await;
            }
        }
    }

    #[whippet::test]
    async fn a_second_signal_ends_a_process_that_hangs() {
        for (first, second, code) in [
            (Signal::TERM, Signal::TERM, 143),
            (Signal::INT, Signal::INT, 130),
            (Signal::TERM, Signal::INT, 130),
            (Signal::INT, Signal::TERM, 143),
        ] {
            let ended = async { Hanging::start(None).await.ended_by(first, second).await };
            let ended = timeout(Duration::from_secs(60), ended).await;
            assert_eq!(ended.expect("it ends"), Some(code), "{first:?}, {second:?}");
        }
    }

    #[whippet::test]
    async fn a_lost_terminal_is_a_first_signal() {
        let ended = async {
            let mut hanging = Hanging::start(Some(HUNG_UP)).await;
            kill_process(Pid::from_child(&hanging.0), Signal::TERM).expect("it runs");
            loop {
                if let Some(status) = hanging.0.try_wait().expect("a child") {
                    return status.code();
                }
                yield_now().await;
            }
        };
        assert_eq!(timeout(Duration::from_secs(60), ended).await, Ok(Some(143)));
    }
}
