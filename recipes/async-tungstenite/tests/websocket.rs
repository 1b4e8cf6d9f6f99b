//! The example `websocket` over loopback.

use async_tungstenite::tungstenite::{Error, Message};
use futures_util::StreamExt;
use std::net::SocketAddr;
use std::time::Duration;
use websocket::{LARGEST, connect, serve};
use whippet::io::{AsyncReadExt, AsyncWriteExt};
use whippet::net::{TcpListener, TcpStream};
use whippet::task::JoinSet;
use whippet::time::timeout;

#[path = "../examples/websocket.rs"]
#[expect(unreachable_pub, reason = "the example is no part of a library")]
mod websocket;

/// How long a test may take before it fails.
const DEADLINE: Duration = Duration::from_secs(60);

async fn bounded(test: impl Future<Output = ()>) {
    timeout(DEADLINE, test).await.expect("the test takes too long");
}

async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    whippet::spawn(serve(listener));
    address
}

#[whippet::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_come_back_in_order() {
    bounded(async {
        let address = start().await;
        let mut clients = JoinSet::new();
        for client in 0..8 {
            clients.spawn(async move {
                let (mut sink, stream) = connect(address).await.unwrap().split();
                let words: Vec<_> = (0..100).map(|turn| format!("{client}: {turn}")).collect();
                let came = stream.take(words.len()).map(|message| message.unwrap());
                let ((), came) = whippet::join!(
                    async {
                        for word in &words {
                            sink.send(Message::text(word)).await.unwrap();
                        }
                    },
                    came.collect::<Vec<_>>(),
                );
                assert!(came.iter().map(|word| word.to_text().unwrap()).eq(&words));
            });
        }
        clients.join_all().await;
    })
    .await;
}

#[whippet::test]
async fn a_ping_is_answered_and_a_close_is_confirmed() {
    bounded(async {
        let mut socket = connect(start().await).await.unwrap();
        socket.send(Message::Ping("are you there".into())).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap();
        assert_eq!(answer, Message::Pong("are you there".into()));
        socket.close(None).await.unwrap();
        assert!(matches!(socket.next().await, Some(Ok(Message::Close(_)))));
        assert!(socket.next().await.is_none());
    })
    .await;
}

#[whippet::test]
async fn a_message_that_is_too_large_ends_the_connection() {
    bounded(async {
        let mut socket = connect(start().await).await.unwrap();
        let sent = socket.send(Message::binary(vec![0; LARGEST + 1])).await;
        let came = socket.next().await;
        let ended = sent.is_err() || matches!(came, None | Some(Err(_) | Ok(Message::Close(_))));
        assert!(ended, "{sent:?}, {came:?}");
    })
    .await;
}

#[whippet::test]
async fn what_is_no_websocket_is_refused() {
    bounded(async {
        let address = start().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut said = Vec::new();
        // The server closes with no word of its own, or by a reset.
        let _ = stream.read_to_end(&mut said).await;
        assert!(!said.starts_with(b"HTTP/1.1 101"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        whippet::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n").await.unwrap();
            let mut asked = Vec::new();
            let _ = stream.read_to_end(&mut asked).await;
        });
        assert!(matches!(connect(address).await, Err(Error::Http(_))));
    })
    .await;
}
