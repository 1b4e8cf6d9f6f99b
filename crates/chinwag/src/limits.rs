//! Every limit of the server, with its reason. What a limit is called here is what the documentation calls it.

use std::time::Duration;

// Names and lines.

/// Fewest characters of a nick: single letters are worth more to a room as abbreviations.
pub(crate) const MIN_NICK: usize = 2;
/// Most characters of a nick: enough for a name, and three of them fit side by side in a terminal of 80 columns.
pub(crate) const MAX_NICK: usize = 24;
/// Most characters of a room's name behind its `#`.
pub(crate) const MAX_ROOM_NAME: usize = 64;
/// Most bytes of a user's text inside a line of the server: a reason, not a speech.
pub(crate) const MAX_QUOTED: usize = 200;
/// Most marks in a row on one letter (UAX 15): more than any language writes, and few enough that they cover no other line.
pub(crate) const MAX_COMBINING_MARKS: usize = 30;
/// Most columns of blanks in a row that others are shown: enough for a table, and too few to begin a row of a terminal that
/// looks like a line of the server's.
pub(crate) const MAX_BLANK_COLUMNS: usize = 16;
/// Most bytes of a line, its end not counted. Three times as much as a screen of a terminal holds in one line, and small enough
/// that a partial line for each of thousands of clients is no burden. A fuzzer gets a limit that it can reach.
pub(crate) const MAX_LINE_BYTES: usize = if cfg!(fuzzing) { 64 } else { 4096 };
/// How long a line may go on past [`MAX_LINE_BYTES`] without an end: a client that sends no line end at all is not chatting.
pub(crate) const OVERLONG_TIMEOUT: Duration = Duration::from_secs(30);
/// Most bytes of a telnet subnegotiation. Real ones have tens of bytes; one without an end is an error. A fuzzer gets a limit
/// that it can reach.
pub(crate) const MAX_SUBNEGOTIATION_BYTES: usize = if cfg!(fuzzing) { 48 } else { 4096 };

// Reading.

/// Most bytes of one read: what a worker's stack holds easily, and some 60 lines of chat.
pub(crate) const READ_BUFFER: usize = 4096;
/// Most bytes of one event once encoded, so that a slot of the broker's queue has a size. It holds the longest line there can
/// be: [`MAX_LINE_BYTES`] bytes of which each becomes U+FFFD, three bytes.
pub(crate) const MAX_EVENT_BYTES: usize = 16 * 1024;
/// What encoding adds to a line at most: the longest nick, `: ` and the line's end.
pub(crate) const LINE_OVERHEAD: usize = MAX_NICK + 4;
/// Lines that a user may send at once before being slowed: a pasted verse passes unnoticed.
pub(crate) const RATE_BURST: u32 = 10;
/// The time that earns a further line: five a second is faster than anyone types or reads.
pub(crate) const RATE_INTERVAL: Duration = Duration::from_millis(200);
/// Bytes of a reply that cost a token in addition to the one that each line costs: twice the longest line that a token lets a
/// user send, so that asking is no better way to make the server write than chatting.
pub(crate) const REPLY_BYTES_PER_TOKEN: usize = 8 * 1024;
/// How many times the rate of one connection all connections of an address may have: as many as an address may have connections
/// by default.
pub(crate) const ADDRESS_RATE_FACTOR: u32 = MAX_PER_ADDRESS as u32;
/// Bytes outside of lines (NULs, telnet commands, text that is erased again) that cost as much as a line: two orders of
/// magnitude more than a client sends that negotiates its options and a user who mistypes.
pub(crate) const NON_LINE_BYTES_PER_TOKEN: usize = 256;
/// Time between two checks of a throttled client for how long it still has to wait: the rate may be reconfigured meanwhile.
pub(crate) const THROTTLE_RECHECK: Duration = Duration::from_secs(1);
/// How long the server listens to a new client before the welcome: a browser, ssh or TLS client sends at once, and is answered
/// in its own protocol before a room hears of it. Users do not notice the wait.
pub(crate) const SNIFF_TIMEOUT: Duration = Duration::from_millis(5);
/// How many clients are sniffed at once. In a join storm the others are welcomed without it: it costs each a timer and one more
/// poll after all that the storm has queued.
pub(crate) const MAX_SNIFFING: usize = 32;

