//! After a thousand people came and went, in every way there is, nothing of them is left.

use super::{Server, supervise};
use crate::chat::admin_command::{AdminCommand, BanCommand};
use crate::chat::event::Control;
use crate::limits::{CONTROL_QUEUE, EVENT_QUEUE};
use crate::outbound::backpressure::{Backpressure, QueueLimits};
use crate::server::config::Config;
use crate::server::listen::listen;
use crate::server::serve;
use crate::server::shared::Shared;
use std::io::ErrorKind;
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use whippet::net::{TcpSocket, TcpStream};
use whippet::runtime::{Builder, Runtime, RuntimeMetrics};
use whippet::sync::{CancellationToken, mpsc, oneshot};
use whippet::time::{Instant, sleep, timeout};

/// How long an event may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many connect at a time.
const COMPANY: usize = 50;
/// How often each way of leaving is tried.
const ROUNDS: usize = 4;

/// How people leave.
#[derive(Clone, Copy, Debug)]
enum Way {
    Quit,
    Eof,
    Reset,
    Panic,
    Cut,
}

const WAYS: [Way; 5] = [Way::Quit, Way::Eof, Way::Reset, Way::Panic, Way::Cut];

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// A client that has read its welcome.
async fn join(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = timeout(PATIENCE, socket.connect(address)).await.unwrap().unwrap();
    read_until(&stream, "/help").await;
    stream
}

/// Reads until a text has come, or the end.
async fn read_until(stream: &TcpStream, text: &str) {
    let mut seen = Vec::new();
    loop {
        timeout(PATIENCE, stream.readable())
            .await
            .unwrap_or_else(|_| panic!("no {text:?} came"))
            .unwrap();
        let mut buffer = [0; 4096];
        match stream.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => seen.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
        if String::from_utf8_lossy(&seen).contains(text) {
            return;
        }
    }
}

