//! Layers as types: shapes, tables and code, but no fields.
//!
//! A layer does not hold its numbers. A model's block does, and hands each layer its part as a slice.

pub mod activation;
#[cfg(feature = "std")]
pub mod check;
pub mod constraints;
pub mod dense;
pub mod dropout;
pub(crate) mod dyn_model;
pub mod flatten;
pub mod initializers;
pub mod model;
#[doc(hidden)]
pub mod row;
pub mod rules;
pub mod step;

pub use activation::Activation;
pub use dense::Dense;
pub use dropout::Dropout;
pub use dyn_model::{DynModel, LengthError};
pub use flatten::Flatten;
#[doc(hidden)]
pub use model::Headless;
pub use model::Model;
pub use step::{Step, Trained};

use crate::brief::brief_debug;
use crate::kernels::{Element, Rng, Simd};
use crate::schema::{Constraint, LayerInfo, Regularizer, Shape, TensorInfo};

/// An inference over a batch.
///
/// ```
/// use typenet_runtime::layers::{Dense, Layer, Predict};
/// use typenet_runtime::typenum::{U1, U2};
///
/// let mut output = [0.0f32; 2];
/// <Dense<U2, U1> as Layer>::predict(Predict {
///     batch: 2,
///     parameters: &[3.0, 4.0, 0.5],
///     buffers: &[],
///     input: &[1.0, 0.0, 1.0, 1.0],
///     output: &mut output,
///     scratch: &mut [],
/// });
/// assert_eq!(output, [3.5, 7.5]);
/// ```
pub struct Predict<'a, T> {
    /// Number of samples.
    pub batch: usize,
    /// The layer's trainable values.
    pub parameters: &'a [T],
    /// The layer's values that move without a gradient.
    pub buffers: &'a [T],
    /// `[batch, Input]`
    pub input: &'a [T],
    /// `[batch, Output]`; every value is written, none is read.
    pub output: &'a mut [T],
    /// `[batch · PREDICT_SCRATCH]`, of any content.
    pub scratch: &'a mut [T],
}

brief_debug!(Predict<'_, T> { batch, [parameters], [buffers], [input], [output], [scratch] });

/// A forward pass in training, over a batch.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::activation::Gelu;
/// use typenet_runtime::layers::{Dense, Forward, Layer};
/// use typenet_runtime::typenum::{U1, U2};
///
/// let (mut output, mut cache) = ([0.0f32], [0.0]);
/// <Dense<U2, U1, Gelu> as Layer>::forward(Forward {
///     batch: 1,
///     parameters: &[3.0, 4.0, 0.5],
///     buffers: &mut [],
///     input: &[1.0, -1.0],
///     output: &mut output,
///     cache: &mut cache,
///     rng: Rng::seed(7),
/// });
/// // Gelu's derivative cannot be had from its value, so the layer keeps its argument.
/// assert_eq!(cache, [-0.5]);
/// assert_eq!(format!("{output:.4?}"), "[-0.1543]");
/// ```
pub struct Forward<'a, T> {
    /// Number of samples.
    pub batch: usize,
    /// The layer's trainable values.
    pub parameters: &'a [T],
    /// The layer's values that move without a gradient, such as running means.
    pub buffers: &'a mut [T],
    /// `[batch, Input]`
    pub input: &'a [T],
    /// `[batch, Output]`; every value is written, none is read.
    pub output: &'a mut [T],
    /// `[batch · CACHE]`: what the layer keeps for its backward pass.
    pub cache: &'a mut [T],
    /// The random numbers of this layer in this step.
    pub rng: Rng,
}

brief_debug!(Forward<'_, T> { batch, [parameters], [buffers], [input], [output], [cache], rng });

/// A backward pass over the batch of the last forward pass.
///
/// ```
/// use typenet_runtime::layers::{Backward, Dense, Layer};
/// use typenet_runtime::typenum::{U1, U2};
///
/// let (mut grad_input, mut grad_parameters) = ([0.0f32; 2], [0.0; 3]);
/// <Dense<U2, U1> as Layer>::backward(Backward {
///     batch: 1,
///     parameters: &[3.0, 4.0, 0.5],
///     input: &[1.0, -1.0],
///     output: &[-0.5],
///     cache: &[],
///     grad_output: &mut [2.0],
///     grad_input: Some(&mut grad_input),
///     grad_parameters: &mut grad_parameters,
///     scratch: &mut [],
/// });
/// assert_eq!(grad_input, [6.0, 8.0]);
/// assert_eq!(grad_parameters, [2.0, -2.0, 2.0]);
/// ```
pub struct Backward<'a, T> {
    /// Number of samples.
    pub batch: usize,
    /// The layer's trainable values, as in the forward pass.
    pub parameters: &'a [T],
    /// `[batch, Input]`, as in the forward pass.
    pub input: &'a [T],
    /// `[batch, Output]`, as the forward pass wrote it.
    pub output: &'a [T],
    /// `[batch · CACHE]`, as the forward pass wrote it.
    pub cache: &'a [T],
    /// `[batch, Output]`: gradient of the loss by the output; may be overwritten.
    pub grad_output: &'a mut [T],
    /// `[batch, Input]`: receives the gradient by the input; `None` where nobody needs it.
    pub grad_input: Option<&'a mut [T]>,
    /// Receives the gradient by the parameters, summed over the batch; every value is written, none is read.
    pub grad_parameters: &'a mut [T],
    /// `[batch · BACKWARD_SCRATCH]`, of any content.
    pub scratch: &'a mut [T],
}

