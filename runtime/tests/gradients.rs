//! Every gradient against central differences in f64, and the f32 kernels against the f64 run.

use typenet_runtime::kernels::cross_entropy::reference;
use typenet_runtime::kernels::function::Map;
use typenet_runtime::kernels::{Element, Rng};
use typenet_runtime::layers::activation::*;
use typenet_runtime::layers::check::check_gradient;
use typenet_runtime::layers::dense::{BiasOption, NoBias, WithBias};
use typenet_runtime::layers::dropout::{Dropout, Fraction};
use typenet_runtime::layers::{Backward, Dense, Flatten, Forward, Layer, Predict, parameter_count};
use typenet_runtime::losses::{self, Loss, MeanAbsoluteError, MeanSquaredError};
use typenet_runtime::tensor::Shape;
use typenet_runtime::typenum::{U1, U2, U3, U4, U5, U7, U12, Unsigned};

/// Calls a macro with the name of every activation.
macro_rules! each_activation {
    ($call:ident) => {
        $call!(Linear linear);
        $call!(Relu relu);
        $call!(LeakyRelu leaky_relu);
        $call!(Elu elu);
        $call!(Selu selu);
        $call!(Gelu gelu);
        $call!(GeluTanh gelu_tanh);
        $call!(Silu silu);
        $call!(Sigmoid sigmoid);
        $call!(HardSigmoid hard_sigmoid);
        $call!(Tanh tanh);
        $call!(Softplus softplus);
        $call!(Softsign softsign);
        $call!(Softmax softmax);
        $call!(LogSoftmax log_softmax);
    };
}

/// Every place was checked but for the few that may be kinks.
#[track_caller]
fn check<L: Layer<f64>>(batch: usize, places: usize) {
    for seed in 0..3 {
        let report = check_gradient::<L>(batch, seed);
        assert_eq!((report.checked, report.kinks), (places, 0), "seed {seed}");
    }
}

mod dense {
    use super::*;

    macro_rules! dense {
        ($activation:ident $name:ident) => {
            #[test]
            fn $name() {
                check::<Dense<U7, U5, $activation>>(3, 3 * 7 + 7 * 5 + 5);
                check::<Dense<U4, U3, $activation, NoBias>>(5, 5 * 4 + 4 * 3);
                check::<Dense<U1, U1, $activation>>(1, 1 + 1 + 1);
                agree::<U7, U5, $activation, WithBias>(3);
                agree::<U5, U12, $activation, NoBias>(70);
            }
        };
    }
    each_activation!(dense);
}

mod activate {
    use super::*;

    macro_rules! activate {
        ($activation:ident $name:ident) => {
            #[test]
            fn $name() {
                check::<Activate<(U5,), $activation>>(4, 4 * 5);
                check::<Activate<(U3, U4), $activation>>(2, 2 * 3 * 4);
                check::<Activate<(U2, U3, U2), $activation>>(1, 12);
            }
        };
    }
    each_activation!(activate);
}

#[test]
fn dropout() {
    check::<Dropout<(U12,), Fraction<1, 2>>>(3, 36);
    check::<Dropout<(U3, U4), Fraction<0, 10>>>(2, 24);
}

#[test]
fn flatten() {
    check::<Flatten<(U3, U4), U12>>(2, 24);
}

/// A backward pass whose error a check must find.
struct Wrong;

impl Layer<f64> for Wrong {
    type Input = (U3,);
    type Output = (U3,);
    type Head = Linear;
    type Body = Self;
    const KIND: &'static str = "Wrong";

    fn predict(pass: Predict<'_, f64>) {
        for (y, x) in pass.output.iter_mut().zip(pass.input) {
            *y = x * x;
        }
    }

    fn backward(pass: Backward<'_, f64>) {
        if let Some(grad_input) = pass.grad_input {
            for ((to, grad), x) in grad_input.iter_mut().zip(&*pass.grad_output).zip(pass.input) {
                *to = grad * (2.0 + 1e-7) * x;
            }
        }
    }
}

#[test]
#[should_panic(expected = "Wrong: derivative by input 0 of sample 0 is")]
fn a_derivative_that_is_wrong_by_a_twenty_millionth_is_found() {
    check_gradient::<Wrong>(1, 1);
}

/// Output and gradients of one forward and backward pass.
struct Pass<T> {
    output: Vec<T>,
    grad_input: Vec<T>,
    grad_parameters: Vec<T>,
}

