//! The editor: any keys in any chunks, drawn after each chunk or once at the end, give the same lines and the same screen,
//! and nothing that a person types or hears reaches the screen as a command but those of the editor.

use super::script::{self, Chunk};
use crate::limits::{EDITOR_HISTORY_BYTES, MAX_LINE_BYTES, MAX_PENDING_LINE_BYTES};
use crate::protocol::completion::Completions;
use crate::terminal::editor::{Editor, Event};
use std::num::NonZero;
use vt100::Parser;

/// Rows and columns of the screen.
const SIZE: (NonZero<u16>, NonZero<u16>) =
    (NonZero::new(10).expect("not zero"), NonZero::new(24).expect("not zero"));
/// Who is there.
const NICKS: [&str; 4] = ["Albert", "alice", "bob", "bobby-tables"];
/// What may stand behind an ESC.
const SEQUENCES: [&[u8]; 6] = [b"[K", b"[J", b"7", b"8", b"[?2004h", b"[?2004l"];

/// The fuzz target.
pub(super) fn check(input: &[u8]) {
    let chunks = script::chunks(input);
    let stream = script::whole(&chunks);
    let at_once = Outcome::of([stream.as_slice()]);
    assert_eq!(Outcome::of(chunks.iter().map(of_chunk)), at_once, "split at the marks");
    assert_eq!(Outcome::of(stream.chunks(1)), at_once, "byte by byte");
}

/// The bytes of a chunk.
fn of_chunk(chunk: &Chunk) -> &[u8] {
    &chunk.bytes
}

/// What came of keys.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// What was asked for, completions excepted.
    events: Vec<Event>,
    /// The rows of the screen.
    screen: String,
    /// Where the cursor is.
    cursor: (u16, u16),
}

impl Outcome {
    /// What comes of these chunks; the screen is drawn after each.
    fn of<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut editor = Editor::new(SIZE.1.get(), false);
        let mut screen = Parser::new(SIZE.0, SIZE.1, 0);
        let mut events = Vec::new();
        for mut chunk in chunks {
            press(&mut editor, &mut chunk, &mut events);
            assert!(editor.line_text().len() <= MAX_LINE_BYTES && chunk.is_empty());
            show(&editor.draw(), &mut screen);
        }
        editor.print(b"alice: hello\r\n");
        show(&editor.draw(), &mut screen);
        // Which part of a long line is seen depends on where the row was drawn before; drawn anew (Ctrl-L) it does not. In a
        // paste Ctrl-L is text, so the paste is ended.
        press(&mut editor, &mut &b"\x1b\x1b[201~\x0c"[..], &mut events);
        show(&editor.draw(), &mut screen);
        assert_eq!(editor.draw(), b"", "what is drawn is drawn");
        let cursor = screen.screen().cursor_position();
        Self { events, screen: screen.screen().contents(), cursor }
    }
}

/// Hands keys over, and does what they ask for as a person's task does who may speak as fast as they like.
fn press(editor: &mut Editor, keys: &mut &[u8], events: &mut Vec<Event>) {
    while let Some(event) = editor.handle(keys) {
        match event {
            Event::Complete(word) => {
                editor.complete(&Completions::matching(NICKS.into_iter(), &word))
            }
            Event::Line(line) => {
                assert!(line.len() <= MAX_LINE_BYTES && !line.contains(['\r', '\n']), "{line:?}");
                events.push(Event::Line(line));
            }
            Event::Pasted(mut lines) => {
                assert!(lines.bytes() <= MAX_PENDING_LINE_BYTES, "{} bytes", lines.bytes());
                while let Some((line, _)) = lines.pop() {
                    assert!(
                        line.len() <= MAX_LINE_BYTES && !line.contains(['\r', '\n']),
                        "{line:?}"
                    );
                    editor.print_own_line(&line);
                    events.push(Event::Line(line));
                }
            }
            Event::Drop => panic!("nothing waits"),
            Event::Quit => events.push(Event::Quit),
        }
    }
}

/// Shows bytes, which must be harmless.
fn show(bytes: &[u8], screen: &mut Parser) {
    // One line may be fetched back as often as keys come.
    assert!(bytes.len() < 64 * EDITOR_HISTORY_BYTES.max(1 << 14), "{} bytes", bytes.len());
    for (at, &byte) in bytes.iter().enumerate() {
        let rest = &bytes[at + 1..];
        match byte {
            0x1b => assert!(SEQUENCES.iter().any(|known| rest.starts_with(known)), "{rest:?}"),
            b'\r' | b'\n' | 8 => {}
            _ => assert!(byte >= b' ' && byte != 0x7f, "the control character {byte}"),
        }
    }
    screen.process(bytes);
}
