//! Figures and health over HTTP, for the machine that watches the server: `/metrics`, `/healthz`, `/readyz`.
//!
//! It serves a few connections at a time, each for one answer and a bounded time ([`bounded_accept`](crate::ops::bounded_accept)):
//! idle ones keep nobody out. It reads what the broker has published
//! and asks the runtime; only the two questions for health go through the broker, for that is what they are about.

mod allowed_hosts;
mod content_negotiation;
mod http;
mod openmetrics;
mod prometheus;

pub(crate) use self::allowed_hosts::Hosts;
use self::content_negotiation::Format;
use self::http::{Answer, Asked, Page, Reading, Status};
pub(crate) use self::openmetrics::exposition;
use crate::limits::MAX_METRICS_CONNECTIONS;
use crate::ops::bounded_accept::{Activity, finish, serve_bounded};
use crate::server::handle::ServerHandle;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use whippet::io::AsyncReadExt;
use whippet::net::{TcpListener, TcpStream};
use whippet::task::JoinHandle;
use whippet::time::timeout;

/// How long the room may take to answer before it is called ill.
const HEALTHY_WITHIN: Duration = Duration::from_secs(2);

/// Answers whoever comes to the listener and asks by one of these names, for as long as the task runs.
pub(crate) fn serve_metrics(
    listener: TcpListener,
    office: ServerHandle,
    hosts: Hosts,
) -> JoinHandle<()> {
    let hosts = Arc::new(hosts);
    serve_bounded(listener, MAX_METRICS_CONNECTIONS, move |stream, activity| {
        let (office, hosts) = (office.clone(), Arc::clone(&hosts));
        async move { converse(&stream, &activity, &office, &hosts).await }
    })
}

/// One question and its answer.
async fn converse(
    stream: &TcpStream,
    activity: &Activity,
    office: &ServerHandle,
    hosts: &Hosts,
) -> io::Result<()> {
    let answer = match activity.reading(stream, ask(stream, hosts)).await? {
        Asked::Page { page, format, with_body } => {
            page_of(page, format, office).await.with_body(with_body)
        }
        Asked::Nothing(status) => Answer::new(status, status.words().to_owned()),
    };
    activity.writing(finish(stream, &answer.bytes())).await
}

/// Reads up to the end of a request's head.
async fn ask(mut stream: &TcpStream, hosts: &Hosts) -> io::Result<Asked> {
    let mut head = [0; http::MOST_BYTES];
    let mut filled = 0;
    loop {
        match http::parse(&head[..filled], hosts) {
            Reading::Done(asked) => return Ok(asked),
            Reading::More if filled == head.len() => {
                return Ok(Asked::Nothing(Status::TooLarge));
            }
            Reading::More => {}
        }
        match stream.read(&mut head[filled..]).await? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
}

/// What a page says now.
async fn page_of(page: Page, format: Format, office: &ServerHandle) -> Answer {
    match (page, format) {
        (Page::Metrics, Format::OpenMetrics) => {
            Answer::metrics(format, openmetrics::exposition(office))
        }
        (Page::Metrics, Format::Text) => {
            Answer::metrics(format, prometheus::text(&openmetrics::exposition(office)))
        }
        (page, _) => health(page, office).await,
    }
}

/// What a page about health says now.
async fn health(page: Page, office: &ServerHandle) -> Answer {
    match page {
        Page::Health if is_healthy(office).await => Answer::new(Status::Fine, "ok\n".to_owned()),
        Page::Ready if office.is_stopping() => {
            Answer::new(Status::Ill, "the server is stopping\n".to_owned())
        }
        Page::Ready if is_healthy(office).await => Answer::new(Status::Fine, "ready\n".to_owned()),
        _ => Answer::new(Status::Ill, "the room does not answer\n".to_owned()),
    }
}

/// Whether the room takes what it is sent.
pub(crate) async fn is_healthy(office: &ServerHandle) -> bool {
    timeout(HEALTHY_WITHIN, office.ping()).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Server;
    use crate::server::config::Config;

    #[whippet::test]
    async fn a_room_that_does_not_answer_is_ill() {
        let server = Server::new(Vec::new(), Config::default()).expect("nothing to prepare");
        let (office, started) = (server.handle(), whippet::time::Instant::now());
        assert!(!is_healthy(&office).await, "its broker does not run");
        assert!(started.elapsed() >= HEALTHY_WITHIN);
        let stop = whippet::sync::CancellationToken::new();
        let running = whippet::spawn(server.run(stop.clone()));
        assert!(is_healthy(&office).await);
        stop.cancel();
        running.await.expect("no panic").expect("a graceful stop");
    }
}
