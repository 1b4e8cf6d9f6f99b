//! What bad or greedy input gets.

use crate::program::{Program, chinwag};
use crate::support::{TestServer, run, within_deadline};
use chinwag::{Config, RateLimit};
use std::time::Duration;
use whippet::time::Instant;

#[test]
fn lines_over_the_rate_are_delayed_and_none_is_lost() {
    run(async {
        let rate_limit = Some(RateLimit { burst: 5, interval: Duration::from_millis(20) });
        let server = TestServer::with(Config { rate_limit, ..Config::default() });
        let mut alice = server.join().await;
        let mut bob = server.join().await;
        alice.expect("* user-2 joined").await;
        let started = Instant::now();
        bob.send("line\n".repeat(30).as_bytes()).await;
        for _ in 0..30 {
            alice.expect("user-2: line").await;
        }
        // At least 25 lines had to wait for their turn; how much longer it takes is the machine's affair.
        assert!(started.elapsed() >= Duration::from_millis(25 * 20));
    });
}

#[test]
fn commands_count_as_speech() {
    run(async {
        let rate_limit = Some(RateLimit { burst: 2, interval: Duration::from_secs(3600) });
        let server = TestServer::with(Config { rate_limit, ..Config::default() });
        let mut alice = server.join().await;
        let mut bob = server.join().await;
        alice.expect("* user-2 joined").await;
        bob.send(b"/who\n\nnot said\n").await;
        bob.expect("* 2 here: user-1, user-2").await;
        alice.send_line("first").await;
        bob.expect("user-1: first").await;
        bob.reset();
        alice.expect("* user-2 left (connection lost)").await;
    });
}

#[test]
fn dear_commands_cost_more_than_lines() {
    run(async {
        let rate_limit = Some(RateLimit { burst: 10, interval: Duration::from_secs(3600) });
        let server = TestServer::with(Config { rate_limit, ..Config::default() });
        let mut alice = server.join().await;
        let mut bob = server.join().await;
        alice.expect("* user-2 joined").await;
        // Nine tokens each: the second is taken for the last token there is, and owes eight.
        bob.send(b"/history\n/history\nnot said\n").await;
        bob.expect("* nothing was said here yet").await;
        bob.expect("* nothing was said here yet").await;
        alice.send_line("first").await;
        bob.expect("user-1: first").await;
        bob.reset();
        alice.expect("* user-2 left (connection lost)").await;
    });
}

#[test]
fn regression_26_junk_without_a_line_end_is_dropped_while_it_is_read() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.join().await;
        let mut bob = server.join().await;
        alice.expect("* user-2 joined").await;
        for _ in 0..64 * 1024 {
            bob.send(b"x").await;
        }
        bob.expect("! line too long (limit 4096 bytes)").await;
        bob.send(b"\nhello\n").await;
        alice.expect("user-2: hello").await;
    });
}

#[test]
fn a_line_without_an_end_is_not_borne_for_ever() {
    run(async {
        let overlong = Duration::from_millis(100);
        let server = TestServer::with(Config { overlong_timeout: overlong, ..Config::default() });
        let mut alice = server.join().await;
        let mut bob = server.join().await;
        alice.expect("* user-2 joined").await;
        bob.send(&[b'x'; 5000]).await;
        alice.expect("* user-2 left (a line without an end)").await;
        let said = bob.rest().await;
        let expected =
            ["! line too long (limit 4096 bytes)", "! disconnected: a line without an end"];
        assert_eq!(said, expected);
    });
}

#[test]
fn connections_over_the_limit_are_rejected_with_a_reason() {
    run(async {
        let server = TestServer::with(Config { max_connections: 2, ..Config::default() });
        let alice = server.join().await;
        let _bob = server.join().await;
        for _ in 0..20 {
            let said = server.connect().await.rest().await;
            assert_eq!(said, ["! the server is full, please try again later"]);
        }
        drop(alice);
        within_deadline("a place", async {
            loop {
                let mut carol = server.connect().await;
                let first = carol.try_next_line().await.unwrap_or_default();
                if first.starts_with("* welcome") {
                    break;
                }
            }
        })
        .await;
    });
}

#[test]
fn the_log_names_the_rejected_address() {
    run(async {
        let arguments = ["--listen", "127.0.0.1:0", "--max-connections", "1"];
        let mut server = Program::start(chinwag(&arguments)).await;
        let _alice = server.join().await;
        server.connect().await.rest().await;
        let line = server.logged("turned away").await;
        assert!(
            line.contains("all places are taken") && line.contains("address=127.0.0.1"),
            "{line}"
        );
    });
}

#[test]
fn other_protocols_are_answered_and_not_broadcast() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.join().await;
        let mut browser = server.connect().await;
        browser.send(b"POST /send HTTP/1.1\r\nHost: x\r\n\r\nspam\r\n").await;
        let answer = String::from_utf8(browser.rest_of_bytes().await).unwrap();
        assert!(answer.contains("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
        let mut tls = server.connect().await;
        tls.send(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]).await;
        assert!(tls.rest().await.pop().unwrap().contains("without encryption"));
        let mut ssh = server.connect().await;
        ssh.send(b"SSH-2.0-OpenSSH_9.2p1\r\n").await;
        assert!(ssh.rest().await.pop().unwrap().contains("not an ssh server"));
        let mut bob = server.join().await;
        bob.send_line("hello").await;
        let seen = alice.wait_until("hello", |line| line.ends_with(": hello")).await;
        for line in &seen[..seen.len() - 1] {
            assert!(line.starts_with("* "), "only comings and goings: {seen:?}");
        }
    });
}

/// A browser that speaks at once is answered before it joins, so that it sees nothing but a web server's answer.
#[test]
fn a_browser_that_speaks_at_once_sees_a_whole_answer() {
    run(async {
        let sniff_timeout = Duration::from_secs(10);
        let server = TestServer::with(Config { sniff_timeout, ..Config::default() });
        let mut browser = server.connect().await;
        browser.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        let answer = String::from_utf8(browser.rest_of_bytes().await).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    });
}
