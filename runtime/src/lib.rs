//! Runtime of typenet: everything a declared model calls.
//!
//! Imports run only downward; a test of the workspace checks it:
//!
//! ```text
//! plots                                            pictures of models, histories and confusion matrices
//! model                                            training, callbacks, summary, checkpoints
//! layers | losses | metrics | optimizers | data | io      siblings, blind to each other
//! schema                                           what samples, labels, layers and their tensors look like
//! kernels                                          slices in, slices out
//! hardware                                         instruction sets, threads, aligned memory
//! ```

#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// They panic where nothing can be written, and a run would be lost: `model::report::progress::show`.
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod brief;
pub mod data;
pub mod hardware;
pub mod io;
pub mod kernels;
pub mod layers;
#[cfg(feature = "std")]
pub mod losses;
#[cfg(feature = "std")]
pub mod metrics;
#[cfg(feature = "std")]
pub mod model;
#[cfg(feature = "std")]
pub mod optimizers;
#[cfg(feature = "plots")]
mod plots;
pub mod schema;

/// Hands every word of `model!` to another macro: `__words!({ $crate::other! } tokens)` becomes
/// `$crate::other! { tokens activations { … } initializers { … } constraints { … } }`.
///
/// Each list stands beside what it lists, a line for each word, which may have:
///
/// ```text
/// #[flag]                       a property that a kind of layer asks for
/// silu | swish                  words that are accepted alike; the first is also the module
/// (value)                       a number, written without its name
/// (stddev = 0.05)               a number with a default; where all have one, they are written by name
/// (fan in { fan_in: FanIn; })   one of some words
/// ["std"]                       what other frameworks call it
/// : Silu                        the type
/// where (0 < limit) "…"         what must hold for the numbers, and what to say otherwise; `{limit}` is the number
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __words {
    ($($then:tt)*) => {
        $crate::__activations! { { $crate::__initializers! } { $crate::__constraints! } $($then)* }
    };
}

#[doc(hidden)]
pub use {bytemuck, core as __core, typenum};
