//! Tests of the decoder.

use super::*;
use proptest::prelude::*;
use std::time::Duration;

/// One moment for all tests of a run: the decoder only passes it on.
fn now() -> Instant {
    static NOW: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "an instant can be made in no other way")]
    *NOW.get_or_init(Instant::now)
}

/// Whether all of these bytes came in lines, or were paid for; and what those cost that were in none, in tokens.
fn paid_by<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (bool, u32) {
    let mut decoder = Decoder::default();
    let (mut came, mut inside, mut tokens) = (0, 0, 0);
    for chunk in chunks {
        came += chunk.len();
        let mut lines = decoder.lines(chunk, now());
        let mut ends = false;
        while let Some(decoded) = lines.next() {
            if let Decoded::Line(line) = &decoded {
                inside += line.len() + 2;
            }
            ends |= matches!(decoded, Decoded::Quit | Decoded::OtherProtocol(_));
        }
        drop(lines);
        tokens += decoder.take_non_line_tokens();
        if ends {
            break;
        }
    }
    let units = tokens as usize * MAX_LINE_BYTES + decoder.non_line_units as usize;
    (inside + decoder.partial.len() + units >= came, tokens)
}

#[test]
fn what_is_in_no_line_costs_by_the_256_bytes() {
    let kib = |bytes: &[u8]| bytes.repeat(1024 / bytes.len());
    for (what, bytes, tokens) in [
        ("lines", kib(b"hello there\r\n"), 0),
        ("NULs", kib(b"\0"), 4),
        ("no-ops", kib(b"\xff\xf1"), 4),
        ("options", kib(b"\xff\xfb\x2a\xff\xfc\x2a"), 3),
        ("subnegotiations", kib(b"\xff\xfa\x2ajunk\xff\xf0"), 3),
        ("erased characters", kib(b"x\x7f"), 4),
        ("erased words", kib(b"word\x17"), 3),
        ("an erased line", [vec![b'x'; 1023], vec![KILL]].concat(), 4),
        ("a line that is too long", vec![b'x'; 3 * MAX_LINE_BYTES + 1], 3),
        ("what follows it", [vec![b'x'; MAX_LINE_BYTES + 1], vec![0; MAX_LINE_BYTES]].concat(), 2),
    ] {
        for size in [1, 7, 100, 1 << 20] {
            let (all, cost) = paid_by(bytes.chunks(size));
            assert!(all, "{what} by the {size}");
            assert_eq!(cost, tokens, "{what} by the {size}");
        }
    }
}

/// What comes out of these chunks and the end behind them, each chunk taken `most` lines at a time.
fn decoded_by<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    most: usize,
) -> Vec<Decoded<'static>> {
    let mut decoder = Decoder::default();
    let mut all = Vec::new();
    for chunk in chunks {
        let mut fresh = chunk;
        loop {
            let mut lines = decoder.lines(fresh, now());
            let mut taken = 0;
            while taken < most {
                let longest = lines.max_next_bytes();
                let Some(decoded) = lines.next() else { break };
                if let Decoded::Line(line) = &decoded {
                    assert!(line.len() <= longest, "{} > {longest}", line.len());
                }
                all.push(owned(decoded));
                taken += 1;
            }
            drop(lines);
            fresh = &[];
            if taken < most {
                break;
            }
        }
        assert!(decoder.partial.capacity() <= 2 * MAX_LINE_BYTES);
        assert!(decoder.buffered.is_empty());
    }
    all.extend(decoder.finish());
    assert_eq!(
        decoder.partial.capacity() + decoder.buffered.capacity(),
        0,
        "idle, it holds no heap"
    );
    all
}

fn owned(decoded: Decoded<'_>) -> Decoded<'static> {
    match decoded {
        Decoded::Line(line) => Decoded::Line(Cow::Owned(line.into_owned())),
        Decoded::TooLong => Decoded::TooLong,
        Decoded::NotUtf8 => Decoded::NotUtf8,
        Decoded::OtherProtocol(other) => Decoded::OtherProtocol(other),
        Decoded::Quit => Decoded::Quit,
        Decoded::Telnet(command) => Decoded::Telnet(command),
        Decoded::Keys(_) => panic!("no keys are asked for"),
    }
}

fn decoded(input: &[u8]) -> Vec<Decoded<'static>> {
    decoded_by([input], usize::MAX)
}

