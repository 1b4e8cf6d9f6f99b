//! Tests of the editor, with a model of a terminal's screen.

use super::*;
use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;
use proptest::prelude::*;
use std::num::NonZero;
use vt100::Parser;

/// Rows of the modelled screen.
const ROWS: u16 = 12;

/// A number of rows or columns.
fn size(number: u16) -> NonZero<u16> {
    NonZero::new(number).expect("a size")
}

/// A terminal of this width.
fn terminal(columns: u16) -> Parser {
    Parser::new(size(ROWS), size(columns), 0)
}

/// An editor and the screen that it draws on.
struct Harness {
    editor: Editor,
    screen: Parser,
    lines: Vec<String>,
    quit: bool,
    drops: usize,
}

impl Harness {
    fn new(columns: u16) -> Self {
        let screen = terminal(columns);
        let editor = Editor::new(columns, false);
        let mut desk = Self { editor, screen, lines: Vec::new(), quit: false, drops: 0 };
        desk.draw();
        desk
    }

    /// Shows what is to be shown.
    fn draw(&mut self) {
        let bytes = self.editor.draw();
        check_sequences(&bytes);
        self.screen.process(&bytes);
    }

    /// Takes keys that come at once, and draws.
    fn press(&mut self, keys: &str) {
        self.press_bytes(keys.as_bytes());
    }

    fn press_bytes(&mut self, mut keys: &[u8]) {
        while let Some(event) = self.editor.handle(&mut keys) {
            match event {
                Event::Line(line) => self.lines.push(line),
                Event::Pasted(mut lines) => {
                    while let Some((line, is_shown)) = lines.pop() {
                        assert!(!is_shown, "nothing of a paste was shown");
                        self.editor.print_own_line(&line);
                        self.lines.push(line);
                    }
                }
                Event::Drop => self.drops += 1,
                Event::Quit => self.quit = true,
                Event::Complete(word) => {
                    let people = ["Albert", "alice", "bob", "bobby-tables"];
                    self.editor.complete(&Completions::matching(people.into_iter(), &word));
                }
            }
        }
        self.draw();
    }

    /// The server prints a line.
    fn print(&mut self, line: &str) {
        self.editor.print(format!("{line}\r\n").as_bytes());
        self.draw();
    }

