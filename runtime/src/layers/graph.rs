//! A model's layers and the values between them: which part of each slice is whose, for generated code.
//!
//! A model lists its layers in the order in which they compute, each with the values that it takes: that is a [`Graph`], a
//! constant. Values are numbered: first the model's inputs, then what each layer gives. From the numbers of values,
//! which are the layers' constants, the graph finds what lives when, and where it lies:
//!
//! - in inference every value has an area of one scratch, shared with values that are not needed at the same time;
//! - a forward pass in training keeps what the backward pass reads, one behind the other, and plans the rest likewise;
//! - gradients are planned over the backward pass. Layers go backward from the last to the first. The last reader of a value
//!   writes its gradient; each reader before it writes one of its own, which [`BackwardRun::sum`] adds. So the order of
//!   additions is that of the layers, from the last to the first, and of a layer's own inputs from the first to the last.
//!
//! A run ([`PredictRun`], [`ForwardRun`], [`BackwardRun`], [`StepRun`]) walks along the layers and hands each its pass.

use core::mem::replace;
use core::ops::Range;

use super::plan::{Area, Life, Plan};
use super::step::Trained;
use super::{
    Amount, Backend, Backward, Forward, Layer, Memory, Part, Port, Predict, Step, Value, buffer_count,
    parameter_count,
};
use crate::kernels::Rng;
use crate::schema::Role;

/// What the wiring asks of a layer.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    parameters: usize,
    buffers: usize,
    inputs: &'static [Part],
    outputs: &'static [Part],
    memory: Memory,
    draws: bool,
}

impl Facts {
    /// Those of layer `L`.
    pub const fn of<L: Layer>() -> Self {
        Self {
            parameters: parameter_count::<L>(),
            buffers: buffer_count::<L>(),
            inputs: L::Input::PARTS,
            outputs: L::Output::PARTS,
            memory: L::MEMORY,
            draws: L::INFO.draws,
        }
    }
}

/// When a layer computes; else its result is its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Computes {
    Always,
    InTraining,
    Never,
}

/// A layer in its place.
#[derive(Debug, Clone, Copy)]
pub struct Wire {
    pub layer: Facts,
    /// Numbers of the values it takes.
    pub sources: &'static [usize],
    pub computes: Computes,
    /// The layer whose numbers these are too.
    pub shares: Option<usize>,
    /// The tensor of another layer that it takes behind its sources.
    pub ties: Option<Tie>,
}

/// A tensor of an earlier layer.
#[derive(Debug, Clone, Copy)]
pub struct Tie {
    layer: usize,
    /// Where it begins among the layer's parameters, and how many numbers it has.
    start: usize,
    len: usize,
}

impl Tie {
    /// The parameter `name` of layer `L`, which is at a place.
    pub const fn of<L: Layer>(layer: usize, name: &str) -> Self {
        let (tensors, mut start, mut i) = (L::INFO.tensors, 0, 0);
        while i < tensors.len() {
            let tensor = &tensors[i];
            if matches!(tensor.role, Role::Parameter) {
                if is_equal(tensor.name.as_bytes(), name.as_bytes()) {
                    return Self { layer, start, len: tensor.len() };
                }
                start += tensor.len();
            }
            i += 1;
        }
        panic!("the layer has a parameter of this name")
    }
}

const fn is_equal(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

impl Wire {
    /// A layer with numbers of its own.
    pub const fn of<L: Layer>(sources: &'static [usize], computes: Computes) -> Self {
        Self { layer: Facts::of::<L>(), sources, computes, shares: None, ties: None }
    }

    /// The layer with a tensor of another.
    pub const fn tied(self, tie: Tie) -> Self {
        Self { ties: Some(tie), ..self }
    }

    /// How many values it takes.
    const fn takes(&self) -> usize {
        self.sources.len() + self.ties.is_some() as usize
    }

    /// A layer with the numbers of another.
    pub const fn shared<L: Layer>(sources: &'static [usize], owner: usize) -> Self {
        Self { layer: Facts::of::<L>(), sources, computes: Computes::Always, shares: Some(owner), ties: None }
    }

    const fn computes_in(&self, in_training: bool) -> bool {
        match self.computes {
            Computes::Always => true,
            Computes::InTraining => in_training,
            Computes::Never => false,
        }
    }
}

/// Where a value lies.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Nowhere: nobody reads it.
    None,
    /// It is an input of the model.
    Input(usize),
    /// It is an output of the model.
    Output(usize),
    /// Among what a forward pass keeps: values for each sample, behind these.
    Kept(Amount, usize),
    Area(Area),
    /// Among the model's parameters; its gradient in the extra area from the second place.
    Tensor(Numbers, usize),
}

/// Where a layer's gradient by one of its inputs goes.
#[derive(Debug, Clone, Copy)]
struct Target {
    place: Place,
    /// Whether it is wanted although the caller wants none by the model's inputs.
    is_needed: bool,
    /// The gradient by the same value that another reader has written, if it is to be added there.
    into: Place,
}

/// Numbers in the block, or gradients of such.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    start: usize,
    len: usize,
}

/// Where a layer's gradient by its parameters goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owned {
    /// To their own place.
    Alone,
    /// To their own place, and what other layers with the same parameters have in the first of the model's extra areas from
    /// here is added.
    Owner(usize),
    /// To the extra area from here.
    First(usize),
    /// To the extra area from the second place, to be added to that from the first.
    Between(usize, usize),
}

