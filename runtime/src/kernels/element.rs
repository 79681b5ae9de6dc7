//! The numbers a layer computes with.

use super::{
    affine::Affine, batch_norm::BatchNorm, conv2d::Convolve, function::Map, layer_norm::LayerNorm,
    orthogonal::Orthonormalize, pool2d::Pool, product::Product, reduce::Reduce, softmax::SoftmaxRows,
};

/// `f32` with fast kernels, or `f64` with the reference kernels.
///
/// ```
/// use typenet_runtime::kernels::Element;
///
/// /// `⅓` as a layer in `T` sees it.
/// fn third<T: Element>() -> f64 {
///     T::from_f64(1.0 / 3.0).to_f64()
/// }
///
/// assert_eq!(third::<f64>(), 1.0 / 3.0);
/// assert_eq!(third::<f32>(), f64::from(1f32 / 3.0));
/// ```
pub trait Element:
    Copy
    + core::ops::Add<Output = Self>
    + core::ops::AddAssign
    + core::ops::Mul<Output = Self>
    + core::fmt::Debug
    + Send
    + Sync
    + PartialOrd
    + Default
    + 'static
    + Affine
    + BatchNorm
    + LayerNorm
    + Convolve
    + Product
    + Map
    + Orthonormalize
    + Pool
    + Reduce
    + SoftmaxRows
{
    /// Zero.
    const ZERO: Self;
    /// The nearest value to `x`.
    fn from_f64(x: f64) -> Self;
    /// The value as an `f64`, exactly.
    fn to_f64(self) -> f64;
}

impl Element for f32 {
    const ZERO: Self = 0.0;
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Element for f64 {
    const ZERO: Self = 0.0;
    fn from_f64(x: f64) -> Self {
        x
    }
    fn to_f64(self) -> f64 {
        self
    }
}