// Line editing.

/// Lines that an editor remembers.
pub(crate) const EDITOR_HISTORY_LINES: usize = 64;
/// Bytes of all of them: four of the longest, some hundred of the usual ones.
pub(crate) const EDITOR_HISTORY_BYTES: usize = 4 * MAX_LINE_BYTES;
/// Bytes for a user's own terminal (echo, answers to telnet options) past which no more keys are read before they are written:
/// a client that does not read cannot make the server buffer more.
pub(crate) const MAX_ECHO_BYTES: usize = 8 * 1024;
/// Bytes of frames that are put together with the line under way into one write; with them go at most [`WRITE_FRAMES`].
pub(crate) const TERMINAL_WRITE_BYTES: usize = 16 * 1024;
/// Columns of the narrowest window that is believed: the prompt, a sign that there is more, and a few letters.
pub(crate) const MIN_COLUMNS: u16 = 8;
/// Columns of the widest one. No screen is wider, and what a draw costs grows with it: telnet can say 65,535.
pub(crate) const MAX_COLUMNS: u16 = 500;
/// Columns of a window whose size is unknown.
pub(crate) const DEFAULT_COLUMNS: u16 = 80;
/// Code points that are shown in one column at most: a letter with two marks has three, the longest emoji 3.5. What is made of
/// more takes more columns, so that a row is bounded in code points, too.
pub(crate) const MAX_CHARS_PER_COLUMN: usize = 4;
/// Bytes of what is taken for one character: a base with 30 combining marks (UAX 15), each of four bytes. What is longer is
/// cut, or one step of the cursor could be a look at the whole line.
pub(crate) const MAX_CLUSTER_BYTES: usize = 128;
/// Keys that a user may press at once before being slowed: a line that is pasted into a terminal which does not say so.
pub(crate) const KEY_BURST: u32 = 200;
/// The time that earns a further key: a hundred a second is more than any keyboard repeats.
pub(crate) const KEY_INTERVAL: Duration = Duration::from_millis(10);
/// Keys that are waited for once none is left. One at a time would be a poll and a redraw for each.
pub(crate) const KEY_BATCH: u32 = 10;
/// Bytes of a paste that count as one key: they are put in at the end of the work of a key, which is small, and a long line
/// passes. So do letters that come in one read with others, where the terminal does not say what is pasted: a key that is pressed
/// costs a read and a draw of its own, and these do not.
pub(crate) const PASTE_BYTES_PER_KEY: u32 = 64;
/// Lines of a paste from which on the user is asked to confirm: fewer are sent at once, and more may have been pasted by
/// mistake.
pub(crate) const PASTE_CONFIRM_LINES: usize = 5;
/// Bytes of lines that wait in an editor to be sent, with those of a paste that is not confirmed yet: some 400 lines of a log.
/// What a paste has beyond is dropped, and no more keys are read while as much waits.
pub(crate) const MAX_PENDING_LINE_BYTES: usize =
    if cfg!(fuzzing) { 4 * MAX_LINE_BYTES } else { 32 * 1024 };
/// Bytes of keys that are decoded before the budget, the work of the poll and the space for their echo are checked again.
pub(crate) const KEY_CHUNK_BYTES: usize = 16;
/// Steps of work that a key includes: several draws of a usual row. What makes more counts as more keys, so that a connection's
/// keys cost 0.2 % of a processor at most in the long run, whatever its line holds.
pub(crate) const STEPS_PER_KEY: u32 = 1024;
/// Steps of work on a client's input in one poll of its task, past which it yields: some 0.1 ms. `protocol/work_steps.rs`
/// defines a step.
pub(crate) const MAX_STEPS_PER_POLL: u32 = 4096;
/// Names that a Tab shows: three rows of a screen.
pub(crate) const MAX_COMPLETIONS: usize = 16;
/// Most bytes of a word that is completed: the longest name of a room, and its `#`.
pub(crate) const MAX_COMPLETED_WORD: usize = 65;

