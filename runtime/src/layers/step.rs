//! A training step of a layer: its gradients, and the update of its parameters.
//!
//! Knows no optimizer: an update is a function of slices. A gradient that a layer can state as an outer product is
//! computed where it is used, and is never in memory.

use core::fmt;

use super::pass::short_debug;
use super::{Backend, Backward, Cpu, Layer, Port, Run};
use crate::kernels::update::Gradient;
pub use crate::kernels::update::MAX_SLOTS;

/// Changes parameters by their gradients and by what is remembered for them.
///
/// What it does to a parameter depends on that parameter's own numbers alone, so that it may be applied to any part, in
/// any order.
///
/// ```
/// use typenet_runtime::kernels::update::Gradient;
/// use typenet_runtime::layers::Cpu;
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
/// let update: &Update<'_, Cpu> = &descend;
/// let mut parameters = [1.0, 2.0];
/// update(&mut parameters, Gradient::Values(&[2.0, 4.0]), &mut []);
/// assert_eq!(parameters, [0.0, 0.0]);
/// ```
pub type Update<'a, B> = dyn Fn(
        &mut <B as Backend>::Numbers,
        Gradient<'_, <B as Backend>::Numbers>,
        &mut [&mut <B as Backend>::Numbers],
    ) + Sync
    + 'a;

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
/// let trained: Trained<'_> =
///     Trained::new(&mut parameters[..], &mut gradients[..], [&mut remembered[..]], &descend);
/// let (weight, bias) = trained.split_at(2);
/// weight.update_by(Gradient::Values(&[4.0, 4.0]));
/// bias.update();
/// assert_eq!(parameters, [-3.0, -3.0, 2.5]);
/// assert_eq!(remembered, [4.0, 5.0, 0.5]);
/// ```
pub struct Trained<'a, B: Backend = Cpu> {
    /// The trainable values, as in the forward pass.
    pub parameters: &'a mut B::Numbers,
    /// As long as `parameters`: memory for their gradient, of any content.
    pub gradients: &'a mut B::Numbers,
    /// Each as long as `parameters`; those that are not used are empty.
    slots: [&'a mut B::Numbers; MAX_SLOTS],
    used_slots: usize,
    update: &'a Update<'a, B>,
}

impl<B: Backend> fmt::Debug for Trained<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trained").field("slots", &self.used_slots).finish_non_exhaustive()
    }
}

impl<'a, B: Backend> Trained<'a, B> {
    /// Parameters with memory for their gradient, and the slots that `update` uses, all of one length.
    ///
    /// # Panics
    /// If there are more than [`MAX_SLOTS`] slots.
    pub fn new(
        parameters: &'a mut B::Numbers,
        gradients: &'a mut B::Numbers,
        slots: impl IntoIterator<Item = &'a mut B::Numbers>,
        update: &'a Update<'a, B>,
    ) -> Self {
        let (mut all, mut used_slots) = (core::array::from_fn(|_| B::no_numbers_mut()), 0);
        for slot in slots {
            assert!(used_slots < MAX_SLOTS, "Trained: more than {MAX_SLOTS} slots");
            all[used_slots] = slot;
            used_slots += 1;
        }
        Self { parameters, gradients, slots: all, used_slots, update }
    }

    /// The first `at` parameters, and the others.
    pub fn split_at(self, at: usize) -> (Self, Self) {
        let Self { parameters, gradients, mut slots, used_slots, update } = self;
        let (parameters, other_parameters) = B::split_mut(parameters, at);
        let (gradients, other_gradients) = B::split_mut(gradients, at);
        let mut other_slots = core::array::from_fn(|_| B::no_numbers_mut());
        for (slot, other) in slots.iter_mut().zip(&mut other_slots).take(used_slots) {
            let whole: &'a mut B::Numbers = core::mem::replace(slot, B::no_numbers_mut());
            (*slot, *other) = B::split_mut(whole, at);
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
        self.update_now();
    }

    fn update_now(&mut self) {
        let slots = &mut self.slots[..self.used_slots];
        (self.update)(self.parameters, Gradient::Values(self.gradients), slots);
    }

    /// Updates the parameters by `gradient`; `gradients` stays as it is.
    pub fn update_by(mut self, gradient: Gradient<'_, B::Numbers>) {
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
/// let step = Step::<Dense<U2, U1>> {
///     batch: 1,
///     trained: Trained::new(&mut parameters[..], &mut gradients[..], [], &descend),
///     input: &[1.0, -1.0],
///     output: &[-0.5],
///     kept: &[],
///     grad_output: &mut [2.0],
///     grad_input: None,
///     scratch: &mut [],
/// };
/// step.in_two_passes();
/// assert_eq!(parameters, [3.0 - 2.0, 4.0 + 2.0, 0.5 - 2.0]);
/// ```
pub struct Step<'a, L: Layer + ?Sized, B: Backend = Cpu> {
    /// Number of samples.
    pub batch: usize,
    /// The layer's trainable values and what changes them.
    pub trained: Trained<'a, B>,
    /// As [`Backward::input`].
    pub input: <L::Input as Port>::Values<'a, B>,
    /// As [`Backward::output`].
    pub output: <L::Output as Port>::Values<'a, B>,
    /// As [`Backward::kept`].
    pub kept: &'a B::Numbers,
    /// As [`Backward::grad_output`].
    pub grad_output: <L::Output as Port>::Mut<'a, B>,
    /// As [`Backward::grad_input`]; by the parameters before the update.
    pub grad_input: <L::Input as Port>::Gradient<'a, B>,
    /// As [`Backward::scratch`].
    pub scratch: &'a mut B::Numbers,
}

short_debug!(Step);

impl<'a, L: Layer + ?Sized, B: Backend> Step<'a, L, B> {
    /// A backward pass, but for its parameters, and these.
    #[inline(always)]
    pub(crate) fn new(pass: Backward<'a, L, B>, trained: Trained<'a, B>) -> Self {
        let Backward { batch, input, output, kept, grad_output, grad_input, scratch, .. } = pass;
        Self { batch, trained, input, output, kept, grad_output, grad_input, scratch }
    }

    /// The parameters, and the rest as a backward pass.
    #[inline(always)]
    pub(crate) fn split(self) -> (Trained<'a, B>, Backward<'a, L, B>) {
        let Self { batch, trained, input, output, kept, grad_output, grad_input, scratch } = self;
        let (parameters, grad_parameters) = (B::no_numbers(), B::no_numbers_mut());
        let pass = Backward {
            batch,
            parameters,
            input,
            output,
            kept,
            grad_output,
            grad_input,
            grad_parameters,
            scratch,
        };
        (trained, pass)
    }

    /// The same pass for another layer with the same ports.
    pub(crate) fn of<M>(self) -> Step<'a, M, B>
    where
        M: Layer<Input = L::Input, Output = L::Output> + ?Sized,
    {
        let (trained, pass) = self.split();
        Step::new(pass.of(), trained)
    }

    /// [`Run::backward`], then the update.
    pub fn in_two_passes(self)
    where
        L: Run<B>,
    {
        let (mut trained, pass) = self.split();
        L::backward(Backward {
            batch: pass.batch,
            parameters: &*trained.parameters,
            input: L::Input::shorten_values(pass.input),
            output: L::Output::shorten_values(pass.output),
            kept: pass.kept,
            grad_output: L::Output::shorten_results::<B>(pass.grad_output),
            grad_input: L::Input::shorten_gradients::<B>(pass.grad_input),
            grad_parameters: &mut *trained.gradients,
            scratch: pass.scratch,
        });
        trained.update_now();
    }
}