/// One layer of a graph: everything that its passes ask. `K` values go in, `J` come out.
#[derive(Debug, Clone, Copy)]
pub struct Node<const K: usize, const J: usize> {
    parameters: Numbers,
    buffers: Numbers,
    /// Which of the model's random numbers its forward pass draws.
    stream: u64,
    memory: Memory,
    predict: ([Place; K], [Place; J]),
    forward: ([Place; K], [Place; J]),
    /// The model's input whose lengths of sequences each input has.
    lengths: [Option<usize>; K],
    /// The same of the outputs.
    output_lengths: [Option<usize>; J],
    /// What the layers before keep.
    kept_before: Amount,
    /// What it keeps of its outputs.
    kept_outputs: usize,
    targets: [Target; K],
    grad_outputs: [Place; J],
    /// Whether an output has no gradient but zero.
    is_zero: [bool; J],
    owned: Owned,
}

/// A model's layers, wired and planned. `N` layers, `V` values with the model's inputs, `G` values and sources in all.
#[derive(Debug, Clone, Copy)]
pub struct Graph<const N: usize, const V: usize, const G: usize> {
    wires: [Wire; N],
    /// The number of each layer's first value.
    first: [usize; N],
    lengths: [Option<usize>; V],
    predict: [Place; V],
    forward: [Place; V],
    grad: [Place; V],
    is_zero: [bool; V],
    targets: [Target; G],
    /// Where each layer's targets begin.
    first_target: [usize; N],
    parameters: [Numbers; N],
    buffers: [Numbers; N],
    owned: [Owned; N],
    streams: [u64; N],
    kept_before: [Amount; N],
    kept_outputs: [usize; N],
    /// The model's own.
    pub memory: Memory,
    /// Values for each sample that the areas of an inference, of a forward pass and of a backward pass take.
    areas: [usize; 3],
    /// Parameters' gradients that are added elsewhere.
    extra: usize,
    /// Values that an inference of one sample and, for each sample, a forward pass would take if no two results shared their
    /// memory; of a forward pass without the model's output.
    pub unshared: [usize; 2],
    /// Whether two layers have the same parameters.
    pub has_shared: bool,
}

const NOWHERE: Target = Target { place: Place::None, is_needed: false, into: Place::None };

impl<const N: usize, const V: usize, const G: usize> Graph<N, V, G> {
    /// `inputs` are the model's, `outputs` the numbers of its values that it gives; their layers always compute.
    pub const fn new(inputs: &'static [Part], wires: [Wire; N], outputs: &'static [usize]) -> Self {
        let mut graph = Self {
            wires,
            first: [0; N],
            lengths: [None; V],
            predict: [Place::None; V],
            forward: [Place::None; V],
            grad: [Place::None; V],
            is_zero: [false; V],
            targets: [NOWHERE; G],
            first_target: [0; N],
            parameters: [Numbers { start: 0, len: 0 }; N],
            buffers: [Numbers { start: 0, len: 0 }; N],
            owned: [Owned::Alone; N],
            streams: [0; N],
            kept_before: [Amount::NONE; N],
            kept_outputs: [0; N],
            memory: Memory::NONE,
            areas: [0; 3],
            extra: 0,
            unshared: [0; 2],
            has_shared: false,
        };
        graph.number(inputs);
        let predict = graph.roots(inputs.len(), false);
        let forward = graph.roots(inputs.len(), true);
        graph.place(inputs.len(), outputs, &predict, false);
        graph.place(inputs.len(), outputs, &forward, true);
        graph.share();
        graph.place_gradients(inputs.len(), outputs, &forward);
        graph
    }

    /// Numbers values, parameters, buffers and random streams.
    const fn number(&mut self, inputs: &'static [Part]) {
        let mut value = 0;
        while value < inputs.len() {
            if inputs[value].is_sequence {
                self.lengths[value] = Some(value);
            }
            value += 1;
        }
        let (mut parameters, mut buffers, mut stream, mut target, mut i) = (0, 0, 0, 0, 0);
        while i < N {
            let wire = self.wires[i];
            self.first[i] = value;
            self.first_target[i] = target;
            target += wire.takes();
            let mut j = 0;
            while j < wire.layer.outputs.len() {
                if wire.layer.outputs[j].is_sequence {
                    self.lengths[value] = self.lengths[wire.sources[0]];
                }
                value += 1;
                j += 1;
            }
            match wire.shares {
                Some(owner) => {
                    self.parameters[i] = self.parameters[owner];
                    self.buffers[i] = self.buffers[owner];
                }
                None => {
                    self.parameters[i] = Numbers { start: parameters, len: wire.layer.parameters };
                    self.buffers[i] = Numbers { start: buffers, len: wire.layer.buffers };
                    parameters += wire.layer.parameters;
                    buffers += wire.layer.buffers;
                }
            }
            self.streams[i] = stream;
            if wire.layer.draws {
                stream += 1;
            }
            i += 1;
        }
        assert!(value == V && value + target == G, "a graph's values and sources are counted");
    }

    /// The value that each value is, where layers do not compute.
    const fn roots(&self, inputs: usize, in_training: bool) -> [usize; V] {
        let mut roots = [0; V];
        let mut value = 0;
        while value < inputs {
            roots[value] = value;
            value += 1;
        }
        let mut i = 0;
        while i < N {
            let wire = &self.wires[i];
            let mut j = 0;
            while j < wire.layer.outputs.len() {
                let value = self.first[i] + j;
                roots[value] = if wire.computes_in(in_training) { value } else { roots[wire.sources[0]] };
                j += 1;
            }
            i += 1;
        }
        roots
    }