// Queues.

/// Slots of the broker's queue for events with lines. At most [`MAX_EVENT_BYTES`] bytes each: 4 MiB.
pub(crate) const EVENT_QUEUE: usize = 256;
/// Slots of the broker's queue for joins, disconnects and the like.
pub(crate) const CONTROL_QUEUE: usize = 64;
/// Events of one client that the broker has not handled, past which the client is not read: no client fills the queue, or the
/// slots of the events that are deferred for a slow room.
pub(crate) const MAX_EVENTS_PER_CLIENT: u32 = 8;
/// Events that wait for one slow room. When the first of them waits its speakers are no longer read, so that no more than what
/// is in the queue comes ([`EVENT_QUEUE`]), and the leaves of clients that go meanwhile: twice as much. Past it the oldest
/// event of that room is handled at once, whatever its flow control says.
pub(crate) const MAX_DEFERRED_PER_ROOM: usize = 2 * EVENT_QUEUE;
/// Events that wait for slow rooms and readers, in all. At most [`MAX_EVENT_BYTES`] bytes each: 16 MiB. Past it the oldest of
/// the room that has most of them is handled at once; the others never notice.
pub(crate) const MAX_DEFERRED_EVENTS: usize = 1024;
/// How long private lines wait for a lagging recipient before they are rejected: all of one author's in a burst together, for
/// what the author sends after them waits, too.
pub(crate) const PRIVATE_DEFER_TIMEOUT: Duration = Duration::from_secs(1);
/// Time without such a wait after which there may be another of [`PRIVATE_DEFER_TIMEOUT`]: a user who goes on writing to a
/// client that does not read is held up for a tenth of the time at most.
pub(crate) const PRIVATE_DEFER_COOLDOWN: Duration = Duration::from_secs(10);
/// What a frame is charged to its receiver in addition to its bytes: about what it costs in the queue, so that empty frames are
/// not free.
pub(crate) const FRAME_OVERHEAD: usize = 64;
/// What a buffer of frames counts for in addition to its bytes, among all buffered frames: about what it costs, so that a
/// million short replies are not counted as nothing.
pub(crate) const BUFFER_OVERHEAD: usize = 128;
/// What a frame's slot in a send queue counts for: its 16 bytes, as a queue keeps capacity for four times what is in it.
pub(crate) const QUEUE_SLOT_BYTES: usize = 64;
/// Bytes pending for a client past which it lags. Below it, flow control never slows a room.
pub(crate) const QUEUE_SOFT: u64 = 64 * 1024;
/// Bytes pending for a client past which it is disconnected. Some 300 screens of chat.
pub(crate) const QUEUE_HARD: u64 = 1024 * 1024;
/// How long a client with pending bytes may take none of them.
pub(crate) const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// All frames that any client still waits for: past it the clients that lag most are disconnected.
pub(crate) const MAX_BUFFERED_BYTES: usize = 256 * 1024 * 1024;
/// Events in one batch of the broker: a receiver is woken once a batch, and a batch must not take long.
pub(crate) const BATCH_EVENTS: usize = 64;
/// Encoded bytes that end a batch: what a receiver gets in one frame, and the granularity of flow control.
pub(crate) const BATCH_BYTES: usize = 64 * 1024;
/// Buffers of batches that are kept for the next one, each of twice [`BATCH_BYTES`] at most: as many as a room has views, so
/// that a flood in all of them allocates nothing.
pub(crate) const SPARE_BUFFERS: usize = 8;
/// Bytes of such a buffer, and of that for direct lines, that are kept while nothing is pending.
pub(crate) const IDLE_BUFFER_BYTES: usize = 4096;
/// How long a frame is taken to keep the kernel busy, and so how long a line that closely follows a batch waits to be coalesced
/// with others, for each frame of that batch: sending one over loopback was measured at 4 to 5 µs.
pub(crate) const COALESCE_PER_FRAME: Duration = Duration::from_micros(6);
/// Shorter waits are not worth their timer: rooms below some forty users never wait.
pub(crate) const COALESCE_MIN: Duration = Duration::from_micros(250);
/// The longest such wait, reached in rooms of some five thousand users: nobody notices it.
pub(crate) const COALESCE_MAX: Duration = Duration::from_millis(32);

