//! Measurements of whippet and chinwag compared with their peers.

mod chart;
mod chat;
mod counting_allocator;
mod fd_limit;
mod machine;
mod ngircd;
mod numbers;
mod peers;
mod progress;
mod runtime;
mod server;

use crate::peers::tokio_tuned::{Framing, SEND_BUFFER};
use std::io;
use std::net::SocketAddr;

/// Counts what is allocated, for the cases that are about memory.
#[global_allocator]
static ALLOCATOR: counting_allocator::CountingAllocator = counting_allocator::CountingAllocator;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["chat", ..] => chat::run(&arguments[1..]),
        ["runtime", ..] => runtime::run(&arguments[1..]),
        ["peer", name] => serve(name, "127.0.0.1:0"),
        ["peer", name, address] => serve(name, address),
        _ => {
            eprintln!("usage: {}", chat::USAGE);
            eprintln!("       {}", runtime::USAGE);
            eprintln!(
                "       bench peer tokio-plain|tokio-tuned|tokio-merged|epoll-floor [ADDRESS]"
            );
            std::process::exit(2);
        }
    }
}

/// Runs one peer as a server, which prints where it listens as chinwag does.
fn serve(name: &str, address: &str) -> io::Result<()> {
    fd_limit::raise_fd_limit()?;
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    if name == "epoll-floor" {
        let listener = std::net::TcpListener::bind(address)?;
        println!("listening on {}", listener.local_addr()?);
        return peers::epoll_floor::serve(listener);
    }
    let send_buffer = (name != "tokio-plain").then_some(SEND_BUFFER);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = peers::tokio_tuned::bind(address, send_buffer)?;
        println!("listening on {}", listener.local_addr()?);
        match name {
            "tokio-plain" => peers::tokio_plain::serve(listener).await,
            "tokio-tuned" => peers::tokio_tuned::serve(listener, Framing::Line).await,
            "tokio-merged" => peers::tokio_tuned::serve(listener, Framing::Read).await,
            _ => Err(io::Error::other(format!("there is no peer {name:?}"))),
        }
    })
}
