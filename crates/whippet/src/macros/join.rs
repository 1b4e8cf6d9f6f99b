//! `join!`: waits for all of several futures; and what it shares with `try_join!`.

/// Waits for several futures at once and gives all their outputs, as a tuple.
///
/// ```text
/// join!(biased; <future>, <future>, ...)         // `biased;` is optional; up to 64 futures
/// ```
///
/// It can be used where `.await` can. All futures run in this one task, by turns: to use several threads, spawn
/// tasks and join their handles. A future that has completed is dropped at once; only those that are still pending
/// are polled again.
///
/// # Fairness
/// Each poll begins one future further than the last one, so that each is the first at some time. With `biased;`
/// they are polled from left to right.
///
/// # Cancel safety
/// When the wait is dropped, all its futures are dropped, and the outputs of those that had completed.
///
/// # Examples
/// ```
/// # whippet::runtime::Runtime::new()?.block_on(async {
/// let (sender, receiver) = whippet::sync::oneshot::channel();
/// let (sent, received) = whippet::join!(async { sender.send("word") }, receiver);
/// assert_eq!((sent, received), (Ok(()), Ok("word")));
/// # });
/// # std::io::Result::Ok(())
/// ```
#[macro_export]
macro_rules! join {
    ($(biased;)?) => {
        $crate::macros::support::ready(()).await
    };
    (biased; $($future:expr),+ $(,)?) => {
        $crate::__with_branches! { __join (biased) (all) [] $($future,)+ }
    };
    ($($future:expr),+ $(,)?) => {
        $crate::__with_branches! { __join (rotating) (all) [] $($future,)+ }
    };
}

/// The work of [`join!`](crate::join) and [`try_join!`](crate::try_join): gives each future a name, then writes the
/// wait.
///
/// Its input is the names that are left, the order of polling, what is waited for, the futures read so far with their
/// expressions, and what is still to be read.
#[doc(hidden)]
#[macro_export]
macro_rules! __join {
    (
        [($future:ident $variant:ident $index:tt) $($free:tt)+]
        $order:tt $goal:tt [$($read:tt)*]
        $value:expr, $($rest:tt)*
    ) => {
        $crate::__join! {
            [$($free)+] $order $goal [$($read)* ($future $index [$value])]
            $($rest)*
        }
    };
    ([$none:tt] $order:tt $goal:tt $read:tt $($rest:tt)+) => {
        compile_error!("up to 64 futures can be joined")
    };

    // All futures are read.
    (
        [
            ($too_many:ident $no_variant:ident $count:tt)
            $(($absent:ident $absent_variant:ident $absent_index:tt))*
        ]
        ($order:ident) ($goal:ident)
        [$(($future:ident $index:tt [$value:expr]))+]
    ) => {{
        // A plain `let`, so that temporaries in the expression live as long as the future.
        $( let $future = $value; )+
        $crate::macros::support::wait(
            $crate::macros::support::Futures {
                $( $future: $crate::macros::support::MaybeDone::new($future), )+
                $too_many: (),
                $( $absent: (), )*
            },
            0_u8,
            |mut futures, start, cx| {
                let mut pending = false;
                for step in 0..$count {
                    match $crate::macros::support::rotated(u32::from(*start), step, $count) {
                        $($index => {
                            let future = $crate::macros::support::Pin::as_mut(&mut futures).$future();
                            match $crate::macros::support::Future::poll(future, cx) {
                                $crate::macros::support::Poll::Pending => pending = true,
                                $crate::macros::support::Poll::Ready(()) => {
                                    $crate::__join_done!($goal futures $future);
                                }
                            }
                        })+
                        _ => unreachable!("there are only {} futures", $count),
                    }
                }
                $crate::__join_next!($order start $count);
                if pending {
                    $crate::macros::support::Poll::Pending
                } else {
                    $crate::macros::support::Poll::Ready(
                        $crate::__join_outputs!($goal futures $($future)+)
                    )
                }
            },
        )
        .await
    }};
}

/// The future that the next poll begins with.
#[doc(hidden)]
#[macro_export]
macro_rules! __join_next {
    (biased $start:ident $count:tt) => {};
    (rotating $start:ident $count:tt) => {
        *$start = $crate::macros::support::next_start(*$start, $count);
    };
}

/// What follows when one future has completed: nothing, or the end of the whole when it failed.
#[doc(hidden)]
#[macro_export]
macro_rules! __join_done {
    (all $futures:ident $future:ident) => {};
    (all_or_error $futures:ident $future:ident) => {
        let future = $crate::macros::support::Pin::as_mut(&mut $futures).$future();
        if let Some(error) = $crate::macros::support::MaybeDone::take_error(future) {
            return $crate::macros::support::Poll::Ready(Err(error));
        }
    };
}

/// The output of the whole.
#[doc(hidden)]
#[macro_export]
macro_rules! __join_outputs {
    (all $futures:ident $($future:ident)+) => {
        ($(
            $crate::macros::support::MaybeDone::take_output(
                $crate::macros::support::Pin::as_mut(&mut $futures).$future(),
            ),
        )+)
    };
    (all_or_error $futures:ident $($future:ident)+) => {
        Ok(($(
            $crate::macros::support::MaybeDone::take_value(
                $crate::macros::support::Pin::as_mut(&mut $futures).$future(),
            ),
        )+))
    };
}
