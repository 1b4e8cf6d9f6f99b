//! Every limit of the server, with its reason. What a limit is called here is what the documentation calls it.

use std::time::Duration;

// Names and lines.

/// Fewest characters of a nick: single letters are worth more to a room as abbreviations.
pub(crate) const MIN_NICK: usize = 2;
/// Most characters of a nick: enough for a name, and three of them fit side by side in a terminal of 80 columns.
pub(crate) const MAX_NICK: usize = 24;
/// Most characters of a room's name behind its `#`.
pub(crate) const MAX_ROOM_NAME: usize = 64;
/// Most bytes of a person's words inside a line of the server's: a reason, not a speech.
pub(crate) const MAX_QUOTED: usize = 200;
/// Most marks in a row on one letter (UAX 15): more than any language writes, and few enough that they cover no other line.
pub(crate) const MAX_COMBINING_MARKS: usize = 30;
/// Most columns of blanks in a row that others are shown: enough for a table, and too few to begin a row of a terminal that
/// looks like a line of the server's.
pub(crate) const MAX_BLANK_COLUMNS: usize = 16;
/// Most bytes of a line, its end not counted. Three times as much as a screen of a terminal holds in one line, and
/// small enough that a partial line for each of thousands of people is no burden. For a fuzzer it is within reach.
pub(crate) const MAX_LINE_BYTES: usize = if cfg!(fuzzing) { 64 } else { 4096 };
/// How long a line may go on past [`MAX_LINE_BYTES`] without an end: whoever sends no line end at all is not chatting.
pub(crate) const OVERLONG_TIMEOUT: Duration = Duration::from_secs(30);
/// Most bytes of a telnet subnegotiation. Real ones have tens of bytes; one without an end is a fault. For a
/// fuzzer it is within reach.
pub(crate) const MAX_SUBNEGOTIATION_BYTES: usize = if cfg!(fuzzing) { 48 } else { 4096 };

// Reading.

/// Most bytes of one read: what a worker's stack holds easily, and some 60 lines of chat.
pub(crate) const READ_BUFFER: usize = 4096;
/// Most bytes of one event once encoded, so that a place in the broker's queue has a size. It holds the longest
/// line there can be: [`MAX_LINE_BYTES`] bytes of which each becomes U+FFFD, three bytes.
pub(crate) const MAX_EVENT_BYTES: usize = 16 * 1024;
/// What encoding adds to a line at most: the longest nick, `: ` and the line's end.
pub(crate) const LINE_OVERHEAD: usize = MAX_NICK + 4;
/// Lines that a person may send at once before being slowed: a pasted verse passes unnoticed.
pub(crate) const RATE_BURST: u32 = 10;
/// The time that earns a further line: five a second is faster than anybody types or reads.
pub(crate) const RATE_INTERVAL: Duration = Duration::from_millis(200);
/// Bytes of an answer that cost a token beside the one that each line costs: twice the longest line that a token lets
/// anybody send, so that asking is no better way to make the server write than speaking.
pub(crate) const REPLY_BYTES_PER_TOKEN: usize = 8 * 1024;
/// How many times what one connection may say all of an address may: as much as the connections that it may have by
/// default.
pub(crate) const ADDRESS_RATE_FACTOR: u32 = MAX_PER_ADDRESS as u32;
/// Bytes outside of lines (NULs, telnet's commands, what is erased again) that cost as much as a line: two orders of magnitude
/// more than a client sends that negotiates its options and a person who mistypes.
pub(crate) const NON_LINE_BYTES_PER_TOKEN: usize = 256;
/// Time between two looks of somebody who must be silent at how long that is by now: the pace may be set anew.
pub(crate) const THROTTLE_RECHECK: Duration = Duration::from_secs(1);
/// How long a newcomer is listened to before the welcome: a browser, ssh or TLS client speaks at once, and is told
/// in its own words that this is the wrong door before a room hears of it. Nobody notices the wait.
pub(crate) const SNIFF_TIMEOUT: Duration = Duration::from_millis(5);
/// How many are listened to at once. In a storm the others are welcomed without it: it costs each a timer and one more turn
/// behind all that the storm has to do.
pub(crate) const MAX_SNIFFING: usize = 32;

// Line editing.

