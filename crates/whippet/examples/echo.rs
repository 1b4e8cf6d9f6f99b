//! Sends every line back: `cargo run -p whippet --example echo`, then `nc 127.0.0.1 7000`.

use whippet::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use whippet::net::TcpListener;

#[whippet::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:7000").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        whippet::spawn(async move {
            let mut lines = BufReader::new(&stream).lines();
            while let Some(line) = lines.next_line().await? {
                (&stream).write_all(format!("{line}\n").as_bytes()).await?;
            }
            std::io::Result::Ok(())
        });
    }
}
