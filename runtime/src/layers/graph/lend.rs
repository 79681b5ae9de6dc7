//! What a layer is lent for a pass: slices of the model's numbers, and of the memory in which values lie.

use super::place::{Numbers, Place};
use crate::layers::model::FEW_LAYERS;
use crate::layers::plan::Area;
use crate::layers::{Backend, Port, Value};

/// The values and the free memory of one pass over one layer.
pub(super) struct Lent<'a, B: Backend, const K: usize, const J: usize> {
    pub(super) sources: [Value<'a, B>; K],
    pub(super) outputs: [&'a mut B::Numbers; J],
}

/// Where the values of one pass over one layer lie, and in what.
pub(super) struct Lender<'r, 'a, 'o, B: Backend, const K: usize, const J: usize, const O: usize> {
    pub(super) batch: usize,
    pub(super) places: &'r ([Place; K], [Place; J]),
    pub(super) lengths: &'r [Option<usize>; K],
    /// The model's inputs, parameters and outputs.
    pub(super) inputs: &'r [Value<'a, B>],
    pub(super) parameters: &'a B::Numbers,
    pub(super) outputs: &'a mut [&'o mut B::Numbers; O],
    /// What the layers before keep, and what this one keeps of its results.
    pub(super) kept: &'a B::Numbers,
    pub(super) own_kept: &'a mut B::Numbers,
    /// The areas.
    pub(super) memory: &'a mut B::Numbers,
}

impl<'a, B: Backend, const K: usize, const J: usize, const O: usize> Lender<'_, 'a, '_, B, K, J, O> {
    /// Slices for the results of a layer, and its inputs, which lie beside them or elsewhere. In a model of few layers the compiler
    /// finds them at each place where it is asked, where it knows every size; in one of many by a function that all layers
    /// share, as a copy for each takes the compiler long.
    #[inline(always)]
    pub(super) fn lend<const N: usize>(self) -> Lent<'a, B, K, J> {
        if const { N <= FEW_LAYERS } { self.lend_here() } else { self.lend_apart() }
    }

    #[inline(never)]
    fn lend_apart(self) -> Lent<'a, B, K, J> {
        self.lend_here()
    }

    #[inline(always)]
    fn lend_here(self) -> Lent<'a, B, K, J> {
        let Self { batch, places, lengths, inputs, parameters, outputs, kept, mut own_kept, memory } = self;
        let (sources, results) = places;
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
        set_lengths(&mut values, lengths, inputs);
        Lent { sources: values, outputs: lent }
    }
}

/// What a backward pass reads of a layer's inputs or results.
#[inline(always)]
pub(super) fn read_again<'a, B: Backend, const K: usize>(
    batch: usize,
    places: &[Place; K],
    lengths: &[Option<usize>; K],
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
    set_lengths(&mut values, lengths, inputs);
    values
}

/// Gives each value the lengths of its sequences, which are those of an input of the model.
#[inline(always)]
fn set_lengths<'a, B: Backend, const K: usize>(
    values: &mut [Value<'a, B>; K],
    lengths: &[Option<usize>; K],
    inputs: &[Value<'a, B>],
) {
    for (value, input) in values.iter_mut().zip(lengths) {
        if let Some(input) = input {
            value.lengths = inputs[*input].lengths;
        }
    }
}

/// Gives a port its values one after the other.
#[inline(always)]
pub(super) fn values<'a, P: Port, B: Backend, const K: usize>(values: [Value<'a, B>; K]) -> P::Values<'a, B> {
    let mut values = values.into_iter();
    P::values(&mut || values.next().expect("as many as the port has"))
}

#[inline(always)]
pub(super) fn results<'a, P: Port, B: Backend, const J: usize>(
    results: [&'a mut B::Numbers; J],
) -> P::Mut<'a, B> {
    let mut results = results.into_iter();
    P::results::<B>(&mut || results.next().expect("as many as the port has"))
}

/// The values of the model's own port.
#[inline(always)]
pub(super) fn all_values<'a, P: Port, B: Backend, const I: usize>(
    values: P::Values<'a, B>,
) -> [Value<'a, B>; I] {
    let (mut all, mut k) = ([Value::numbers(B::no_numbers()); I], 0);
    P::each_value(values, &mut |value| {
        all[k] = value;
        k += 1;
    });
    all
}

#[inline(always)]
pub(super) fn all_results<'a, P: Port, B: Backend, const O: usize>(
    results: P::Mut<'a, B>,
) -> [&'a mut B::Numbers; O] {
    let (mut all, mut k) = (core::array::from_fn(|_| B::no_numbers_mut()), 0);
    P::each_result::<B>(results, &mut |result| {
        all[k] = result;
        k += 1;
    });
    all
}

#[inline(always)]
pub(super) fn part<B: Backend>(numbers: &B::Numbers, part: Numbers) -> &B::Numbers {
    B::part(numbers, part.range())
}

#[inline(always)]
pub(super) fn part_mut<B: Backend>(numbers: &mut B::Numbers, part: Numbers) -> &mut B::Numbers {
    B::part_mut(numbers, part.range())
}
