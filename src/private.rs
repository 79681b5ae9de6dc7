//! What the expansion of `model!` names. No part of the public interface.

pub use core;
pub use core::cmp::PartialEq;
pub use core::fmt::{Debug, Formatter, Result as FmtResult};
pub use core::option::Option::{None, Some};
pub use core::primitive::{bool, f32, f64, str, u8, u64, usize};

pub use typenet_macros::model;
pub use typenet_runtime::bytemuck::Zeroable;
pub use typenet_runtime::io::embed::embed_block;
pub use typenet_runtime::kernels::{Rng, Simd};
pub use typenet_runtime::layers::model::{AllOn, EachByItself, Route, predict_one};
pub use typenet_runtime::layers::{
    Backward, Forward, Headless, Layer, Model, Predict, Step, buffer_count, output_len, parameter_count,
};
pub use typenet_runtime::tensor::LayerInfo;
pub use typenet_runtime::typenum::Unsigned;

use core::marker::PhantomData;
use typenet_runtime::layers::Activation;
use typenet_runtime::layers::activation::Linear;
use typenet_runtime::tensor::Shape;
use typenet_runtime::typenum::NonZero;

/// The largest of the numbers; zero if there are none.
pub const fn max(numbers: &[usize]) -> usize {
    let (mut max, mut i) = (0, 0);
    while i < numbers.len() {
        if numbers[i] > max {
            max = numbers[i];
        }
        i += 1;
    }
    max
}

/// Where each of several parts ends that lie one behind the other.
pub const fn ends<const N: usize>(mut lens: [usize; N]) -> [usize; N] {
    let mut i = 1;
    while i < N {
        lens[i] += lens[i - 1];
        i += 1;
    }
    lens
}

/// Numbers that begin where a line of the cache does, so that no vector of them lies in two.
#[derive(Debug)]
#[repr(align(64))]
pub struct Aligned<T>(pub T);

/// The number of sizes of a shape.
pub const fn rank<S: Shape>() -> usize {
    S::SIZES.len()
}

/// A size of a shape, or zero behind its last.
pub const fn size<S: Shape>(index: usize) -> usize {
    if index < S::SIZES.len() { S::SIZES[index] } else { 0 }
}

/// Whether these are the shape's sizes.
pub const fn has_sizes<S: Shape>(sizes: &[usize]) -> bool {
    let mut i = 0;
    while i < sizes.len() && i < S::SIZES.len() && sizes[i] == S::SIZES[i] {
        i += 1;
    }
    i == sizes.len() && i == S::SIZES.len()
}

/// Whether the layer ends with an activation that looks at whole rows.
pub const fn is_rowwise<L: Layer>() -> bool {
    <L::Head as Activation>::FUNCTION.is_rowwise()
}

/// Asks what a type is. Where the question's own constant does not apply, [`Otherwise`] answers.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<L: Layer> Probe<L> {
    /// Whether the type is a layer.
    pub const IS_LAYER: bool = true;
}

impl<N: Unsigned + NonZero + 'static> Probe<N> {
    /// Whether the type is a positive typenum number.
    pub const IS_SIZE: bool = true;
}

/// The answers of [`Probe`] for all other types.
pub trait Otherwise {
    /// It is no layer.
    const IS_LAYER: bool = false;
    /// It is no size.
    const IS_SIZE: bool = false;
}

impl<T: ?Sized> Otherwise for Probe<T> {}

/// A condition as a type.
#[derive(Debug)]
pub struct If<const CONDITION: bool>;

/// One of two types.
pub trait Select<Then, Else> {
    /// `Then` if the condition holds, otherwise `Else`.
    type Type;
}

impl<Then, Else> Select<Then, Else> for If<true> {
    type Type = Then;
}

impl<Then, Else> Select<Then, Else> for If<false> {
    type Type = Else;
}

/// Stands in for a layer with a mistake that is reported elsewhere.
#[derive(Debug)]
pub struct Unknown<I, O>(PhantomData<(I, O)>);

impl<I: Shape, O: Shape> Layer for Unknown<I, O> {
    type Input = I;
    type Output = O;
    type Head = Linear;
    type Body = Self;
    const KIND: &'static str = "Unknown";

    fn predict(pass: Predict<'_, f32>) {
        pass.output.fill(0.0);
    }

    fn backward(pass: Backward<'_, f32>) {
        if let Some(grad_input) = pass.grad_input {
            grad_input.fill(0.0);
        }
    }
}
