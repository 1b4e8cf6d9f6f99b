use super::*;
use std::io::{PipeReader, Read};
use std::sync::mpsc;

/// A queue that is written into a pipe, for as long as the test wants.
fn with_pipe(test: impl FnOnce(&'static Output, PipeReader)) {
    let output: &'static Output = Box::leak(Box::new(Output::new()));
    let (reader, writer) = io::pipe().expect("a pipe");
    let tell = |lines| output.push(format!("{lines} missing\n").as_bytes());
    output
        .start("test", move || output.write_out(|bytes| write(writer.as_fd(), bytes), tell))
        .expect("a thread");
    test(output, reader);
}

/// Pushes numbered lines until one is dropped; says how many were not.
fn fill(output: &Output) -> u64 {
    let mut pushed = 0;
    while output.dropped() == 0 {
        output.push(format!("line {pushed}\n").as_bytes());
        pushed += 1;
    }
    pushed - 1
}

/// Reads so many lines.
fn read_lines(reader: &mut PipeReader, count: u64) -> Vec<String> {
    let (mut text, mut ends) = (Vec::new(), 0);
    let mut byte = [0];
    while ends < count {
        reader.read_exact(&mut byte).expect("there is more");
        ends += u64::from(byte == *b"\n");
        text.push(byte[0]);
    }
    String::from_utf8(text).expect("UTF-8").lines().map(str::to_owned).collect()
}

const SOON: Duration = Duration::from_secs(60);

#[test]
fn a_full_pipe_costs_lines_and_nobodys_time() {
    with_pipe(|output, mut reader| {
        let kept = fill(output);
        for _ in 0..9 {
            output.push(b"dropped, although it is short\n");
        }
        assert_eq!(output.dropped(), 10);
        let mut expected: Vec<_> = (0..kept).map(|number| format!("line {number}")).collect();
        expected.push("10 missing".to_owned());
        assert_eq!(read_lines(&mut reader, kept + 1), expected);
        output.push(b"the next\n");
        assert_eq!(read_lines(&mut reader, 1), ["the next"]);
    });
}

#[test]
fn what_waits_before_the_thread_is_bounded_and_kept() {
    let output: &'static Output = Box::leak(Box::new(Output::new()));
    let kept = fill(output);
    assert!(output.lock().queued.len() <= OUTPUT_BUFFER_BYTES);
    let (sender, written) = mpsc::channel();
    let write = move |bytes: &[u8]| {
        // One byte at a time: what a short write left comes next.
        sender.send(bytes[0]).map_err(io::Error::other)?;
        Ok(1)
    };
    output.start("test", move || output.write_out(write, |_| {})).expect("a thread");
    output.flush(SOON);
    let written: Vec<u8> = written.try_iter().collect();
    assert_eq!(count_lines(&written), kept);
    assert!(written.ends_with(format!("line {}\n", kept - 1).as_bytes()));
}

#[test]
fn the_end_waits_for_a_reader_who_reads() {
    with_pipe(|output, mut reader| {
        let kept = fill(output);
        std::thread::scope(|scope| {
            let reading = scope.spawn(move || read_lines(&mut reader, kept + 1));
            output.flush(SOON);
            let state = output.lock();
            assert!(state.queued.is_empty() && !state.is_writing);
            drop(state);
            assert_eq!(reading.join().expect("no panic").len() as u64, kept + 1);
        });
    });
}

#[test]
fn the_end_does_not_wait_for_one_who_does_not() {
    with_pipe(|output, reader| {
        fill(output);
        // It comes back; that it would not is what the test would hang of.
        output.flush(Duration::from_millis(1));
        assert!(output.lock().is_writing);
        drop(reader);
    });
}

#[test]
fn a_broken_stream_is_counted_and_no_trouble() {
    with_pipe(|output, reader| {
        drop(reader);
        output.push(b"one\ntwo\n");
        output.flush(SOON);
        assert_eq!(output.dropped(), 2);
        output.push(b"three\n");
        output.flush(SOON);
        assert_eq!(output.dropped(), 3);
    });
}

#[test]
fn a_stream_that_does_not_wait_is_waited_for() {
    let (mut reader, writer) = io::pipe().expect("a pipe");
    rustix::io::ioctl_fionbio(&writer, true).expect("a pipe");
    let bytes = vec![b'x'; 1 << 20];
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut writer = Some(writer);
            let lost = write_all(&bytes, &mut |bytes| {
                write(writer.as_ref().expect("it is open").as_fd(), bytes)
            });
            drop(writer.take());
            lost
        });
        let mut read = Vec::new();
        reader.read_to_end(&mut read).expect("a pipe");
        assert_eq!((writing.join().expect("no panic"), read.len()), (0, bytes.len()));
    });
}
