//! What the log keeps on record: who comes and goes, if the operator wants that, and what operators do; and that nothing
//! that anybody says is ever in it.

use crate::folder::Folder;
use crate::program::{Program, admin, chinwag};
use crate::support::{TestClient, run};
use rustix::process::Signal;

/// What operators say to become one.
const SECRET: &str = "correct horse battery";

/// Somebody who is called so.
async fn join_as(server: &Program, nick: &str) -> TestClient {
    let mut person = server.join().await;
    person.send_line(&format!("/nick {nick}")).await;
    person.wait_for(&format!("* you are {nick} now")).await;
    person
}

/// What stands behind the target of this kind of record, a line each.
fn records(log: &str, target: &str) -> Vec<String> {
    let target = format!(" {target}: ");
    log.lines().filter_map(|line| Some(line.split_once(&target)?.1.to_owned())).collect()
}

#[test]
fn who_comes_and_goes_is_logged_if_it_is_wanted() {
    run(async {
        let folder = Folder::new("connections");
        let file = folder.write("settings", "log-connections = true\n");
        let socket = folder.name("socket");
        let arguments = ["--config", &file, "--listen", "127.0.0.1:0", "--admin-socket", &socket];
        let mut server = Program::start(chinwag(&arguments)).await;
        let mut alice = join_as(&server, "alice").await;
        let mut bob = join_as(&server, "bob").await;
        bob.send_line("/quit so long").await;
        alice.wait_for("* bob left (\"so long\")").await;
        let mut cy = join_as(&server, "cy").await;
        assert!(admin(&socket, &["kick", "cy"]).await.status.success());
        cy.wait_for("! you were kicked").await;
        let mut browser = server.connect().await;
        browser.send(b"GET / HTTP/1.1\r\n\r\n").await;
        browser.rest().await;
        server.logged("turned away").await;
        // Nothing of it without the setting, whatever the level.
        folder.write("settings", "log = \"trace\"\n");
        server.signal(Signal::HUP);
        server.logged("settings read anew").await;
        let _dora = join_as(&server, "dora").await;
        folder.write("settings", "log = \"info\"\nlog-connections = true\n");
        server.signal(Signal::HUP);
        server.logged("settings read anew").await;
        server.signal(Signal::TERM);
        let (_, log) = server.ended().await;
        let told = records(&log, "chinwag::connections");
        assert_eq!(
            told,
            [
                "left nick=\"alice\" address=127.0.0.1 reason=\"the server stops\"",
                "left nick=\"dora\" address=127.0.0.1 reason=\"the server stops\"",
            ]
        );
    });
}

#[test]
fn the_log_of_connections_says_from_where_and_why() {
    run(async {
        let arguments = ["--listen", "127.0.0.1:0", "--log-connections"];
        let server = Program::start(chinwag(&arguments)).await;
        let mut alice = join_as(&server, "alice").await;
        let mut bob = join_as(&server, "bob").await;
        bob.send_line("/quit so long").await;
        alice.wait_for("* bob left (\"so long\")").await;
        let cy = join_as(&server, "cy").await;
        cy.end();
        alice.wait_for("* cy left").await;
        join_as(&server, "dora").await.reset();
        alice.wait_for("* dora left (connection lost)").await;
        let mut browser = server.connect().await;
        browser.send(b"GET / HTTP/1.1\r\n\r\n").await;
        browser.rest().await;
        server.signal(Signal::TERM);
        let (_, log) = server.ended().await;
        let came = |number: u32| format!("came nick=\"user-{number}\" address=127.0.0.1");
        let took = |nick: &str, number: u32| {
            format!("took a nick nick=\"{nick}\" before=\"user-{number}\" address=127.0.0.1")
        };
        let left = |nick: &str, why: &str| {
            format!("left nick=\"{nick}\" address=127.0.0.1 reason=\"{why}\"")
        };
        let told = records(&log, "chinwag::connections");
        assert_eq!(
            told[..11],
            [
                came(1),
                took("alice", 1),
                came(2),
                took("bob", 2),
                left("bob", "quit"),
                came(3),
                took("cy", 3),
                left("cy", "closed"),
                came(4),
                took("dora", 4),
                left("dora", "connection lost"),
            ]
        );
        assert!(told[11].starts_with("turned away address=127.0.0.1 reason=\""), "{told:?}");
        assert_eq!(told[12..], [left("alice", "the server stops")]);
        assert_eq!(log.lines().count(), told.len(), "and nothing else at this level: {log}");
    });
}

