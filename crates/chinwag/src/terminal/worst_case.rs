//! The worst work that each byte, key and telnet command can cause, by the counts of `protocol/work_steps.rs`: every member of each kind in
//! every bad state that is known, against the bounds that docs/COSTS.md tells.

use crate::limits::{
    MAX_COLUMNS, MAX_COMPLETIONS, MAX_LINE_BYTES, MAX_NICK, MAX_SUBNEGOTIATION_BYTES, READ_BUFFER,
};
use crate::protocol::completion::Completions;
use crate::protocol::decoder::{Decoded, Decoder};
use crate::protocol::telnet::negotiation::{ECHO, TIMING_MARK};
use crate::protocol::telnet::{IAC, NAWS, TTYPE};
use crate::terminal::Terminal;
use crate::terminal::editor::{Editor, Event};
use crate::terminal::pending_lines::PendingLines;
use std::collections::{BTreeMap, BTreeSet};

/// The document, which promises what is tested here.
const DOCUMENT: &str = include_str!("../../../../docs/COSTS.md");

/// What was seen and what is promised, by the first column of the tables.
struct Table {
    /// Steps, and bytes towards the peer.
    promised: BTreeMap<&'static str, [usize; 2]>,
    /// The worst of each.
    seen: BTreeMap<&'static str, [usize; 2]>,
}

impl Table {
    /// The rows of the section with this heading.
    fn of(heading: &str) -> Self {
        let section = DOCUMENT.split("\n## ").find(|section| section.starts_with(heading));
        let rows = section.expect("a section").lines().filter(|line| line.starts_with("| "));
        let row = |line: &'static str| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let number = |cell: &str| cell.replace(',', "").parse().ok();
            Some((cells[1], [number(cells[3])?, number(cells[4])?]))
        };
        Self { promised: rows.filter_map(row).collect(), seen: BTreeMap::new() }
    }

    /// Something of this row cost so much.
    fn note(&mut self, row: &str, steps: usize, bytes: usize) {
        let (&row, _) =
            self.promised.get_key_value(row).unwrap_or_else(|| panic!("no row {row:?}"));
        let seen = self.seen.entry(row).or_default();
        *seen = [seen[0].max(steps), seen[1].max(bytes)];
    }

    /// Nothing was dearer than promised, and nothing is promised that was not tried.
    fn check(self) {
        let mut broken = Vec::new();
        for (row, [steps, bytes]) in self.promised {
            let worst = self.seen.get(row).unwrap_or_else(|| panic!("{row:?} was not tried"));
            eprintln!("{row}: {worst:?} of {:?}", [steps, bytes]);
            if worst[0] > steps || worst[1] > bytes {
                broken.push(format!("{row}: {worst:?} is more than {:?}", [steps, bytes]));
            }
        }
        assert_eq!(broken, Vec::<String>::new());
    }
}

/// Lines that make work: as long as may be, of what is looked at most.
fn lines() -> Vec<String> {
    let zalgo = format!("a{}", "\u{301}".repeat(31));
    let parts = [
        "a",
        " ",
        "ab ",
        "\u{301}",
        "a\u{301}",
        "\u{65e5}",
        "\u{1f1e9}",
        "\u{1f468}\u{200d}",
        "\u{1e000}",
        "\u{1100}\u{1161}",
        "\u{1100}\u{1160}",
        "\u{628}\u{200c}\u{64e}",
        "\u{200c}",
        "1\u{fe0f}",
        "\u{1f3f4}\u{e0067}\u{e0062}",
        "\u{915}\u{94d}",
        "\u{202e}",
        "\u{600}",
        zalgo.as_str(),
        "",
    ];
    let of = |part: &str, most: usize| part.repeat(most.checked_div(part.len()).unwrap_or(0));
    parts
        .iter()
        .flat_map(|part| [of(part, MAX_LINE_BYTES - 1), of(part, MAX_LINE_BYTES / 2)])
        .collect()
}

/// Hands all keys over; an editor that asks is answered.
fn press(editor: &mut Editor, mut keys: &[u8], matches: &Completions) {
    while let Some(event) = editor.handle(&mut keys) {
        if let Event::Complete(_) = event {
            editor.complete(matches);
        }
    }
}

