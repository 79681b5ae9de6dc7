//! A model's layers in a row: which part of each slice is whose, for generated code.
//!
//! A row hands the layers of a model their passes, one after the other. Parameters and buffers lie in the order of the
//! layers. In inference, and for gradients, outputs of even and odd layers take turns in two areas of the scratch; a
//! forward pass in training keeps every output and every layer's cache, one behind the other. All lengths but those of the
//! parameters and buffers are for each sample.

use core::mem::{swap, take};

use super::step::Trained;
use super::{Backward, Forward, Layer, Predict, Step, buffer_count, output_len, parameter_count};
use crate::kernels::Rng;

/// The lengths of what belongs to one layer.
#[derive(Debug, Clone, Copy)]
pub struct Lengths {
    /// Trainable values.
    pub parameters: usize,
    /// Values that move without a gradient.
    pub buffers: usize,
    /// Values of a result.
    pub output: usize,
    /// [`Layer::CACHE`]
    pub cache: usize,
    /// [`Layer::PREDICT_SCRATCH`]
    pub predict_scratch: usize,
    /// [`Layer::BACKWARD_SCRATCH`]
    pub backward_scratch: usize,
}

impl Lengths {
    /// Those of layer `L`.
    pub const fn of<L: Layer>() -> Self {
        Self {
            parameters: parameter_count::<f32, L>(),
            buffers: buffer_count::<f32, L>(),
            output: output_len::<L>(),
            cache: L::CACHE,
            predict_scratch: L::PREDICT_SCRATCH,
            backward_scratch: L::BACKWARD_SCRATCH,
        }
    }
}

/// What a row of layers needs.
#[derive(Debug, Clone, Copy)]
pub struct RowLengths {
    layers: usize,
    /// The largest outputs of even and of odd layers but the last: they take turns in these two areas.
    areas: [usize; 2],
    /// Outputs and caches of all layers but the last.
    kept: usize,
    /// [`Layer::CACHE`] of the model.
    pub cache: usize,
    /// [`Layer::PREDICT_SCRATCH`] of the model.
    pub predict_scratch: usize,
    /// [`Layer::BACKWARD_SCRATCH`] of the model.
    pub backward_scratch: usize,
}

impl RowLengths {
    /// Those of the layers with these lengths.
    pub const fn of(row: &[Lengths]) -> Self {
        let (mut areas, mut kept, mut predict_scratch, mut backward_scratch) = ([0; 2], 0, 0, 0);
        let mut i = 0;
        while i < row.len() {
            let layer = &row[i];
            predict_scratch = larger(predict_scratch, layer.predict_scratch);
            backward_scratch = larger(backward_scratch, layer.backward_scratch);
            if i + 1 < row.len() {
                areas[i % 2] = larger(areas[i % 2], layer.output);
                kept += layer.output + layer.cache;
            }
            i += 1;
        }
        let both = areas[0] + areas[1];
        Self {
            layers: row.len(),
            areas,
            kept,
            cache: kept + row[row.len() - 1].cache,
            predict_scratch: both + predict_scratch,
            backward_scratch: both + backward_scratch,
        }
    }
}

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// The first `len` values, which `from` then no longer has.
#[inline(always)]
fn first<'a>(from: &mut &'a [f32], len: usize) -> &'a [f32] {
    let (first, rest) = from.split_at(len);
    *from = rest;
    first
}

#[inline(always)]
fn first_mut<'a>(from: &mut &'a mut [f32], len: usize) -> &'a mut [f32] {
    let (first, rest) = take(from).split_at_mut(len);
    *from = rest;
    first
}

/// The last `len` values, which `from` then no longer has.
#[inline(always)]
fn last<'a>(from: &mut &'a [f32], len: usize) -> &'a [f32] {
    let (rest, last) = from.split_at(from.len() - len);
    *from = rest;
    last
}

#[inline(always)]
fn last_mut<'a>(from: &mut &'a mut [f32], len: usize) -> &'a mut [f32] {
    let at = from.len() - len;
    let (rest, last) = take(from).split_at_mut(at);
    *from = rest;
    last
}

