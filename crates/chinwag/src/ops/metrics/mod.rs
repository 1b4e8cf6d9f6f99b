//! Metrics and health over HTTP, for monitoring: `/metrics`, `/healthz`, `/readyz`.
//!
//! It serves a few connections at a time, each for one answer and a bounded time ([`bounded_accept`](crate::ops::bounded_accept)):
//! idle ones keep nobody out. It reads what the broker has published
//! and asks the runtime; only the two questions for health go through the broker, for that is what they are about.

mod allowed_hosts;
mod content_negotiation;
mod http;
mod openmetrics;
mod prometheus;

pub(crate) use self::allowed_hosts::AllowedHosts;
use self::content_negotiation::Format;
use self::http::{Endpoint, Parse, Request, Response, Status};
pub(crate) use self::openmetrics::exposition;
use crate::limits::MAX_METRICS_CONNECTIONS;
use crate::ops::bounded_accept::{Activity, send_and_close, serve_bounded};
use crate::server::handle::ServerHandle;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use whippet::io::AsyncReadExt;
use whippet::net::{TcpListener, TcpStream};
use whippet::task::JoinHandle;
use whippet::time::timeout;

/// How long the broker may take to answer before the server counts as unhealthy.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves requests to one of these hosts for as long as the task runs.
pub(crate) fn serve_metrics(
    listener: TcpListener,
    handle: ServerHandle,
    hosts: AllowedHosts,
) -> JoinHandle<()> {
    let hosts = Arc::new(hosts);
    serve_bounded(listener, MAX_METRICS_CONNECTIONS, move |stream, activity| {
        let (handle, hosts) = (handle.clone(), Arc::clone(&hosts));
        async move { handle_connection(&stream, &activity, &handle, &hosts).await }
    })
}

/// One request and its response.
async fn handle_connection(
    stream: &TcpStream,
    activity: &Activity,
    handle: &ServerHandle,
    hosts: &AllowedHosts,
) -> io::Result<()> {
    let answer = match activity.reading(stream, read_request(stream, hosts)).await? {
        Request::Get { endpoint, format, with_body } => {
            respond(endpoint, format, handle).await.with_body(with_body)
        }
        Request::Invalid(status) => Response::new(status, status.text().to_owned()),
    };
    activity.writing(send_and_close(stream, &answer.bytes())).await
}

/// Reads up to the end of a request's head.
async fn read_request(mut stream: &TcpStream, hosts: &AllowedHosts) -> io::Result<Request> {
    let mut head = [0; http::MAX_HEAD_BYTES];
    let mut filled = 0;
    loop {
        match http::parse(&head[..filled], hosts) {
            Parse::Complete(asked) => return Ok(asked),
            Parse::Partial if filled == head.len() => {
                return Ok(Request::Invalid(Status::HeadersTooLarge));
            }
            Parse::Partial => {}
        }
        match stream.read(&mut head[filled..]).await? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
}

/// The response of an endpoint.
async fn respond(endpoint: Endpoint, format: Format, handle: &ServerHandle) -> Response {
    match (endpoint, format) {
        (Endpoint::Metrics, Format::OpenMetrics) => {
            Response::metrics(format, openmetrics::exposition(handle))
        }
        (Endpoint::Metrics, Format::Text) => Response::metrics(
            format,
            prometheus::from_openmetrics(&openmetrics::exposition(handle)),
        ),
        (endpoint, _) => health(endpoint, handle).await,
    }
}

/// The response of a health endpoint.
async fn health(endpoint: Endpoint, handle: &ServerHandle) -> Response {
    match endpoint {
        Endpoint::Health if is_healthy(handle).await => {
            Response::new(Status::Ok, "ok\n".to_owned())
        }
        Endpoint::Ready if handle.is_stopping() => {
            Response::new(Status::Unavailable, "the server is stopping\n".to_owned())
        }
        Endpoint::Ready if handle.is_stopping() => {
            Response::new(Status::Unavailable, "the server is stopping\n".to_owned())
        }
        Endpoint::Ready if is_healthy(handle).await => {
            Response::new(Status::Ok, "ready\n".to_owned())
        }
        _ => Response::new(Status::Unavailable, "the room does not answer\n".to_owned()),
    }
}

/// Whether the broker answers.
pub(crate) async fn is_healthy(handle: &ServerHandle) -> bool {
    timeout(HEALTH_TIMEOUT, handle.ping()).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Server;
    use crate::server::config::Config;

    #[whippet::test]
    async fn a_broker_that_does_not_answer_is_unhealthy() {
        let server = Server::new(Vec::new(), Config::default()).expect("nothing to prepare");
        let (handle, started) = (server.handle(), whippet::time::Instant::now());
        assert!(!is_healthy(&handle).await, "its broker does not run");
        assert!(started.elapsed() >= HEALTH_TIMEOUT);
        let stop = whippet::sync::CancellationToken::new();
        let running = whippet::spawn(server.run(stop.clone()));
        assert!(is_healthy(&handle).await);
        stop.cancel();
        running.await.expect("no panic").expect("a graceful stop");
    }
}
