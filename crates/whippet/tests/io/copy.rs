//! Copies from stream to stream.

use crate::support::{Chunks, Slow, finish, poll_times};
use proptest::collection::vec;
use proptest::prelude::*;
use std::io;
use std::pin::pin;
use std::task::{Context, Waker};
use whippet::io::{
    AsyncReadExt, AsyncWriteExt, BufReader, BufWriter, copy, copy_bidirectional,
    copy_bidirectional_with_sizes, copy_buf, duplex, empty, repeat, sink,
};

proptest! {
    #[test]
    fn all_is_copied_and_flushed(
        bytes in vec(any::<u8>(), 0..100),
        reads in vec(1..9_usize, 1..6),
        writes in vec(1..9_usize, 1..6),
        buffered in any::<bool>(),
    ) {
        let (mut reader, mut writer) = (Chunks::new(&bytes, &reads), Slow::new(&writes));
        let count = match buffered {
            true => finish(copy_buf(&mut BufReader::with_capacity(7, reader), &mut writer)),
            false => finish(copy(&mut reader, &mut writer)),
        };
        prop_assert_eq!(count.unwrap(), bytes.len() as u64);
        prop_assert_eq!(writer.flushed, bytes.len());
        prop_assert_eq!(writer.taken, bytes);
        prop_assert!(!writer.closed);
    }

    #[test]
    fn a_dropped_copy_buf_goes_on_where_it_was(
        bytes in vec(any::<u8>(), 0..60),
        reads in vec(1..9_usize, 1..6),
        writes in vec(1..9_usize, 1..6),
        polls in vec(2..5_usize, 1..6),
    ) {
        let mut reader = BufReader::with_capacity(7, Chunks::new(&bytes, &reads));
        let mut writer = Slow::new(&writes);
        let mut polls = polls.into_iter().cycle();
        while poll_times(copy_buf(&mut reader, &mut writer), polls.next().unwrap()).is_none() {}
        prop_assert_eq!(writer.taken, bytes);
    }

    #[test]
    fn both_directions_to_their_ends(
        there in vec(any::<u8>(), 0..60),
        back in vec(any::<u8>(), 0..60),
        sizes in (0..9_usize, 1..9_usize, 1..9_usize),
    ) {
        let (mut client, mut left) = duplex(sizes.1);
        let (mut right, mut server) = duplex(sizes.2);
        let (mut question, mut answer) = (Vec::new(), Vec::new());
        let counts = finish(async {
            let proxy = copy_bidirectional_with_sizes(&mut left, &mut right, sizes.0, sizes.1);
            let talk = async {
                client.write_all(&there).await?;
                client.shutdown().await?;
                client.read_to_end(&mut answer).await
            };
            let serve = async {
                server.read_to_end(&mut question).await?;
                server.write_all(&back).await?;
                server.shutdown().await
            };
            whippet::try_join!(proxy, talk, serve).map(|(counts, _, ())| counts)
        });
        prop_assert_eq!(counts.unwrap(), (there.len() as u64, back.len() as u64));
        prop_assert_eq!((question, answer), (there, back));
    }
}

#[test]
fn what_came_does_not_wait_in_a_buffer_for_what_does_not_come() {
    let (mut source, mut reader) = duplex(64);
    let (writer, mut target) = duplex(64);
    let mut writer = BufWriter::new(writer);
    finish(source.write_all(b"now")).unwrap();
    for buffered in [false, true] {
        let mut slow = pin!(async {
            match buffered {
                false => copy(&mut reader, &mut writer).await,
                true => copy_buf(&mut BufReader::new(&mut reader), &mut writer).await,
            }
        });
        assert!(slow.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let mut got = [0; 3];
        assert_eq!(poll_times(target.read_exact(&mut got), 1).expect("it is there").unwrap(), 3);
        assert_eq!(&got, b"now");
        finish(source.write_all(b"now")).unwrap();
    }
}

#[test]
fn an_error_of_either_side_ends_the_copy() {
    let (mut near, far) = duplex(8);
    drop(far);
    assert_eq!(
        finish(copy(&mut &b"x"[..], &mut near)).unwrap_err().kind(),
        io::ErrorKind::BrokenPipe
    );
    let error = finish(copy_buf(&mut &b"x"[..], &mut near)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);

    let (mut client, mut left) = duplex(8);
    finish(client.write_all(b"x")).unwrap();
    let error = finish(copy_bidirectional(&mut left, &mut near)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn endless_copies_let_others_run() {
    let runtime = whippet::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let endless = [
            whippet::spawn(async { copy(&mut repeat(0), &mut sink()).await }),
            whippet::spawn(async { copy_buf(&mut BufReader::new(repeat(0)), &mut empty()).await }),
            whippet::spawn(async {
                copy(&mut repeat(0).take(u64::MAX), &mut BufWriter::new(sink())).await
            }),
        ];
        whippet::spawn(async {}).await.unwrap();
        for task in endless {
            task.abort();
        }
    });
}

#[test]
fn nothing_in_particular() {
    finish(async {
        assert_eq!(copy(&mut empty(), &mut sink()).await?, 0);
        assert_eq!(copy_buf(&mut empty(), &mut empty()).await?, 0);
        assert_eq!(copy(&mut repeat(7).take(20_000), &mut sink()).await?, 20_000);
        io::Result::Ok(())
    })
    .unwrap();
}
