//! The example `tls` over loopback.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;
use tls::{NAME, certify, connect, serve};
use whippet::io::{AsyncReadExt, AsyncWriteExt, split};
use whippet::net::TcpListener;
use whippet::task::JoinSet;
use whippet::time::timeout;

#[path = "../examples/tls.rs"]
#[expect(unreachable_pub, reason = "the example is no part of a library")]
mod tls;

/// How long a test may take before it fails.
const DEADLINE: Duration = Duration::from_secs(60);

async fn bounded(test: impl Future<Output = ()>) {
    timeout(DEADLINE, test).await.expect("the test takes too long");
}

async fn start(acceptor: futures_rustls::TlsAcceptor) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    whippet::spawn(serve(listener, acceptor));
    address
}

#[whippet::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_megabyte_comes_back_while_it_is_sent() {
    bounded(async {
        let (acceptor, connector) = certify().unwrap();
        let address = start(acceptor).await;
        let mut clients = JoinSet::new();
        for client in 0..8_u8 {
            let connector = connector.clone();
            clients.spawn(async move {
                let stream = connect(&connector, address, NAME).await.unwrap();
                let sent = vec![client; 1_000_000];
                let (mut reader, mut writer) = split(stream);
                let mut came = Vec::new();
                let (written, read) = whippet::join!(
                    async {
                        writer.write_all(&sent).await?;
                        writer.shutdown().await
                    },
                    reader.read_to_end(&mut came),
                );
                written.unwrap();
                assert_eq!(read.unwrap(), sent.len());
                assert!(came == sent);
            });
        }
        clients.join_all().await;
    })
    .await;
}

#[whippet::test]
async fn a_certificate_of_another_is_refused() {
    bounded(async {
        let (acceptor, _) = certify().unwrap();
        let (_, of_another) = certify().unwrap();
        let address = start(acceptor).await;
        let refused = connect(&of_another, address, NAME).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidData, "{refused}");
    })
    .await;
}

#[whippet::test]
async fn a_certificate_for_another_name_is_refused() {
    bounded(async {
        let (acceptor, connector) = certify().unwrap();
        let address = start(acceptor).await;
        let refused = connect(&connector, address, "example.org").await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidData, "{refused}");
    })
    .await;
}