    /// Where values lie in an inference or in a forward pass.
    const fn place(
        &mut self,
        inputs: usize,
        outputs: &'static [usize],
        roots: &[usize; V],
        in_training: bool,
    ) {
        let mut places = [Place::None; V];
        let mut k = 0;
        while k < inputs {
            places[k] = Place::Input(k);
            k += 1;
        }
        k = 0;
        while k < outputs.len() {
            places[outputs[k]] = Place::Output(k);
            k += 1;
        }
        // Who reads each value last, and whether a backward pass will.
        let (mut last, mut is_kept) = ([0; V], [false; V]);
        let mut scratch = Amount::NONE;
        let mut i = 0;
        while i < N {
            let wire = &self.wires[i];
            if wire.computes_in(in_training) {
                let memory = &wire.layer.memory;
                scratch = scratch.or(if in_training { memory.forward } else { memory.predict });
                k = 0;
                while k < wire.sources.len() {
                    let value = roots[wire.sources[k]];
                    last[value] = i;
                    is_kept[value] |= memory.reads_input;
                    k += 1;
                }
                let mut j = 0;
                while j < wire.layer.outputs.len() {
                    is_kept[self.first[i] + j] |= memory.reads_output;
                    j += 1;
                }
            }
            i += 1;
        }
        let (mut lives, mut kept, mut unshared) = ([Life { len: 0, from: 1, to: 0 }; V], Amount::NONE, 0);
        i = 0;
        while i < N {
            let wire = &self.wires[i];
            if in_training {
                self.kept_before[i] = kept;
            }
            let mut j = 0;
            while j < wire.layer.outputs.len() && wire.computes_in(in_training) {
                let (value, len) = (self.first[i] + j, wire.layer.outputs[j].len());
                if matches!(places[value], Place::None) {
                    unshared += len;
                    if in_training && is_kept[value] {
                        places[value] = Place::Kept(kept, len);
                        kept.per_sample += len;
                        self.kept_outputs[i] += len;
                    } else {
                        let to = if last[value] > i { last[value] } else { i };
                        lives[value] = Life { len, from: i, to };
                    }
                }
                j += 1;
            }
            if in_training && wire.computes_in(true) {
                kept = kept.and(wire.layer.memory.kept);
                unshared += wire.layer.memory.kept.per_sample;
            }
            i += 1;
        }
        let plan = Plan::new(lives);
        let mut value = 0;
        while value < V {
            if lives[value].from <= lives[value].to {
                places[value] = Place::Area(plan.area(value));
            }
            value += 1;
        }
        value = 0;
        while value < V {
            places[value] = places[roots[value]];
            value += 1;
        }
        self.unshared[in_training as usize] =
            unshared + if in_training { scratch.per_sample } else { scratch.of(1, 1) };
        let scratch = scratch.and(Amount::per_sample(plan.len));
        self.areas[in_training as usize] = plan.len;
        if in_training {
            self.forward = places;
            self.memory.forward = scratch;
            self.memory.kept = kept;
            self.memory.reads_input = false;
            self.memory.reads_output = false;
            k = 0;
            while k < inputs {
                self.memory.reads_input |= is_kept[k];
                k += 1;
            }
            k = 0;
            while k < outputs.len() {
                self.memory.reads_output |= is_kept[outputs[k]];
                k += 1;
            }
        } else {
            self.predict = places;
            self.memory.predict = scratch;
        }
    }

    /// Extra areas for the gradients of parameters that several layers have.
    const fn share(&mut self) {
        let mut i = 0;
        while i < N {
            let wire = &self.wires[i];
            if let Some(Tie { layer, start, len }) = wire.ties {
                let tensor = Numbers { start: self.parameters[layer].start + start, len };
                let target = &mut self.targets[self.first_target[i] + wire.sources.len()];
                *target =
                    Target { place: Place::Tensor(tensor, self.extra), is_needed: true, into: Place::None };
                self.extra += len;
                self.has_shared = true;
            }
            i += 1;
        }
        let mut owner = 0;
        while owner < N {
            let len = self.wires[owner].layer.parameters;
            let (mut first, mut i) = (None, N);
            while i > owner + 1 {
                i -= 1;
                if matches!(self.wires[i].shares, Some(of) if of == owner) {
                    match first {
                        None => {
                            first = Some(self.extra);
                            self.owned[i] = Owned::First(self.extra);
                            self.owned[owner] = Owned::Owner(self.extra);
                            self.extra += len;
                        }
                        Some(first) => {
                            self.owned[i] = Owned::Between(first, self.extra);
                            self.extra += len;
                        }
                    }
                    self.has_shared = true;
                }
            }
            owner += 1;
        }
    }

