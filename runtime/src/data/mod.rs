//! Data: readers of known files, data that comes with the library, and checks.
//!
//! A reader trusts nothing that a file says about itself: sizes are checked against the bytes that are there before
//! anything is made from them.

mod breast_cancer;
mod bundled;
mod digits;
mod error;
mod finite;
pub mod idx;
mod mnist;

pub use breast_cancer::BreastCancer;
pub use digits::Digits;
pub use error::DataError;
pub use finite::first_non_finite;
pub use mnist::Mnist;