/// Editors in the worst states that are known: full histories, long cuts, the cursor anywhere.
fn editors() -> Vec<Editor> {
    let mut editors = Vec::new();
    for (number, line) in lines().iter().enumerate() {
        let mut editor = Editor::new(MAX_COLUMNS, false);
        for letter in ["w", "x", "y", "z"] {
            press(
                &mut editor,
                format!("{}\r", letter.repeat(MAX_LINE_BYTES - 1)).as_bytes(),
                &Completions::default(),
            );
        }
        // Something is cut that fits beside half a line.
        press(
            &mut editor,
            &[&[b'x'; MAX_LINE_BYTES / 2][..], b"\x15"].concat(),
            &Completions::default(),
        );
        editor.begin_line(line);
        for cursor in ["", "\x01", "\x1bb", "\x02\x02\x02", "\x1b[A\x1b[A"] {
            let mut editor = editor.clone();
            press(&mut editor, cursor.as_bytes(), &Completions::default());
            editor.resize([8, 80, 500, u16::MAX][number % 4]);
            editor.draw();
            editor.take_steps();
            editors.push(editor);
        }
    }
    editors
}

/// What a byte is as a key.
fn key_of(byte: u8) -> &'static str {
    match byte {
        b'\r' | b'\n' => "Enter",
        b'\t' => "Tab",
        0x03 => "Ctrl-C",
        0x02 | 0x06 => "Left, Right",
        0x04 | 0x08 | 0x7f => "Backspace, Delete",
        0x0b | 0x15 | 0x17 => "cut",
        0x19 => "yank",
        0x0e | 0x10 => "Up, Down",
        0x01 | 0x05 | 0x0c => "Home, End, redraw",
        0..=0x1f => "what is no key",
        0x20..=0x7e => "a character",
        0x80..=0xff => "a byte of a character",
    }
}

/// Sequences, and what they are as keys.
const SEQUENCES: [(&str, &str); 24] = [
    ("\x1b[A", "Up, Down"),
    ("\x1b[B", "Up, Down"),
    ("\x1bOA", "Up, Down"),
    ("\x1b[C", "Left, Right"),
    ("\x1b[D", "Left, Right"),
    ("\x1b[H", "Home, End, redraw"),
    ("\x1b[F", "Home, End, redraw"),
    ("\x1b[1~", "Home, End, redraw"),
    ("\x1b[8~", "Home, End, redraw"),
    ("\x1b[M", "Enter"),
    ("\x1b[3~", "Backspace, Delete"),
    ("\x1b[1;5C", "a word to the side"),
    ("\x1b[1;5D", "a word to the side"),
    ("\x1bb", "a word to the side"),
    ("\x1bf", "a word to the side"),
    ("\x1bd", "cut"),
    ("\x1b[3;5~", "cut"),
    ("\x1b\x7f", "cut"),
    ("\x1b\x08", "cut"),
    ("\x1b[200~", "what is no key"),
    ("\x1b[201~", "what is no key"),
    ("\x1b[99;99;99;99;99m", "what is no key"),
    ("\u{1e000}", "a character"),
    ("\u{65e5}", "a character"),
];

#[test]
fn every_key_keeps_to_its_cost_in_every_bad_state() {
    let mut table = Table::of("Keys");
    let names: Vec<_> =
        (0..2 * MAX_COMPLETIONS).map(|n| format!("a{n:0>width$}", width = MAX_NICK - 1)).collect();
    let many = Completions {
        common: String::new(),
        ..Completions::matching(names.iter().map(String::as_str), "a")
    };
    let mut inputs: Vec<(Vec<u8>, &str)> =
        (0..=255).map(|byte| (vec![byte], key_of(byte))).collect();
    inputs.extend(SEQUENCES.map(|(keys, name)| (keys.as_bytes().to_vec(), name)));
    for before in editors() {
        for (keys, name) in &inputs {
            let mut editor = before.clone();
            press(&mut editor, keys, &many);
            table.note(name, editor.take_steps() as usize, editor.pending());
            let drawn = editor.draw().len() - editor.pending();
            table.note("a draw", editor.take_steps() as usize, drawn);
            // Below another line it is a copy.
            editor.print(b"alice: hi\r\n");
            editor.draw();
            editor.take_steps();
            editor.print(b"alice: hi\r\n");
            let drawn = editor.draw().len();
            table.note("the same row again", editor.take_steps() as usize, drawn);
        }
    }
    pastes(&mut table);
    table.check();
}

