//! (macros)
