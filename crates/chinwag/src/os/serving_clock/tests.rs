use super::*;
use crate::os::clock::now;
use proptest::prelude::*;
use std::fs;
use std::path::Path;

const SECOND: Duration = Duration::from_secs(1);

fn start() -> Instant {
    now()
}

#[test]
fn a_standstill_counts_as_one_step() {
    let mut now = start();
    let mut clock = ServingClock::new(now);
    for (passes, step, counts) in [
        (SECOND, Some(SECOND), SECOND),
        (2 * SECOND, Some(SECOND), 2 * SECOND),
        (3600 * SECOND, Some(SECOND), SECOND),
        (3600 * SECOND, None, 3600 * SECOND),
    ] {
        let before = clock.now();
        now += passes;
        clock.look(now, step);
        assert_eq!(clock.now() - before, counts, "{passes:?}, {step:?}");
    }
    let before = clock.now();
    clock.look(now - SECOND, Some(SECOND));
    assert_eq!(clock.now(), before, "it never goes back");
}

proptest! {
    /// Whoever looks in time has the whole time to the end, and no more.
    #[test]
    fn served_time_is_real_time_while_the_server_runs(late in prop::collection::vec(0..125u64, 0..40)) {
        let (begun, within) = (start(), SECOND);
        let mut served = ServedTime::new(begun);
        let mut late = late.into_iter().map(Duration::from_millis);
        loop {
            let now = served.next_look(within) + late.next().unwrap_or_default();
            let is_over = served.is_over(within, now);
            prop_assert_eq!(is_over, now - begun >= within);
            if is_over {
                break;
            }
        }
    }
}

#[test]
fn a_standstill_costs_a_quarter_of_a_deadline_at_most() {
    for steps in 0..6 {
        let (within, mut served) = (8 * SECOND, ServedTime::new(start()));
        for _ in 0..steps {
            assert!(!served.is_over(within, served.next_look(within)));
        }
        assert!(!served.is_over(within, served.next_look(within) + 100 * within), "{steps}");
        let left = within - served.passed;
        assert!(left >= within - (steps + 2) * SECOND, "{steps}: {left:?}");
    }
}

#[whippet::test(start_paused = true)]
async fn a_timeout_ends_what_does_not_and_nothing_else() {
    let begun = time::Instant::now();
    assert!(timeout(SECOND, std::future::pending::<()>()).await.is_err());
    assert_eq!(begun.elapsed().as_millis(), 1_000);
    assert_eq!(timeout(SECOND, async { 7 }).await.ok(), Some(7));
    let slow = async {
        time::sleep(SECOND / 2).await;
        8
    };
    assert_eq!(timeout(SECOND, slow).await.ok(), Some(8));
}

#[whippet::test(start_paused = true)]
async fn a_timeout_outlives_a_standstill() {
    let (sender, receiver) = whippet::sync::oneshot::channel::<()>();
    let waiting = whippet::spawn(timeout(SECOND, receiver));
    whippet::task::yield_now().await;
    time::advance(3600 * SECOND).await;
    whippet::task::yield_now().await;
    assert!(!waiting.is_finished(), "it had no time to be served");
    sender.send(()).expect("it is waited for");
    assert!(waiting.await.expect("no panic").is_ok());
}

/// What waits for a time.
const WAITS: [&str; 6] =
    ["timeout(", "timeout_at(", "sleep(", "sleep_until(", "interval(", "next_deadline("];

/// Whether code calls one of them. `handle_timeout(` and the getter `.interval(` do not wait.
fn waits(code: &str) -> bool {
    let calls = |wait: &str| {
        code.match_indices(wait).any(|(at, _)| {
            let before = &code[..at];
            let is_part = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let is_getter =
                wait == "interval(" && (before.ends_with('.') || before.ends_with("fn "));
            !is_part && !is_getter
        })
    };
    WAITS.iter().any(|wait| calls(wait))
}

/// Files below a folder that wait for a time, by their names from there, without tests.
fn waiting_files(folder: &Path, name: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let name = format!("{name}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            if !name.ends_with("tests") {
                waiting_files(&entry.path(), &format!("{name}/"), found);
            }
        } else if name.ends_with(".rs")
            && !["tests.rs", "memory_fill.rs"].iter().any(|test| name.ends_with(test))
        {
            let text = fs::read_to_string(entry.path()).expect("UTF-8");
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            if waits(code) {
                found.push(name);
            }
        }
    }
}

#[test]
fn every_wait_is_in_the_table_of_clocks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("../../ARCHITECTURE.md")).expect("it is there");
    let table = text.split("\n## Clocks\n").nth(1).expect("a section");
    let table = table.split("\n## ").next().unwrap_or_default();
    let mut found = Vec::new();
    waiting_files(&root.join("src"), "", &mut found);
    assert!(found.len() > 8, "{found:?}");
    found.retain(|file| !table.contains(&format!("`{file}`")));
    assert_eq!(found, Vec::<String>::new(), "say in ARCHITECTURE.md by which clock they go");
}
