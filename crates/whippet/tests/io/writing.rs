//! Writing.

use crate::support::{Slow, finish, poll_times};
use bytes::{Buf, Bytes};
use proptest::collection::vec;
use proptest::prelude::*;
use std::io::{self, IoSlice};
use whippet::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufWriter, Cursor, SeekFrom};

proptest! {
    #[test]
    fn all_of_one_piece_and_of_several(
        pieces in vec(vec(any::<u8>(), 0..9), 0..8),
        sizes in vec(1..9_usize, 1..6),
    ) {
        let mut writer = Slow::new(&sizes);
        for piece in &pieces {
            finish(writer.write_all(piece)).unwrap();
        }
        prop_assert_eq!(&writer.taken, &pieces.concat());

        let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut writer = Slow::new(&sizes);
        finish(writer.write_all_vectored(&mut slices)).unwrap();
        prop_assert_eq!(writer.taken, pieces.concat());
    }

    #[test]
    fn a_dropped_write_all_buf_goes_on_where_it_was(
        first in vec(any::<u8>(), 0..20),
        second in vec(any::<u8>(), 0..20),
        sizes in vec(1..9_usize, 1..6),
        polls in vec(1..4_usize, 1..6),
    ) {
        let mut writer = Slow::new(&sizes);
        let all = [&first[..], &second].concat();
        let mut buffer = Bytes::from(first).chain(Bytes::from(second));
        for times in polls.into_iter().cycle() {
            let ended = poll_times(writer.write_all_buf(&mut buffer), times);
            prop_assert_eq!(&writer.taken, &all[..all.len() - buffer.remaining()]);
            if let Some(result) = ended {
                result.unwrap();
                break;
            }
        }
        prop_assert_eq!(writer.taken, all);
    }

    #[test]
    fn a_buffered_writer_loses_and_doubles_nothing(
        pieces in vec(vec(any::<u8>(), 1..9), 0..12),
        sizes in vec(1..9_usize, 1..6),
        polls in vec(1..4_usize, 1..6),
        capacity in 0..12_usize,
        vectored in any::<bool>(),
    ) {
        let mut writer = BufWriter::with_capacity(capacity, Slow::new(&sizes));
        let mut polls = polls.into_iter().cycle();
        for piece in &pieces {
            let mut rest = &piece[..];
            while !rest.is_empty() {
                let times = polls.next().unwrap();
                let (left, right) = rest.split_at(rest.len() / 2);
                let written = match vectored {
                    true => poll_times(writer.write_vectored(&[IoSlice::new(left), IoSlice::new(right)]), times),
                    false => poll_times(writer.write(rest), times),
                };
                rest = &rest[written.transpose().unwrap().unwrap_or(0)..];
                prop_assert!(writer.buffer().len() <= capacity);
            }
        }
        while poll_times(writer.flush(), polls.next().unwrap()).is_none() {}
        prop_assert_eq!(writer.buffer(), b"");
        prop_assert_eq!(&writer.get_ref().taken, &pieces.concat());
        prop_assert_eq!(writer.get_ref().flushed, pieces.concat().len());
    }
}

#[test]
fn the_end_comes_after_what_is_buffered() {
    let mut writer = BufWriter::new(Slow::new(&[2]));
    finish(writer.write_all(b"hello")).unwrap();
    assert_eq!(writer.get_ref().taken, b"");
    finish(writer.shutdown()).unwrap();
    assert_eq!(writer.get_ref().taken, b"hello");
    assert!(writer.get_ref().closed);
}

#[test]
fn a_writer_that_takes_no_more_is_an_error() {
    let mut room = [0; 3];
    let mut writer = Cursor::new(&mut room[..]);
    assert_eq!(finish(writer.write_all(b"four")).unwrap_err().kind(), io::ErrorKind::WriteZero);
    let mut rest = Bytes::from_static(b"five");
    writer.set_position(0);
    assert_eq!(
        finish(writer.write_all_buf(&mut rest)).unwrap_err().kind(),
        io::ErrorKind::WriteZero
    );
    assert_eq!(rest, "e");
    assert_eq!(finish(writer.write_u8(0)).unwrap_err().kind(), io::ErrorKind::WriteZero);
    let mut pieces = [IoSlice::new(b""), IoSlice::new(b"x")];
    let error = finish(writer.write_all_vectored(&mut pieces)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    let mut buffered = BufWriter::new(&mut writer);
    finish(buffered.write_all(b"x")).unwrap();
    assert_eq!(finish(buffered.flush()).unwrap_err().kind(), io::ErrorKind::WriteZero);
    assert_eq!(&room, b"fiv");
}

#[test]
fn numbers_there_and_back() {
    let mut cursor = Cursor::new(Vec::new());
    finish(async {
        cursor.write_u8(200).await?;
        cursor.write_i16(-2).await?;
        cursor.write_u32_le(0x0102_0304).await?;
        cursor.write_u64(u64::MAX).await?;
        cursor.write_i128_le(-5).await?;
        cursor.write_f32(0.5).await?;
        assert_eq!(cursor.get_ref()[..7], [200, 255, 254, 4, 3, 2, 1]);
        cursor.rewind().await?;
        assert_eq!(cursor.read_u8().await?, 200);
        assert_eq!(cursor.read_i16().await?, -2);
        assert_eq!(cursor.read_u32_le().await?, 0x0102_0304);
        assert_eq!(cursor.read_u64().await?, u64::MAX);
        assert_eq!(cursor.read_i128_le().await?, -5);
        assert_eq!(cursor.read_f32().await?, 0.5);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_cursor_goes_anywhere_but_before_the_begin() {
    let mut cursor = Cursor::new(b"0123".to_vec());
    finish(async {
        assert_eq!(cursor.seek(SeekFrom::End(2)).await?, 6);
        assert_eq!(cursor.read(&mut [0; 4]).await?, 0);
        cursor.write_all(b"6").await?;
        assert_eq!(cursor.get_ref(), b"0123\0\x006");
        let error = cursor.seek(SeekFrom::Current(-9)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(cursor.stream_position().await?, 7);
        io::Result::Ok(())
    })
    .unwrap();
}
