//! A model's layers, their values numbered, and where these lie in an inference.

use super::place::{Numbers, Place};
use super::wire::Wire;
use crate::kernels::Rng;
use crate::layers::plan::{Life, Plan};
use crate::layers::{Amount, Layer, Part};

/// `N` layers, `V` values with the model's inputs.
#[derive(Debug, Clone, Copy)]
pub struct Inference<const N: usize, const V: usize> {
    pub(super) wires: [Wire; N],
    /// The model's.
    pub(super) inputs: &'static [Part],
    /// The numbers of the values that the model gives.
    pub(super) outputs: &'static [usize],
    /// The number of each layer's first value.
    pub(super) first: [usize; N],
    /// How many numbers each value has in one sample; of the inputs 0.
    pub(super) lens: [usize; V],
    /// The input whose lengths of sequences each value has.
    pub(super) lengths: [Option<usize>; V],
    pub(super) parameters: [Numbers; N],
    pub(super) buffers: [Numbers; N],
    pub(super) places: [Place; V],
    /// Values for each sample that lie in areas.
    pub(super) area: usize,
    /// Memory that an inference needs: the areas, and behind them the scratch of the layers.
    pub scratch: Amount,
    /// Values that an inference of one sample would take if no two results shared their memory.
    pub unshared: usize,
}

/// Where the values of one pass lie.
pub(super) struct Placed<const N: usize, const V: usize> {
    pub(super) places: [Place; V],
    pub(super) area: usize,
    /// The scratch of the layers, which comes one after the other.
    pub(super) scratch: Amount,
    /// Values for each sample if none shared their memory, without scratch.
    pub(super) unshared: usize,
    /// What the pass keeps: in all, before each layer, and of each layer's results.
    pub(super) kept: Amount,
    pub(super) kept_before: [Amount; N],
    pub(super) kept_outputs: [usize; N],
    /// Whether a backward pass reads a value.
    pub(super) is_kept: [bool; V],
}

impl<const N: usize, const V: usize> Inference<N, V> {
    /// `inputs` are the model's, `outputs` the numbers of its values that it gives; their layers always compute.
    pub const fn new(inputs: &'static [Part], wires: [Wire; N], outputs: &'static [usize]) -> Self {
        let mut all = Self {
            wires,
            inputs,
            outputs,
            first: [0; N],
            lens: [0; V],
            lengths: [None; V],
            parameters: [Numbers::NONE; N],
            buffers: [Numbers::NONE; N],
            places: [Place::None; V],
            area: 0,
            scratch: Amount::NONE,
            unshared: 0,
        };
        all.number();
        let placed = all.place(&all.roots(false), false);
        all.places = placed.places;
        all.area = placed.area;
        all.scratch = placed.scratch.and(Amount::per_sample(placed.area));
        all.unshared = placed.unshared + placed.scratch.of(1, 1);
        all
    }

    /// Numbers values, parameters and buffers.
    const fn number(&mut self) {
        let mut value = 0;
        while value < self.inputs.len() {
            if self.inputs[value].is_sequence {
                self.lengths[value] = Some(value);
            }
            value += 1;
        }
        let (mut parameters, mut buffers, mut i) = (0, 0, 0);
        while i < N {
            let wire = &self.wires[i];
            self.first[i] = value;
            let mut j = 0;
            while j < wire.layer.outputs.len() {
                self.lens[value] = wire.layer.outputs[j].len();
                if wire.layer.outputs[j].is_sequence {
                    self.lengths[value] = self.lengths[wire.sources[0]];
                }
                value += 1;
                j += 1;
            }
            if let Some(owner) = wire.shares {
                self.parameters[i] = self.parameters[owner];
                self.buffers[i] = self.buffers[owner];
            } else {
                self.parameters[i] = Numbers { start: parameters, len: wire.layer.parameters };
                self.buffers[i] = Numbers { start: buffers, len: wire.layer.buffers };
                parameters += wire.layer.parameters;
                buffers += wire.layer.buffers;
            }
            i += 1;
        }
        assert!(value == V, "a graph's values are counted");
    }

