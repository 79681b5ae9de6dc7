//! Batch normalisation.

use core::marker::PhantomData;

use super::activation::Linear;
use super::{Amount, Backward, Cpu, Forward, Layer, Memory, Plain, Port, Predict, Run};
use crate::kernels::{Element, Rng, batch_norm};
use crate::schema::{Info, Size, TensorInfo};

/// The numbers of a [`BatchNorm`], by their bits: `Numbers<{ f64::to_bits(0.01) }>` has another momentum.
///
/// ```
/// use typenet_runtime::layers::Layer;
/// use typenet_runtime::layers::batch_norm::{BatchNorm, Numbers};
/// use typenet_runtime::typenum::U8;
///
/// /// Keras's momentum of 0.99 and its epsilon.
/// type AsInKeras = BatchNorm<(U8,), Numbers<{ f64::to_bits(0.01) }, { f64::to_bits(1e-3) }>>;
/// assert_eq!(AsInKeras::INFO.settings, [("momentum", 0.01), ("epsilon", 1e-3)]);
/// ```
#[derive(Debug)]
pub struct Numbers<const MOMENTUM: u64 = { f64::to_bits(0.1) }, const EPSILON: u64 = { f64::to_bits(1e-5) }>;

/// A shape whose first size are channels, each normalised by itself: `(C,)` or `(C, H, W)`.
///
/// ```
/// use typenet_runtime::layers::batch_norm::Channels;
/// use typenet_runtime::typenum::{U3, U28};
///
/// assert_eq!((<(U3, U28, U28)>::CHANNELS, <(U3, U28, U28)>::PLACES), (3, 28 * 28));
/// assert_eq!((<(U3,)>::CHANNELS, <(U3,)>::PLACES), (3, 1));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no channels to normalise over a batch",
    note = "`BatchNorm` takes values of shape `(C,)` or images of shape `(C, H, W)`; over the last size of others goes `LayerNorm`"
)]
pub trait Channels: Plain {
    /// Number of channels.
    const CHANNELS: usize = Self::SHAPE[0];
    /// Values of a channel in one sample.
    const PLACES: usize = {
        let (mut places, mut size) = (1, 1);
        while size < Self::SHAPE.len() {
            places *= Self::SHAPE[size];
            size += 1;
        }
        places
    };
}

impl<C: Size> Channels for (C,) {}
impl<C: Size, H: Size, W: Size> Channels for (C, H, W) {}

/// Batch normalisation, each channel by itself: `y = (x − mean) / √(variance + ε) · weight + bias`.
///
/// In training mean and variance (over `n`, not `n − 1`) are those of the `n` values that a channel has in the batch, over all samples and
/// places, and the running ones move towards them: `running ← (1 − momentum) · running + momentum · batch`, with the
/// variance over `n − 1`, as in PyTorch. In inference they are the running ones, so that no sample's answer depends on others.
///
/// # Shapes
/// `x`, `y`: `[batch, C]` or `[batch, C, H, W]`; `weight`, `bias` and the buffers `running_mean`, `running_var`: `[C]`. Names are those of
/// PyTorch's files; Keras calls them `gamma`, `beta`, `moving_mean` and `moving_variance`.
///
/// # Defaults
/// `momentum` 0.1, `ε` 1e-5, as in PyTorch. Keras calls the other share momentum: its default of 0.99 is 0.01 here, and its `ε` is 1e-3.
/// `weight` and `running_var` start as one, `bias` and `running_mean` as zero, as in both.
///
/// # Errors
/// In training a channel needs two values or more, whose variance says something: with one value for each channel and
/// sample, steps on batches of one sample are an [`Err`](crate::model::Error::SmallBatch) before the first.
///
/// # References
/// Ioffe & Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift", ICML 2015,
/// algorithms 1 and 2.
///
/// # Example
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::{BatchNorm, Forward, Run};
/// use typenet_runtime::typenum::U1;
///
/// // Running mean and variance, then the batch of three samples with mean 4 and variance 4 over two.
/// let (mut buffers, mut y) = ([0.0f32, 1.0], [0.0; 3]);
/// <BatchNorm<(U1,)> as Run>::forward(Forward {
///     batch: 3,
///     parameters: &[
///         1.0, // weight
///         0.5, // bias
///     ],
///     buffers: &mut buffers,
///     input: &[2.0, 4.0, 6.0],
///     output: &mut y,
///     kept: &mut [0.0; 2],
///     scratch: &mut [],
///     rng: Rng::seed(0),
/// });
/// assert_eq!(format!("{y:.3?}"), "[-0.725, 0.500, 1.725]");
/// assert_eq!(buffers, [0.4, 1.3]);
/// ```
#[doc(alias = "BatchNormalization")]
#[doc(alias = "BatchNorm1d")]
#[doc(alias = "BatchNorm2d")]
#[derive(Debug)]
pub struct BatchNorm<P, N = Numbers>(PhantomData<(P, N)>);