    /// What the screen shows, without the empty rows at its end.
    fn rows(&self) -> Vec<String> {
        let columns = self.screen.screen().size().1;
        let rows = self.screen.screen().rows(0, columns.into());
        let mut rows: Vec<_> = rows.map(|row| row.trim_end().to_owned()).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    /// The last row.
    fn row(&self) -> String {
        self.rows().pop().unwrap_or_default()
    }

    /// The column of the cursor.
    fn column(&self) -> u16 {
        self.screen.screen().cursor_position().1
    }
}

/// Each ESC in these bytes begins a sequence of ours.
fn check_sequences(bytes: &[u8]) {
    let ours: [&[u8]; 6] = [b"[K", b"[J", b"7", b"8", b"[?2004h", b"[?2004l"];
    for (at, _) in bytes.iter().enumerate().filter(|&(_, &byte)| byte == 0x1b) {
        let rest = &bytes[at + 1..];
        assert!(ours.iter().any(|known| rest.starts_with(known)), "{:?}", rest.get(..8));
    }
    let controls = bytes.iter().filter(|&&byte| byte < b' ' || byte == 0x7f);
    assert!(controls.copied().all(|byte| b"\r\n\x08\x1b".contains(&byte)));
}

#[test]
fn a_line_is_typed_changed_and_sent() {
    let mut desk = Harness::new(40);
    desk.press("helo");
    desk.press("\x1b[Dl");
    assert_eq!((desk.row().as_str(), desk.column()), ("> hello", 6));
    desk.press("\x01well, \x05!");
    assert_eq!(desk.row(), "> well, hello!");
    desk.press("\r");
    assert_eq!(desk.lines, ["well, hello!"]);
    assert_eq!(desk.rows(), ["> well, hello!", ">"]);
}

#[test]
fn every_key_of_the_list_works() {
    let mut desk = Harness::new(40);
    desk.press("one two three\x17\x17");
    assert_eq!(desk.row(), "> one");
    desk.press("\x19");
    assert_eq!(desk.row(), "> one two");
    desk.press("\x15\x19\x19");
    assert_eq!(desk.row(), "> one two one two");
    desk.press("\x1b\x7f\x1b\x08\x19");
    assert_eq!(desk.row(), "> one two one", "Alt-Backspace cuts a word, as Ctrl-W does");
    desk.press("\x15one two one two");
    desk.press("\x01\x06\x06\x06\x0b");
    assert_eq!(desk.row(), "> one");
    desk.press("\x1b[H\x1b[3~\x1b[3~");
    assert_eq!(desk.row(), "> e");
    desk.press("\x1b[F\x7f\x08x");
    assert_eq!(desk.row(), "> x");
    desk.press("\x03y\x01\x04z");
    assert_eq!(desk.row(), "> z", "Ctrl-C empties a line, Ctrl-D erases in it");
    assert!(!desk.quit);
    desk.press("\x03\x03");
    assert!(desk.quit);
    let mut desk = Harness::new(40);
    desk.press("\x04");
    assert!(desk.quit);
}

#[test]
fn earlier_lines_come_back() {
    let mut desk = Harness::new(40);
    desk.press("first\rsecond\r/oper secret\r /oper secret\r/me /OPER secret\rdraft");
    desk.press("\x1b[A");
    assert_eq!(desk.row(), "> second", "a secret is not kept");
    desk.press("\x1bOA\x1b[A");
    assert_eq!(desk.row(), "> first");
    desk.press("\x1b[B\x0e");
    assert_eq!(desk.row(), "> draft");
    desk.press("\x10\x10 again\r");
    assert_eq!(desk.lines.last().unwrap(), "first again");
}

#[test]
fn tab_completes_names_and_commands() {
    let mut desk = Harness::new(60);
    desk.press("bobb\t");
    assert_eq!(desk.row(), "> bobby-tables:");
    desk.press("hello al\t");
    assert_eq!(desk.rows(), ["* 2 match: Albert, alice", "> bobby-tables: hello al"]);
    desk.press("i\t");
    assert_eq!(desk.row(), "> bobby-tables: hello alice");
    desk.press("\x15bo\t");
    assert_eq!(desk.row(), "> bob");
    desk.press("\x15/wh\t");
    assert_eq!((desk.row().as_str(), desk.column()), ("> /who", 6), "or /whoami");
    desk.press("a\t");
    assert_eq!((desk.row().as_str(), desk.column()), ("> /whoami", 10));
    desk.press("\x15zz\t\x15\u{e9}\t.\t");
    assert_eq!(desk.row(), "> \u{e9}.");
    desk.press("\x15@bobb\t");
    assert_eq!((desk.row().as_str(), desk.column()), ("> @bobby-tables", 16));
    desk.press("\x15/msg @al\t");
    assert_eq!(desk.rows()[desk.rows().len() - 2..], ["* 2 match: Albert, alice", "> /msg @al"]);
    desk.press("\x15@#al\t");
    assert_eq!(desk.row(), "> @#al");
    desk.press("\x15/me hugs bobb\t");
    assert_eq!((desk.row().as_str(), desk.column()), ("> /me hugs bobby-tables", 24));
}

#[test]
fn the_line_is_whole_under_incoming_messages() {
    let mut desk = Harness::new(40);
    desk.press("half a th");
    desk.print("alice: hello");
    desk.press("ought\x1b[D\x1b[D");
    desk.print("* bob joined");
    assert_eq!(desk.rows(), ["alice: hello", "* bob joined", "> half a thought"]);
    assert_eq!(desk.column(), 14);
    for number in 0..40 {
        desk.print(&format!("alice: {number}"));
    }
    let rows = desk.rows();
    assert_eq!(
        (rows.len(), rows[10].as_str(), rows[11].as_str()),
        (12, "alice: 39", "> half a thought")
    );
    desk.print(&format!("bob: {}", "x".repeat(100)));
    assert_eq!(desk.row(), "> half a thought");
}

#[test]
fn a_long_line_is_shown_where_the_cursor_is() {
    let mut desk = Harness::new(20);
    desk.press("0123456789abcdefghijklmnopqrstuvwxyz");
    assert!(desk.row().starts_with("> <") && desk.row().ends_with("xyz"), "{}", desk.row());
    assert!(desk.row().len() < 20);
    desk.press("\x01");
    assert_eq!((desk.row().as_str(), desk.column()), ("> 0123456789abcdefg", 2));
    desk.print("alice: hi");
    assert_eq!(desk.rows(), ["alice: hi", "> 0123456789abcdefg"]);
    desk.press("\r");
    let all = desk.screen.screen().contents();
    assert!(
        all.contains("> 0123456789abcdefghijklmnopqrstuvwxyz\n"),
        "sent, it is shown whole: {all}"
    );
}

#[test]
fn wide_and_combined_characters_take_the_room_they_need() {
    let mut desk = Harness::new(12);
    desk.press("\u{65e5}\u{672c}\u{8a9e}");
    assert_eq!((desk.row().as_str(), desk.column()), ("> \u{65e5}\u{672c}\u{8a9e}", 8));
    desk.press("\x1b[D\x7f");
    assert_eq!((desk.row().as_str(), desk.column()), ("> \u{65e5}\u{8a9e}", 4));
    desk.press("\x05e\u{301}\x7f");
    assert_eq!(desk.row(), "> \u{65e5}\u{8a9e}");
    desk.press(&"\u{65e5}".repeat(20));
    desk.print("a: b");
    assert_eq!(desk.rows()[0], "a: b");
    assert_eq!(desk.rows().len(), 2, "the row is one: {:?}", desk.rows());
}

#[test]
fn a_change_of_width_is_followed() {
    let mut desk = Harness::new(40);
    desk.press("0123456789abcdefghijklmnop");
    desk.screen.screen_mut().set_size(size(ROWS), size(20));
    desk.editor.resize(20);
    desk.print("a: b");
    assert!(desk.row().starts_with("> <") && desk.row().ends_with("nop"), "{:?}", desk.rows());
    desk.screen.screen_mut().set_size(size(ROWS), size(60));
    desk.editor.resize(60);
    desk.draw();
    assert_eq!(desk.row(), "> 0123456789abcdefghijklmnop");
}

#[test]
fn a_paste_is_text_and_its_lines_are_lines() {
    let mut desk = Harness::new(40);
    desk.press("say \x1b[200~a\tb\rsecond\x1b[A\x03 line\rthird\x1b[201~ end\r");
    assert_eq!(desk.lines, ["say a\tb", "second line", "third end"]);
    assert!(!desk.quit);
}

#[test]
fn what_must_not_reach_a_terminal_is_kept_and_shown_as_a_sign() {
    let mut desk = Harness::new(40);
    desk.press("/nick a\u{202e}b\u{9b}31m\r");
    assert_eq!(desk.lines, ["/nick a\u{202e}b\u{9b}31m"]);
    assert_eq!(desk.rows()[0], "> /nick a?b?31m");
}

#[test]
fn what_is_too_much_or_broken_is_told_once() {
    let mut desk = Harness::new(80);
    desk.press(&"x".repeat(MAX_LINE_BYTES + 10));
    desk.press("\r");
    assert_eq!(desk.lines[0].len(), MAX_LINE_BYTES);
    desk.press_bytes(b"caf\xe9 \xff\r");
    assert_eq!(desk.lines[1], "caf\u{fffd} \u{fffd}");
    let told = |what: &str| desk.rows().iter().filter(|row| row.contains(what)).count();
    assert_eq!(told("not UTF-8"), 1);
    // The screen is too small for the long line, but for its notice there is room if it is cleared.
    let mut desk = Harness::new(80);
    desk.press(&"x".repeat(MAX_LINE_BYTES + 10));
    assert_eq!(desk.rows().iter().filter(|row| row.starts_with("! line too long")).count(), 1);
}

#[test]
fn an_end_leaves_the_screen_as_it_was() {
    let mut desk = Harness::new(40);
    desk.print("alice: hi");
    desk.press("half");
    let bytes = desk.editor.end();
    check_sequences(&bytes);
    desk.screen.process(&bytes);
    assert_eq!(desk.rows(), ["alice: hi"]);
    assert!(!desk.screen.screen().bracketed_paste());
}

#[test]
fn redrawing_repairs_the_row() {
    let mut desk = Harness::new(40);
    desk.print("alice: hi");
    desk.press("half");
    desk.screen.process(b"junk");
    desk.press("\x0c");
    assert_eq!(desk.rows(), ["alice: hi", "> half"]);
}

#[test]
fn what_is_too_long_for_the_row_and_erased_at_once_leaves_nothing() {
    let mut desk = Harness::new(24);
    desk.press("eighteen letters..");
    desk.press("12345678\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f");
    assert_eq!(desk.rows(), ["> eighteen letters.."]);
    desk.press("12345678\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\r");
    assert_eq!(desk.rows(), ["> eighteen letters..", ">"]);
}

#[test]
fn what_others_do_not_get_is_shown_as_a_sign() {
    let mut desk = Harness::new(60);
    desk.press("a\u{3164}b\u{2800}\u{fe0f}\u{e0101}\u{ad}c\u{202e}");
    assert_eq!(desk.row(), "> a?b????c?");
    desk.press("\x15");
    // What is needed is shown as soon as it is.
    let family = "👨\u{200d}👩\u{200d}👧";
    for (typed, shown) in [
        ("👨", "> 👨"),
        ("\u{200d}", "> 👨?"),
        ("👩", "> 👨\u{200d}👩"),
        ("\u{200d}", "> 👨\u{200d}👩?"),
        ("👧", &format!("> {family}")),
        (" 1\u{fe0f}", &format!("> {family} 1?")),
        ("\u{20e3}", &format!("> {family} 1\u{fe0f}\u{20e3}")),
        (" می\u{200c}", &format!("> {family} 1\u{fe0f}\u{20e3} می?")),
        ("خ", &format!("> {family} 1\u{fe0f}\u{20e3} می\u{200c}خ")),
    ] {
        desk.press(typed);
        assert_eq!(desk.row(), shown);
    }
    desk.press("\r");
    assert_eq!(desk.rows()[0], format!("> {family} 1\u{fe0f}\u{20e3} می\u{200c}خ"));
    assert_eq!(sanitize(&desk.lines[0]), desk.lines[0], "what was shown is said");
}

/// Keys, or a line of the server.
#[derive(Clone, Debug)]
enum Step {
    Keys(Vec<u8>),
    Heard(String),
    Resized(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = prop_oneof![
        8 => "[a-z ]{1,8}".prop_map(String::into_bytes),
        3 => prop::sample::select(vec!["\u{65e5}\u{672c}", "e\u{301}", "\u{1f468}\u{200d}\u{1f469}", "\u{1f1e9}\u{1f1ea}", "\u{202e}", "\u{e9}",
            "\u{628}\u{200c}", "\u{628}", "\u{200d}", "\u{1f469}", "1\u{fe0f}", "\u{20e3}", "\u{2800}", "\u{3164}", "\u{e0100}"])
            .prop_map(|text: &str| text.as_bytes().to_vec()),
        6 => prop::sample::select(vec![
            "\x01", "\x02", "\x03", "\x04", "\x05", "\x06", "\x08", "\t", "\x0b", "\x0c", "\r", "\x0e", "\x10", "\x15", "\x17",
            "\x19", "\x7f", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[3~", "\x1b[1;5D", "\x1b[200~", "\x1b[201~", "\x1bd", "/", "al", "bo",
        ])
        .prop_map(|text: &str| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    let step = prop_oneof![
        8 => key.prop_map(Step::Keys),
        1 => "[a-z]{1,30}".prop_map(|text| Step::Heard(format!("bob: {text}"))),
        1 => (8..50_u16).prop_map(Step::Resized),
    ];
    prop::collection::vec(step, 0..50)
}

/// Goes through the steps, drawing after each byte, or only where something is heard.
fn walk(steps: &[Step], is_drawn_often: bool) -> Harness {
    let mut desk = Harness::new(30);
    for step in steps {
        match step {
            Step::Keys(keys) => {
                let size = if is_drawn_often { 1 } else { keys.len() };
                keys.chunks(size).for_each(|chunk| desk.press_bytes(chunk));
            }
            Step::Heard(line) => desk.print(line),
            Step::Resized(columns) => {
                // What a terminal does to a row that becomes too long is its own affair.
                desk.screen = terminal(*columns);
                desk.editor.resize(*columns);
                desk.editor.forget_pending();
                desk.draw();
            }
        }
    }
    desk
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_lines_and_the_same_screen(steps in steps()) {
        let mut often = walk(&steps, true);
        let mut rarely = Harness::new(30);
        // All keys between two things heard at once.
        let mut keys = Vec::new();
        for step in steps.iter().chain([&Step::Heard("end: end".into())]) {
            if let Step::Keys(more) = step {
                keys.extend_from_slice(more);
                continue;
            }
            rarely.press_bytes(&std::mem::take(&mut keys));
            match step {
                Step::Resized(columns) => {
                    rarely.screen = terminal(*columns);
                    rarely.editor.resize(*columns);
                    rarely.editor.forget_pending();
                    rarely.draw();
                }
                Step::Heard(line) => rarely.print(line),
                Step::Keys(_) => {}
            }
        }
        often.print("end: end");
        // Which part of a long line is seen depends on where the row was drawn before; drawn anew (Ctrl-L, in no paste) it does not.
        often.press("\x1b\x1b[201~\x0c");
        rarely.press("\x1b\x1b[201~\x0c");
        prop_assert_eq!(&often.lines, &rarely.lines);
        prop_assert_eq!(often.quit, rarely.quit);
        prop_assert_eq!(often.rows(), rarely.rows());
        prop_assert_eq!(often.screen.screen().cursor_position(), rarely.screen.screen().cursor_position());
    }

    /// The last row is the prompt and a part of the line that holds the cursor, and nothing else; what is bounded is.
    #[test]
    fn the_row_is_always_what_it_should_be(steps in steps()) {
        let desk = walk(&steps, false);
        let row = desk.row();
        prop_assert!(row.starts_with('>'), "{:?}", desk.rows());
        let line: String = clusters::visible(desk.editor.line_text(), 0..desk.editor.line_text().len()).collect();
        let dense = |text: &str| text.replace(char::is_whitespace, "");
        let (line, shown) = (dense(&line), dense(row.trim_start_matches(['>', ' ', '<'])));
        prop_assert!(line.contains(&shown), "{row:?} of {line:?}");
        prop_assert!(desk.editor.line_text().len() <= MAX_LINE_BYTES);
        prop_assert!(desk.editor.history.bytes() <= EDITOR_HISTORY_BYTES);
    }
}

#[test]
fn a_long_paste_is_asked_about_and_sent() {
    let mut desk = Harness::new(60);
    let lines: Vec<_> = (1..=200).map(|number| format!("line {number}")).collect();
    desk.press(&format!("\x1b[200~{}\x1b[201~", lines.join("\r")));
    assert_eq!(desk.row(), "> paste 200 lines? Enter sends, Ctrl-C drops");
    assert!(desk.lines.is_empty(), "nothing is said unasked");
    desk.print("bob: hi");
    desk.press("x\t\x7f\x1b[A\x15\x1b[200~a\rb\r\x1b[201~");
    assert_eq!(desk.row(), "> paste 200 lines? Enter sends, Ctrl-C drops", "no answer");
    assert_eq!(desk.editor.line_text(), "");
    desk.press("\r");
    assert_eq!(desk.lines, lines);
    assert_eq!(desk.rows()[9..], ["> line 199", "> line 200", ">"]);
    desk.press("\x1b[A");
    assert_eq!(desk.row(), ">", "a paste is not kept as lines to be fetched back");
}

#[test]
fn a_long_paste_is_dropped_by_an_interrupt() {
    let mut desk = Harness::new(60);
    for key in ["\x03", "\x04"] {
        desk.press("\x1b[200~a\rb\n\rc\rd\re\x1b[201~");
        assert_eq!(desk.row(), "> paste 5 lines? Enter sends, Ctrl-C drops");
        desk.press(key);
        assert_eq!(desk.rows()[desk.rows().len() - 2..], ["* dropped 5 lines", ">"]);
    }
    assert!(desk.lines.is_empty() && !desk.quit);
    desk.press("\x1b[200~a\rb\rc\rd\r\x1b[201~");
    assert_eq!(desk.lines, ["a", "b", "c", "d"], "fewer than five are said");
}

#[test]
fn a_paste_past_its_bound_is_cut_and_says_so() {
    let mut desk = Harness::new(80);
    let long = format!("{}\r", "x".repeat(MAX_LINE_BYTES)).repeat(20);
    desk.press(&format!("\x1b[200~{long}rest\x1b[201~"));
    let rows = desk.rows();
    assert_eq!(rows[0], "! that is more than 32 KiB: what is past them is left out");
    assert_eq!(rows[1], "> paste 7 lines? Enter sends, Ctrl-C drops");
    desk.press("\r");
    assert_eq!(desk.lines.len(), 7);
    // What waits already leaves no room.
    desk.editor.set_pending_line_bytes(MAX_PENDING_LINE_BYTES);
    desk.press("\x1b[200~a\rb\r\x1b[201~");
    assert_eq!(desk.row(), "> nothing of that paste fits: Ctrl-C drops it");
    desk.press("\x03");
    assert_eq!((desk.row().as_str(), desk.drops), (">", 0));
    desk.press("half\x03");
    assert_eq!((desk.row().as_str(), desk.drops), (">", 1), "then what waits is dropped");
}

#[test]
fn ones_own_lines_carry_times_if_one_asks() {
    let mut desk = Harness::new(60);
    desk.press("one\r");
    desk.editor.set_stamp(Some(TimeOfDay::new(std::time::Duration::from_secs(50_707))));
    desk.press("two\r\x1b[200~three\r\x1b[201~half");
    assert_eq!(desk.rows(), ["> one", "14:05:07 > two", "14:05:07 > three", "> half"]);
    desk.editor.set_stamp(None);
    desk.press("\r");
    assert_eq!(desk.rows()[3..], ["> half", ">"]);
}

#[test]
fn the_prompt_shows_the_room_and_the_nick_where_there_is_room_for_it() {
    let place = |room: Option<&str>| Prompt {
        nick: Nick::parse("alice").expect("a nick"),
        room: room.map(|room| RoomName::parse(room).expect("a room")),
    };
    let mut desk = Harness::new(60);
    desk.press("hel");
    desk.editor.show_place(&place(Some("#dev")));
    desk.draw();
    assert_eq!((desk.row().as_str(), desk.column()), ("#dev alice> hel", 15));
    desk.press("lo\r");
    assert_eq!(desk.rows(), ["#dev alice> hello", "#dev alice>"]);
    desk.print("bob: hi");
    desk.editor.show_place(&place(None));
    desk.draw();
    assert_eq!(desk.rows(), ["#dev alice> hello", "bob: hi", "alice>"]);
    // A line that is longer than the row moves in what the prompt leaves.
    desk.press(&"x".repeat(70));
    let row = desk.row();
    assert!(row.starts_with("alice> <x") && row.len() < 60, "{row:?}");
    let mut desk = Harness::new(30);
    desk.editor.show_place(&place(Some("#lobby")));
    desk.press("hello");
    assert_eq!(desk.row(), "> hello", "a narrow window is for what is typed");
    desk.editor.resize(80);
    desk.draw();
    assert!(desk.rows().contains(&"#lobby alice> hello".to_owned()), "{:?}", desk.rows());
}
