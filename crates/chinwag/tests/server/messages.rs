//! What users see of each other: the form of each message.

use crate::support::{TestServer, run};

#[test]
fn a_new_client_is_welcomed_first() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.connect().await;
        alice.expect("* welcome to chinwag, you are user-1").await;
        let mut bob = server.connect().await;
        bob.expect("* welcome to chinwag, you are user-2").await;
        let rest = bob.wait_until("help", |line| line.contains("/help")).await;
        assert!(rest.iter().any(|line| line.contains("user-1")), "{rest:?}");
        alice.wait_for("* user-2 joined").await;
    });
}

#[test]
fn a_line_reaches_all_others_and_not_its_sender() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        let mut carol = server.join_as("carol").await;
        alice.wait_for("* user-3 is now carol").await;
        bob.wait_for("* user-3 is now carol").await;
        alice.send_line("hello").await;
        bob.expect("alice: hello").await;
        carol.expect("alice: hello").await;
        bob.send_line("hi").await;
        alice.expect("bob: hi").await;
        carol.expect("bob: hi").await;
    });
}

#[test]
fn lines_have_their_documented_forms() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join().await;
        alice.expect("* user-2 joined").await;
        bob.send_line("/nick bob").await;
        alice.expect("* user-2 is now bob").await;
        bob.expect("* you are bob now").await;
        bob.send_line("/me waves").await;
        alice.expect("~ bob waves").await;
        bob.send_line("//help is a command").await;
        alice.expect("bob: /help is a command").await;
        bob.send_line("/foo bar").await;
        bob.expect("! unknown command /foo, try /help").await;
        bob.send_line("/nick ALICE").await;
        bob.expect("! the nick \"ALICE\" is taken").await;
        bob.send_line("/nick a b").await;
        bob.expect("! the nick \"a b\" has a blank in it").await;
        bob.send_line("/who").await;
        bob.expect("* 2 here: alice, bob").await;
        bob.send_line("/help").await;
        assert!(bob.next_line().await.starts_with("* "));
        bob.send_line("/quit see \"you\"").await;
        alice.expect("* bob left (\"see \\\"you\\\"\")").await;
    });
}

#[test]
fn changing_the_case_of_ones_own_nick_works() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.join_as("alice").await;
        alice.send_line("/nick ALICE").await;
        alice.wait_for("* you are ALICE now").await;
    });
}

#[test]
fn blank_lines_are_ignored_and_lines_sanitised() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        alice.wait_for("* user-2 is now bob").await;
        bob.send("\n   \n\u{200b}\u{1b}\nred: \u{1b}[31m\u{202e}x\n".as_bytes()).await;
        alice.expect("bob: red: [31mx").await;
    });
}

#[test]
fn every_line_end_and_split_arrives_as_lines() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        alice.wait_for("* user-2 is now bob").await;
        for piece in [&b"a\r"[..], b"\nb\r\0c\rd", b"\n\xff\xfd", b"\x01e\n\xe2\x82", b"\xac\n"] {
            bob.send(piece).await;
        }
        for line in ["a", "b", "c", "d", "e", "€"] {
            alice.expect(&format!("bob: {line}")).await;
        }
    });
}

#[test]
fn faults_are_told_to_their_author_alone() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        alice.wait_for("* user-2 is now bob").await;
        bob.send(&[b"x".repeat(5000).as_slice(), b"\ncaf\xe9\nend\n"].concat()).await;
        bob.expect("! line too long (limit 4096 bytes)").await;
        assert!(bob.next_line().await.starts_with("! some of what you sent is not UTF-8"));
        alice.expect("bob: caf\u{fffd}").await;
        alice.expect("bob: end").await;
    });
}

#[test]
fn a_telnet_synch_is_taken_out_and_what_follows_it_arrives() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        alice.wait_for("* user-2 is now bob").await;
        // IAC DATA-MARK within a line, its last byte marked as urgent, as telnet sends it after an interruption.
        alice.send(b"he\xff").await;
        rustix::net::send(&alice.stream, b"\xf2", rustix::net::SendFlags::OOB).expect("room");
        alice.send(b"llo\r\n").await;
        bob.expect("alice: hello").await;
    });
}
