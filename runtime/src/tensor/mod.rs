//! Shapes as types, and the tables that describe layers and their tensors.

pub mod shape;
pub mod table;

pub use shape::Shape;
pub use table::{LayerInfo, TensorInfo, TensorPath, TensorPlace, Tensors, block_len};
