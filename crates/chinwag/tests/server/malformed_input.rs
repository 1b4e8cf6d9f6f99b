//! Malformed input: each kind over a real socket, and what the others see of it.

use crate::support::{PATIENCE, TestClient, TestServer, run};
use std::time::Duration;
use whippet::time::timeout;

/// Two people, the first of whom listens.
async fn two(server: &TestServer) -> (TestClient, TestClient) {
    let mut alice = server.join_as("alice").await;
    let bob = server.join_as("bob").await;
    alice.wait_for("* user-2 is now bob").await;
    (alice, bob)
}

#[test]
fn one_byte_a_write() {
    run(async {
        let server = TestServer::start();
        let (mut alice, mut bob) = two(&server).await;
        let stream = [
            "h\u{e9}llo \u{20ac} \u{1f600}\r\n//x\n".as_bytes(),
            b"\xff\xfd\x01caf",
            "\u{e9}\r\0".as_bytes(),
        ];
        for byte in stream.concat() {
            bob.send(&[byte]).await;
        }
        alice.expect("bob: h\u{e9}llo \u{20ac} \u{1f600}").await;
        alice.expect("bob: /x").await;
        alice.wait_until("the last", |line| line.ends_with("caf\u{e9}")).await;
    });
}

#[test]
fn telnet_commands_split_everywhere() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = two(&server).await;
        let stream = b"a\xff\xfb\x22b\xff\xfa\x1f\x00\x50\x00\xff\xff\xff\xf0c\xff\xf1d\xff\xff\n";
        for at in 1..stream.len() {
            bob.send(&stream[..at]).await;
            // By the time that this has gone round, the first part was most likely read; if not, the rest comes with it.
            alice.send_line("meanwhile").await;
            bob.bytes_until("it", |bytes| bytes.ends_with(b"alice: meanwhile\r\n")).await;
            bob.send(&stream[at..]).await;
            alice.expect("bob: abcd\u{fffd}").await;
        }
    });
}

#[test]
fn an_endless_subnegotiation_is_given_up() {
    run(async {
        let server = TestServer::start();
        let (mut alice, mut bob) = two(&server).await;
        bob.send(b"\xff\xfa\x18\x00").await;
        for _ in 0..20 {
            bob.send(&[b'x'; 4096]).await;
        }
        bob.send(b"\nhello\n").await;
        alice.expect("bob: hello").await;
        bob.send(b"\xff\xfa").await;
        bob.send(&b"\xff\x01".repeat(40_000)).await;
        bob.send(b"\nhello again\n").await;
        alice.wait_for("bob: hello again").await;
    });
}

#[test]
fn lines_without_an_end_of_every_size() {
    run(async {
        for size in [512, 4096, 16_384, 65_536] {
            let server = TestServer::start();
            let (mut alice, mut bob) = two(&server).await;
            bob.send(&vec![b'x'; size]).await;
            bob.end();
            if size <= 4096 {
                alice.expect(&format!("bob: {}", "x".repeat(size))).await;
            } else {
                bob.expect("! line too long (limit 4096 bytes)").await;
            }
            alice.expect("* bob left").await;
        }
    });
}

#[test]
fn other_protocols() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let hellos: [&[u8]; 5] = [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\x03\x04\x15\x00evil\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\nevil\n",
            b"POST /evil HTTP/1.0\r\n\r\nevil\n",
            b"SSH-2.0-OpenSSH_9.2p1\r\nevil\n",
            b"\xef\xbb\xbfSSH-2.0-evil\r\n",
        ];
        for hello in hellos {
            for size in [1, hello.len()] {
                let mut stranger = server.connect().await;
                for chunk in hello.chunks(size) {
                    // The client may be disconnected before all is sent.
                    let _ = stranger.try_send(chunk).await;
                }
                stranger.rest_of_bytes().await;
            }
        }
        let mut bob = server.join_as("bob").await;
        bob.send_line("that was all").await;
        let seen = alice.wait_until("the end", |line| line.ends_with(": that was all")).await;
        assert!(
            !seen.iter().any(|line| line.contains("evil") || line.contains("Host")),
            "{seen:?}"
        );
    });
}

#[test]
fn marks_nuls_and_every_line_end() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.connect().await;
        bob.send(b"\xef\xbb\xbf/nick bob\n").await;
        alice.wait_for("* user-2 is now bob").await;
        bob.send(b"a\0b\rc\r\0d\r\ne\n\0\n\r\r\0f\n").await;
        for line in ["ab", "c", "d", "e", "f"] {
            alice.expect(&format!("bob: {line}")).await;
        }
    });
}

/// CP1251 has a letter where telnet has its escape.
#[test]
fn text_in_cp1251() {
    run(async {
        let server = TestServer::start();
        let (mut alice, mut bob) = two(&server).await;
        bob.send(b"\xff\xe1\xeb\xee\xea\xee \xff\n").await;
        bob.expect("! some of what you sent is not UTF-8 and was replaced").await;
        let line = alice.next_line().await;
        assert!(line.starts_with("bob: \u{fffd}") && !line.contains('\n'), "{line:?}");
        bob.send(b"\xff\xfe\n\xd2\xe5\n").await;
        alice.wait_until("the next", |line| line.starts_with("bob: \u{fffd}")).await;
    });
}

