//! Pipes with and without a name.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::time::Duration;
use whippet::io::{AsyncReadExt, AsyncWriteExt};
use whippet::net::unix::pipe::{OpenOptions, Receiver, Sender, pipe};
use whippet::time::timeout;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// More than a pipe holds, many times over.
const MANY: usize = 1_000_000;

#[whippet::test]
async fn a_full_pipe_makes_its_writer_wait_and_a_last_sender_ends_it() -> io::Result<()> {
    let (mut sender, mut receiver) = pipe()?;
    let sent: Vec<u8> = (0..MANY).map(|number| number as u8).collect();
    let all = sent.clone();
    let writes = whippet::spawn(async move { sender.write_all(&all).await });
    let mut received = Vec::new();
    timeout(DEADLINE, receiver.read_to_end(&mut received)).await??;
    assert!(received == sent, "{} bytes came", received.len());
    writes.await??;
    assert_eq!(receiver.try_read(&mut [0; 1])?, 0, "the end stays");
    Ok(())
}

#[whippet::test]
async fn calls_that_do_not_wait() -> io::Result<()> {
    let (sender, receiver) = pipe()?;
    assert_eq!(receiver.try_read(&mut [0; 8]).expect_err("nothing").kind(), ErrorKind::WouldBlock);
    sender.writable().await?;
    assert_eq!(sender.try_write_vectored(&[IoSlice::new(b"one"), IoSlice::new(b"two")])?, 6);
    receiver.readable().await?;
    let (mut first, mut second) = ([0; 2], [0; 2]);
    let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    assert_eq!(receiver.try_read_vectored(&mut buffers)?, 4);
    assert_eq!((&first, &second), (b"on", b"et"));
    let mut words = b"and ".to_vec();
    assert_eq!(receiver.try_read_buf(&mut words)?, 2);
    assert_eq!(words, b"and wo");
    let called = receiver.try_io(|| io::Result::<()>::Err(ErrorKind::WouldBlock.into()));
    assert!(called.is_err());
    assert_eq!(receiver.try_io(|| Ok(7)).expect_err("used up").kind(), ErrorKind::WouldBlock);
    drop(receiver);
    timeout(DEADLINE, sender.writable()).await??;
    assert_eq!(
        sender.try_write(b"x").expect_err("there is no reader").kind(),
        ErrorKind::BrokenPipe
    );
    Ok(())
}

#[whippet::test]
async fn a_pipe_with_a_name_is_opened_at_either_end() -> io::Result<()> {
    let path = std::env::temp_dir().join(format!("whippet-fifo-{}", std::process::id()));
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0)?;
    let opened = async {
        assert!(OpenOptions::new().open_sender(&path).is_err(), "there is no reader");
        drop(OpenOptions::new().read_write(true).open_sender(&path)?);
        let mut receiver = OpenOptions::new().open_receiver(&path)?;
        let mut sender = OpenOptions::new().open_sender(&path)?;
        sender.write_all(b"hello").await?;
        drop(sender);
        let mut words = String::new();
        timeout(DEADLINE, receiver.read_to_string(&mut words)).await??;
        assert_eq!(words, "hello");
        io::Result::Ok(())
    };
    let result = opened.await;
    std::fs::remove_file(&path)?;
    result
}

#[whippet::test]
async fn what_is_no_pipe_or_not_that_end_is_refused() -> io::Result<()> {
    let invalid = |error: Option<io::Error>| error.map(|error| error.kind());
    let null = || std::fs::File::options().read(true).write(true).open("/dev/null");
    assert_eq!(invalid(Receiver::from_file(null()?).err()), Some(ErrorKind::InvalidInput));
    assert_eq!(
        invalid(OpenOptions::new().open_sender("/dev/null").err()),
        Some(ErrorKind::InvalidInput)
    );
    let (sender, receiver) = pipe()?;
    assert_eq!(
        invalid(Sender::from_owned_fd(receiver.into_nonblocking_fd()?).err()),
        Some(ErrorKind::InvalidInput)
    );
    let blocking = sender.into_blocking_fd()?;
    assert!(!rustix::fs::fcntl_getfl(&blocking)?.contains(rustix::fs::OFlags::NONBLOCK));
    let again = Sender::from_owned_fd(blocking)?;
    assert!(rustix::fs::fcntl_getfl(&again)?.contains(rustix::fs::OFlags::NONBLOCK));
    Ok(())
}
