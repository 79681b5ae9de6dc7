//! A training step of a layer: its gradients, and the update of its parameters.
//!
//! Knows no optimizer: an update is a function of slices. A gradient that a layer can state as an outer product is
//! computed where it is used, and is never in memory.

use core::fmt;

use super::{Backward, Layer};
use crate::brief::{Brief, brief_debug};
use crate::kernels::Element;
use crate::kernels::update::Gradient;
pub use crate::kernels::update::MAX_SLOTS;

/// Changes parameters by their gradients and by what is remembered for them.
///
/// What it does to a parameter depends on that parameter's own numbers alone, so that it may be applied to any part, in
/// any order.
///
/// ```
/// use typenet_runtime::kernels::update::Gradient;
/// use typenet_runtime::layers::step::Update;
///
/// /// Plain descent at a rate of ½.
/// fn descend(parameters: &mut [f32], gradient: Gradient<'_>, _: &mut [&mut [f32]]) {
///     match gradient {
///         Gradient::Values(values) => {
///             parameters.iter_mut().zip(values).for_each(|(w, g)| *w -= 0.5 * g);
///         }
///         Gradient::Outer { rows, columns } => {
///             for (row, factor) in parameters.chunks_exact_mut(columns.len()).zip(rows) {
///                 row.iter_mut().zip(columns).for_each(|(w, column)| *w -= 0.5 * factor * column);
///             }
///         }
///     }
/// }
///
/// let update: &Update<'_, f32> = &descend;
/// let mut parameters = [1.0, 2.0];
/// update(&mut parameters, Gradient::Values(&[2.0, 4.0]), &mut []);
/// assert_eq!(parameters, [0.0, 0.0]);
/// ```
pub type Update<'a, T> = dyn Fn(&mut [T], Gradient<'_, T>, &mut [&mut [T]]) + Sync + 'a;

/// Parameters on their way through a training step, with what changes them.
///
/// ```
/// use typenet_runtime::kernels::update::Gradient;
/// use typenet_runtime::layers::Trained;
///
/// /// `remembered ← remembered + g; w ← w − remembered`
/// fn descend(parameters: &mut [f32], gradient: Gradient<'_>, slots: &mut [&mut [f32]]) {
///     let Gradient::Values(values) = gradient else { panic!("no outer product here") };
///     for ((w, remembered), g) in parameters.iter_mut().zip(slots[0].iter_mut()).zip(values) {
///         *remembered += g;
///         *w -= *remembered;
///     }
/// }
///
/// // A weight of two values and a bias; the gradient of the weight comes from elsewhere.
/// let (mut parameters, mut gradients, mut remembered) = ([1.0, 2.0, 3.0], [0.0, 0.0, 0.5], [0.0, 1.0, 0.0]);
/// let trained = Trained::new(&mut parameters, &mut gradients, [&mut remembered[..]], &descend);
/// let (weight, bias) = trained.split_at(2);
/// weight.update_by(Gradient::Values(&[4.0, 4.0]));
/// bias.update();
/// assert_eq!(parameters, [-3.0, -3.0, 2.5]);
/// assert_eq!(remembered, [4.0, 5.0, 0.5]);
/// ```
pub struct Trained<'a, T> {
    /// The trainable values, as in the forward pass.
    pub parameters: &'a mut [T],
    /// As long as `parameters`: memory for their gradient, of any content.
    pub gradients: &'a mut [T],
    /// Each as long as `parameters`; those that are not used are empty.
    slots: [&'a mut [T]; MAX_SLOTS],
    used_slots: usize,
    update: &'a Update<'a, T>,
}

impl<T: fmt::Debug> fmt::Debug for Trained<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trained")
            .field("parameters", &Brief(self.parameters))
            .field("slots", &self.used_slots)
            .finish_non_exhaustive()
    }
}

impl<'a, T> Trained<'a, T> {
    /// Parameters with memory for their gradient, and the slots that `update` uses.
    ///
    /// # Panics
    /// If the lengths differ, or there are more than [`MAX_SLOTS`] slots.
    pub fn new(
        parameters: &'a mut [T],
        gradients: &'a mut [T],
        slots: impl IntoIterator<Item = &'a mut [T]>,
        update: &'a Update<'a, T>,
    ) -> Self {
        assert_eq!(gradients.len(), parameters.len(), "Trained: one gradient for each parameter");
        let (mut all, mut used_slots) = ([(); MAX_SLOTS].map(|()| Default::default()), 0);
        for slot in slots {
            assert_eq!(slot.len(), parameters.len(), "Trained: each slot as long as the parameters");
            assert!(used_slots < MAX_SLOTS, "Trained: more than {MAX_SLOTS} slots");
            all[used_slots] = slot;
            used_slots += 1;
        }
        Self { parameters, gradients, slots: all, used_slots, update }
    }

