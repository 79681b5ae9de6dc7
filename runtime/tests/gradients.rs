//! Every gradient against central differences in f64, and the f32 kernels against the f64 run.

use typenet_runtime::kernels::cross_entropy::reference;
use typenet_runtime::kernels::function::Map;
use typenet_runtime::kernels::{Element, Function, Rng};
use typenet_runtime::layers::activation::*;
use typenet_runtime::layers::check::check_gradient;
use typenet_runtime::layers::dense::{BiasOption, NoBias, WithBias};
use typenet_runtime::layers::dropout::{Dropout, Fraction};
use typenet_runtime::layers::{
    Backward, Cpu, Dense, Flatten, Forward, Layer, Port, Predict, Run, output_len, parameter_count,
};
use typenet_runtime::losses::{
    self, CategoricalHinge, CosineSimilarity, Hinge, Huber, KlDivergence, LabelError, LogCosh, Loss,
    MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError, Poisson,
    SquaredHinge, through_head,
};
use typenet_runtime::schema::Info;
use typenet_runtime::schema::label::check_finite;
use typenet_runtime::typenum::{U1, U2, U3, U4, U5, U7, U12, Unsigned};

/// Calls a macro with the name of every activation.
macro_rules! each_activation {
    ($call:ident) => {
        typenet_runtime::__activations! { {each_activation!} $call }
    };
    ($call:ident activations { $($(#[$flag:ident])? $name:ident $(| $synonym:ident)* : $type:ident $([$($elsewhere:literal),+])?;)+ }) => {
        $($call!($type $name);)+
    };
}

/// Every place was checked but for the few that may be kinks.
#[track_caller]
fn check<L: Run<Cpu<f64>>>(batch: usize, places: usize) {
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

impl Layer for Wrong {
    type Input = (U3,);
    type Output = (U3,);
    type Head = Linear;
    type Body = Self;
    const INFO: Info = Info::new("Wrong");
}

impl Run<Cpu<f64>> for Wrong {
    fn predict(pass: Predict<'_, Self, Cpu<f64>>) {
        for (y, x) in pass.output.iter_mut().zip(pass.input) {
            *y = x * x;
        }
    }

    fn backward(pass: Backward<'_, Self, Cpu<f64>>) {
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

fn run<T: Element, L>(batch: usize, parameters: &[f32], input: &[f32], weights: &[f32]) -> Pass<T>
where
    L: Run<Cpu<T>>,
    L::Input: for<'a> Port<Values<'a, Cpu<T>> = &'a [T], Gradient<'a, Cpu<T>> = Option<&'a mut [T]>>,
    L::Output: for<'a> Port<Values<'a, Cpu<T>> = &'a [T], Mut<'a, Cpu<T>> = &'a mut [T]>,
{
    let convert = |x: &[f32]| x.iter().map(|&x| T::from_f64(f64::from(x))).collect::<Vec<_>>();
    let nan = |len: usize| vec![T::from_f64(f64::NAN); len];
    let (parameters, input) = (convert(parameters), convert(input));
    let (mut output, mut kept) = (nan(batch * output_len::<L>()), nan(L::MEMORY.kept.of(batch, 0)));
    L::forward(Forward {
        batch,
        parameters: &parameters,
        buffers: &mut [],
        input: &input,
        output: &mut output,
        kept: &mut kept,
        scratch: &mut [],
        rng: Rng::seed(0),
    });
    let (mut grad_input, mut grad_parameters) = (nan(input.len()), nan(parameters.len()));
    L::backward(Backward {
        batch,
        parameters: &parameters,
        input: &input,
        output: &output,
        kept: &kept,
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
    let parameters = normal(parameter_count::<Dense<I, O, A, B>>());
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

/// The gradient of a loss after activation `Head`, in f32, against differences of the whole in f64, with and without
/// weights. `whole` is a sample's loss from its predictions; no derivative by one of them exceeds `slope`.
#[track_caller]
fn check_loss<Head: Activation, Label, L: Loss<Head, [f32; 3], Label>>(
    loss: L,
    labels: &[Label],
    slope: f64,
    whole: impl Fn(usize, &[f64]) -> f64,
) {
    let evaluate = |weights: Option<&[f32]>, logits: &mut [f32], gradient: Option<&mut [f32]>| {
        loss.evaluate(labels, weights, logits, gradient)
    };
    check_evaluation(Head::FUNCTION, labels.len(), &evaluate, slope, &whole);
}

/// Weights, logits and gradient of [`Loss::evaluate`].
type Evaluate<'a> = dyn Fn(Option<&[f32]>, &mut [f32], Option<&mut [f32]>) -> f64 + 'a;

#[track_caller]
fn check_evaluation(
    head: Function,
    batch: usize,
    evaluate: &Evaluate<'_>,
    slope: f64,
    whole: &dyn Fn(usize, &[f64]) -> f64,
) {
    let (logits, weights) = (normal(5, 3 * batch), uniform(7, batch));
    let f32_weights: Vec<f32> = weights.iter().map(|&w| w as f32).collect();
    for weights in [None, Some(weights)] {
        let weight = |sample: usize| weights.as_ref().map_or(1.0, |weights| weights[sample]);
        let mean = |logits: &[f64]| {
            let mut y = logits.to_vec();
            f64::map(head, 3, &mut y);
            let losses = y.chunks_exact(3).enumerate();
            losses.map(|(sample, y)| weight(sample) * whole(sample, y)).sum::<f64>() / batch as f64
        };
        let weights = weights.as_ref().map(|_| &f32_weights[..]);
        let mut predictions: Vec<f32> = logits.iter().map(|&z| z as f32).collect();
        let mut gradient = vec![f32::NAN; predictions.len()];
        let value = evaluate(weights, &mut predictions, Some(&mut gradient)) / batch as f64;

        // Predictions pass through a few roundings of a head that is below `size` and sums three values.
        let size = logits.iter().fold(1.0, |max: f64, x| max.max(x.abs()));
        let unit = 16.0 * f64::from(f32::EPSILON) * 4.0 * size * slope;
        assert!((value - mean(&logits)).abs() <= unit, "{value} {}", mean(&logits));
        for (place, (gradient, (difference, tolerance))) in
            gradient.iter().zip(differences(&logits, mean)).enumerate()
        {
            let allowed = tolerance + unit / batch as f64;
            let distance = (f64::from(*gradient) - difference).abs();
            assert!(distance <= allowed, "{place}: {gradient} {difference} {allowed:e}");
        }

        let mut again: Vec<f32> = logits.iter().map(|&z| z as f32).collect();
        let without = evaluate(weights, &mut again, None) / batch as f64;
        assert_eq!((without, &again), (value, &predictions), "without a gradient");
    }
}

const BATCH: usize = 40;

fn rows(values: &[f64]) -> Vec<[f32; 3]> {
    values.as_chunks::<3>().0.iter().map(|row| row.map(|x| x as f32)).collect()
}

/// Every loss that is a function of predictions, after every activation; formulas as in Keras's documentation.
mod losses_of_predictions {
    use super::*;

    fn mean(y: &[f64], t: &[f64], value: impl Fn(f64, f64) -> f64) -> f64 {
        y.iter().zip(t).map(|(&y, &t)| value(y, t)).sum::<f64>() / 3.0
    }

    fn cosine(y: &[f64], t: &[f64]) -> f64 {
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let length = |x: &[f64]| dot(x, x).max(1e-14).sqrt();
        -dot(y, t) / (length(y) * length(t))
    }

    /// The Euclidean distance between a sample's predictions and its targets: a loss of one's own.
    #[derive(Clone, Copy)]
    struct Distance;

    fn distance(y: &[f32], t: &[f32]) -> f64 {
        y.iter().zip(t).map(|(y, t)| f64::from(y - t).powi(2)).sum::<f64>().sqrt()
    }

    impl<Head: Activation, const N: usize> Loss<Head, [f32; N], [f32; N]> for Distance {
        fn name(&self) -> &'static str {
            "distance"
        }

        fn check_labels(&self, labels: &[[f32; N]]) -> Result<(), LabelError> {
            check_finite(N, labels.as_flattened())
        }

        fn evaluate(
            &self,
            labels: &[[f32; N]],
            weights: Option<&[f32]>,
            logits: &mut [f32],
            gradient: Option<&mut [f32]>,
        ) -> f64 {
            let value = |sample: usize, y: &[f32]| distance(y, &labels[sample]);
            let slopes = |sample: usize, scale: f64, y: &mut [f32]| {
                let scale = scale / distance(y, &labels[sample]).max(f64::MIN_POSITIVE);
                y.iter_mut().zip(&labels[sample]).for_each(|(y, t)| *y = (f64::from(*y - t) * scale) as f32);
            };
            through_head::<Head, [f32; N]>(labels.len(), weights, logits, gradient, value, slopes)
        }
    }

    fn check_all<Head: Activation>() {
        let numbers = normal(6, 3 * BATCH);
        let counts: Vec<f64> = numbers.iter().map(|x| x.abs().floor()).collect();
        let signs: Vec<f64> = numbers.iter().map(|x| x.signum()).collect();
        let target = |of: &[f64], sample: usize| of[3 * sample..][..3].to_vec();
        let smallest = numbers.iter().fold(f64::INFINITY, |min, x| min.min(x.abs()));
        let largest = numbers.iter().fold(0.0, |max: f64, x| max.max(x.abs())) + 10.0;
        macro_rules! pointwise {
            ($loss:expr, $targets:expr, $slope:expr, $value:expr) => {
                let labels = rows(&$targets);
                check_loss::<Head, _, _>($loss, &labels, $slope, |sample, y| {
                    mean(y, &target(&$targets, sample), $value)
                });
            };
        }
        pointwise!(MeanSquaredError, numbers, 2.0 * largest, |y, t| (y - t).powi(2));
        pointwise!(MeanAbsoluteError, numbers, 1.0, |y, t| (y - t).abs());
        pointwise!(MeanAbsolutePercentageError, numbers, 100.0 / smallest, |y, t| 100.0
            * ((y - t) / t).abs());
        pointwise!(MeanSquaredLogarithmicError, counts, 4.0, |y, t| {
            ((1.0 + y.max(1e-7)).ln() - (1.0 + t.max(1e-7)).ln()).powi(2)
        });
        let huber = |delta: f64| {
            move |y: f64, t: f64| {
                let e = (y - t).abs();
                if e <= delta { 0.5 * e * e } else { delta * e - 0.5 * delta * delta }
            }
        };
        pointwise!(Huber, numbers, 1.0, huber(1.0));
        pointwise!(Huber.delta(2.5), numbers, 2.5, huber(2.5));
        pointwise!(LogCosh, numbers, 1.0, |y, t| (y - t).cosh().ln());
        pointwise!(Hinge, signs, 1.0, |y, t| (1.0 - t * y).max(0.0));
        pointwise!(SquaredHinge, signs, 2.0 * largest, |y, t| (1.0 - t * y).max(0.0).powi(2));
        let own = losses::from_fn(|y: f64, t: f64| ((y - t).powi(4), 4.0 * (y - t).powi(3)));
        pointwise!(own, numbers, 4.0 * largest.powi(3), |y, t| (y - t).powi(4));
        let labels = rows(&numbers);
        check_loss::<Head, _, _>(Distance, &labels, 1.0, |sample, y| {
            let target = target(&numbers, sample);
            y.iter().zip(target).map(|(y, t)| (y - t).powi(2)).sum::<f64>().sqrt()
        });

        let labels = rows(&numbers);
        // A row of predictions may be as short as 0.1.
        check_loss::<Head, _, _>(CosineSimilarity, &labels, 40.0, |sample, y| {
            cosine(y, &target(&numbers, sample))
        });
        let classes: Vec<usize> = (0..BATCH).map(|i| i % 3).collect();
        check_loss::<Head, _, _>(CategoricalHinge, &classes, 1.0, |sample, y| {
            let others = (0..3).filter(|&i| i != classes[sample]).map(|i| y[i]);
            (others.fold(0.0, f64::max) - y[classes[sample]] + 1.0).max(0.0)
        });
        let soft: Vec<f64> = {
            let draws = uniform(8, 3 * BATCH);
            draws.chunks(3).flat_map(|row| row.iter().map(|x| x / row.iter().sum::<f64>())).collect()
        };
        let labels = rows(&soft);
        check_loss::<Head, _, _>(CategoricalHinge, &labels, 1.0, |sample, y| {
            let t = &labels[sample].map(f64::from);
            let wrong = (0..3).map(|i| (1.0 - t[i]) * y[i]).fold(f64::NEG_INFINITY, f64::max);
            (wrong - (0..3).map(|i| t[i] * y[i]).sum::<f64>() + 1.0).max(0.0)
        });
    }

    macro_rules! head {
        ($($activation:ident $name:ident)+) => {
            $(#[test]
            fn $name() {
                check_all::<$activation>();
            })+
        };
    }
    // One of each kind: without an activation, with a kink, bounded, from its argument, over rows.
    head!(Linear linear Relu relu Sigmoid sigmoid Tanh tanh Gelu gelu Softmax softmax LogSoftmax log_softmax);

    macro_rules! squared {
        ($activation:ident $name:ident) => {
            #[test]
            fn $name() {
                let labels = rows(&normal(6, 3 * BATCH));
                check_loss::<$activation, _, _>(MeanSquaredError, &labels, 40.0, |sample, y| {
                    mean(y, &labels[sample].map(f64::from), |y, t| (y - t) * (y - t))
                });
            }
        };
    }
    /// The way back through every activation.
    mod squared {
        use super::*;
        each_activation!(squared);
    }

    /// For predictions above zero alone.
    #[test]
    fn poisson() {
        fn check<Head: Activation>(slope: f64) {
            let counts: Vec<f64> = normal(6, 3 * BATCH).iter().map(|x| x.abs().floor()).collect();
            let labels = rows(&counts);
            check_loss::<Head, _, _>(Poisson, &labels, slope, |sample, y| {
                mean(y, &counts[3 * sample..][..3], |y, t| y - t * (y + 1e-7).ln())
            });
        }
        check::<Softplus>(100.0);
        check::<Sigmoid>(1000.0);
        check::<Softmax>(1e5);
    }
}

/// Every loss from logits; `p` are probabilities by their textbook formulas.
mod losses_of_logits {
    use super::*;

    /// Predictions as they are without a head: `whole` sees logits.
    fn with_head<Head: Activation, L: Loss<Head, [f32; 3], Label>, Label>(
        loss: L,
        labels: &[Label],
        whole: impl Fn(usize, &[f64]) -> f64,
    ) {
        // Back from what the head made of the logits.
        check_loss::<Head, _, _>(loss, labels, 4.0, |sample, y| match Head::NAME {
            "linear" => whole(sample, y),
            "sigmoid" => whole(sample, &y.iter().map(|p| (p / (1.0 - p)).ln()).collect::<Vec<_>>()),
            "softmax" => whole(sample, &y.iter().map(|p| p.ln()).collect::<Vec<_>>()),
            "log_softmax" => whole(sample, y),
            other => unreachable!("{other}"),
        });
    }

    fn sigmoid(z: f64) -> f64 {
        1.0 / (1.0 + (-z).exp())
    }

    #[test]
    fn binary() {
        let probabilities = uniform(9, 3 * BATCH);
        let truths: Vec<f64> = probabilities.iter().map(|p| p.round()).collect();
        for targets in [&probabilities, &truths] {
            let labels = rows(targets);
            let value = |smoothing: f64, term: fn(f64, f64) -> f64| {
                move |sample: usize, z: &[f64]| {
                    let t = targets[3 * sample..][..3]
                        .iter()
                        .map(move |t| t * (1.0 - smoothing) + 0.5 * smoothing);
                    z.iter().zip(t).map(|(&z, t)| term(sigmoid(z), t)).sum::<f64>() / 3.0
                }
            };
            let cross: fn(f64, f64) -> f64 = |p, t| -t * p.ln() - (1.0 - t) * (1.0 - p).ln();
            let focal: fn(f64, f64) -> f64 = |p, t| {
                (1.0 - t * p - (1.0 - t) * (1.0 - p)).powf(2.0) * (-t * p.ln() - (1.0 - t) * (1.0 - p).ln())
            };
            let balanced: fn(f64, f64) -> f64 = |p, t| {
                let weight = 0.7 * t + 0.3 * (1.0 - t);
                weight
                    * (1.0 - t * p - (1.0 - t) * (1.0 - p)).powf(0.5)
                    * (-t * p.ln() - (1.0 - t) * (1.0 - p).ln())
            };
            macro_rules! both {
                ($plain:ident, $with_logits:ident, $value:expr, |$loss:ident| $set:expr) => {
                    let $loss = losses::$plain;
                    with_head::<Sigmoid, _, _>($set, &labels, $value);
                    let $loss = losses::$with_logits;
                    with_head::<Linear, _, _>($set, &labels, $value);
                };
            }
            both!(BinaryCrossEntropy, BinaryCrossEntropyWithLogits, value(0.0, cross), |loss| loss);
            both!(BinaryCrossEntropy, BinaryCrossEntropyWithLogits, value(0.3, cross), |loss| loss
                .label_smoothing(0.3));
            both!(BinaryFocalCrossEntropy, BinaryFocalCrossEntropyWithLogits, value(0.0, focal), |loss| loss);
            both!(BinaryFocalCrossEntropy, BinaryFocalCrossEntropyWithLogits, value(0.1, balanced), |loss| {
                loss.gamma(0.5).alpha(0.7).apply_class_balancing(true).label_smoothing(0.1)
            });
        }
    }

    #[test]
    fn categorical() {
        let soft: Vec<f64> = {
            let draws = uniform(8, 3 * BATCH);
            draws.chunks(3).flat_map(|row| row.iter().map(|x| x / row.iter().sum::<f64>())).collect()
        };
        let labels = rows(&soft);
        let classes: Vec<usize> = (0..BATCH).map(|i| i % 3).collect();
        let of_class = |sample: usize| core::array::from_fn(|i| f64::from(u8::from(classes[sample] == i)));
        let of_soft = |sample: usize| labels[sample].map(f64::from);
        fn value(
            target: impl Fn(usize) -> [f64; 3],
            smoothing: f64,
            term: impl Fn(f64, f64) -> f64,
        ) -> impl Fn(usize, &[f64]) -> f64 {
            move |sample, z| {
                let sum: f64 = z.iter().map(|z| z.exp()).sum();
                let t = target(sample).map(|t| t * (1.0 - smoothing) + smoothing / 3.0);
                z.iter().zip(t).map(|(z, t)| term(z.exp() / sum, t)).sum()
            }
        }
        let cross = |p: f64, t: f64| -t * p.ln();
        let focal = |p: f64, t: f64| -0.25 * t * (1.0 - p).powf(2.0) * p.ln();
        let other = |p: f64, t: f64| -0.7 * t * (1.0 - p).powf(0.5) * p.ln();
        macro_rules! all {
            ($plain:ident, $with_logits:ident, $smoothing:expr, $term:expr, |$loss:ident| $set:expr) => {
                let $loss = losses::$plain;
                with_head::<Softmax, _, _>($set, &classes, value(of_class, $smoothing, $term));
                with_head::<Softmax, _, _>($set, &labels, value(of_soft, $smoothing, $term));
                with_head::<LogSoftmax, _, _>($set, &classes, value(of_class, $smoothing, $term));
                let $loss = losses::$with_logits;
                with_head::<Linear, _, _>($set, &labels, value(of_soft, $smoothing, $term));
            };
        }
        all!(CategoricalCrossEntropy, CategoricalCrossEntropyWithLogits, 0.0, cross, |loss| loss);
        all!(CategoricalCrossEntropy, CategoricalCrossEntropyWithLogits, 0.3, cross, |loss| loss
            .label_smoothing(0.3));
        all!(CategoricalFocalCrossEntropy, CategoricalFocalCrossEntropyWithLogits, 0.0, focal, |loss| loss);
        all!(CategoricalFocalCrossEntropy, CategoricalFocalCrossEntropyWithLogits, 0.1, other, |loss| loss
            .gamma(0.5)
            .alpha(0.7)
            .label_smoothing(0.1));
        let divergence = |p: f64, t: f64| t * (t / p).ln();
        with_head::<Softmax, _, _>(KlDivergence, &labels, value(of_soft, 0.0, divergence));
        with_head::<LogSoftmax, _, _>(KlDivergence, &labels, value(of_soft, 0.0, divergence));
    }
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