/// Notes what a paste costs, from its first line to its last, beside what has been typed and cut.
fn pastes(table: &mut Table) {
    let none = Completions::default();
    for mut editor in editors().into_iter().step_by(10) {
        press(&mut editor, b"\x1b[200~", &none);
        for line in lines() {
            press(&mut editor, line.as_bytes(), &none);
            editor.draw();
            editor.take_steps();
            press(&mut editor, b"\r", &none);
            table.note("a line's end in a paste", editor.take_steps() as usize, editor.pending());
        }
        press(&mut editor, b"the rest", &none);
        editor.draw();
        editor.take_steps();
        press(&mut editor, b"\x1b[201~", &none);
        table.note("the end of a paste", editor.take_steps() as usize, editor.pending());
        editor.draw();
        for (key, row) in [(b'\x03', "a paste dropped"), (b'\r', "a paste sent")] {
            let mut editor = editor.clone();
            editor.take_steps();
            let lines = match editor.handle(&mut &[key][..]) {
                Some(Event::Pasted(lines)) => lines,
                event => {
                    assert_eq!((event, key), (None, b'\x03'));
                    PendingLines::default()
                }
            };
            table.note(row, editor.take_steps() as usize, editor.pending());
            let mut lines = lines;
            while let Some((line, _)) = lines.pop() {
                editor.draw();
                editor.take_steps();
                editor.print_own_line(&line);
                table.note("a pasted line said", editor.take_steps() as usize, editor.pending());
            }
        }
    }
}

/// What a person pastes costs its bytes, whatever the row can show of it.
#[test]
fn seven_long_lines_cost_what_their_bytes_cost() {
    let lines: String = ["a", "b", "c", "d", "e", "f", "g"]
        .map(|letter| format!("{}\r", letter.repeat(MAX_LINE_BYTES - 1)))
        .concat();
    for columns in [80, u16::MAX] {
        let (mut editor, mut steps) = (Editor::new(columns, false), 0);
        for read in lines.as_bytes().chunks(READ_BUFFER) {
            press(&mut editor, read, &Completions::default());
            editor.draw();
            steps += editor.take_steps() as usize;
        }
        eprintln!("{} bytes at {columns} columns: {steps} steps", lines.len());
        assert!(steps <= 2 * lines.len(), "{steps} steps for {} bytes", lines.len());
    }
}

/// Each byte on its own, in reads full of it: at the start of a connection, later, and in lines that are nearly full.
#[test]
fn every_byte_of_a_line_keeps_to_its_cost() {
    let mut table = Table::of("Bytes of lines");
    let now = whippet::time::Instant::now().into_std();
    let take_all = |decoder: &mut Decoder, bytes: &[u8]| {
        let mut lines = decoder.lines(bytes, now);
        while lines.next().is_some() {}
        drop(lines);
        decoder.steps().take() as usize
    };
    for byte in 0..=255_u8 {
        let row = match byte {
            b'\r' | b'\n' => "the end of a line",
            _ => "any other byte",
        };
        for begun in lines().iter().flat_map(|line| [line.clone(), format!("\n{line}")]) {
            let mut decoder = Decoder::default();
            take_all(&mut decoder, begun.as_bytes());
            let one = take_all(&mut decoder.clone(), &[byte]);
            table.note(row, one, 0);
            let read = take_all(&mut decoder, &[byte; READ_BUFFER]);
            table.note("a read of any one byte", read, 0);
        }
        // Mixed with letters and with what is not a line's.
        for unit in [
            &[b'x', byte][..],
            &[byte, IAC, 0xf1],
            &[b'x', byte, IAC, 0xfb, 1],
            &[byte, 0x15, IAC, 0xfe, 9],
        ] {
            for end in ["", "\n"] {
                let mut decoder = Decoder::default();
                take_all(&mut decoder, b"hello\n");
                let read = [&unit.repeat(READ_BUFFER / unit.len()), end.as_bytes()].concat();
                table.note("a read of anything", take_all(&mut decoder, &read), 0);
            }
        }
    }
    table.check();
}

/// A decoder and a terminal, as a person's task has them.
struct Peer {
    decoder: Decoder,
    terminal: Terminal,
}

impl Peer {
    /// One that edits or does not.
    fn new(edits: bool) -> Self {
        let mut peer = Self { decoder: Decoder::default(), terminal: Terminal::default() };
        if edits {
            peer.terminal.set_editing(true);
            peer.send(&[IAC, 0xfd, ECHO]);
            peer.send(&[IAC, 0xfb, NAWS]);
        }
        peer.take_out();
        peer.send(b"\r");
        peer
    }

