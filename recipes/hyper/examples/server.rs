//! An HTTP server that sends back what it gets: HTTP/1.1 with keep-alive, or HTTP/2 without TLS.
//!
//! `cargo run --manifest-path recipes/Cargo.toml --example server -- 127.0.0.1:8080`, then `curl -d hello http://127.0.0.1:8080/`;
//! with `--http2` behind the address, `curl --http2-prior-knowledge …`. Ctrl-C lets the requests under way end, and no others begin.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use std::io;
use std::pin::pin;
use std::time::Duration;
use whippet::net::{TcpListener, TcpStream};
use whippet::signal::{SignalKind, signal};
use whippet::sync::CancellationToken;
use whippet::task::TaskTracker;
use whippet::time::{sleep, timeout};
use whippet_hyper::{WhippetExecutor, WhippetIo, WhippetTimer};

/// How long the server rests when it cannot accept: out of descriptors, as a rule.
const BACK_OFF: Duration = Duration::from_millis(100);
/// From a request's first byte to the end of its header; with keep-alive also from one request to the next.
const HEADER: Duration = Duration::from_secs(10);
/// HTTP/2: a connection is asked so often whether its peer is still there, and closed when no answer comes as long.
const PING: Duration = Duration::from_secs(20);
/// For the requests that are under way when the server is to end.
const GRACE: Duration = Duration::from_secs(10);

/// Which version of HTTP a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.1, and HTTP/1.0.
    One,
    /// HTTP/2 from the first byte on.
    Two,
}

#[whippet::main]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let is_http2 = arguments.next().is_some_and(|word| word == "--http2");
    let listener = TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    let mut interrupts = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    whippet::spawn(async move {
        let _ = interrupts.recv().await;
        stop.cancel();
    });
    serve(listener, if is_http2 { Version::Two } else { Version::One }, stopped).await;
    Ok(())
}

/// Serves until `stop`, and then until all requests are answered or their grace is over.
pub async fn serve(listener: TcpListener, version: Version, stop: CancellationToken) {
    let connections = TaskTracker::new();
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let stop = stop.clone();
                    connections.spawn(async move {
                        let connection = async {
                            match version {
                                Version::One => serve_http1(stream, stop).await,
                                Version::Two => serve_http2(stream, stop).await,
                            }
                        };
                        if let Err(error) = connection.await {
                            eprintln!("{peer}: {error}");
                        }
                    });
                }
                Err(error) => {
                    eprintln!("cannot accept: {error}");
                    sleep(BACK_OFF).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accept).await;
    drop(listener);
    connections.close();
    let _ = timeout(GRACE, connections.wait()).await;
}

async fn serve_http1(stream: TcpStream, stop: CancellationToken) -> hyper::Result<()> {
    let connection = http1::Builder::new()
        .timer(WhippetTimer)
        .header_read_timeout(HEADER)
        .serve_connection(WhippetIo::new(stream), service_fn(answer));
    let mut connection = pin!(connection);
    whippet::select! {
        ended = &mut connection => return ended,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

async fn serve_http2(stream: TcpStream, stop: CancellationToken) -> hyper::Result<()> {
    let connection = http2::Builder::new(WhippetExecutor)
        .timer(WhippetTimer)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .serve_connection(WhippetIo::new(stream), service_fn(answer));
    let mut connection = pin!(connection);
    whippet::select! {
        ended = &mut connection => return ended,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

/// Sends the request's body back, once all of it is there.
async fn answer(request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    let body = request.into_body().collect().await?.to_bytes();
    Ok(Response::new(Full::new(body)))
}
