//! Closures as a callback.

use core::fmt;

use super::{Callback, Context};
use crate::model::{EpochRecord, Error};

type Hook<'a> = Option<Box<dyn FnMut(&mut Context<'_>) + 'a>>;
type EpochHook<'a> = Box<dyn FnMut(&mut Context<'_>, &EpochRecord) + 'a>;
type BatchHook<'a> = Box<dyn FnMut(&mut Context<'_>, f64) + 'a>;

/// Calls closures at the events of a run (`keras.callbacks.LambdaCallback`). A callback that can fail, or that
/// remembers something in checkpoints, is a type of its own that implements [`Callback`].
///
/// # Example
/// ```
/// use std::cell::RefCell;
///
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let events = RefCell::new(Vec::new());
/// let note = |event| events.borrow_mut().push(event);
/// let mut lambda = LambdaCallback::new()
///     .on_train_begin(|_| note("the run begins"))
///     .on_epoch_begin(|_| note("an epoch begins"))
///     .on_batch_begin(|_| note("a step begins"))
///     .on_batch_end(|_, loss| note(if loss > 1.0 { "a large loss" } else { "a small loss" }))
///     .on_epoch_end(|context, _| context.stop("enough"))
///     .on_train_end(|_| note("the run ends"));
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(100).callback(&mut lambda).progress(false).run()?;
/// let events = events.borrow();
/// assert_eq!(*events, ["the run begins", "an epoch begins", "a step begins", "a large loss", "the run ends"]);
/// # Ok::<(), typenet::model::Error>(())
/// ```
#[derive(Default)]
pub struct LambdaCallback<'a> {
    train_begin: Hook<'a>,
    train_end: Hook<'a>,
    epoch_begin: Hook<'a>,
    epoch_end: Option<EpochHook<'a>>,
    batch_begin: Hook<'a>,
    batch_end: Option<BatchHook<'a>>,
}

impl fmt::Debug for LambdaCallback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaCallback").finish_non_exhaustive()
    }
}

impl<'a> LambdaCallback<'a> {
    /// Calls nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Before the first step.
    pub fn on_train_begin(mut self, call: impl FnMut(&mut Context<'_>) + 'a) -> Self {
        self.train_begin = Some(Box::new(call));
        self
    }

    /// After the last step.
    pub fn on_train_end(mut self, call: impl FnMut(&mut Context<'_>) + 'a) -> Self {
        self.train_end = Some(Box::new(call));
        self
    }

    /// Before the first step of an epoch.
    pub fn on_epoch_begin(mut self, call: impl FnMut(&mut Context<'_>) + 'a) -> Self {
        self.epoch_begin = Some(Box::new(call));
        self
    }

    /// After an epoch, with its record.
    pub fn on_epoch_end(mut self, call: impl FnMut(&mut Context<'_>, &EpochRecord) + 'a) -> Self {
        self.epoch_end = Some(Box::new(call));
        self
    }

    /// Before a step.
    pub fn on_batch_begin(mut self, call: impl FnMut(&mut Context<'_>) + 'a) -> Self {
        self.batch_begin = Some(Box::new(call));
        self
    }

    /// After a step, with the mean loss of its samples.
    pub fn on_batch_end(mut self, call: impl FnMut(&mut Context<'_>, f64) + 'a) -> Self {
        self.batch_end = Some(Box::new(call));
        self
    }
}

fn call(hook: &mut Hook<'_>, context: &mut Context<'_>) -> Result<(), Error> {
    if let Some(hook) = hook {
        hook(context);
    }
    Ok(())
}

impl Callback for LambdaCallback<'_> {
    fn name(&self) -> &'static str {
        "LambdaCallback"
    }

    fn on_train_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        call(&mut self.train_begin, context)
    }

    fn on_train_end(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        call(&mut self.train_end, context)
    }

    fn on_epoch_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        call(&mut self.epoch_begin, context)
    }

    fn on_epoch_end(&mut self, context: &mut Context<'_>, record: &EpochRecord) -> Result<(), Error> {
        if let Some(hook) = &mut self.epoch_end {
            hook(context, record);
        }
        Ok(())
    }

    fn on_batch_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        call(&mut self.batch_begin, context)
    }

    fn on_batch_end(&mut self, context: &mut Context<'_>, loss: f64) -> Result<(), Error> {
        if let Some(hook) = &mut self.batch_end {
            hook(context, loss);
        }
        Ok(())
    }

    fn acts_within_epochs(&self) -> bool {
        self.batch_begin.is_some() || self.batch_end.is_some()
    }
}