fn run<T: Element, L: Layer<T>>(batch: usize, parameters: &[f32], input: &[f32], weights: &[f32]) -> Pass<T> {
    let convert = |x: &[f32]| x.iter().map(|&x| T::from_f64(f64::from(x))).collect::<Vec<_>>();
    let nan = |len: usize| vec![T::from_f64(f64::NAN); len];
    let (parameters, input) = (convert(parameters), convert(input));
    let (mut output, mut cache) = (nan(batch * L::Output::LEN), nan(batch * L::CACHE));
    L::forward(Forward {
        batch,
        parameters: &parameters,
        buffers: &mut [],
        input: &input,
        output: &mut output,
        cache: &mut cache,
        rng: Rng::seed(0),
    });
    let (mut grad_input, mut grad_parameters) = (nan(input.len()), nan(parameters.len()));
    L::backward(Backward {
        batch,
        parameters: &parameters,
        input: &input,
        output: &output,
        cache: &cache,
        grad_output: &mut convert(weights),
        grad_input: Some(&mut grad_input),
        grad_parameters: &mut grad_parameters,
        scratch: &mut [],
    });
    Pass { output, grad_input, grad_parameters }
}

/// A dense layer in f32 agrees with itself in f64 within the bound of its worst case.
#[track_caller]
fn agree<I, O, A, B>(batch: usize)
where
    I: Unsigned + 'static,
    O: Unsigned + 'static,
    A: Activation,
    B: BiasOption,
{
    let mut rng = Rng::seed(11);
    let mut normal = |count: usize| (0..count).map(|_| rng.normal() as f32).collect::<Vec<_>>();
    let parameters = normal(parameter_count::<f32, Dense<I, O, A, B>>());
    let (input, weights) = (normal(batch * I::USIZE), normal(batch * O::USIZE));
    let fast = run::<f32, Dense<I, O, A, B>>(batch, &parameters, &input, &weights);
    let exact = run::<f64, Dense<I, O, A, B>>(batch, &parameters, &input, &weights);

    let largest = |x: &[f32]| x.iter().fold(0.0, |max, x| f64::from(x.abs()).max(max));
    let (x, w, c) = (largest(&input), largest(&parameters), largest(&weights));
    let (i, o, b) = (I::USIZE as f64, O::USIZE as f64, batch as f64);
    let epsilon = f64::from(f32::EPSILON);
    // Higham, Accuracy and Stability of Numerical Algorithms, §3.1: a chain of n terms errs by n·ε·Σ|terms|.
    let argument = (i + 1.0) * epsilon * (i + 1.0) * x.max(1.0) * w;
    // No activation, derivative or second derivative exceeds 2 (selu's 1.76 is the largest); the sums over a row in
    // softmax have o terms, and a derivative passes through the value, whose few units in the last place count.
    let output = 2.0 * argument + (o + 8.0) * epsilon * (1.0 + 2.0 * i * x.max(1.0) * w);
    let slope = 2.0 * c * (2.0 * argument + (o + 8.0) * epsilon);
    let grad_parameter = b * x.max(1.0) * (slope + b * epsilon * 2.0 * c);
    let grad_input = o * w * (slope + o * epsilon * 2.0 * c);
    for (what, fast, exact, tolerance) in [
        ("output", &fast.output, &exact.output, output),
        ("grad_input", &fast.grad_input, &exact.grad_input, grad_input),
        ("grad_parameters", &fast.grad_parameters, &exact.grad_parameters, grad_parameter),
    ] {
        for (place, (fast, exact)) in fast.iter().zip(exact).enumerate() {
            let distance = (f64::from(*fast) - exact).abs();
            assert!(distance <= tolerance, "{what}[{place}]: {fast} against {exact}, allowed {tolerance:e}");
        }
    }
}

