#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod prelude;

/// ```
/// use typenet::data::digits;
/// use typenet::kernels::reduce::argmax;
/// use typenet::prelude::*;
///
/// model! {
///     pub SmallDigits < Dense(64 => 16, relu), Dense(16 => 10, softmax) >
/// }
///
/// static DIGITS: &SmallDigits = embed!(SmallDigits, "../examples/digits_small.safetensors");
///
/// let test = digits::load().test;
/// let is_right = |(image, label): &(&[f32; 64], &u8)| argmax(&DIGITS.predict(image)) == usize::from(**label);
/// assert!(test.inputs.iter().zip(&test.labels).filter(is_right).count() > 324, "nine in ten");
/// ```
#[doc(inline)]
pub use typenet_runtime::embed;
#[cfg(feature = "std")]
pub use typenet_runtime::model::callbacks;
#[cfg(feature = "std")]
pub use typenet_runtime::{data, losses, metrics, model, optimizers};
pub use typenet_runtime::{hardware, io, kernels, layers, schema, typenum};

/// Declares a model: its layers, from the samples to the predictions.
///
/// ```
/// use typenet::prelude::*;
///
/// model! {
///     /// Handwritten digits: 28×28 grey pixels to ten classes.
///     pub Digits <
///         Input(28, 28),
///         Flatten,
///         Dense(784 => 128, relu),
///         Dropout(0.2),
///         Dense(_ => 64, relu, init = he_normal),
///         logits: Dense(64 => 10, softmax),
///     >
/// }
///
/// assert_eq!(Digits::PARAMETER_COUNT, 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10);
/// static ZERO: Digits = Digits::from_block([0.0; Digits::BLOCK_LEN]);
/// assert_eq!(ZERO.predict(&[[0.0; 28]; 28]), [0.1; 10]);
/// assert_eq!(ZERO.logits().weight()[63], [0.0; 10]);
/// ```
///
/// # Layers
///
/// | | |
/// |---|---|
/// | `Input(28, 28)` | the shape of a sample; needed where the first layer does not say it |
/// | `Dense(784 => 512, relu)` | [`Dense`](layers::Dense); options `activation`, `bias = false`, `init = he_normal`, `bias_init = constant(0.1)`, `l1 = 1e-5`, `l2 = 1e-4`, `constraint = max_norm(2.0)` |
/// | `Input(..40, u32)`, `Input(..40, 12)` | a sequence of up to 40 words, or of steps of 12 numbers; each sample has its own length |
/// | `Conv2d(3 => 16, kernel = 3, relu)` | [`Conv2d`](layers::Conv2d) on (channels, height, width); options `stride`, `padding` (a number, `same` or `valid`), `dilation`, `groups`, and those of `Dense` |
/// | `MaxPool2d(2)`, `AvgPool2d(3, stride = 2, padding = 1)` | [`MaxPool2d`](layers::MaxPool2d), [`AvgPool2d`](layers::AvgPool2d) |
/// | `GlobalAvgPool` | [`GlobalAvgPool`](layers::GlobalAvgPool) of images, or of the steps of a sequence |
/// | `BatchNorm`, `LayerNorm` | [`BatchNorm`](layers::BatchNorm) with `momentum` and `epsilon`, [`LayerNorm`](layers::LayerNorm) with `epsilon` |
/// | `Embedding(10_000 => 64)` | [`Embedding`](layers::Embedding) of word numbers below 10,000 |
/// | `Add[ … \| … ]`, `Concat[ … \| … ]` | [`Add`](layers::Add), [`Concat`](layers::Concat): branches become one value, see below |
/// | `Dropout(0.5)` | [`Dropout`](layers::Dropout); in training alone |
/// | `Flatten` | [`Flatten`](layers::Flatten); the same values as one row, at no cost |
/// | `Activation(tanh)` | [`Activate`](layers::activation::Activate); any number of sizes |
/// | `my::Encoder(784 => 64)` | a type that implements [`Layer`](layers::Layer), or another model; shapes are compared with the type's |
///
/// # Networks that are no chain
///
/// ```
/// use typenet::prelude::*;
///
/// model! {
///     // Blocks are templates: each use has numbers of its own. `_` as a branch is what arrives.
///     Unit(c, stride = 1) < Conv2d(_ => c, kernel = 3, stride = stride, padding = 1, bias = false), BatchNorm >
///     Plain(c) < Add[ _ | Unit(c), Activation(relu), Unit(c) ], Activation(relu) >
///     pub Residual <
///         Input(1, 8, 8),
///         Unit(8), Activation(relu),
///         2 * Plain(8),                       // twice, one behind the other
///         GlobalAvgPool, Dense(_ => 10, softmax),
///     >
/// }
/// assert_eq!(Residual::LAYERS[3].name, "plain_1.unit_1.conv2d_1");
///
/// model! {
///     /// Two inputs, a value that two layers read, two outputs, and a weight that two layers have.
///     pub Product <
///         image: Input(3, 8, 8),
///         text: Input(..20, u32),             // up to 20 word numbers
///         image -> Conv2d(3 => 4, kernel = 3, relu), MaxPool2d(2), Flatten, seen: Dense(_ => 16, relu),
///         text -> Embedding(100 => 16), read: GlobalAvgPool,
///         both: (seen, read) -> Concat,
///         class: Dense(32 => 10, softmax),
///         code: both -> Dense(32 => 4, tanh),
///         again: Dense(4 => 32, weight = code),
///         (class, again),
///     >
/// }
/// let words = typenet::schema::Words::try_from(&[3, 14, 15][..])?;
/// let answer = Product::new(1).predict(ProductInputs { image: &[[[0.0; 8]; 8]; 3], text: &words });
/// assert_eq!((answer.class.len(), answer.again.len()), (10, 32));
/// # Ok::<(), typenet::schema::SequenceError>(())
/// ```
///
/// A name stands for its layer and, further down, for its value: `seen -> …` takes it, `(seen, read) -> …` takes two. A value that
/// nobody takes is an error, and so is a name that stands further down. `Shared(tower)` is layer `tower` again, with the same
/// numbers; `weight = code` takes one tensor, turned where that fits. Several inputs and outputs become the fields of
/// `ProductInputs` and `ProductOutputs`, under whose names `fit` takes samples and labels, and `compile` losses and metrics.
///
/// # Sizes and names
///
/// A size is a number, a constant of type `usize` (`HIDDEN`, `Config::HIDDEN`, and any calculation in braces:
/// `{ 2 * HIDDEN }`), a path to a typenum type, or part of a tuple such as `(1, 28, 28)`; `_` takes what arrives. A
/// name before a layer, as in `logits: Dense(…)`, reaches the accessors, the summary and the saved file; without one, a
/// layer is called after its kind and its number among the layers of this kind: `dense_1`, `dense_2`.
///
/// Activations are the types of [`layers::activation`] in small letters: `relu`, `leaky_relu`, `silu` (or `swish`), `log_softmax`. `softmax` as
/// an option belongs to the last layer; who wants it elsewhere writes `Activation(softmax)`. Initializers are the types of
/// [`layers::initializers`] in small letters; some take
/// numbers: `constant(0.1)`, `variance_scaling(2.0, fan_in, truncated_normal)`, and under Keras's names
/// `random_normal(mean = 0.0, stddev = 0.02)`, `truncated_normal(…)` likewise, `random_uniform(minval = -0.1, maxval = 0.1)`. A bias
/// starts at zero, or with `bias_init` as one of those that do not look at a weight's shape.
///
/// `l1` and `l2` add `l1·Σ|w| + l2·Σw²` of the layer's weight to the loss. A constraint holds for the weight after every
/// update: `max_norm(2.0)`, `min_max_norm(0.5, 2.0)`, `non_negative`, `unit_norm`, each for the weights that lead to one
/// output; they are the types of [`layers::constraints`].
///
/// # What it becomes
/// A struct that holds all numbers in one aligned block, with [`Layer`](layers::Layer) and [`Model`](layers::Model),
/// `predict` for one sample, a view of each layer's parameters under the layer's name, and the constants `PARAMETER_COUNT`,
/// `BUFFER_COUNT`, `BLOCK_LEN`, `FLOPS`, `ACTIVATION_BYTES` and `LAYERS`. `Debug` is short, and `==` compares all numbers as
/// numbers, unless a `#[derive]` says otherwise.
///
/// # Errors
/// Every joint between layers is proved by the compiler; a mistake is one error under what is wrong:
///
/// ```compile_fail
/// typenet::model! {
///     pub Mlp < Dense(784 => 512, relu), Dense(256 => 10, softmax) >
/// }
/// ```
///
/// ```text
/// error[E0277]: `Dense(256 => 10)` takes 256 values, but `Dense(784 => 512)` before it gives 512
///  --> src/main.rs:2:46
///   |
/// 2 |     pub Mlp < Dense(784 => 512, relu), Dense(256 => 10, softmax) >
///   |                                              ^^^ 512 values arrive here
/// ```
#[macro_export]
macro_rules! model {
    ($($declaration:tt)*) => {
        $crate::__private::words! { { $crate::__private::model! } { $crate; $($declaration)* } }
    };
}
