//! What the expansion of `model!` names. No part of the public interface.

pub use core;
pub use core::cmp::PartialEq;
pub use core::fmt::{Debug, Formatter, Result as FmtResult};
pub use core::marker::{PhantomData, Sized};
pub use core::option::Option::{None, Some};
pub use core::primitive::{bool, f32, f64, str, u8, u32, u64, u128, usize};

pub use typenet_macros::model;
#[cfg(feature = "std")]
pub use typenet_runtime::__outputs as outputs;
pub use typenet_runtime::__record as record;
pub use typenet_runtime::__words as words;
pub use typenet_runtime::bytemuck::Zeroable;
pub use typenet_runtime::io::embed::embed_block;
pub use typenet_runtime::kernels::Rng;
pub use typenet_runtime::layers::graph::{
    BackwardWalk, Computes, ForwardWalk, Graph, Inference, Layers, Node, PredictWalk, StepWalk, Tie, Walk,
    Wire,
};
pub use typenet_runtime::layers::model::{
    Ending, Passes, Route, WithHead, predict_one, prediction_values, sample_values,
};
pub use typenet_runtime::layers::{
    Backend, Backward, Cpu, Forward, Headless, Layer, Memory, Model, Port, Predict, Run, Step, buffer_count,
    output_len, parameter_count,
};
pub use typenet_runtime::schema::{Info, LayerInfo, One, Size};

use typenet_runtime::layers::Activation;
use typenet_runtime::typenum::Unsigned;

/// Numbers that begin where a line of the cache does, so that no vector of them lies in two.
#[derive(Debug)]
#[repr(align(64))]
pub struct Aligned<T>(pub T);

/// [`Model::ACTIVATION_BYTES`]. rustc computes what a constant names when it checks the constant, but no call in it before somebody
/// asks for its value.
pub const fn activation_bytes<M: Model>() -> usize {
    M::ACTIVATION_BYTES
}

/// The number of sizes of what a port takes or gives first.
pub const fn rank<P: Port>() -> usize {
    P::PARTS[0].shape.len()
}

/// One of its sizes, or zero behind the last.
pub const fn size<P: Port>(index: usize) -> usize {
    let sizes = P::PARTS[0].shape;
    if index < sizes.len() { sizes[index] } else { 0 }
}

/// Whether these are its sizes.
pub const fn has_sizes<P: Port>(sizes: &[usize]) -> bool {
    let (mut i, own) = (0, P::PARTS[0].shape);
    while i < sizes.len() && i < own.len() && sizes[i] == own[i] {
        i += 1;
    }
    i == sizes.len() && i == own.len()
}

/// Whether the layer ends with an activation that looks at whole rows.
pub const fn is_rowwise<L: Layer>() -> bool {
    <L::Head as Activation>::FUNCTION.is_rowwise()
}

/// Whether a number is a size: positive, and at most what `model!` says of literals too.
pub const fn is_size(number: u128) -> bool {
    0 < number && number <= 1 << 32
}

/// How many numbers a layer brings, at least: the most that one of its shapes and tensors has.
pub const fn numbers(shapes: &[&[usize]]) -> u128 {
    let (mut most, mut i) = (0, 0);
    while i < shapes.len() {
        let (mut product, mut j) = (1_u128, 0);
        while j < shapes[i].len() {
            product = product.saturating_mul(shapes[i][j] as u128);
            j += 1;
        }
        most = if product > most { product } else { most };
        i += 1;
    }
    most
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
    is_rowwise::<L>() && size::<L::Output>(rank::<L::Output>() - 1) == 1 && L::INFO.layers.is_empty()
}

/// Asks what a type is. Where the question's own constant does not apply, [`Otherwise`] answers.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<L: Layer> Probe<L> {
    /// Whether the type is a layer.
    pub const IS_LAYER: bool = true;
}

impl<L: Run> Probe<L> {
    /// Whether the type is a layer that runs on this processor, in `f32`.
    pub const RUNS: bool = true;
}

impl<N: Unsigned + 'static> Probe<N> {
    /// The typenum number that the type is.
    pub const NUMBER: u128 = N::U128;
}

/// The answers of [`Probe`] for all other types.
pub trait Otherwise {
    /// It is no layer.
    const IS_LAYER: bool = false;
    /// It does not run.
    const RUNS: bool = false;
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

/// Without `std` nothing is trained.
#[cfg(not(feature = "std"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __no_outputs {
    ($($outputs:tt)*) => {};
}
#[cfg(not(feature = "std"))]
pub use crate::__no_outputs as outputs;
