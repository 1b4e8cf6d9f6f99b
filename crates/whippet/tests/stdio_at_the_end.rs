//! What is written to the standard streams before a runtime ends, in processes of their own.

use std::process::{Command, Output, Stdio};
use whippet::io::{AsyncWriteExt, stderr, stdout};
use whippet::runtime::Builder;

/// Says to a child how it is to end.
const ENDING: &str = "WHIPPET_TEST_ENDING";

/// What a child writes: two calls' worth of the stream, the second of which is under way when it ends.
fn words() -> Vec<u8> {
    [b"begin", &[b'.'; 20_000][..], b"end"].concat()
}

/// A child's life. The parent looks at what it has written.
#[test]
fn child() {
    let Ok(ending) = std::env::var(ENDING) else { return };
    let mut builder = match &*ending {
        "multi_thread" => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let (mut out, mut err) = (stdout(), stderr());
        match &*ending {
            "stderr" => err.write_all(&words()).await.unwrap(),
            _ => out.write_all(&words()).await.unwrap(),
        }
        match &*ending {
            "panic" => panic!("on purpose"),
            "exit" => {
                out.flush().await.unwrap();
                std::process::exit(3);
            }
            _ => {}
        }
    });
}

/// Runs a child to its end.
fn run(ending: &str) -> Output {
    Command::new(std::env::current_exe().expect("this program has a path"))
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(ENDING, ending)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output()
        .expect("a child runs")
}

/// Whether all that a child writes is in there.
fn has_words(output: &[u8]) -> bool {
    let words = words();
    output.windows(words.len()).any(|found| found == words)
}

#[test]
fn a_write_before_the_end_of_its_runtime_is_made() {
    let lost = (0..100).filter(|_| !has_words(&run("return").stdout)).count();
    assert_eq!(lost, 0, "of 100 runs");
}

#[test]
fn so_it_is_with_workers_for_errors_and_after_a_panic() {
    for _ in 0..20 {
        assert!(has_words(&run("multi_thread").stdout));
        assert!(has_words(&run("stderr").stderr));
        let panicked = run("panic");
        assert!(has_words(&panicked.stdout) && !panicked.status.success());
    }
}

#[test]
fn what_was_flushed_is_out_before_the_process_exits() {
    let exited = run("exit");
    assert!(has_words(&exited.stdout));
    assert_eq!(exited.status.code(), Some(3));
}