async fn say(stream: &TcpStream, line: &str) {
    let mut rest = line.as_bytes();
    while !rest.is_empty() {
        timeout(PATIENCE, stream.writable()).await.expect("room to write").unwrap();
        match stream.try_write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Some clients connect, and leave in one way.
async fn visit(address: SocketAddr, way: Way) {
    let mut company = Vec::new();
    for _ in 0..COMPANY {
        company.push(join(address).await);
    }
    match way {
        Way::Quit | Way::Eof => {
            for stream in &company {
                match way {
                    Way::Quit => say(stream, "/quit bye\n").await,
                    _ => stream.shutdown_now(Shutdown::Write).unwrap(),
                }
            }
            for stream in &company {
                read_until(stream, "no such words").await;
            }
        }
        Way::Reset => {
            company.iter().for_each(|stream| stream.set_linger(Some(Duration::ZERO)).unwrap())
        }
        Way::Panic => {
            say(&company[0], "please panic\n").await;
            for stream in &company[1..] {
                read_until(stream, "no such words").await;
            }
        }
        Way::Cut => flood(&company).await,
    }
}

/// The first sends until the others, which do not read, were disconnected.
async fn flood(company: &[TcpStream]) {
    let line = format!("{}\n", "x".repeat(2000));
    let mut cut = 0;
    let deadline = Instant::now() + PATIENCE;
    while cut < company.len() - 1 {
        assert!(Instant::now() < deadline, "{cut} of {} were cut", company.len() - 1);
        say(&company[0], &line).await;
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = company[0].try_read(&mut buffer) {
            cut += String::from_utf8_lossy(&buffer[..count]).matches("(too slow)").count();
        }
    }
}

/// What a server holds: tasks, timers, waiters, descriptors.
fn held(metrics: &RuntimeMetrics) -> [usize; 4] {
    [
        metrics.num_alive_tasks(),
        metrics.num_pending_timers(),
        metrics.num_descriptor_waiters(),
        metrics.num_registered_descriptors(),
    ]
}

/// Waits until the server holds what it held before.
async fn back_at(base: [usize; 4], metrics: &RuntimeMetrics, after: &str) {
    let deadline = Instant::now() + PATIENCE;
    while held(metrics) != base {
        assert!(
            Instant::now() < deadline,
            "{after}: {:?} tasks, timers, waiters, descriptors; {base:?} before",
            held(metrics)
        );
        sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn a_thousand_people_leave_nothing_behind() {
    let (servers, clients) = (runtime(), runtime());
    let metrics = servers.metrics();
    let shutdown = CancellationToken::new();
    let (address, task) = {
        let _entered = servers.enter();
        let listeners = listen(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let address = listeners[0].local_addr().unwrap();
        let queue_limits =
            QueueLimits { stall_timeout: Duration::from_millis(200), ..QueueLimits::default() };
        // A line on which connection tasks panic must not be replayed to those that connect later.
        let config =
            Config { queue_limits, history_lines: 0, ..Config::default() }.without_limits();
        (address, whippet::spawn(serve(listeners, config, shutdown.clone())))
    };
    clients.block_on(async {
        // The server is up once a client was welcomed, and at its base once it has gone.
        drop(join(address).await);
        // The server itself, its accept loop, its broker, the memory trim; no timer; the listener, which waits for its descriptor.
        let base = [4, 0, 1, 1];
        back_at(base, &metrics, "the first one").await;
        for _ in 0..ROUNDS {
            for way in WAYS {
                visit(address, way).await;
                back_at(base, &metrics, &format!("{way:?}")).await;
            }
        }
    });
    shutdown.cancel();
    clients.block_on(async {
        task.await.unwrap().unwrap();
        back_at([0, 0, 0, 0], &metrics, "its own end").await;
    });
}

#[test]
fn a_server_without_its_broker_ends_with_an_error() {
    let servers = runtime();
    let result = servers.block_on(async {
        let listeners = listen(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let config = Config::default();
        let (events, _events) = mpsc::channel(EVENT_QUEUE);
        let (control, _control) = mpsc::channel(CONTROL_QUEUE);
        let backpressure = Arc::new(Backpressure::new(config.queue_limits));
        let shared =
            Arc::new(Shared::new(config, None, None, events, control, backpressure).unwrap());
        let broker = whippet::spawn(async { panic!("for this test") });
        let shutdown = CancellationToken::new();
        timeout(PATIENCE, supervise::<()>(broker, listeners, shared, shutdown)).await
    });
    let error = result.expect("it ends").unwrap_err().to_string();
    assert!(
        error.starts_with("the room is broken: ") && error.contains("for this test"),
        "{error}"
    );
}

/// The bans of the last moment are on the disk when the server has ended.
#[test]
fn what_was_banned_last_is_kept_before_the_server_ends() {
    let folder = std::env::temp_dir().join(format!("chinwag-serve-kept-{}", std::process::id()));
    runtime().block_on(async {
        let config = Config { state_dir: Some(folder.clone()), ..Config::default() };
        let listeners = listen(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let server = Server::new(listeners, config).unwrap();
        let (control, shutdown) = (server.shared.control.clone(), CancellationToken::new());
        let handle = server.handle();
        let ended = whippet::spawn(server.run(shutdown.clone()));
        // The operator who is told of a ban can rely on it.
        let told = timeout(PATIENCE, handle.apply_ban_command(BanCommand::Ban("first".into())))
            .await
            .unwrap();
        assert!(told.unwrap().is_ok());
        assert!(std::fs::read_to_string(folder.join("bans")).unwrap().contains("\nfirst -\n"));
        for number in 0..100 {
            let (answer, answered) = oneshot::channel();
            let act = BanCommand::Ban(format!("x{number}"));
            control
                .send(Control::Admin(AdminCommand::ChangeBans { command: act, answer }))
                .await
                .unwrap();
            assert!(timeout(PATIENCE, answered).await.unwrap().unwrap().is_ok());
        }
        shutdown.cancel();
        timeout(PATIENCE, ended).await.unwrap().unwrap().unwrap();
    });
    let kept = std::fs::read_to_string(folder.join("bans")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(kept.contains("\nx99 -\n"), "{kept}");
}
