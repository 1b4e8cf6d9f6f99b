//! Polls through `&self` by several tasks in one direction: each is woken.

use crate::{block_on, within};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use whippet::io::unix::AsyncFd;
use whippet::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use whippet::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use whippet::task::{JoinSet, yield_now};

const MANY: usize = 8 << 20;

async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = whippet::join!(TcpStream::connect(address), listener.accept());
    (near.unwrap(), far.unwrap().0)
}

#[test]
fn two_tasks_write_one_tcp_stream_by_reference() {
    block_on(async {
        let (near, mut far) = tcp_pair().await;
        let near = Arc::new(near);
        let mut writers = JoinSet::new();
        for _ in 0..2 {
            let near = Arc::clone(&near);
            writers.spawn(async move { (&*near).write_all(&vec![7; MANY]).await.unwrap() });
        }
        let reader = whippet::spawn(async move {
            let mut count = 0;
            let mut buffer = vec![0; 65_536];
            while count < 2 * MANY {
                count += far.read(&mut buffer).await.unwrap();
            }
        });
        within(writers.join_all()).await;
        within(reader).await.unwrap();
    });
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What is polled through a shared reference.
type PollShared<'a> = Box<dyn Fn(&mut Context<'_>) -> Poll<io::Result<()>> + 'a>;

/// One poll by each of two tasks, both pending; then the event. Both must be woken.
async fn both_are_reported(name: &str, poll: PollShared<'_>, event: impl AsyncFnOnce()) {
    let [patient, gives_up] = [Arc::<Count>::default(), Arc::default()];
    for count in [&patient, &gives_up] {
        let waker = Waker::from(Arc::clone(count));
        assert!(poll(&mut Context::from_waker(&waker)).is_pending(), "{name} is ready at once");
    }
    event().await;
    let told = async {
        while patient.0.load(Ordering::SeqCst) == 0 || gives_up.0.load(Ordering::SeqCst) == 0 {
            yield_now().await;
        }
    };
    let outcome = whippet::time::timeout(crate::DEADLINE, told).await;
    assert!(outcome.is_ok(), "{name}: one of two pollers was not woken");
}

#[test]
fn a_poller_that_gives_up_displaces_no_other() {
    block_on(async {
        let (near, mut far) = tcp_pair().await;
        let read: PollShared<'_> =
            Box::new(|cx| Pin::new(&mut &near).poll_read(cx, &mut [0; 8]).map_ok(drop));
        both_are_reported("TcpStream::poll_read", read, async || {
            far.write_all(b"x").await.unwrap()
        })
        .await;
        let (near, mut far) = tcp_pair().await;
        let peek: PollShared<'_> = Box::new(|cx| near.poll_peek(cx, &mut [0; 8]).map_ok(drop));
        both_are_reported("TcpStream::poll_peek", peek, async || {
            far.write_all(b"x").await.unwrap()
        })
        .await;
        let (near, mut far) = tcp_pair().await;
        both_are_reported(
            "TcpStream::poll_read_ready",
            Box::new(|cx| near.poll_read_ready(cx)),
            async || {
                far.write_all(b"x").await.unwrap();
            },
        )
        .await;

        let (near, mut far) = UnixStream::pair().unwrap();
        let read: PollShared<'_> =
            Box::new(|cx| Pin::new(&mut &near).poll_read(cx, &mut [0; 8]).map_ok(drop));
        both_are_reported("UnixStream::poll_read", read, async || {
            far.write_all(b"x").await.unwrap()
        })
        .await;

        let (near, mut far) = UnixStream::pair().unwrap();
        // The kernel may announce the space there was at first after it is filled.
        let written = std::cell::Cell::new(0);
        let write: PollShared<'_> = Box::new(|cx| {
            loop {
                std::task::ready!(near.poll_write_ready(cx))?;
                while let Ok(count) = near.try_write(&[0; 65_536]) {
                    written.set(written.get() + count);
                }
            }
        });
        both_are_reported("UnixStream::poll_write_ready", write, async || {
            far.read_exact(&mut vec![0; written.get()]).await.unwrap();
        })
        .await;

        let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        far.connect(near.local_addr().unwrap()).await.unwrap();
        let receive: PollShared<'_> =
            Box::new(|cx| near.poll_recv_from(cx, &mut [0; 8]).map_ok(drop));
        both_are_reported("UdpSocket::poll_recv_from", receive, async || {
            far.send(b"x").await.unwrap();
        })
        .await;

        let (near, far) = UnixDatagram::pair().unwrap();
        let receive: PollShared<'_> = Box::new(|cx| near.poll_recv(cx, &mut [0; 8]).map_ok(drop));
        both_are_reported("UnixDatagram::poll_recv", receive, async || {
            far.send(b"x").await.unwrap();
        })
        .await;
    });
}

