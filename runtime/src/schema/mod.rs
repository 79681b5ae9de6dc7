//! What samples, labels, layers and tensors look like: shapes as types, samples as arrays, what may label them, and
//! the tables that describe layers and their tensors.

pub mod array;
#[cfg(feature = "std")]
pub mod label;
mod part;
pub mod record;
pub mod sequence;
pub mod shape;
pub mod table;

pub use array::FloatArray;
pub use part::Part;
#[doc(hidden)]
pub use record::{Column, Columns, ColumnsMut, MAX_FIELDS, check_column};
pub use record::{IndexError, Many, ManyMut, One, Record, Single};
#[cfg(feature = "std")]
pub use record::Owned;
pub use sequence::{Sequence, SequenceError, StepItem, Words};
pub use shape::{Const, Shape, Size};
pub use table::{
    Constraint, Info, LayerInfo, Regularizer, Role, TensorInfo, TensorPath, TensorPlace, Tensors, block_len,
};
