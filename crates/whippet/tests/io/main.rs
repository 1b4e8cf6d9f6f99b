//! Reading, writing and pipes: whatever the chunks, and whenever a call is dropped.

mod budgets;
mod filling;
mod pipes;
mod pumps;
mod reading;
mod saturated;
mod seeking;
mod support;
mod writing;