impl<P: Channels, const MOMENTUM: u64, const EPSILON: u64> Layer
    for BatchNorm<P, Numbers<MOMENTUM, EPSILON>>
{
    type Input = P;
    type Output = P;
    type Head = Linear;
    type Body = Self;
    const INFO: Info = {
        let (momentum, epsilon) = (f64::from_bits(MOMENTUM), f64::from_bits(EPSILON));
        assert!(0.0 <= momentum && momentum <= 1.0, "BatchNorm: momentum is a share from 0 to 1");
        assert!(epsilon > 0.0 && epsilon.is_finite(), "BatchNorm: epsilon is a small number above 0");
        Info {
            tensors: &[
                TensorInfo::parameter("weight", &[P::CHANNELS]),
                TensorInfo::parameter("bias", &[P::CHANNELS]),
                TensorInfo::buffer("running_mean", &[P::CHANNELS]),
                TensorInfo::buffer("running_var", &[P::CHANNELS]),
            ],
            settings: &[("momentum", f64::from_bits(MOMENTUM)), ("epsilon", f64::from_bits(EPSILON))],
            // The difference from the mean, and three to normalise, scale and shift it.
            flops: 4 * <P as Port>::LEN as u64,
            draws: false,
            min_batch: if P::PLACES == 1 { 2 } else { 1 },
            ..Info::new("BatchNorm")
        }
    };
    /// The batch's mean and inverse deviation of each channel.
    const MEMORY: Memory =
        Memory { kept: Amount::per_batch(2 * P::CHANNELS), reads_output: false, ..Memory::NONE };

    fn initialize(parameters: &mut [f32], buffers: &mut [f32], _: Rng) {
        parameters[..P::CHANNELS].fill(1.0);
        buffers[P::CHANNELS..].fill(1.0);
    }
}

