//! Proxies that are believed, over real sockets: the test is the proxy.

use crate::program::{Program, admin, chinwag};
use crate::support::{TestClient, TestServer, run, within_deadline};
use chinwag::Config;
use rustix::process::Signal;
use std::net::Ipv4Addr;
use std::path::PathBuf;

/// A header for somebody at this address, with a TLV behind the addresses.
fn header(from: &str) -> Vec<u8> {
    let from: Ipv4Addr = from.parse().expect("an address");
    let ports = [0xdc, 4, 0x1b, 0x9e];
    let rest = [&from.octets()[..], &[127, 0, 0, 1], &ports, b"\x04\0\x03abc"].concat();
    let length = u16::try_from(rest.len()).expect("it is short").to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11", &length[..], &rest].concat()
}

/// What a proxy says of a connection of its own.
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// Settings that believe proxies on this machine.
fn believing() -> Config {
    let trusted_proxies = vec![(Ipv4Addr::LOCALHOST.into(), 32)];
    Config { trusted_proxies, ..Config::default() }
}

/// Somebody who has come by a proxy from this address, nothing read yet.
async fn by_proxy(server: &TestServer, from: &str) -> TestClient {
    let mut person = server.connect().await;
    person.send(&header(from)).await;
    person
}

#[test]
fn a_header_may_come_in_pieces_and_with_text() {
    run(async {
        let server = TestServer::with(believing());
        let mut alice = by_proxy(&server, "203.0.113.1").await;
        alice.expect_welcome().await;
        let stream = [&header("203.0.113.7")[..], b"/nick bob\r\nhello\r\n"].concat();
        for (number, size) in [1, 16, 27, stream.len()].into_iter().enumerate() {
            let mut bob = server.connect().await;
            for chunk in stream.chunks(size) {
                bob.send(chunk).await;
            }
            let came = format!("* user-{} is now bob", number + 2);
            alice.wait_for(&came).await;
            alice.expect("bob: hello").await;
            bob.end();
            alice.expect("* bob left").await;
        }
    });
}

#[test]
fn limits_apply_to_the_proxied_address() {
    run(async {
        let server = TestServer::with(Config { max_per_address: Some(2), ..believing() });
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut person = by_proxy(&server, "203.0.113.7").await;
            person.expect_welcome().await;
            held.push(person);
        }
        let refused = by_proxy(&server, "203.0.113.7").await.rest().await;
        assert_eq!(refused, ["! too many connections from your address"]);
        let mut other = by_proxy(&server, "203.0.113.8").await;
        other.expect_welcome().await;
        held.pop().expect("somebody").send_line("/quit").await;
        within_deadline("a place", async {
            while by_proxy(&server, "203.0.113.7").await.next_line().await.starts_with('!') {}
        })
        .await;
    });
}

#[test]
fn connections_without_a_header_are_rejected() {
    run(async {
        let server = TestServer::with(believing());
        let mut alice = by_proxy(&server, "203.0.113.1").await;
        alice.expect_welcome().await;
        let words =
            ["! from this address a connection must begin with a PROXY header of version 2"];
        for stream in [
            &b"hello\n"[..],
            b"GET / HTTP/1.1\r\n\r\n",
            b"PROXY TCP4 203.0.113.7 127.0.0.1 1 2\r\nhello\n",
            b"PROXY UNKNOWN\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\0hello\n",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
        ] {
            let mut nobody = server.connect().await;
            nobody.send(stream).await;
            assert_eq!(nobody.rest().await, words, "{stream:?}");
        }
        // A proxy that sees whether the server is well: it hears nothing, and nobody hears of it.
        let mut check = server.connect().await;
        check.send(LOCAL).await;
        assert_eq!(check.rest_of_bytes().await, b"");
        drop(server.connect().await);
        server.connect().await.reset();
        let mut half = server.connect().await;
        half.send(&LOCAL[..9]).await;
        half.end();
        assert_eq!(half.rest().await, words);
        let mut bob = by_proxy(&server, "203.0.113.7").await;
        alice.expect("* user-2 joined").await;
        bob.send_line("hello").await;
        alice.expect("user-2: hello").await;
    });
}

