//! What tasks and connections hold of the heap, as the allocator gives it out.

use super::rt::{self, AsyncReadExt as _};
use super::support::{Countdown, Work};
use crate::counting_allocator;
use crate::runtime::size::Size;
use std::future::Future;
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

pub(crate) const ALL: &[(&str, Work)] = &[
    ("task_bytes", |runtime, size| parked(runtime, size).0),
    ("spawn_allocations", |runtime, size| parked(runtime, size).1),
    ("connection_bytes", connection_bytes),
];

/// A future of 100 bytes that waits for ever.
struct Hundred([u8; 100]);

/// Polls of such futures.
static POLLS: AtomicUsize = AtomicUsize::new(0);

impl Future for Hundred {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        std::hint::black_box(&self.0);
        POLLS.fetch_add(1, Relaxed);
        Poll::Pending
    }
}

/// Bytes and allocations of a task that waits. The tasks stay to the end of the runtime: smol's for ever.
fn parked(runtime: &rt::Runtime, size: Size) -> (f64, f64) {
    let many = size.of(10_000);
    let all = POLLS.load(Relaxed) + many;
    let counted = counting_allocator::count_during(|| {
        for _ in 0..many {
            rt::spawn_on(runtime, Hundred([7; 100]));
        }
        while POLLS.load(Relaxed) < all {
            std::thread::yield_now();
        }
    });
    (counted.bytes as f64 / many as f64, counted.allocations as f64 / many as f64)
}

/// Bytes of a connection, with a task that reads into 64 bytes. The other ends are the kernel's alone.
fn connection_bytes(runtime: &rt::Runtime, size: Size) -> f64 {
    let many = size.of(1_000);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = runtime.block_on(rt::TcpListener::bind(any)).expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let mut ends = Vec::with_capacity(many);
    let (countdown, mut done) = Countdown::new(many);
    let (gone, mut all_gone) = Countdown::new(many);
    let counted = counting_allocator::count_during(|| {
        for _ in 0..many {
            ends.push(TcpStream::connect(address).expect("there is a receiver"));
            let (mut stream, _) = runtime.block_on(listener.accept()).expect("a client connected");
            let (countdown, gone) = (Arc::clone(&countdown), Arc::clone(&gone));
            rt::spawn_on(runtime, async move {
                let mut bytes = [0; 64];
                let mut is_first = true;
                loop {
                    let mut read = std::pin::pin!(stream.read(&mut bytes));
                    let got = std::future::poll_fn(|cx| {
                        let polled = read.as_mut().poll(cx);
                        if std::mem::take(&mut is_first) {
                            countdown.count();
                        }
                        polled
                    });
                    if !matches!(got.await, Ok(1..)) {
                        break;
                    }
                }
                gone.count();
            });
        }
        runtime.block_on(done.recv());
    });
    drop(ends);
    runtime.block_on(all_gone.recv());
    counted.bytes as f64 / many as f64
}
