//! Where values, gradients and parameters lie.

use core::ops::Range;

use crate::layers::Amount;
use crate::layers::plan::Area;

/// Where a value lies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
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
pub(super) struct Target {
    pub(super) place: Place,
    /// Whether it is wanted although the caller wants none by the model's inputs.
    pub(super) is_needed: bool,
    /// The gradient by the same value that another reader has written, if it is to be added there.
    pub(super) into: Place,
}

/// Numbers in the block, or gradients of such.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) start: usize,
    pub(super) len: usize,
}

impl Target {
    pub(super) const NOWHERE: Self = Self { place: Place::None, is_needed: false, into: Place::None };
}

impl Numbers {
    pub(super) const NONE: Self = Self { start: 0, len: 0 };

    pub(super) const fn range(self) -> Range<usize> {
        self.start..self.start + self.len
    }
}

/// Where a layer's gradient by its parameters goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owned {
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