impl<T: Element, P: Channels, const MOMENTUM: u64, const EPSILON: u64> Run<Cpu<T>>
    for BatchNorm<P, Numbers<MOMENTUM, EPSILON>>
{
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        let (scale, shift) = pass.parameters.split_at(P::CHANNELS);
        let (running_mean, running_variance) = pass.buffers.split_at(P::CHANNELS);
        T::batch_norm_predict(batch_norm::Predict {
            spatial: P::PLACES,
            epsilon: f64::from_bits(EPSILON),
            x: P::numbers::<Cpu<T>>(pass.input),
            scale,
            shift,
            running_mean,
            running_variance,
            y: P::numbers_mut::<Cpu<T>>(pass.output),
        });
    }

    fn forward(pass: Forward<'_, Self, Cpu<T>>) {
        let (scale, shift) = pass.parameters.split_at(P::CHANNELS);
        let (running_mean, running_variance) = pass.buffers.split_at_mut(P::CHANNELS);
        let (mean, inverse_deviation) = pass.kept.split_at_mut(P::CHANNELS);
        T::batch_norm_forward(batch_norm::Forward {
            spatial: P::PLACES,
            epsilon: f64::from_bits(EPSILON),
            momentum: f64::from_bits(MOMENTUM),
            x: P::numbers::<Cpu<T>>(pass.input),
            scale,
            shift,
            mean,
            inverse_deviation,
            running_mean,
            running_variance,
            y: P::numbers_mut::<Cpu<T>>(pass.output),
        });
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        let (mean, inverse_deviation) = pass.kept.split_at(P::CHANNELS);
        let (grad_scale, grad_shift) = pass.grad_parameters.split_at_mut(P::CHANNELS);
        T::batch_norm_backward(batch_norm::Backward {
            spatial: P::PLACES,
            x: P::numbers::<Cpu<T>>(pass.input),
            mean,
            inverse_deviation,
            scale: &pass.parameters[..P::CHANNELS],
            grad_y: P::numbers_mut::<Cpu<T>>(pass.grad_output),
            grad_scale,
            grad_shift,
            grad_x: P::gradient::<Cpu<T>>(pass.grad_input),
        });
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::layers::check::{GradientReport, check_gradient};
    use crate::layers::testing::{assert_near, norm_json, numbers, run};
    use crate::layers::{Value, buffer_count, parameter_count};
    use typenum::{U1, U2, U3, U4, U5};

    #[test]
    fn gradients_are_derivatives() {
        let check = |report: GradientReport, places| assert_eq!((report.checked, report.kinks), (places, 0));
        check(check_gradient::<BatchNorm<(U5,)>>(4, 0), 4 * 5 + 2 * 5);
        check(check_gradient::<BatchNorm<(U1,)>>(3, 1), 3 + 2);
        check(check_gradient::<BatchNorm<(U3, U4, U2)>>(3, 2), 3 * 24 + 2 * 3);
        // One sample has values enough if it has places.
        check(check_gradient::<BatchNorm<(U2, U1, U3)>>(1, 3), 6 + 2 * 2);
        type Other = BatchNorm<(U3, U1, U2), Numbers<{ f64::to_bits(1.0) }, { f64::to_bits(0.5) }>>;
        check(check_gradient::<Other>(2, 4), 2 * 6 + 2 * 3);
    }

    #[test]
    fn numbers_are_those_of_pytorch() {
        type Golden<P> = BatchNorm<P, Numbers<{ f64::to_bits(0.1) }, { f64::to_bits(1e-3) }>>;
        let golden = norm_json();
        type Test = fn(usize, &[f64], &[f64], Value<'_, Cpu<f64>>, &[f64]) -> crate::layers::testing::Results;
        let runs: [(usize, Test); 2] = [(6, run::<Golden<(U3,)>>), (2, run::<Golden<(U3, U2, U3)>>)];
        for ((batch, run), case) in runs.into_iter().zip(golden["batch_norm"].as_array().expect("a list")) {
            let parameters = numbers([&case["scale"], &case["shift"]]);
            let buffers = numbers([&case["start"]["running_mean"], &case["start"]["running_variance"]]);
            let (x, grad_y) = (numbers([&case["x"]]), numbers([&case["grad_y"]]));
            let results = run(batch, &parameters, &buffers, Value::numbers(&x[..]), &grad_y);
            assert_near("y", &results.output, [&case["y"]]);
            let moved = [&case["moved"]["running_mean"], &case["moved"]["running_variance"]];
            assert_near("buffers", &results.buffers, moved);
            assert_near("predicted", &results.predicted, [&case["predicted"]]);
            assert_near("gradient by input", &results.grad_input, [&case["grad_x"]]);
            let expected = [&case["grad_scale"], &case["grad_shift"]];
            assert_near("gradient by parameters", &results.grad_parameters, expected);
        }
    }

    #[test]
    fn scale_and_running_variance_start_as_one() {
        type Norm = BatchNorm<(U2, U3, U3)>;
        let (mut parameters, mut buffers) = ([0.0; 4], [0.0; 4]);
        assert_eq!((parameter_count::<Norm>(), buffer_count::<Norm>()), (4, 4));
        Norm::initialize(&mut parameters, &mut buffers, Rng::seed(1));
        assert_eq!((parameters, buffers), ([1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]));
        let names = Norm::INFO.tensors.iter().map(|tensor| tensor.name);
        assert!(names.eq(["weight", "bias", "running_mean", "running_var"]));
    }

    #[test]
    fn what_is_kept_does_not_grow_with_the_batch() {
        assert_eq!(<BatchNorm<(U3, U4, U4)>>::MEMORY.kept.of(100, 2), 6);
        assert_eq!([<BatchNorm<(U3,)>>::INFO.min_batch, <BatchNorm<(U3, U1, U2)>>::INFO.min_batch], [2, 1]);
    }
}
