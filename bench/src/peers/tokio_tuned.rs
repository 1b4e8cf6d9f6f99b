//! The same design as an expert would tune it on tokio.
//!
//! - A line is encoded once, into a frame that all receivers share; or all lines of one read are ([`Framing`]).
//! - The broker takes events in batches, and hands a batch's frames to one receiver after the other, so that each is
//!   woken once. It never awaits a client: queues are unbounded in number, and bounded in bytes by disconnecting clients that lag.
//! - Reader and writer are two tasks, so that neither waits for the other. A writer drains its queue in batches into
//!   one vectored write.
//! - A silent client holds no buffer: bytes are read when they are there, into memory that then travels to the broker.
//! - TCP_NODELAY is set, since frames are whole. SO_SNDBUF is [`SEND_BUFFER`].

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;

/// Slots of the broker's queue.
const EVENTS: usize = 1024;
/// Events that the broker takes at a time; frames that a writer takes at a time.
const BATCH: usize = 64;
/// Bytes that may be pending for a client before it is disconnected.
const MAX_PENDING: usize = 64 << 20;
/// Bytes of one read.
const READ: usize = 16 << 10;
/// Bytes of a line without an end, beyond which its client is disconnected.
const MAX_LINE: usize = 64 << 10;
/// What the kernel holds for a client. Left to itself it takes 4 MB, and with hundreds of slow clients reaches its bounds
/// and stalls, which doubles the time of large floods; less than this costs more wakes.
pub const SEND_BUFFER: u32 = 256 << 10;
/// The backlog of the listening socket.
const BACKLOG: u32 = 4096;
/// How long no connection is accepted after that failed, for want of descriptors as a rule.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Lines, encoded once.
type Frame = Arc<[u8]>;

/// What goes into one frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One line, as in nearly every chat server on tokio.
    Line,
    /// All lines of one read: chinwag's way, or half of it, since chinwag puts those of several clients together as well.
    Read,
}

enum Event {
    Join { id: u64, outbox: Outbox },
    Lines { id: u64, text: Vec<u8> },
    Leave { id: u64 },
}

/// The broker's end of a client's queue.
struct Outbox {
    frames: mpsc::UnboundedSender<Frame>,
    pending: Arc<AtomicUsize>,
}

/// A listener with a long backlog. Connections inherit its send buffer, where one is named.
pub fn bind(address: SocketAddr, send_buffer: Option<u32>) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    if let Some(size) = send_buffer {
        socket.set_send_buffer_size(size)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts until the process ends.
pub async fn serve(listener: TcpListener, framing: Framing) -> io::Result<()> {
    let (events, receiver) = mpsc::channel(EVENTS);
    tokio::spawn(Broker::new(framing).run(receiver));
    for id in 1.. {
        match listener.accept().await {
            Ok((stream, _)) => spawn_client(id, stream, events.clone()).await,
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
    Ok(())
}

async fn spawn_client(id: u64, stream: TcpStream, events: mpsc::Sender<Event>) {
    // It fails for a client that is gone already, which its reader will see.
    let _ = stream.set_nodelay(true);
    let (frames, queue) = mpsc::unbounded_channel();
    let pending = Arc::new(AtomicUsize::new(0));
    let (reader, writer) = stream.into_split();
    let join = Event::Join { id, outbox: Outbox { frames, pending: Arc::clone(&pending) } };
    if events.send(join).await.is_ok() {
        tokio::spawn(read(id, reader, events));
        tokio::spawn(async move { drop(write(writer, queue, pending).await) });
    }
}

/// The only task that knows all clients.
struct Broker {
    framing: Framing,
    /// The clients, side by side in memory.
    clients: Vec<(u64, Outbox)>,
    /// Where each is in `clients`.
    index: HashMap<u64, usize>,
    /// Frames of this batch, with their authors.
    batch: Vec<(u64, Frame)>,
    /// Where a frame is put together.
    scratch: Vec<u8>,
}

impl Broker {
    fn new(framing: Framing) -> Self {
        let (clients, index) = (Vec::new(), HashMap::new());
        Self { framing, clients, index, batch: Vec::new(), scratch: Vec::new() }
    }

    async fn run(mut self, mut events: mpsc::Receiver<Event>) {
        let mut received = Vec::with_capacity(BATCH);
        while events.recv_many(&mut received, BATCH).await > 0 {
            received.drain(..).for_each(|event| self.handle(event));
            self.flush();
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Join { id, outbox } => {
                self.flush();
                push(
                    &outbox,
                    std::iter::once(
                        &format!("* welcome, you are user-{id}\r\n").into_bytes().into(),
                    ),
                );
                self.index.insert(id, self.clients.len());
                self.clients.push((id, outbox));
            }
            Event::Lines { id, text } => self.encode(id, &text),
            Event::Leave { id } => self.remove(id),
        }
    }

    fn encode(&mut self, id: u64, text: &[u8]) {
        let prefix = format!("user-{id}: ").into_bytes();
        self.scratch.clear();
        for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            self.scratch.extend_from_slice(&prefix);
            self.scratch.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            self.scratch.extend_from_slice(b"\r\n");
            if self.framing == Framing::Line {
                self.batch.push((id, self.scratch.as_slice().into()));
                self.scratch.clear();
            }
        }
        if !self.scratch.is_empty() {
            self.batch.push((id, self.scratch.as_slice().into()));
        }
    }

    /// Sends the frames of the batch to all clients but their authors.
    fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let mut lagging = Vec::new();
        for (id, outbox) in &self.clients {
            let frames = self.batch.iter().filter(|(author, _)| author != id);
            if !push(outbox, frames.map(|(_, frame)| frame)) {
                lagging.push(*id);
            }
        }
        self.batch.clear();
        lagging.into_iter().for_each(|id| self.remove(id));
    }

    fn remove(&mut self, id: u64) {
        let Some(position) = self.index.remove(&id) else { return };
        self.clients.swap_remove(position);
        if let Some((moved, _)) = self.clients.get(position) {
            self.index.insert(*moved, position);
        }
    }
}

/// False: the client is to be disconnected.
fn push<'a>(outbox: &Outbox, frames: impl Iterator<Item = &'a Frame> + Clone) -> bool {
    // Counted before it is sent: the writer may be done with it at once.
    let total = frames.clone().map(|frame| frame.len()).sum();
    let pending = outbox.pending.fetch_add(total, Ordering::Relaxed);
    pending < MAX_PENDING && frames.cloned().all(|frame| outbox.frames.send(frame).is_ok())
}

