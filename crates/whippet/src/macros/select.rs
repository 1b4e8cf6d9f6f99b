//! `select!`: waits for the first of several futures.

/// Waits on several branches at once and runs the handler of the first that completes; the others are dropped.
///
/// ```text
/// select! {
///     biased;                                    // optional
///     <pattern> = <future> (, if <guard>)? => <handler>,
///     ...                                        // up to 64 branches
///     else => <expression>                       // optional
/// }
/// ```
///
/// It can be used where `.await` can. What happens, in order:
///
/// 1. All guards are evaluated. A branch whose guard is false is disabled: its future is not polled.
/// 2. All future expressions are evaluated, those of disabled branches too. (None is polled yet, so that a disabled
///    branch does nothing unless evaluating its expression does.)
/// 3. The enabled futures are polled, all in this one task. When one completes with a value that its pattern
///    matches, that branch is taken. When the pattern does not match, the branch is disabled and the wait goes on.
/// 4. When all branches are disabled, `else` is evaluated.
/// 5. All futures are dropped (in the order in which they are written), and then the handler runs. So a handler may
///    use what a future borrowed, mutably too, and may `break`, `continue`, `return`, use `?` and `.await`.
///
/// The value of the taken handler is the value of the whole; all handlers have one type.
///
/// # Fairness
/// Each poll begins at a branch chosen at random and takes the others in turn, so that a branch that is always
/// ready cannot starve the others. With `biased;` they are polled from top to bottom: the order is then for the
/// program to choose well. A branch that is ready all the time starves all those below it.
///
/// # Panics
/// When all branches are disabled and there is no `else`.
///
/// # Cancel safety
/// The futures that lose are dropped before they complete. That is harmless when a future is *cancel safe*: when
/// dropping it and making it again loses nothing. Receiving from a channel, accepting a connection, waiting for a
/// permit or a deadline are so (each says it in its own documentation). Reading an exact number of bytes is not: what
/// was read is lost. Waiting for a place in a channel loses the place in the queue. For such a future, make it
/// once, pin it outside of the loop and wait for it by `&mut`:
///
/// ```
/// # whippet::runtime::Runtime::new()?.block_on(async {
/// let (sender, mut receiver) = whippet::sync::mpsc::channel(4);
/// let mut work = std::pin::pin!(async move {
///     for number in 1..=3 {
///         sender.send(number).await.expect("the receiver is there");
///     }
///     std::future::pending::<()>().await
/// });
/// let mut sum = 0;
/// while sum < 6 {
///     whippet::select! {
///         () = &mut work => unreachable!(),
///         Some(number) = receiver.recv() => sum += number,
///     }
/// }
/// # });
/// # std::io::Result::Ok(())
/// ```
///
/// # Examples
/// Patterns that may fail, a guard and `else`:
///
/// ```
/// # whippet::runtime::Runtime::new()?.block_on(async {
/// let (left, mut from_left) = whippet::sync::mpsc::channel(4);
/// let (right, mut from_right) = whippet::sync::mpsc::channel(4);
/// left.try_send("a").expect("there is room");
/// right.try_send("b").expect("there is room");
/// drop((left, right));
///
/// let mut seen = Vec::new();
/// loop {
///     whippet::select! {
///         Some(line) = from_left.recv(), if seen.len() < 10 => seen.push(line),
///         Some(line) = from_right.recv() => seen.push(line),
///         else => break,
///     }
/// }
/// seen.sort();
/// assert_eq!(seen, ["a", "b"]);
/// # });
/// # std::io::Result::Ok(())
/// ```
#[macro_export]
macro_rules! select {
    () => {
        compile_error!("select! needs at least one branch")
    };
    ($(biased;)? else => $else:expr $(,)?) => {
        $else
    };
    (biased; $($branches:tt)+) => {
        $crate::__with_branches! { __select (biased) [] $($branches)+ }
    };
    ($($branches:tt)+) => {
        $crate::__with_branches! { __select (random) [] $($branches)+ }
    };
}

/// The work of [`select!`](crate::select): reads a branch a step, then writes the wait.
///
/// Its input is the names that are left, the order of polling, the branches read so far, and what is still to be read.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    // All branches are read.
    ($free:tt $order:tt $read:tt) => {
        $crate::__select_wait! {
            $free $order $read
            panic!("`select!`: all branches are disabled and there is no `else`; add an `else` branch, or one without a precondition")
        }
    };
    ($free:tt $order:tt $read:tt else => $else:expr $(,)?) => {
        $crate::__select_wait! { $free $order $read $else }
    };
    ([$none:tt] $order:tt $read:tt $($rest:tt)+) => {
        compile_error!("select! takes up to 64 branches")
    };

    // A handler that is a block: a comma may follow.
    (
        [($future:ident $variant:ident $index:tt) $($free:tt)+]
        $order:tt [$($read:tt)*]
        $pattern:pat = $value:expr $(, if $guard:expr)? => $handler:block, $($rest:tt)*
    ) => {
        $crate::__select! {
            [$($free)+] $order
            [$($read)* { $future $variant $index [$pattern] [$value] [$($guard)?] [$handler] }]
            $($rest)*
        }
    };
    (
        [($future:ident $variant:ident $index:tt) $($free:tt)+]
        $order:tt [$($read:tt)*]
        $pattern:pat = $value:expr $(, if $guard:expr)? => $handler:block $($rest:tt)*
    ) => {
        $crate::__select! {
            [$($free)+] $order
            [$($read)* { $future $variant $index [$pattern] [$value] [$($guard)?] [$handler] }]
            $($rest)*
        }
    };
    // A handler that is any other expression: a comma follows, or nothing.
    (
        [($future:ident $variant:ident $index:tt) $($free:tt)+]
        $order:tt [$($read:tt)*]
        $pattern:pat = $value:expr $(, if $guard:expr)? => $handler:expr $(, $($rest:tt)*)?
    ) => {
        $crate::__select! {
            [$($free)+] $order
            [$($read)* { $future $variant $index [$pattern] [$value] [$($guard)?] [$handler] }]
            $($($rest)*)?
        }
    };
}

