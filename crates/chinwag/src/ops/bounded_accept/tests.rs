use super::*;
use whippet::sync::{Mutex, Semaphore, mpsc};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);
/// A deadline that no test reaches.
const NEVER: Duration = Duration::from_secs(100_000);

/// Connections that a test makes.
struct Arrivals(Mutex<mpsc::UnboundedReceiver<UnixStream>>);

impl Listener for Arrivals {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<UnixStream> {
        let mut arrivals = self.0.lock().await;
        match arrivals.recv().await {
            Some(stream) => Ok(stream),
            None => std::future::pending().await,
        }
    }
}

/// A loop that answers a byte with "ok", once the gate lets it.
struct Served {
    /// Where connections are put.
    arrivals: mpsc::UnboundedSender<UnixStream>,
    /// How many requests may be answered.
    gate: Arc<Semaphore>,
    /// The number of each connection whose request has come.
    asked: mpsc::UnboundedReceiver<u8>,
}

impl Served {
    fn new(max: usize, deadline: Duration) -> Self {
        let (arrivals, come) = mpsc::unbounded_channel();
        let (asks, asked) = mpsc::unbounded_channel();
        let gate = Arc::new(Semaphore::new(0));
        let opens = Arc::clone(&gate);
        let serve = move |stream: UnixStream, activity: Arc<Activity>| {
            let (gate, asks) = (Arc::clone(&opens), asks.clone());
            async move {
                let mut byte = [0];
                activity.reading(&stream, (&stream).read_exact(&mut byte)).await?;
                let _ = asks.send(byte[0]);
                // The semaphore is never closed.
                gate.acquire().await.map_err(io::Error::other)?.forget();
                activity.writing(send_and_close(&stream, b"ok")).await
            }
        };
        let connections = Connections::new(max, deadline);
        whippet::spawn(run(Arrivals(Mutex::new(come)), connections, serve));
        Self { arrivals, gate, asked }
    }

    /// Somebody comes, who has sent this already.
    fn come(&self, sent: &[u8]) -> UnixStream {
        let (near, far) = UnixStream::pair().expect("a pair");
        if !sent.is_empty() {
            assert_eq!(near.try_write(sent).expect("room"), sent.len());
        }
        self.arrivals.send(far).expect("the loop runs");
        near
    }

    /// Waits until this many requests have come; their numbers.
    async fn asked(&mut self, count: usize) -> Vec<u8> {
        let mut asked = Vec::new();
        while asked.len() < count {
            let next = timeout(PATIENCE, self.asked.recv()).await.expect("a request");
            asked.push(next.expect("the loop runs"));
        }
        asked
    }
}

/// All that comes until the end.
async fn rest(mut stream: &UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end");
    // A reset is an end, too.
    let _ = read;
    bytes
}

#[whippet::test]
async fn the_oldest_idle_connection_is_closed() {
    let mut served = Served::new(3, NEVER);
    let people: Vec<_> = (0..5).map(|_| served.come(b"")).collect();
    // Those who came first make room for those who came last.
    assert_eq!(rest(&people[0]).await, b"");
    assert_eq!(rest(&people[1]).await, b"");
    for (number, newest) in (2..).zip(&people[2..]) {
        assert_eq!(newest.try_write(&[number]).expect("it is open"), 1);
    }
    let mut asked = served.asked(3).await;
    asked.sort_unstable();
    assert_eq!(asked, [2, 3, 4]);
    served.gate.add_permits(3);
    for newest in &people[2..] {
        assert_eq!(rest(newest).await, b"ok");
    }
}

#[whippet::test]
async fn a_busy_connection_outlives_an_idle_one() {
    let mut served = Served::new(2, NEVER);
    let oldest = served.come(&[1]);
    assert_eq!(served.asked(1).await, [1]);
    let idle = served.come(b"");
    let newest = served.come(&[2]);
    assert_eq!(rest(&idle).await, b"");
    assert_eq!(served.asked(1).await, [2]);
    // All are busy: the next waits, and is served once one has been answered.
    let waiting = served.come(&[3]);
    served.gate.add_permits(1);
    assert_eq!(rest(&oldest).await, b"ok");
    drop(oldest);
    assert_eq!(served.asked(1).await, [3]);
    served.gate.add_permits(2);
    assert_eq!((rest(&newest).await, rest(&waiting).await), (b"ok".to_vec(), b"ok".to_vec()));
}

#[whippet::test]
async fn a_request_that_has_come_is_never_passed_over() {
    let mut served = Served::new(1, NEVER);
    served.gate.add_permits(100);
    let people: Vec<_> = (0..100).map(|number| served.come(&[number])).collect();
    let asked = served.asked(100).await;
    assert_eq!(asked, (0..100).collect::<Vec<_>>());
    for asker in people {
        assert_eq!(rest(&asker).await, b"ok");
    }
}

#[whippet::test]
async fn an_answer_that_nobody_reads_keeps_nobody_out() {
    let (arrivals, come) = mpsc::unbounded_channel();
    let serve = |stream: UnixStream, activity: Arc<Activity>| async move {
        activity.writing(send_and_close(&stream, &vec![b'x'; 4 << 20])).await
    };
    let connections = Connections::new(1, NEVER);
    whippet::spawn(run(Arrivals(Mutex::new(come)), connections, serve));
    let come = || {
        let (near, far) = UnixStream::pair().expect("a pair");
        arrivals.send(far).expect("the loop runs");
        near
    };
    let (unread, reader) = (come(), come());
    assert_eq!(rest(&reader).await.len(), 4 << 20);
    assert!(rest(&unread).await.len() < 4 << 20, "it was closed in the middle");
}

#[whippet::test(start_paused = true)]
async fn a_connection_is_closed_at_its_deadline() {
    let mut served = Served::new(1, Duration::from_secs(5));
    let idle = served.come(b"");
    assert_eq!(rest(&idle).await, b"");
    let busy = served.come(&[1]);
    assert_eq!(served.asked(1).await, [1]);
    assert_eq!(rest(&busy).await, b"");
}