fn line(text: &str) -> Decoded<'_> {
    Decoded::Line(Cow::Borrowed(text))
}

fn lines<'a>(texts: &[&'a str]) -> Vec<Decoded<'a>> {
    texts.iter().map(|text| line(text)).collect()
}

#[test]
fn every_kind_of_line_end_ends_a_line_once() {
    let ends = b"a\nb\r\nc\r\0d\re\n\nf\r\rg\r\n\0h";
    let expected = ["a", "b", "c", "d", "e", "", "f", "", "g", "h"];
    assert_eq!(decoded(ends), lines(&expected));
    assert_eq!(decoded_by(ends.chunks(1), 1), lines(&expected));
    assert_eq!(
        decoded_by([&b"a\r"[..], b"\nb\r", b"\0c\r", b"d"], 9),
        lines(&["a", "b", "c", "d"])
    );
    assert_eq!(decoded(b"a\r\xff\xf1\nb"), lines(&["a", "b"]), "a command inside of a line end");
    assert_eq!(decoded(b"x\na\r\xff\xf1\nb"), lines(&["x", "a", "b"]));
}

#[test]
fn keys_that_erase_do_so_in_lines() {
    assert_eq!(decoded(b"ab\x08c\x7fd\n"), lines(&["ad"]));
    assert_eq!(decoded("h\u{e9}\u{20ac}\x7f\x7fi\n".as_bytes()), lines(&["hi"]));
    assert_eq!(decoded(b"one two  \x17three\n\x17a\x17\x17b\n"), lines(&["one three", "b"]));
    assert_eq!(decoded(b"\x08\x7fgone\x15kept\n\0a\0\n"), lines(&["kept", "a"]));
    assert_eq!(decoded(b"ab\xff\xf7c\ngone\xff\xf8d\n"), lines(&["ac", "d"]), "EC and EL");
    assert_eq!(decoded(b"\xe9\x80\x80\x80\x7f\x7fx\n"), lines(&["x"]), "what is no UTF-8, too");
}

#[test]
fn keys_that_end_it_do_so_at_the_start_of_a_line() {
    for end in [&b"\x03"[..], b"\x04", b"x\x15\x03", b"x\x08\x04", b"\xff\xf4"] {
        let input = [b"a\n", end, b"b\nc\n"].concat();
        assert_eq!(decoded(&input), [line("a"), Decoded::Quit], "{end:?}");
        assert_eq!(decoded_by(input.chunks(1), 1), [line("a"), Decoded::Quit], "{end:?}");
        assert_eq!(decoded(end), [Decoded::Quit]);
    }
    assert_eq!(decoded(b"a\x03b\x04\n"), lines(&["a\x03b\x04"]), "in a line they are text");
    assert_eq!(decoded(b"half\xff\xf4"), [Decoded::Quit], "an interruption is one anywhere");
}

#[test]
fn commands_come_out_at_their_place() {
    let expected = [
        line("a"),
        Decoded::Telnet(TelnetCommand::Do(1)),
        Decoded::Telnet(TelnetCommand::AreYouThere),
        line("bc"),
    ];
    let input = b"a\nb\xff\xfd\x01\xff\xf6c\n";
    assert_eq!(decoded(input), expected);
    assert_eq!(decoded_by(input.chunks(1), 1), expected);
}

/// The keys in these chunks, after one line.
fn keys_of<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut decoder = Decoder::default();
    assert_eq!(decoder.lines(b"first\r\nbe", now()).next(), Some(line("first")));
    assert_eq!(decoder.lines(b"", now()).next(), None);
    assert_eq!(decoder.enter_key_mode(), b"be");
    let mut keys = Vec::new();
    for chunk in chunks {
        let mut lines = decoder.lines(chunk, now());
        while let Some(Decoded::Keys(chunk)) = lines.next() {
            let stop = chunk.iter().position(|&byte| is_stop(byte));
            assert!(
                stop.is_none_or(|stop| stop + 1 == chunk.len()),
                "a stop is the last: {chunk:?}"
            );
            keys.extend_from_slice(chunk);
        }
    }
    decoder.leave_key_mode("h\u{e9}");
    assert_eq!(decoder.lines(b"y\n", now()).next(), Some(line("h\u{e9}y")));
    keys
}

