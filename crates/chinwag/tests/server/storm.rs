//! Many connections at once, and a machine that has run out of descriptors.

use crate::program::{CHINWAG, Program};
use crate::support::{TestClient, run, within_deadline};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, getrlimit, prlimit, setrlimit, waitpid,
};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;
use whippet::net::TcpStream;
use whippet::task::spawn_blocking;
use whippet::time::Instant;

/// How many people come at once.
const STORM: usize = 9_000;
/// How many of them come while the server does nothing: as many as its listener's queue holds for certain.
const QUEUED: usize = 4_000;

/// How many connections wait in the listener's queue: what the kernel shows as its received bytes.
fn queued(address: SocketAddr) -> usize {
    let local = format!("0100007F:{:04X}", address.port());
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux has it");
    let row = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|row| row.get(1) == Some(&local.as_str()) && row[3] == "0A")
        .expect("it listens");
    let (_, received) = row[4].split_once(':').expect("two queues");
    usize::from_str_radix(received, 16).expect("a number")
}

/// Whether the kernel lets a listener's queue be as long as the server asks for.
fn kernel_allows_the_queue() -> bool {
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("Linux has it");
    most.trim().parse::<usize>().expect("a number") >= QUEUED
}

/// A server that is stopped takes nobody from its queue, so the queue alone decides how many connections the kernel
/// completes: no speed of either side has a part in it.
#[test]
fn regression_30_a_storm_of_connections_overflows_nothing() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("the soft limit can be raised");
    if limit.maximum.is_some_and(|most| most < 2 * STORM as u64) {
        eprintln!("SKIPPED: {STORM} connections need more descriptors than {:?}", limit.maximum);
        return;
    }
    if !kernel_allows_the_queue() {
        eprintln!("SKIPPED: net.core.somaxconn is below {QUEUED}");
        return;
    }
    run(async {
        let mut command = Command::new(CHINWAG);
        command.args(["--listen", "127.0.0.1:0", "--no-limits"]);
        let server = Program::start(command).await;
        stop(&server).await;
        let mut people = come(server.address, QUEUED).await;
        assert_eq!(queued(server.address), QUEUED, "all wait in the queue");
        server.signal(Signal::CONT);
        people.append(&mut come(server.address, STORM - QUEUED).await);
        for mut person in people {
            let first =
                within_deadline("a welcome", person.try_next_line()).await.expect("a welcome");
            assert!(first.starts_with("* welcome to chinwag"), "{first}");
        }
    });
}

/// Stops the server's process, and returns once none of its threads runs any more: they do until each has seen the signal.
async fn stop(server: &Program) {
    server.signal(Signal::STOP);
    let process = Some(Pid::from_child(&server.process));
    let stopped = spawn_blocking(move || waitpid(process, WaitOptions::UNTRACED));
    let (_, status) = within_deadline("the stop", stopped)
        .await
        .expect("no panic")
        .expect("a child")
        .expect("a stop");
    assert!(status.stopped(), "{status:?}");
}

/// So many connect at once; each is connected when this returns.
async fn come(address: SocketAddr, people: usize) -> Vec<TestClient> {
    let joins: Vec<_> = (0..people).map(|_| whippet::spawn(TcpStream::connect(address))).collect();
    let mut connected = Vec::with_capacity(people);
    for join in joins {
        let stream =
            within_deadline("a connection", join).await.expect("no panic").expect("a connection");
        connected.push(TestClient::new(stream));
    }
    connected
}

/// CPU time of all threads of a process so far.
fn cpu(pid: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    let nanos = tasks.map(|task| {
        let statistics = std::fs::read_to_string(task.expect("an entry").path().join("schedstat"));
        let statistics = statistics.unwrap_or_default();
        statistics.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0)
    });
    Duration::from_nanos(nanos.sum())
}

/// With more connections than descriptors the loop waits and neither spins nor floods the log, and it goes on at once
/// when one frees.
#[test]
fn regression_22_running_out_of_descriptors_is_waited_out() {
    run(async {
        let mut command = Command::new("sh");
        let line =
            "ulimit -n 1100; exec \"$0\" --listen 127.0.0.1:0 --workers 2 --max-connections 1000";
        command.args(["-c", line, CHINWAG]);
        let server = Program::start(command).await;
        // Lowered under it, or it would not let more in than that.
        let fewer = Rlimit { current: Some(30), maximum: Some(1100) };
        let process = Some(Pid::from_child(&server.process));
        prlimit(process, Resource::Nofile, fewer).expect("ours");
        let mut inside = Vec::new();
        // The kernel completes connections beyond those that the server can take.
        let mut waiting = Vec::new();
        for _ in 0..40 {
            let stream = within_deadline("a connection", TcpStream::connect(server.address)).await;
            waiting.push(TestClient::new(stream.expect("a connection")));
        }
        while let Ok(Some(_)) = waiting_line(&mut waiting[inside.len()]).await {
            inside.push(());
        }
        let taken = inside.len();
        assert!((10..30).contains(&taken), "{taken} of 40 came in");

        let (start, used) = (Instant::now(), cpu(server.process.id()));
        // The next one stays outside for a while: the loop must wait that long and do next to nothing.
        let next =
            whippet::time::timeout(Duration::from_secs(2), waiting[taken].try_next_line()).await;
        assert!(next.is_err(), "nobody left, so nobody comes in");
        let share = (cpu(server.process.id()) - used).as_secs_f64() / start.elapsed().as_secs_f64();
        assert!(share < 0.05, "{share} of a processor while waiting");

        // It has backed off to its longest pause; and yet it goes on as soon as somebody leaves.
        drop(waiting.remove(0));
        let freed = Instant::now();
        let welcome =
            within_deadline("the next to come in", waiting[taken - 1].try_next_line()).await;
        assert!(welcome.is_some_and(|line| line.starts_with("* welcome")));
        assert!(freed.elapsed() < Duration::from_millis(500), "{:?}", freed.elapsed());

        server.signal(Signal::TERM);
        drop(waiting);
        let (status, log) = server.ended().await;
        assert_eq!(status.code(), Some(0));
        assert!((1..=3).contains(&log.lines().count()), "one line in 5 s:\n{log}");
    });
}

/// Whether this person is let in before long.
async fn waiting_line(
    person: &mut TestClient,
) -> Result<Option<String>, whippet::time::error::Elapsed> {
    whippet::time::timeout(Duration::from_millis(500), person.try_next_line()).await
}
