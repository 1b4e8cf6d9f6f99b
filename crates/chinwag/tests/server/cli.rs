//! The command line: what the program prints and how it ends.

use crate::program::{Program, chinwag};
use crate::support::{run, within_deadline};
use rustix::process::Signal;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use whippet::task::spawn_blocking;

#[test]
fn a_signal_stops_it_gracefully() {
    run(async {
        for signal in [Signal::INT, Signal::TERM] {
            let server = Program::start(chinwag(&["--listen", "127.0.0.1:0"])).await;
            let mut alice = server.join().await;
            let mut bob = server.join().await;
            alice.expect("* user-2 joined").await;
            bob.send_line("last words").await;
            alice.expect("user-2: last words").await;
            server.signal(signal);
            assert_eq!(alice.rest().await, ["* server is shutting down"]);
            assert_eq!(bob.rest().await, ["* server is shutting down"]);
            drop((alice, bob));
            let (status, log) = server.ended().await;
            assert_eq!((status.code(), log.as_str()), (Some(0), ""));
        }
    });
}

#[test]
fn a_second_signal_ends_it_at_once() {
    run(async {
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            let arguments =
                ["serve", "--listen", "127.0.0.1:0", "--shutdown-timeout", "3600", "--no-limits"];
            let server = Program::start(chinwag(&arguments)).await;
            let mut alice = server.join().await;
            // A client that does not read delays a shutdown by the shutdown timeout.
            let _slow = server.join().await;
            alice.expect("* user-2 joined").await;
            for _ in 0..900 {
                alice.send_line(&"x".repeat(1000)).await;
            }
            alice.send_line("/who").await;
            alice.expect("* 2 here: user-1, user-2").await;
            server.signal(signal);
            alice.expect("* server is shutting down").await;
            server.signal(signal);
            assert_eq!(server.ended().await.0.code(), Some(code));
        }
    });
}

#[test]
fn a_port_in_use_is_reported_in_one_sentence() {
    run(async {
        let server = Program::start(chinwag(&["--listen", "127.0.0.1:0"])).await;
        let taken = server.address.to_string();
        let second = chinwag(&["serve", "--listen", &taken]).output().expect("the program runs");
        assert_eq!(second.status.code(), Some(1));
        assert_eq!(second.stdout, b"");
        let said = String::from_utf8(second.stderr).unwrap();
        assert!(said.starts_with(&format!("chinwag: cannot listen on {taken}: ")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    });
}

#[test]
fn usage_errors_exit_with_2() {
    for wrong in [&["--listen", "nowhere"][..], &["--no-such-flag"], &["no-such-command"]] {
        let output = chinwag(wrong).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn it_listens_on_every_address_that_was_given() {
    run(async {
        let arguments = ["--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0"];
        let mut command = chinwag(&arguments);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let out = BufReader::new(process.stdout.take().expect("a pipe"));
        let lines = spawn_blocking(|| out.lines().take(4).map(Result::unwrap).collect::<Vec<_>>());
        let lines = within_deadline("the program's words", lines).await.unwrap();
        assert!(lines[0].starts_with("listening on 127.0.0.1:"), "{lines:?}");
        assert!(lines[2].starts_with("listening on 127.0.0.2:"), "{lines:?}");
        process.kill().expect("the program runs");
        process.wait().expect("the program can be waited for");
    });
}

#[test]
fn help_fits_one_screen() {
    let help = chinwag(&["--help"]).output().expect("the program runs");
    assert_eq!(help.status.code(), Some(0));
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(text.lines().count() <= 40, "{text}");
}