/// Lines that an editor remembers.
pub(crate) const EDITOR_HISTORY_LINES: usize = 64;
/// Bytes of all of them: four of the longest, some hundred of the usual ones.
pub(crate) const EDITOR_HISTORY_BYTES: usize = 4 * MAX_LINE_BYTES;
/// Bytes for a person's own terminal (echo, answers to telnet's options) past which no more of his keys are read before
/// they are written: who does not read may not make us write.
pub(crate) const MAX_ECHO_BYTES: usize = 8 * 1024;
/// Bytes of frames that are put together with the line under way into one write; with them go at most [`WRITE_FRAMES`].
pub(crate) const TERMINAL_WRITE_BYTES: usize = 16 * 1024;
/// Columns of the narrowest window that is believed: the prompt, a sign that there is more, and a few letters.
pub(crate) const MIN_COLUMNS: u16 = 8;
/// Columns of the widest one. No screen is wider, and what a draw costs grows with it: telnet can say 65,535.
pub(crate) const MAX_COLUMNS: u16 = 500;
/// Columns of a window that nobody tells.
pub(crate) const DEFAULT_COLUMNS: u16 = 80;
/// Code points that are shown in one column at most: a letter with two marks has three, the longest emoji 3.5. What is made of
/// more takes more columns, so that a row is bounded in code points, too.
pub(crate) const MAX_CHARS_PER_COLUMN: usize = 4;
/// Bytes of what is taken for one character: a base with 30 combining marks (UAX 15), each of four bytes. What is longer is
/// cut, or one step of the cursor could be a look at the whole line.
pub(crate) const MAX_CLUSTER_BYTES: usize = 128;
/// Keys that a person may press at once before being slowed: a line that is pasted into a terminal which does not say so.
pub(crate) const KEY_BURST: u32 = 200;
/// The time that earns a further key: a hundred a second is more than any keyboard repeats.
pub(crate) const KEY_INTERVAL: Duration = Duration::from_millis(10);
/// Keys that are waited for once none is left. One at a time would be a turn and a draw for each.
pub(crate) const KEY_BATCH: u32 = 10;
/// Bytes of a paste that count as one key: they are put in at the end of the work of a key, which is small, and a long line
/// passes. So do letters that come in one read with others, where the terminal does not say what is pasted: a key that is pressed
/// costs a read and a draw of its own, and these do not.
pub(crate) const PASTE_BYTES_PER_KEY: u32 = 64;
/// Lines of a paste from which on it is asked whether they are meant: fewer are said at once, and whoever pastes more may have
/// pasted something else than they thought.
pub(crate) const PASTE_CONFIRM_LINES: usize = 5;
/// Bytes of lines that wait in an editor to be said, those of a paste that is not answered for yet among them: some 400 lines of a
/// log. What a paste has beyond is dropped, and no more keys are read while as much waits.
pub(crate) const MAX_PENDING_LINE_BYTES: usize =
    if cfg!(fuzzing) { 4 * MAX_LINE_BYTES } else { 32 * 1024 };
/// Bytes of keys that are looked at before it is asked whether there is enough: an end of the budget, of the turn, or of the
/// room for what they show.
pub(crate) const KEY_CHUNK_BYTES: usize = 16;
/// Steps of work that a key includes: several draws of a usual row. What makes more counts as more keys, so that a connection's
/// keys cost 0.2 % of a processor at most in the long run, whatever its line holds.
pub(crate) const STEPS_PER_KEY: u32 = 1024;
/// Steps of work in one turn of a person's task on what they sent, past which others have their turn: some 0.1 ms. What a step
/// is, `protocol/work_steps.rs` says.
pub(crate) const MAX_STEPS_PER_POLL: u32 = 4096;
/// Names that a Tab shows: three rows of a screen.
pub(crate) const MAX_COMPLETIONS: usize = 16;
/// Most bytes of a word that is completed: the longest name of a room, and its `#`.
pub(crate) const MAX_COMPLETED_WORD: usize = 65;

// Queues.