    /// Where gradients lie in a backward pass.
    const fn place_gradients(&mut self, inputs: usize, outputs: &'static [usize], roots: &[usize; V]) {
        let mut is_needed = [false; V];
        let mut i = 0;
        while i < N {
            let wire = &self.wires[i];
            let (mut needed, mut k) = (wire.layer.parameters > 0, 0);
            while k < wire.sources.len() {
                needed |= is_needed[roots[wire.sources[k]]];
                k += 1;
            }
            let mut j = 0;
            while j < wire.layer.outputs.len() {
                is_needed[self.first[i] + j] = needed;
                j += 1;
            }
            i += 1;
        }
        let mut places = [Place::None; V];
        let mut k = 0;
        while k < inputs {
            places[k] = Place::Input(k);
            k += 1;
        }
        k = 0;
        while k < outputs.len() {
            places[outputs[k]] = Place::Output(k);
            k += 1;
        }
        let mut lives = [Life { len: 0, from: 1, to: 0 }; G];
        let (mut is_written, mut scratch) = ([false; V], Amount::NONE);
        k = 0;
        while k < outputs.len() {
            is_written[outputs[k]] = true;
            k += 1;
        }
        i = N;
        while i > 0 {
            i -= 1;
            let wire = &self.wires[i];
            if !wire.computes_in(true) {
                continue;
            }
            scratch = scratch.or(wire.layer.memory.backward);
            // Passes go from the last layer to the first.
            let now = N - 1 - i;
            let mut j = 0;
            while j < wire.layer.outputs.len() {
                let value = self.first[i] + j;
                if matches!(places[value], Place::None) {
                    if !is_written[value] {
                        self.is_zero[value] = true;
                        lives[value].from = now;
                    }
                    lives[value].len = wire.layer.outputs[j].len();
                    lives[value].to = now;
                }
                j += 1;
            }
            k = 0;
            while k < wire.sources.len() {
                let (value, target) = (roots[wire.sources[k]], self.first_target[i] + k);
                if wire.layer.inputs[k].below.is_none() {
                    self.targets[target].is_needed = is_needed[value];
                    if is_written[value] {
                        lives[V + target] = Life { len: wire.layer.inputs[k].len(), from: now, to: now };
                        self.targets[target].into = places[value];
                    } else {
                        is_written[value] = true;
                        lives[value].from = now;
                    }
                }
                k += 1;
            }
        }
        let plan = Plan::new(lives);
        let mut value = 0;
        while value < V {
            if matches!(places[value], Place::None) && lives[value].from <= lives[value].to {
                places[value] = Place::Area(plan.area(value));
            }
            value += 1;
        }
        i = 0;
        while i < N {
            let wire = &self.wires[i];
            k = 0;
            while k < wire.sources.len() && wire.computes_in(true) {
                let (value, index) = (roots[wire.sources[k]], self.first_target[i] + k);
                let target = &mut self.targets[index];
                if wire.layer.inputs[k].below.is_none() {
                    let is_added = lives[V + index].from <= lives[V + index].to;
                    target.place = if is_added { Place::Area(plan.area(V + index)) } else { places[value] };
                    if is_added {
                        target.into = places[value];
                    }
                }
                k += 1;
            }
            i += 1;
        }
        self.grad = places;
        self.areas[2] = plan.len;
        self.memory.backward = scratch.and(Amount { per_batch: self.extra, ..Amount::per_sample(plan.len) });
    }

    /// The layer at a place.
    pub const fn node<const K: usize, const J: usize>(&self, i: usize) -> Node<K, J> {
        let wire = &self.wires[i];
        assert!(
            wire.takes() == K && wire.layer.inputs.len() == K && wire.layer.outputs.len() == J,
            "a layer takes as many values as its port has"
        );
        let mut node = Node {
            parameters: self.parameters[i],
            buffers: self.buffers[i],
            stream: self.streams[i],
            memory: wire.layer.memory,
            predict: ([Place::None; K], [Place::None; J]),
            forward: ([Place::None; K], [Place::None; J]),
            lengths: [None; K],
            output_lengths: [None; J],
            kept_before: self.kept_before[i],
            kept_outputs: self.kept_outputs[i],
            targets: [NOWHERE; K],
            grad_outputs: [Place::None; J],
            is_zero: [false; J],
            owned: self.owned[i],
        };
        let mut k = 0;
        while k < K {
            node.targets[k] = self.targets[self.first_target[i] + k];
            if k < wire.sources.len() {
                let value = wire.sources[k];
                node.predict.0[k] = self.predict[value];
                node.forward.0[k] = self.forward[value];
                node.lengths[k] = self.lengths[value];
            } else {
                (node.predict.0[k], node.forward.0[k]) = (node.targets[k].place, node.targets[k].place);
            }
            k += 1;
        }
        let mut j = 0;
        while j < J {
            let value = self.first[i] + j;
            node.predict.1[j] = self.predict[value];
            node.forward.1[j] = self.forward[value];
            node.output_lengths[j] = self.lengths[value];
            node.grad_outputs[j] = self.grad[value];
            node.is_zero[j] = self.is_zero[value];
            j += 1;
        }
        node
    }

    /// Where the parameters and the buffers of a layer begin and end.
    pub const fn parameters(&self, i: usize) -> [usize; 2] {
        [self.parameters[i].start, self.parameters[i].start + self.parameters[i].len]
    }

    /// The start values of layer `L`, at place `i`, which has numbers of its own.
    pub fn initialize<L: Layer>(&self, i: usize, parameters: &mut [f32], buffers: &mut [f32], rng: &Rng) {
        let is_numbered =
            |wire: &&Wire| wire.shares.is_none() && wire.layer.parameters + wire.layer.buffers > 0;
        let index = self.wires[..i].iter().filter(is_numbered).count();
        let (own, own_buffers) = (self.parameters[i], self.buffers[i]);
        L::initialize(
            &mut parameters[own.start..own.start + own.len],
            &mut buffers[own_buffers.start..own_buffers.start + own_buffers.len],
            rng.fork(index as u64),
        );
    }
}

