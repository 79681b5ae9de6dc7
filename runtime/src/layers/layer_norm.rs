//! Layer normalisation.

use core::marker::PhantomData;

use super::activation::Linear;
use super::{Amount, Backward, Cpu, Forward, Layer, Memory, Plain, Predict, Run, clear_behind_ends};
use crate::kernels::{Element, Rng, layer_norm};
use crate::schema::{Info, TensorInfo};

/// The number of a [`LayerNorm`], by its bits: `Numbers<{ f64::to_bits(1e-6) }>`.
///
/// ```
/// use typenet_runtime::layers::layer_norm::{LayerNorm, Numbers};
/// use typenet_runtime::layers::Layer;
/// use typenet_runtime::typenum::U8;
///
/// type Fine = LayerNorm<(U8,), Numbers<{ f64::to_bits(1e-6) }>>;
/// assert_eq!(Fine::INFO.settings, [("epsilon", 1e-6)]);
/// ```
#[derive(Debug)]
pub struct Numbers<const EPSILON: u64 = { f64::to_bits(1e-5) }>;

/// Layer normalisation over the last size: `y = (x − mean) / √(variance + ε) · weight + bias`, with the mean and the variance (over `n`, not
/// `n − 1`) of the `n` values that it has in each sample, and in each step or place of one.
///
/// # Shapes
/// `x`, `y`: `[batch, P]`; `weight`, `bias`: `[n]` with the last size of `P`, as in Keras, whose `axis` is −1, and as `nn.LayerNorm(n)` in
/// PyTorch.
///
/// # Defaults
/// `weight` one, `bias` zero; `ε` is 1e-5 as in PyTorch; in Keras it is 1e-3.
///
/// # References
/// Ba, Kiros & Hinton, "Layer normalization", arXiv 1607.06450, 2016, eq. 3 and 4.
///
/// # Example
/// ```
/// use typenet_runtime::layers::{LayerNorm, Predict, Run};
/// use typenet_runtime::typenum::U2;
///
/// let mut y = [0.0f32; 2];
/// <LayerNorm<(U2,)> as Run>::predict(Predict {
///     batch: 1,
///     parameters: &[
///         1.0, 0.5, // weight
///         0.0, 1.0, // bias
///     ],
///     buffers: &[],
///     input: &[10.0, 50.0],
///     output: &mut y,
///     scratch: &mut [0.0; 2],
/// });
/// assert_eq!(y.map(|y| (1e4 * y).round() / 1e4), [-1.0, 1.5]);
/// ```
#[doc(alias = "LayerNormalization")]
#[derive(Debug)]
pub struct LayerNorm<P, N = Numbers>(PhantomData<(P, N)>);

impl<P: Plain, N> LayerNorm<P, N> {
    /// The last size: how many values are normalised together.
    const WIDTH: usize = P::SHAPE[P::SHAPE.len() - 1];
    /// How many such rows a sample has.
    const ROWS: usize = match P::LEN.checked_div(Self::WIDTH) {
        Some(rows) => rows,
        None => 0,
    };
}

impl<P: Plain, const EPSILON: u64> Layer for LayerNorm<P, Numbers<EPSILON>> {
    type Input = P;
    type Output = P;
    type Head = Linear;
    type Body = Self;
    const INFO: Info = {
        let epsilon = f64::from_bits(EPSILON);
        assert!(epsilon > 0.0 && epsilon.is_finite(), "LayerNorm: epsilon is a small number above 0");
        Info {
            tensors: &[
                TensorInfo::parameter("weight", &[Self::WIDTH]),
                TensorInfo::parameter("bias", &[Self::WIDTH]),
            ],
            settings: &[("epsilon", f64::from_bits(EPSILON))],
            // Two for the mean and the difference from it, two for the variance, one to normalise, two for weight and bias.
            flops: 7 * P::LEN as u64,
            draws: false,
            ..Info::new("LayerNorm")
        }
    };
    /// Mean and inverse deviation of each row.
    const MEMORY: Memory = Memory {
        kept: Amount::per_sample(2 * Self::ROWS),
        predict: Amount::per_sample(2 * Self::ROWS),
        reads_output: false,
        ..Memory::NONE
    };

    fn initialize(parameters: &mut [f32], _: &mut [f32], _: Rng) {
        parameters[..Self::WIDTH].fill(1.0);
    }
}

