//! A few clients that chat, disconnect and send at the same time, over real sockets with the server in a background task.

use crate::support::{TestClient, TestServer, run, within_deadline};

/// Several clients connect and each receives what the others say.
#[test]
fn clients_receive_what_others_send() {
    run(async {
        let server = TestServer::start();
        let mut people = Vec::new();
        for _ in 0..5 {
            people.push(server.join().await);
        }
        let last = people[4].nick.clone();
        for person in &mut people[..4] {
            person.wait_for(&format!("* {last} joined")).await;
        }
        for speaker in 0..people.len() {
            let nick = people[speaker].nick.clone();
            people[speaker].send_line(&format!("from {speaker}")).await;
            for (listener, person) in people.iter_mut().enumerate() {
                if listener != speaker {
                    person.expect(&format!("{nick}: from {speaker}")).await;
                }
            }
        }
    });
}

/// A client that disconnects without a command is noticed, and the others go on.
#[test]
fn a_disconnect_is_announced_and_others_go_on() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        let carol = server.join_as("carol").await;
        drop(carol);
        alice.wait_until("carol's leave", |line| line.starts_with("* carol left")).await;
        bob.wait_until("carol's leave", |line| line.starts_with("* carol left")).await;
        alice.send_line("still here").await;
        bob.expect("alice: still here").await;
    });
}

const PEOPLE: usize = 100;
const LINES: usize = 10;

/// 100 clients send 10 lines each, as fast as they go; each of the others gets each of them, in order.
#[test]
fn a_hundred_clients_send_ten_lines_each() {
    run(async {
        let server = TestServer::without_limits();
        let mut people = Vec::new();
        for _ in 0..PEOPLE {
            people.push(server.join().await);
        }
        let talks = people.into_iter().map(|person| whippet::spawn(speak_and_listen(person)));
        for talk in talks.collect::<Vec<_>>() {
            assert_eq!(within_deadline("all lines", talk).await.unwrap(), (PEOPLE - 1) * LINES);
        }
    });
}

/// Says all lines and listens to those of the others; says how many came.
async fn speak_and_listen(mut person: TestClient) -> usize {
    for number in 0..LINES {
        person.send_line(&format!("line {number}")).await;
    }
    let mut next = std::collections::BTreeMap::<String, usize>::new();
    let mut heard = 0;
    while heard < (PEOPLE - 1) * LINES {
        let line = person.next_line().await;
        let Some((author, number)) = line.split_once(": line ") else { continue };
        let expected = next.entry(author.to_owned()).or_default();
        assert_eq!(number.parse(), Ok(*expected), "{author} as {} hears it", person.nick);
        *expected += 1;
        heard += 1;
    }
    heard
}