/// Events with lines that wait for the broker. At most [`MAX_EVENT_BYTES`] bytes each: 4 MiB.
pub(crate) const EVENT_QUEUE: usize = 256;
/// Joins, cuts and the like that wait for the broker.
pub(crate) const CONTROL_QUEUE: usize = 64;
/// Events of one person that the broker has not handled, past which he is not read: nobody's lines fill the queue, or the
/// place of those that wait for a slow room.
pub(crate) const MAX_EVENTS_PER_CLIENT: u32 = 8;
/// Events that wait for one slow room. When the first of them waits its speakers are no longer read, so that no more than
/// what is in the queue comes ([`EVENT_QUEUE`]), and the leaves of those who go meanwhile: twice as much. Past it the
/// oldest of that room is handled at once, whatever its pace.
pub(crate) const MAX_DEFERRED_PER_ROOM: usize = 2 * EVENT_QUEUE;
/// Events that wait for slow rooms and readers, in all. At most [`MAX_EVENT_BYTES`] bytes each: 16 MiB. Past it the oldest of the room
/// that has most of them is handled at once; the others never notice.
pub(crate) const MAX_DEFERRED_EVENTS: usize = 1024;
/// How long private lines wait for somebody who is behind before they are refused: all of one author's in a burst together,
/// for what the author sends after them waits, too.
pub(crate) const PRIVATE_DEFER_TIMEOUT: Duration = Duration::from_secs(1);
/// Time without such a wait after which there may be another of [`PRIVATE_DEFER_TIMEOUT`]: whoever goes on writing to a person who
/// does not read is held up for a tenth of the time at most.
pub(crate) const PRIVATE_DEFER_COOLDOWN: Duration = Duration::from_secs(10);
/// What a frame is charged to its receiver beside its bytes: about what it costs in the inbox, so that empty
/// frames are not free.
pub(crate) const FRAME_OVERHEAD: usize = 64;
/// What a buffer of frames is counted for beside its bytes, among all frames alive: about what it costs, so that a million
/// short answers are not taken for nothing.
pub(crate) const BUFFER_OVERHEAD: usize = 128;
/// What a frame's place in an inbox is counted for there: its 16 bytes, as an inbox keeps room for four times what is in it.
pub(crate) const QUEUE_SLOT_BYTES: usize = 64;
/// Owed to a person: past it he is behind. Short of it, nobody's pace suffers.
pub(crate) const QUEUE_SOFT: u64 = 64 * 1024;
/// Owed to a person: past it he is cut. Some 300 screens of chat.
pub(crate) const QUEUE_HARD: u64 = 1024 * 1024;
/// How long a person who is owed something may take nothing of it.
pub(crate) const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// All frames that anybody still waits for: past it the furthest behind are cut.
pub(crate) const MAX_BUFFERED_BYTES: usize = 256 * 1024 * 1024;
/// Events in one round of the broker: a receiver is woken once a round, and a round must not take long.
pub(crate) const BATCH_EVENTS: usize = 64;
/// Encoded bytes that end a round: what a receiver gets in one frame, and the grain of the pace.
pub(crate) const BATCH_BYTES: usize = 64 * 1024;
/// Buffers of rounds that are kept for the next one, each of twice [`BATCH_BYTES`] at most: as many as a room has views, so that
/// a flood in all of them allocates nothing.
pub(crate) const SPARE_BUFFERS: usize = 8;
/// Bytes of such a buffer, and of that for lines to one person alone, that are kept while nobody is owed anything.
pub(crate) const IDLE_BUFFER_BYTES: usize = 4096;
/// How long a frame is taken to keep the kernel busy, and so how long a line that closely follows on a round waits for
/// company, for each frame of that round: sending one over loopback was measured at 4 to 5 µs.
pub(crate) const COALESCE_PER_FRAME: Duration = Duration::from_micros(6);
/// Shorter waits are not worth their timer: rooms below some forty people never wait.
pub(crate) const COALESCE_MIN: Duration = Duration::from_micros(250);
/// The longest such wait, reached in rooms of some five thousand: nobody sees it.
pub(crate) const COALESCE_MAX: Duration = Duration::from_millis(32);

// The pace of a room.

/// What a person who is behind must take within [`PROGRESS_WINDOW`], if he is owed as much, to count for the pace of
/// the room: 128 KiB a second is far below any line that one would chat over, and far above a reader who plays dead.
pub(crate) const MIN_PROGRESS_BYTES: u64 = 64 * 1024;
/// The time he has for it. A busy machine may forget a task for as long as a few tenths of a second.
pub(crate) const PROGRESS_WINDOW: Duration = Duration::from_millis(500);
/// How long a person who is owed something and takes nothing at all still counts, while others move: the
/// room would stand still for all of it. Over a line that pauses for longer he loses nothing either, unless the room
/// says another half of [`QUEUE_HARD`] meanwhile. It is more than the 200 ms after which Linux tries a window again that was
/// shut, or a segment that was dropped: on a machine that is offered twice what it can carry some readers wait for
/// that, 180 to 270 ms, and with 200 ms here one in two runs cut one of them. The window above is for those who take little.
pub(crate) const STALLED_AFTER: Duration = Duration::from_millis(300);
/// Time between two looks while the room waits: what is past is noticed that much later.
pub(crate) const PAUSED_SCAN_INTERVAL: Duration = Duration::from_millis(20);
/// The part of the active people, one in so many, that must move for the others to be called still.
pub(crate) const MIN_PROGRESSING_SHARE: usize = 4;
/// How many must move, too. In a small room a slow line is a large part of it, and half a second is soon over.
pub(crate) const MIN_PROGRESSING: usize = 16;
/// How often the broker looks at all accounts while somebody is owed something.
pub(crate) const SCAN_INTERVAL: Duration = Duration::from_millis(100);

