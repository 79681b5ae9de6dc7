//! Steps for a loop written by hand: what `fit` does for a batch, in one or in several parts.

use super::batch_sizes::check_batch_sizes;
use super::judged::Judged;
use super::labels::{Labels, Table};
use super::sample_weights::check_sample_weights;
use super::trainer::{Batch, check, take_step};
use crate::hardware::threads;
use crate::kernels::Rng;
use crate::layers::batch::output_columns;
use crate::layers::{Model, parameter_count};
use crate::model::cost::{step_cost, step_pieces};
use crate::model::report::finite::find_in_state;
use crate::model::{Error, NonFiniteValue, Trainer};
use crate::optimizers::Optimizer;
use crate::schema::{Many, Record};

impl<M: Model, O: Optimizer, L, K> Trainer<M, O, L, K> {
    /// One step on one batch: forward, loss, backward, update. Returns the batch's mean loss before the update, with what
    /// regularizers add to it.
    ///
    /// Samples and labels are taken as they are; the metrics are not touched, see
    /// [`RunningScores`](crate::model::RunningScores). Step `s` draws from `rng.fork(s)`; in a run of `fit` that is
    /// [`step_rng`](crate::model::step_rng). Once a batch of this size has been met, a step allocates nothing.
    ///
    /// [`Labels`] may come with a weight for each sample's loss. Weights of classes are weights of their samples:
    ///
    /// ```
    /// use typenet::kernels::Rng;
    /// use typenet::prelude::*;
    ///
    /// model! { Rare < Dense(1 => 2, softmax) > }
    ///
    /// let (samples, labels) = ([[0.0]; 10], [0_u8, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    /// let class_weights = [1.0, 9.0];
    /// let weights = labels.map(|label| class_weights[usize::from(label)]);
    /// let mut trainer = Rare::zeros().compile(Sgd::new(0.1), CategoricalCrossEntropy, ());
    /// for _ in 0..20 {
    ///     trainer.train_on_batch(&samples, (&labels, &weights), &Rng::seed(1))?;
    /// }
    /// assert!((trainer.predict(&[0.0])[1] - 0.5).abs() < 1e-3);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error`] if there are no samples, or too few for a layer, counts disagree, a sample is not finite, a word, a label, a weight or a setting of the
    /// optimizer cannot be, there is no memory, or the loss is not finite; then the model is as before. Weights that the update makes infinite
    /// show in the loss of a later step; [`find_non_finite`](Self::find_non_finite) looks at all of them.
    pub fn train_on_batch<'a, Y: Labels<'a>>(
        &mut self,
        samples: Many<'_, M::Sample>,
        labels: Y,
        rng: &Rng,
    ) -> Result<f64, Error>
    where
        M: Judged<L, Y::Table>,
    {
        self.optimizer.validate()?;
        let columns = M::Sample::columns(samples);
        let (labels, weights) = labels.split();
        let len = self.check_batch(samples, labels, weights)?;
        self.reserve(len)?;
        let batch = Batch { samples: Some(&columns), len, labels, chosen: None, weights };
        self.step_on(&batch, 0, rng).map(|loss| loss.total / len as f64)
    }

    /// Number of samples of a batch that can be.
    fn check_batch<Y: Table>(
        &self,
        samples: Many<'_, M::Sample>,
        labels: Y,
        weights: Option<&[f32]>,
    ) -> Result<usize, Error>
    where
        M: Judged<L, Y>,
    {
        const SET: &str = "training samples";
        let count = check::<M, Y, L>(SET, &self.loss, samples, labels)?;
        check_batch_sizes(M::LAYERS, count, count, None)?;
        weights.map_or(Ok(()), |weights| check_sample_weights(SET, count, weights))?;
        self.check_loss_weights()?;
        Ok(count)
    }

