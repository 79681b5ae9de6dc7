//! A layer in its place: which values it takes, and what the plan asks of it.

use crate::layers::{Layer, Memory, Part, Port, buffer_count, parameter_count};
use crate::schema::Role;

/// What the wiring asks of a layer.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    pub(super) parameters: usize,
    pub(super) buffers: usize,
    pub(super) inputs: &'static [Part],
    pub(super) outputs: &'static [Part],
    pub(super) memory: Memory,
    pub(super) draws: bool,
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
    pub(super) layer: usize,
    /// Where it begins among the layer's parameters, and how many numbers it has.
    pub(super) start: usize,
    pub(super) len: usize,
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
    pub(super) const fn takes(&self) -> usize {
        self.sources.len() + self.ties.is_some() as usize
    }

    /// A layer with the numbers of another.
    pub const fn shared<L: Layer>(sources: &'static [usize], owner: usize) -> Self {
        Self { layer: Facts::of::<L>(), sources, computes: Computes::Always, shares: Some(owner), ties: None }
    }

    pub(super) const fn computes_in(&self, in_training: bool) -> bool {
        match self.computes {
            Computes::Always => true,
            Computes::InTraining => in_training,
            Computes::Never => false,
        }
    }
}