/// The wait of [`select!`](crate::select), once all branches are read.
#[doc(hidden)]
#[macro_export]
macro_rules! __select_wait {
    (
        [
            ($too_many:ident $no_variant:ident $count:tt)
            $(($absent:ident $absent_variant:ident $absent_index:tt))*
        ]
        ($order:ident)
        [$({
            $future:ident $variant:ident $index:tt
            [$pattern:pat] [$value:expr] [$($guard:expr)?] [$handler:expr]
        })+]
        $else:expr
    ) => {{
        // A bit for each branch that is not to be polled (again). Taken out of its block by value, as what was borrowed would
        // be kept twice.
        let disabled = {
            let mut disabled = [0_u8; usize::div_ceil($count, 8)];
            $($(
                if !$guard {
                    $crate::macros::support::disable(&mut disabled, $index);
                }
            )?)+
            disabled
        };

        // The futures live in this block alone, so that handlers may use what they borrow.
        #[allow(unused_mut, reason = "for patterns with `ref mut`")]
        let mut outcome = {
            // A plain `let`, so that temporaries in the expression live as long as the future.
            $( let $future = $value; )+
            $crate::macros::support::wait(
                $crate::macros::support::Futures {
                    $( $future: $crate::macros::support::IntoFuture::into_future($future), )+
                    $too_many: (),
                    $( $absent: (), )*
                },
                disabled,
                |mut futures, disabled, cx| {
                    if $crate::macros::support::poll_budget(cx).is_pending() {
                        return $crate::macros::support::Poll::Pending;
                    }
                    let mut pending = false;
                    let start: u32 = $crate::__select_start!($order $count);
                    for step in 0..$count {
                        match $crate::macros::support::rotated(start, step, $count) {
                            $($index => {
                                if $crate::macros::support::is_disabled(disabled, $index) {
                                    continue;
                                }
                                let polled = $crate::macros::support::Future::poll(
                                    $crate::macros::support::Pin::as_mut(&mut futures).$future(),
                                    cx,
                                );
                                #[allow(unused_mut, reason = "for patterns with `ref mut`")]
                                let $crate::macros::support::Poll::Ready(mut value) = polled else {
                                    pending = true;
                                    continue;
                                };
                                #[allow(unreachable_code, reason = "a future may have no outcome")]
                                {
                                    $crate::macros::support::disable(disabled, $index);
                                    let mut matched = false;
                                    // A guard runs before anything is moved out of the value: one that notes that it
                                    // ran, and declines, tries any pattern and leaves the value whole.
                                    #[allow(unused_variables, unused_mut, reason = "tried, not used")]
                                    let value = match value {
                                        $pattern if { matched = true; false } => unreachable!(),
                                        value => value,
                                    };
                                    if matched {
                                        return $crate::macros::support::Poll::Ready(
                                            $crate::macros::support::Outcome::$variant(value),
                                        );
                                    }
                                }
                            })+
                            _ => unreachable!("there are only {} branches", $count),
                        }
                    }
                    if pending {
                        $crate::macros::support::Poll::Pending
                    } else {
                        $crate::macros::support::Poll::Ready(
                            $crate::macros::support::Outcome::<$($crate::__select_infer!($index)),+>::Disabled,
                        )
                    }
                },
            )
            .await
        };

        match outcome {
            $( $crate::macros::support::Outcome::$variant($pattern) => $handler, )+
            $crate::macros::support::Outcome::Disabled => $else,
            #[allow(unreachable_patterns, reason = "reached by no value: patterns were tried above")]
            _ => unreachable!("the pattern of the branch that completed was tried before"),
        }
    }};
}

/// The branch to poll first.
#[doc(hidden)]
#[macro_export]
macro_rules! __select_start {
    (biased $count:tt) => {
        0
    };
    (random $count:tt) => {
        $crate::macros::support::random_below($count)
    };
}

/// A type for the compiler to find out.
#[doc(hidden)]
#[macro_export]
macro_rules! __select_infer {
    ($index:tt) => {
        _
    };
}
