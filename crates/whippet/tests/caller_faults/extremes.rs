//! The largest and the smallest of counts, sizes and durations.

use crate::works;
use std::future::ready;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use whippet::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufStream,
    BufWriter, Cursor, SeekFrom,
};
use whippet::net::{SockRef, TcpSocket, TcpStream, UnixSocket};
use whippet::runtime::{Builder, Runtime};
use whippet::sync::{Barrier, Notify, RwLock, Semaphore, mpsc};
use whippet::time::{self, Duration, Instant};

/// A current-thread runtime whose clock is paused.
fn paused() -> Runtime {
    Builder::new_current_thread().start_paused(true).build().unwrap()
}

/// Polls a future once.
fn poll<F: Future>(future: F) -> bool {
    pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// A reader of three bytes that is buffered.
fn bytes() -> BufReader<&'static [u8]> {
    BufReader::new(&b"abc"[..])
}

/// Consumes as much as a number says, of what was filled before.
fn consume(reader: impl AsyncBufRead) {
    let mut reader = pin!(reader);
    let _ = reader.as_mut().poll_fill_buf(&mut Context::from_waker(Waker::noop()));
    reader.as_mut().consume(usize::MAX);
    let _ = reader.as_mut().poll_fill_buf(&mut Context::from_waker(Waker::noop()));
}

#[test]
fn durations_as_long_as_can_be_are_waited_for() {
    let runtime = paused();
    let local = || Builder::new_current_thread().build().unwrap();
    let _entered = runtime.enter();
    let mut ticks = time::interval(Duration::MAX);
    let (sender, _receiver) = mpsc::channel::<u8>(1);
    sender.try_send(1).unwrap();
    works! {
        poll(time::sleep(Duration::MAX));
        poll(time::sleep_until(Instant::now().saturating_add(Duration::MAX)));
        poll(time::timeout(Duration::MAX, std::future::pending::<()>()));
        poll(time::timeout_at(Instant::now().saturating_add(Duration::MAX), ready(())));
        poll(sender.send_timeout(2, Duration::MAX));
        runtime.block_on(ticks.tick());
        poll(ticks.tick());
        ticks.reset();
        ticks.reset_after(Duration::MAX);
        ticks.reset_at(Instant::now().saturating_add(Duration::MAX));
        poll(ticks.tick());
        poll(time::interval_at(Instant::now().saturating_add(Duration::MAX), Duration::MAX).tick());
        local().shutdown_timeout(Duration::MAX);
        local().shutdown_timeout(Duration::ZERO);
        Builder::new_multi_thread().worker_threads(1).build().unwrap().shutdown_timeout(Duration::MAX);
        Builder::new_multi_thread().worker_threads(1).stall_threshold(Duration::MAX).build();
        Builder::new_current_thread().thread_keep_alive(Duration::MAX).build();
        runtime.block_on(time::advance(Duration::MAX));
        runtime.block_on(time::advance(Duration::MAX));
        poll(time::sleep(Duration::from_secs(1)));
        Instant::now().elapsed();
    }
}

#[test]
fn durations_shorter_than_a_tick_are_waited_for() {
    let runtime = paused();
    let nanosecond = Duration::from_nanos(1);
    works! {
        runtime.block_on(async { time::interval(nanosecond).tick().await });
        runtime.block_on(async {
            let mut ticks = time::interval(nanosecond);
            ticks.set_missed_tick_behavior(time::MissedTickBehavior::Skip);
            ticks.tick().await;
            time::advance(Duration::from_secs(1 << 32)).await;
            ticks.tick().await;
        });
        runtime.block_on(async { time::sleep(nanosecond).await });
        runtime.block_on(async { time::timeout(Duration::ZERO, std::future::pending::<()>()).await });
    }
}

#[test]
fn permits_and_places_may_be_asked_for_in_any_number() {
    let semaphore = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
    let (sender, mut receiver) = mpsc::channel::<u8>(usize::MAX >> 3);
    let (unbounded, mut endless) = mpsc::unbounded_channel::<u8>();
    unbounded.send(1).unwrap();
    sender.try_send(1).unwrap();
    works! {
        semaphore.try_acquire_many(0).unwrap().split(usize::MAX);
        semaphore.try_acquire_many(u32::MAX).unwrap().split(usize::MAX);
        semaphore.try_acquire().unwrap().merge(semaphore.try_acquire_many(u32::MAX).unwrap());
        semaphore.forget_permits(usize::MAX);
        poll(semaphore.acquire_many(u32::MAX));
        semaphore.try_acquire_many(u32::MAX);
        semaphore.add_permits(Semaphore::MAX_PERMITS);
        RwLock::with_max_readers((), u32::MAX >> 3).try_write().is_ok();
        mpsc::channel::<[u8; 1 << 20]>(usize::MAX >> 3).0.capacity();
        sender.try_reserve_many(usize::MAX).is_ok();
        sender.try_reserve_many(0).is_ok();
        sender.try_reserve_many(usize::MAX >> 3).is_ok();
        poll(sender.reserve_many(usize::MAX));
        poll(receiver.recv_many(&mut Vec::new(), usize::MAX));
        poll(receiver.recv_many(&mut Vec::new(), 0));
        poll(endless.recv_many(&mut Vec::new(), usize::MAX));
        poll(Barrier::new(0).wait());
        poll(Barrier::new(usize::MAX).wait());
        { let notify = Notify::new(); for _ in 0..3 { notify.notify_one(); } };
    }
}