// Flow control of rooms.

/// What a lagging client must take within [`PROGRESS_WINDOW`], if as much is pending, to count for the flow control of the
/// room: 128 KiB a second is far below any link that one would chat over, and far above a reader that pretends to be dead.
pub(crate) const MIN_PROGRESS_BYTES: u64 = 64 * 1024;
/// The time for that. A busy machine may not run a task for a few tenths of a second.
pub(crate) const PROGRESS_WINDOW: Duration = Duration::from_millis(500);
/// How long a client with pending bytes that takes nothing at all still counts, while others progress: the room would pause for
/// all of it. A client whose link pauses for longer loses nothing either, unless the room says another half of [`QUEUE_HARD`]
/// meanwhile. It is more than the 200 ms after which Linux probes a closed window again, or resends a dropped segment: on a
/// machine that is offered twice what it can carry some readers wait for that, 180 to 270 ms, and with 200 ms here one in two
/// runs disconnected one of them. [`PROGRESS_WINDOW`] is for those that take little.
pub(crate) const STALLED_AFTER: Duration = Duration::from_millis(300);
/// Time between two scans while a room is paused: the end of the pause is noticed that much later.
pub(crate) const PAUSED_SCAN_INTERVAL: Duration = Duration::from_millis(20);
/// The part of the active clients, one in so many, that must progress for the others to be called stalled.
pub(crate) const MIN_PROGRESSING_SHARE: usize = 4;
/// How many must progress, too. In a small room a slow link is a large part of it, and half a second is soon over.
pub(crate) const MIN_PROGRESSING: usize = 16;
/// How often the broker scans all send queues while bytes are pending in any.
pub(crate) const SCAN_INTERVAL: Duration = Duration::from_millis(100);

// Messages of the server.

/// The greeting of new clients, unless another one is configured.
pub(crate) const DEFAULT_WELCOME: &str = "welcome to chinwag";
/// Most bytes of a configured greeting: with the nick it stays one line of a wide terminal.
pub(crate) const MAX_WELCOME_BYTES: usize = 200;
/// Most bytes of a message of the day: about a screen, for it is queued for each new client.
pub(crate) const MAX_MOTD_BYTES: usize = 2048;
/// Most lines of it: a screen, less what else a new client reads.
pub(crate) const MAX_MOTD_LINES: usize = 20;

/// Names in the welcome: a new user wants to know whether anyone is there, not to scroll.
pub(crate) const WELCOME_NAMES: usize = 10;
/// Most bytes of a reply to `/who`, its line end included: two screens.
pub(crate) const WHO_PAGE_BYTES: usize = 4096;
/// Names in it: so many that the longest of them, all away, fit. A fixed number, so that a page is found without a look at
/// those before it.
pub(crate) const WHO_PAGE_NAMES: usize = 100;
/// Joins that are announced one by one within [`ANNOUNCE_WINDOW`], and leaves; beyond it they are summarized.
pub(crate) const MAX_ANNOUNCED: usize = 200;
/// The time in which [`MAX_ANNOUNCED`] are counted.
pub(crate) const ANNOUNCE_WINDOW: Duration = Duration::from_secs(1);
/// Time between two summaries of joins and leaves.
pub(crate) const SUMMARY_INTERVAL: Duration = Duration::from_millis(250);

/// Frames in one vectored write: one system call for a burst, and few enough that the list lies on the stack.
pub(crate) const WRITE_FRAMES: usize = 64;

