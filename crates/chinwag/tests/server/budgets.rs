//! What connections and addresses may do, and that it is not had again by connecting again.
//!
//! People from addresses that are not loopback live in the network of their [server](crate::network): a thread that has gone there
//! opens their sockets.

use crate::folder::Folder;
use crate::network::{can_make_networks, server};
use crate::program::Program;
use crate::support::{TestClient, TestServer, run, within_deadline};
use chinwag::{Config, RateLimit};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;
use whippet::task::spawn_blocking;
use whippet::time::Instant;

/// What makes an operator here.
const SECRET: &str = "correct horse battery";

/// Runs this in the network of a server.
#[expect(clippy::disallowed_methods, reason = "a thread that has gone there is of no other use")]
fn over_there<T: Send + 'static>(
    server: &Program,
    work: impl FnOnce(SocketAddr) -> T + Send + 'static,
) -> JoinHandle<T> {
    let network = format!("/proc/{}/ns/net", server.process.id());
    let network = File::open(network).expect("the server runs");
    let to = server.address;
    std::thread::spawn(move || {
        let kind = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(network.as_fd(), kind).expect("root may go there");
        work(to)
    })
}

/// A connection from an address.
fn open(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let stream = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&stream, &SocketAddr::from((from, 0))).expect("an address");
    connect(&stream, &to).expect("a connection");
    TcpStream::from(stream)
}

/// Somebody from an address.
async fn person(server: &Program, from: Ipv4Addr) -> TestClient {
    let opening = over_there(server, move |to| open(from, to));
    let stream = within_deadline("a thread", spawn_blocking(|| opening.join())).await;
    let stream = stream.expect("no panic").expect("no panic");
    TestClient::new(whippet::net::TcpStream::from_std(stream).expect("a connection"))
}

/// The same, who has been welcomed.
async fn joined(server: &Program, from: Ipv4Addr) -> TestClient {
    let mut person = person(server, from).await;
    person.expect_welcome().await;
    person
}

/// The last address of a range of this test's.
fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 78, 0, last)
}

/// A file with the secret.
fn secret_file(test: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("chinwag-budgets-{test}-{}", std::process::id()));
    std::fs::write(&path, SECRET).expect("a file");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("ours");
    path
}

#[test]
fn an_address_that_reconnects_says_no_more_than_one_that_stays() {
    if !can_make_networks() {
        return;
    }
    run(async {
        let server = server(&[]).await;
        let mut alice = joined(&server, address(1)).await;
        let started = Instant::now();
        // Each comes, says all that a connection may but a line, and goes.
        let loops = over_there(&server, |to| {
            let mut refused = 0;
            for _ in 0..300 {
                let mut stream = open(address(9), to);
                // Whoever is refused is told so at once, and may be gone.
                let _ = stream.write_all("spam\n".repeat(9).as_bytes());
                let _ = stream.shutdown(Shutdown::Write);
                let mut said = Vec::new();
                let _ = stream.read_to_end(&mut said);
                refused += u32::from(said.starts_with(b"! your address connects too often"));
            }
            refused
        });
        let refused = spawn_blocking(|| loops.join()).await.expect("no panic").expect("no panic");
        let mut bob = joined(&server, address(2)).await;
        bob.send_line("that was all").await;
        let seen = alice.wait_until("the end", |line| line.ends_with(": that was all")).await;
        let time = started.elapsed().as_millis();
        let spam = seen.iter().filter(|line| line.ends_with(": spam")).count() as u128;
        assert!(spam <= 160 + time * 80 / 1000, "{spam} lines in {time} ms");
        let came = 300 - u128::from(refused);
        assert!(came <= 32 + time * 4 / 1000 + 1, "{came} of 300 were let in in {time} ms");
        assert!(spam > 0 && came > 16, "{spam} lines, {came} let in");
    });
}

#[test]
fn reconnecting_gives_no_more_guesses_at_the_secret() {
    run(async {
        let folder = Folder::new("budgets-guesses");
        let server = folder.with_secret(SECRET);
        let mut compared = 0;
        let wait = loop {
            let mut eve = server.join().await;
            eve.send_line("/oper correct horse batters").await;
            let is_answer = |line: &str| line.starts_with("! ");
            let answer = eve.wait_until("an answer", is_answer).await.pop().unwrap_or_default();
            if answer != "! that is not the secret" {
                break answer;
            }
            compared += 1;
            assert!(compared < 12, "{compared} guesses were compared");
        };
        let words = "! too many wrong secrets from your address: wait for ";
        assert!(wait.starts_with(words), "{wait}");
        assert!(compared >= 3, "{compared}");
        // Another connection of it, with the right one, during a wait that is long enough by now.
        let mut alice = server.join().await;
        loop {
            alice.send_line("/oper correct horse batters").await;
            let answer = alice.wait_until("an answer", |line| line.starts_with("! ")).await;
            let answer = answer.last().expect("an answer").clone();
            if answer.strip_prefix(words).is_some_and(|wait| wait != "1 second") {
                break;
            }
        }
        alice.send_line(&format!("/oper {SECRET}")).await;
        alice.wait_until("a refusal", |line| line.starts_with(words)).await;
        server.stop().await;
    });
}