brief_debug!(Backward<'_, T> { batch, [parameters], [input], [output], [cache], [grad_output], (grad_input), [grad_parameters], [scratch] });

/// A layer: what a path in `model!` names.
///
/// A layer is a type without fields. It says its shapes and tensors, how to start its parameters, and how to run
/// over a batch in both directions; samples lie one behind the other.
///
/// Implement it for `f32` alone, or for every [`Element`]: then its gradient can be checked in `f64`.
///
/// # Example
/// A layer that scales each of `N` values by a parameter of its own:
///
/// ```
/// use core::marker::PhantomData;
/// use typenet_runtime::kernels::{Element, Rng};
/// use typenet_runtime::layers::activation::Linear;
/// use typenet_runtime::layers::{Backward, Forward, Layer, Predict};
/// use typenet_runtime::schema::TensorInfo;
/// use typenet_runtime::typenum::Unsigned;
///
/// pub struct Scale<N>(PhantomData<N>);
///
/// impl<N: Unsigned + 'static> Layer for Scale<N> {
///     type Input = (N,);
///     type Output = (N,);
///     type Head = Linear;
///     type Body = Self;
///     const KIND: &'static str = "Scale";
///     const PARAMETERS: &'static [TensorInfo] = &[TensorInfo { name: "weight", shape: &[N::USIZE] }];
///
///     fn initialize(parameters: &mut [f32], _: &mut [f32], _: Rng) {
///         parameters.fill(1.0);
///     }
///
///     fn predict(pass: Predict<'_, f32>) {
///         for (x, y) in pass.input.chunks_exact(N::USIZE).zip(pass.output.chunks_exact_mut(N::USIZE)) {
///             for i in 0..N::USIZE {
///                 y[i] = x[i] * pass.parameters[i];
///             }
///         }
///     }
///
///     fn backward(pass: Backward<'_, f32>) {
///         pass.grad_parameters.fill(0.0);
///         for (x, grad) in pass.input.chunks_exact(N::USIZE).zip(pass.grad_output.chunks_exact(N::USIZE)) {
///             for i in 0..N::USIZE {
///                 pass.grad_parameters[i] += x[i] * grad[i];
///             }
///         }
///         if let Some(grad_input) = pass.grad_input {
///             for (to, grad) in grad_input.chunks_exact_mut(N::USIZE).zip(pass.grad_output.chunks_exact(N::USIZE)) {
///                 for i in 0..N::USIZE {
///                     to[i] = grad[i] * pass.parameters[i];
///                 }
///             }
///         }
///     }
/// }
/// ```
///
/// What a layer says of itself, for tables and the workspace:
///
/// ```
/// use typenet_runtime::layers::activation::Gelu;
/// use typenet_runtime::layers::rules::{L1L2, Ruled};
/// use typenet_runtime::layers::{Dense, Layer};
/// use typenet_runtime::typenum::{U2, U3};
///
/// type Hidden = Ruled<Dense<U3, U2, Gelu>, L1L2<0, { f64::to_bits(1e-4) }>>;
///
/// assert!(<Hidden as Layer>::BUFFERS.is_empty() && <Hidden as Layer>::LAYERS.is_empty());
/// // Two for each weight and one for each bias.
/// assert_eq!(<Hidden as Layer>::FLOPS, 2 * 3 * 2 + 2);
/// // The arguments of Gelu, whose derivative cannot be had from its values.
/// assert_eq!(<Hidden as Layer>::CACHE, 2);
/// assert_eq!((<Hidden as Layer>::PREDICT_SCRATCH, <Hidden as Layer>::BACKWARD_SCRATCH), (0, 0));
/// assert_eq!(<Hidden as Layer>::REGULARIZER.l2, 1e-4);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "not a layer",
    note = "a layer is a built-in kind, a type that implements `typenet::layers::Layer`, or another `model!`"
)]
pub trait Layer<T: Element = f32> {
    /// Shape of one sample going in.
    type Input: Shape;
    /// Shape of one sample coming out.
    type Output: Shape;
    /// The activation that the layer ends with; [`Linear`](activation::Linear) if none.
    type Head: Activation;
    /// The layer without its head; `Self` if the head is linear.
    type Body: Layer<T, Input = Self::Input, Output = Self::Output>;

