//! Where the values and gradients of a training step lie, and what each layer's passes ask of that.

use core::fmt;
use core::marker::PhantomData;

use super::inference::Inference;
use super::place::{Numbers, Owned, Place, Target};
use super::wire::Tie;
use crate::layers::plan::{Life, Plan};
use crate::layers::{Amount, Layer, Memory, parameter_count};

/// Layer `L` of a graph: everything that its passes ask. `K` values go in, `J` come out.
pub struct Node<L: ?Sized, const K: usize, const J: usize> {
    pub(super) wired: Wired<K, J>,
    layer: PhantomData<fn(&L)>,
}

impl<L: ?Sized, const K: usize, const J: usize> fmt::Debug for Node<L, K, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.wired.fmt(f)
    }
}

/// What the graph says of a layer's passes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wired<const K: usize, const J: usize> {
    /// The layer's row in the model's table.
    pub(super) row: usize,
    pub(super) is_in_inference: bool,
    pub(super) parameters: Numbers,
    pub(super) buffers: Numbers,
    /// Which of the model's random numbers its forward pass draws.
    pub(super) stream: u64,
    pub(super) memory: Memory,
    pub(super) predict: ([Place; K], [Place; J]),
    pub(super) forward: ([Place; K], [Place; J]),
    /// The model's input whose lengths of sequences each input has.
    pub(super) lengths: [Option<usize>; K],
    /// The same of the outputs.
    pub(super) output_lengths: [Option<usize>; J],
    /// What the layers before keep.
    pub(super) kept_before: Amount,
    /// What it keeps of its outputs.
    pub(super) kept_outputs: usize,
    pub(super) targets: [Target; K],
    pub(super) grad_outputs: [Place; J],
    /// Whether an output has no gradient but zero.
    pub(super) is_zero: [bool; J],
    pub(super) owned: Owned,
    /// Whether a gradient by its inputs or its parameters is to be added to another.
    pub(super) adds: bool,
}

/// The plans of a forward and of a backward pass beside that of an inference. `G` values and sources in all.
#[derive(Debug, Clone, Copy)]
pub struct Graph<const N: usize, const V: usize, const G: usize> {
    pub(super) inference: &'static Inference<N, V>,
    forward: [Place; V],
    grad: [Place; V],
    is_zero: [bool; V],
    targets: [Target; G],
    /// Where each layer's targets begin.
    first_target: [usize; N],
    owned: [Owned; N],
    streams: [u64; N],
    kept_before: [Amount; N],
    kept_outputs: [usize; N],
    /// The model's own.
    pub memory: Memory,
    /// Values for each sample that the areas of a forward pass and of a backward pass take.
    pub(super) areas: [usize; 2],
    /// Parameters' gradients that are added elsewhere.
    pub(super) extra: usize,
    /// Values for each sample that a forward pass would take if no two results shared their memory, without the model's output.
    pub unshared: usize,
    /// Whether two layers have the same parameters.
    pub has_shared: bool,
}

impl<const N: usize, const V: usize, const G: usize> Graph<N, V, G> {
    /// The same layers, in training.
    pub const fn new(inference: &'static Inference<N, V>) -> Self {
        let roots = inference.roots(true);
        let placed = inference.place(&roots, true);
        let memory = Memory {
            predict: inference.scratch,
            forward: placed.scratch.and(Amount::per_sample(placed.area)),
            kept: placed.kept,
            reads_input: false,
            reads_output: false,
            ..Memory::NONE
        };
        let mut graph = Self {
            inference,
            forward: placed.places,
            grad: inference.ends(),
            is_zero: [false; V],
            targets: [Target::NOWHERE; G],
            first_target: [0; N],
            owned: [Owned::Alone; N],
            streams: [0; N],
            kept_before: placed.kept_before,
            kept_outputs: placed.kept_outputs,
            memory,
            areas: [placed.area, 0],
            extra: 0,
            unshared: placed.unshared + placed.scratch.per_sample,
            has_shared: false,
        };
        let mut k = 0;
        while k < inference.inputs.len() {
            graph.memory.reads_input |= placed.is_kept[k];
            k += 1;
        }
        k = 0;
        while k < inference.outputs.len() {
            graph.memory.reads_output |= placed.is_kept[inference.outputs[k]];
            k += 1;
        }
        graph.number();
        graph.share();
        graph.place_gradients(&roots);
        graph
    }