    /// Sends bytes. Says what work they made.
    fn send(&mut self, bytes: &[u8]) -> usize {
        let now = whippet::time::Instant::now().into_std();
        let mut lines = self.decoder.lines(bytes, now);
        while let Some(decoded) = lines.next() {
            let reading = match decoded {
                Decoded::Telnet(command) => self.terminal.handle_command(command),
                Decoded::Keys(keys) => {
                    self.terminal.handle_keys(keys);
                    while self.terminal.pop_line().is_some() {}
                    crate::terminal::InputMode::Unchanged
                }
                _ => crate::terminal::InputMode::Unchanged,
            };
            match reading {
                crate::terminal::InputMode::Keys => {
                    self.terminal.begin_line(&lines.enter_key_mode())
                }
                crate::terminal::InputMode::Lines(begun) => lines.leave_key_mode(&begun),
                crate::terminal::InputMode::Unchanged => {}
            }
        }
        drop(lines);
        (self.decoder.steps().take() + self.terminal.take_steps()) as usize
    }

    /// What is to be sent to the peer, the row left out.
    fn take_out(&mut self) -> usize {
        let bytes = self.terminal.pending();
        self.terminal.draw(&[], false);
        self.terminal.wrote(self.terminal.unwritten().len());
        self.terminal.take_steps();
        bytes
    }
}

#[test]
fn every_telnet_command_keeps_to_its_cost() {
    let mut table = Table::of("Telnet's commands");
    let mut commands: Vec<(Vec<u8>, &str)> = Vec::new();
    for command in 0..=255 {
        let row = match command {
            0..=0xeb => "an IAC before what is no command",
            0xf6 => "AYT",
            _ => "any other command of two bytes",
        };
        commands.push((vec![IAC, command], row));
    }
    for option in 0..=255 {
        let row = match option {
            ECHO => "WILL, WONT, DO, DONT of ECHO",
            NAWS | TTYPE | TIMING_MARK => "WILL, WONT, DO, DONT of NAWS, TTYPE, TIMING-MARK",
            _ => "WILL, WONT, DO, DONT of any other option",
        };
        commands.extend((0xfb..=0xfe).map(|verb| (vec![IAC, verb, option], row)));
        for end in [0xec, 0xf0, 0xf1] {
            commands.push((vec![IAC, 0xfa, option, IAC, end], "a short subnegotiation"));
        }
    }
    for columns in [0, 1, 8, 80, 500, u16::MAX] {
        let [high, low] = columns.to_be_bytes();
        let window = [IAC, 0xfa, NAWS, high, low, 0, 24].map(|byte| vec![byte]).concat();
        commands.push(([window, vec![IAC, 0xf0]].concat(), "a short subnegotiation"));
    }
    let long =
        [&[IAC, 0xfa][..], &[b'x'; MAX_SUBNEGOTIATION_BYTES + 2], &[IAC, 0xf0, b'\r']].concat();
    commands.push((long, "a long subnegotiation"));
    for edits in [false, true] {
        for (bytes, row) in &commands {
            let mut peer = Peer::new(edits);
            if edits {
                peer.send("\u{301}".repeat(MAX_LINE_BYTES / 2 - 1).as_bytes());
                peer.take_out();
            }
            // The offer of an editor is made once.
            for _ in 0..3 {
                let steps = peer.send(bytes);
                table.note(row, steps, peer.take_out());
            }
        }
    }
    table.check();
}

/// Whatever is repeated, a byte of it brings only so much back.
#[test]
fn no_telnet_command_is_an_amplifier() {
    let mut worst = BTreeSet::new();
    for option in 0..=255 {
        for verbs in [[0xfb, 0xfc], [0xfd, 0xfe], [0xfb, 0xfd]] {
            for edits in [false, true] {
                let mut peer = Peer::new(edits);
                let flood = verbs.map(|verb| [IAC, verb, option]).concat().repeat(200);
                peer.send(&flood);
                worst.insert((peer.take_out() / (flood.len() / 8), option));
            }
        }
    }
    // In eighths of what came, which the once-only answers are below.
    assert!(worst.last().is_some_and(|&(eighths, _)| eighths <= 20), "{:?}", worst.last());
}