    /// The gradients of a batch's mean loss by every parameter, with those of regularizers, written over `gradients`: a model
    /// whose numbers are gradients, so that its views name them. Returns the mean loss. Nothing is updated but running means, which a
    /// forward pass in training moves.
    ///
    /// With [`apply_gradients`](Self::apply_gradients) it is [`train_on_batch`](Self::train_on_batch), bit by bit.
    ///
    /// ```
    /// use typenet::kernels::Rng;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let (samples, labels) = ([[1.0], [2.0]], [2.0_f32, 4.0]);
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let mut gradients = Line::zeros();
    /// let loss = trainer.gradients(&samples, &labels, &Rng::seed(1), &mut gradients)?;
    /// assert_eq!((loss, gradients.dense_1().bias()), (10.0, Some(&[-6.0])));
    /// trainer.apply_gradients(&gradients)?;
    /// assert_eq!(trainer.dense_1().bias(), Some(&[0.125 * 6.0]));
    /// // With a weight for each sample:
    /// let labels = (&[3.0_f32, 4.0], &[1.0, 0.0]);
    /// trainer.gradients(&[[0.0], [2.0]], labels, &Rng::seed(1), &mut gradients)?;
    /// assert_eq!(gradients.dense_1().bias(), Some(&[-2.25]));
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`train_on_batch`](Self::train_on_batch).
    pub fn gradients<'a, Y: Labels<'a>>(
        &mut self,
        samples: Many<'_, M::Sample>,
        labels: Y,
        rng: &Rng,
        gradients: &mut M,
    ) -> Result<f64, Error>
    where
        M: Judged<L, Y::Table>,
    {
        let columns = M::Sample::columns(samples);
        let (labels, weights) = labels.split();
        let len = self.check_batch(samples, labels, weights)?;
        self.reserve(len)?;
        let batch = Batch { samples: Some(&columns), len, labels, chosen: None, weights };
        let loss = threads::enter_pieces(step_cost::<M>(len), step_pieces::<M>(), || {
            let loss = self.forward(&batch, 0, rng)?;
            self.backward(batch.samples, len)?;
            Ok::<_, Error>(loss)
        })?;
        gradients.block_mut()[..parameter_count::<M>()].copy_from_slice(&self.workspace.gradients);
        Ok(loss.total / len as f64)
    }

    /// One step of the optimizer by the parameters of `gradients`, such as [`gradients`](Self::gradients) wrote; its buffers
    /// are not looked at.
    ///
    /// To an optimizer that accumulates gradients they are the mean over the samples of the last step or of the last call of
    /// [`gradients`](Self::gradients), over one if there was none; [`apply_gradients_of`](Self::apply_gradients_of) says another
    /// number.
    ///
    /// # Errors
    /// [`Error`] if a setting of the optimizer cannot be, or a gradient is not finite; then the model is as before.
    pub fn apply_gradients(&mut self, gradients: &M) -> Result<(), Error> {
        let samples = self.workspace.predicted;
        self.apply_gradients_of(samples.max(1), gradients)
    }

    /// As [`apply_gradients`](Self::apply_gradients), for gradients that are the mean over so many samples: where the optimizer
    /// [accumulates](crate::optimizers::OptimizerExt::accumulate) gradients that come from elsewhere.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::zeros().compile(Sgd::new(1.0).accumulate(2), MeanSquaredError, ());
    /// for (samples, gradient) in [(3, 1.0), (1, 5.0)] {
    ///     let mut gradients = Line::zeros();
    ///     gradients.set_tensor("dense_1.bias", &[gradient])?;
    ///     trainer.apply_gradients_of(samples, &gradients)?;
    /// }
    /// assert_eq!(trainer.dense_1().bias(), Some(&[-(3.0 * 1.0 + 5.0) / 4.0]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`apply_gradients`](Self::apply_gradients), and [`Error::NoSamples`] if `samples` is 0.
    pub fn apply_gradients_of(&mut self, samples: usize, gradients: &M) -> Result<(), Error> {
        if samples == 0 {
            return Err(Error::NoSamples { set: "samples of the gradients" });
        }
        self.optimizer.validate()?;
        let gradients = &gradients.block()[..parameter_count::<M>()];
        self.trainable.check_gradients(gradients, self.step + 1)?;
        self.reserve(0)?;
        self.step += 1;
        let parameters = &mut self.model.block_mut()[..gradients.len()];
        let turn = self.updates.step(&self.optimizer, samples);
        threads::enter(gradients.len(), || {
            take_step(&self.optimizer, &turn, &self.trainable, parameters, gradients, &mut self.slots);
        });
        Ok(())
    }

    /// Updates by the gradients that the optimizer has [accumulated](crate::optimizers::OptimizerExt::accumulate) since the last
    /// update, as the mean over their own samples, and says whether there were any. [`fit`](Self::fit) does this at the end of each
    /// epoch; the number of steps stays as it is.
    ///
    /// ```
    /// use typenet::kernels::Rng;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let (samples, labels) = ([[0.0], [0.0], [0.0]], [0.0_f32, 0.0, 3.0]);
    /// let mut trainer = Line::zeros().compile(Sgd::new(1.0).accumulate(4), MeanSquaredError, ());
    /// for (samples, labels) in samples.chunks(2).zip(labels.chunks(2)) {
    ///     trainer.train_on_batch(samples, labels, &Rng::seed(1))?;
    /// }
    /// assert_eq!((trainer.updates(), trainer.dense_1().bias()), (0, Some(&[0.0])));
    /// assert!(trainer.apply_accumulated()?);
    /// assert_eq!((trainer.updates(), trainer.dense_1().bias()), (1, Some(&[2.0])));
    /// assert!(!trainer.apply_accumulated()?);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Optimizer`] if a setting of the optimizer cannot be.
    pub fn apply_accumulated(&mut self) -> Result<bool, Error> {
        self.optimizer.validate()?;
        self.reserve(0)?;
        let Some(turn) = self.updates.finish() else { return Ok(false) };
        let gradients = &mut self.workspace.gradients;
        // What changes no sum, nor the sign of a zero.
        gradients.fill(-0.0);
        let parameters = &mut self.model.block_mut()[..gradients.len()];
        threads::enter(gradients.len(), || {
            take_step(&self.optimizer, &turn, &self.trainable, parameters, gradients, &mut self.slots);
        });
        Ok(true)
    }
}