    /// The layer's kind, as the summary shows it.
    const KIND: &'static str;
    /// Trainable tensors in the order of the layer's parameters. A model has none of its own: its layers have them, and
    /// [`Model::PARAMETER_COUNT`] says how many numbers they are.
    const PARAMETERS: &'static [TensorInfo] = &[];
    /// Tensors that move without a gradient, in the order of the layer's buffers; of a model, see `PARAMETERS`.
    const BUFFERS: &'static [TensorInfo] = &[];
    /// Inner layers, if the layer is itself a model; then `PARAMETERS` and `BUFFERS` are empty.
    const LAYERS: &'static [LayerInfo] = &[];
    /// Values per sample that the forward pass keeps for the backward pass beside input and output.
    const CACHE: usize = 0;
    /// Values per sample that an inference needs besides input and output.
    const PREDICT_SCRATCH: usize = 0;
    /// Values per sample that a backward pass needs besides its gradients.
    const BACKWARD_SCRATCH: usize = 0;
    /// Multiplications and additions per sample in a forward pass.
    const FLOPS: u64 = 0;
    /// Numbers that the layer was declared with besides its sizes, by name, such as a rate. A checkpoint is one of this
    /// model only if they agree.
    ///
    /// ```
    /// use typenet_runtime::layers::Layer;
    /// use typenet_runtime::layers::dropout::{Dropout, Fraction};
    /// use typenet_runtime::typenum::U8;
    ///
    /// assert_eq!(<Dropout<(U8,), Fraction<1, 5>> as Layer>::SETTINGS, [("rate", 0.2)]);
    /// ```
    const SETTINGS: &'static [(&'static str, f64)] = &[];
    /// What is added to the loss for the size of the layer's weight, the first of `PARAMETERS`.
    const REGULARIZER: Regularizer = Regularizer::NONE;
    /// What holds for the layer's weight after every update.
    const CONSTRAINT: Option<Constraint> = None;

    /// Start values. Both slices are zero before; `rng` is the layer's own.
    fn initialize(parameters: &mut [T], buffers: &mut [T], rng: Rng) {
        let _ = (parameters, buffers, rng);
    }

    /// The layer in inference.
    fn predict(pass: Predict<'_, T>);

    /// [`predict`](Self::predict) inside a function that is compiled for the instruction set of `simd`: for layers that are
    /// done in the time of a few calls.
    #[doc(hidden)]
    #[inline(always)]
    fn predict_on<S: Simd>(simd: S, pass: Predict<'_, T>) {
        let _ = simd;
        Self::predict(pass);
    }

    /// The layer in training; as in inference where nothing else is said, which a layer with `PREDICT_SCRATCH` must.
    fn forward(pass: Forward<'_, T>) {
        const { assert!(Self::PREDICT_SCRATCH == 0, "a layer with PREDICT_SCRATCH needs a `forward` of its own") };
        Self::predict(Predict {
            batch: pass.batch,
            parameters: pass.parameters,
            buffers: pass.buffers,
            input: pass.input,
            output: pass.output,
            scratch: &mut [],
        });
    }

    /// Gradients of the last forward pass.
    fn backward(pass: Backward<'_, T>);

    /// [`backward`](Self::backward) and the update of the parameters, with the same bits. A layer says more only if it
    /// can update parameters before all of the gradient is there.
    fn step(pass: Step<'_, T>) {
        pass.in_two_passes::<Self>();
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
    /// assert_eq!((ROW.name, ROW.kind, ROW.flops), ("logits", "Dense", 2 * 3 * 2 + 2));
    /// ```
    pub const fn of<L: Layer>(name: &'static str) -> Self {
        Self {
            name,
            kind: L::KIND,
            input: L::Input::SIZES,
            output: L::Output::SIZES,
            activation: <L::Head as Activation>::NAME,
            settings: L::SETTINGS,
            parameters: L::PARAMETERS,
            buffers: L::BUFFERS,
            layers: L::LAYERS,
            flops: L::FLOPS,
            regularizer: L::REGULARIZER,
            constraint: L::CONSTRAINT,
        }
    }
}

/// Number of trainable values of a layer, inner layers included.
///
/// ```
/// use typenet_runtime::layers::{Dense, parameter_count};
/// use typenet_runtime::typenum::{U512, U784};
///
/// assert_eq!(parameter_count::<f32, Dense<U784, U512>>(), 784 * 512 + 512);
/// ```
pub const fn parameter_count<T: Element, L: Layer<T>>() -> usize {
    const { count::<T, L>().0 }
}

/// Number of a layer's values that move without a gradient, inner layers included.
///
/// ```
/// use typenet_runtime::layers::{Dense, buffer_count};
/// use typenet_runtime::typenum::{U512, U784};
///
/// assert_eq!(buffer_count::<f32, Dense<U784, U512>>(), 0);
/// ```
pub const fn buffer_count<T: Element, L: Layer<T>>() -> usize {
    const { count::<T, L>().1 }
}

const fn count<T: Element, L: Layer<T>>() -> (usize, usize) {
    let row = LayerInfo {
        name: "",
        kind: L::KIND,
        input: &[],
        output: &[],
        activation: "",
        settings: &[],
        parameters: L::PARAMETERS,
        buffers: L::BUFFERS,
        layers: L::LAYERS,
        flops: 0,
        regularizer: Regularizer::NONE,
        constraint: None,
    };
    (row.parameter_count(), row.buffer_count())
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
    <L::Input as Shape>::LEN
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
    <L::Output as Shape>::LEN
}
