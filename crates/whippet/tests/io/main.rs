//! Reading, writing and pipes: whatever the chunks, and whenever a call is dropped.

mod pipes;
mod pumps;
mod reading;
mod support;
mod writing;