async fn read(id: u64, reader: OwnedReadHalf, events: mpsc::Sender<Event>) {
    let mut pending = Vec::new();
    while reader.readable().await.is_ok() {
        pending.reserve(READ);
        match reader.try_read_buf(&mut pending) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                pending.shrink_to_fit();
                continue;
            }
            Ok(0) | Err(_) => break,
        }
        match pending.iter().rposition(|&byte| byte == b'\n') {
            Some(end) => {
                let rest = pending.split_off(end + 1);
                let text = std::mem::replace(&mut pending, rest);
                if events.send(Event::Lines { id, text }).await.is_err() {
                    return;
                }
            }
            None if pending.len() > MAX_LINE => break,
            None => {}
        }
    }
    let _ = events.send(Event::Leave { id }).await;
}

async fn write(
    writer: OwnedWriteHalf,
    mut queue: mpsc::UnboundedReceiver<Frame>,
    pending: Arc<AtomicUsize>,
) -> io::Result<()> {
    let mut frames = Vec::new();
    while queue.recv_many(&mut frames, BATCH).await > 0 {
        let total: usize = frames.iter().map(|frame| frame.len()).sum();
        write_all(&writer, &frames).await?;
        pending.fetch_sub(total, Ordering::Relaxed);
        frames.clear();
    }
    Ok(())
}

async fn write_all(writer: &OwnedWriteHalf, mut frames: &[Frame]) -> io::Result<()> {
    // How much of the first frame is written.
    let mut offset = 0;
    while !frames.is_empty() {
        match try_write(writer, frames, offset) {
            Ok(count) => {
                offset += count;
                while let Some(first) = frames.first().filter(|first| offset >= first.len()) {
                    offset -= first.len();
                    frames = &frames[1..];
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => writer.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// One system call. The list of slices is on the stack and no part of the task.
fn try_write(writer: &OwnedWriteHalf, frames: &[Frame], offset: usize) -> io::Result<usize> {
    if let [frame] = frames {
        return writer.try_write(&frame[offset..]);
    }
    let mut slices = [IoSlice::new(&[]); BATCH];
    for (slice, frame) in slices.iter_mut().zip(frames) {
        *slice = IoSlice::new(frame);
    }
    slices[0].advance(offset);
    writer.try_write_vectored(&slices[..frames.len().min(BATCH)])
}
