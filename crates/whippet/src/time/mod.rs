//! (time)
