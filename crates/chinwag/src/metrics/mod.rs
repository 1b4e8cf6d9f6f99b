//! Figures and health over HTTP, for the machine that watches the server: `/metrics`, `/healthz`, `/readyz`.
//!
//! It serves a few connections at a time, each for one answer and a bounded time. It reads what the broker has published
//! and asks the runtime; only the two questions for health go through the broker, for that is what they are about.

mod http;
mod text;

use self::http::{Answer, Asked, Page, Reading, Status};
pub(crate) use self::text::exposition;
use crate::office::Office;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use whippet::net::{TcpListener, TcpStream};
use whippet::sync::Semaphore;
use whippet::task::JoinHandle;
use whippet::time::{sleep, timeout};

/// Connections at a time; more wait in the kernel's queue. One machine that watches needs one.
const CONNECTIONS: usize = 8;
/// How long a connection may take, from accept to close.
const TIME: Duration = Duration::from_secs(5);
/// How long the room may take to answer before it is called ill.
const HEALTHY_WITHIN: Duration = Duration::from_secs(2);
/// Pause when a connection could not be accepted.
const BACKOFF: Duration = Duration::from_millis(100);

/// Answers whoever comes to the listener, for as long as the task runs.
pub fn serve_metrics(listener: TcpListener, office: Office) -> JoinHandle<()> {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    whippet::spawn(async move {
        // The semaphore is never closed.
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(BACKOFF).await;
                continue;
            };
            let office = office.clone();
            whippet::spawn(async move {
                // Whoever is slow or gone does without an answer.
                let _ = timeout(TIME, converse(&stream, &office)).await;
                drop((stream, place));
            });
        }
    })
}

/// One question and its answer.
async fn converse(stream: &TcpStream, office: &Office) -> io::Result<()> {
    let asked = ask(stream).await?;
    let answer = match asked {
        Asked::Page { page, with_body } => page_of(page, office).await.with_body(with_body),
        Asked::Nothing(status) => Answer::new(status, status.words().to_owned()),
    };
    write(stream, answer.bytes().as_slice()).await?;
    stream.shutdown_now(std::net::Shutdown::Write)?;
    // Until the other side has it: a close with input unread would reset the connection.
    let mut rest = [0; 512];
    while read(stream, &mut rest).await? > 0 {}
    Ok(())
}

/// Reads up to the end of a request's head.
async fn ask(stream: &TcpStream) -> io::Result<Asked> {
    let mut head = [0; http::MOST_BYTES];
    let mut filled = 0;
    loop {
        match http::parse(&head[..filled]) {
            Reading::Done(asked) => return Ok(asked),
            Reading::More if filled == head.len() => {
                return Ok(Asked::Nothing(Status::TooLarge));
            }
            Reading::More => {}
        }
        match read(stream, &mut head[filled..]).await? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
}

/// What a page says now.
async fn page_of(page: Page, office: &Office) -> Answer {
    match page {
        Page::Metrics => Answer::metrics(text::exposition(office)),
        Page::Health if is_healthy(office).await => Answer::new(Status::Fine, "ok\n".to_owned()),
        Page::Health => Answer::new(Status::Ill, "the room does not answer\n".to_owned()),
        Page::Ready if office.is_stopping() => {
            Answer::new(Status::Ill, "the server is stopping\n".to_owned())
        }
        Page::Ready if is_healthy(office).await => Answer::new(Status::Fine, "ready\n".to_owned()),
        Page::Ready => Answer::new(Status::Ill, "the room does not answer\n".to_owned()),
    }
}

/// Whether the room takes what it is sent.
pub(crate) async fn is_healthy(office: &Office) -> bool {
    timeout(HEALTHY_WITHIN, office.ping()).await.unwrap_or(false)
}

async fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        stream.readable().await?;
        match stream.try_read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Server};

    #[whippet::test]
    async fn a_room_that_does_not_answer_is_ill() {
        let server = Server::new(Vec::new(), Config::default()).expect("nothing to prepare");
        let (office, started) = (server.office(), whippet::time::Instant::now());
        assert!(!is_healthy(&office).await, "its broker does not run");
        assert!(started.elapsed() >= HEALTHY_WITHIN);
        let stop = whippet::sync::CancellationToken::new();
        let running = whippet::spawn(server.run(stop.clone()));
        assert!(is_healthy(&office).await);
        stop.cancel();
        running.await.expect("no panic").expect("a graceful stop");
    }
}
