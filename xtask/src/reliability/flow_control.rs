//! One client sends as fast as it can, and the others read at different rates. A reader that keeps up with the minimum rate
//! gets every line and is never disconnected, the sender is never stuck, and readers below the rate are disconnected with a reason.
//!
//! Each reader has a thread of its own, and the slowest have a small receive buffer, so that the server holds what they do not read.

use super::Context;
use super::client::Client;
use super::clock::{now, sleep};
use super::server::{Server, ServerCommand};
use super::table::Table;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes of a line, its end included.
const LINE: usize = 2_048;
/// Lines that are sent: more for each reader than the kernel and every limit of the server together hold.
const LINES: usize = 4_000;
/// The same in the short form.
const SHORT_LINES: usize = 2_500;
/// How long the sender, or a reader, may be without progress.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes a second of a slow reader that keeps up. The minimum rate is 128 KiB a second; over loopback the kernel opens a
/// window that was closed by 64 KiB at a time, so that the rate may look like half of what it is.
const SLOW_RATE: usize = 1024 * 1024;
/// Reads a second of a slow reader.
const SLOW_READS: u32 = 64;
/// How long readers below the rate stay: longer than any timeout of the server.
const HOLD_OUT: Duration = Duration::from_secs(11);
/// The receive buffer of readers below the rate, in bytes.
const RECEIVE_BUFFER: usize = 8 * 1024;

/// How fast a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadSpeed {
    /// As fast as possible.
    Fast,
    /// At [`SLOW_RATE`].
    Slow,
    /// A byte a second.
    BytePerSecond,
    /// Never.
    Never,
}

/// The rooms: a description, and the readers in addition to the sender.
const ROOMS: [(&str, &[ReadSpeed]); 5] = [
    ("two clients", &[ReadSpeed::Fast]),
    ("three, one of them slow", &[ReadSpeed::Fast, ReadSpeed::Slow]),
    (
        "eleven, four of them slow",
        &[
            ReadSpeed::Slow,
            ReadSpeed::Slow,
            ReadSpeed::Slow,
            ReadSpeed::Slow,
            ReadSpeed::Fast,
            ReadSpeed::Fast,
            ReadSpeed::Fast,
            ReadSpeed::Fast,
            ReadSpeed::Fast,
            ReadSpeed::Fast,
        ],
    ),
    (
        "six, two of them at a byte a second",
        &[
            ReadSpeed::BytePerSecond,
            ReadSpeed::BytePerSecond,
            ReadSpeed::Fast,
            ReadSpeed::Fast,
            ReadSpeed::Fast,
        ],
    ),
    (
        "five that never read",
        &[ReadSpeed::Never, ReadSpeed::Never, ReadSpeed::Never, ReadSpeed::Never],
    ),
];

/// What a reader received.
#[derive(Debug)]
struct Received {
    /// How fast it reads.
    speed: ReadSpeed,
    /// Lines of the sender.
    lines: usize,
    /// The last two bytes.
    last: [u8; 2],
    /// Whether the server closed the connection.
    disconnected: bool,
}

/// Runs every room.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    for (name, speeds) in ROOMS {
        run_room(context, table, name, speeds)?;
    }
    Ok(())
}

/// One room, from the first client to the end of the server.
fn run_room(
    context: &Context,
    table: &mut Table,
    name: &str,
    speeds: &[ReadSpeed],
) -> io::Result<()> {
    let lines = if context.short { SHORT_LINES } else { LINES };
    let server = ServerCommand::new(&context.root, &context.program, "flow-control")?.start()?;
    let readers: Vec<_> = speeds
        .iter()
        .map(|&speed| start_reader(&server, speed, lines))
        .collect::<io::Result<_>>()?;
    let began = now();
    let sent = send_lines(&server, lines);
    let took = began.elapsed().as_secs_f64();
    let received: Vec<_> = readers.into_iter().filter_map(|reader| reader.join().ok()).collect();
    let (fast_enough, others): (Vec<_>, Vec<_>) =
        received.iter().partition(|one| matches!(one.speed, ReadSpeed::Fast | ReadSpeed::Slow));
    let complete = fast_enough.iter().filter(|one| one.lines == lines && !one.disconnected).count();
    let disconnected = others.iter().filter(|one| one.disconnected).count();
    let (status, _) = server.stop()?;
    let measured = format!(
        "{}; {complete} of {} fast enough got all; {disconnected} of {} others disconnected; {status}",
        sent.as_ref().map_or_else(ToString::to_string, |_| format!("sent in {took:.1} s")),
        fast_enough.len(),
        others.len(),
    );
    let all_there = received.len() == speeds.len()
        && complete == fast_enough.len()
        && disconnected == others.len();
    let ok = sent.is_ok() && all_there && status.success();
    table.row(&format!("{lines} lines to {name}"), measured, "all, none stuck", ok);
    Ok(())
}

