//! Kernels: slices and sizes in, slices out. They know no tensors, layers or models.
//!
//! A kernel is a method of a small trait that is implemented for `f32` (fast, one version for each instruction
//! set) and for `f64` (plain loops: the definition by which every faster version is judged, and the arithmetic
//! in which gradients are checked). [`Element`] is the sum of those traits.
//!
//! Results do not depend on the number of threads: every element of a result is computed by the same
//! operations in the same order, however the work is shared.

pub mod activation;
pub mod affine;
pub mod constrain;
pub mod cross_entropy;
pub mod element;
pub(crate) mod elementary;
pub mod finite;
pub mod flush;
pub mod focal;
pub mod function;
mod lanes;
pub(crate) mod lerp;
pub mod orthogonal;
pub mod product;
pub mod random;
pub mod reduce;
pub(crate) mod simd;
pub mod size;
pub mod softmax;
#[cfg(test)]
mod testing;
pub mod update;

pub use activation::Activation;
pub use affine::Affine;
pub use element::Element;
pub use function::{Function, Map};
pub use product::{Matrix, Product, Tail};
pub use random::Rng;
pub use reduce::Reduce;
#[doc(hidden)]
pub use simd::Simd;
pub use softmax::SoftmaxRows;
