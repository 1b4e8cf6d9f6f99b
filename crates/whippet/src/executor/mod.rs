//! (executor)