#[test]
fn keys_are_handed_out_with_one_line_end_each() {
    let input = b"a\x08\tb\r\0c\r\nd\r\xff\xf1\ne\n\x03\xff\xffz\xff\xf7\xff\xf8";
    let expected = b"a\x08\tb\rc\rd\re\n\x03\xffz\x08\x15";
    assert_eq!(keys_of([&input[..]]), expected);
    assert_eq!(keys_of(input.chunks(1)), expected);
}

#[test]
fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
    let full = "x".repeat(MAX_LINE_BYTES);
    let input = format!("first\n{full}\n{full}y\nlast\n");
    let expected = [line("first"), line(&full), Decoded::TooLong, line("last")];
    assert_eq!(decoded(input.as_bytes()), expected);
    assert_eq!(decoded_by(input.as_bytes().chunks(1), 1), expected);
    assert_eq!(decoded_by(input.as_bytes().chunks(4096), 9), expected);
}

#[test]
fn a_line_without_end_is_dropped_and_dated() {
    let mut decoder = Decoder::default();
    let start = now();
    let later = start + Duration::from_secs(1);
    let junk = [b'x'; MAX_LINE_BYTES];
    assert_eq!(decoder.lines(&junk, start).next(), None);
    assert_eq!(decoder.discarding_since(), None);
    assert_eq!(decoder.lines(&junk, start).next(), Some(Decoded::TooLong));
    for _ in 0..100 {
        assert_eq!(decoder.lines(&junk, later).next(), None);
        assert_eq!(decoder.partial.capacity() + decoder.buffered.capacity(), 0);
    }
    assert_eq!(decoder.discarding_since(), Some(start));
    assert_eq!(decoder.lines(b"\nok\n", later).next(), Some(line("ok")));
    assert_eq!(decoder.discarding_since(), None);
}

#[test]
fn what_is_no_utf8_is_replaced_and_told_once() {
    let expected = [line("a\u{fffd}b"), Decoded::NotUtf8, line("\u{fffd}"), line("é")];
    assert_eq!(decoded(b"a\xe9b\n\xff\xff\n\xc3\xa9\n"), expected);
    assert_eq!(decoded(b"\xe2\x82\n"), [line("\u{fffd}"), Decoded::NotUtf8]);
    // The letter 0xFF of an old encoding is no command, and what follows it stays.
    assert_eq!(decoded(b"\xffx\n"), [line("\u{fffd}x"), Decoded::NotUtf8]);
    assert_eq!(decoded(b"\xff\nx\n"), [line("\u{fffd}"), Decoded::NotUtf8, line("x")]);
}

#[test]
fn a_sequence_split_over_reads_is_valid() {
    let text = "grüße 👋\n".as_bytes();
    assert_eq!(decoded_by(text.chunks(1), 9), lines(&["grüße 👋"]));
}

#[test]
fn a_byte_order_mark_is_skipped_at_the_start_alone() {
    assert_eq!(decoded(b"\xef\xbb\xbf/nick x\n\xef\xbb\xbfy"), lines(&["/nick x", "\u{feff}y"]));
    let full = "x".repeat(MAX_LINE_BYTES);
    assert_eq!(decoded(format!("\u{feff}{full}").as_bytes()), lines(&[&full]));
    assert_eq!(decoded(b"\xef\xbb\n"), [line("\u{fffd}"), Decoded::NotUtf8]);
}

#[test]
fn what_follows_an_abandoned_subnegotiation_is_dropped_to_the_line_end() {
    let long = [b"a\n\xff\xfa".as_slice(), &[b'x'; 5000], b"junk\nb\n"].concat();
    assert_eq!(decoded(&long), lines(&["a", "b"]));
    assert_eq!(decoded_by(long.chunks(1), 1), lines(&["a", "b"]));
}

#[test]
fn an_unterminated_last_line_counts() {
    assert_eq!(decoded(b"hi"), lines(&["hi"]));
    assert_eq!(decoded(b"hi\nyou"), lines(&["hi", "you"]));
    assert_eq!(decoded(b"hi\n"), lines(&["hi"]));
    assert_eq!(decoded(b"hi\r"), lines(&["hi"]));
}

