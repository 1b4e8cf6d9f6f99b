//! Unix sockets.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panics as the test does")]

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use whippet::io::{AsyncReadExt, AsyncWriteExt};
use whippet::net::{UnixListener, UnixStream};
use whippet::runtime::Builder;
use whippet::time::timeout;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

fn block_on<F: Future<Output = ()>>(test: F) {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async { timeout(DEADLINE, test).await.unwrap() });
    assert_eq!(runtime.metrics().num_registered_descriptors(), 0);
}

/// A path of this test's own, removed when dropped.
struct Place(PathBuf);

impl Place {
    fn new(test: &str) -> Self {
        Self(std::env::temp_dir().join(format!("whippet-{test}-{}", std::process::id())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_client_connects_by_path_and_is_known() {
    let place = Place::new("known");
    block_on(async {
        let listener = UnixListener::bind(&place.0).unwrap();
        assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(place.0.as_path()));
        let accepts = whippet::spawn(async move { listener.accept().await.unwrap() });
        let client = UnixStream::connect(&place.0).await.unwrap();
        let (mut server, peer) = accepts.await.unwrap();
        assert!(peer.is_unnamed() && server.peer_addr().unwrap().is_unnamed());
        assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(place.0.as_path()));
        assert_eq!(server.peer_cred().unwrap().pid(), Some(std::process::id() as i32));
        client.try_write(b"hello").unwrap();
        assert_eq!(server.read(&mut [0; 16]).await.unwrap(), 5);
    });
}

#[test]
fn an_abstract_name_leaves_no_file() {
    block_on(async {
        let name = format!("\0whippet-abstract-{}", std::process::id());
        let listener = UnixListener::bind(&name).unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(address.as_abstract_name(), Some(&name.as_bytes()[1..]));
        assert!(address.as_pathname().is_none() && !address.is_unnamed());
        let client = UnixStream::connect(&name).await.unwrap();
        listener.accept().await.unwrap();
        drop(client);
    });
}

#[test]
fn errors_of_connecting_are_returned() {
    let place = Place::new("nobody");
    block_on(async {
        let error = UnixStream::connect(&place.0).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        drop(UnixListener::bind(&place.0).unwrap());
        let error = UnixStream::connect(&place.0).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(UnixListener::bind(&place.0).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let long = "x".repeat(200);
        UnixListener::bind(long).unwrap_err();
    });
}

#[test]
fn halves_work_in_two_tasks_and_meet_again() {
    block_on(async {
        let (left, mut right) = UnixStream::pair().unwrap();
        let (reader, mut writer) = left.into_split();
        let writes = whippet::spawn(async move {
            writer.write_all(&[7; 300_000]).await.unwrap();
            writer
        });
        let mut got = vec![0; 300_000];
        right.read_exact(&mut got).await.unwrap();
        let writer = writes.await.unwrap();
        let (other_reader, other_writer) = UnixStream::pair().unwrap().0.into_split();
        let error = reader.reunite(other_writer).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the two halves are of two streams; put each together with its own"
        );
        let left = writer.reunite(error.0).unwrap();
        drop((error.1, other_reader));
        // Reuniting has shut nothing down; dropping a writing half does.
        assert!(right.try_read(&mut [0; 8]).is_err());
        let (reader, writer) = left.into_split();
        drop(writer);
        assert_eq!(right.read(&mut [0; 8]).await.unwrap(), 0);
        right.write_all(b"still").await.unwrap();
        reader.readable().await.unwrap();
        assert_eq!(reader.try_read(&mut [0; 8]).unwrap(), 5);
    });
}

#[test]
fn a_writing_half_that_is_forgotten_shuts_nothing_down() {
    block_on(async {
        let (left, right) = UnixStream::pair().unwrap();
        let (reader, writer) = left.into_split();
        writer.forget();
        let error = right.try_read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        drop(reader);
        right.readable().await.unwrap();
        assert_eq!(right.try_read(&mut [0; 8]).unwrap(), 0);
    });
}

#[test]
fn std_sockets_come_and_go() {
    block_on(async {
        let (left, right) = UnixStream::pair().unwrap();
        let left = left.into_std().unwrap();
        let mut left = UnixStream::from_std(left).unwrap();
        let mut right = UnixStream::from_std(right.into_std().unwrap()).unwrap();
        left.write_all(b"round").await.unwrap();
        assert_eq!(right.read(&mut [0; 8]).await.unwrap(), 5);
    });
}