/// The start of a row: [`Layer::initialize`].
#[derive(Debug)]
pub struct InitializeRow<'a> {
    parameters: &'a mut [f32],
    buffers: &'a mut [f32],
    rng: Rng,
}

impl<'a> InitializeRow<'a> {
    /// Before the first layer.
    pub fn new(parameters: &'a mut [f32], buffers: &'a mut [f32], rng: Rng) -> Self {
        Self { parameters, buffers, rng }
    }

    /// Parameters, buffers and random numbers of the next layer, which is layer `index` of its model.
    pub fn next(&mut self, layer: &Lengths, index: u64) -> (&'a mut [f32], &'a mut [f32], Rng) {
        let parameters = first_mut(&mut self.parameters, layer.parameters);
        (parameters, first_mut(&mut self.buffers, layer.buffers), self.rng.fork(index))
    }
}

/// A row in inference.
#[derive(Debug)]
pub struct PredictRow<'a> {
    batch: usize,
    parameters: &'a [f32],
    buffers: &'a [f32],
    input: &'a [f32],
    output: &'a mut [f32],
    /// Where the next output goes, or lies already: `arrived` of its values.
    free: &'a mut [f32],
    other: &'a mut [f32],
    arrived: Option<usize>,
    scratch: &'a mut [f32],
}

impl<'a> PredictRow<'a> {
    /// Before the first layer.
    #[inline(always)]
    pub fn new(pass: Predict<'a, f32>, row: &RowLengths) -> Self {
        let [even, odd] = row.areas;
        let Predict { batch, parameters, buffers, input, output, mut scratch } = pass;
        let free = first_mut(&mut scratch, batch * even);
        let other = first_mut(&mut scratch, batch * odd);
        Self { batch, parameters, buffers, input, output, free, other, arrived: None, scratch }
    }

    /// The pass of the next layer, which is not the last.
    #[inline(always)]
    pub fn next(&mut self, layer: &Lengths) -> Predict<'_, f32> {
        let input = match self.arrived {
            None => self.input,
            Some(len) => {
                swap(&mut self.free, &mut self.other);
                &self.other[..len]
            }
        };
        let len = self.batch * layer.output;
        self.arrived = Some(len);
        Predict {
            batch: self.batch,
            parameters: first(&mut self.parameters, layer.parameters),
            buffers: first(&mut self.buffers, layer.buffers),
            input,
            output: &mut self.free[..len],
            scratch: &mut self.scratch[..self.batch * layer.predict_scratch],
        }
    }

    /// The pass of the last layer.
    #[inline(always)]
    pub fn last(self, layer: &Lengths) -> Predict<'a, f32> {
        Predict {
            batch: self.batch,
            parameters: self.parameters,
            buffers: self.buffers,
            input: match self.arrived {
                None => self.input,
                Some(len) => &self.free[..len],
            },
            output: self.output,
            scratch: &mut self.scratch[..self.batch * layer.predict_scratch],
        }
    }
}

/// A row going forward in training.
#[derive(Debug)]
pub struct ForwardRow<'a> {
    batch: usize,
    parameters: &'a [f32],
    buffers: &'a mut [f32],
    input: &'a [f32],
    output: &'a mut [f32],
    cache: &'a mut [f32],
    /// The output of the layer before.
    arrived: Option<&'a mut [f32]>,
    rng: Rng,
}

impl<'a> ForwardRow<'a> {
    /// Before the first layer.
    #[inline]
    pub fn new(pass: Forward<'a, f32>) -> Self {
        let Forward { batch, parameters, buffers, input, output, cache, rng } = pass;
        Self { batch, parameters, buffers, input, output, cache, arrived: None, rng }
    }

