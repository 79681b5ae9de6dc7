//! Layers as types: shapes, tables and code, but no fields.
//!
//! A layer does not hold its numbers. A model's block does, and hands each layer its part as a slice. What a layer is
//! ([`Layer`]) stands apart from how it runs on a backend ([`Run`]).

pub mod activation;
pub mod add;
mod backend;
pub(crate) mod batch;
pub mod batch_norm;
#[cfg(feature = "std")]
pub mod check;
pub mod concat;
pub mod constraints;
pub mod conv2d;
pub mod dense;
pub mod dropout;
pub(crate) mod dyn_model;
pub mod embedding;
pub mod flatten;
pub mod global_avg_pool;
#[doc(hidden)]
pub mod graph;
pub mod initializers;
pub mod layer_norm;
mod memory;
pub mod model;
mod pass;
pub mod plan;
pub mod pool2d;
mod port;
pub mod rules;
pub mod sizes;
pub mod step;
#[cfg(all(test, feature = "std"))]
mod testing;
pub mod tied;
pub mod window;

pub use activation::Activation;
pub use add::Add;
pub use backend::{Backend, Cpu};
pub use batch_norm::BatchNorm;
pub use concat::Concat;
pub use conv2d::Conv2d;
pub use dense::Dense;
pub use dropout::Dropout;
pub use dyn_model::{DynModel, LengthError};
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use global_avg_pool::GlobalAvgPool;
pub use layer_norm::LayerNorm;
pub use memory::{Amount, Memory};
#[doc(hidden)]
pub use model::Headless;
pub use model::Model;
pub use pass::{Backward, Forward, Predict};
pub use pool2d::{AvgPool2d, MaxPool2d};
#[doc(hidden)]
pub use port::Value;
use port::clear_behind_ends;
pub use port::{Branches, Index, IndexSteps, Plain, Port, Sequences, Steps, Tensor};
pub use step::{Step, Trained};

use crate::kernels::{Rng, Simd};
pub use crate::schema::Part;
use crate::schema::{Info, LayerInfo};

