//! A room whose users do not read must not delay another room.

use crate::support::{TestServer, run};

/// Nobody in #slow reads while a person there sends without end; the lobby is as quick as ever, and nobody is lost who
/// reads in the end.
#[test]
fn a_paused_room_delays_no_other() {
    run(async {
        let server = TestServer::without_limits();
        let mut slow = server.join_as("slow").await;
        let mut fast = server.join_as("fast").await;
        let (mut alice, mut bob) = (server.join_as("alice").await, server.join_as("bob").await);
        for person in [&mut slow, &mut fast] {
            person.send_line("/join #slow").await;
            person.send_line("/part #lobby").await;
            person.wait_for("* you left #lobby and speak in #slow now").await;
        }
        alice.wait_for("* fast left #lobby").await;
        let line = format!("{}\n", "x".repeat(1_000)).repeat(100);
        let flood = whippet::spawn(async move {
            // It ends when `slow` has gone and `fast` is gone with it.
            while fast.try_send(line.as_bytes()).await.is_ok() {}
        });
        for number in 0..500 {
            alice.send_line(&format!("line {number}")).await;
            bob.wait_for(&format!("alice: line {number}")).await;
        }
        assert!(!flood.is_finished(), "it is held up, and not cut off");
        server.stop().await;
        flood.await.expect("it does not panic");
        drop(slow);
    });
}