#[test]
fn pollers_of_listeners_and_descriptors_displace_no_other() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accept: PollShared<'_> = Box::new(|cx| listener.poll_accept(cx).map_ok(drop));
        both_are_reported("TcpListener::poll_accept", accept, async || {
            TcpStream::connect(address).await.unwrap();
        })
        .await;

        let name = format!("\0whippet-shared-polls-{}", std::process::id());
        let listener = UnixListener::bind(&name).unwrap();
        let accept: PollShared<'_> = Box::new(|cx| listener.poll_accept(cx).map_ok(drop));
        both_are_reported("UnixListener::poll_accept", accept, async || {
            UnixStream::connect(&name).await.unwrap();
        })
        .await;

        let (sender, receiver) = whippet::net::unix::pipe::pipe().unwrap();
        both_are_reported(
            "pipe::Receiver",
            Box::new(|cx| receiver.poll_read_ready(cx)),
            async || {
                sender.writable().await.unwrap();
                sender.try_write(b"x").unwrap();
            },
        )
        .await;

        let (near, far) = std::io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&near, true).unwrap();
        let near = AsyncFd::new(near).unwrap();
        let ready: PollShared<'_> = Box::new(|cx| near.poll_read_ready(cx).map_ok(drop));
        both_are_reported("AsyncFd::poll_read_ready", ready, async || {
            rustix::io::write(&far, b"x").unwrap();
        })
        .await;
    });
}

/// Far more tasks than wakers are kept for.
#[test]
fn hundreds_of_readers_by_reference_are_all_served() {
    const READERS: usize = 300;
    block_on(async {
        let (near, mut far) = UnixStream::pair().unwrap();
        let near = Arc::new(near);
        let polls = Arc::new(AtomicUsize::new(0));
        let mut readers = JoinSet::new();
        for _ in 0..READERS {
            let (near, polls) = (Arc::clone(&near), Arc::clone(&polls));
            readers.spawn(async move {
                let count = std::future::poll_fn(|cx| {
                    polls.fetch_add(1, Ordering::Relaxed);
                    Pin::new(&mut &*near).poll_read(cx, &mut [0; 1])
                });
                assert_eq!(count.await.unwrap(), 1);
            });
        }
        for _ in 0..READERS {
            far.write_all(b"x").await.unwrap();
            yield_now().await;
        }
        within(readers.join_all()).await;
    });
}

/// A waker that is new in each poll must not be kept for ever.
#[test]
fn wakers_that_are_new_in_each_poll_do_not_pile_up() {
    block_on(async {
        let (near, _far) = UnixStream::pair().unwrap();
        let mut weak = Vec::new();
        for _ in 0..10_000 {
            let count = Arc::<Count>::default();
            weak.push(Arc::downgrade(&count));
            let waker = Waker::from(count);
            assert!(near.poll_read_ready(&mut Context::from_waker(&waker)).is_pending());
        }
        let few = async {
            while weak.iter().filter(|weak| weak.strong_count() > 0).count() > 100 {
                yield_now().await;
            }
        };
        within(few).await;
    });
}
