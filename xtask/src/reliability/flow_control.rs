//! One speaks as fast as he can, and the others read as they can: whoever keeps the pace gets every line and is never
//! cut, the speaker is never stuck, and those who do not keep it are cut with a reason.
//!
//! Each reader has a thread of his own, and a small receive buffer, so that what he does not read is the server's.

use super::Context;
use super::client::Client;
use super::clock::{now, pause};
use super::server::{Server, Start};
use super::table::Table;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes of a line, its end included.
const LINE: usize = 2_048;
/// Lines that are said; more for each reader than the kernel and every bound of the server together take.
const LINES: usize = 4_000;
/// The same in the short form.
const SHORT_LINES: usize = 2_500;
/// How long the speaker, or a reader, may be without anything.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes a second of a slow reader, who keeps the pace. The rule asks for 128 KiB a second; over loopback the kernel opens a
/// window that was closed by 64 KiB at a time, so that it may look like half of what it is.
const SLOW: usize = 1024 * 1024;
/// How often a slow reader reads in a second.
const READS: u32 = 64;
/// How long those who hardly read, or not at all, are at it: longer than any bound of the server.
const STUBBORN: Duration = Duration::from_secs(11);
/// The receive buffer of those who hardly read, in bytes.
const BUFFER: usize = 8 * 1024;

/// How somebody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// As fast as it comes.
    Fast,
    /// [`SLOW`].
    Slow,
    /// A byte a second.
    Byte,
    /// Never.
    Frozen,
}

/// The rooms: what they are called, and who reads in them beside the one who speaks.
const ROOMS: [(&str, &[Habit]); 5] = [
    ("two people", &[Habit::Fast]),
    ("three, one of them slow", &[Habit::Fast, Habit::Slow]),
    (
        "eleven, four of them slow",
        &[
            Habit::Slow,
            Habit::Slow,
            Habit::Slow,
            Habit::Slow,
            Habit::Fast,
            Habit::Fast,
            Habit::Fast,
            Habit::Fast,
            Habit::Fast,
            Habit::Fast,
        ],
    ),
    (
        "six, two of them at a byte a second",
        &[Habit::Byte, Habit::Byte, Habit::Fast, Habit::Fast, Habit::Fast],
    ),
    ("five, who never read", &[Habit::Frozen, Habit::Frozen, Habit::Frozen, Habit::Frozen]),
];

/// What somebody heard.
#[derive(Debug)]
struct Heard {
    /// How he reads.
    habit: Habit,
    /// Lines of the speaker.
    lines: usize,
    /// The last two bytes.
    last: [u8; 2],
    /// Whether the server let go of him.
    ended: bool,
}

/// Tries every room.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    for (name, habits) in ROOMS {
        room(context, table, name, habits)?;
    }
    Ok(())
}

/// One room, from the first who comes to the last who is gone.
fn room(context: &Context, table: &mut Table, name: &str, habits: &[Habit]) -> io::Result<()> {
    let lines = if context.short { SHORT_LINES } else { LINES };
    let server = Start::new(&context.root, &context.program, "pace")?.start()?;
    let readers: Vec<_> =
        habits.iter().map(|&habit| listen(&server, habit, lines)).collect::<io::Result<_>>()?;
    let began = now();
    let spoken = speak(&server, lines);
    let took = began.elapsed().as_secs_f64();
    let heard: Vec<_> = readers.into_iter().filter_map(|reader| reader.join().ok()).collect();
    let (kept, others): (Vec<_>, Vec<_>) =
        heard.iter().partition(|one| matches!(one.habit, Habit::Fast | Habit::Slow));
    let whole = kept.iter().filter(|one| one.lines == lines && !one.ended).count();
    let cut = others.iter().filter(|one| one.ended).count();
    let (status, _) = server.stop()?;
    let measured = format!(
        "{}; {whole} of {} who keep the pace got all; {cut} of {} others cut; {status}",
        spoken.as_ref().map_or_else(ToString::to_string, |_| format!("said in {took:.1} s")),
        kept.len(),
        others.len(),
    );
    let all_there = heard.len() == habits.len() && whole == kept.len() && cut == others.len();
    let ok = spoken.is_ok() && all_there && status.success();
    table.row(&format!("{lines} lines to {name}"), measured, "all, nobody stuck", ok);
    Ok(())
}

/// Says all lines, and hears what is told about those who come and go meanwhile.
#[expect(
    clippy::disallowed_methods,
    reason = "a speaker must not have to listen to be able to speak"
)]
fn speak(server: &Server, lines: usize) -> io::Result<()> {
    let (mut stream, _) = Client::join(server.address)?.into_parts();
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut ear = stream.try_clone()?;
    let listening = std::thread::spawn(move || io::copy(&mut ear, &mut io::sink()));
    let line = format!("{}\n", "x".repeat(LINE - 1));
    let spoken = (0..lines).try_for_each(|_| stream.write_all(line.as_bytes()));
    stream.shutdown(Shutdown::Write)?;
    // It ends when the server has said goodbye.
    let _ = listening.join();
    spoken
}

/// Somebody comes in, and reads as he does.
#[expect(clippy::disallowed_methods, reason = "each reads at a pace of his own")]
fn listen(server: &Server, habit: Habit, lines: usize) -> io::Result<JoinHandle<Heard>> {
    let person = Client::join(server.address)?;
    let (stream, came) = person.into_parts();
    if matches!(habit, Habit::Byte | Habit::Frozen) {
        rustix::net::sockopt::set_socket_recv_buffer_size(&stream, BUFFER)?;
    }
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(std::thread::spawn(move || {
        let mut heard = Heard { habit, lines: 0, last: [0; 2], ended: false };
        heard.take(&came);
        heard.ended = match habit {
            Habit::Fast | Habit::Slow => heard.read(&stream, habit, lines),
            Habit::Byte | Habit::Frozen => {
                hold_out(&stream, habit);
                heard.read(&stream, Habit::Fast, lines)
            }
        };
        heard
    }))
}

/// Hardly reads, or not at all, for longer than any server bears it.
fn hold_out(mut stream: &TcpStream, habit: Habit) {
    let began = now();
    while began.elapsed() < STUBBORN {
        pause(Duration::from_secs(1));
        if habit == Habit::Byte && stream.read(&mut [0]).unwrap_or(0) == 0 {
            return;
        }
    }
}

impl Heard {
    /// Reads until all lines have come, nothing comes any more, or the server lets go. True: the last of these.
    fn read(&mut self, mut stream: &TcpStream, habit: Habit, lines: usize) -> bool {
        let size = if habit == Habit::Slow { SLOW / READS as usize } else { 64 * 1024 };
        let mut buffer = vec![0; size];
        while self.lines < lines {
            match stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(length) => self.take(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::ConnectionReset,
            }
            if habit == Habit::Slow {
                pause(Duration::from_secs(1) / READS);
            }
        }
        false
    }

    /// Counts the ends of the speaker's lines: no other line ends in an x.
    fn take(&mut self, bytes: &[u8]) {
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
    fn lines_of_the_speaker_are_counted_wherever_they_are_split() {
        let mut heard = Heard { habit: Habit::Fast, lines: 0, last: [0; 2], ended: false };
        for part in ["user-1: xx", "x\r", "\n* bob left\r\nuser-1: x\r\n", "y\r\n"] {
            heard.take(part.as_bytes());
        }
        assert_eq!(heard.lines, 2);
    }
}
