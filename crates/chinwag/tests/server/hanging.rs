//! Outputs that nobody reads: a full pipe for the log, a full pipe for what is printed, a service manager that does not
//! listen. None of them may hold up what people say, nor the end.

use crate::metrics::{get, metric, start_with_metrics};
use crate::program::{Program, chinwag};
use crate::support::{TestClient, run};
use rustix::process::{Pid, Signal, kill_process};
use std::future::Future;
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use whippet::net::{TcpListener, TcpStream, UnixDatagram};
use whippet::task::spawn_blocking;
use whippet::time::timeout;

/// How long is waited for what must come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Reads of a person's socket, of which each is a line of the log at the level `trace`: more than a pipe holds.
const READS: usize = 2_000;
/// More than the log's queue and a pipe hold.
const MANY_READS: usize = 16_000;

/// Waits for something that must happen.
pub(crate) async fn patient<F: Future>(what: &str, future: F) -> F::Output {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Waits for the end of a process of which nothing is read.
pub(crate) async fn ended_unread(mut process: Child) -> ExitStatus {
    let waiting = spawn_blocking(move || process.wait());
    patient("the program's end", waiting).await.expect("no panic").expect("it can be waited for")
}

/// Waits for a program's end without reading anything of it.
async fn end_of(mut server: Program) -> ExitStatus {
    ended_unread(server.take_process()).await
}

/// What lets a line without an end go on for as long as a slow machine takes to read it.
const PATIENT: [&str; 3] = ["--no-limits", "--overlong-line-timeout", "1h"];

/// Has the server read so often: a line that is too long, of which it keeps nothing. Then somebody else hears a line.
async fn talk(alice: &mut TestClient, bob: &mut TestClient, reads: usize) {
    let junk = [b'x'; 4096];
    for _ in 0..reads {
        patient("the server to read", alice.try_send(&junk)).await.expect("they are here");
    }
    alice.send_line("\nstill here").await;
    patient("a line", bob.wait_until("it", |line| line == "user-1: still here")).await;
}

#[test]
fn an_unread_log_delays_nothing() {
    run(async {
        let arguments = [&["--listen", "127.0.0.1:0", "--log", "trace"], &PATIENT[..]].concat();
        let server = Program::start(chinwag(&arguments)).await;
        let (mut alice, mut bob) = (server.join().await, server.join().await);
        talk(&mut alice, &mut bob, READS).await;
        server.signal(Signal::TERM);
        assert_eq!(bob.rest().await.last().map(String::as_str), Some("* server is shutting down"));
        drop((alice, bob));
        assert_eq!(end_of(server).await.code(), Some(0));
    });
}

/// A pipe that holds no byte more.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = io::pipe().expect("a pipe");
    rustix::io::ioctl_fionbio(&writer, true).expect("a pipe");
    while writer.write(&[b'x'; 4096]).is_ok() {}
    while writer.write(b"x").is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).expect("a pipe");
    (reader, writer)
}

/// A listener that is passed to a program, so that its address is known although nothing of it is read.
async fn passed_listener() -> (std::net::SocketAddr, OwnedFd) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    (address, listener.into_std().expect("a listener").into())
}

/// A server behind that listener, which has it as its standard input first.
fn behind(listener: OwnedFd, arguments: &str) -> Command {
    let mut command = crate::systemd::activated(arguments);
    command.stdin(listener);
    command
}

async fn guest(address: std::net::SocketAddr) -> TestClient {
    let stream = patient("a connection", TcpStream::connect(address)).await;
    let mut person = TestClient::new(stream.expect("a connection"));
    patient("a welcome", person.expect_welcome()).await;
    person
}

fn terminate(process: &Child) {
    kill_process(Pid::from_child(process), Signal::TERM).expect("it runs");
}