impl<M: Model, O: Optimizer, L, K> Trainer<M, O, L, K> {
    /// The predictions of the last step or of the last [`gradients`](Self::gradients), made before the update and with dropout
    /// at work, for each sample of its batch; none before the first, and after a loss that is not finite.
    ///
    /// ```
    /// use typenet::kernels::Rng;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// assert!(trainer.step_predictions().is_empty());
    /// trainer.train_on_batch(&[[1.0], [2.0]], &[2.0_f32, 4.0], &Rng::seed(1))?;
    /// assert_eq!(trainer.step_predictions(), [[0.0], [0.0]]);
    /// assert_ne!(trainer.predict(&[1.0]), [0.0]);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn step_predictions(&self) -> Many<'_, M::Prediction> {
        let output = &self.workspace.output;
        M::Prediction::of_columns(output_columns::<M::Output>(self.workspace.predicted, output))
    }

    /// Changes the step size from the next step on.
    ///
    /// ```
    /// use typenet::kernels::Rng;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// for _ in 0..3 {
    ///     trainer.train_on_batch(&[[1.0], [2.0]], &[2.0_f32, 4.0], &Rng::seed(1))?;
    ///     trainer.set_learning_rate(0.5 * trainer.learning_rate())?;
    /// }
    /// assert_eq!(trainer.learning_rate(), 0.125 / 8.0);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Scheduled`] if it follows a schedule, [`Error::Optimizer`] if it cannot be one; then it is as before.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), Error> {
        set_learning_rate(&mut self.optimizer, learning_rate)
    }

    /// The first number that is not finite: of the model, then of the optimizer's state. One pass over both, which no step
    /// makes of its own accord.
    ///
    /// ```
    /// use typenet::kernels::Rng;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::zeros().compile(Sgd::new(1e38), MeanSquaredError, ());
    /// trainer.train_on_batch(&[[1.0], [2.0]], &[2.0_f32, 4.0], &Rng::seed(1))?;
    /// let found = trainer.find_non_finite().expect("a step much too long");
    /// assert_eq!(found.to_string(), "value 0 of `dense_1.weight` is inf");
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn find_non_finite(&self) -> Option<NonFiniteValue> {
        find_in_state(M::LAYERS, self.model.block(), || self.optimizer.slots(), &self.slots)
    }
}

/// Changes the step size of an optimizer without a schedule.
pub(in crate::model) fn set_learning_rate(
    optimizer: &mut dyn Optimizer,
    learning_rate: f64,
) -> Result<(), Error> {
    check_rate_is_free(optimizer)?;
    let before = optimizer.learning_rate();
    optimizer.set_learning_rate(learning_rate);
    optimizer.validate().map_err(|error| {
        optimizer.set_learning_rate(before);
        error.into()
    })
}

/// Whether the step size may be changed: it does not follow a schedule, which would not be there in a resumed run.
pub(in crate::model) fn check_rate_is_free(optimizer: &dyn Optimizer) -> Result<(), Error> {
    let schedule = optimizer.learning_rate_schedule();
    schedule.map_or(Ok(()), |schedule| Err(Error::Scheduled { schedule: schedule.describe().to_string() }))
}