    /// Numbers the layers' inputs, and the random streams of those that draw.
    const fn number(&mut self) {
        let (mut stream, mut target, mut i) = (0, 0, 0);
        while i < N {
            let wire = &self.inference.wires[i];
            self.first_target[i] = target;
            target += wire.takes();
            self.streams[i] = stream;
            if wire.layer.draws {
                stream += 1;
            }
            i += 1;
        }
        assert!(V + target == G, "a graph's values and sources are counted");
    }

    /// Extra areas for the gradients of parameters that several layers have.
    const fn share(&mut self) {
        let mut i = 0;
        while i < N {
            let wire = &self.inference.wires[i];
            if let Some(Tie { layer, start, len }) = wire.ties {
                let tensor = Numbers { start: self.inference.parameters[layer].start + start, len };
                let target = &mut self.targets[self.first_target[i] + wire.sources.len()];
                *target =
                    Target { place: Place::Tensor(tensor, self.extra), is_needed: true, into: Place::None };
                self.extra += len;
                self.has_shared = true;
            }
            i += 1;
        }
        // Of several layers with the same parameters the last is the first to have its gradient.
        let mut i = N;
        while i > 0 {
            i -= 1;
            if let Some(owner) = self.inference.wires[i].shares {
                self.owned[i] = match self.owned[owner] {
                    Owned::Owner(first) => Owned::Between(first, self.extra),
                    _ => Owned::First(self.extra),
                };
                if let Owned::First(first) = self.owned[i] {
                    self.owned[owner] = Owned::Owner(first);
                }
                self.extra += self.inference.wires[i].layer.parameters;
                self.has_shared = true;
            }
        }
    }

    /// Where gradients lie in a backward pass.
    const fn place_gradients(&mut self, roots: &[usize; V]) {
        let outputs = self.inference.outputs;
        let mut is_needed = [false; V];
        let mut i = 0;
        while i < N {
            let wire = &self.inference.wires[i];
            let (mut needed, mut k) = (wire.layer.parameters > 0, 0);
            while k < wire.sources.len() {
                needed |= is_needed[roots[wire.sources[k]]];
                k += 1;
            }
            let mut j = 0;
            while j < wire.layer.outputs.len() {
                is_needed[self.inference.first[i] + j] = needed;
                j += 1;
            }
            i += 1;
        }
        let mut places = self.grad;
        // Those of values, then those of what is added to them, each in order of time.
        let mut lives = [Life { len: 0, from: 1, to: 0 }; G];
        let (mut is_written, mut scratch) = ([false; V], Amount::NONE);
        let mut k = 0;
        while k < outputs.len() {
            is_written[outputs[k]] = true;
            k += 1;
        }
        i = N;
        while i > 0 {
            i -= 1;
            let wire = &self.inference.wires[i];
            if !wire.computes_in(true) {
                continue;
            }
            scratch = scratch.or(wire.layer.memory.backward);
            // Passes go from the last layer to the first.
            let now = N - 1 - i;
            let mut j = 0;
            while j < wire.layer.outputs.len() {
                let value = self.inference.first[i] + j;
                if matches!(places[value], Place::None) {
                    if !is_written[value] {
                        self.is_zero[value] = true;
                        lives[V - 1 - value].from = now;
                    }
                    lives[V - 1 - value].len = self.inference.lens[value];
                    lives[V - 1 - value].to = now;
                }
                j += 1;
            }
            k = 0;
            while k < wire.sources.len() {
                let (value, target) = (roots[wire.sources[k]], self.first_target[i] + k);
                if wire.layer.inputs[k].below.is_none() {
                    self.targets[target].is_needed = is_needed[value];
                    if is_written[value] {
                        lives[G - 1 - target] = Life { len: wire.layer.inputs[k].len(), from: now, to: now };
                        self.targets[target].into = places[value];
                    } else {
                        is_written[value] = true;
                        lives[V - 1 - value].from = now;
                    }
                }
                k += 1;
            }
        }
        let plan = Plan::new(lives);
        let mut value = 0;
        while value < V {
            if matches!(places[value], Place::None) && lives[V - 1 - value].from <= lives[V - 1 - value].to {
                places[value] = Place::Area(plan.area(V - 1 - value));
            }
            value += 1;
        }
        i = 0;
        while i < N {
            let wire = &self.inference.wires[i];
            k = 0;
            while k < wire.sources.len() && wire.computes_in(true) {
                let (value, index) = (roots[wire.sources[k]], self.first_target[i] + k);
                let target = &mut self.targets[index];
                if wire.layer.inputs[k].below.is_none() {
                    let is_added = lives[G - 1 - index].from <= lives[G - 1 - index].to;
                    target.place =
                        if is_added { Place::Area(plan.area(G - 1 - index)) } else { places[value] };
                    if is_added {
                        target.into = places[value];
                    }
                }
                k += 1;
            }
            i += 1;
        }
        self.grad = places;
        self.areas[1] = plan.len;
        self.memory.backward = scratch.and(Amount { per_batch: self.extra, ..Amount::per_sample(plan.len) });
    }

