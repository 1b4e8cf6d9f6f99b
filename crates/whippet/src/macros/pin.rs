//! Pinning what an `async fn` polls several times.

/// Pins futures in local variables, so that they can be polled by reference: `&mut future` in a
/// [`select!`](crate::select) that is in a loop.
///
/// Three forms. With names it takes the variables over and declares them anew, pinned; with `let` it declares them; with
/// another expression it gives the pinned value, as [`std::pin::pin`] does.
///
/// # Examples
/// ```
/// use whippet::pin;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let three = async { 3 };
/// pin!(three);
/// assert_eq!(three.as_mut().await, 3);
///
/// pin! {
///     let four = async { 4 };
///     let five = async { 5 };
/// }
/// assert_eq!(whippet::join!(four, five), (4, 5));
///
/// let six = pin!(async { 6 });
/// assert_eq!(six.await, 6);
/// # });
/// ```
#[macro_export]
macro_rules! pin {
    ($($name:ident),+ $(,)?) => {
        $(
            #[allow(unused_mut, reason = "polled by reference or awaited at once: the program decides")]
            let mut $name = $crate::macros::support::pin!($name);
        )+
    };
    ($(let $name:ident = $value:expr;)+) => {
        $(
            #[allow(unused_mut, reason = "polled by reference or awaited at once: the program decides")]
            let mut $name = $crate::macros::support::pin!($value);
        )+
    };
    ($value:expr $(,)?) => {
        $crate::macros::support::pin!($value)
    };
}
