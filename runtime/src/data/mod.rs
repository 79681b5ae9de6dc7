//! Data to train on: files in the IDX format, MNIST, and two small sets that come with the library.
//!
//! Samples are arrays, as a model takes them; labels are class numbers. Knows nothing of models and training.

mod check;
pub use check::{NonFiniteInput, find_non_finite};

#[cfg(feature = "std")]
pub mod breast_cancer;
#[cfg(feature = "std")]
mod csv;
#[cfg(feature = "std")]
pub mod digits;
#[cfg(feature = "std")]
pub mod idx;
#[cfg(feature = "std")]
pub mod mnist;
#[cfg(feature = "std")]
mod samples;
#[cfg(feature = "std")]
mod standardize;
#[cfg(feature = "std")]
pub use {
    idx::DataError,
    samples::{FoldsError, Samples, Split},
    standardize::Standardizer,
};