// Rooms.

/// Rooms at once: far more than users look through, and their histories stay below 80 MiB in all.
pub(crate) const MAX_ROOMS: usize = 1000;
/// Rooms that one user is in at once, so that no single user fills the server with rooms.
pub(crate) const MAX_ROOMS_PER_USER: usize = 20;
/// Rooms that were made from one address and still exist: more than one user may be in, so that the users behind one address
/// have rooms of their own; a /48 and all of loopback, with [`BUDGET_FACTOR_48`] times as many, take half of all.
pub(crate) const MAX_ROOMS_PER_ADDRESS: usize = 32;
/// Most bytes of a topic: what a line of the server may quote.
pub(crate) const MAX_TOPIC: usize = MAX_QUOTED;
/// Rooms in one reply to `/rooms`: with the longest names and topics it is as long as one to `/who`.
pub(crate) const ROOMS_PAGE: usize = 12;
/// Lines of chat that a room remembers.
pub(crate) const HISTORY_LINES: usize = 200;
/// Lines of history that are replayed to a user who joins a room, or asks without a number.
pub(crate) const REPLAY_LINES: usize = 20;
/// Bytes of text in what is replayed on a join: a join storm must not fill the memory with long lines of history.
pub(crate) const REPLAY_BYTES: usize = 8 * 1024;
/// Users that one user ignores at once: who needs more wants another room.
pub(crate) const MAX_IGNORED: usize = 100;
/// Time between two reads of the wall clock, for time stamps.
pub(crate) const CLOCK_INTERVAL: Duration = Duration::from_secs(1);
/// Time between two bells of a user who asked for them: a user who is being talked to need not be alerted at each line.
pub(crate) const BELL_INTERVAL: Duration = Duration::from_secs(10);
/// Bells until the user sends a line: after them nobody is there to hear more.
pub(crate) const MAX_UNANSWERED_BELLS: u8 = 5;
/// Words of a line that are looked up as nicks for the bell, while any user has it on: more than a line of a screen has.
pub(crate) const MAX_BELL_WORDS: usize = 64;
/// Bytes of text that a room remembers at most: 200 lines of the usual kind take a fifth of it.
pub(crate) const HISTORY_BYTES: usize = 64 * 1024;

// Moderation.

/// Bans at once: more than a club makes in years, and each is compared with every new client.
pub(crate) const MAX_BANS: usize = 1000;
/// Bans in one reply to `/bans`: with the longest reasons it is as long as one to `/who`.
pub(crate) const BANS_PAGE: usize = 12;
/// Bytes of the file that stores them: the longest ban has some 300.
pub(crate) const MAX_BAN_FILE_BYTES: u64 = 400 * MAX_BANS as u64;
/// Time before writing a list of bans that could not be written is tried again.
pub(crate) const STORE_RETRY: Duration = Duration::from_secs(30);
/// Wrong operator secrets of an address that have no delay: an operator may mistype.
pub(crate) const AUTH_FREE_FAILURES: u32 = 3;
/// The delay after them. Each further wrong one doubles it.
pub(crate) const AUTH_BACKOFF_MIN: Duration = Duration::from_secs(1);
/// The longest such delay: 170 guesses a day find no secret of 12 bytes.
pub(crate) const AUTH_BACKOFF_MAX: Duration = Duration::from_secs(512);
/// Time without a wrong secret after which the failures of an address are forgotten. It is so much more than the longest delay
/// that waiting for it is no quicker way to guess.
pub(crate) const AUTH_FAILURES_RESET: Duration = Duration::from_secs(3600);
/// Mutes at once, as many as [`MAX_BANS`] and for the same reason.
pub(crate) const MAX_MUTES: usize = 1000;
/// The longest time between two lines of one user in a slow room.
pub(crate) const MAX_SLOW_MODE: Duration = Duration::from_secs(3600);

// Sockets.