/// What a layer is: what a path in `model!` names. [`Run`] is how it runs.
///
/// A layer is a type without fields. It says what it takes and gives, its tensors, its memory and its start values; over a
/// batch, samples lie one behind the other.
///
/// # Example
/// A layer that scales each of `N` values by a parameter of its own:
///
/// ```
/// use core::marker::PhantomData;
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::activation::Linear;
/// use typenet_runtime::layers::{Backward, Layer, Memory, Predict, Run};
/// use typenet_runtime::schema::{Info, Size, TensorInfo};
///
/// pub struct Scale<N>(PhantomData<N>);
///
/// impl<N: Size> Layer for Scale<N> {
///     type Input = (N,);
///     type Output = (N,);
///     type Head = Linear;
///     type Body = Self;
///     const INFO: Info = Info {
///         tensors: &[TensorInfo::parameter("weight", &[N::VALUE])],
///         flops: N::VALUE as u64,
///         ..Info::new("Scale")
///     };
///     const MEMORY: Memory = Memory { reads_output: false, ..Memory::NONE };
///
///     fn initialize(parameters: &mut [f32], _: &mut [f32], _: Rng) {
///         parameters.fill(1.0);
///     }
/// }
///
/// impl<N: Size> Run for Scale<N> {
///     fn predict(pass: Predict<'_, Self>) {
///         for (x, y) in pass.input.chunks_exact(N::VALUE).zip(pass.output.chunks_exact_mut(N::VALUE)) {
///             for i in 0..N::VALUE {
///                 y[i] = x[i] * pass.parameters[i];
///             }
///         }
///     }
///
///     fn backward(pass: Backward<'_, Self>) {
///         pass.grad_parameters.fill(0.0);
///         for (x, grad) in pass.input.chunks_exact(N::VALUE).zip(pass.grad_output.chunks_exact(N::VALUE)) {
///             for i in 0..N::VALUE {
///                 pass.grad_parameters[i] += x[i] * grad[i];
///             }
///         }
///         if let Some(grad_input) = pass.grad_input {
///             for (to, grad) in grad_input.chunks_exact_mut(N::VALUE).zip(pass.grad_output.chunks_exact(N::VALUE)) {
///                 for i in 0..N::VALUE {
///                     to[i] = grad[i] * pass.parameters[i];
///                 }
///             }
///         }
///     }
/// }
///
/// use typenet_runtime::typenum::U3;
/// let mut output = [0.0; 3];
/// Scale::<U3>::predict(Predict {
///     batch: 1,
///     parameters: &[1.0, 2.0, 3.0],
///     buffers: &[],
///     input: &[1.0, 1.0, 2.0],
///     output: &mut output,
///     scratch: &mut [],
/// });
/// assert_eq!(output, [1.0, 2.0, 6.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "not a layer",
    note = "a layer is a built-in kind, a type that implements `typenet::layers::Layer`, or another `model!`"
)]
pub trait Layer: 'static {
    /// What one sample is going in.
    type Input: Port;
    /// What one sample is coming out.
    type Output: Port;
    /// The activation that the layer ends with; [`Linear`](activation::Linear) if none.
    type Head: Activation;
    /// The layer without its head; `Self` if the head is linear.
    type Body: Layer<Input = Self::Input, Output = Self::Output>;

    /// Its kind, tensors and settings.
    ///
    /// ```
    /// use typenet_runtime::layers::dropout::{Dropout, Fraction};
    /// use typenet_runtime::layers::{Dense, Layer};
    /// use typenet_runtime::typenum::{U2, U3, U8};
    ///
    /// let dense = <Dense<U3, U2>>::INFO;
    /// assert_eq!((dense.kind, dense.tensors.len()), ("Dense", 2));
    /// // Two for each weight and one for each bias.
    /// assert_eq!(dense.flops, 2 * 3 * 2 + 2);
    /// assert_eq!(<Dropout<(U8,), Fraction<1, 5>>>::INFO.settings, [("rate", 0.2)]);
    /// ```
    const INFO: Info;
    /// What its passes need besides inputs and results.
    ///
    /// ```
    /// use typenet_runtime::layers::activation::Gelu;
    /// use typenet_runtime::layers::{Amount, Dense, Layer};
    /// use typenet_runtime::typenum::{U2, U3};
    ///
    /// // The arguments of Gelu, whose derivative cannot be had from its values.
    /// assert_eq!(<Dense<U3, U2, Gelu>>::MEMORY.kept, Amount::per_sample(2));
    /// ```
    const MEMORY: Memory = Memory::NONE;

    /// Start values, the same on every backend. Both slices are zero before; `rng` is the layer's own.
    fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
        let _ = (parameters, buffers, rng);
    }
}

