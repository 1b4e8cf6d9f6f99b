//! Guards without a row: edge cases of reading, writing and timers.

use super::table::Mutation;
use super::table::Test::{File, Unit};

/// The guards.
pub(super) const GUARDS: &[Mutation] = &[
    Mutation {
        row: "-",
        guard: "a timer's waker is told from others by the clone that is kept, not by the one that was lent",
        file: "crates/whippet/src/wake_list.rs",
        from: "        let name = Self::of(&kept);
",
        to: "        let name = Self::of(lent);
",
        tests: &[Unit("time::tests::by_hand::a_waker_whose_clone_differs_is_told_from_others")],
    },
    Mutation {
        row: "-",
        guard: "a sleep that was never polled is not elapsed",
        file: "crates/whippet/src/time/sleep.rs",
        from: "            State::Fresh => false,
",
        to: "            State::Fresh => self.is_due(),
",
        tests: &[Unit("time::tests::by_hand::a_sleep_is_elapsed_once_it_was_polled_or_has_fired")],
    },
    Mutation {
        row: "-",
        guard: "a sleep is elapsed when its timer has fired, not when the clock has passed it",
        file: "crates/whippet/src/time/sleep.rs",
        from: "                    && self.timers.has_fired(&wait.key)
",
        to: "",
        tests: &[Unit("time::tests::by_hand::what_is_elapsed_is_ready_and_what_is_not_waits")],
    },
    Mutation {
        row: "-",
        guard: "a duration that no clock counts to ends in thirty years",
        file: "crates/whippet/src/time/instant.rs",
        from: "self.saturating_add(FAR)",
        to: "self.saturating_add(duration)",
        tests: &[File("time_paused", "what_cannot_be_counted_comes_in_thirty_years")],
    },
    Mutation {
        row: "-",
        guard: "a deadline that timers cannot count is the last that comes",
        file: "crates/whippet/src/time/sleep.rs",
        from: "const LAST: u64 = u64::MAX - 1;",
        to: "const LAST: u64 = u64::MAX;",
        tests: &[File("time_paused", "what_std_counts_and_timers_do_not_comes_last")],
    },
    Mutation {
        row: "-",
        guard: "a direction that copies yields after some chunks",
        file: "crates/whippet/src/io/copy_buffer.rs",
        from: "pub(super) const MAX_CHUNKS: usize = 16;",
        to: "pub(super) const MAX_CHUNKS: usize = usize::MAX;",
        tests: &[
            File("io", "saturated::one_poll_copies_a_bounded_part_in_each_direction"),
            File("io", "saturated::a_joined_copy_lets_the_other_run"),
        ],
    },
    Mutation {
        row: "-",
        guard: "the directions of a copy take turns to come first",
        file: "crates/whippet/src/io/copy_bidirectional.rs",
        from: "        back_first = !back_first;
",
        to: "",
        tests: &[File("io", "saturated::a_saturated_direction_lets_the_other_run")],
    },
    Mutation {
        row: "-",
        guard: "a reader that has ended is not asked again by copy_buf",
        file: "crates/whippet/src/io/copy.rs",
        from: "                ended = true;
                continue;
",
        to: "                ended |= writer.as_mut().poll_flush(cx)?.is_ready();
                if !ended {
                    return Poll::Pending;
                }
                continue;
",
        tests: &[File("io", "saturated::a_copy_asks_no_reader_after_its_end")],
    },
    Mutation {
        row: "-",
        guard: "what was read goes back into the string when the reader fails, or the future is dropped",
        file: "crates/whippet/src/io/utf8_guard.rs",
        from: "        // Whether what was read is text is said by `finish` alone.
        let _ = self.restore();
",
        to: "        let _ = self.bytes.take();
",
        tests: &[
            File("io", "filling::a_line_whose_reader_fails_keeps_what_was_read"),
            File("io", "filling::a_dropped_read_of_text_keeps_what_was_read"),
        ],
    },
    Mutation {
        row: "-",
        guard: "what is read to the end of a string is there whole or not at all",
        file: "crates/whippet/src/io/read.rs",
        from: "Utf8Guard::all_or_nothing(text)",
        to: "Utf8Guard::keeping_partial(text)",
        tests: &[File("io", "filling::a_line_whose_reader_fails_keeps_what_was_read")],
    },
    Mutation {
        row: "-",
        guard: "a full buffer grows by what was read",
        file: "crates/whippet/src/io/append_buffer.rs",
        from: "                if space == 0 {
",
        to: "                if space == 0 {
                    self.reserve(STACK_BUFFER);
                }
                let space = self.capacity() - before;
                if space == 0 {
",
        tests: &[
            File("io", "filling::a_buffer_does_not_grow_for_what_does_not_come"),
            File("io", "filling::a_read_to_the_end_grows_by_what_comes"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a seek counts from what was given out",
        file: "crates/whippet/src/io/buf_reader.rs",
        from: "offset.checked_sub(ahead)",
        to: "offset.checked_sub(0 * ahead)",
        tests: &[
            File("io", "seeking::a_buffered_reader_seeks_from_what_it_gave_out"),
            File("io", "seeking::a_seek_too_far_back_is_made_in_two_steps"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a seek throws the buffer away",
        file: "crates/whippet/src/io/buf_reader.rs",
        from: "        let position = ready!(this.inner.poll_seek(cx, position))?;
        (*this.start, *this.end) = (0, 0);
",
        to: "        let position = ready!(this.inner.poll_seek(cx, position))?;
",
        tests: &[File("io", "seeking::a_buffered_reader_seeks_from_what_it_gave_out")],
    },
    Mutation {
        row: "-",
        guard: "what was written is written where it was, before a seek",
        file: "crates/whippet/src/io/buf_writer.rs",
        from: "        // What was taken belongs to the position before.
        ready!(self.as_mut().poll_flush_buffer(cx))?;
",
        to: "        let _ = self.as_mut();
",
        tests: &[
            File("io", "seeking::a_buffered_writer_writes_before_it_seeks"),
            File("io", "seeking::a_buffered_stream_seeks_both_ways"),
        ],
    },
    Mutation {
        row: "-",
        guard: "a seek of nothing spends budget",
        file: "crates/whippet/src/io/empty.rs",
        from: "        ready!(coop::poll_proceed(cx)).spend();
        Poll::Ready(Ok(0))
    }
}

impl_discarding_writer",
        to: "        let _ = cx;
        Poll::Ready(Ok(0))
    }
}

impl_discarding_writer",
        tests: &[File("io", "budgets::each_call_that_never_waits_spends_what_tokios_does")],
    },
    Mutation {
        row: "-",
        guard: "a write to a standard stream is made although the runtime has ended",
        file: "crates/whippet/src/io/stdio.rs",
        from: "self.call = Some(runtime.spawn_mandatory_blocking(",
        to: "self.call = Some(runtime.spawn_own_blocking(",
        tests: &[Unit("io::stdio::tests::what_was_written_before_the_end_goes_out_after_it")],
    },
    Mutation {
        row: "-",
        guard: "mandatory jobs are apart from those that are cancelled",
        file: "crates/whippet/src/executor/blocking.rs",
        from: "self.push_into(|state| &mut state.mandatory, job);",
        to: "self.push_into(|state| &mut state.jobs, job);",
        tests: &[Unit("io::stdio::tests::what_was_written_before_the_end_goes_out_after_it")],
    },
];
