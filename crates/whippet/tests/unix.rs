//! Unix sockets.

use std::time::Duration;
use whippet::net::{UnixListener, UnixStream};
use whippet::runtime::Builder;
use whippet::time::timeout;

#[test]
fn a_client_connects_by_path_and_is_known() {
    let path = std::env::temp_dir().join(format!("whippet-unix-{}", std::process::id()));
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let listener = UnixListener::bind(&path).unwrap();
        let accepts = whippet::spawn(async move { listener.accept().await.unwrap().0 });
        let client = UnixStream::connect(&path).await.unwrap();
        let server = timeout(Duration::from_secs(20), accepts).await.unwrap().unwrap();
        assert_eq!(server.peer_cred().unwrap().pid(), Some(std::process::id() as i32));
        client.try_write(b"hello").unwrap();
        server.readable().await.unwrap();
        assert_eq!(server.try_read(&mut [0; 16]).unwrap(), 5);
    });
    std::fs::remove_file(&path).unwrap();
}
