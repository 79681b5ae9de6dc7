//! Walks along the layers of a model, one for each kind of pass: each layer gets its own part of the model's numbers and
//! values, and runs.
//!
//! A model has its layers in two orders ([`Layers`]), forward for [`PredictWalk`] and [`ForwardWalk`],
//! backward for [`BackwardWalk`] and [`StepWalk`]. Which part of each slice is whose is said by the layers' [`Node`]s.

use core::marker::PhantomData;
use core::mem::replace;
use core::ops::Range;

use super::inference::Inference;
use super::lend::{Lender, all_results, all_values, part, part_mut, read_again, results, values};
use super::place::{Owned, Place, Target};
use super::training::{Graph, Node, Wired};
use crate::kernels::Rng;
use crate::layers::model::{Ending, FEW_LAYERS, Route};
use crate::layers::step::Trained;
use crate::layers::{Backend, Backward, Forward, Layer, Port, Predict, Run, Step, Value, parameter_count};

/// A pass over a model, on its way along the layers.
pub trait Walk<B: Backend> {
    /// Runs the next layer.
    fn layer<L: Run<B>, const K: usize, const J: usize>(&mut self, node: &Node<L, K, J>);

    /// Runs the next layer, whose activation is at the model's end.
    fn output_layer<L: Run<B, Body: Run<B>>, const K: usize, const J: usize>(&mut self, node: &Node<L, K, J>);

    /// Behind a layer whose tensor another layer takes, which is `node`: going backward, adds that layer's gradient by it.
    fn tie<L: Layer, const K: usize, const J: usize>(&mut self, node: &Node<L, K, J>) {
        let _ = node;
    }
}

/// The layers of a model in order. All of them run on backend `B`.
pub trait Layers<B: Backend> {
    /// Takes a pass along the layers that compute, from the first to the last.
    fn walk_forward<W: Walk<B>>(walk: &mut W);
    /// From the last to the first.
    fn walk_backward<W: Walk<B>>(walk: &mut W);
}

/// A model in inference, layer by layer on route `R`. It has `I` inputs and `O` outputs, and the ends `E`.
#[derive(Debug)]
pub struct PredictWalk<'a, B: Backend, E, R, const N: usize, const I: usize, const O: usize> {
    route: R,
    batch: usize,
    parameters: &'a B::Numbers,
    buffers: &'a B::Numbers,
    inputs: [Value<'a, B>; I],
    outputs: [&'a mut B::Numbers; O],
    areas: &'a mut B::Numbers,
    scratch: &'a mut B::Numbers,
    ends: PhantomData<E>,
}

impl<'a, B: Backend, E, R: Route<B>, const N: usize, const I: usize, const O: usize>
    PredictWalk<'a, B, E, R, N, I, O>
{
    /// Before the first layer.
    #[inline(always)]
    pub fn new<M: Layer, const V: usize>(
        route: R,
        pass: Predict<'a, M, B>,
        inference: &Inference<N, V>,
    ) -> Self {
        let Predict { batch, parameters, buffers, input, output, scratch } = pass;
        let (areas, scratch) = B::split_mut(scratch, batch * inference.area);
        let (inputs, outputs) = (all_values::<M::Input, B, I>(input), all_results::<M::Output, B, O>(output));
        Self { route, batch, parameters, buffers, inputs, outputs, areas, scratch, ends: PhantomData }
    }

    #[inline(always)]
    fn pass<L: Layer, const K: usize, const J: usize>(&mut self, node: &Node<L, K, J>) -> Predict<'_, L, B> {
        let (batch, wired) = (self.batch, &node.wired);
        let lender = Lender {
            batch,
            places: &wired.predict,
            lengths: &wired.lengths,
            inputs: &self.inputs,
            parameters: self.parameters,
            outputs: &mut self.outputs,
            kept: B::no_numbers(),
            own_kept: B::no_numbers_mut(),
            memory: &mut *self.areas,
        };
        let lent = lender.lend::<N>();
        Predict {
            batch,
            parameters: part::<B>(self.parameters, wired.parameters),
            buffers: part::<B>(self.buffers, wired.buffers),
            input: values::<L::Input, B, K>(lent.sources),
            output: results::<L::Output, B, J>(lent.outputs),
            scratch: &mut *self.scratch,
        }
    }
}

