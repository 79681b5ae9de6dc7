//! Shapes as types, samples as arrays, what may label them, the tables that describe layers and their tensors, and
//! aligned memory.

pub mod array;
#[cfg(feature = "std")]
pub mod buffer;
#[cfg(feature = "std")]
pub mod label;
pub mod shape;
pub mod table;

pub use array::FloatArray;
#[cfg(feature = "std")]
pub use buffer::Buffer;
pub use shape::{Const, Shape, Size};
pub use table::{
    Constraint, LayerInfo, Regularizer, TensorInfo, TensorPath, TensorPlace, Tensors, block_len,
};
