//! Checks that a layer's backward pass is the derivative of its forward pass, in f64.

use core::any::type_name;
use core::marker::PhantomData;

use super::{Backward, Cpu, Forward, Part, Port, Run, Value, buffer_count, output_len, parameter_count};
use crate::kernels::Rng;
use crate::schema::Role;

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
/// normal, whole numbers are drawn below their bound, sequences have a length each, and what lies behind it must be zero in results and
/// gradients. Slices that a layer must not read, or says that it does not, are full of NaN. A value `x` is moved by `h = ε^⅓·max(|x|, 1)`, which
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
/// If a derivative does not agree, or the passes leave a value unwritten or one behind the end of a sequence not zero, or more than a
/// tenth of the places are kinks: then the layer is not smooth or does not repeat itself.
#[track_caller]
pub fn check_gradient<L: Run<Cpu<f64>>>(batch: usize, seed: u64) -> GradientReport {
    let case = Case::<L>::random(batch, seed);
    let (grad_inputs, grad_parameters) = case.gradients();
    let mut report = GradientReport { checked: 0, kinks: 0, worst: 0.0 };
    let mut compare = |place: Place, analytic: f64| {
        let (narrow, rounding) = case.difference(place, 1.0);
        let (wide, _) = case.difference(place, 2.0);
        let truncation = (wide - narrow).abs();
        if truncation > f64::EPSILON.cbrt() * narrow.abs().max(1.0) {
            report.kinks += 1;
            return;
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
    };
    for (part, gradient) in grad_inputs.iter().enumerate() {
        for (i, analytic) in gradient.iter().enumerate() {
            if is_present(&L::Input::PARTS[part], &case.inputs[part].lengths, i) {
                compare(Place::Input(part, i), *analytic);
            }
        }
    }
    for (i, analytic) in grad_parameters.iter().enumerate() {
        compare(Place::Parameter(i), *analytic);
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
    /// A number of one of the inputs.
    Input(usize, usize),
    Parameter(usize),
}

/// One of a layer's inputs; what it is not is empty.
#[derive(Clone)]
struct Input {
    numbers: Vec<f64>,
    indices: Vec<u32>,
    lengths: Vec<u32>,
}

impl Input {
    fn random(part: &Part, batch: usize, rng: &mut Rng) -> Self {
        // A tensor is there once.
        let batch = if part.is_tensor { 1 } else { batch };
        let lengths: Vec<u32> = if part.is_sequence {
            // One sample of full length, the others shorter.
            (0..batch).map(|i| part.shape[0].saturating_sub(i % part.shape[0]) as u32).collect()
        } else {
            Vec::new()
        };
        let mut input = Self { numbers: Vec::new(), indices: Vec::new(), lengths };
        let step = part.len() / part.shape[0].max(1);
        for sample in 0..batch {
            let present = input.lengths.get(sample).map_or(part.len(), |&length| length as usize * step);
            for i in 0..part.len() {
                match part.below {
                    Some(below) => {
                        let word = rng.below(below as u64) as u32;
                        input.indices.push(if i < present { word } else { 0 });
                    }
                    None => {
                        let number = rng.normal();
                        input.numbers.push(if i < present { number } else { 0.0 });
                    }
                }
            }
        }
        input
    }

    fn value(&self) -> Value<'_, Cpu<f64>> {
        Value { numbers: &self.numbers, indices: &self.indices, lengths: &self.lengths }
    }
}

/// A layer with numbers for everything its output depends on.
struct Case<L> {
    batch: usize,
    inputs: Vec<Input>,
    parameters: Vec<f64>,
    buffers: Vec<f64>,
    /// `c`: the weight of each output in the sum that is derived, for each of the results.
    weights: Vec<Vec<f64>>,
    rng: Rng,
    layer: PhantomData<L>,
}

/// Whether a number is one that anything depends on: not behind the end of a sequence.
fn is_present(part: &Part, lengths: &[u32], i: usize) -> bool {
    let step = part.len() / part.shape[0].max(1);
    !part.is_sequence || i % part.len() < lengths[i / part.len()] as usize * step
}

/// That what lies behind the ends of sequences is zero.
#[track_caller]
fn check_ends<L>(what: &str, parts: &[Part], lengths: &[u32], values: &[Vec<f64>]) {
    for (part, values) in parts.iter().zip(values) {
        for (i, value) in values.iter().enumerate().filter(|(i, _)| !is_present(part, lengths, *i)) {
            let (place, sample) = (i % part.len(), i / part.len());
            assert!(
                *value == 0.0,
                "{}: {what} {place} of sample {sample} is {value}, but lies behind the end of its sequence, expected 0",
                type_name::<L>(),
            );
        }
    }
}

/// How far a central difference moves `x`.
fn step(x: f64) -> f64 {
    f64::EPSILON.cbrt() * x.abs().max(1.0)
}

/// The batch of a port.
fn values<'a, P: Port>(inputs: &'a [Input]) -> P::Values<'a, Cpu<f64>> {
    let mut inputs = inputs.iter();
    P::values(&mut || inputs.next().expect("as many as the port has").value())
}