impl<B: Backend, E: Ending, R: Route<B>, const N: usize, const I: usize, const O: usize> Walk<B>
    for PredictWalk<'_, B, E, R, N, I, O>
{
    #[inline(always)]
    fn layer<L: Run<B>, const K: usize, const J: usize>(&mut self, node: &Node<L, K, J>) {
        if node.wired.is_in_inference {
            self.route.layer::<L>(node.wired.row, self.pass(node));
        }
    }

    #[inline(always)]
    fn output_layer<L: Run<B, Body: Run<B>>, const K: usize, const J: usize>(
        &mut self,
        node: &Node<L, K, J>,
    ) {
        E::predict::<L, B, R>(self.route, node.wired.row, self.pass(node));
    }
}

/// A model going forward in training.
#[derive(Debug)]
pub struct ForwardWalk<'a, B: Backend, E, const N: usize, const I: usize, const O: usize> {
    batch: usize,
    parameters: &'a B::Numbers,
    buffers: &'a mut B::Numbers,
    inputs: [Value<'a, B>; I],
    outputs: [&'a mut B::Numbers; O],
    kept: &'a mut B::Numbers,
    areas: &'a mut B::Numbers,
    scratch: &'a mut B::Numbers,
    rng: Rng,
    ends: PhantomData<E>,
}

impl<'a, B: Backend, E, const N: usize, const I: usize, const O: usize> ForwardWalk<'a, B, E, N, I, O> {
    /// Before the first layer.
    #[inline]
    pub fn new<M: Layer, const V: usize, const G: usize>(
        pass: Forward<'a, M, B>,
        graph: &Graph<N, V, G>,
    ) -> Self {
        let Forward { batch, parameters, buffers, input, output, kept, scratch, rng } = pass;
        let (areas, scratch) = B::split_mut(scratch, batch * graph.areas[0]);
        let (inputs, outputs) = (all_values::<M::Input, B, I>(input), all_results::<M::Output, B, O>(output));
        Self { batch, parameters, buffers, inputs, outputs, kept, areas, scratch, rng, ends: PhantomData }
    }

    #[inline]
    fn pass<L: Layer, const K: usize, const J: usize>(&mut self, node: &Node<L, K, J>) -> Forward<'_, L, B> {
        let (batch, wired) = (self.batch, &node.wired);
        let start = wired.kept_before.of(batch, 0);
        let (before, own) = B::split_mut(&mut *self.kept, start);
        let (own, _) = B::split_mut(own, batch * wired.kept_outputs + wired.memory.kept.of(batch, 0));
        let (own_outputs, kept) = B::split_mut(own, batch * wired.kept_outputs);
        let lender = Lender {
            batch,
            places: &wired.forward,
            lengths: &wired.lengths,
            inputs: &self.inputs,
            parameters: self.parameters,
            outputs: &mut self.outputs,
            kept: before,
            own_kept: own_outputs,
            memory: &mut *self.areas,
        };
        let lent = lender.lend::<N>();
        Forward {
            batch,
            parameters: part::<B>(self.parameters, wired.parameters),
            buffers: part_mut::<B>(self.buffers, wired.buffers),
            input: values::<L::Input, B, K>(lent.sources),
            output: results::<L::Output, B, J>(lent.outputs),
            kept,
            scratch: &mut *self.scratch,
            rng: self.rng.fork(wired.stream),
        }
    }
}

impl<B: Backend, E: Ending, const N: usize, const I: usize, const O: usize> Walk<B>
    for ForwardWalk<'_, B, E, N, I, O>
{
    #[inline]
    fn layer<L: Run<B>, const K: usize, const J: usize>(&mut self, node: &Node<L, K, J>) {
        L::forward(self.pass(node));
    }

    #[inline]
    fn output_layer<L: Run<B, Body: Run<B>>, const K: usize, const J: usize>(
        &mut self,
        node: &Node<L, K, J>,
    ) {
        E::forward::<L, B>(self.pass(node));
    }
}

