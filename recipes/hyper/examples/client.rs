//! Asks an HTTP server twice over one connection:
//! `cargo run --manifest-path recipes/Cargo.toml --example client -- 127.0.0.1:8080`, beside the example `server`.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response, header};
use std::error::Error;
use std::net::SocketAddr;
use whippet::net::TcpStream;
use whippet_hyper::{WhippetExecutor, WhippetIo, WhippetTimer};

/// What asks over HTTP/1.1.
pub type Http1 = http1::SendRequest<Full<Bytes>>;
/// What asks over HTTP/2; a clone of it uses the same connection.
pub type Http2 = http2::SendRequest<Full<Bytes>>;

#[whippet::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let address: SocketAddr = address.parse()?;
    let mut server = connect_http1(address).await?;
    for words in ["hello", "hello again"] {
        server.ready().await?;
        let answer = server.send_request(request(address, words)).await?;
        println!("{}: {:?}", answer.status(), text(answer).await?);
    }
    Ok(())
}

/// Connects for HTTP/1.1. The connection is a task of its own, which ends when what is given is dropped.
pub async fn connect_http1(address: SocketAddr) -> Result<Http1, Box<dyn Error>> {
    let stream = TcpStream::connect(address).await?;
    let (sender, connection) = http1::handshake(WhippetIo::new(stream)).await?;
    whippet::spawn(connection);
    Ok(sender)
}

/// The same for HTTP/2, without TLS.
pub async fn connect_http2(address: SocketAddr) -> Result<Http2, Box<dyn Error>> {
    let stream = TcpStream::connect(address).await?;
    let (sender, connection) = http2::Builder::new(WhippetExecutor)
        .timer(WhippetTimer)
        .handshake(WhippetIo::new(stream))
        .await?;
    whippet::spawn(connection);
    Ok(sender)
}

/// A request with these words in its body.
pub fn request(address: SocketAddr, words: &str) -> Request<Full<Bytes>> {
    Request::post(format!("http://{address}/"))
        .header(header::HOST, address.to_string())
        .body(Full::new(Bytes::from(words.to_owned())))
        .expect("method, address and header are right")
}

/// The words of an answer.
pub async fn text(answer: Response<hyper::body::Incoming>) -> Result<String, Box<dyn Error>> {
    let body = answer.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(body.to_vec())?)
}