impl<P: Plain, const EPSILON: u64> LayerNorm<P, Numbers<EPSILON>> {
    /// `moments` are means, then inverse deviations.
    fn normalize<T: Element>(
        parameters: &[T],
        input: P::Values<'_, Cpu<T>>,
        output: P::Mut<'_, Cpu<T>>,
        moments: &mut [T],
    ) {
        let (scale, shift) = parameters.split_at(Self::WIDTH);
        let (mean, inverse_deviation) = moments.split_at_mut(moments.len() / 2);
        let y = P::numbers_mut::<Cpu<T>>(output);
        T::layer_norm_forward(layer_norm::Forward {
            epsilon: f64::from_bits(EPSILON),
            x: P::numbers::<Cpu<T>>(input),
            scale,
            shift,
            mean,
            inverse_deviation,
            y,
        });
        clear_behind_ends::<P, P, T>(input, y);
    }
}

impl<T: Element, P: Plain, const EPSILON: u64> Run<Cpu<T>> for LayerNorm<P, Numbers<EPSILON>> {
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        let moments = &mut pass.scratch[..2 * pass.batch * Self::ROWS];
        Self::normalize(pass.parameters, pass.input, pass.output, moments);
    }

    fn forward(pass: Forward<'_, Self, Cpu<T>>) {
        Self::normalize(pass.parameters, pass.input, pass.output, pass.kept);
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        let (mean, inverse_deviation) = pass.kept.split_at(pass.kept.len() / 2);
        let (grad_scale, grad_shift) = pass.grad_parameters.split_at_mut(Self::WIDTH);
        T::layer_norm_backward(layer_norm::Backward {
            x: P::numbers::<Cpu<T>>(pass.input),
            mean,
            inverse_deviation,
            scale: &pass.parameters[..Self::WIDTH],
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
    use crate::layers::{Sequences, Steps, Value};
    use typenum::{U2, U3, U4, U5, U7};

    #[test]
    fn gradients_are_derivatives() {
        let check = |report: GradientReport, places| assert_eq!((report.checked, report.kinks), (places, 0));
        check(check_gradient::<LayerNorm<(U7,)>>(3, 0), 3 * 7 + 2 * 7);
        check(check_gradient::<LayerNorm<(U5,)>>(1, 1), 5 + 2 * 5);
        check(check_gradient::<LayerNorm<(U3, U5)>>(2, 2), 2 * 15 + 2 * 5);
        check(
            check_gradient::<LayerNorm<(U2, U3, U4), Numbers<{ f64::to_bits(0.5) }>>>(2, 3),
            2 * 24 + 2 * 4,
        );
        // Lengths are 4, 3, 2, 1, 4.
        check(check_gradient::<LayerNorm<Steps<U4, (U3,)>>>(5, 4), 14 * 3 + 2 * 3);
    }

    #[test]
    fn numbers_are_those_of_pytorch() {
        type Golden<P> = LayerNorm<P, Numbers<{ f64::to_bits(1e-3) }>>;
        let golden = &norm_json()["layer_norm"];
        let (x, grad_y) = (numbers([&golden["x"]]), numbers([&golden["grad_y"]]));
        let parameters = numbers([&golden["scale"], &golden["shift"]]);
        // Three samples of one row and one sample of three rows.
        for results in [
            run::<Golden<(U7,)>>(3, &parameters, &[], Value::numbers(&x[..]), &grad_y),
            run::<Golden<(U3, U7)>>(1, &parameters, &[], Value::numbers(&x[..]), &grad_y),
        ] {
            assert_near("y", &results.output, [&golden["y"]]);
            assert_eq!(results.predicted, results.output);
            assert_near("gradient by input", &results.grad_input, [&golden["grad_x"]]);
            let expected = [&golden["grad_scale"], &golden["grad_shift"]];
            assert_near("gradient by parameters", &results.grad_parameters, expected);
        }
    }

    #[test]
    fn weights_start_as_one_and_more_scratch_does_no_harm() {
        let (mut parameters, mut y) = ([0.0; 4], [f32::NAN; 4]);
        LayerNorm::<(U2,)>::initialize(&mut parameters, &mut [], Rng::seed(1));
        assert_eq!(parameters, [1.0, 1.0, 0.0, 0.0]);
        parameters[2..].fill(0.5);
        <LayerNorm<Steps<U2, (U2,)>> as Run>::predict(Predict {
            batch: 1,
            parameters: &parameters,
            buffers: &[],
            input: Sequences { values: &[2.0, 2.0, 0.0, 0.0], lengths: &[1] },
            output: &mut y,
            scratch: &mut [0.0; 9],
        });
        // What is behind the end gets no bias.
        assert_eq!(y, [0.5, 0.5, 0.0, 0.0]);
    }
}
