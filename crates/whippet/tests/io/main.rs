//! Reading, writing and pipes: whatever the chunks, and whenever a call is dropped.

mod budgets;
mod copy;
mod filling;
mod pipes;
mod reading;
mod saturated;
mod seeking;
mod support;
mod writing;