    /// The pass of the next layer, which is layer `index` of its model and not the last.
    #[inline]
    pub fn next(&mut self, layer: &Lengths, index: u64) -> Forward<'_, f32> {
        if let Some(arrived) = self.arrived.take() {
            self.input = arrived;
        }
        let output = self.arrived.insert(first_mut(&mut self.cache, self.batch * layer.output));
        Forward {
            batch: self.batch,
            parameters: first(&mut self.parameters, layer.parameters),
            buffers: first_mut(&mut self.buffers, layer.buffers),
            input: self.input,
            output,
            cache: first_mut(&mut self.cache, self.batch * layer.cache),
            rng: self.rng.fork(index),
        }
    }

    /// The pass of the last layer.
    #[inline]
    pub fn last(self, layer: &Lengths, index: u64) -> Forward<'a, f32> {
        Forward {
            batch: self.batch,
            parameters: self.parameters,
            buffers: self.buffers,
            input: self.arrived.map_or(self.input, |arrived| arrived),
            output: self.output,
            cache: &mut self.cache[..self.batch * layer.cache],
            rng: self.rng.fork(index),
        }
    }
}

/// A row going backward: everything but the parameters.
#[derive(Debug)]
struct Reverse<'a> {
    batch: usize,
    input: &'a [f32],
    /// Of the layer whose turn it is.
    output: &'a [f32],
    /// Of this layer, in front of it the output and the cache of each layer before.
    cache: &'a [f32],
    grad_input: Option<&'a mut [f32]>,
    /// The gradient by the last output.
    grad_output: &'a mut [f32],
    /// Where the next gradient goes, or lies already: `arrived` of its values.
    free: &'a mut [f32],
    other: &'a mut [f32],
    arrived: Option<usize>,
    scratch: &'a mut [f32],
}

impl<'a> Reverse<'a> {
    #[inline]
    fn new(pass: Backward<'a, f32>, row: &RowLengths, last: &Lengths) -> Self {
        let Backward { batch, input, output, cache, grad_output, grad_input, mut scratch, .. } = pass;
        let cache = &cache[..batch * (row.kept + last.cache)];
        let [even, odd] = row.areas;
        let mut free = first_mut(&mut scratch, batch * even);
        let mut other = first_mut(&mut scratch, batch * odd);
        if row.layers % 2 == 1 {
            swap(&mut free, &mut other);
        }
        Self { batch, input, output, cache, grad_input, grad_output, free, other, arrived: None, scratch }
    }

    /// The pass of the next layer, behind `before`. Whether that needs a gradient, unless the caller does, says `is_needed`.
    #[inline]
    fn next(&mut self, layer: &Lengths, before: &Lengths, is_needed: bool) -> Backward<'_, f32> {
        let cache = last(&mut self.cache, self.batch * layer.cache);
        let output = match self.arrived {
            None => self.output,
            Some(_) => last(&mut self.cache, self.batch * layer.output),
        };
        let input_end = self.cache.len() - self.batch * before.cache;
        let len = self.batch * before.output;
        let grad_output = match self.arrived.replace(len) {
            None => &mut *self.grad_output,
            Some(len) => {
                swap(&mut self.free, &mut self.other);
                &mut self.other[..len]
            }
        };
        let grad_input = &mut self.free[..len];
        Backward {
            batch: self.batch,
            parameters: &[],
            input: &self.cache[input_end - len..input_end],
            output,
            cache,
            grad_output,
            grad_input: if is_needed || self.grad_input.is_some() { Some(grad_input) } else { None },
            grad_parameters: &mut [],
            scratch: &mut self.scratch[..self.batch * layer.backward_scratch],
        }
    }

    /// The pass of the first layer.
    #[inline]
    fn first(mut self, layer: &Lengths) -> Backward<'a, f32> {
        let cache = last(&mut self.cache, self.batch * layer.cache);
        let (output, grad_output) = match self.arrived {
            None => (self.output, self.grad_output),
            Some(len) => (last(&mut self.cache, self.batch * layer.output), &mut self.free[..len]),
        };
        Backward {
            batch: self.batch,
            parameters: &[],
            input: self.input,
            output,
            cache,
            grad_output,
            grad_input: self.grad_input,
            grad_parameters: &mut [],
            scratch: &mut self.scratch[..self.batch * layer.backward_scratch],
        }
    }
}

