//! Passes over runs of tensors that lie side by side.

use core::ops::{Deref, DerefMut, Range};

use super::{Elementwise, Gradient, Turn};
use crate::kernels::update::MAX_SLOTS;

/// [`Optimizer::update_tensors`](super::Optimizer::update_tensors) of an optimizer that is [`Elementwise`]: one pass for each run of
/// tensors without a gap.
///
/// ```
/// use typenet_runtime::optimizers::{Sgd, Turn, update_runs};
///
/// let mut w = [1.0; 5];
/// update_runs(&Sgd::new(0.5), &Turn::new(1), &[0..1, 1..2, 3..5], &mut w, &[1.0; 5], &mut []);
/// assert_eq!(w, [0.5, 0.5, 1.0, 0.5, 0.5]);
/// ```
pub fn update_runs(
    optimizer: &dyn Elementwise,
    turn: &Turn,
    tensors: &[Range<usize>],
    parameters: &mut [f32],
    gradients: &[f32],
    slots: &mut [&mut [f32]],
) {
    let mut tensors = tensors.iter().cloned().peekable();
    while let Some(mut run) = tensors.next() {
        while let Some(next) = tensors.next_if(|next| next.start == run.end) {
            run.end = next.end;
        }
        let gradient = Gradient::Values(&gradients[run.clone()]);
        optimizer.update_part(turn, &mut parameters[run.clone()], gradient, &mut part(slots, run));
    }
}

/// A part of each slot.
pub(super) fn part<'a>(slots: &'a mut [&mut [f32]], range: Range<usize>) -> Slots<'a> {
    slots.iter_mut().map(|slot| &mut slot[range.clone()]).collect()
}

/// Up to [`MAX_SLOTS`] slices, without a heap.
pub(super) struct Slots<'a> {
    slots: [&'a mut [f32]; MAX_SLOTS],
    used: usize,
}

impl<'a> FromIterator<&'a mut [f32]> for Slots<'a> {
    fn from_iter<I: IntoIterator<Item = &'a mut [f32]>>(iter: I) -> Self {
        let mut all = Self { slots: Default::default(), used: 0 };
        for slot in iter {
            all.slots[all.used] = slot;
            all.used += 1;
        }
        all
    }
}

impl<'a> Deref for Slots<'a> {
    type Target = [&'a mut [f32]];

    fn deref(&self) -> &Self::Target {
        &self.slots[..self.used]
    }
}

impl DerefMut for Slots<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.slots[..self.used]
    }
}