/// Whoever says nothing at all is out after a time; a stop does not wait for that.
#[test]
fn a_header_is_waited_for_and_not_for_long() {
    run(async {
        let server = TestServer::with(believing());
        let mut late = server.connect().await;
        let words =
            ["! from this address a connection must begin with a PROXY header of version 2"];
        assert_eq!(late.rest().await, words);
        let mut silent = server.connect().await;
        // It has a place by the time that somebody who came after it is in.
        by_proxy(&server, "203.0.113.7").await.expect_welcome().await;
        server.shutdown.cancel();
        assert_eq!(silent.rest().await, ["* server is shutting down"]);
        server.ended().await;
    });
}

/// A folder of one test, which goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("chinwag-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    /// The path of a thing in it.
    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn bans_log_and_admin_use_the_proxied_address() {
    run(async {
        let folder = Folder::new("proxies");
        let (settings, socket) = (folder.path("c.toml"), folder.path("socket"));
        let write = |text: &str| std::fs::write(&settings, text).expect("a file");
        write("trusted-proxies = [\"127.0.0.0/8\", \"fd00::/8\"]\nmax-per-address = 1\n");
        let arguments = [
            "--config",
            &settings,
            "--listen",
            "127.0.0.1:0",
            "--admin-socket",
            &socket,
            "--log",
            "info",
        ];
        let mut server = Program::start(chinwag(&arguments)).await;
        let mut alice = server.connect().await;
        alice.send(&header("203.0.113.7")).await;
        alice.expect_welcome().await;
        let who = String::from_utf8(admin(&socket, &["who"]).await.stdout).expect("UTF-8");
        assert!(who.starts_with("user-1, from 203.0.113.7, "), "{who}");
        let mut second = server.connect().await;
        second.send(&header("203.0.113.7")).await;
        assert_eq!(second.rest().await, ["! too many connections from your address"]);
        let line = server.logged("turned away").await;
        assert!(line.contains("203.0.113.7"), "{line}");
        admin(&socket, &["ban", "203.0.113.0/24"]).await;
        alice.rest().await;
        let mut third = server.connect().await;
        third.send(&header("203.0.113.9")).await;
        let told = third.rest().await;
        assert!(told[0].starts_with("! "), "{told:?}");
        let mut old = server.connect().await;
        old.send(b"PROXY TCP4 203.0.113.7 127.0.0.1 1 2\r\n").await;
        old.rest().await;
        let line = server.logged("trusted proxy").await;
        assert!(line.contains("127.0.0.1") && line.contains("send-proxy-v2"), "{line}");
        let metrics = String::from_utf8(admin(&socket, &["stats"]).await.stdout).expect("UTF-8");
        assert!(
            metrics.contains("chinwag_connections_rejected_total{reason=\"proxy\"} 1"),
            "{metrics}"
        );

        // Nobody is believed any more, which a running server takes over.
        write("max-per-address = 1\n");
        server.signal(Signal::HUP);
        let line = server.logged("settings read anew").await;
        assert!(line.contains("trusted-proxies"), "{line}");
        let mut bob = server.connect().await;
        bob.expect_welcome().await;
        let mut stranger = server.connect().await;
        stranger.send(&header("203.0.113.7")).await;
        let said = stranger.rest().await;
        assert!(said.last().is_some_and(|line| line.contains("trusted-proxies")), "{said:?}");
    });
}

#[test]
fn a_range_of_proxies_that_is_none_is_refused_with_a_hint() {
    for wrong in ["bob", "10.0.0.0/0", "10.0.0.7:80", "10.0.0.0/33"] {
        let output = chinwag(&["--trusted-proxies", wrong]).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(said.contains("10.0.0.0/8") && said.contains(wrong), "{said}");
    }
    let mut command = chinwag(&["config"]);
    command.env("CHINWAG_TRUSTED_PROXIES", "10.0.0.7, fd00::/8");
    let shown = String::from_utf8(command.output().expect("it runs").stdout).expect("UTF-8");
    assert!(shown.contains("\ntrusted-proxies = [\"10.0.0.7\", \"fd00::/8\"]\n"), "{shown}");
    let mut command = chinwag(&["config", "--trusted-proxies="]);
    command.env("CHINWAG_TRUSTED_PROXIES", "10.0.0.7");
    let shown = String::from_utf8(command.output().expect("it runs").stdout).expect("UTF-8");
    assert!(shown.contains("\ntrusted-proxies = []\n"), "{shown}");
}
