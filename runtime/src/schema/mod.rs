//! What samples, labels, layers and tensors look like: shapes as types, samples as arrays, what may label them, and
//! the tables that describe layers and their tensors.

pub mod array;
#[cfg(feature = "std")]
pub mod label;
pub mod shape;
pub mod table;

pub use array::FloatArray;
pub use shape::{Const, Shape, Size};
pub use table::{
    Constraint, LayerInfo, Regularizer, TensorInfo, TensorPath, TensorPlace, Tensors, block_len,
};
