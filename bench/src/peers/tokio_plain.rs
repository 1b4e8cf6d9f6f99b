//! The obvious design written plainly on tokio: one task a client that selects over socket and queue, one broker,
//! bounded channels awaited in both directions, one write a line.
//!
//! It is what most programmers would write, and under a flood it stops for good: the broker waits for a client whose
//! queue is full, and that client waits for the broker.

use std::collections::HashMap;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Slots of the broker's queue.
const EVENTS: usize = 100;
/// Slots of a client's queue.
const CLIENT_QUEUE: usize = 100;
/// How long no connection is accepted after that failed, for want of descriptors as a rule.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// What a client sends to the broker.
enum Event {
    Join { id: u64, queue: mpsc::Sender<String> },
    Message { id: u64, text: String },
    Leave { id: u64 },
}

/// Accepts until the process ends.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let (events, receiver) = mpsc::channel(EVENTS);
    tokio::spawn(broker(receiver));
    for id in 1.. {
        // A connection that cannot be accepted is no reason to end for all others.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let events = events.clone();
        tokio::spawn(async move { drop(client(id, stream, events).await) });
    }
    Ok(())
}

async fn broker(mut events: mpsc::Receiver<Event>) {
    let mut clients: HashMap<u64, mpsc::Sender<String>> = HashMap::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Join { id, queue } => {
                let _ = queue.send(format!("* welcome, you are user-{id}\r\n")).await;
                clients.insert(id, queue);
            }
            Event::Message { id, text } => {
                let line = format!("user-{id}: {text}\r\n");
                for (_, queue) in clients.iter().filter(|(other, _)| **other != id) {
                    let _ = queue.send(line.clone()).await;
                }
            }
            Event::Leave { id } => {
                clients.remove(&id);
            }
        }
    }
}

async fn client(id: u64, mut stream: TcpStream, events: mpsc::Sender<Event>) -> io::Result<()> {
    let (sender, mut queue) = mpsc::channel(CLIENT_QUEUE);
    let _ = events.send(Event::Join { id, queue: sender }).await;
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    let result = loop {
        tokio::select! {
            line = lines.next_line() => match line {
                Ok(Some(text)) => drop(events.send(Event::Message { id, text }).await),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            },
            Some(line) = queue.recv() => if let Err(error) = writer.write_all(line.as_bytes()).await {
                break Err(error);
            },
        }
    };
    let _ = events.send(Event::Leave { id }).await;
    result
}
