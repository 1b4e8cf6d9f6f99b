//! Private lines, ignoring and being away, over real sockets: every command, and every refusal.

use crate::support::{TestServer, run};

#[test]
fn private_messages_and_replies_reach_one_user() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = (server.join_as("alice").await, server.join_as("bob").await);
        let mut carol = server.join_as("carol").await;
        alice.wait_for("* user-3 is now carol").await;
        bob.wait_for("* user-3 is now carol").await;
        alice.send_line("/msg Bob psst").await;
        alice.expect("[to bob] psst").await;
        bob.expect("[from alice] psst").await;
        alice.send_line("/nick anna").await;
        bob.expect("* alice is now anna").await;
        carol.expect("* alice is now anna").await;
        carol.send_line("/nick alice").await;
        bob.expect("* carol is now alice").await;
        bob.send_line("/reply yes").await;
        bob.expect("[to anna] yes").await;
        alice.wait_for("[from bob] yes").await;
        alice.send_line("/quit").await;
        bob.expect("* anna left").await;
        bob.send_line("/reply still there?").await;
        bob.expect("! whoever wrote to you last has left, so nobody gets that").await;
        carol.expect("* you are alice now").await;
        carol.expect("* anna left").await;
    });
}

#[test]
fn ignored_users_stay_ignored_after_a_rename() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = (server.join_as("alice").await, server.join_as("bob").await);
        alice.wait_for("* user-2 is now bob").await;
        bob.send_line("/ignore alice").await;
        bob.expect("* you ignore alice now; /unignore alice ends it").await;
        bob.send_line("/ignore alice").await;
        bob.expect("* you ignore alice already").await;
        alice
            .send(b"one\n/me two\n/msg bob three\n/topic four\n/nick anna\nfive\n/msg bob six\n")
            .await;
        bob.expect("* alice is now anna").await;
        alice.wait_for("[to bob] six").await;
        bob.send_line("/ignore").await;
        bob.expect("* you ignore anna").await;
        bob.send_line("/history").await;
        bob.expect("* nothing was said here yet").await;
        bob.send_line("/unignore anna").await;
        bob.expect("* you read anna again").await;
        alice.send_line("seven").await;
        bob.expect("anna: seven").await;
        bob.send_line("/ignore anna").await;
        bob.expect("* you ignore anna now; /unignore anna ends it").await;
        alice.send_line("/quit with words").await;
        bob.expect("* anna left").await;
        bob.send_line("/ignore").await;
        bob.expect("* you ignore nobody; /ignore NICK begins").await;
    });
}

#[test]
fn away_users_are_marked_in_who() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = (server.join_as("alice").await, server.join_as("bob").await);
        alice.wait_for("* user-2 is now bob").await;
        bob.send_line("/away lunch").await;
        bob.expect("* you are away until you type /away again: \"lunch\"").await;
        alice.send_line("/msg bob hello").await;
        alice.expect("[to bob] hello").await;
        alice.expect("* bob is away: \"lunch\"").await;
        bob.expect("[from alice] hello").await;
        alice.send_line("/who").await;
        alice.expect("* 2 here: alice, bob (away)").await;
        bob.send_line("/away").await;
        bob.expect("* you are back").await;
    });
}

#[test]
fn impossible_requests_are_refused_with_a_reason() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let wants = "! /msg wants a nick and words, as in: /msg bob hello";
        for (typed, told) in [
            ("/msg", wants),
            ("/msg bob", wants),
            ("/msg bob hello", "! see /who for the names: nobody is called \"bob\""),
            ("/msg alice hello", "! that is you yourself: /msg somebody else"),
            ("/reply", "! /reply wants words, as in: /reply well then"),
            ("/reply hello", "! nobody wrote to you alone yet; /msg NICK TEXT begins"),
            ("/ignore alice", "! that is you yourself: /ignore somebody else"),
            ("/ignore bob", "! see /who for the names: nobody is called \"bob\""),
            ("/unignore", "! /unignore wants a nick, as in: /unignore bob"),
            ("/unignore alice", "! you do not ignore alice; /ignore lists whom you do"),
            ("/nick", "! you are alice; /nick NAME changes it"),
            ("/nick x", "! the nick \"x\" is shorter than 2 characters"),
            ("/me", "! /me wants to know what you do, as in: /me waves"),
        ] {
            alice.send_line(typed).await;
            assert_eq!(alice.next_line().await, told, "{typed}");
        }
    });
}
