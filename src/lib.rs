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
/// | `Dropout(0.5)` | [`Dropout`](layers::Dropout); in training alone |
/// | `Flatten` | [`Flatten`](layers::Flatten); the same values as one row, at no cost |
/// | `Activation(tanh)` | [`Activate`](layers::activation::Activate); any number of sizes |
/// | `my::Encoder(784 => 64)` | a type that implements [`Layer`](layers::Layer), or another model; shapes are compared with the type's |
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
