//! WebSockets over whippet: an echo server and a client. async-tungstenite takes what reads and writes by the traits of
//! `futures-io`, which are whippet's: nothing is needed between them.
//!
//! `cargo run --manifest-path recipes/Cargo.toml --example websocket`

use async_tungstenite::tungstenite::protocol::WebSocketConfig;
use async_tungstenite::tungstenite::{Error, Message};
use async_tungstenite::{WebSocketStream, accept_async_with_config, client_async_with_config};
use futures_util::StreamExt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use whippet::net::{TcpListener, TcpStream};
use whippet::time::timeout;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Bytes that a message may have.
pub const LARGEST: usize = 1 << 20;

#[whippet::main]
async fn main() -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    whippet::spawn(serve(listener));
    let mut socket = connect(address).await?;
    socket.send(Message::text("hello")).await?;
    println!("{:?}", socket.next().await.transpose()?);
    socket.close(None).await
}

/// What both ends allow. The default reads into 128 KiB for each connection.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST))
}

/// Sends each message back, until the listener fails.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        whippet::spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn echo(stream: TcpStream) -> Result<(), Error> {
    let accepted = timeout(HANDSHAKE, accept_async_with_config(stream, Some(config()))).await;
    let mut socket = accepted.map_err(io::Error::from)??;
    // A ping is answered, and a close confirmed, by what reads next.
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

/// Connects as a client does.
pub async fn connect(address: SocketAddr) -> Result<WebSocketStream<TcpStream>, Error> {
    let stream = TcpStream::connect(address).await?;
    let request = format!("ws://{address}/");
    let connected = client_async_with_config(request, stream, Some(config()));
    let (socket, _answer) = timeout(HANDSHAKE, connected).await.map_err(io::Error::from)??;
    Ok(socket)
}
