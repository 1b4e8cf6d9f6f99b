//! TCP over loopback, both ends in the same runtime: the shapes of glommio's and monoio's.

use super::rt::{self, AsyncReadExt as _, AsyncWriteExt as _};
use super::support::{Countdown, Work, timed};
use crate::runtime::size::Size;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

pub(crate) const ALL: &[(&str, Work)] = &[
    ("echo_1", |runtime, size| echo(runtime, size, 1, 2_000)),
    ("echo_100", |runtime, size| echo(runtime, size, 100, 40)),
    ("echo_1000", |runtime, size| echo(runtime, size, 1_000, 4)),
    ("one_way_64k", one_way),
    ("connect_accept", connect_accept),
];

/// Bytes of an echo.
const ECHO: usize = 64;
/// Bytes of a write one way.
const BLOCK: usize = 64 * 1024;

async fn listener() -> (rt::TcpListener, SocketAddr) {
    let listener = rt::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await;
    let listener = listener.expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    (listener, address)
}

/// Two ends of a connection.
async fn pair(listener: &rt::TcpListener, address: SocketAddr) -> (rt::TcpStream, rt::TcpStream) {
    let near = rt::TcpStream::connect(address).await.expect("there is a receiver");
    let (far, _) = listener.accept().await.expect("a client connected");
    near.set_nodelay(true).expect("a socket has the option");
    far.set_nodelay(true).expect("a socket has the option");
    (near, far)
}

fn echo(runtime: &rt::Runtime, size: Size, connections: usize, rounds: usize) -> f64 {
    let rounds = size.of(rounds);
    timed(runtime, size, connections * rounds, move || async move {
        let (listener, address) = listener().await;
        let mut nears = Vec::new();
        let (gone, mut all_gone) = Countdown::new(connections);
        for _ in 0..connections {
            let (near, mut far) = pair(&listener, address).await;
            nears.push(near);
            let gone = Arc::clone(&gone);
            rt::spawn(async move {
                let mut bytes = [0; ECHO];
                while far.read_exact(&mut bytes).await.is_ok() {
                    far.write_all(&bytes).await.expect("the other end is there");
                }
                gone.count();
            });
        }
        let (countdown, mut done) = Countdown::new(connections);
        let began = Instant::now();
        for mut near in nears {
            let countdown = Arc::clone(&countdown);
            rt::spawn(async move {
                let mut bytes = [7; ECHO];
                for _ in 0..rounds {
                    near.write_all(&bytes).await.expect("the other end is there");
                    near.read_exact(&mut bytes).await.expect("it answers");
                }
                countdown.count();
            });
        }
        done.recv().await;
        let time = began.elapsed();
        all_gone.recv().await;
        time
    })
}

fn one_way(runtime: &rt::Runtime, size: Size) -> f64 {
    let blocks = size.of(1_000);
    timed(runtime, size, blocks, move || async move {
        let (listener, address) = listener().await;
        let (mut near, mut far) = pair(&listener, address).await;
        let began = Instant::now();
        let writer = rt::spawn_joined(async move {
            let block = vec![7; BLOCK];
            for _ in 0..blocks {
                near.write_all(&block).await.expect("the other end is there");
            }
        });
        let mut block = vec![0; BLOCK];
        let mut left = blocks * BLOCK;
        while left > 0 {
            let got = far.read(&mut block).await.expect("the other end is there");
            assert_ne!(got, 0, "it comes whole");
            left -= got;
        }
        rt::join(writer).await;
        began.elapsed()
    })
}

fn connect_accept(runtime: &rt::Runtime, size: Size) -> f64 {
    let many = size.of(500);
    timed(runtime, size, many, move || async move {
        let (listener, address) = listener().await;
        let began = Instant::now();
        let accepting = rt::spawn_joined(async move {
            for _ in 0..many {
                drop(listener.accept().await.expect("a client connects"));
            }
        });
        for _ in 0..many {
            drop(rt::TcpStream::connect(address).await.expect("there is a receiver"));
        }
        rt::join(accepting).await;
        began.elapsed()
    })
}