#[test]
fn no_control_character_reaches_another_terminal() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = two(&server).await;
        let wild = "x\x1b[2J\x1b]0;pwned\x07\u{9b}31m\x07\u{90}q\u{9c}\x0e\x1by";
        for form in
            ["WILD", "/me WILD", "/nick WILD", "/foo WILD", "/WILD", "/who WILD", "/edit WILD"]
        {
            bob.send_line(&form.replace("WILD", wild)).await;
        }
        bob.send_line(&format!("/quit {wild}")).await;
        bob.rest().await;
        let seen = alice.wait_until("the end", |line| line.starts_with("* bob left (")).await;
        assert_eq!(seen.len(), 3, "{seen:?}");
        for line in &seen {
            assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
            assert!(line.contains("x[2J]0;pwned31mq"), "{line:?}");
        }
    });
}

#[test]
fn nicks_that_deceive() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = two(&server).await;
        let nicks = [
            "alice\u{200b}",
            "al\u{202e}ice",
            "\u{430}lice",
            "a\u{301}lice",
            " alice",
            "alice ",
            "alice\t",
            "alic\u{435}",
            "Alice",
            "ALICE",
            "*",
            "* bob",
            "alice:",
            "server",
            "System",
            "user-1",
            "USER-99",
            "\u{ff41}lice",
            "aIice",
            "a1ice",
            "Systern",
            "user-l2",
            "a\u{ad}lice",
            "",
            "a",
            "alice-alice-alice-alice-x",
        ];
        for nick in nicks {
            bob.send_line(&format!("/nick {nick}")).await;
            let answer = bob.next_line().await;
            assert!(answer.starts_with("! "), "{nick:?}: {answer}");
            assert!(!answer.contains(['\u{202e}', '\u{200b}']), "{answer:?}");
        }
        bob.send_line("still bob").await;
        alice.expect("bob: still bob").await;
    });
}

#[test]
fn a_line_that_looks_like_the_servers() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = two(&server).await;
        let forged = [
            "*** bob left",
            "* alice left",
            "! the server is going",
            "~ alice waves",
            "[from alice] psst",
            "| x: y",
            "#dev x: y",
            "alice: I said that",
        ];
        for line in forged {
            bob.send_line(line).await;
            bob.send_line(&format!("/me \u{200b}{line}")).await;
            alice.expect(&format!("bob: {line}")).await;
            alice.expect(&format!("~ bob {line}")).await;
        }
        bob.send(b"x\r* carol joined\x0b\x0c\xc2\x85* dave joined\xe2\x80\xa8* eve joined\n").await;
        alice.expect("bob: x").await;
        alice.expect("bob: * carol joined* dave joined* eve joined").await;
    });
}

/// The row of a terminal of 80 columns in which a forged line would begin.
#[test]
fn no_line_begins_in_the_first_column_by_blanks() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = two(&server).await;
        for blanks in
            [" ".repeat(69), "\t".repeat(15), "\u{3000}".repeat(40), " \u{2800}\u{a0}".repeat(35)]
        {
            bob.send_line(&format!("hi{blanks}* alice is an operator now")).await;
            let line = alice.next_line().await;
            assert!(line.starts_with("bob: hi") && line.ends_with("* alice is an operator now"));
            assert!(line.chars().count() <= 7 + 16 + 26, "{line:?}");
        }
        alice.send_line("/history").await;
        let replayed = alice.wait_until("a replay", |line| line.starts_with("| bob: hi")).await;
        assert!(replayed.last().expect("a line").chars().count() <= 9 + 16 + 26, "{replayed:?}");
    });
}

#[test]
fn two_thousand_joins_at_once() {
    const PEOPLE: usize = 2000;
    run(async {
        let config = chinwag::Config { max_connections: 2 * PEOPLE, ..chinwag::Config::default() };
        let server = TestServer::with(config.without_limits());
        let mut alice = server.join_as("alice").await;
        let address = server.address;
        let joins: Vec<_> = (0..PEOPLE)
            .map(|_| {
                whippet::spawn(async move {
                    let stream =
                        whippet::net::TcpStream::connect(address).await.expect("a connection");
                    let mut person = TestClient::new(stream);
                    person.expect_welcome().await;
                    person
                })
            })
            .collect();
        let mut people = Vec::new();
        for join in joins {
            let joined = timeout(Duration::from_secs(6) * 10, join).await.expect("a welcome");
            people.push(joined.expect("no panic"));
        }
        // Some by name and the others counted, and nobody twice.
        let mut announced = 0;
        let mut lines = 0;
        while announced < PEOPLE {
            let line =
                timeout(PATIENCE, alice.try_next_line()).await.expect("a line").expect("no end");
            let rest = line.strip_prefix("* ").expect("a line of the server's");
            lines += 1;
            announced += match rest.split_once(' ') {
                Some((count, "people joined")) => count.replace(',', "").parse().expect("a number"),
                Some((_, "joined")) => 1,
                _ => panic!("{line}"),
            };
        }
        assert_eq!(announced, PEOPLE);
        assert!(lines <= PEOPLE);
        people[PEOPLE - 1].send_line("all here").await;
        alice.wait_until("words", |line| line.ends_with(": all here")).await;
    });
}