/// The values and the free memory of one pass over one layer.
struct Lent<'a, B: Backend, const K: usize, const J: usize> {
    sources: [Value<'a, B>; K],
    outputs: [&'a mut B::Numbers; J],
}

/// Slices of `memory` for the results of a layer, and its inputs, which lie beside them or elsewhere.
#[inline(always)]
fn lend<'a, B: Backend, const K: usize, const J: usize, const O: usize>(
    batch: usize,
    (sources, results): &([Place; K], [Place; J]),
    inputs: &[Value<'a, B>],
    parameters: &'a B::Numbers,
    outputs: &'a mut [&mut B::Numbers; O],
    kept: &'a B::Numbers,
    mut own_kept: &'a mut B::Numbers,
    memory: &'a mut B::Numbers,
) -> Lent<'a, B, K, J> {
    let mut lent: [&'a mut B::Numbers; J] = core::array::from_fn(|_| B::no_numbers_mut());
    // Outputs of the model: those that this layer writes, and those that it may read.
    let mut shared: [&'a B::Numbers; O] = [B::no_numbers(); O];
    for (k, output) in outputs.iter_mut().enumerate() {
        match results.iter().position(|place| matches!(place, Place::Output(to) if *to == k)) {
            Some(j) => lent[j] = output,
            None => shared[k] = output,
        }
    }
    for (to, place) in lent.iter_mut().zip(results) {
        if let Place::Kept(_, len) = place {
            let (own, rest) = B::split_mut(own_kept, batch * len);
            (*to, own_kept) = (own, rest);
        }
    }
    // Areas in ascending order, and what lies between them.
    let mut gaps: [(usize, usize, &'a B::Numbers); J] = [(0, 0, B::no_numbers()); J];
    let (mut rest, mut at, mut is_cut) = (memory, 0, [false; J]);
    for gap in &mut gaps {
        let mut next: Option<(usize, Area)> = None;
        for (j, place) in results.iter().enumerate() {
            if let Place::Area(area) = place
                && !is_cut[j]
                && next.is_none_or(|(_, next)| area.offset < next.offset)
            {
                next = Some((j, *area));
            }
        }
        let Some((j, area)) = next else { break };
        is_cut[j] = true;
        let range = area.of(batch);
        let (before, others) = B::split_mut(rest, range.start - at);
        let (own, others) = B::split_mut(others, range.end - range.start);
        *gap = (at, range.start, before);
        (lent[j], rest, at) = (own, others, range.end);
    }
    let rest: &'a B::Numbers = rest;
    // Loops, not closures: only so does the compiler compute all of this where places and batch are constants.
    let mut values = [Value::numbers(B::no_numbers()); K];
    for (value, place) in values.iter_mut().zip(sources) {
        match *place {
            Place::None => {}
            Place::Input(input) => *value = inputs[input],
            Place::Tensor(tensor, _) => value.numbers = part::<B>(parameters, tensor),
            Place::Output(output) => value.numbers = shared[output],
            Place::Kept(before, len) => {
                let start = before.of(batch, 0);
                value.numbers = B::part(kept, start..start + batch * len);
            }
            Place::Area(area) => {
                let range = area.of(batch);
                let (mut from, mut memory) = (at, rest);
                for (start, end, gap) in gaps {
                    if start <= range.start && range.end <= end {
                        (from, memory) = (start, gap);
                    }
                }
                value.numbers = B::part(memory, range.start - from..range.end - from);
            }
        }
    }
    Lent { sources: values, outputs: lent }
}

/// What a backward pass reads of a layer's inputs or results.
#[inline(always)]
fn read_again<'a, B: Backend, const K: usize>(
    batch: usize,
    places: &[Place; K],
    inputs: &[Value<'a, B>],
    parameters: &'a B::Numbers,
    outputs: &[Value<'a, B>],
    kept: &'a B::Numbers,
) -> [Value<'a, B>; K] {
    let mut values = [Value::numbers(B::no_numbers()); K];
    for (value, place) in values.iter_mut().zip(places) {
        match *place {
            Place::Input(input) => *value = inputs[input],
            Place::Tensor(tensor, _) => value.numbers = part::<B>(parameters, tensor),
            Place::Output(output) => *value = outputs[output],
            Place::Kept(before, len) => {
                let start = before.of(batch, 0);
                value.numbers = B::part(kept, start..start + batch * len);
            }
            Place::None | Place::Area(_) => {}
        }
    }
    values
}

/// Gives a port its values one after the other.
#[inline(always)]
fn values<'a, P: Port, B: Backend, const K: usize>(
    mut values: [Value<'a, B>; K],
    lengths: &[Option<usize>; K],
    inputs: &[Value<'a, B>],
) -> P::Values<'a, B> {
    for (value, input) in values.iter_mut().zip(lengths) {
        if let Some(input) = input {
            value.lengths = inputs[*input].lengths;
        }
    }
    let mut values = values.into_iter();
    P::values(&mut || values.next().expect("as many as the port has"))
}

#[inline(always)]
fn results<'a, P: Port, B: Backend, const J: usize>(results: [&'a mut B::Numbers; J]) -> P::Mut<'a, B> {
    let mut results = results.into_iter();
    P::results::<B>(&mut || results.next().expect("as many as the port has"))
}

/// The values of the model's own port.
#[inline(always)]
fn all_values<'a, P: Port, B: Backend, const I: usize>(values: P::Values<'a, B>) -> [Value<'a, B>; I] {
    let (mut all, mut k) = ([Value::numbers(B::no_numbers()); I], 0);
    P::each_value(values, &mut |value| {
        all[k] = value;
        k += 1;
    });
    all
}

#[inline(always)]
fn all_results<'a, P: Port, B: Backend, const O: usize>(results: P::Mut<'a, B>) -> [&'a mut B::Numbers; O] {
    let (mut all, mut k) = (core::array::from_fn(|_| B::no_numbers_mut()), 0);
    P::each_result::<B>(results, &mut |result| {
        all[k] = result;
        k += 1;
    });
    all
}

#[inline(always)]
fn part<B: Backend>(numbers: &B::Numbers, part: Numbers) -> &B::Numbers {
    B::part(numbers, part.start..part.start + part.len)
}

