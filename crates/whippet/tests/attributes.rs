//! `#[whippet::main]` and `#[whippet::test]`: what they accept, and where the function runs.

use std::fmt::Display;
use std::num::ParseIntError;
use std::thread;

/// The thread on which a spawned task runs.
async fn thread_of_a_task() -> thread::ThreadId {
    whippet::spawn(async { thread::current().id() }).await.expect("the task ends well")
}

#[whippet::test]
async fn a_test_is_alone_on_its_thread() {
    assert_eq!(thread_of_a_task().await, thread::current().id());
}

#[whippet::test(flavor = "current_thread")]
async fn current_thread() {
    assert_eq!(thread_of_a_task().await, thread::current().id());
}

#[whippet::test(flavor = "multi_thread", worker_threads = 2)]
async fn multi_thread() {
    assert_ne!(thread_of_a_task().await, thread::current().id());
    assert_eq!(whippet::runtime::Handle::current().metrics().num_workers(), 2);
}

#[whippet::test(worker_threads = 1_usize, flavor = "multi_thread", crate = "::whippet")]
async fn all_options() {
    assert_eq!(whippet::runtime::Handle::current().metrics().num_workers(), 1);
}

#[whippet::test(flavor = "local", start_paused = true)]
async fn local() {
    let stays = std::rc::Rc::new(thread::current().id());
    let same = std::rc::Rc::clone(&stays);
    whippet::task::spawn_local(async move {
        whippet::time::sleep(std::time::Duration::from_secs(3_600)).await;
        assert_eq!(*same, thread::current().id());
    })
    .await
    .expect("the task ends well");
    assert_eq!(std::rc::Rc::strong_count(&stays), 1);
}

#[whippet::test(start_paused = true)]
async fn paused() {
    let hour = std::time::Duration::from_secs(3_600);
    let start = whippet::time::Instant::now();
    whippet::time::sleep(hour).await;
    assert_eq!(start.elapsed(), hour);
}

#[whippet::test(start_paused = false, flavor = "multi_thread")]
async fn not_paused() {
    whippet::task::yield_now().await;
}

#[whippet::test]
async fn a_result_with_question_marks() -> Result<(), ParseIntError> {
    let number: u32 = "7".parse()?;
    assert_eq!(number, 7);
    Ok(())
}

/// Documented, with an attribute more.
#[whippet::test]
#[should_panic(expected = "on purpose")]
async fn other_attributes_stay() {
    #![expect(unreachable_code, reason = "shows that inner attributes are kept")]
    panic!("on purpose");
    whippet::task::yield_now().await;
}

#[whippet::test]
pub(crate) async fn visibility() {}

#[whippet::test(crate = "renamed::runtime_crate")]
async fn another_name() {
    whippet::task::yield_now().await;
}

/// Where `whippet` is found by another name.
mod renamed {
    pub(crate) use ::whippet as runtime_crate;
}

#[whippet::main]
async fn with_arguments(left: u32, (right, _): (u32, u32)) -> u32 {
    left + whippet::spawn(async move { right }).await.expect("the task ends well")
}

#[whippet::main(flavor = "current_thread")]
async fn borrowing(text: &str) -> &str {
    &text[1..]
}

#[whippet::main(flavor = "current_thread")]
async fn generic<T, F: Fn(u32) -> T>(make: F) -> Vec<T>
where
    T: Display,
{
    vec![make(1), make(2)]
}

#[whippet::main(flavor = "current_thread")]
async fn opaque() -> impl Display {
    "opaque"
}

#[whippet::main(flavor = "current_thread")]
async fn never() -> ! {
    panic!("never returns")
}

/// Counts from a number.
struct Counter(u32);

impl Counter {
    #[whippet::main(flavor = "current_thread")]
    async fn next(&mut self) -> u32 {
        whippet::task::yield_now().await;
        self.0 += 1;
        self.0
    }
}

#[test]
fn functions_of_many_forms() {
    assert_eq!(with_arguments(1, (2, 3)), 3);
    assert_eq!(borrowing("text"), "ext");
    assert_eq!(generic(|number| number * 2), [2, 4]);
    assert_eq!(opaque().to_string(), "opaque");
    assert!(thread::scope(|scope| scope.spawn(|| never()).join()).is_err());
    let mut counter = Counter(1);
    assert_eq!((counter.next(), counter.next()), (2, 3));
}

/// Passes a body on, in the invisible group of a declarative macro.
macro_rules! test_of {
    ($name:ident $body:block) => {
        #[whippet::test]
        async fn $name() $body
    };
}

test_of!(from_a_macro {
    whippet::task::yield_now().await;
});

/// Passes an item on.
macro_rules! main_of {
    ($item:item) => {
        #[whippet::main(flavor = "current_thread")]
        $item
    };
}

main_of! {
    async fn item_from_a_macro() -> u32 {
        5
    }
}

#[test]
fn an_item_from_a_macro() {
    assert_eq!(item_from_a_macro(), 5);
}

#[whippet::test]
async fn names_of_the_macro_are_hidden() {
    let runtime = 1;
    let body = 2;
    assert_eq!(runtime + body, 3);
}
