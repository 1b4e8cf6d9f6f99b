//! Tests of a person's terminal.

use super::*;
use crate::outbound::frame::ByteCounter;
use crate::protocol::telnet::negotiation::ECHO;

/// A terminal whose client lets us echo.
fn editing() -> Terminal {
    let mut terminal = Terminal::default();
    assert_eq!(terminal.set_editing(true), InputMode::Unchanged);
    assert_eq!(terminal.handle_command(TelnetCommand::Do(ECHO)), InputMode::Keys);
    terminal.draw(&[], false);
    terminal.wrote(terminal.unwritten().len());
    terminal
}

#[test]
fn keys_wait_and_memory_does_not_grow_while_nothing_is_taken() {
    let mut terminal = editing();
    assert!(!terminal.blocks_input());
    let line = [&b"x".repeat(4000)[..], b"\r"].concat();
    for _ in 0..3 {
        assert_eq!(terminal.handle_keys(&line), None);
        assert_eq!(terminal.pop_line().map(|line| line.len()), Some(4000));
    }
    assert!(terminal.blocks_input());
    // Who goes on all the same, as when the server stops, fills no memory.
    for _ in 0..10_000 {
        terminal.handle_keys(b"\x10\r");
        terminal.pop_line();
        assert!(
            terminal.editor.as_ref().is_some_and(|editor| editor.pending() <= 5 * MAX_ECHO_BYTES)
        );
    }
    for _ in 0..10_000 {
        if terminal.blocks_input() {
            terminal.draw(&[], false);
            terminal.wrote(terminal.unwritten().len());
        }
        terminal.handle_command(TelnetCommand::AreYouThere);
    }
    terminal.draw(&[], false);
    terminal.wrote(terminal.unwritten().len());
    assert!(!terminal.blocks_input());
}

#[test]
fn a_tab_holds_the_keys_until_its_answer_comes() {
    let mut terminal = editing();
    let mut cx = Context::from_waker(std::task::Waker::noop());
    terminal.handle_keys(b"al\t");
    assert!(terminal.has_new_completion() && !terminal.blocks_input());
    let (word, answer) = terminal.send_completion().expect("a question");
    assert!(word == "al" && terminal.blocks_input() && terminal.send_completion().is_none());
    assert_eq!(terminal.poll_completion(&mut cx), Poll::Pending);
    answer.send(Completions::matching(["alice"].into_iter(), "al")).expect("the terminal waits");
    assert_eq!(terminal.poll_completion(&mut cx), Poll::Ready(()));
    assert!(!terminal.blocks_input());
    assert_eq!(terminal.handle_keys(b"hi\r"), None);
    assert_eq!(terminal.pop_line().as_deref(), Some("alice: hi"));
    // A broker that is gone has no answer, and nobody waits for it.
    terminal.handle_keys(b"al\t");
    drop(terminal.send_completion());
    assert_eq!(terminal.poll_completion(&mut cx), Poll::Ready(()));
    assert_eq!(terminal.handle_keys(b"\r"), None);
    assert_eq!(terminal.pop_line().as_deref(), Some("al"));
}

#[test]
fn what_is_written_settles_what_is_owed_and_no_more() {
    let mut terminal = editing();
    let gauge = ByteCounter::new();
    let frames = [Frame::new(b"alice: hello\r\n", &gauge), Frame::new(b"bob: hi\r\n", &gauge)];
    terminal.draw(&frames, false);
    let all = terminal.unwritten().len();
    drop(frames);
    assert!(gauge.bytes() >= all, "a copy of frames is counted as they are");
    let (mut bytes, mut whole) = (0, 0);
    for _ in 0..all {
        assert!(!terminal.is_written());
        let (settled, frames) = terminal.wrote(1);
        (bytes, whole) = (bytes + settled, whole + frames);
    }
    assert!(terminal.is_written());
    assert_eq!((bytes, whole), (23, 2));
    assert_eq!(gauge.bytes(), 0);
}

#[test]
fn lines_wait_in_a_bounded_room_and_are_told_once() {
    let mut terminal = editing();
    let line = [&b"x".repeat(1000)[..], b"\r"].concat();
    let mut taken = 0;
    while terminal.accepts_keys() {
        terminal.handle_keys(&line);
        taken += 1;
        terminal.draw(&[], false);
        let told = String::from_utf8_lossy(terminal.unwritten()).into_owned();
        let notice = "* 5 lines not said yet, for they come fast; Ctrl-C drops them";
        assert_eq!(told.contains(notice), taken == PASTE_CONFIRM_LINES, "{taken}");
        terminal.wrote(terminal.unwritten().len());
    }
    assert!(taken > 30 && terminal.pending_line_bytes() < MAX_PENDING_LINE_BYTES + 1100);
    for left in (0..taken).rev() {
        assert!(terminal.pop_line().is_some() && (terminal.pending_line_bytes() > 0) == (left > 0));
    }
    assert_eq!(terminal.pop_line(), None);
}

#[test]
fn stamps_are_by_ones_own_clock_and_others_pay_nothing() {
    let gauge = ByteCounter::new();
    let frames = [Frame::new(b"23:59:59 alice: hi\r\n", &gauge)];
    let mut terminal = Terminal::default();
    terminal.set_timestamps(Some(true), None);
    assert!(!terminal.owns_output(), "stamps in UTC are shared");
    terminal.set_timestamps(Some(true), UtcOffset::parse("+01:00"));
    assert!(terminal.owns_output());
    terminal.draw(&frames, false);
    assert_eq!(terminal.unwritten(), b"00:59:59 alice: hi\r\n");
    assert_eq!(frames[0].as_ref(), b"23:59:59 alice: hi\r\n", "of the others nothing changes");
    terminal.wrote(terminal.unwritten().len());
    // What is on its way when they are turned off is by the same clock still.
    assert!(!terminal.set_timestamps(Some(false), None).is_utc() && terminal.owns_output());
    terminal.set_timestamps(None, Some(UtcOffset::UTC));
    assert!(!terminal.owns_output());
}