/// Connections that the kernel completes while we are busy: a storm of thousands must not overflow it.
pub(crate) const LISTEN_BACKLOG: u32 = 4096;
/// The kernel's send buffer of a client. By default Linux buffers 3 to 4 MiB for a client that never reads, which hides that
/// for minutes. Chosen by the load `flood-big`: from 64 KiB to 256 KiB it takes the same time; at 32 KiB and below it takes
/// over ten times as long, for the kernel fills whole segments of 64 KiB and waits for acknowledgements that the peer delays.
/// The kernel doubles the number for its own bookkeeping.
pub(crate) const SO_SNDBUF_BYTES: usize = 128 * 1024;
/// Silence after which the kernel asks whether the peer is still there.
pub(crate) const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
/// Time between such questions.
pub(crate) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// Unanswered questions that end a connection: 90 s in all.
pub(crate) const KEEPALIVE_PROBES: u32 = 3;
/// How long sent bytes may stay unacknowledged: as long as a silent peer is given.
pub(crate) const USER_TIMEOUT: Duration = Duration::from_secs(90);
/// The silence past which a probed connection is reported as not responding: it is probed each second, so that some packets may
/// be lost.
pub(crate) const UNRESPONSIVE_AFTER: Duration = Duration::from_secs(5);
/// How long a closed connection is kept so that the last message arrives.
pub(crate) const LINGER_TIMEOUT: Duration = Duration::from_secs(1);
/// What is read and discarded meanwhile: more than both kernels hold of a client that sent fast and has stopped (4 MiB to be
/// sent and 6 MiB received, by default). With less the connection is reset, and what was on its way to the client is lost.
/// Reading it takes a few milliseconds; a client that does not stop is closed after [`LINGER_TIMEOUT`].
pub(crate) const LINGER_BYTES: usize = 16 * 1024 * 1024;
/// The same for clients that were rejected, or do not read: it is not worth reading more for the sake of one sentence, or of
/// none.
pub(crate) const LINGER_BYTES_SHORT: usize = 64 * 1024;

// Memory. What it comes to is in `server/memory_bound.rs`.

/// Bytes that one batch may copy for users who do not share what others read; past it the batch ends, and the next begins. The
/// copies come in addition to [`MAX_BUFFERED_BYTES`], for no client can be disconnected in the middle of a batch.
pub(crate) const BATCH_COPY_BYTES: usize = 32 * 1024 * 1024;
/// What a batch reserves in each room for one more event, in addition to the text of a line: a leave or a new nick, and join
/// summaries before it, with another room's name and the time before them.
pub(crate) const STEP_ROOM_BYTES: usize = 256;
/// Bytes that one event in all rooms of a user may add at most: in each the two lines of a join summary, and a leave, with its
/// reason.
pub(crate) const STEP_COPY_BYTES: usize = MAX_ROOMS_PER_USER * 1280;
/// Clients of which half must have gone before memory is returned to the system: fewer leave too little to return.
pub(crate) const TRIM_MIN_PEAK: usize = 64;
/// Time without a leave after which the number of clients counts as stable.
pub(crate) const TRIM_QUIET: Duration = Duration::from_millis(250);
/// How often the number may be found to be falling still before memory is returned all the same: it is again when half of the
/// rest have gone.
pub(crate) const TRIM_MAX_CHECKS: usize = 8;

// Listeners and addresses.

