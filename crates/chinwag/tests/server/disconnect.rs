//! How users leave, and that each leave is announced once.

use crate::support::{TestClient, TestServer, run, within_deadline};
use std::io::ErrorKind;

/// Two people who know of each other.
async fn pair(server: &TestServer) -> (TestClient, TestClient) {
    let mut alice = server.join_as("alice").await;
    let bob = server.join_as("bob").await;
    alice.wait_for("* user-2 is now bob").await;
    (alice, bob)
}

#[test]
fn end_of_input_delivers_what_came_before_it() {
    run(async {
        let server = TestServer::start();
        let (mut alice, mut bob) = pair(&server).await;
        bob.send(b"one\ntwo").await;
        bob.end();
        alice.expect("bob: one").await;
        alice.expect("bob: two").await;
        alice.expect("* bob left").await;
        assert_eq!(bob.rest().await, [""; 0], "nothing more is sent");
    });
}

#[test]
fn what_is_due_to_a_leaver_is_sent() {
    run(async {
        let server = TestServer::start();
        let (_alice, mut bob) = pair(&server).await;
        bob.send(b"/who\n/foo\n/quit\nnot said\n").await;
        bob.end();
        assert_eq!(
            bob.rest().await,
            ["* 2 here: alice, bob", "! unknown command /foo, try /help", "* goodbye"]
        );
    });
}

#[test]
fn nothing_is_said_after_a_quit() {
    run(async {
        let server = TestServer::start();
        let (mut alice, mut bob) = pair(&server).await;
        bob.send(b"said\n/quit\nnot said\n").await;
        alice.expect("bob: said").await;
        alice.expect("* bob left").await;
        let mut carol = server.join().await;
        alice.expect(&format!("* {} joined", carol.nick)).await;
        carol.send_line("next").await;
        alice.expect(&format!("{}: next", carol.nick)).await;
    });
}

#[test]
fn a_reset_is_a_lost_connection() {
    run(async {
        let server = TestServer::start();
        let (mut alice, bob) = pair(&server).await;
        bob.reset();
        alice.expect("* bob left (connection lost)").await;
    });
}

#[test]
fn a_reset_is_noticed_while_the_client_is_not_read() {
    run(async {
        let server = TestServer::start();
        let (mut alice, mut bob) = pair(&server).await;
        // Far more than the rate limit allows: the rest lies unread, and so would the end behind it.
        bob.send("line\n".repeat(5000).as_bytes()).await;
        alice.expect("bob: line").await;
        bob.reset();
        alice.wait_for("* bob left (connection lost)").await;
    });
}

#[test]
fn a_nick_is_free_again_once_its_owner_has_left() {
    run(async {
        let server = TestServer::start();
        let (mut alice, bob) = pair(&server).await;
        drop(bob);
        alice.wait_until("bob's leave", |line| line.starts_with("* bob left")).await;
        let mut carol = server.join_as("bob").await;
        alice.wait_for("* user-3 is now bob").await;
        carol.send_line("another one").await;
        alice.expect("bob: another one").await;
    });
}

/// SIGPIPE would end the process, and a write to a client that is gone must end only that client.
#[test]
fn regression_25_writing_to_a_gone_client_ends_only_it() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, bob) = pair(&server).await;
        let mut carol = server.join_as("carol").await;
        bob.reset();
        for number in 0..100 {
            alice.send_line(&format!("line {number}")).await;
        }
        carol.wait_for("alice: line 99").await;
        alice.wait_for("* bob left (connection lost)").await;
    });
}

/// A FIN that comes together with the last bytes, before anything is read.
#[test]
fn regression_25_last_bytes_before_the_end_are_read() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.connect().await;
        let lines: String = (0..2000).map(|number| format!("line {number}\n")).collect();
        bob.send(format!("{lines}last").as_bytes()).await;
        bob.end();
        let seen = alice.wait_for("* user-2 left").await;
        assert_eq!(seen.len(), 1 + 2000 + 1 + 1);
        assert_eq!(seen[2001], "user-2: last");
    });
}

/// Closing with input unread makes the kernel reset the connection, and the goodbye is lost with it.
#[test]
fn regression_24_a_goodbye_arrives_although_input_lies_unread() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = pair(&server).await;
        for number in 0..1000 {
            alice.send_line(&format!("{number:>60}")).await;
        }
        // The answer comes after her lines: all of them are queued for bob, or already sent.
        alice.send_line("/who").await;
        alice.wait_for("* 2 here: alice, bob").await;
        bob.send(&[b"/quit\n".as_slice(), &b"unread\n".repeat(8000)].concat()).await;
        let seen = bob.rest().await;
        let lines = seen.iter().filter(|line| line.starts_with("alice: ")).count();
        assert_eq!(lines, 1000, "all that was due before the quit arrives");
        alice.wait_for("* bob left").await;
    });
}

/// The same when the server ends the connection.
#[test]
fn regression_24_a_stop_arrives_although_input_lies_unread() {
    run(async {
        let server = TestServer::start();
        let (mut alice, mut bob) = pair(&server).await;
        bob.send(&b"line\n".repeat(6000)).await;
        alice.wait_for("bob: line").await;
        server.stop().await;
        let rest = bob.rest().await;
        assert_eq!(rest.last().map(String::as_str), Some("* server is shutting down"));
    });
}

/// However much is under way from a client that has shut down its side: it sees the end, not a reset.
#[test]
fn regression_24_a_stop_ends_in_peace_however_much_lies_unread() {
    run(async {
        let server = TestServer::start();
        let mut bob = server.join().await;
        // After the burst the client is not read, and both kernel buffers fill.
        let lines = b"line\n".repeat(10_000);
        bob.send(&lines).await;
        while bob.stream.try_write(&lines).is_ok() {}
        server.shutdown.cancel();
        let mut buffer = vec![0; 16 * 1024];
        loop {
            within_deadline("the end", bob.stream.readable()).await.expect("no reset");
            match bob.stream.try_read(&mut buffer) {
                Ok(0) => break,
                Err(error) if error.kind() != ErrorKind::WouldBlock => panic!("{error}"),
                _ => {}
            }
        }
        // The server has taken all of it, or a reset would answer this.
        bob.end();
        server.ended().await;
        assert!(bob.stream.take_error().expect("an open socket").is_none());
    });
}
