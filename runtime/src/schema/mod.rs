//! What samples, labels, layers and tensors look like: shapes as types, samples as arrays, what may label them, and
//! the tables that describe layers and their tensors.

pub mod array;
pub mod constraint;
#[cfg(feature = "std")]
pub mod label;
#[cfg(feature = "std")]
pub mod setting;
pub mod shape;
pub mod table;

pub use array::FloatArray;
pub use constraint::Constraint;
#[cfg(feature = "std")]
pub use setting::SettingError;
pub use shape::{Const, Shape, Size};
pub use table::{LayerInfo, Regularizer, TensorInfo, TensorPath, TensorPlace, Tensors, block_len};