#[test]
fn a_mute_is_not_shed_by_reconnecting() {
    if !can_make_networks() {
        return;
    }
    run(async {
        let path = secret_file("mute");
        let server = server(&["--oper-file", path.to_str().expect("UTF-8")]).await;
        let mut alice = joined(&server, address(1)).await;
        alice.send_line(&format!("/oper {SECRET}")).await;
        alice.wait_until("a welcome", |line| line.starts_with("* you are an operator")).await;
        let mut bob = joined(&server, address(2)).await;
        let mut cy = joined(&server, address(2)).await;
        alice.send_line("/mute user-2 1h").await;
        alice.wait_for("* user-2 is muted for 1 hour; /unmute user-2 ends it").await;
        bob.wait_for("! user-1 muted you for 1 hour: nobody reads what you write").await;
        bob.reset();
        alice.wait_for("* user-2 left (connection lost)").await;
        cy.send_line("I was here before").await;
        alice.wait_for("user-3: I was here before").await;
        let mut bob = joined(&server, address(2)).await;
        bob.send_line("here again").await;
        bob.wait_until("a refusal", |line| line.starts_with("! you are muted for ")).await;
        alice.send_line("/unmute user-2").await;
        alice.wait_for("* user-2 is not muted any more").await;
        bob.send_line("thank you").await;
        let seen = alice.wait_until("the message", |line| line.starts_with("user-4: ")).await;
        assert_eq!(seen.last().map(String::as_str), Some("user-4: thank you"));
        std::fs::remove_file(path).expect("the test is free");
    });
}

#[test]
fn slow_mode_is_not_passed_by_reconnecting() {
    run(async {
        let folder = Folder::new("budgets-guesses-alone");
        let server = folder.with_secret(SECRET);
        let mut alice = server.join().await;
        let mut cy = server.join().await;
        alice.send_line(&format!("/oper {SECRET}\n/slow 1h")).await;
        cy.wait_until("slow mode", |line| line.contains("slowed this room")).await;
        cy.send_line("I was here").await;
        alice.wait_for("user-2: I was here").await;
        for _ in 0..3 {
            let mut bob = server.join().await;
            bob.send_line("spam").await;
            let words = "! this room takes one line in 1 hour of each: wait for ";
            bob.wait_until("a refusal", |line| line.starts_with(words)).await;
            bob.send_line("/part\n/join #lobby\nspam").await;
            bob.wait_until("a refusal", |line| line.starts_with(words)).await;
            bob.send_line("/quit").await;
            bob.rest().await;
        }
        server.stop().await;
    });
}

/// Everything that a connection can send is paid for: as lines, or by the 256 bytes.
#[test]
fn bytes_outside_of_lines_are_limited_as_lines_are() {
    let many = |bytes: &[u8]| bytes.repeat(20 * 1024 / bytes.len());
    let junk = [
        ("NULs", many(b"\0")),
        ("blank lines", many(b"\r\n")),
        ("lines of blanks", many(b"  \t \n")),
        ("telnet commands that ask nothing", many(b"\xff\xf1")),
        ("options", many(b"\xff\xfb\x2a\xff\xfc\x2a")),
        ("a window that changes its size", many(b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0")),
        ("subnegotiations", many(b"\xff\xfa\x2ajunk\xff\xf0")),
        ("erased characters", many(b"x\x7f")),
        ("nothing to erase", many(b"\x08")),
        ("erased lines", many(b"some words\x15")),
        ("erased by commands of telnet", many(b"x\xff\xf7")),
        ("signs of life", many(b"\xff\xf6")),
        ("what is no UTF-8", many(b"\xfe\xfe\n")),
        ("a line without an end", [b"x".repeat(60 * 1024), b"\n".to_vec()].concat()),
        ("a subnegotiation without an end", [&b"\xff\xfa"[..], &many(b"x"), b"\n"].concat()),
    ];
    run(async {
        let rate_limit = Some(RateLimit { burst: 10, interval: Duration::from_secs(3600) });
        for (what, junk) in junk {
            let server = TestServer::with(Config { rate_limit, ..Config::default() });
            let mut alice = server.join().await;
            let mut bob = server.join().await;
            alice.expect(&format!("* {} joined", bob.nick)).await;
            bob.send(&[&junk[..], b"not said\n"].concat()).await;
            // Once the kernel has all of it: whatever is read at all is read before the reset is seen.
            alice.send_line("hello").await;
            let hello = b": hello\r\n";
            let is_hello = |bytes: &[u8]| bytes.windows(hello.len()).any(|seen| seen == hello);
            bob.bytes_until("what alice says", is_hello).await;
            let nick = bob.nick.clone();
            bob.reset();
            let left = format!("* {nick} left (connection lost)");
            let seen = alice.wait_for(&left).await;
            let said = seen.iter().any(|line| line.contains("not said"));
            assert!(!said, "{what} are free: {seen:?}");
            server.stop().await;
        }
    });
}