/// How a layer runs on backend `B`.
///
/// Implement it for `Cpu<f32>`, the default, with plain slices, or for every `Cpu<T>`: then its gradient can be checked in `f64`
/// ([`check_gradient`](check::check_gradient)), and that of every model it stands in.
///
/// [`Layer`] shows a layer for `Cpu<f32>`. One that squares its values, for every `Cpu<T>`:
///
/// ```
/// use core::marker::PhantomData;
/// use typenet_runtime::kernels::Element;
/// use typenet_runtime::layers::activation::Linear;
/// use typenet_runtime::layers::check::check_gradient;
/// use typenet_runtime::layers::{Backward, Cpu, Layer, Memory, Predict, Run};
/// use typenet_runtime::schema::{Info, Size};
/// use typenet_runtime::typenum::U3;
///
/// struct Square<N>(PhantomData<N>);
///
/// impl<N: Size> Layer for Square<N> {
///     type Input = (N,);
///     type Output = (N,);
///     type Head = Linear;
///     type Body = Self;
///     const INFO: Info = Info::new("Square");
///     const MEMORY: Memory = Memory { reads_output: false, ..Memory::NONE };
/// }
///
/// impl<T: Element, N: Size> Run<Cpu<T>> for Square<N> {
///     fn predict(pass: Predict<'_, Self, Cpu<T>>) {
///         pass.output.iter_mut().zip(pass.input).for_each(|(y, x)| *y = *x * *x);
///     }
///
///     fn backward(pass: Backward<'_, Self, Cpu<T>>) {
///         let Some(grad_input) = pass.grad_input else { return };
///         for ((to, x), grad) in grad_input.iter_mut().zip(pass.input).zip(pass.grad_output) {
///             *to = T::from_f64(2.0) * *x * *grad;
///         }
///     }
/// }
///
/// check_gradient::<Square<U3>>(5, 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not run on `{B}`",
    label = "not a layer on `{B}`",
    note = "a layer runs where it implements `typenet::layers::Run`, a model where all of its layers do"
)]
pub trait Run<B: Backend = Cpu>: Layer {
    /// The layer in inference.
    fn predict(pass: Predict<'_, Self, B>);

    /// [`predict`](Self::predict) inside a function that is compiled for the instruction set of `simd`: for layers that are
    /// done in the time of a few calls.
    #[doc(hidden)]
    #[inline(always)]
    fn predict_on<S: Simd>(simd: S, pass: Predict<'_, Self, B>) {
        let _ = simd;
        Self::predict(pass);
    }

    /// The layer in training; as in inference where nothing else is said, which a layer whose inference needs more
    /// [scratch](Memory::predict) than its forward pass must.
    fn forward(pass: Forward<'_, Self, B>) {
        const {
            let (predict, forward) = (Self::MEMORY.predict, Self::MEMORY.forward);
            assert!(
                predict.per_batch <= forward.per_batch
                    && predict.per_sample <= forward.per_sample
                    && predict.per_thread <= forward.per_thread,
                "a layer whose inference needs more scratch than its forward pass needs a `forward` of its own"
            );
        };
        Self::predict(Predict {
            batch: pass.batch,
            parameters: pass.parameters,
            buffers: pass.buffers,
            input: pass.input,
            output: pass.output,
            scratch: pass.scratch,
        });
    }

    /// Gradients of the last forward pass.
    fn backward(pass: Backward<'_, Self, B>);

    /// [`backward`](Self::backward) and the update of the parameters, with the same bits. A layer says more only if it
    /// can update parameters before all of the gradient is there.
    fn step(pass: Step<'_, Self, B>) {
        pass.in_two_passes();
    }
}

impl LayerInfo {
    /// The row of layer `L` under `name`.
    ///
    /// ```
    /// use typenet_runtime::layers::Dense;
    /// use typenet_runtime::schema::LayerInfo;
    /// use typenet_runtime::typenum::{U2, U3};
    ///
    /// const ROW: LayerInfo = LayerInfo::of::<Dense<U3, U2>>("logits");
    /// assert_eq!((ROW.name, ROW.info.kind, ROW.info.flops), ("logits", "Dense", 2 * 3 * 2 + 2));
    /// ```
    pub const fn of<L: Layer>(name: &'static str) -> Self {
        Self {
            name,
            info: L::INFO,
            inputs: L::Input::PARTS,
            outputs: L::Output::PARTS,
            activation: <L::Head as Activation>::NAME,
            sources: &[],
            shares: None,
        }
    }
}

/// Number of trainable values of a layer, inner layers included.
///
/// ```
/// use typenet_runtime::layers::{Dense, parameter_count};
/// use typenet_runtime::typenum::{U512, U784};
///
/// assert_eq!(parameter_count::<Dense<U784, U512>>(), 784 * 512 + 512);
/// ```
pub const fn parameter_count<L: Layer>() -> usize {
    const { L::INFO.parameter_count() }
}

/// Number of a layer's values that move without a gradient, inner layers included.
///
/// ```
/// use typenet_runtime::layers::{Dense, buffer_count};
/// use typenet_runtime::typenum::{U512, U784};
///
/// assert_eq!(buffer_count::<Dense<U784, U512>>(), 0);
/// ```
pub const fn buffer_count<L: Layer>() -> usize {
    const { L::INFO.buffer_count() }
}

/// Number of values of one sample going into a layer.
///
/// ```
/// use typenet_runtime::layers::{Flatten, input_len};
/// use typenet_runtime::typenum::{U28, U784};
///
/// assert_eq!(input_len::<Flatten<(U28, U28), U784>>(), 28 * 28);
/// ```
pub const fn input_len<L: Layer>() -> usize {
    <L::Input as Port>::LEN
}

/// Number of values of one sample coming out of a layer.
///
/// ```
/// use typenet_runtime::layers::{Dense, output_len};
/// use typenet_runtime::typenum::{U512, U784};
///
/// assert_eq!(output_len::<Dense<U784, U512>>(), 512);
/// ```
pub const fn output_len<L: Layer>() -> usize {
    <L::Output as Port>::LEN
}
