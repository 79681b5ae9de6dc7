//! The machine, found once: instruction sets and threads.

#[cfg(feature = "std")]
mod awake;
pub mod isa;
pub mod threads;
