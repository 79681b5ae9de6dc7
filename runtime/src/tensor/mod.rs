//! Shapes as types, the tables that describe layers and their tensors, and aligned memory.

#[cfg(feature = "std")]
pub mod buffer;
pub mod shape;
pub mod table;

#[cfg(feature = "std")]
pub use buffer::Buffer;
pub use shape::Shape;
pub use table::{LayerInfo, TensorInfo};
