//! Readers and writers. The reader or writer is `T`, behind a pin so that it is `Unpin` in any case.

use crate::check::{any, check};
use std::pin::Pin;

check! {
    [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::io::DuplexStream;
        whippet::io::Empty;
        whippet::io::Repeat;
        whippet::io::SimplexStream;
        whippet::io::Sink;
        whippet::io::Stderr;
        whippet::io::Stdin;
        whippet::io::Stdout;
    }
    [Send if Send, Sync if Send, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::io::ReadHalf<T>;
        whippet::io::WriteHalf<T>;
    }
    [Send if Send, Sync if Sync, Unpin, !UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        fn whippet::io::AsyncBufReadExt::read_until(any::<&mut Pin<Box<T>>>(), any(), any());
        fn whippet::io::AsyncBufReadExt::fill_buf(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncReadExt::read_buf(any::<&mut Pin<Box<T>>>(), any::<&mut Vec<u8>>());
        fn whippet::io::AsyncReadExt::read_exact(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncReadExt::read_to_end(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncReadExt::read_u8(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_i8(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_u16(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_i16(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_u32(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_i32(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_u64(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_i64(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_u128(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_i128(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_f32(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_f64(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_u16_le(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_i16_le(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_u32_le(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_i32_le(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_u64_le(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_i64_le(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_u128_le(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_i128_le(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_f32_le(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncReadExt::read_f64_le(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncWriteExt::write_u8(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_i8(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_u16(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_i16(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_u32(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_i32(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_u64(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_i64(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_u128(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_i128(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_f32(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_f64(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_u16_le(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_i16_le(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_u32_le(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_i32_le(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_u64_le(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_i64_le(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_u128_le(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_i128_le(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_f32_le(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_f64_le(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncSeekExt::seek(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncSeekExt::rewind(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncSeekExt::stream_position(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncWriteExt::write(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_vectored(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_all_vectored(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_all(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncWriteExt::write_buf(any::<&mut Pin<Box<T>>>(), any::<&mut &[u8]>());
        fn whippet::io::AsyncWriteExt::write_all_buf(any::<&mut Pin<Box<T>>>(), any::<&mut &[u8]>());
        fn whippet::io::AsyncWriteExt::flush(any::<&mut Pin<Box<T>>>());
        fn whippet::io::AsyncWriteExt::shutdown(any::<&mut Pin<Box<T>>>());
    }
    [Send if Send, Sync if Sync, !Unpin, !UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        fn whippet::io::Lines::<Pin<Box<T>>>::next_line(any());
        fn whippet::io::Split::<Pin<Box<T>>>::next_segment(any());
        fn whippet::io::copy(any::<&mut Pin<Box<T>>>(), any::<&mut Pin<Box<T>>>());
        fn whippet::io::copy_buf(any::<&mut Pin<Box<T>>>(), any::<&mut Pin<Box<T>>>());
        fn whippet::io::copy_bidirectional(any::<&mut Pin<Box<T>>>(), any::<&mut Pin<Box<T>>>());
        fn whippet::io::copy_bidirectional_with_sizes(any::<&mut Pin<Box<T>>>(), any::<&mut Pin<Box<T>>>(), any(), any());
        fn whippet::io::AsyncBufReadExt::read_line(any::<&mut Pin<Box<T>>>(), any());
        fn whippet::io::AsyncReadExt::read_to_string(any::<&mut Pin<Box<T>>>(), any());
    }
    [Send if Send, Sync if Sync, Unpin if Unpin, UnwindSafe if UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::io::BufReader<T>;
        whippet::io::BufWriter<T>;
        whippet::io::BufStream<T>;
        whippet::io::Chain<T, u8>;
        whippet::io::Chain<u8, T>;
        whippet::io::Cursor<T>;
        whippet::io::Join<T, u8>;
        whippet::io::Join<u8, T>;
        whippet::io::Lines<T>;
        whippet::io::Split<T>;
        whippet::io::Take<T>;
    }
}