/// Most bytes of a PROXY header of a trusted proxy: its addresses have 52, and what else proxies send some hundred.
pub(crate) const MAX_PROXY_HEADER_BYTES: usize = 4096;
/// How long such a header may take: a proxy sends it at once, and TCP may lose it once or twice.
pub(crate) const PROXY_HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections of one address: enough for the users behind one router, and few enough to leave slots for the others.
pub(crate) const MAX_PER_ADDRESS: usize = 16;
/// How many times the budget of an address a /56 of IPv6 has, which some providers give to one customer.
pub(crate) const BUDGET_FACTOR_56: u32 = 4;
/// How many times that a /48 has: what a company is given.
pub(crate) const BUDGET_FACTOR_48: u32 = 16;
/// Connects of an address at once: twice as many as it may have connections, so that all of them may come back after a restart
/// of theirs.
pub(crate) const CONNECT_BURST: u64 = 32;
/// The time that earns a further connect: nobody comes and goes four times a second all day.
pub(crate) const CONNECT_INTERVAL: Duration = Duration::from_millis(250);
/// Networks without connections whose budgets are remembered until they are full again: some 4 MiB. That of one that connects
/// and goes is full after a quarter of a second, that of one that guessed at the secret after an hour.
pub(crate) const MAX_TRACKED_NETWORKS: usize = 16 * 1024;
/// Descriptors kept back from connections: the listeners, the log, the reactor and rejections need some.
pub(crate) const RESERVED_FDS: usize = 32;
/// Most threads to run on, set or by the number of processors: more than most machines have; each takes a stack and a queue.
pub(crate) const MAX_WORKERS: usize = 1024;
/// Most threads for calls that may wait for a disk. There are two kinds of them, a reload and the bans, one of each at a time; as
/// many again go on beside those that hang.
pub(crate) const MAX_BLOCKING_THREADS: usize = 4;
/// Most descriptors that are used, whatever the limit of the process is: the reactor has no more slots.
pub(crate) const MAX_FDS: usize = 1 << 20;
/// Rejected connections that linger at once; beyond them a rejected connection is closed without a message.
pub(crate) const MAX_REJECTIONS_IN_FLIGHT: usize = 8;
/// First pause of the accept loop when the machine has no descriptor or memory left.
pub(crate) const BACKOFF_MIN: Duration = Duration::from_millis(10);
/// Longest such pause; each is twice the one before.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// Rejected connections and exhausted resources are logged once in this time.
pub(crate) const LOG_INTERVAL: Duration = Duration::from_secs(5);

// Metrics and the admin socket.

/// Connections to the metrics at once; for one more the oldest idle one is closed. One scraper needs one.
pub(crate) const MAX_METRICS_CONNECTIONS: usize = 8;
/// Connections to the admin socket at once; the same.
pub(crate) const MAX_ADMIN_CONNECTIONS: usize = 4;
/// How long each of them may take, from accept to close.
pub(crate) const OPS_TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes that are read and discarded after a request: what a client may have sent too much in good faith.
pub(crate) const OPS_DISCARD_BYTES: usize = 64 * 1024;
/// Pause when one of them could not be accepted.
pub(crate) const OPS_BACKOFF: Duration = Duration::from_millis(100);

// Shutdown.

/// How long a graceful shutdown may take.
pub(crate) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// The part of it that is reserved for the server's last line and the lingering close.
pub(crate) const GOODBYE_RESERVE: Duration = Duration::from_secs(1);
/// The part of it, a tenth at most, that is reserved for closing the connections that are left and for the exit of the process:
/// it has exited within the timeout.
pub(crate) const EXIT_RESERVE: Duration = Duration::from_millis(150);

// Deadlines.

/// Steps in which a deadline on a client's behaviour is measured: a standstill of the server costs them two steps at most, and
/// a deadline costs so many reads of the clock.
pub(crate) const SERVING_CLOCK_STEPS: u32 = 8;

// Output.

/// Messages to the service manager that are not sent yet: more than start, a reload and a stop come to. What does not fit is
/// dropped.
pub(crate) const NOTIFY_QUEUE: usize = 8;

/// Bytes of the log, and of what else is printed, that wait for their reader: some ten thousand lines, so that nothing is lost
/// while a reader is slow for a moment, also at the level `trace`. While the thread writes it holds as much again.
pub(crate) const OUTPUT_BUFFER_BYTES: usize = 1024 * 1024;
/// Capacity of that buffer which is kept once all is written.
pub(crate) const OUTPUT_IDLE_BYTES: usize = 4 * 1024;
/// How long the exit of the program waits for its output to be written.
pub(crate) const OUTPUT_FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