/// Central difference of `f` by each of `x`, and its error bound as in `check_gradient`.
fn differences(x: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<(f64, f64)> {
    let at = |place: usize, h: f64| {
        let mut moved = x.to_vec();
        moved[place] += h;
        f(&moved)
    };
    let h = |x: f64| f64::EPSILON.cbrt() * x.abs().max(1.0);
    (0..x.len())
        .map(|i| {
            let slope = |h: f64| (at(i, h) - at(i, -h)) / ((x[i] + h) - (x[i] - h));
            let (narrow, wide) = (slope(h(x[i])), slope(2.0 * h(x[i])));
            let rounding = (x.len() as f64 + 16.0) * f64::EPSILON * f(x).abs().max(1.0) / h(x[i]);
            (narrow, (wide - narrow).abs() + rounding)
        })
        .collect()
}

fn normal(seed: u64, count: usize) -> Vec<f64> {
    let mut rng = Rng::seed(seed);
    // Through f32, so that the kernels can be given the same numbers.
    (0..count).map(|_| f64::from(2.0 * rng.normal() as f32)).collect()
}

fn uniform(seed: u64, count: usize) -> Vec<f64> {
    let mut rng = Rng::seed(seed);
    (0..count).map(|_| f64::from(rng.uniform() as f32)).collect()
}

#[test]
fn categorical_cross_entropy() {
    for n in [1, 2, 5, 65] {
        let (target, logits, scale) = (uniform(1, n), normal(2, n), 0.25);
        let mut gradient = vec![f64::NAN; n];
        reference::categorical_gradient(&target, scale, &logits, &mut gradient);
        let differences = differences(&logits, |z| scale * reference::categorical(&target, z));
        for (gradient, (difference, tolerance)) in gradient.iter().zip(differences) {
            assert!((gradient - difference).abs() <= tolerance, "{gradient} {difference} {tolerance}");
        }
    }
}

#[test]
fn binary_cross_entropy() {
    for n in [1, 2, 5, 65] {
        let (target, logits, scale) = (uniform(3, n), normal(4, n), 0.25);
        let mut gradient = vec![f64::NAN; n];
        reference::binary_gradient(&target, scale, &logits, &mut gradient);
        let differences = differences(&logits, |z| scale * reference::binary(&target, z));
        for (gradient, (difference, tolerance)) in gradient.iter().zip(differences) {
            assert!((gradient - difference).abs() <= tolerance, "{gradient} {difference} {tolerance}");
        }
    }
}

/// The gradient of a loss after activation `Head`, in f32, against differences of the whole in f64.
#[track_caller]
fn check_loss<Head: Activation, L: Loss<Head, [f32; 3], [f32; 3]>>(loss: L, error: impl Fn(f64) -> f64) {
    let batch = 50;
    let (logits, targets) = (normal(5, 3 * batch), normal(6, 3 * batch));
    let whole = |logits: &[f64]| {
        let mut y = logits.to_vec();
        f64::map(Head::FUNCTION, 3, &mut y);
        y.iter().zip(&targets).map(|(y, t)| error(y - t)).sum::<f64>() / y.len() as f64
    };
    let labels: Vec<[f32; 3]> =
        targets.as_chunks::<3>().0.iter().map(|label| label.map(|t| t as f32)).collect();
    let mut predictions: Vec<f32> = logits.iter().map(|&z| z as f32).collect();
    let mut gradient = vec![f32::NAN; predictions.len()];
    let value = loss.evaluate(&labels, None, &mut predictions, Some(&mut gradient)) / batch as f64;

    // Values, errors and slopes are below `size`; each passes through a few roundings, and softmax sums three.
    let size = logits.iter().chain(&targets).fold(1.0, |max: f64, x| max.max(x.abs()));
    let unit = 16.0 * f64::from(f32::EPSILON) * 4.0 * size * size;
    assert!((value - whole(&logits)).abs() <= unit, "{value} {}", whole(&logits));
    for (place, (gradient, (difference, tolerance))) in
        gradient.iter().zip(differences(&logits, whole)).enumerate()
    {
        let allowed = tolerance + unit / predictions.len() as f64;
        assert!((f64::from(*gradient) - difference).abs() <= allowed, "{place}: {gradient} {difference}");
    }

    let mut again: Vec<f32> = logits.iter().map(|&z| z as f32).collect();
    assert_eq!(loss.evaluate(&labels, None, &mut again, None) / batch as f64, value, "without a gradient");
    assert_eq!(again, predictions, "without a gradient");
}

mod pointwise_losses {
    use super::*;

    macro_rules! pointwise {
        ($activation:ident $name:ident) => {
            #[test]
            fn $name() {
                check_loss::<$activation, _>(MeanSquaredError, |error| error * error);
                check_loss::<$activation, _>(MeanAbsoluteError, f64::abs);
            }
        };
    }
    each_activation!(pointwise);
}

mod from_probabilities {
    use super::*;

    #[test]
    fn categorical() {
        let p = [0.1f32, 0.7, 0.25];
        let t = [0.25f32, 0.5, 0.25];
        let mut gradient = [[f32::NAN; 3]];
        losses::from_probabilities::categorical_cross_entropy(&[t], &[p], Some(&mut gradient));
        let whole = |p: &[f64]| {
            let sum: f64 = p.iter().sum();
            -p.iter().zip(t).map(|(p, t)| f64::from(t) * (p / sum).ln()).sum::<f64>()
        };
        for (gradient, (difference, tolerance)) in
            gradient[0].iter().zip(differences(&p.map(f64::from), whole))
        {
            let rounding = f64::from(f32::EPSILON) * difference.abs();
            assert!((f64::from(*gradient) - difference).abs() <= tolerance + rounding);
        }
    }

    #[test]
    fn binary() {
        let (p, t) = ([0.1f32, 0.7, 0.25], [0.25f32, 1.0, 0.0]);
        let mut gradient = [[f32::NAN; 3]];
        losses::from_probabilities::binary_cross_entropy(&[t], &[p], Some(&mut gradient));
        let whole = |p: &[f64]| {
            let terms = p.iter().zip(t.map(f64::from)).map(|(p, t)| t * p.ln() + (1.0 - t) * (1.0 - p).ln());
            -terms.sum::<f64>() / 3.0
        };
        for (gradient, (difference, tolerance)) in
            gradient[0].iter().zip(differences(&p.map(f64::from), whole))
        {
            let rounding = f64::from(f32::EPSILON) * difference.abs();
            assert!((f64::from(*gradient) - difference).abs() <= tolerance + rounding);
        }
    }
}