#[test]
fn buffers_of_any_size_can_be_read_and_written() {
    let runtime = paused();
    works! {
        runtime.block_on(async { BufReader::with_capacity(0, &b"abc"[..]).read(&mut [0; 3]).await });
        runtime.block_on(async { BufWriter::with_capacity(0, Vec::new()).write(b"abc").await });
        runtime.block_on(async { BufStream::with_capacity(0, 0, Cursor::new(vec![0; 3])).read(&mut [0; 3]).await });
        runtime.block_on(async { whippet::io::duplex(usize::MAX).0.write(b"abc").await });
        runtime.block_on(async { whippet::io::simplex(usize::MAX).1.write(b"abc").await });
        runtime.block_on(async { (&b"abc"[..]).take(u64::MAX).read_to_end(&mut Vec::new()).await });
        runtime.block_on(async { (&b"abc"[..]).take(0).read_to_end(&mut Vec::new()).await });
        consume(bytes());
        consume(bytes().take(u64::MAX));
        consume(bytes().take(1));
        consume(bytes().chain(bytes()));
        consume(BufStream::new(Cursor::new(vec![0; 3])));
        consume(whippet::io::empty());
        consume(whippet::io::join(bytes(), whippet::io::sink()));
        consume(Cursor::new([0; 3]));
    }
}

#[test]
fn a_cursor_may_stand_anywhere() {
    let runtime = paused();
    let far = || {
        let mut cursor = Cursor::new(vec![0; 3]);
        cursor.set_position(u64::MAX);
        cursor
    };
    works! {
        consume(far());
        runtime.block_on(async { far().read(&mut [0; 3]).await });
        runtime.block_on(async { far().fill_buf().await.map(<[u8]>::len) });
        runtime.block_on(async { far().seek(SeekFrom::Current(1)).await });
        runtime.block_on(async { far().seek(SeekFrom::Current(i64::MAX)).await });
        runtime.block_on(async { far().seek(SeekFrom::Current(i64::MIN)).await });
        runtime.block_on(async { far().seek(SeekFrom::End(i64::MIN)).await });
        runtime.block_on(async { far().stream_position().await });
    }
}

#[test]
fn options_of_sockets_may_be_of_any_size() {
    let runtime = paused();
    let _entered = runtime.enter();
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_nonblocking(true).unwrap();
    let stream = TcpStream::from_std(stream).unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    let options = SockRef::from(&listener);
    works! {
        stream.set_linger(Some(Duration::MAX)).is_ok();
        stream.set_linger(Some(Duration::ZERO)).is_ok();
        stream.set_ttl(u32::MAX).is_ok();
        stream.set_keepalive(Duration::MAX, Duration::MAX, u32::MAX).is_ok();
        stream.set_keepalive(Duration::ZERO, Duration::ZERO, 0).is_ok();
        stream.set_user_timeout(Duration::MAX).is_ok();
        stream.set_notsent_lowat(u32::MAX).is_ok();
        stream.set_send_buffer_size(usize::MAX).is_ok();
        stream.set_recv_buffer_size(usize::MAX).is_ok();
        options.set_linger(Some(Duration::MAX)).is_ok();
        options.set_keepalive(Duration::MAX, Duration::MAX, u32::MAX).is_ok();
        options.set_user_timeout(Duration::MAX).is_ok();
        socket.set_send_buffer_size(u32::MAX).is_ok();
        socket.set_recv_buffer_size(u32::MAX).is_ok();
        socket.set_linger(Some(Duration::MAX)).is_ok();
        socket.listen(u32::MAX).is_ok();
        UnixSocket::new_stream().unwrap().listen(u32::MAX).is_ok();
    }
}

#[test]
fn builders_take_the_largest_of_each() {
    works! {
        Builder::new_multi_thread().worker_threads(1).max_blocking_threads(usize::MAX).build();
        Builder::new_multi_thread().worker_threads(1).event_interval(u32::MAX).build();
        Builder::new_multi_thread().worker_threads(1).global_queue_interval(u32::MAX).build();
        Builder::new_multi_thread().worker_threads(1).event_interval(1).global_queue_interval(1).build();
        Builder::new_multi_thread().worker_threads(1).thread_stack_size(0).build();
    }
}