#[test]
fn full_outputs_hold_up_neither_the_start_nor_the_end() {
    run(async {
        for outputs in ["stdout", "stderr"] {
            let (address, listener) = passed_listener().await;
            let (_reader, writer) = full_pipe();
            let mut command = behind(listener, "--log trace");
            command.stdout(Stdio::null()).stderr(Stdio::null());
            match outputs {
                "stdout" => command.stdout(writer),
                _ => command.stderr(writer),
            };
            let process = command.spawn().expect("the program starts");
            drop(command);
            let mut alice = guest(address).await;
            terminate(&process);
            assert_eq!(alice.rest().await, ["* server is shutting down"]);
            drop(alice);
            assert_eq!(ended_unread(process).await.code(), Some(0), "{outputs}");
        }
    });
}

#[test]
fn an_end_for_want_of_a_thread_is_told() {
    // A stack that no machine has room for.
    let mut command = chinwag(&["--listen", "127.0.0.1:0"]);
    command.env("RUST_MIN_STACK", (1_u64 << 46).to_string());
    let std::process::Output { status, stderr, .. } = command.output().expect("the program runs");
    let told = String::from_utf8_lossy(&stderr);
    assert!(told.starts_with("chinwag: cannot start a thread: "), "{told:?}");
    assert_eq!((status.code(), told.lines().count()), (Some(1), 1), "{told}");
    // A pipe that nobody reads holds it up for a second, not for ever.
    let (_reader, full) = full_pipe();
    let process = command.stderr(full).spawn().expect("the program starts");
    let status = run(async { ended_unread(process).await });
    assert_eq!(status.code(), Some(1));
}

#[test]
fn what_the_log_loses_is_counted_in_it() {
    run(async {
        let (mut server, at) =
            start_with_metrics(&[&["--log", "trace"], &PATIENT[..]].concat()).await;
        let (mut alice, mut bob) = (server.join().await, server.join().await);
        talk(&mut alice, &mut bob, MANY_READS).await;
        let lost = metric(&get(at, "/metrics").await.1, "chinwag_log_lines_dropped_total");
        assert!(lost > 0.0, "{lost}");
        // From here on there is room.
        let line = server.logged("lines of the log were dropped").await;
        let told: f64 =
            line.rsplit("lines=").next().and_then(|count| count.trim().parse().ok()).expect(&line);
        assert!(told > 0.0, "{line}");
        server.signal(Signal::TERM);
        drop((alice, bob));
        let (status, log) = server.ended().await;
        assert_eq!(status.code(), Some(0));
        assert!(log.lines().all(|line| line.starts_with("20")), "whole lines alone");
    });
}

#[test]
fn a_log_whose_reader_is_gone_is_no_trouble() {
    run(async {
        let arguments = ["--listen", "127.0.0.1:0", "--log", "trace"];
        let mut server = Program::start(chinwag(&arguments)).await;
        drop(server.process.stderr.take());
        let (mut alice, mut bob) = (server.join().await, server.join().await);
        alice.send_line("still here").await;
        bob.wait_for("user-1: still here").await;
        server.signal(Signal::TERM);
        drop((alice, bob));
        assert_eq!(end_of(server).await.code(), Some(0));
    });
}

/// A service manager's socket whose queue is full.
fn deaf_manager() -> (std::path::PathBuf, UnixDatagram, UnixDatagram) {
    let name = format!("chinwag-deaf-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path).expect("a socket");
    let other = UnixDatagram::unbound().expect("a socket");
    loop {
        match other.try_send_to(b"x", &path) {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return (path, socket, other);
            }
        }
    }
}

#[test]
fn a_service_manager_that_does_not_listen_is_no_trouble() {
    run(async {
        let (path, socket, other) = deaf_manager();
        let mut command = chinwag(&["--listen", "127.0.0.1:0"]);
        command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000");
        let server = Program::start(command).await;
        let mut alice = server.join().await;
        server.signal(Signal::HUP);
        alice.send_line("/who").await;
        alice.wait_until("an answer", |line| line.contains("user-1")).await;
        server.signal(Signal::TERM);
        assert_eq!(alice.rest().await, ["* server is shutting down"]);
        drop(alice);
        assert_eq!(end_of(server).await.code(), Some(0));
        drop((socket, other));
        std::fs::remove_file(path).expect("a socket");
    });
}