#[inline(always)]
fn part_mut<B: Backend>(numbers: &mut B::Numbers, part: Numbers) -> &mut B::Numbers {
    B::part_mut(numbers, part.start..part.start + part.len)
}

/// A model in inference. It has `I` inputs and `O` outputs.
#[derive(Debug)]
pub struct PredictRun<'a, B: Backend, const I: usize, const O: usize> {
    batch: usize,
    parameters: &'a B::Numbers,
    buffers: &'a B::Numbers,
    inputs: [Value<'a, B>; I],
    outputs: [&'a mut B::Numbers; O],
    areas: &'a mut B::Numbers,
    scratch: &'a mut B::Numbers,
}

impl<'a, B: Backend, const I: usize, const O: usize> PredictRun<'a, B, I, O> {
    /// Before the first layer.
    #[inline(always)]
    pub fn new<M: Layer, const N: usize, const V: usize, const G: usize>(
        pass: Predict<'a, M, B>,
        graph: &Graph<N, V, G>,
    ) -> Self {
        let Predict { batch, parameters, buffers, input, output, scratch } = pass;
        let (areas, scratch) = B::split_mut(scratch, batch * graph.areas[0]);
        let (inputs, outputs) = (all_values::<M::Input, B, I>(input), all_results::<M::Output, B, O>(output));
        Self { batch, parameters, buffers, inputs, outputs, areas, scratch }
    }

    /// The pass of the next layer.
    #[inline(always)]
    pub fn layer<L: Layer, const K: usize, const J: usize>(
        &mut self,
        node: &Node<K, J>,
    ) -> Predict<'_, L, B> {
        let (none, none_mut) = (B::no_numbers(), B::no_numbers_mut());
        let areas = &mut *self.areas;
        let lent = lend::<B, K, J, O>(
            self.batch,
            &node.predict,
            &self.inputs,
            self.parameters,
            &mut self.outputs,
            none,
            none_mut,
            areas,
        );
        Predict {
            batch: self.batch,
            parameters: part::<B>(self.parameters, node.parameters),
            buffers: part::<B>(self.buffers, node.buffers),
            input: values::<L::Input, B, K>(lent.sources, &node.lengths, &self.inputs),
            output: results::<L::Output, B, J>(lent.outputs),
            scratch: &mut *self.scratch,
        }
    }
}

/// A model going forward in training.
#[derive(Debug)]
pub struct ForwardRun<'a, B: Backend, const I: usize, const O: usize> {
    batch: usize,
    parameters: &'a B::Numbers,
    buffers: &'a mut B::Numbers,
    inputs: [Value<'a, B>; I],
    outputs: [&'a mut B::Numbers; O],
    kept: &'a mut B::Numbers,
    areas: &'a mut B::Numbers,
    scratch: &'a mut B::Numbers,
    rng: Rng,
}

impl<'a, B: Backend, const I: usize, const O: usize> ForwardRun<'a, B, I, O> {
    /// Before the first layer.
    #[inline]
    pub fn new<M: Layer, const N: usize, const V: usize, const G: usize>(
        pass: Forward<'a, M, B>,
        graph: &Graph<N, V, G>,
    ) -> Self {
        let Forward { batch, parameters, buffers, input, output, kept, scratch, rng } = pass;
        let (areas, scratch) = B::split_mut(scratch, batch * graph.areas[1]);
        let (inputs, outputs) = (all_values::<M::Input, B, I>(input), all_results::<M::Output, B, O>(output));
        Self { batch, parameters, buffers, inputs, outputs, kept, areas, scratch, rng }
    }

    /// The pass of the next layer.
    #[inline]
    pub fn layer<L: Layer, const K: usize, const J: usize>(
        &mut self,
        node: &Node<K, J>,
    ) -> Forward<'_, L, B> {
        let batch = self.batch;
        let start = node.kept_before.of(batch, 0);
        let (before, own) = B::split_mut(&mut *self.kept, start);
        let (own, _) = B::split_mut(own, batch * node.kept_outputs + node.memory.kept.of(batch, 0));
        let (own_outputs, kept) = B::split_mut(own, batch * node.kept_outputs);
        let areas = &mut *self.areas;
        let lent = lend::<B, K, J, O>(
            batch,
            &node.forward,
            &self.inputs,
            self.parameters,
            &mut self.outputs,
            before,
            own_outputs,
            areas,
        );
        Forward {
            batch,
            parameters: part::<B>(self.parameters, node.parameters),
            buffers: part_mut::<B>(self.buffers, node.buffers),
            input: values::<L::Input, B, K>(lent.sources, &node.lengths, &self.inputs),
            output: results::<L::Output, B, J>(lent.outputs),
            kept,
            scratch: &mut *self.scratch,
            rng: self.rng.fork(node.stream),
        }
    }
}