    /// Layer `L`, which is at place `i`.
    pub const fn node<L: Layer, const K: usize, const J: usize>(&self, i: usize) -> Node<L, K, J> {
        assert!(
            self.inference.wires[i].layer.parameters == parameter_count::<L>(),
            "the layer at this place is another"
        );
        Node { wired: self.wired(i), layer: PhantomData }
    }

    const fn wired<const K: usize, const J: usize>(&self, i: usize) -> Wired<K, J> {
        let wire = &self.inference.wires[i];
        assert!(
            wire.takes() == K && wire.layer.inputs.len() == K && wire.layer.outputs.len() == J,
            "a layer takes as many values as its port has"
        );
        let mut wired = Wired {
            row: i,
            is_in_inference: wire.computes_in(false),
            parameters: self.inference.parameters[i],
            buffers: self.inference.buffers[i],
            stream: self.streams[i],
            memory: wire.layer.memory,
            predict: ([Place::None; K], [Place::None; J]),
            forward: ([Place::None; K], [Place::None; J]),
            lengths: [None; K],
            output_lengths: [None; J],
            kept_before: self.kept_before[i],
            kept_outputs: self.kept_outputs[i],
            targets: [Target::NOWHERE; K],
            grad_outputs: [Place::None; J],
            is_zero: [false; J],
            owned: self.owned[i],
            adds: matches!(self.owned[i], Owned::Owner(_) | Owned::Between(..)),
        };
        let mut k = 0;
        while k < K {
            let target = self.targets[self.first_target[i] + k];
            wired.targets[k] = target;
            wired.adds |= !matches!(target.into, Place::None);
            if k < wire.sources.len() {
                let value = wire.sources[k];
                wired.predict.0[k] = self.inference.places[value];
                wired.forward.0[k] = self.forward[value];
                wired.lengths[k] = self.inference.lengths[value];
            } else {
                (wired.predict.0[k], wired.forward.0[k]) = (target.place, target.place);
            }
            k += 1;
        }
        let mut j = 0;
        while j < J {
            let value = self.inference.first[i] + j;
            wired.predict.1[j] = self.inference.places[value];
            wired.forward.1[j] = self.forward[value];
            wired.output_lengths[j] = self.inference.lengths[value];
            wired.grad_outputs[j] = self.grad[value];
            wired.is_zero[j] = self.is_zero[value];
            j += 1;
        }
        wired
    }
}
