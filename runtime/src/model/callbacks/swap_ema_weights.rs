//! Validates averaged weights.

use std::borrow::Cow;

use super::{Callback, Context, State};
use crate::model::{EpochRecord, Error};

/// Puts the averaged weights of the optimizer in the model's place while an epoch is validated, and for good when the run ends.
///
/// So validation scores, and with them early stopping and the choice of the best epoch, are those of the averaged weights.
/// Training goes on from the weights themselves, with the same bits as without this callback.
/// [`EarlyStopping::restore_best_weights`](super::EarlyStopping::restore_best_weights) gives the averaged weights of the best epoch,
/// wherever it stands in the list.
///
/// With [`swap_on_epoch`](Self::swap_on_epoch) the averaged weights stand in the model from the end of each epoch to the beginning of
/// the next, for the callbacks that come behind this one, such as a [`ModelCheckpoint`](super::ModelCheckpoint). A checkpoint of the
/// whole run then holds both, and goes on from it with the same bits. What other callbacks write into the model meanwhile
/// is lost.
///
/// At the end of the run the model and the average are equal, as in Keras; another call of `fit` goes on from there.
///
/// # Defaults
/// No swap at the end of epochs (`keras.callbacks.SwapEMAWeights`, 3.15).
///
/// # Errors
/// Before the first step [`Error::NoAverage`], if the optimizer has no
/// [`average`](crate::optimizers::OptimizerExt::average).
///
/// # Example
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let folder = tempfile::tempdir()?;
/// let (samples, labels) = ([[1.0], [2.0]], [2.0_f32, 4.0]);
/// let mut swap = SwapEmaWeights::new().swap_on_epoch(true);
/// let saver = ModelCheckpoint::new(folder.path().join("best.safetensors")).save_weights_only(true);
/// let mut best = saver.save_best_only("val_loss");
/// let optimizer = Sgd::new(0.125).average(0.5);
/// let mut trainer = Line::zeros().compile(optimizer, MeanSquaredError, ());
/// let fit = trainer.fit(&samples, &labels).epochs(3).validation(&samples, &labels).progress(false);
/// let history = fit.callback(&mut swap).callback(&mut best).run()?;
/// let best = Line::load(best.path())?;
/// assert_eq!(trainer.averaged().expect("there were updates").block(), best.block());
/// assert_eq!(history.get("val_loss").map(|losses| losses[2]), Some(trainer.evaluate(&samples, &labels)?.loss));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[doc(alias = "SwapEMAWeights")]
pub struct SwapEmaWeights {
    swap_on_epoch: bool,
    /// The model's own weights, while the averaged ones stand in their place.
    own: Option<Vec<f32>>,
}

const NAME: &str = "SwapEmaWeights";

impl SwapEmaWeights {
    /// While epochs are validated, and at the end of the run.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the averaged weights stand in the model between epochs too.
    pub fn swap_on_epoch(mut self, swap: bool) -> Self {
        self.swap_on_epoch = swap;
        self
    }

    fn swap_in(&mut self, context: &mut Context<'_>) {
        if self.own.is_none() && context.average().is_some() {
            self.own = Some(context.weights().to_vec());
            context.use_averaged();
        }
    }

    fn swap_out(&mut self, context: &mut Context<'_>) {
        if let Some(own) = self.own.take() {
            context.weights_mut().copy_from_slice(&own);
        }
    }
}

impl Callback for SwapEmaWeights {
    fn name(&self) -> &'static str {
        NAME
    }

    fn on_train_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        self.own = None;
        if context.has_average() {
            return Ok(());
        }
        Err(Error::NoAverage { callback: NAME, optimizer: context.optimizer().name() })
    }

    fn on_epoch_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        self.swap_out(context);
        Ok(())
    }

    fn on_test_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        self.swap_in(context);
        Ok(())
    }

    fn on_test_end(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        self.swap_out(context);
        Ok(())
    }

    fn on_epoch_end(&mut self, context: &mut Context<'_>, _: &EpochRecord) -> Result<(), Error> {
        if self.swap_on_epoch {
            self.swap_in(context);
        }
        Ok(())
    }

    fn on_train_end(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        self.own = None;
        context.end_with_averaged();
        Ok(())
    }

    /// There is one even without weights: the run must be gone on with by such a callback.
    fn state(&self) -> Option<State<'_>> {
        Some(State { weights: self.own.as_deref().map(Cow::Borrowed), ..State::default() })
    }

    fn restore(&mut self, state: State<'_>) {
        self.own = state.weights.map(Cow::into_owned);
    }
}