// What the server says.

/// What newcomers are greeted with, unless another greeting is set.
pub(crate) const DEFAULT_WELCOME: &str = "welcome to chinwag";
/// Most bytes of a greeting that is set: with the nick it stays one line of a wide terminal.
pub(crate) const MAX_WELCOME_BYTES: usize = 200;
/// Most bytes of a message of the day: about a screen, for each newcomer has it in his inbox.
pub(crate) const MAX_MOTD_BYTES: usize = 2048;
/// Most lines of it: a screen, less what else a newcomer reads.
pub(crate) const MAX_MOTD_LINES: usize = 20;

/// Names in the welcome: a newcomer wants to know whether he is alone, not to scroll.
pub(crate) const WELCOME_NAMES: usize = 10;
/// Most bytes of an answer to `/who`, its line end included: two screens.
pub(crate) const WHO_PAGE_BYTES: usize = 4096;
/// Names in it: so many that the longest of them, all away, fit. A fixed number, so that a page is found without a look at
/// those before it.
pub(crate) const WHO_PAGE_NAMES: usize = 100;
/// Joins that are announced one by one within [`ANNOUNCE_WINDOW`], and leaves; beyond it people are counted.
pub(crate) const MAX_ANNOUNCED: usize = 200;
/// The time in which [`MAX_ANNOUNCED`] are counted.
pub(crate) const ANNOUNCE_WINDOW: Duration = Duration::from_secs(1);
/// Time between two lines that count people.
pub(crate) const SUMMARY_INTERVAL: Duration = Duration::from_millis(250);

/// Frames in one vectored write: one system call for a burst, and few enough that the list lies on the stack.
pub(crate) const WRITE_FRAMES: usize = 64;

// Rooms.

/// Rooms at once: far more than people look through, and what they remember stays below 80 MiB in all.
pub(crate) const MAX_ROOMS: usize = 1000;
/// Rooms that one person is in at once, so that nobody fills the house with rooms of his own.
pub(crate) const MAX_ROOMS_PER_USER: usize = 20;
/// Rooms that were made from one address and are there still: more than one person may be in, so that a household's people have
/// rooms of their own; a /48 and all of loopback, with [`BUDGET_FACTOR_48`] times as many, take half of all.
pub(crate) const MAX_ROOMS_PER_ADDRESS: usize = 32;
/// Most bytes of a topic: what a line of the server's may quote.
pub(crate) const MAX_TOPIC: usize = MAX_QUOTED;
/// Rooms in one answer to `/rooms`: with the longest names and topics it is as long as one to `/who`.
pub(crate) const ROOMS_PAGE: usize = 12;
/// Lines of chat that a room remembers.
pub(crate) const HISTORY_LINES: usize = 200;
/// Lines of the past that a newcomer to a room reads, and whoever asks without a number.
pub(crate) const REPLAY_LINES: usize = 20;
/// Bytes of words in what a newcomer reads: a storm of newcomers must not fill the memory with long lines of the past.
pub(crate) const REPLAY_BYTES: usize = 8 * 1024;
/// People whom one person ignores at once: whoever needs more wants another room.
pub(crate) const MAX_IGNORED: usize = 100;
/// Time between two looks at the wall clock, for time stamps.
pub(crate) const CLOCK_INTERVAL: Duration = Duration::from_secs(1);
/// Time between two bells of somebody who asked for them: somebody who is spoken to need not be told at each line.
pub(crate) const BELL_INTERVAL: Duration = Duration::from_secs(10);
/// Bells until the person sends a line: after them nobody is there to hear more.
pub(crate) const MAX_UNANSWERED_BELLS: u8 = 5;
/// Words of a line that are looked up as names for it, while anybody wants to be told: more than a line of a screen has.
pub(crate) const MAX_BELL_WORDS: usize = 64;
/// Bytes of words that it remembers at most: 200 lines of the usual kind take a fifth of it.
pub(crate) const HISTORY_BYTES: usize = 64 * 1024;

