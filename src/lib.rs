//! Neural networks as Rust types.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod prelude;

#[cfg(feature = "std")]
pub use typenet_runtime::{data, losses, metrics, model, optimizers};
pub use typenet_runtime::{embed, hardware, io, kernels, layers, tensor, typenum};

/// Declares a model.
#[macro_export]
macro_rules! model {
    ($($declaration:tt)*) => {
        $crate::__private::model! { $crate; $($declaration)* }
    };
}
