//! A server that is stopped for a while (SIGSTOP, a machine that stalls) blames nobody for that time.

use crate::hanging::patient;
use crate::program::{Program, chinwag};
use crate::support::{TestClient, run};
use rustix::process::{Pid, Signal, WaitOptions, waitpid};
use std::time::Duration;

/// The deadlines on people in this server.
const DEADLINE: Duration = Duration::from_secs(5);

/// Stops the server for twice its deadlines.
async fn stand_still(server: &Program) {
    server.signal(Signal::STOP);
    let pid = Pid::from_child(&server.process);
    let stopped = whippet::task::spawn_blocking(move || waitpid(Some(pid), WaitOptions::UNTRACED));
    let (_, status) = patient("its standstill", stopped)
        .await
        .expect("no panic")
        .expect("a child")
        .expect("stopped");
    assert!(status.stopped());
    whippet::time::sleep(2 * DEADLINE).await;
    server.signal(Signal::CONT);
}

async fn join_as(server: &Program, nick: &str) -> TestClient {
    let mut person = server.join().await;
    person.send_line(&format!("/nick {nick}")).await;
    person.wait_for(&format!("* you are {nick} now")).await;
    nick.clone_into(&mut person.nick);
    person
}

async fn start() -> Program {
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--no-limits",
        "--stall-timeout",
        "5s",
        "--overlong-line-timeout",
        "5s",
    ];
    Program::start(chinwag(&arguments)).await
}

/// Says so much that somebody who does not read is owed a part of it; whoever reads has seen it all.
async fn flood(from: &mut TestClient, to: &mut TestClient) {
    let line = "x".repeat(1_000);
    for number in 0..900 {
        from.send_line(&format!("{number} {line}")).await;
    }
    to.wait_until("all of it", |seen| seen.starts_with("alice: 899 ")).await;
}

#[test]
fn time_while_the_server_was_stopped_does_not_count() {
    run(async {
        let server = start().await;
        let mut alice = join_as(&server, "alice").await;
        let mut bob = join_as(&server, "bob").await;
        let mut slow = join_as(&server, "slow").await;
        flood(&mut alice, &mut bob).await;
        let mut long = join_as(&server, "long").await;
        long.send(&[b'x'; 5000]).await;
        long.wait_until("a refusal", |line| line.starts_with("! line too long")).await;
        // `slow` is owed something, and the line of `long` has no end: both are on time.
        stand_still(&server).await;
        long.send(b"\nshort\n").await;
        slow.wait_until("all of it", |line| line.starts_with("alice: 899 ")).await;
        slow.send_line("I have read it").await;
        bob.wait_until("both", |line| line == "slow: I have read it").await;
        slow.wait_until("the other", |line| line == "long: short").await;
        // The clock goes on: whoever does not read while the server runs has to go. `long` does not, and `slow` has a
        // window by now that may hold all of it.
        flood(&mut alice, &mut bob).await;
        let cut = |line: &str| line.ends_with(" left (too slow)");
        patient("the end of one who does not read", bob.wait_until("it", cut)).await;
    });
}