// Moderation.

/// Bans at once: more than a club makes in years, and each is looked at when somebody comes.
pub(crate) const MAX_BANS: usize = 1000;
/// Bans in one answer to `/bans`: with the longest reasons it is as long as one to `/who`.
pub(crate) const BANS_PAGE: usize = 12;
/// Bytes of the file that keeps them: the longest ban has some 300.
pub(crate) const MAX_BAN_FILE_BYTES: u64 = 400 * MAX_BANS as u64;
/// Time before a list of bans that could not be written is tried again.
pub(crate) const STORE_RETRY: Duration = Duration::from_secs(30);
/// Wrong secrets of an address that are free: an operator may mistype.
pub(crate) const AUTH_FREE_FAILURES: u32 = 3;
/// The wait after them. Each further wrong one doubles it.
pub(crate) const AUTH_BACKOFF_MIN: Duration = Duration::from_secs(1);
/// The longest such wait: 170 guesses a day find no secret of 12 bytes.
pub(crate) const AUTH_BACKOFF_MAX: Duration = Duration::from_secs(512);
/// Time without a wrong secret after which the address's wrong ones are forgotten. It is so much more than the longest wait
/// that waiting for it is no quicker way to guess.
pub(crate) const AUTH_FAILURES_RESET: Duration = Duration::from_secs(3600);
/// Mutes at once, as many as [`MAX_BANS`] and for the same reason.
pub(crate) const MAX_MUTES: usize = 1000;
/// The longest time between two lines of one person in a slow room.
pub(crate) const MAX_SLOW_MODE: Duration = Duration::from_secs(3600);

// Sockets.

/// Connections that the kernel completes while we are busy: a storm of thousands must not overflow it.
pub(crate) const LISTEN_BACKLOG: u32 = 4096;
/// The kernel's send buffer for a person. Left alone Linux swallows 3 to 4 MiB for a reader who never reads, which
/// hides for minutes that he does not. Chosen by the load `flood-big`: from 64 KiB to 256 KiB it takes the same time;
/// at 32 KiB and below it takes over ten times as long, for the kernel fills whole segments of 64 KiB and waits for
/// acknowledgements that the peer delays. The kernel doubles the figure for its own bookkeeping.
pub(crate) const SO_SNDBUF_BYTES: usize = 128 * 1024;
/// Silence after which the kernel asks whether the peer is still there.
pub(crate) const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
/// Time between such questions.
pub(crate) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// Unanswered questions that end a connection: 90 s in all.
pub(crate) const KEEPALIVE_PROBES: u32 = 3;
/// How long sent bytes may stay unacknowledged: as long as a silent peer is given.
pub(crate) const USER_TIMEOUT: Duration = Duration::from_secs(90);
/// The silence past which it is told that a connection does not answer when somebody asks: it is probed each second, so that some
/// packets may be lost.
pub(crate) const UNRESPONSIVE_AFTER: Duration = Duration::from_secs(5);
/// How long a closed connection is kept so that the goodbye arrives.
pub(crate) const LINGER_TIMEOUT: Duration = Duration::from_secs(1);
/// What is read and thrown away meanwhile: more than both kernels hold of somebody who talked fast and has stopped
/// (4 MiB to be sent and 6 MiB received, unless they were told otherwise). With less he is reset, and what was on its
/// way to him is lost. Reading it takes a few milliseconds; who does not stop is out after [`LINGER_TIMEOUT`].
pub(crate) const LINGER_BYTES: usize = 16 * 1024 * 1024;
/// The same of those who were not let in, or do not read: what they sent is not read for the sake of one sentence, or of none.
pub(crate) const LINGER_BYTES_SHORT: usize = 64 * 1024;

// Memory. What it comes to is in `server/memory_bound.rs`.

/// Bytes that one round may copy for those who do not share what others read; past it the round
/// ends, and the next begins. The copies come beyond [`MAX_BUFFERED_BYTES`], for nobody can be cut in the middle of a round.
pub(crate) const BATCH_COPY_BYTES: usize = 32 * 1024 * 1024;
/// What a round has place for in each room in which one more thing happens, beside the words of a line: a leave or a new name,
/// and counts of a crowd before it, under the name of another room and the time.
pub(crate) const STEP_ROOM_BYTES: usize = 256;
/// Bytes that one thing that happens in all rooms of a person may add at most: in each the two lines of a crowd that was counted,
/// and a leave, with words.
pub(crate) const STEP_COPY_BYTES: usize = MAX_ROOMS_PER_USER * 1280;
/// People of whom half must have gone before memory is given back: fewer leave too little behind.
pub(crate) const TRIM_MIN_PEAK: usize = 64;
/// Time without anybody's leaving that ends an ebb.
pub(crate) const TRIM_QUIET: Duration = Duration::from_millis(250);
/// How often an ebb may be found to go on before memory is given back all the same: it is again when half of the rest
/// have gone.
pub(crate) const TRIM_MAX_CHECKS: usize = 8;

