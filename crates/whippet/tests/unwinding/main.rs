//! User code that panics in the middle of a step: what is left then. docs/UNWINDING.md lists the places.

mod closures;
mod futures;
mod hooks;
mod io;
mod runtime_end;
mod signals;
mod support;
mod values;
mod wakers;
