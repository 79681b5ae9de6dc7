//! The machine, found once: instruction sets and threads.

pub mod isa;
pub mod threads;