// Doors.

/// Most bytes of the header of a proxy that is believed: its addresses have 52, and what else proxies tell some hundred.
pub(crate) const MAX_PROXY_HEADER_BYTES: usize = 4096;
/// How long such a header may take: a proxy sends it at once, and TCP may lose it once or twice.
pub(crate) const PROXY_HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections of one address: a household or an office; the rest of the room must fit in, too.
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
/// Networks without connections that are remembered until nothing is owed any more: some 4 MiB. One that connects and
/// goes is whole after a quarter of a second, one that guessed at the secret after an hour.
pub(crate) const MAX_TRACKED_NETWORKS: usize = 16 * 1024;
/// Descriptors kept back from connections: the listeners, the log, the reactor and refusals need some.
pub(crate) const RESERVED_FDS: usize = 32;
/// Most threads to run on, set or by the number of processors: more than most machines have; each takes a stack and a queue.
pub(crate) const MAX_WORKERS: usize = 1024;
/// Most threads for calls that may wait for a disk. There are two kinds of them, a reload and the bans, one of each at a time; as
/// many again go on beside those that hang.
pub(crate) const MAX_BLOCKING_THREADS: usize = 4;
/// Most descriptors that are counted on, whatever the limit of the process is: the reactor has no more slots.
pub(crate) const MAX_FDS: usize = 1 << 20;
/// Refusals that linger at once; beyond them a refused connection is closed without a word.
pub(crate) const MAX_REJECTIONS_IN_FLIGHT: usize = 8;
/// First pause of the accept loop when the machine has no descriptor or memory left.
pub(crate) const BACKOFF_MIN: Duration = Duration::from_millis(10);
/// Longest such pause; each is twice the one before.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// One line of the log in this time says that connections are refused or the machine has run out.
pub(crate) const LOG_INTERVAL: Duration = Duration::from_secs(5);

// Metrics and the admin socket.

/// Connections to the metrics at once; for one more the oldest idle one is closed. One machine that watches needs one.
pub(crate) const MAX_METRICS_CONNECTIONS: usize = 8;
/// Connections to the admin socket at once; the same.
pub(crate) const MAX_ADMIN_CONNECTIONS: usize = 4;
/// How long each of them may take, from accept to close.
pub(crate) const OPS_TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes that are read and thrown away behind a request: what a client may have sent too much in good faith.
pub(crate) const OPS_DISCARD_BYTES: usize = 64 * 1024;
/// Pause when one of them could not be accepted.
pub(crate) const OPS_BACKOFF: Duration = Duration::from_millis(100);

// The end.

/// How long a graceful stop may take.
pub(crate) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// The part of it that is kept for the last line of the server and the lingering close.
pub(crate) const GOODBYE_RESERVE: Duration = Duration::from_secs(1);
/// What is kept of the grace, a tenth of it at most, for letting go of those who are still there then and for the end of the
/// program: it is gone within the grace.
pub(crate) const EXIT_RESERVE: Duration = Duration::from_millis(150);

// Time in which people could be served.

/// Steps in which a deadline on a person's behaviour is measured: a standstill of the server costs them two steps at most, and a
/// deadline costs so many looks at the clock.
pub(crate) const SERVING_CLOCK_STEPS: u32 = 8;

// What the server prints and tells.

/// What a service manager has not been told yet: more than start, a reload and a stop come to. What does not fit is left out.
pub(crate) const NOTIFY_QUEUE: usize = 8;

/// Bytes of the log, and of what is printed beside, that wait for whoever reads them: some ten thousand lines, so that nothing
/// is lost while a reader is slow for a moment, also at the level `trace`. While the thread writes it holds as much again.
pub(crate) const OUTPUT_BUFFER_BYTES: usize = 1024 * 1024;
/// What of that memory is kept for what comes next, once all is written.
pub(crate) const OUTPUT_IDLE_BYTES: usize = 4 * 1024;
/// How long the end of the program waits for what it printed to be written.
pub(crate) const OUTPUT_FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