/// A model going backward: everything but the parameters.
#[derive(Debug)]
struct Reverse<'a, B: Backend, const I: usize, const O: usize> {
    batch: usize,
    inputs: [Value<'a, B>; I],
    outputs: [Value<'a, B>; O],
    kept: &'a B::Numbers,
    grad_inputs: [Option<&'a mut B::Numbers>; I],
    grad_outputs: [&'a mut B::Numbers; O],
    areas: &'a mut B::Numbers,
    extra: &'a mut B::Numbers,
    scratch: &'a mut B::Numbers,
    /// Whether the caller wants a gradient by an input.
    wants_all: bool,
}

impl<'a, B: Backend, const I: usize, const O: usize> Reverse<'a, B, I, O> {
    #[inline]
    fn new<M: Layer, const N: usize, const V: usize, const G: usize>(
        pass: Backward<'a, M, B>,
        graph: &Graph<N, V, G>,
    ) -> Self {
        let Backward { batch, input, output, kept, grad_output, grad_input, scratch, .. } = pass;
        let (areas, scratch) = B::split_mut(scratch, batch * graph.areas[2]);
        let (extra, scratch) = B::split_mut(scratch, graph.extra);
        let (mut grad_inputs, mut k, mut wants_all) = ([const { None }; I], 0, false);
        M::Input::each_gradient::<B>(grad_input, &mut |gradient| {
            wants_all |= gradient.is_some();
            grad_inputs[k] = gradient;
            k += 1;
        });
        Self {
            batch,
            inputs: all_values::<M::Input, B, I>(input),
            outputs: all_values::<M::Output, B, O>(output),
            kept,
            grad_inputs,
            grad_outputs: all_results::<M::Output, B, O>(grad_output),
            areas,
            extra,
            scratch,
            wants_all,
        }
    }

    /// The pass of a layer, but for its parameters; `extra` is where their gradients go if not to their own place.
    #[inline(always)]
    fn layer<L: Layer, const K: usize, const J: usize>(
        &mut self,
        node: &Node<K, J>,
        parameters: &'a B::Numbers,
        extra: Range<usize>,
    ) -> Backward<'_, L, B> {
        let batch = self.batch;
        let (all_inputs, all_outputs, all_kept) = (self.inputs, self.outputs, self.kept);
        let inputs = read_again(batch, &node.forward.0, &all_inputs, parameters, &all_outputs, all_kept);
        let outputs = read_again(batch, &node.forward.1, &all_inputs, parameters, &all_outputs, all_kept);
        let start = node.kept_before.of(batch, 0) + batch * node.kept_outputs;
        let kept = B::part(all_kept, start..start + node.memory.kept.of(batch, 0));
        let mut targets: [Option<&mut B::Numbers>; K] = [const { None }; K];
        let mut grad_outputs: [&mut B::Numbers; J] = core::array::from_fn(|_| B::no_numbers_mut());
        for (input, gradient) in self.grad_inputs.iter_mut().enumerate() {
            let to = node.targets.iter().position(|to| matches!(to.place, Place::Input(of) if of == input));
            if let Some(k) = to {
                targets[k] = gradient.as_deref_mut();
            }
        }
        for (output, gradient) in self.grad_outputs.iter_mut().enumerate() {
            let of = node.grad_outputs.iter().position(|of| matches!(of, Place::Output(k) if *k == output));
            if let Some(j) = of {
                grad_outputs[j] = gradient;
            }
        }
        // Areas in ascending order.
        let (mut rest, mut at) = (&mut *self.areas, 0);
        let (mut is_cut, mut is_output_cut) = ([false; K], [false; J]);
        for _ in 0..K + J {
            let (mut next, mut start) = (None, usize::MAX);
            for (k, target) in node.targets.iter().enumerate() {
                if let Place::Area(area) = target.place
                    && !is_cut[k]
                    && area.offset < start
                {
                    (next, start) = (Some((k, true, area)), area.offset);
                }
            }
            for (j, place) in node.grad_outputs.iter().enumerate() {
                if let Place::Area(area) = *place
                    && !is_output_cut[j]
                    && area.offset < start
                {
                    (next, start) = (Some((j, false, area)), area.offset);
                }
            }
            let Some((index, is_target, area)) = next else { break };
            let range = area.of(batch);
            let (_, others) = B::split_mut(rest, range.start - at);
            let (own, others) = B::split_mut(others, range.end - range.start);
            if is_target {
                is_cut[index] = true;
                let is_wanted = node.targets[index].is_needed || self.wants_all;
                targets[index] = is_wanted.then_some(own);
            } else {
                is_output_cut[index] = true;
                grad_outputs[index] = own;
            }
            (rest, at) = (others, range.end);
        }
        for (grad_output, is_zero) in grad_outputs.iter_mut().zip(node.is_zero) {
            if is_zero {
                B::fill_zero(grad_output);
            }
        }
        // A layer's own gradients, if they have no place of their own, lie behind those by tensors of others.
        let at = if extra.is_empty() { 0 } else { extra.start };
        let (mut tensors, mut own) = B::split_mut(&mut *self.extra, at);
        if extra.is_empty() {
            (tensors, own) = (own, B::no_numbers_mut());
        }
        let grad_parameters = B::part_mut(own, 0..extra.end - extra.start);
        if let Some(Target { place: Place::Tensor(tensor, start), .. }) = node.targets.last() {
            targets[K - 1] = Some(B::part_mut(tensors, *start..*start + tensor.len));
        }
        let mut targets = targets.into_iter();
        Backward {
            batch,
            parameters: B::no_numbers(),
            input: values::<L::Input, B, K>(inputs, &node.lengths, &all_inputs),
            output: values::<L::Output, B, J>(outputs, &node.output_lengths, &all_inputs),
            kept,
            grad_output: results::<L::Output, B, J>(grad_outputs),
            grad_input: L::Input::gradients::<B>(&mut || targets.next().expect("as many as the port has")),
            grad_parameters,
            scratch: &mut *self.scratch,
        }
    }

    /// Adds what a layer has written beside the gradients of values that others read too.
    fn sum<const K: usize, const J: usize>(&mut self, node: &Node<K, J>) {
        for target in &node.targets {
            let (Place::Area(from), false) = (target.place, matches!(target.into, Place::None)) else {
                continue;
            };
            if !(target.is_needed || self.wants_all) {
                continue;
            }
            let from = from.of(self.batch);
            match target.into {
                Place::Input(input) => {
                    if let Some(into) = self.grad_inputs[input].as_deref_mut() {
                        B::add(into, B::part(self.areas, from));
                    }
                }
                Place::Output(output) => B::add(self.grad_outputs[output], B::part(self.areas, from)),
                Place::Area(into) => {
                    let into = into.of(self.batch);
                    let (low, high) = B::split_mut(self.areas, from.start.max(into.start));
                    if from.start < into.start {
                        B::add(B::part_mut(high, 0..into.end - into.start), B::part(low, from));
                    } else {
                        B::add(B::part_mut(low, into), B::part(high, 0..from.end - from.start));
                    }
                }
                Place::None | Place::Kept(..) | Place::Tensor(..) => {}
            }
        }
    }
}

/// A model going backward: each layer from the last to the first.
#[derive(Debug)]
pub struct BackwardRun<'a, B: Backend, const I: usize, const O: usize> {
    reverse: Reverse<'a, B, I, O>,
    parameters: &'a B::Numbers,
    grad_parameters: &'a mut B::Numbers,
}

impl<'a, B: Backend, const I: usize, const O: usize> BackwardRun<'a, B, I, O> {
    /// Behind the last layer.
    #[inline]
    pub fn new<M: Layer, const N: usize, const V: usize, const G: usize>(
        mut pass: Backward<'a, M, B>,
        graph: &Graph<N, V, G>,
    ) -> Self {
        let grad_parameters = replace(&mut pass.grad_parameters, B::no_numbers_mut());
        Self { parameters: pass.parameters, grad_parameters, reverse: Reverse::new(pass, graph) }
    }

    /// The pass of the next layer.
    #[inline]
    pub fn layer<L: Layer, const K: usize, const J: usize>(
        &mut self,
        node: &Node<K, J>,
    ) -> Backward<'_, L, B> {
        let parameters = part::<B>(self.parameters, node.parameters);
        match node.owned {
            Owned::Alone | Owned::Owner(_) => {
                let grad_parameters = part_mut::<B>(self.grad_parameters, node.parameters);
                Backward { parameters, grad_parameters, ..self.reverse.layer(node, self.parameters, 0..0) }
            }
            Owned::First(start) | Owned::Between(_, start) => {
                let extra = start..start + node.parameters.len;
                Backward { parameters, ..self.reverse.layer(node, self.parameters, extra) }
            }
        }
    }

    /// Behind a layer that reads what others read too, or has the parameters of others: adds its gradients to theirs.
    pub fn sum<const K: usize, const J: usize>(&mut self, node: &Node<K, J>) {
        self.reverse.sum(node);
        let len = node.parameters.len;
        let extra = &mut *self.reverse.extra;
        match node.owned {
            Owned::Alone | Owned::First(_) => {}
            Owned::Owner(from) => {
                B::add(
                    part_mut::<B>(self.grad_parameters, node.parameters),
                    B::part(extra, from..from + len),
                );
            }
            Owned::Between(into, from) => {
                let (low, high) = B::split_mut(extra, from);
                B::add(B::part_mut(low, into..into + len), B::part(high, 0..len));
            }
        }
    }
}

