//! The graceful shutdown.

use crate::support::{TestServer, run, within_deadline};
use chinwag::Config;
use std::time::Duration;

#[test]
fn a_shutdown_is_announced_and_no_leave_is() {
    run(async {
        let server = TestServer::start();
        let mut people = Vec::new();
        for _ in 0..3 {
            people.push(server.join().await);
        }
        people[0].wait_for("* user-3 joined").await;
        people[1].wait_for("* user-3 joined").await;
        server.stop().await;
        for person in &mut people {
            assert_eq!(person.rest().await, ["* server is shutting down"]);
        }
    });
}

#[test]
fn every_line_read_is_delivered_despite_the_rate_limit() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        alice.wait_for("* user-2 is now bob").await;
        let lines: String = (0..100).map(|number| format!("line {number}\n")).collect();
        bob.send(lines.as_bytes()).await;
        // One nick and nine lines are the burst; the others were read with them, and wait.
        alice.expect("bob: line 0").await;
        server.stop().await;
        let rest = alice.rest().await;
        let mut expected: Vec<_> = (1..100).map(|number| format!("bob: line {number}")).collect();
        expected.push("* server is shutting down".to_owned());
        assert_eq!(rest, expected);
    });
}

#[test]
fn a_slow_client_does_not_delay_the_shutdown() {
    run(async {
        let shutdown_timeout = Duration::from_secs(2);
        let server =
            TestServer::with(Config { shutdown_timeout, ..Config::default().without_limits() });
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        let _frozen = server.join().await;
        bob.wait_for("* user-3 joined").await;
        let line = format!("{}\n", "x".repeat(1000));
        for _ in 0..900 {
            alice.send(line.as_bytes()).await;
        }
        for _ in 0..900 {
            bob.next_line().await;
        }
        let started = whippet::time::Instant::now();
        server.stop().await;
        assert!(started.elapsed() < shutdown_timeout + Duration::from_secs(1));
        assert_eq!(bob.rest().await, ["* server is shutting down"]);
    });
}

#[test]
fn no_connection_is_accepted_after_the_shutdown() {
    run(async {
        let server = TestServer::start();
        let address = server.address;
        let _alice = server.join().await;
        server.stop().await;
        let late = within_deadline("a refusal", whippet::net::TcpStream::connect(address)).await;
        assert!(late.is_err());
    });
}