/// A model going backward: everything but the parameters.
#[derive(Debug)]
struct Reverse<'a, B: Backend, const N: usize, const I: usize, const O: usize> {
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

/// What one layer is lent to go backward, but for its parameters.
struct LentBack<'a, B: Backend, const K: usize, const J: usize> {
    inputs: [Value<'a, B>; K],
    outputs: [Value<'a, B>; J],
    kept: &'a B::Numbers,
    targets: [Option<&'a mut B::Numbers>; K],
    grad_outputs: [&'a mut B::Numbers; J],
    /// Where the gradient by its parameters goes if not to their own place.
    grad_parameters: &'a mut B::Numbers,
    scratch: &'a mut B::Numbers,
}

impl<'a, B: Backend, const N: usize, const I: usize, const O: usize> Reverse<'a, B, N, I, O> {
    #[inline]
    fn new<M: Layer, const V: usize, const G: usize>(
        pass: Backward<'a, M, B>,
        graph: &Graph<N, V, G>,
    ) -> Self {
        let Backward { batch, input, output, kept, grad_output, grad_input, scratch, .. } = pass;
        let (areas, scratch) = B::split_mut(scratch, batch * graph.areas[1]);
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
    #[inline]
    fn pass<L: Layer, const K: usize, const J: usize>(
        &mut self,
        node: &Node<L, K, J>,
        parameters: &'a B::Numbers,
        extra: Range<usize>,
    ) -> Backward<'_, L, B> {
        let batch = self.batch;
        let lent = if const { N <= FEW_LAYERS } {
            self.lend(&node.wired, parameters, extra)
        } else {
            self.lend_apart(&node.wired, parameters, extra)
        };
        let mut targets = lent.targets.into_iter();
        Backward {
            batch,
            parameters: B::no_numbers(),
            input: values::<L::Input, B, K>(lent.inputs),
            output: values::<L::Output, B, J>(lent.outputs),
            kept: lent.kept,
            grad_output: results::<L::Output, B, J>(lent.grad_outputs),
            grad_input: L::Input::gradients::<B>(&mut || targets.next().expect("as many as the port has")),
            grad_parameters: lent.grad_parameters,
            scratch: lent.scratch,
        }
    }

    /// [`lend`](Self::lend) as one function, which the layers of a model of many share.
    #[inline(never)]
    fn lend_apart<const K: usize, const J: usize>(
        &mut self,
        wired: &Wired<K, J>,
        parameters: &'a B::Numbers,
        extra: Range<usize>,
    ) -> LentBack<'_, B, K, J> {
        self.lend(wired, parameters, extra)
    }

    /// Slices of values, of gradients and of memory for one layer.
    #[inline(always)]
    fn lend<const K: usize, const J: usize>(
        &mut self,
        wired: &Wired<K, J>,
        parameters: &'a B::Numbers,
        extra: Range<usize>,
    ) -> LentBack<'_, B, K, J> {
        let batch = self.batch;
        let (all_inputs, all_outputs, all_kept) = (self.inputs, self.outputs, self.kept);
        let inputs = read_again(
            batch,
            &wired.forward.0,
            &wired.lengths,
            &all_inputs,
            parameters,
            &all_outputs,
            all_kept,
        );
        let outputs = read_again(
            batch,
            &wired.forward.1,
            &wired.output_lengths,
            &all_inputs,
            parameters,
            &all_outputs,
            all_kept,
        );
        let start = wired.kept_before.of(batch, 0) + batch * wired.kept_outputs;
        let kept = B::part(all_kept, start..start + wired.memory.kept.of(batch, 0));
        let mut targets: [Option<&mut B::Numbers>; K] = [const { None }; K];
        let mut grad_outputs: [&mut B::Numbers; J] = core::array::from_fn(|_| B::no_numbers_mut());
        for (input, gradient) in self.grad_inputs.iter_mut().enumerate() {
            let to = wired.targets.iter().position(|to| matches!(to.place, Place::Input(of) if of == input));
            if let Some(k) = to {
                targets[k] = gradient.as_deref_mut();
            }
        }
        for (output, gradient) in self.grad_outputs.iter_mut().enumerate() {
            let of = wired.grad_outputs.iter().position(|of| matches!(of, Place::Output(k) if *k == output));
            if let Some(j) = of {
                grad_outputs[j] = gradient;
            }
        }
        // Areas in ascending order.
        let (mut rest, mut at) = (&mut *self.areas, 0);
        let (mut is_cut, mut is_output_cut) = ([false; K], [false; J]);
        for _ in 0..K + J {
            let (mut next, mut start) = (None, usize::MAX);
            for (k, target) in wired.targets.iter().enumerate() {
                if let Place::Area(area) = target.place
                    && !is_cut[k]
                    && area.offset < start
                {
                    (next, start) = (Some((k, true, area)), area.offset);
                }
            }
            for (j, place) in wired.grad_outputs.iter().enumerate() {
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
                let is_wanted = wired.targets[index].is_needed || self.wants_all;
                targets[index] = is_wanted.then_some(own);
            } else {
                is_output_cut[index] = true;
                grad_outputs[index] = own;
            }
            (rest, at) = (others, range.end);
        }
        for (grad_output, is_zero) in grad_outputs.iter_mut().zip(wired.is_zero) {
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
        if let Some(Target { place: Place::Tensor(tensor, start), .. }) = wired.targets.last() {
            targets[K - 1] = Some(B::part_mut(tensors, *start..*start + tensor.len));
        }
        LentBack {
            inputs,
            outputs,
            kept,
            targets,
            grad_outputs,
            grad_parameters,
            scratch: &mut *self.scratch,
        }
    }

    /// Adds what a layer has written beside the gradients of values that others read too.
    fn sum<const K: usize, const J: usize>(&mut self, wired: &Wired<K, J>) {
        for target in &wired.targets {
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
pub struct BackwardWalk<'a, B: Backend, E, const N: usize, const I: usize, const O: usize> {
    reverse: Reverse<'a, B, N, I, O>,
    parameters: &'a B::Numbers,
    grad_parameters: &'a mut B::Numbers,
    ends: PhantomData<E>,
}

impl<'a, B: Backend, E, const N: usize, const I: usize, const O: usize> BackwardWalk<'a, B, E, N, I, O> {
    /// Behind the last layer.
    #[inline]
    pub fn new<M: Layer, const V: usize, const G: usize>(
        mut pass: Backward<'a, M, B>,
        graph: &Graph<N, V, G>,
    ) -> Self {
        let grad_parameters = replace(&mut pass.grad_parameters, B::no_numbers_mut());
        let parameters = pass.parameters;
        Self { parameters, grad_parameters, reverse: Reverse::new(pass, graph), ends: PhantomData }
    }

    #[inline]
    fn pass<L: Layer, const K: usize, const J: usize>(&mut self, node: &Node<L, K, J>) -> Backward<'_, L, B> {
        let wired = &node.wired;
        let parameters = part::<B>(self.parameters, wired.parameters);
        match wired.owned {
            Owned::Alone | Owned::Owner(_) => {
                let grad_parameters = part_mut::<B>(self.grad_parameters, wired.parameters);
                Backward { parameters, grad_parameters, ..self.reverse.pass(node, self.parameters, 0..0) }
            }
            Owned::First(start) | Owned::Between(_, start) => {
                let extra = start..start + wired.parameters.len;
                Backward { parameters, ..self.reverse.pass(node, self.parameters, extra) }
            }
        }
    }

    /// Behind a layer that reads what others read too, or has the parameters of others: adds its gradients to theirs.
    fn sum<const K: usize, const J: usize>(&mut self, wired: &Wired<K, J>) {
        self.reverse.sum(wired);
        let len = wired.parameters.len;
        let extra = &mut *self.reverse.extra;
        match wired.owned {
            Owned::Alone | Owned::First(_) => {}
            Owned::Owner(from) => {
                B::add(
                    part_mut::<B>(self.grad_parameters, wired.parameters),
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

impl<B: Backend, E: Ending, const N: usize, const I: usize, const O: usize> Walk<B>
    for BackwardWalk<'_, B, E, N, I, O>
{
    #[inline]
    fn layer<L: Run<B>, const K: usize, const J: usize>(&mut self, node: &Node<L, K, J>) {
        L::backward(self.pass(node));
        if node.wired.adds {
            self.sum(&node.wired);
        }
    }

    #[inline]
    fn output_layer<L: Run<B, Body: Run<B>>, const K: usize, const J: usize>(
        &mut self,
        node: &Node<L, K, J>,
    ) {
        E::backward::<L, B>(self.pass(node));
        if node.wired.adds {
            self.sum(&node.wired);
        }
    }

    fn tie<L: Layer, const K: usize, const J: usize>(&mut self, node: &Node<L, K, J>) {
        if let Some(Target { place: Place::Tensor(tensor, start), .. }) = node.wired.targets.last() {
            let from = B::part(self.reverse.extra, *start..*start + tensor.len);
            B::add(part_mut::<B>(self.grad_parameters, *tensor), from);
        }
    }
}

/// A model going backward with updates: [`Run::step`] of each layer that has parameters, [`Run::backward`] of the others.
/// Not for models in which layers have the same parameters.
#[derive(Debug)]
pub struct StepWalk<'a, B: Backend, E, const N: usize, const I: usize, const O: usize> {
    reverse: Reverse<'a, B, N, I, O>,
    trained: Option<Trained<'a, B>>,
    ends: PhantomData<E>,
}

impl<'a, B: Backend, E, const N: usize, const I: usize, const O: usize> StepWalk<'a, B, E, N, I, O> {
    /// Behind the last layer.
    #[inline]
    pub fn new<M: Layer, const V: usize, const G: usize>(
        pass: Step<'a, M, B>,
        graph: &Graph<N, V, G>,
    ) -> Self {
        assert!(!graph.has_shared, "a step in one pass: no two layers have the same parameters");
        let (trained, pass) = pass.split();
        Self { reverse: Reverse::new(pass, graph), trained: Some(trained), ends: PhantomData }
    }

    /// The pass of a layer without parameters.
    #[inline]
    fn backward<L: Layer, const K: usize, const J: usize>(
        &mut self,
        node: &Node<L, K, J>,
    ) -> Backward<'_, L, B> {
        self.reverse.pass(node, B::no_numbers(), 0..0)
    }

    /// The pass of a layer with parameters.
    #[inline]
    fn step<L: Layer, const K: usize, const J: usize>(&mut self, node: &Node<L, K, J>) -> Step<'_, L, B> {
        let trained = self.trained.take().expect("a model has parameters until its first layer");
        let (rest, trained) = trained.split_at(node.wired.parameters.start);
        self.trained = Some(rest);
        Step::new(self.reverse.pass(node, B::no_numbers(), 0..0), trained)
    }
}

impl<B: Backend, E: Ending, const N: usize, const I: usize, const O: usize> Walk<B>
    for StepWalk<'_, B, E, N, I, O>
{
    #[inline]
    fn layer<L: Run<B>, const K: usize, const J: usize>(&mut self, node: &Node<L, K, J>) {
        if const { parameter_count::<L>() > 0 } {
            L::step(self.step(node));
        } else {
            L::backward(self.backward(node));
        }
        if node.wired.adds {
            self.reverse.sum(&node.wired);
        }
    }

    #[inline]
    fn output_layer<L: Run<B, Body: Run<B>>, const K: usize, const J: usize>(
        &mut self,
        node: &Node<L, K, J>,
    ) {
        if const { parameter_count::<L>() > 0 } {
            E::step::<L, B>(self.step(node));
        } else {
            E::backward::<L, B>(self.backward(node));
        }
        if node.wired.adds {
            self.reverse.sum(&node.wired);
        }
    }
}