    /// The first `at` parameters, and the others.
    pub fn split_at(self, at: usize) -> (Self, Self) {
        let Self { parameters, gradients, mut slots, used_slots, update } = self;
        let (parameters, other_parameters) = parameters.split_at_mut(at);
        let (gradients, other_gradients) = gradients.split_at_mut(at);
        let mut other_slots = [(); MAX_SLOTS].map(|()| Default::default());
        for (slot, other) in slots.iter_mut().zip(&mut other_slots).take(used_slots) {
            let whole: &'a mut [T] = core::mem::take(slot);
            (*slot, *other) = whole.split_at_mut(at);
        }
        (
            Self { parameters, gradients, slots, used_slots, update },
            Self {
                parameters: other_parameters,
                gradients: other_gradients,
                slots: other_slots,
                used_slots,
                update,
            },
        )
    }

    /// Updates the parameters by `gradients`.
    pub fn update(mut self) {
        let slots = &mut self.slots[..self.used_slots];
        (self.update)(self.parameters, Gradient::Values(self.gradients), slots);
    }

    /// Updates the parameters by `gradient`; `gradients` stays as it is.
    pub fn update_by(mut self, gradient: Gradient<'_, T>) {
        (self.update)(self.parameters, gradient, &mut self.slots[..self.used_slots]);
    }
}

/// A backward pass over the batch of the last forward pass that ends with an update of the parameters.
///
/// ```
/// use typenet_runtime::kernels::update::Gradient;
/// use typenet_runtime::layers::{Dense, Step, Trained};
/// use typenet_runtime::typenum::{U1, U2};
///
/// /// Plain descent at a rate of 1.
/// fn descend(parameters: &mut [f32], gradient: Gradient<'_>, _: &mut [&mut [f32]]) {
///     let Gradient::Values(values) = gradient else { panic!("no outer product here") };
///     parameters.iter_mut().zip(values).for_each(|(w, g)| *w -= g);
/// }
///
/// let (mut parameters, mut gradients) = ([3.0, 4.0, 0.5], [0.0; 3]);
/// let step = Step {
///     batch: 1,
///     trained: Trained::new(&mut parameters, &mut gradients, [], &descend),
///     input: &[1.0, -1.0],
///     output: &[-0.5],
///     cache: &[],
///     grad_output: &mut [2.0],
///     grad_input: None,
///     scratch: &mut [],
/// };
/// step.in_two_passes::<Dense<U2, U1>>();
/// assert_eq!(parameters, [3.0 - 2.0, 4.0 + 2.0, 0.5 - 2.0]);
/// ```
pub struct Step<'a, T> {
    /// Number of samples.
    pub batch: usize,
    /// The layer's trainable values and what changes them.
    pub trained: Trained<'a, T>,
    /// As [`Backward::input`].
    pub input: &'a [T],
    /// As [`Backward::output`].
    pub output: &'a [T],
    /// As [`Backward::cache`].
    pub cache: &'a [T],
    /// As [`Backward::grad_output`].
    pub grad_output: &'a mut [T],
    /// As [`Backward::grad_input`]; by the parameters before the update.
    pub grad_input: Option<&'a mut [T]>,
    /// As [`Backward::scratch`].
    pub scratch: &'a mut [T],
}

brief_debug!(Step<'_, T> { batch, trained, [input], [output], [cache], [grad_output], (grad_input), [scratch] });

impl<T: Element> Step<'_, T> {
    /// [`Layer::backward`], then the update.
    pub fn in_two_passes<L: Layer<T> + ?Sized>(self) {
        let Self { batch, trained, input, output, cache, grad_output, grad_input, scratch } = self;
        L::backward(Backward {
            batch,
            parameters: trained.parameters,
            input,
            output,
            cache,
            grad_output,
            grad_input,
            grad_parameters: trained.gradients,
            scratch,
        });
        trained.update();
    }
}