/// The slices of a port's results.
fn results<'a, P: Port>(results: &'a mut [Vec<f64>]) -> P::Mut<'a, Cpu<f64>> {
    let mut results = results.iter_mut();
    P::results::<Cpu<f64>>(&mut || results.next().expect("as many as the port has").as_mut_slice())
}

impl<L: Run<Cpu<f64>>> Case<L> {
    fn random(batch: usize, seed: u64) -> Self {
        let rng = Rng::seed(seed);
        let mut draws = rng.fork(0);
        let inputs: Vec<_> =
            L::Input::PARTS.iter().map(|part| Input::random(part, batch, &mut draws)).collect();
        let lengths = inputs[0].lengths.clone();
        let weights = L::Output::PARTS.iter().map(|part| {
            let mut weight = |i| {
                let normal = draws.normal();
                if is_present(part, &lengths, i) { normal } else { 0.0 }
            };
            (0..batch * part.len()).map(&mut weight).collect::<Vec<f64>>()
        });
        let weights: Vec<_> = weights.collect();
        let (mut parameters, mut buffers) =
            (vec![0.0f32; parameter_count::<L>()], vec![0.0f32; buffer_count::<L>()]);
        L::initialize(&mut parameters, &mut buffers, rng.fork(1));
        let parameters =
            parameters.into_iter().map(|parameter| f64::from(parameter) + 0.1 * draws.normal()).collect();
        let buffers = buffers.into_iter().map(f64::from).collect();
        Self { batch, inputs, parameters, buffers, weights, rng: rng.fork(2), layer: PhantomData }
    }

    /// Results, and what is kept, of a forward pass.
    fn forward(&self, inputs: &[Input], parameters: &[f64]) -> (Vec<Vec<f64>>, Vec<f64>) {
        let mut outputs: Vec<Vec<f64>> =
            L::Output::PARTS.iter().map(|part| vec![f64::NAN; self.batch * part.len()]).collect();
        let mut kept = vec![f64::NAN; L::MEMORY.kept.of(self.batch, 1)];
        L::forward(Forward {
            batch: self.batch,
            parameters,
            buffers: &mut self.buffers.clone(),
            input: values::<L::Input>(inputs),
            output: results::<L::Output>(&mut outputs),
            kept: &mut kept,
            scratch: &mut vec![f64::NAN; L::MEMORY.forward.of(self.batch, 1)],
            rng: self.rng.clone(),
        });
        (outputs, kept)
    }

    /// `Σ c·y` and `Σ |c·y|`.
    fn sums(&self, inputs: &[Input], parameters: &[f64]) -> (f64, f64) {
        let (outputs, _) = self.forward(inputs, parameters);
        let pairs = || outputs.iter().flatten().zip(self.weights.iter().flatten());
        let terms = || pairs().filter(|(_, c)| **c != 0.0).map(|(y, c)| c * y);
        (terms().sum(), terms().map(f64::abs).sum())
    }

