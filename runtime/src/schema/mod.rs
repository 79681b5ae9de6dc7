//! What samples, labels, layers and tensors look like: shapes as types, samples as arrays, what may label them, and
//! the tables that describe layers and their tensors.

pub mod array;
pub mod constraint;
#[cfg(feature = "std")]
pub mod label;
mod part;
pub mod record;
pub mod sequence;
#[cfg(feature = "std")]
pub mod setting;
pub mod shape;
pub mod table;

pub use array::FloatArray;
pub use constraint::Constraint;
pub use part::Part;
#[cfg(feature = "std")]
pub use record::Owned;
#[doc(hidden)]
pub use record::{Column, Columns, ColumnsMut, MAX_FIELDS, check_column};
pub use record::{IndexError, Many, ManyMut, One, Record, Single};
pub use sequence::{Sequence, SequenceError, StepItem, Words};
#[cfg(feature = "std")]
pub use setting::SettingError;
pub use shape::{Const, Shape, Size};
pub use table::{
    Info, LayerInfo, Regularizer, Role, TensorInfo, TensorPath, TensorPlace, Tensors, block_len,
};
