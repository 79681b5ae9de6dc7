//! Files: safetensors, read by the compiler, read at run time, and written.
//!
//! | file | what |
//! |---|---|
//! | `header` | a safetensors header, strictly, without a heap; `json`, `label` and `text` are its tools |
//! | [`embed`](mod@embed) | weights as constants of another program |
//! | [`safetensors`] | files at run time |
//! | [`events`] | TensorBoard's event files, of [`tfrecord`]s |
//! | `replace` | a file is replaced whole or not at all |
//!
//! Knows the tables of layers and tensors, and blocks of numbers; no layers, no models, no training.

pub mod embed;
#[cfg_attr(not(feature = "std"), allow(dead_code, reason = "part of it serves files at run time alone"))]
mod header;
#[cfg_attr(not(feature = "std"), allow(dead_code, reason = "as `header`"))]
mod json;
mod label;
mod text;

pub use header::{Dtype, HeaderError};
pub use json::JsonError;
pub use label::Label;

#[cfg(feature = "std")]
pub mod events;
#[cfg(feature = "std")]
pub(crate) mod replace;
#[cfg(feature = "std")]
pub mod safetensors;
#[cfg(feature = "std")]
pub mod tfrecord;
#[cfg(feature = "std")]
pub use replace::Step;
#[cfg(feature = "std")]
pub use safetensors::check_replaceable;