    /// Derivatives of `Σ c·y` by the inputs and by the parameters, as the layer computes them.
    #[track_caller]
    fn gradients(&self) -> (Vec<Vec<f64>>, Vec<f64>) {
        let (outputs, kept) = self.forward(&self.inputs, &self.parameters);
        check_ends::<L>("output", L::Output::PARTS, &self.inputs[0].lengths, &outputs);
        let unread = |numbers: Vec<f64>, is_read: bool| {
            if is_read { numbers } else { vec![f64::NAN; numbers.len()] }
        };
        let inputs: Vec<Input> = self
            .inputs
            .iter()
            .cloned()
            .map(|input| Input { numbers: unread(input.numbers, L::MEMORY.reads_input), ..input })
            .collect();
        let outputs: Vec<Input> = L::Output::PARTS
            .iter()
            .zip(outputs)
            .map(|(part, numbers)| Input {
                numbers: unread(numbers, L::MEMORY.reads_output),
                indices: Vec::new(),
                lengths: if part.is_sequence { inputs[0].lengths.clone() } else { Vec::new() },
            })
            .collect();
        let backward = |grad_inputs: &mut Vec<Vec<f64>>, is_wanted: bool| {
            let mut grad_parameters = vec![f64::NAN; self.parameters.len()];
            let mut grad_outputs = self.weights.clone();
            let mut targets = grad_inputs.iter_mut();
            L::backward(Backward {
                batch: self.batch,
                parameters: &self.parameters,
                input: values::<L::Input>(&inputs),
                output: values::<L::Output>(&outputs),
                kept: &kept,
                grad_output: results::<L::Output>(&mut grad_outputs),
                grad_input: L::Input::gradients::<Cpu<f64>>(&mut || {
                    let target = targets.next().expect("as many as the port has").as_mut_slice();
                    is_wanted.then_some(target)
                }),
                grad_parameters: &mut grad_parameters,
                scratch: &mut vec![f64::NAN; L::MEMORY.backward.of(self.batch, 1)],
            });
            grad_parameters
        };
        let mut grad_inputs: Vec<Vec<f64>> =
            inputs.iter().map(|input| vec![f64::NAN; input.numbers.len()]).collect();
        let grad_parameters = backward(&mut grad_inputs, true);
        check_ends::<L>("gradient by input", L::Input::PARTS, &self.inputs[0].lengths, &grad_inputs);
        assert_eq!(
            backward(&mut grad_inputs.clone(), false).iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            grad_parameters.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            "{}: the gradient by the parameters depends on whether the input's is wanted",
            type_name::<L>(),
        );
        (grad_inputs, grad_parameters)
    }

    /// Central difference at `place` with `scale` times the usual step, and a bound on its rounding error.
    fn difference(&self, place: Place, scale: f64) -> (f64, f64) {
        let (mut inputs, mut parameters) = (self.inputs.clone(), self.parameters.clone());
        let x = match place {
            Place::Input(part, i) => inputs[part].numbers[i],
            Place::Parameter(i) => parameters[i],
        };
        let h = scale * step(x);
        let mut evaluate = |x: f64| {
            match place {
                Place::Input(part, i) => inputs[part].numbers[i] = x,
                Place::Parameter(i) => parameters[i] = x,
            }
            self.sums(&inputs, &parameters)
        };
        let ((above, magnitude), (below, _)) = (evaluate(x + h), evaluate(x - h));
        // Additions in the longest chain through the layer and the sum, and as many again for its functions.
        let terms = (self.batch * output_len::<L>() + L::Input::LEN + L::Output::LEN + 16) as f64;
        ((above - below) / ((x + h) - (x - h)), terms * f64::EPSILON * magnitude.max(1.0) / h)
    }

    /// `input 3 of sample 1`, `value 5 of weight`
    fn describe(&self, place: Place) -> String {
        match place {
            Place::Input(part, i) => {
                let len = L::Input::PARTS[part].len();
                let of = if L::Input::PARTS.len() > 1 { format!(" of part {part}") } else { String::new() };
                format!("input {}{of} of sample {}", i % len, i / len)
            }
            Place::Parameter(i) => {
                let mut start = 0;
                for tensor in L::INFO.tensors.iter().filter(|tensor| tensor.role == Role::Parameter) {
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