/// A row going backward: [`Layer::backward`] of each layer, from the last to the first.
#[derive(Debug)]
pub struct BackwardRow<'a> {
    reverse: Reverse<'a>,
    parameters: &'a [f32],
    grad_parameters: &'a mut [f32],
}

impl<'a> BackwardRow<'a> {
    /// Behind the last layer of `row`, in whose place stands `last`.
    #[inline]
    pub fn new(mut pass: Backward<'a, f32>, row: &RowLengths, last: &Lengths) -> Self {
        let (parameters, grad_parameters) = (pass.parameters, take(&mut pass.grad_parameters));
        Self { reverse: Reverse::new(pass, row, last), parameters, grad_parameters }
    }

    /// The pass of the next layer, behind `before`. Whether that needs a gradient, unless the caller does, says `is_needed`.
    #[inline]
    pub fn next(&mut self, layer: &Lengths, before: &Lengths, is_needed: bool) -> Backward<'_, f32> {
        Backward {
            parameters: last(&mut self.parameters, layer.parameters),
            grad_parameters: last_mut(&mut self.grad_parameters, layer.parameters),
            ..self.reverse.next(layer, before, is_needed)
        }
    }

    /// The pass of the first layer.
    #[inline]
    pub fn first(self, layer: &Lengths) -> Backward<'a, f32> {
        Backward {
            parameters: self.parameters,
            grad_parameters: self.grad_parameters,
            ..self.reverse.first(layer)
        }
    }
}

/// A row going backward with updates: [`Layer::step`] of each layer that has parameters, [`Layer::backward`] of the others.
#[derive(Debug)]
pub struct StepRow<'a> {
    reverse: Reverse<'a>,
    trained: Option<Trained<'a, f32>>,
}

impl<'a> StepRow<'a> {
    /// Behind the last layer of `row`, in whose place stands `last`.
    #[inline]
    pub fn new(pass: Step<'a, f32>, row: &RowLengths, last: &Lengths) -> Self {
        let Step { batch, trained, input, output, cache, grad_output, grad_input, scratch } = pass;
        let (parameters, grad_parameters) = (&[][..], &mut [][..]);
        let pass = Backward {
            batch,
            parameters,
            input,
            output,
            cache,
            grad_output,
            grad_input,
            grad_parameters,
            scratch,
        };
        Self { reverse: Reverse::new(pass, row, last), trained: Some(trained) }
    }

    /// The pass of the next layer, which has no parameters, behind `before`; see [`BackwardRow::next`].
    #[inline]
    pub fn next(&mut self, layer: &Lengths, before: &Lengths, is_needed: bool) -> Backward<'_, f32> {
        self.reverse.next(layer, before, is_needed)
    }

    /// The pass of the next layer, which has parameters, behind `before`; see [`BackwardRow::next`].
    #[inline]
    pub fn next_step(&mut self, layer: &Lengths, before: &Lengths, is_needed: bool) -> Step<'_, f32> {
        let trained = self.trained.take().expect("a row has parameters until its first layer");
        let at = trained.parameters.len() - layer.parameters;
        let (rest, trained) = trained.split_at(at);
        self.trained = Some(rest);
        step(self.reverse.next(layer, before, is_needed), trained)
    }

    /// The pass of the first layer, which has no parameters.
    #[inline]
    pub fn first(self, layer: &Lengths) -> Backward<'a, f32> {
        self.reverse.first(layer)
    }

    /// The pass of the first layer, which has parameters.
    #[inline]
    pub fn first_step(self, layer: &Lengths) -> Step<'a, f32> {
        let trained = self.trained.expect("a row has parameters until its first layer");
        step(self.reverse.first(layer), trained)
    }
}

#[inline]
fn step<'a>(pass: Backward<'a, f32>, trained: Trained<'a, f32>) -> Step<'a, f32> {
    let Backward { batch, input, output, cache, grad_output, grad_input, scratch, .. } = pass;
    Step { batch, trained, input, output, cache, grad_output, grad_input, scratch }
}
