//! The examples `server` and `client` over loopback, and what hyper asks of a runtime.

use client::{connect_http1, connect_http2, request, text};
use http_body_util::{Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Sleep, Timer};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header, server::conn::http1, upgrade};
use server::{Version, serve};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;
use whippet::io::{AsyncReadExt, AsyncWriteExt};
use whippet::net::{TcpListener, TcpStream};
use whippet::sync::CancellationToken;
use whippet::task::{JoinHandle, JoinSet, yield_now};
use whippet::time::{Instant, timeout};
use whippet_hyper::{WhippetIo, WhippetTimer};

#[path = "../examples/client.rs"]
#[expect(unreachable_pub, reason = "the example is no part of a library")]
mod client;
#[path = "../examples/server.rs"]
#[expect(unreachable_pub, reason = "the example is no part of a library")]
mod server;

/// How long a test may take before it fails.
const DEADLINE: Duration = Duration::from_secs(60);

/// A server that runs.
struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(version: Version) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = whippet::spawn(serve(listener, version, stop.clone()));
        Self { address, stop, task }
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Runs a test within its deadline.
async fn bounded(test: impl Future<Output = ()>) {
    timeout(DEADLINE, test).await.expect("the test takes too long");
}

#[whippet::test(flavor = "multi_thread", worker_threads = 2)]
async fn http1_requests_share_one_connection() {
    bounded(async {
        let server = Running::start(Version::One).await;
        let mut client = connect_http1(server.address).await.unwrap();
        for turn in 0..50 {
            client.ready().await.unwrap();
            let words = format!("turn {turn}");
            let answer = client.send_request(request(server.address, &words)).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(text(answer).await.unwrap(), words);
        }
        server.end().await;
        // The end of the server ends the idle connection, once its task on this side has heard of it.
        while client.ready().await.is_ok() {
            yield_now().await;
        }
    })
    .await;
}

#[whippet::test]
async fn large_bodies_go_both_ways() {
    bounded(async {
        let words = "0123456789".repeat(400_000);
        let server = Running::start(Version::One).await;
        let mut client = connect_http1(server.address).await.unwrap();
        let answer = client.send_request(request(server.address, &words)).await.unwrap();
        assert!(text(answer).await.unwrap() == words);
        server.end().await;
        let server = Running::start(Version::Two).await;
        let mut client = connect_http2(server.address).await.unwrap();
        let answer = client.send_request(request(server.address, &words)).await.unwrap();
        assert!(text(answer).await.unwrap() == words);
        server.end().await;
    })
    .await;
}

#[whippet::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_requests_share_one_connection_at_once() {
    bounded(async {
        let server = Running::start(Version::Two).await;
        let address = server.address;
        let client = connect_http2(address).await.unwrap();
        let mut requests = JoinSet::new();
        for turn in 0..100 {
            let mut client = client.clone();
            requests.spawn(async move {
                let words = format!("turn {turn}");
                let answer = client.send_request(request(address, &words)).await.unwrap();
                text(answer).await.unwrap() == words
            });
        }
        assert!(requests.join_all().await.into_iter().all(|is_right| is_right));
        server.end().await;
    })
    .await;
}

#[whippet::test(start_paused = true)]
async fn a_header_that_does_not_end_is_cut_by_the_timer() {
    // The clock moves when nothing else happens: ten seconds of it take no time.
    let server = Running::start(Version::One).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let began = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(10), "cut after {:?}", began.elapsed());
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    server.end().await;
}

#[whippet::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graceful_end_answers_what_http1_has_under_way() {
    bounded(async {
        let server = Running::start(Version::One).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let header =
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n";
        stream.write_all(header.as_bytes()).await.unwrap();
        // The request is under way when its body is asked for.
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).await.unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        server.stop.cancel();
        stream.write_all(b"served").await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("served"), "{said}");
        server.task.await.unwrap();
    })
    .await;
}

#[whippet::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graceful_end_answers_what_http2_has_under_way() {
    bounded(async {
        let server = Running::start(Version::Two).await;
        let mut client = connect_http2(server.address).await.unwrap();
        let words = "0123456789".repeat(100_000);
        let answer = client.send_request(request(server.address, &words)).await.unwrap();
        // The answer is larger than the windows: its end is still to be sent.
        server.stop.cancel();
        assert!(text(answer).await.unwrap() == words);
        server.task.await.unwrap();
        assert!(client.send_request(request(server.address, "late")).await.is_err());
    })
    .await;
}

/// Answers with an upgrade, and sends back what comes then, in capitals.
async fn shout(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    whippet::spawn(async move {
        let mut stream = WhippetIo::new(upgrade::on(&mut request).await.unwrap());
        let mut word = [0; 5];
        stream.read_exact(&mut word).await.unwrap();
        word.make_ascii_uppercase();
        stream.write_all(&word).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let answer = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "shouting")
        .body(Empty::new());
    Ok(answer.unwrap())
}

#[whippet::test]
async fn an_upgraded_connection_is_a_stream_of_whippets() {
    bounded(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = whippet::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let connection =
                http1::Builder::new().serve_connection(WhippetIo::new(stream), service_fn(shout));
            connection.with_upgrades().await.unwrap();
        });
        let stream = WhippetIo::new(TcpStream::connect(address).await.unwrap());
        let (mut client, connection) =
            hyper::client::conn::http1::handshake::<_, Full<Bytes>>(stream).await.unwrap();
        whippet::spawn(connection.with_upgrades());
        let asked = Request::get("/")
            .header(header::HOST, "x")
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "shouting")
            .body(Full::default())
            .unwrap();
        let mut answer = client.send_request(asked).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        let mut stream = WhippetIo::new(upgrade::on(&mut answer).await.unwrap());
        stream.write_all(b"hello").await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "HELLO");
        serving.await.unwrap();
    })
    .await;
}

#[whippet::test(start_paused = true)]
async fn the_timer_follows_the_clock_and_moves_its_sleeps() {
    let began = WhippetTimer.now();
    WhippetTimer.sleep(Duration::from_secs(5)).await;
    assert!(WhippetTimer.now() - began >= Duration::from_secs(5));
    let mut sleep: Pin<Box<dyn Sleep>> = WhippetTimer.sleep(Duration::from_secs(3_600));
    let moved_to = WhippetTimer.now() + Duration::from_secs(1);
    WhippetTimer.reset(&mut sleep, moved_to);
    sleep.await;
    assert!(WhippetTimer.now() >= moved_to);
    assert!(WhippetTimer.now() - began < Duration::from_secs(60));
}
