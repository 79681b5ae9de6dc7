//! What the expansion of `model!` names. No part of the public interface.

pub use core;
pub use core::cmp::PartialEq;
pub use core::fmt::{Debug, Formatter, Result as FmtResult};
pub use core::marker::Sized;
pub use core::option::Option::{None, Some};
pub use core::primitive::{bool, f32, f64, str, u8, u64, u128, usize};

pub use typenet_macros::model;
pub use typenet_runtime::__words as words;
pub use typenet_runtime::bytemuck::Zeroable;
pub use typenet_runtime::io::embed::embed_block;
pub use typenet_runtime::kernels::{Rng, Simd};
pub use typenet_runtime::layers::model::{AllOn, EachByItself, Route, predict_one};
pub use typenet_runtime::layers::row::{
    BackwardRow, ForwardRow, InitializeRow, Lengths, PredictRow, RowLengths, StepRow,
};
pub use typenet_runtime::layers::{
    Backward, Forward, Headless, Layer, Model, Predict, Step, buffer_count, output_len, parameter_count,
};
pub use typenet_runtime::schema::LayerInfo;

use core::marker::PhantomData;
use typenet_runtime::layers::Activation;
use typenet_runtime::schema::Shape;
use typenet_runtime::typenum::Unsigned;

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

/// Whether a number is a size: positive, and at most what `model!` says of literals too.
pub const fn is_size(number: u128) -> bool {
    0 < number && number <= 1 << 32
}

/// How many numbers a layer brings, at least: the largest there is.
pub const fn numbers(input: &[usize], output: &[usize], has_matrix: bool) -> u128 {
    const fn product(sizes: &[usize]) -> u128 {
        let (mut product, mut i) = (1_u128, 0);
        while i < sizes.len() {
            product = product.saturating_mul(sizes[i] as u128);
            i += 1;
        }
        product
    }
    let (input, output) = (product(input), product(output));
    if has_matrix {
        input.saturating_mul(output)
    } else if input > output {
        input
    } else {
        output
    }
}

/// Whether the sum is at most `most`.
pub const fn is_sum_at_most(numbers: &[u128], most: u64) -> bool {
    let (mut sum, mut i) = (0_u128, 0);
    while i < numbers.len() {
        sum = sum.saturating_add(numbers[i]);
        i += 1;
    }
    sum <= most as u128
}

/// A size whose name is a constant's or a type's; the constant is `usize::MAX` where it is a type's.
pub const fn either(constant: usize, number: u128) -> u128 {
    if constant == usize::MAX { number } else { constant as u128 }
}

/// Whether the layer, which is no model, ends with a softmax over rows of one value.
pub const fn is_softmax_of_one<L: Layer>() -> bool {
    is_rowwise::<L>() && size::<L::Output>(rank::<L::Output>() - 1) == 1 && L::LAYERS.is_empty()
}

/// Asks what a type is. Where the question's own constant does not apply, [`Otherwise`] answers.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<L: Layer> Probe<L> {
    /// Whether the type is a layer.
    pub const IS_LAYER: bool = true;
}

impl<N: Unsigned + 'static> Probe<N> {
    /// The typenum number that the type is.
    pub const NUMBER: u128 = N::U128;
}

/// The answers of [`Probe`] for all other types.
pub trait Otherwise {
    /// It is no layer.
    const IS_LAYER: bool = false;
    /// It is no number.
    const NUMBER: u128 = 0;
}

impl<T: ?Sized> Otherwise for Probe<T> {}

/// Chooses a type where a check holds, which is a constant of zero. One that does not compile, and says why, makes the
/// type an error that rustc has reported, so that nothing else is said of it.
pub trait Checked {
    /// The type.
    type Then<T>;
}

impl Checked for [(); 0] {
    type Then<T> = T;
}
