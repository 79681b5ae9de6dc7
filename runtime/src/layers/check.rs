//! Checks that a layer's backward pass is the derivative of its forward pass, in f64.

use core::any::type_name;
use core::marker::PhantomData;

use super::{Backward, Forward, Layer, buffer_count, parameter_count};
use crate::kernels::Rng;
use crate::schema::Shape;

/// What [`check_gradient`] saw.
///
/// ```
/// use typenet_runtime::layers::Dense;
/// use typenet_runtime::layers::activation::Relu;
/// use typenet_runtime::layers::check::check_gradient;
/// use typenet_runtime::typenum::{U2, U3};
///
/// let report = check_gradient::<Dense<U3, U2, Relu>>(4, 7);
/// assert_eq!(report.checked + report.kinks, 4 * 3 + 3 * 2 + 2);
/// assert!(report.worst <= 1.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GradientReport {
    /// Derivatives that agree.
    pub checked: usize,
    /// Derivatives that were left out because the layer has a kink there.
    pub kinks: usize,
    /// The largest distance from a central difference, as a share of what its error bound allows.
    pub worst: f64,
}

/// Compares every derivative of a layer with a central difference: `Σ c·y` by each input and each parameter, for a
/// random `c`.
///
/// Parameters start as the layer wants them and are then moved a little, so that none is zero; inputs are standard
/// normal. Slices that a layer must not read are full of NaN. A value `x` is moved by `h = ε^⅓·max(|x|, 1)`, which
/// balances the two errors of the difference: its truncation, bounded by the change when `h` doubles, and rounding,
/// bounded by `terms·ε·Σ|c·y| / h`.
///
/// ```
/// use typenet_runtime::layers::Dense;
/// use typenet_runtime::layers::activation::Tanh;
/// use typenet_runtime::layers::check::check_gradient;
/// use typenet_runtime::typenum::{U2, U3};
///
/// let report = check_gradient::<Dense<U3, U2, Tanh>>(4, 7);
/// assert_eq!(report.checked, 4 * 3 + 3 * 2 + 2);
/// ```
///
/// # Panics
/// If a derivative does not agree, or the passes leave a value unwritten, or more than a tenth of the places are
/// kinks: then the layer is not smooth or does not repeat itself.
#[track_caller]
pub fn check_gradient<L: Layer<f64>>(batch: usize, seed: u64) -> GradientReport {
    let case = Case::<L>::random(batch, seed);
    let (grad_input, grad_parameters) = case.gradients();
    let mut report = GradientReport { checked: 0, kinks: 0, worst: 0.0 };
    let places =
        (0..grad_input.len()).map(Place::Input).chain((0..grad_parameters.len()).map(Place::Parameter));
    for (place, analytic) in places.zip(grad_input.iter().chain(&grad_parameters)) {
        let (narrow, rounding) = case.difference(place, 1.0);
        let (wide, _) = case.difference(place, 2.0);
        let truncation = (wide - narrow).abs();
        if truncation > f64::EPSILON.cbrt() * narrow.abs().max(1.0) {
            report.kinks += 1;
            continue;
        }
        let tolerance = truncation + rounding;
        let distance = (analytic - narrow).abs();
        assert!(
            distance <= tolerance,
            "{}: derivative by {} is {analytic:e}, central difference {narrow:e} ± {tolerance:.1e}",
            type_name::<L>(),
            case.describe(place),
        );
        report.checked += 1;
        report.worst = report.worst.max(distance / tolerance);
    }
    assert!(
        report.kinks * 10 <= report.kinks + report.checked,
        "{}: {} kinks among {} places: the layer is not smooth, or does not repeat itself",
        type_name::<L>(),
        report.kinks,
        report.kinks + report.checked,
    );
    report
}

/// A value that the layer's output depends on.
#[derive(Clone, Copy)]
enum Place {
    Input(usize),
    Parameter(usize),
}

/// A layer with numbers for everything its output depends on.
struct Case<L> {
    batch: usize,
    input: Vec<f64>,
    parameters: Vec<f64>,
    buffers: Vec<f64>,
    /// `c`: the weight of each output in the sum that is derived.
    weights: Vec<f64>,
    rng: Rng,
    layer: PhantomData<L>,
}

/// How far a central difference moves `x`.
fn step(x: f64) -> f64 {
    f64::EPSILON.cbrt() * x.abs().max(1.0)
}

