//! The attributes `#[whippet::main]` and `#[whippet::test]`.
//!
//! Both do one thing to an `async fn`: they make it a plain one, which builds a runtime and runs the body on it.
//! `function` finds the parts of the function, `options` reads the attribute, `expand` writes the result.
//! Types and expressions are passed on unread, so that no parser of Rust is needed.
#![forbid(unsafe_code)]

mod error;
mod expand;
mod function;
mod options;

use self::expand::Kind;
use proc_macro::TokenStream;

/// Runs an `async fn` (`main`, as a rule) on a runtime that it builds.
///
/// # Options
/// - `flavor = "multi_thread"` (the default): a runtime with worker threads, which steal work from each other;
///   `flavor = "current_thread"`: one without, where all tasks take their turns on the calling thread;
///   `flavor = "local"`: one without, in all of which `spawn_local` works.
/// - `worker_threads = 4`: how many worker threads; the machine's available parallelism unless set.
/// - `start_paused = true`: the clock is paused from the beginning, and moves by itself when there is nothing to do but
///   to wait for a timer; needs a flavor without worker threads.
/// - `name = "web"`: the name of the runtime, which `Handle::name` gives and dumps show;
/// - `crate = "path"`: where whippet is found, for programs that have it by another name.
///
/// The function itself runs on the calling thread; tasks that it spawns run on the workers.
///
/// # Panics
/// When the operating system gives no runtime (no more descriptors or threads).
///
/// # Examples
/// ```
/// #[whippet::main]
/// async fn main() {
///     let answer = whippet::spawn(async { 6 * 7 }).await.expect("the task ends well");
///     assert_eq!(answer, 42);
/// }
/// ```
///
/// With options, and a result:
///
/// ```
/// #[whippet::main(flavor = "multi_thread", worker_threads = 2)]
/// async fn main() -> std::io::Result<()> {
///     let listener = whippet::net::TcpListener::bind("127.0.0.1:0").await?;
///     println!("listening on {}", listener.local_addr()?);
///     Ok(())
/// }
/// ```
///
/// The body of the first `main` is short for this:
///
/// ```
/// let runtime = whippet::runtime::Builder::new_multi_thread().build().expect("a runtime");
/// runtime.block_on(async {
///     let answer = whippet::spawn(async { 6 * 7 }).await.expect("the task ends well");
///     assert_eq!(answer, 42);
/// })
/// ```
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Main, options, item)
}

/// Makes an `async fn` a test, which runs on a runtime of its own.
///
/// # Options
/// Those of [`main`](macro@main), but the default flavor is `current_thread`: a test is alone on its thread unless
/// it says otherwise.
///
/// # Panics
/// When the operating system gives no runtime (no more descriptors or threads).
///
/// # Examples
/// ```
/// #[whippet::test]
/// async fn it_counts() {
///     assert_eq!(whippet::spawn(async { 1 + 1 }).await.expect("the task ends well"), 2);
/// }
///
/// #[whippet::test(start_paused = true)]
/// async fn an_hour_passes_at_once() {
///     whippet::time::sleep(std::time::Duration::from_secs(3_600)).await;
/// }
///
/// #[whippet::test(flavor = "multi_thread", worker_threads = 2)]
/// #[should_panic(expected = "twice")]
/// async fn it_panics() {
///     panic!("twice");
/// }
/// ```
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Test, options, item)
}

/// What is refused.
///
/// ```compile_fail
/// #[whippet::main]
/// fn main() {}
/// ```
/// ```compile_fail
/// #[whippet::main]
/// async fn main(argument: u32) {}
/// ```
/// ```compile_fail
/// #[whippet::main]
/// struct Main;
/// ```
/// ```compile_fail
/// #[whippet::main(flavor = "fast")]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whippet::main(flavor = "current_thread", worker_threads = 2)]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whippet::main(worker_threads = 0)]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whippet::main(worker_threads = "2")]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whippet::main(worker_threads = 2, worker_threads = 2)]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whippet::main(workers = 2)]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whippet::test(flavor = "multi_thread", start_paused = true)]
/// async fn paused() {}
/// # fn main() {}
/// ```
/// ```compile_fail
/// #[whippet::test(start_paused = 1)]
/// async fn paused() {}
/// # fn main() {}
/// ```
/// ```compile_fail
/// #[whippet::main(worker_threads)]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whippet::main(worker_threads = 2 flavor = "multi_thread")]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whippet::main(crate = "no path")]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whippet::main]
/// async fn main() -> u32 {
///     "text"
/// }
/// ```
#[cfg(doctest)]
struct Refused;