    /// The value that each value is, where layers do not compute.
    pub(super) const fn roots(&self, in_training: bool) -> [usize; V] {
        let mut roots = [0; V];
        let mut value = 0;
        while value < V {
            roots[value] = value;
            value += 1;
        }
        let mut i = 0;
        while i < N {
            let wire = &self.wires[i];
            if !wire.computes_in(in_training) {
                let mut j = 0;
                while j < wire.layer.outputs.len() {
                    roots[self.first[i] + j] = roots[wire.sources[0]];
                    j += 1;
                }
            }
            i += 1;
        }
        roots
    }

    /// The inputs and the outputs of the model in their places, all else nowhere.
    pub(super) const fn ends(&self) -> [Place; V] {
        let (mut places, mut k) = ([Place::None; V], 0);
        while k < self.inputs.len() {
            places[k] = Place::Input(k);
            k += 1;
        }
        k = 0;
        while k < self.outputs.len() {
            places[self.outputs[k]] = Place::Output(k);
            k += 1;
        }
        places
    }

    /// Where values lie in an inference or in a forward pass.
    pub(super) const fn place(&self, roots: &[usize; V], in_training: bool) -> Placed<N, V> {
        let mut placed = Placed {
            places: self.ends(),
            area: 0,
            scratch: Amount::NONE,
            unshared: 0,
            kept: Amount::NONE,
            kept_before: [Amount::NONE; N],
            kept_outputs: [0; N],
            is_kept: [false; V],
        };
        // Who reads each value last, and whether a backward pass will.
        let (mut last, mut i) = ([0; V], 0);
        while i < N {
            let wire = &self.wires[i];
            if wire.computes_in(in_training) {
                let memory = &wire.layer.memory;
                placed.scratch = placed.scratch.or(if in_training { memory.forward } else { memory.predict });
                let mut k = 0;
                while k < wire.sources.len() {
                    let value = roots[wire.sources[k]];
                    last[value] = i;
                    placed.is_kept[value] |= memory.reads_input;
                    k += 1;
                }
                if memory.reads_output {
                    let mut j = 0;
                    while j < wire.layer.outputs.len() {
                        placed.is_kept[self.first[i] + j] = true;
                        j += 1;
                    }
                }
            }
            i += 1;
        }
        let mut lives = [Life { len: 0, from: 1, to: 0 }; V];
        i = 0;
        while i < N {
            let wire = &self.wires[i];
            placed.kept_before[i] = placed.kept;
            if wire.computes_in(in_training) {
                let (mut value, end) = (self.first[i], self.first[i] + wire.layer.outputs.len());
                while value < end {
                    if matches!(placed.places[value], Place::None) {
                        let len = self.lens[value];
                        placed.unshared += len;
                        if in_training && placed.is_kept[value] {
                            placed.places[value] = Place::Kept(placed.kept, len);
                            placed.kept.per_sample += len;
                            placed.kept_outputs[i] += len;
                        } else {
                            lives[value] =
                                Life { len, from: i, to: if last[value] > i { last[value] } else { i } };
                        }
                    }
                    value += 1;
                }
                if in_training {
                    placed.kept = placed.kept.and(wire.layer.memory.kept);
                    placed.unshared += wire.layer.memory.kept.per_sample;
                }
            }
            i += 1;
        }
        let plan = Plan::new(lives);
        placed.area = plan.len;
        let mut value = 0;
        while value < V {
            if roots[value] != value {
                placed.places[value] = placed.places[roots[value]];
            } else if lives[value].from <= lives[value].to {
                placed.places[value] = Place::Area(plan.area(value));
            }
            value += 1;
        }
        placed
    }

    /// The parameters of a layer in the model's block.
    pub fn parameters<'a>(&self, layer: usize, block: &'a [f32]) -> &'a [f32] {
        &block[self.parameters[layer].range()]
    }

    /// The same, to be changed.
    pub fn parameters_mut<'a>(&self, layer: usize, block: &'a mut [f32]) -> &'a mut [f32] {
        &mut block[self.parameters[layer].range()]
    }

    /// The start values of layer `L`, at place `i`, which has numbers of its own.
    pub fn initialize<L: Layer>(&self, i: usize, parameters: &mut [f32], buffers: &mut [f32], rng: &Rng) {
        let is_numbered =
            |wire: &&Wire| wire.shares.is_none() && wire.layer.parameters + wire.layer.buffers > 0;
        let index = self.wires[..i].iter().filter(is_numbered).count();
        L::initialize(
            &mut parameters[self.parameters[i].range()],
            &mut buffers[self.buffers[i].range()],
            rng.fork(index as u64),
        );
    }
}
