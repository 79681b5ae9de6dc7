//! The machine: instruction sets, caches, maker and threads, found once, and memory aligned to its cache lines.

#[cfg(feature = "std")]
pub mod buffer;
pub mod caches;
pub mod isa;
#[cfg(feature = "std")]
mod team;
pub mod threads;
pub mod vendor;

#[cfg(feature = "std")]
pub use buffer::Buffer;
