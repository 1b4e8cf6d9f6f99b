//! Other protocols over real sockets: nothing of them is said or obeyed, however slowly they come; and chat that looks a
//! little like them is said.

use crate::support::{TestClient, TestServer, run};

/// What a browser sends for `fetch(url, { method, body: "/nick evil\nevil words\n" })`.
fn request_of_a_page(method: &str) -> String {
    let body = "/nick evil\nevil words\n/me evil\n/join #evil\n";
    format!(
        "{method} /?evil HTTP/1.1\r\nHost: 127.0.0.1:7070\r\nConnection: keep-alive\r\nContent-Length: {}\r\n\
         Origin: https://evil.example\r\nUser-Agent: Mozilla/5.0\r\nContent-Type: text/plain;charset=UTF-8\r\n\
         Accept: */*\r\nSec-Fetch-Mode: no-cors\r\n\r\n{body}",
        body.len()
    )
}

/// Sends a stream in chunks to a server as a stranger who has been welcomed; says what they read.
async fn stranger_sends(server: &TestServer, stream: &[u8], size: usize) -> String {
    let mut stranger = server.connect().await;
    if size < stream.len() {
        stranger.expect_welcome().await;
    }
    for chunk in stream.chunks(size) {
        // They may be out before they have said all.
        if stranger.try_send(chunk).await.is_err() {
            break;
        }
    }
    String::from_utf8(stranger.rest_of_bytes().await).expect("UTF-8")
}

/// Reads up to a line of bob's, whom nothing came before but people who come and go.
async fn only_comings_and_goings(alice: &mut TestClient, bob: &mut TestClient) {
    bob.send_line("that was all").await;
    for line in alice.wait_for("bob: that was all").await {
        let is_news = line.starts_with("* ") && !line.contains("evil");
        assert!(is_news || line == "bob: that was all", "{line}");
    }
}

#[test]
fn a_page_cannot_speak_whatever_its_method_and_pace() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        for method in ["POST", "GET", "PUT", "patch", "X_1", "M-SEARCH", "get", "0"] {
            for start in ["", "\u{feff}", "\r\n", " \r\n\n"] {
                let request = format!("{start}{}", request_of_a_page(method));
                for size in [1, 40, request.len()] {
                    let answer = stranger_sends(&server, request.as_bytes(), size).await;
                    // Who has not read the answer when the rest comes may lose it with the connection.
                    let is_whole = answer.contains("HTTP/1.1 400 Bad Request\r\n");
                    assert!(is_whole || size == 1, "{method} by the {size}: {answer}");
                }
            }
        }
        only_comings_and_goings(&mut alice, &mut bob).await;
    });
}

#[test]
fn a_chunked_body_behind_a_long_target_is_not_said() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        let target = "x".repeat(6000);
        for request in [
            format!("POST /{target} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"),
            format!("{target} / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ] {
            let mut page = server.connect().await;
            page.send(request.as_bytes()).await;
            for line in ["/nick evil", "evil", "/me evil"] {
                let chunk = format!("{:x}\r\n{line}\n\r\n", line.len() + 1);
                if page.try_send(chunk.as_bytes()).await.is_err() {
                    break;
                }
            }
            let answer = String::from_utf8(page.rest_of_bytes().await).expect("UTF-8");
            assert!(answer.contains("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
        }
        only_comings_and_goings(&mut alice, &mut bob).await;
    });
}

#[test]
fn nothing_that_another_protocol_begins_with_is_said() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        let proxy = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\0\x01\0\x02evil\n/nick evil\n";
        for (stream, words) in [
            (&b"PASS evil\r\nNICK evil\r\nUSER evil 0 * :Evil\r\n"[..], "not an IRC server"),
            (
                b"CAP LS 302\r\nNICK evil\r\nUSER evil 0 * :Evil\r\nCAP REQ :evil\r\n",
                "not an IRC server",
            ),
            (b"NICK evil\r\nUSER evil 0 * :Evil\r\n", "not an IRC server"),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nevil\n", "trusted-proxies"),
            (b"PROXY UNKNOWN\r\nevil\n", "trusted-proxies"),
            (proxy, "trusted-proxies"),
            (b"OPTIONS rtsp://evil/ RTSP/1.0\r\nCSeq: 1\r\n\r\nevil\n", "not a media server"),
            (b"OPTIONS sip:evil SIP/2.0\r\nVia: evil\r\n\r\nevil\n", "takes no calls"),
            (b"M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n\r\nevil\n", "400 Bad Request"),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\x03\x04evil\n", "without encryption"),
            (b"SSH-2.0-evil\r\nevil\n", "not an ssh server"),
        ] {
            for start in [&b""[..], b"\r\n"] {
                let stream = [start, stream].concat();
                for size in [1, 10, stream.len()] {
                    let answer = stranger_sends(&server, &stream, size).await;
                    assert!(answer.contains(words) || size == 1, "{answer}");
                }
            }
        }
        only_comings_and_goings(&mut alice, &mut bob).await;
    });
}

#[test]
fn first_lines_that_look_like_another_protocol_are_said() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        for (number, words) in [
            "GET well soon",
            "PASS me the salt",
            "NICK said hi",
            "USER error",
            "CAP it all",
            "PROXY servers are slow",
            "GET / HTTP/1.1 is what browsers send",
            "get / http/1.1",
            "OPTIONS are good",
            "QUIT",
        ]
        .into_iter()
        .enumerate()
        {
            let mut bob = server.join().await;
            bob.send_line(words).await;
            alice.wait_for(&format!("user-{}: {words}", number + 2)).await;
        }
        let mut bob = server.join_as("bob").await;
        bob.send_line("hi").await;
        for words in ["NICK bob", "GET / HTTP/1.1", "PASS secret"] {
            bob.send_line(words).await;
            alice.wait_for(&format!("bob: {words}")).await;
        }
    });
}

#[test]
fn what_stands_behind_blanks_and_a_slash_is_not_said() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        alice.wait_for("* user-2 is now bob").await;
        for line in [
            " /oper hunter22",
            "\t/oper hunter22",
            "\u{a0}/oper hunter22",
            "\u{200b}/oper hunter22",
            " /opr hunter22",
            " //oper hunter22",
            "/me /oper hunter22",
            "/me  \u{200b}/oper hunter22",
            "/operhunter22",
            "/oper:hunter22",
            "/opr hunter22",
            "/ oper hunter22",
        ] {
            bob.send_line(line).await;
            let answer = bob.next_line().await;
            assert!(answer.starts_with("! ") && !answer.contains("hunter22"), "{line:?}: {answer}");
        }
        bob.send_line("//text").await;
        alice.expect("bob: /text").await;
    });
}
