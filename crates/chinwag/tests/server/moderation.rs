//! Moderation, end to end: the program, its files, people over real sockets.

use crate::program::{Program, admin, chinwag};
use crate::support::{TestServer, run};
use rustix::process::Signal;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

/// What makes an operator here.
const SECRET: &str = "correct horse battery";

/// A folder of one test, which goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let name = format!("chinwag-moderation-{test}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&folder.0).expect("a folder");
        folder
    }

    /// The path of a thing in it.
    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("UTF-8").to_owned()
    }

    /// Writes the file of the secret.
    fn secret(&self, secret: &str, mode: u32) -> String {
        let path = self.path("secret");
        std::fs::write(&path, secret).expect("a file");
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).expect("ours");
        path
    }

    /// A server that keeps its state here, has the secret, and is asked through a socket here.
    async fn server(&self) -> Program {
        let [secret, state, socket] =
            [self.secret(SECRET, 0o600), self.path("state"), self.path("socket")];
        let files = ["--oper-file", &secret, "--state-dir", &state, "--admin-socket", &socket];
        Program::start(chinwag(
            &[&["--listen", "127.0.0.1:0", "--log", "info"], &files[..]].concat(),
        ))
        .await
    }

    /// What a command at the admin socket prints, or says against it.
    async fn asks(&self, words: &[&str]) -> String {
        let Output { stdout, stderr, .. } = admin(&self.path("socket"), words).await;
        String::from_utf8([stdout, stderr].concat()).expect("UTF-8")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_secret_makes_an_operator_and_is_not_sent_on() {
    run(async {
        let folder = crate::folder::Folder::new("moderation-oper");
        let server = folder.with_secret(SECRET);
        let mut bob = server.join_as("bob").await;
        let mut alice = server.join_as("alice").await;
        bob.wait_for("* user-2 is now alice").await;
        // Behind it, in the same write, what only an operator can do.
        alice.send_line(&format!("/OPER {SECRET}\r\n/slow 1m\r\n/slow off")).await;
        alice.expect("* you are an operator now; /help lists what you can do").await;
        alice.expect("* #lobby takes one line in 1 minute of each now; /slow off ends it").await;
        bob.expect("* alice slowed this room: one line in 1 minute of each").await;
        bob.expect("* alice ended the slow mode").await;
        alice.wait_for("* #lobby is not slow any more").await;
        alice.send_line("/kick bob out with you").await;
        bob.expect("! alice kicked you out of #lobby: \"out with you\"").await;
        bob.expect("* you speak in no room now: /join one").await;
        alice.expect("* you kicked bob out of #lobby").await;
        bob.send_line("/join #lobby").await;
        bob.expect("* you joined #lobby").await;
        alice.expect("* bob joined").await;
        server.stop().await;
    });
}

#[test]
fn after_three_wrong_secrets_the_next_has_to_wait() {
    run(async {
        let folder = crate::folder::Folder::new("moderation-oper-wait");
        let server = folder.with_secret(SECRET);
        let mut eve = server.join().await;
        for _ in 0..3 {
            eve.send_line("/oper correct horse batters").await;
            eve.wait_for("! that is not the secret").await;
        }
        let mut wait = 1;
        // Until the machine is too slow to ask again before a wait is over, and in any case the first ones.
        while wait <= 4 {
            eve.send_line(&format!("/oper {SECRET}x")).await;
            let answer = eve.wait_until("an answer", |line| line.starts_with("! ")).await;
            match answer.last().map(String::as_str) {
                Some("! that is not the secret") => wait *= 2,
                other => {
                    let words = "! too many wrong secrets from your address: wait for ";
                    assert!(other.is_some_and(|other| other.starts_with(words)), "{other:?}");
                }
            }
        }
        eve.send_line(&format!("/oper {SECRET}")).await;
        eve.wait_until("a wait", |line| line.starts_with("! too many wrong secrets")).await;
        let mut dan = TestServer::start().join().await;
        dan.send_line(&format!("/oper {SECRET}")).await;
        dan.wait_for("! nobody becomes an operator here: the server has no --oper-file").await;
        server.stop().await;
    });
}

#[test]
fn the_secret_is_in_no_log_and_a_signal_reads_a_new_one() {
    run(async {
        let folder = Folder::new("log");
        let [secret, socket] = [folder.secret(SECRET, 0o600), folder.path("socket")];
        let arguments = [
            "--listen",
            "127.0.0.1:0",
            "--log",
            "trace",
            "--oper-file",
            &secret,
            "--admin-socket",
            &socket,
        ];
        let mut server = Program::start(chinwag(&arguments)).await;
        let mut alice = server.join().await;
        alice.send_line("/oper not the secret").await;
        alice.wait_for("! that is not the secret").await;
        let wrong = server.logged("a wrong secret of operators").await;
        assert!(wrong.contains("from=127.0.0.1:") && !wrong.contains("not the secret"), "{wrong}");
        alice.send_line(&format!("/oper {SECRET}")).await;
        alice.wait_for("* you are an operator now; /help lists what you can do").await;
        let became = server.logged("became an operator").await;
        assert!(became.contains("user-1") && !became.contains("correct"), "{became}");
        // A file that everybody may write is refused, and the old secret stays.
        folder.secret("another long secret", 0o666);
        server.signal(Signal::HUP);
        let refused = server.logged("settings not taken over").await;
        assert!(refused.contains("can be changed by others: chmod go-w"), "{refused}");
        let mut bob = server.join().await;
        bob.send_line(&format!("/oper {SECRET}")).await;
        bob.wait_for("* you are an operator now; /help lists what you can do").await;
        folder.secret("another long secret", 0o600);
        server.signal(Signal::HUP);
        let taken = server.logged("settings read anew").await;
        assert!(taken.contains("settings=oper-file"), "{taken}");
        let mut cy = server.join().await;
        cy.send_line(&format!("/oper {SECRET}\r\n/oper another long secret")).await;
        cy.wait_for("! that is not the secret").await;
        cy.wait_for("* you are an operator now; /help lists what you can do").await;
    });
}

#[test]
fn bans_survive_a_restart_by_either_way() {
    run(async {
        let folder = Folder::new("restart");
        let server = folder.server().await;
        let mut alice = server.join().await;
        alice.send_line("/nick alice").await;
        alice.wait_for("* you are alice now").await;
        alice.send_line(&format!("/oper {SECRET}\r\n/ban mallory* spam and more")).await;
        alice.wait_for("* mallory* is banned for good; 0 people had to go").await;
        let told = folder.asks(&["ban", "203.0.113.0/24", "2h", "again"]).await;
        assert_eq!(told, "203.0.113.0/24 is banned for 2 hours; 0 people had to go\n");
        for (words, hint) in [
            (&["ban", "evil", "2hours"][..], "did you mean 2h?"),
            (&["ban", "evil", "3rd", "warning"], "stands behind \"for\""),
            (&["ban", "user-1"], "nobody can choose that nick"),
            (&["ban", "evil twin"], "it is one word, without blanks"),
            (&["mute", "evil", "2hours"], "did you mean 2h?"),
        ] {
            let told = folder.asks(words).await;
            assert!(told.contains(hint), "{told}");
        }
        let told = folder.asks(&["ban", "dave"]).await;
        assert_eq!(told, "dave is banned for good; 0 people had to go\n");
        assert_eq!(folder.asks(&["unban", "dave"]).await, "dave is not banned any more\n");
        let refused = folder.asks(&["unban", "dave"]).await;
        assert_eq!(refused, "chinwag: dave is not banned; /bans lists who is\n");
        // What was confirmed is on the disk: this server has no time to say goodbye.
        drop(server);
        let server = folder.server().await;
        let bans = folder.asks(&["bans"]).await;
        let lines: Vec<_> = bans.lines().collect();
        assert_eq!(lines[0], "mallory* for good: \"spam and more\"");
        assert!(
            lines[1].starts_with("203.0.113.0/24 for ") && lines[1].ends_with(": \"again\""),
            "{bans}"
        );
        let mut mallory = server.join().await;
        mallory.send_line("/nick Mallory7").await;
        mallory
            .wait_for("! the nick \"Mallory7\" is banned here for good: \"spam and more\"")
            .await;
        // And what an operator did last goes to the disk before a stop ends.
        let mut alice = server.join().await;
        alice.send_line(&format!("/oper {SECRET}\r\n/unban mallory*\r\n/ban eve 7d")).await;
        alice.wait_for("* eve is banned for 7 days; 0 people had to go").await;
        server.signal(Signal::TERM);
        let (status, _) = server.ended().await;
        assert_eq!(status.code(), Some(0));
        let kept = std::fs::read_to_string(folder.path("state/bans")).expect("a file");
        assert!(kept.contains("\neve ") && !kept.contains("mallory"), "{kept}");
    });
}

#[test]
fn a_banned_address_is_rejected_with_the_reason() {
    run(async {
        let folder = Folder::new("address");
        let server = folder.server().await;
        let mut alice = server.join().await;
        let told = folder.asks(&["ban", "127.0.0.1", "1h", "testing"]).await;
        assert_eq!(told, "127.0.0.1 is banned for 1 hour; 1 person had to go\n");
        assert_eq!(alice.rest().await, ["! you are banned here for 1 hour: \"testing\""]);
        let mut bob = server.connect().await;
        let told = bob.rest().await;
        assert!(told.len() == 1 && told[0].starts_with("! you are banned here for "), "{told:?}");
        assert!(told[0].ends_with(": \"testing\""), "{told:?}");
        let stats = folder.asks(&["stats"]).await;
        for line in [
            "chinwag_disconnects_total{reason=\"banned\"} 1",
            "chinwag_connections_rejected_total{reason=\"banned\"} 1",
        ] {
            assert!(stats.contains(line), "{stats}");
        }
        assert_eq!(
            folder.asks(&["unban", "127.0.0.1"]).await,
            "127.0.0.1 is not banned any more\n"
        );
        server.join().await;
    });
}

#[test]
fn unusable_files_stop_the_start_with_one_sentence() {
    let folder = Folder::new("start");
    let secret = folder.secret(SECRET, 0o666);
    let garbage = folder.path("garbage");
    std::fs::create_dir_all(&garbage).expect("a folder");
    std::fs::write(folder.path("garbage/bans"), "what is this\n").expect("a file");
    let missing = folder.path("nothing");
    for (flag, path, words) in [
        ("--oper-file", &secret, "can be changed by others: chmod go-w"),
        ("--oper-file", &missing, "cannot read the secret in"),
        ("--state-dir", &garbage, "bans, line 1: the end is - or a number of seconds"),
        ("--state-dir", &secret, "cannot use the state directory"),
    ] {
        let output = chinwag(&["--listen", "127.0.0.1:0", flag, path]).output().expect("it runs");
        let told = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(words) && told.lines().count() == 1, "{told}");
    }
}
