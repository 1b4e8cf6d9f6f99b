//! `try_join!`: waits for all of several futures, or the first error.

/// Waits for several futures at once and gives `Ok` with a tuple of their values, or the first error.
///
/// ```text
/// try_join!(biased; <future>, <future>, ...)     // `biased;` is optional; up to 64 futures
/// ```
///
/// Each future's output is a `Result`; their error types are the same. On the first error the wait ends, and the
/// other futures are dropped. In all else it is [`join!`](crate::join): one task, the same fairness, the same
/// cancel safety.
///
/// # Examples
/// ```
/// # whippet::runtime::Runtime::new()?.block_on(async {
/// async fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// assert_eq!(whippet::try_join!(parse("1"), parse("2")), Ok((1, 2)));
/// assert!(whippet::try_join!(parse("1"), std::future::pending::<Result<(), _>>(), parse("two")).is_err());
/// # });
/// # std::io::Result::Ok(())
/// ```
#[macro_export]
macro_rules! try_join {
    ($(biased;)?) => {
        $crate::macros::support::ready(Ok(())).await
    };
    (biased; $($future:expr),+ $(,)?) => {
        $crate::__with_branches! { __join (biased) (all_or_error) [] $($future,)+ }
    };
    ($($future:expr),+ $(,)?) => {
        $crate::__with_branches! { __join (rotating) (all_or_error) [] $($future,)+ }
    };
}
