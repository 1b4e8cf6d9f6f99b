//! Many connections at once, and a machine that has run out of descriptors.

use crate::program::{CHINWAG, Program};
use crate::support::{Person, run, soon};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;
use whippet::net::TcpStream;
use whippet::time::Instant;

/// How many people come at once.
const STORM: usize = 9_000;
/// How often they come, until nobody is dropped.
const STORMS: usize = 3;

/// How often the kernel dropped a connection because a listener's queue was full, in this network namespace.
fn listen_overflows() -> u64 {
    let table = std::fs::read_to_string("/proc/net/netstat").expect("Linux has it");
    let rows: Vec<Vec<_>> = table
        .lines()
        .filter(|line| line.starts_with("TcpExt:"))
        .map(|line| line.split_whitespace().collect())
        .collect();
    let column = rows[0].iter().position(|&name| name == "ListenOverflows").expect("a column");
    rows[1][column].parse().expect("a number")
}

#[test]
fn trap_30_a_storm_of_connections_overflows_nothing() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("the soft limit can be raised");
    if limit.maximum.is_some_and(|most| most < 2 * STORM as u64) {
        eprintln!("SKIPPED: {STORM} connections need more descriptors than {:?}", limit.maximum);
        return;
    }
    run(async {
        let mut command = Command::new(CHINWAG);
        command.args(["--listen", "127.0.0.1:0", "--no-limits"]);
        let server = Program::start(command).await;
        // The counter is everybody's on this machine, so a listener of somebody else's may add to it, once.
        let mut overflows = u64::MAX;
        for _ in 0..STORMS {
            overflows = storm(server.address).await;
            if overflows == 0 {
                break;
            }
        }
        assert_eq!(overflows, 0, "in each of {STORMS} storms");
    });
}

/// Everybody comes at once and is welcomed: how many connections a listener dropped meanwhile.
async fn storm(address: SocketAddr) -> u64 {
    let before = listen_overflows();
    let joins: Vec<_> = (0..STORM)
        .map(|_| {
            whippet::spawn(async move {
                let stream = TcpStream::connect(address).await.expect("a connection");
                let mut person = Person::new(stream);
                let first = person.next_line().await.expect("a welcome");
                assert!(first.starts_with("* welcome to chinwag"), "{first}");
                person
            })
        })
        .collect();
    let mut people = Vec::with_capacity(STORM);
    for join in joins {
        people.push(soon("a welcome", join).await.expect("no panic"));
    }
    listen_overflows() - before
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
fn trap_22_running_out_of_descriptors_is_waited_out() {
    run(async {
        let mut command = Command::new("sh");
        let line =
            "ulimit -n 1100; exec \"$0\" --listen 127.0.0.1:0 --workers 2 --connections 1000";
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
            let stream = soon("a connection", TcpStream::connect(server.address)).await;
            waiting.push(Person::new(stream.expect("a connection")));
        }
        while let Ok(Some(_)) = waiting_line(&mut waiting[inside.len()]).await {
            inside.push(());
        }
        let taken = inside.len();
        assert!((10..30).contains(&taken), "{taken} of 40 came in");

        let (start, used) = (Instant::now(), cpu(server.process.id()));
        // The next one stays outside for a while: the loop must wait that long and do next to nothing.
        let next = whippet::time::timeout(Duration::from_secs(2), waiting[taken].next_line()).await;
        assert!(next.is_err(), "nobody left, so nobody comes in");
        let share = (cpu(server.process.id()) - used).as_secs_f64() / start.elapsed().as_secs_f64();
        assert!(share < 0.05, "{share} of a processor while waiting");

        // It has backed off to its longest pause; and yet it goes on as soon as somebody leaves.
        drop(waiting.remove(0));
        let freed = Instant::now();
        let welcome = soon("the next to come in", waiting[taken - 1].next_line()).await;
        assert!(welcome.is_some_and(|line| line.starts_with("* welcome")));
        assert!(freed.elapsed() < Duration::from_millis(500), "{:?}", freed.elapsed());

        server.signal(rustix::process::Signal::TERM);
        drop(waiting);
        let (status, log) = server.ended().await;
        assert_eq!(status.code(), Some(0));
        assert!((1..=3).contains(&log.lines().count()), "one line in 5 s:\n{log}");
    });
}

/// Whether this person is let in before long.
async fn waiting_line(
    person: &mut Person,
) -> Result<Option<String>, whippet::time::error::Elapsed> {
    whippet::time::timeout(Duration::from_millis(500), person.next_line()).await
}
