//! Holds connections that nobody uses, each in a task that waits for its socket: what one of them costs is what whippet
//! costs. `cargo run --release -p whippet --example idle`, then look at the memory while many are connected;
//! `cargo xtask reliability memory` does.

use whippet::net::{TcpListener, TcpStream};

#[whippet::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        whippet::spawn(hold(stream));
    }
}

/// Waits until something comes, or the end: either ends the connection.
async fn hold(stream: TcpStream) -> std::io::Result<()> {
    stream.readable().await
}
