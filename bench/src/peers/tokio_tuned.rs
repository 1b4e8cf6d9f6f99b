//! The same design as an expert would tune it on tokio: a line is encoded once and shared, inboxes are drained in
//! batches into vectored writes, reader and writer are two tasks so that neither waits for the other, and the broker
//! never awaits a client: inboxes are unbounded in number and bounded in bytes by cutting who falls behind.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::AsyncReadExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;

/// Places of the broker's queue.
const EVENTS: usize = 1024;
/// Events that the broker takes at a time; frames that a writer takes at a time.
const BATCH: usize = 64;
/// Bytes that a client may be owed before it is cut.
const MAX_OWED: usize = 64 << 20;
/// Bytes of one read.
const READ: usize = 16 << 10;
/// The backlog of the listening socket.
const BACKLOG: u32 = 4096;

/// A line, encoded once.
type Frame = Arc<[u8]>;

enum Event {
    Join { id: u64, inbox: Inbox },
    Lines { id: u64, text: Vec<u8> },
    Leave { id: u64 },
}

#[derive(Clone)]
struct Inbox {
    frames: mpsc::UnboundedSender<Frame>,
    owed: Arc<AtomicUsize>,
}

/// A listener with a long backlog.
pub fn bind(address: std::net::SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts until the process ends.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let (events, inbox) = mpsc::channel(EVENTS);
    tokio::spawn(broker(inbox));
    for id in 1.. {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        spawn_client(id, stream, events.clone()).await;
    }
    Ok(())
}

async fn spawn_client(id: u64, stream: TcpStream, events: mpsc::Sender<Event>) {
    let (frames, inbox) = mpsc::unbounded_channel();
    let owed = Arc::new(AtomicUsize::new(0));
    let (reader, writer) = stream.into_split();
    let join = Event::Join { id, inbox: Inbox { frames, owed: Arc::clone(&owed) } };
    if events.send(join).await.is_ok() {
        tokio::spawn(read(id, reader, events));
        tokio::spawn(async move { drop(write(writer, inbox, owed).await) });
    }
}

async fn broker(mut events: mpsc::Receiver<Event>) {
    let mut clients: HashMap<u64, Inbox> = HashMap::new();
    let mut batch = Vec::with_capacity(BATCH);
    while events.recv_many(&mut batch, BATCH).await > 0 {
        for event in batch.drain(..) {
            match event {
                Event::Join { id, inbox } => {
                    push(&inbox, format!("* welcome, you are user-{id}\r\n").into_bytes().into());
                    clients.insert(id, inbox);
                }
                Event::Lines { id, text } => broadcast(&mut clients, id, &text),
                Event::Leave { id } => drop(clients.remove(&id)),
            }
        }
    }
}

fn broadcast(clients: &mut HashMap<u64, Inbox>, id: u64, text: &[u8]) {
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let frame: Frame = [format!("user-{id}: ").as_bytes(), line, b"\r\n"].concat().into();
        clients.retain(|other, inbox| *other == id || push(inbox, Arc::clone(&frame)));
    }
}

/// False: the client is to be cut.
fn push(inbox: &Inbox, frame: Frame) -> bool {
    let owed = inbox.owed.fetch_add(frame.len(), Ordering::Relaxed);
    owed < MAX_OWED && inbox.frames.send(frame).is_ok()
}

async fn read(id: u64, mut reader: OwnedReadHalf, events: mpsc::Sender<Event>) {
    let mut pending = Vec::new();
    let mut buffer = vec![0; READ];
    while let Ok(count @ 1..) = reader.read(&mut buffer).await {
        pending.extend_from_slice(&buffer[..count]);
        let Some(end) = pending.iter().rposition(|&byte| byte == b'\n') else { continue };
        let rest = pending.split_off(end + 1);
        let text = std::mem::replace(&mut pending, rest);
        if events.send(Event::Lines { id, text }).await.is_err() {
            return;
        }
    }
    let _ = events.send(Event::Leave { id }).await;
}

async fn write(
    writer: OwnedWriteHalf,
    mut inbox: mpsc::UnboundedReceiver<Frame>,
    owed: Arc<AtomicUsize>,
) -> io::Result<()> {
    let mut frames = Vec::with_capacity(BATCH);
    while inbox.recv_many(&mut frames, BATCH).await > 0 {
        let total: usize = frames.iter().map(|frame| frame.len()).sum();
        write_all_vectored(&writer, &frames).await?;
        owed.fetch_sub(total, Ordering::Relaxed);
        frames.clear();
    }
    Ok(())
}

async fn write_all_vectored(writer: &OwnedWriteHalf, frames: &[Frame]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = frames.iter().map(|frame| IoSlice::new(frame)).collect();
    let mut slices = &mut slices[..];
    while !slices.is_empty() {
        match writer.try_write_vectored(slices) {
            Ok(count) => IoSlice::advance_slices(&mut slices, count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => writer.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