impl<L: Layer<f64>> Case<L> {
    fn random(batch: usize, seed: u64) -> Self {
        let rng = Rng::seed(seed);
        let mut draws = rng.fork(0);
        let mut normal = |count: usize| (0..count).map(|_| draws.normal()).collect::<Vec<_>>();
        let input = normal(batch * L::Input::LEN);
        let weights = normal(batch * L::Output::LEN);
        let moves = normal(parameter_count::<f64, L>());
        let mut parameters = vec![0.0; parameter_count::<f64, L>()];
        let mut buffers = vec![0.0; buffer_count::<f64, L>()];
        L::initialize(&mut parameters, &mut buffers, rng.fork(1));
        for (parameter, by) in parameters.iter_mut().zip(moves) {
            *parameter += 0.1 * by;
        }
        Self { batch, input, parameters, buffers, weights, rng: rng.fork(2), layer: PhantomData }
    }

    /// Output and cache of a forward pass.
    fn forward(&self, input: &[f64], parameters: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut output = vec![f64::NAN; self.batch * L::Output::LEN];
        let mut cache = vec![f64::NAN; self.batch * L::CACHE];
        L::forward(Forward {
            batch: self.batch,
            parameters,
            buffers: &mut self.buffers.clone(),
            input,
            output: &mut output,
            cache: &mut cache,
            rng: self.rng.clone(),
        });
        (output, cache)
    }

    /// `Σ c·y` and `Σ |c·y|`.
    fn sums(&self, input: &[f64], parameters: &[f64]) -> (f64, f64) {
        let (output, _) = self.forward(input, parameters);
        let terms = || output.iter().zip(&self.weights).map(|(y, c)| c * y);
        (terms().sum(), terms().map(f64::abs).sum())
    }

    /// Derivatives of `Σ c·y` by the inputs and by the parameters, as the layer computes them.
    #[track_caller]
    fn gradients(&self) -> (Vec<f64>, Vec<f64>) {
        let (output, cache) = self.forward(&self.input, &self.parameters);
        let backward = |grad_input: Option<&mut [f64]>| {
            let mut grad_parameters = vec![f64::NAN; self.parameters.len()];
            L::backward(Backward {
                batch: self.batch,
                parameters: &self.parameters,
                input: &self.input,
                output: &output,
                cache: &cache,
                grad_output: &mut self.weights.clone(),
                grad_input,
                grad_parameters: &mut grad_parameters,
                scratch: &mut vec![f64::NAN; self.batch * L::BACKWARD_SCRATCH],
            });
            grad_parameters
        };
        let mut grad_input = vec![f64::NAN; self.input.len()];
        let grad_parameters = backward(Some(&mut grad_input));
        assert_eq!(
            backward(None).iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            grad_parameters.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            "{}: the gradient by the parameters depends on whether the input's is wanted",
            type_name::<L>(),
        );
        (grad_input, grad_parameters)
    }

    /// Central difference at `place` with `scale` times the usual step, and a bound on its rounding error.
    fn difference(&self, place: Place, scale: f64) -> (f64, f64) {
        let (mut input, mut parameters) = (self.input.clone(), self.parameters.clone());
        let x = match place {
            Place::Input(i) => input[i],
            Place::Parameter(i) => parameters[i],
        };
        let h = scale * step(x);
        let mut evaluate = |x: f64| {
            match place {
                Place::Input(i) => input[i] = x,
                Place::Parameter(i) => parameters[i] = x,
            }
            self.sums(&input, &parameters)
        };
        let ((above, magnitude), (below, _)) = (evaluate(x + h), evaluate(x - h));
        // Additions in the longest chain through the layer and the sum, and as many again for its functions.
        let terms = (self.weights.len() + L::Input::LEN + L::Output::LEN + 16) as f64;
        ((above - below) / ((x + h) - (x - h)), terms * f64::EPSILON * magnitude.max(1.0) / h)
    }

    /// `input 3 of sample 1`, `value 5 of weight`
    fn describe(&self, place: Place) -> String {
        match place {
            Place::Input(i) => format!("input {} of sample {}", i % L::Input::LEN, i / L::Input::LEN),
            Place::Parameter(i) => {
                let mut start = 0;
                for tensor in L::PARAMETERS {
                    if i < start + tensor.len() {
                        return format!("value {} of `{}`", i - start, tensor.name);
                    }
                    start += tensor.len();
                }
                format!("parameter {i}")
            }
        }
    }
}
