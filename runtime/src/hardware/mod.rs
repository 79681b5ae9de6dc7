//! The machine, found once: instruction sets and threads.

pub mod isa;
#[cfg(feature = "std")]
mod team;
pub mod threads;