#[test]
fn each_act_of_an_operator_is_on_record() {
    run(async {
        let folder = Folder::new("audit");
        let [secret, socket] = [folder.write("secret", SECRET), folder.name("socket")];
        let arguments = ["--listen", "127.0.0.1:0", "--log", "info"];
        let sockets = ["--oper-file", &secret, "--admin-socket", &socket];
        let server = Program::start(chinwag(&[&arguments[..], &sockets[..]].concat())).await;
        let mut alice = join_as(&server, "alice").await;
        let _bob = join_as(&server, "bob").await;
        alice.send_line("/kick bob because he is rude").await;
        alice.wait_for("! only operators can do that; see /help oper").await;
        alice.send_line(&format!("/oper {SECRET}")).await;
        alice.wait_for("* you are an operator now; /help lists what you can do").await;
        for line in
            ["/slow 10s", "/slow off", "/mute bob 10m", "/unmute bob", "/kick bob why \"not\""]
        {
            alice.send_line(line).await;
        }
        alice.wait_for("* you kicked bob out of #lobby").await;
        alice.send_line("/kick bob\r\n/ban bob 2h spam\r\n/unban bob\r\n/bans").await;
        alice.wait_for("* nobody is banned").await;
        assert!(admin(&socket, &["say", "tea", "is", "ready"]).await.status.success());
        assert!(!admin(&socket, &["kick", "nobody"]).await.status.success());
        assert!(admin(&socket, &["ban", "mallory", "1h", "ads"]).await.status.success());
        assert!(admin(&socket, &["who"]).await.status.success());
        assert!(admin(&socket, &["shutdown"]).await.status.success());
        let (_, log) = server.ended().await;
        let told = records(&log, "chinwag::audit");
        let deed = |operator: &str, from: &str, rest: &str| {
            format!("an operator's act operator=\"{operator}\" from=\"{from}\" {rest}")
        };
        let alice = |rest: &str| deed("alice", "127.0.0.1", rest);
        let uid = format!("uid {}", rustix::process::geteuid().as_raw());
        let shell = |rest: &str| deed(&uid, "the admin socket", rest);
        let expected = [
            alice(r#"act="/oper" whom="" reason="" done=true outcome="became an operator""#),
            alice(r##"act="/slow" whom="#lobby" reason="10s" done=true outcome="#lobby takes"##),
            alice(
                r##"act="/slow" whom="#lobby" reason="off" done=true outcome="#lobby is not slow any more""##,
            ),
            alice(
                r#"act="/mute" whom="bob" reason="10m" done=true outcome="bob is muted for 10 minutes"#,
            ),
            alice(
                r#"act="/unmute" whom="bob" reason="" done=true outcome="bob is not muted any more""#,
            ),
            alice(
                r##"act="/kick" whom="bob" reason="why \"not\"" done=true outcome="you kicked bob out of #lobby""##,
            ),
            alice(
                r##"act="/kick" whom="bob" reason="" done=false outcome="bob is not in #lobby""##,
            ),
            alice(
                r#"act="/ban" whom="bob" reason="2h spam" done=true outcome="bob is banned for 2 hours"#,
            ),
            alice(
                r#"act="/unban" whom="bob" reason="" done=true outcome="bob is not banned any more""#,
            ),
            shell(r#"act="admin say" whom="" reason="" done=true outcome="told to 1""#),
            shell(
                r#"act="admin kick" whom="nobody" reason="" done=false outcome="there is nobody called"#,
            ),
            shell(
                r#"act="admin ban" whom="mallory" reason="1h ads" done=true outcome="mallory is banned for 1 hour"#,
            ),
            shell(r#"act="admin shutdown" whom="" reason="" done=true outcome="the server stops""#),
        ];
        for (told, expected) in told.iter().zip(&expected) {
            assert!(told.starts_with(expected), "{told}\n is not\n{expected}");
        }
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        assert!(!log.contains("rude"), "who is no operator does nothing that is on record: {log}");
    });
}

/// Everything that somebody can say has this in it.
const SAID: &str = "xyzzyplugh";

#[test]
fn nothing_that_is_said_is_in_a_log_of_any_level() {
    run(async {
        let folder = Folder::new("said");
        let [secret, socket] = [folder.write("secret", SECRET), folder.name("socket")];
        let arguments =
            ["--listen", "127.0.0.1:0", "--log", "trace", "--log-connections", "--no-limits"];
        let sockets = ["--oper-file", &secret, "--admin-socket", &socket];
        let server = Program::start(chinwag(&[&arguments[..], &sockets[..]].concat())).await;
        let mut alice = join_as(&server, "alice").await;
        let mut bob = join_as(&server, "bob").await;
        for line in [
            "SAID",
            "/me SAID",
            "//SAID",
            "/msg bob SAID",
            "/away SAID",
            "/topic SAID",
            "/SAID",
            "/SAID SAID",
            " /SAID",
            "/who SAID",
            "/nick SAID!",
            "/join SAID",
            "/msg SAID SAID",
            "/oper SAID",
            "/kick bob SAID",
            "/mute SAID",
            "/ban SAID",
            "/help SAID",
            "/ignore SAID",
            "/history SAID",
            "\u{feff}SAID",
            "SAID\u{1b}[31m",
            "/reply SAID",
        ] {
            alice.send_line(&line.replace("SAID", SAID)).await;
        }
        bob.wait_for(&format!("[from alice] {SAID}")).await;
        bob.send_line(&format!("/reply {SAID}")).await;
        alice.wait_for(&format!("[from bob] {SAID}")).await;
        // Bytes that are no text, a line too long, telnet, and keys of an editor.
        alice.send(format!("{SAID}\u{ff}{SAID}").as_bytes()).await;
        alice.send(&[b"\xff", SAID.as_bytes(), b"\xff\n"].concat()).await;
        alice.send(&[SAID.repeat(1_000).as_bytes(), b"\n"].concat()).await;
        bob.send(&[b"/edit on\n\xff\xfd\x01", SAID.as_bytes(), b"\t\r"].concat()).await;
        alice.wait_for(&format!("bob: {SAID}")).await;
        assert!(admin(&socket, &["say", SAID]).await.status.success());
        let mut cy = server.connect().await;
        cy.send(format!("GET /{SAID} HTTP/1.1\r\n\r\n").as_bytes()).await;
        cy.rest().await;
        alice.send_line(&format!("/quit {SAID}")).await;
        // Bob's lines stand above the row of the editor, among bytes of telnet and of the terminal.
        let left = b"* alice left (";
        let has = |bytes: &[u8]| bytes.windows(left.len()).any(|seen| seen == left);
        bob.bytes_until("alice's end", has).await;
        bob.send(SAID.as_bytes()).await;
        bob.end();
        bob.rest_of_bytes().await;
        server.signal(Signal::TERM);
        let (_, log) = server.ended().await;
        assert!(log.contains(" TRACE ") && log.contains("left nick=\"alice\""), "{log}");
        let said: Vec<_> = log.lines().filter(|line| line.contains(&SAID[1..])).collect();
        assert!(said.is_empty(), "{said:#?}");
    });
}

/// A connection that is reset has no address any more, and what it sent is nobody's: no ban or mute could meet it.
#[test]
fn who_resets_at_once_does_not_come_from_nowhere() {
    run(async {
        let arguments = ["--listen", "127.0.0.1:0", "--log-connections"];
        let server = Program::start(chinwag(&arguments)).await;
        let mut alice = join_as(&server, "alice").await;
        for _ in 0..200 {
            let mut reset = server.connect().await;
            reset.send(b"spam\n").await;
            reset.reset();
        }
        alice.send_line("/whoami").await;
        alice.wait_for("* you are alice in #lobby").await;
        server.signal(Signal::TERM);
        let (_, log) = server.ended().await;
        assert!(!log.contains("address=::"), "{log}");
    });
}