/// What such a stream must come to, whole and however it is split.
fn comes_to(stream: &[u8], expected: &[Decoded<'_>]) {
    let start = String::from_utf8_lossy(&stream[..stream.len().min(80)]);
    assert_eq!(decoded(stream), expected, "{start:?}");
    for size in [1, 2, 5, 11, 4096] {
        assert_eq!(decoded_by(stream.chunks(size), 1), expected, "{start:?} by the {size}");
    }
}

/// The methods that a page may give its request, and others that are tokens.
const METHODS: [&str; 12] = [
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "OPTIONS",
    "patch",
    "post",
    "X_1",
    "M-SEARCH",
    "a.b",
    "!#$%&'*+-.^_`|~",
    "0",
];

#[test]
fn a_request_is_known_behind_blank_lines_whatever_its_method() {
    for method in METHODS {
        for start in ["", "\u{feff}", "\n", "\r\n\r\n", " \n\t\n", "\0\n\u{200b}\n", "x\x08\n"] {
            let request = format!("{start}{method} /a HTTP/1.1\r\nHost: x\r\n\r\n/nick x\nhello\n");
            let blank = decoded(start.as_bytes());
            let expected = [&blank[..], &[Decoded::OtherProtocol(OtherProtocol::Http)]].concat();
            comes_to(request.as_bytes(), &expected);
        }
    }
}

#[test]
fn other_protocols_are_known_however_they_are_split() {
    for (input, other) in [
        (&b"GET / HTTP/1.1"[..], OtherProtocol::Http),
        (b"DESCRIBE rtsp://x/ RTSP/1.0\r\n\r\n", OtherProtocol::Rtsp),
        (b"REGISTER sip:x SIP/2.0\r\n", OtherProtocol::Sip),
        (b"\x16\x03\x01\x02", OtherProtocol::Tls),
        (b"SSH-2.0-x\r\n", OtherProtocol::Ssh),
        (b"PASS secret\r\nNICK x\r\n", OtherProtocol::Irc),
        (b"CAP LS 302\r\nNICK x\r\n", OtherProtocol::Irc),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nhello\n", OtherProtocol::Proxy),
    ] {
        comes_to(input, &[Decoded::OtherProtocol(other)]);
        let later = [line("").clone(), Decoded::OtherProtocol(other)];
        comes_to(&[b"\n", input].concat(), &later);
        let said = [&b"hi\n"[..], input].concat();
        assert!(!decoded(&said).contains(&Decoded::OtherProtocol(other)), "{said:?}");
    }
}

#[test]
fn the_signature_of_a_proxy_is_known() {
    let header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\x7f\0\0\x01\x7f\0\0\x01\0\x01\0\x02hello\n";
    let blank = [line(""), line(""), line("")];
    let proxy = [&blank[..], &[Decoded::OtherProtocol(OtherProtocol::Proxy)]].concat();
    comes_to(header, &proxy);
    comes_to(&[b"\r\n", &header[..]].concat(), &[&[line("")], &proxy[..]].concat());
    comes_to(b"QUIT\n", &lines(&["QUIT"]));
    comes_to(b"\r\n\r\n\r\nQUIT\n", &lines(&["", "", "", "QUIT"]));
}

#[test]
fn an_irc_client_is_known_until_something_is_said() {
    let irc = Decoded::OtherProtocol(OtherProtocol::Irc);
    comes_to(
        b"/nick bob\n\n/foo\nNICK x\nhi\n",
        &[lines(&["/nick bob", "", "/foo"]), vec![irc]].concat(),
    );
    for said in ["hi", "/me waves", "//x", "/msg bob hi", "PASS me the salt"] {
        let stream = format!("/who\n{said}\nNICK x\n");
        comes_to(stream.as_bytes(), &lines(&["/who", said, "NICK x"]));
    }
    comes_to(b"/who\nGET / HTTP/1.1\n", &lines(&["/who", "GET / HTTP/1.1"]));
}

#[test]
fn chat_is_not_taken_for_another_protocol() {
    for said in [
        "GET well soon",
        "PASS me the salt",
        "NICK said hi",
        "USER error",
        "CAP it all",
        "PROXY it is",
        "GET / HTTP/1.1 is said",
        "QUIT",
        "get / http/1.1",
    ] {
        comes_to(format!("{said}\nNICK x\n").as_bytes(), &lines(&[said, "NICK x"]));
    }
}

#[test]
fn a_request_may_be_longer_than_a_line() {
    let long = "x".repeat(MAX_LINE_BYTES);
    for request in [
        format!("POST /{long} HTTP/1.1\r\n\r\n/nick x\n"),
        format!("{long}{long} / HTTP/1.1\r\n\r\n/nick x\n"),
        format!("POST /{} HTTP/1.1\r\n/nick x\n", &long[6..]),
    ] {
        let expected = [Decoded::TooLong, Decoded::OtherProtocol(OtherProtocol::Http)];
        comes_to(request.as_bytes(), &expected);
    }
    for (said, next) in [("look", "POST"), ("a", "b c"), ("", " "), ("x\x08", "\x17")] {
        let stream = format!("{said} {long}{next} HTTP/1.2x\nhello\n");
        comes_to(stream.as_bytes(), &[Decoded::TooLong, line("hello")]);
    }
    let second = format!("\nhi\nPOST /{long} HTTP/1.1\nhello\n");
    comes_to(second.as_bytes(), &[line(""), line("hi"), Decoded::TooLong, line("hello")]);
}

#[test]
fn what_waits_is_known_without_being_taken() {
    for (bytes, other) in [
        (&b"\r\nPOST / HTTP/1.1\r\n"[..], Some(OtherProtocol::Http)),
        (b"\xef\xbb\xbfSSH-", Some(OtherProtocol::Ssh)),
        (b"POST / HTTP/1.1", None),
        (b"hi\nNICK x\n", None),
        (b"", None),
    ] {
        let mut decoder = Decoder::default();
        decoder.buffer(bytes);
        assert_eq!(decoder.detect_buffered(now()), other, "{bytes:?}");
        assert_eq!(decoder.buffered(), bytes);
    }
}

#[test]
fn what_is_not_taken_waits() {
    let mut decoder = Decoder::default();
    let mut lines = decoder.lines(b"x\na\nb\nc\n", now());
    assert_eq!(lines.next(), Some(line("x")));
    assert_eq!(lines.next(), Some(line("a")));
    drop(lines);
    assert!(decoder.has_buffered());
    assert_eq!(decoder.buffered(), b"b\nc\n");
    assert_eq!(decoder.lines(b"", now()).next(), Some(line("b")));
    let mut lines = decoder.lines(b"d\n", now());
    assert_eq!(lines.next(), Some(line("c")));
    assert_eq!(lines.next(), Some(line("d")));
    assert_eq!(lines.next(), None);
    drop(lines);
    assert!(!decoder.has_buffered());
}

/// Streams made of what matters: line ends, commands, text, pieces of UTF-8, long runs.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            b"\n".as_slice(), b"\r", b"\r\n", b"\r\0", b"\0", b"\xff", b"\xff\xff", b"\xff\xf0",
            b"\xff\xfa", b"\xff\xfb\x01", b"\xff\xf4", b"\xef\xbb\xbf", b"\xe2\x82", b"GET / HTTP/1.1",
            b"SSH-", b"\x16\x03", b"/nick bob", b"patch /", b" HTTP/1.1\n", b" ", b"NICK x\n", b"/who\n",
            b"\r\n\r\n\0\r\nQUIT\n",
        ]).prop_map(<[u8]>::to_vec),
        3 => "[a-z é👋]{0,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (4090..4100usize).prop_map(|length| vec![b'x'; length]),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_chunking_and_any_stopping_gives_the_same_lines(
        input in stream(),
        cuts in prop::collection::vec(prop_oneof![1..10usize, 1..5000usize], 1..40),
        most in 1..5usize,
    ) {
        let mut chunks = Vec::new();
        let mut rest = input.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break }
            let (chunk, after) = rest.split_at((*cut).min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        prop_assert!(paid_by(chunks.iter().copied()).0, "all bytes are in a line or paid for");
        prop_assert_eq!(decoded_by(chunks, most), decoded(&input));
    }

    #[test]
    fn text_without_commands_gives_what_a_plain_split_gives(texts in prop::collection::vec("[a-zà-ÿ👋/ ]{0,40}", 0..40)) {
        let input: String = texts.iter().map(|text| format!("{text}\r\n")).collect();
        let expected: Vec<_> = texts.iter().map(|text| line(text)).collect();
        prop_assert_eq!(decoded(input.as_bytes()), expected);
    }
}