/// Sends all lines, and reads what the server sends meanwhile.
#[expect(clippy::disallowed_methods, reason = "a sender must not have to read to be able to write")]
fn send_lines(server: &Server, lines: usize) -> io::Result<()> {
    let (mut stream, _) = Client::join(server.address)?.into_parts();
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut read_half = stream.try_clone()?;
    let reading = std::thread::spawn(move || io::copy(&mut read_half, &mut io::sink()));
    let line = format!("{}\n", "x".repeat(LINE - 1));
    let sent = (0..lines).try_for_each(|_| stream.write_all(line.as_bytes()));
    stream.shutdown(Shutdown::Write)?;
    // It ends when the server has said goodbye.
    let _ = reading.join();
    sent
}

/// Connects a reader, and reads on a thread.
#[expect(clippy::disallowed_methods, reason = "each reader has a rate of its own")]
fn start_reader(
    server: &Server,
    speed: ReadSpeed,
    lines: usize,
) -> io::Result<JoinHandle<Received>> {
    let (stream, bytes) = Client::join(server.address)?.into_parts();
    if matches!(speed, ReadSpeed::BytePerSecond | ReadSpeed::Never) {
        rustix::net::sockopt::set_socket_recv_buffer_size(&stream, RECEIVE_BUFFER)?;
    }
    stream.set_read_timeout(Some(TIMEOUT))?;
    Ok(std::thread::spawn(move || {
        let mut received = Received { speed, lines: 0, last: [0; 2], disconnected: false };
        received.count(&bytes);
        received.disconnected = match speed {
            ReadSpeed::Fast | ReadSpeed::Slow => received.read(&stream, speed, lines),
            ReadSpeed::BytePerSecond | ReadSpeed::Never => {
                hold_out(&stream, speed);
                received.read(&stream, ReadSpeed::Fast, lines)
            }
        };
        received
    }))
}

/// Reads below the minimum rate, or not at all, for longer than the server tolerates.
fn hold_out(mut stream: &TcpStream, speed: ReadSpeed) {
    let began = now();
    while began.elapsed() < HOLD_OUT {
        sleep(Duration::from_secs(1));
        if speed == ReadSpeed::BytePerSecond && stream.read(&mut [0]).unwrap_or(0) == 0 {
            return;
        }
    }
}

impl Received {
    /// Reads until all lines were received, or nothing more comes, or the server closes the connection. True: it did.
    fn read(&mut self, mut stream: &TcpStream, speed: ReadSpeed, lines: usize) -> bool {
        let size =
            if speed == ReadSpeed::Slow { SLOW_RATE / SLOW_READS as usize } else { 64 * 1024 };
        let mut buffer = vec![0; size];
        while self.lines < lines {
            match stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(length) => self.count(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::ConnectionReset,
            }
            if speed == ReadSpeed::Slow {
                sleep(Duration::from_secs(1) / SLOW_READS);
            }
        }
        false
    }

    /// Counts the ends of the sender's lines: no other line ends in an x.
    fn count(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.lines += usize::from(self.last == *b"x\r" && byte == b'\n');
            self.last = [self.last[1], byte];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_lines_are_counted() {
        let mut received =
            Received { speed: ReadSpeed::Fast, lines: 0, last: [0; 2], disconnected: false };
        for part in ["user-1: xx", "x\r", "\n* bob left\r\nuser-1: x\r\n", "y\r\n"] {
            received.count(part.as_bytes());
        }
        assert_eq!(received.lines, 2);
    }
}