impl<'a, B: Backend, const I: usize, const O: usize> BackwardRun<'a, B, I, O> {
    /// Behind a layer whose tensor another layer takes, which is `node`: adds that layer's gradient by it.
    pub fn tie<const K: usize, const J: usize>(&mut self, node: &Node<K, J>) {
        if let Some(Target { place: Place::Tensor(tensor, start), .. }) = node.targets.last() {
            let from = B::part(self.reverse.extra, *start..*start + tensor.len);
            B::add(part_mut::<B>(self.grad_parameters, *tensor), from);
        }
    }
}

/// A model going backward with updates: [`Run::step`](super::Run::step) of each layer that has parameters,
/// [`Run::backward`](super::Run::backward) of the others. Not for models in which layers have the same parameters.
#[derive(Debug)]
pub struct StepRun<'a, B: Backend, const I: usize, const O: usize> {
    reverse: Reverse<'a, B, I, O>,
    trained: Option<Trained<'a, B>>,
}

impl<'a, B: Backend, const I: usize, const O: usize> StepRun<'a, B, I, O> {
    /// Behind the last layer.
    #[inline]
    pub fn new<M: Layer, const N: usize, const V: usize, const G: usize>(
        pass: Step<'a, M, B>,
        graph: &Graph<N, V, G>,
    ) -> Self {
        assert!(!graph.has_shared, "a step in one pass: no two layers have the same parameters");
        let (trained, pass) = pass.split();
        Self { reverse: Reverse::new(pass, graph), trained: Some(trained) }
    }

    /// The pass of the next layer, which has no parameters.
    #[inline]
    pub fn layer<L: Layer, const K: usize, const J: usize>(
        &mut self,
        node: &Node<K, J>,
    ) -> Backward<'_, L, B> {
        self.reverse.layer(node, B::no_numbers(), 0..0)
    }

    /// The pass of the next layer, which has parameters.
    #[inline]
    pub fn step<L: Layer, const K: usize, const J: usize>(&mut self, node: &Node<K, J>) -> Step<'_, L, B> {
        let trained = self.trained.take().expect("a model has parameters until its first layer");
        let (rest, trained) = trained.split_at(node.parameters.start);
        self.trained = Some(rest);
        Step::new(self.reverse.layer(node, B::no_numbers(), 0..0), trained)
    }

    /// Behind a layer that reads what others read too: adds its gradients to theirs.
    pub fn sum<const K: usize, const J: usize>(&mut self, node: &Node<K, J>) {
        self.reverse.sum(node);
    }
}
