//! Averaged weights: the model that has them, and work with them in the trainer.

use super::trainer::Trainer;
use crate::layers::Model;
use crate::model::ModelExt;
use crate::optimizers::{AVERAGE, Optimizer};

impl<M: Model, O: Optimizer, L, K> Trainer<M, O, L, K> {
    /// The model with the averaged weights of [`average`](crate::optimizers::OptimizerExt::average), on the heap; `None` before the first
    /// update, and if the optimizer keeps no average. What is frozen is as in the model.
    ///
    /// ```
    /// use typenet::kernels::Rng;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let optimizer = Sgd::new(0.125).average(0.9);
    /// let mut trainer = Line::zeros().compile(optimizer, MeanSquaredError, ());
    /// assert!(trainer.averaged().is_none());
    /// for _ in 0..3 {
    ///     trainer.train_on_batch(&[[1.0], [2.0]], &[2.0_f32, 4.0], &Rng::seed(1))?;
    /// }
    /// let averaged = trainer.averaged().expect("there were updates");
    /// assert_ne!(averaged.block(), trainer.block());
    /// assert!(trainer.use_averaged());
    /// assert_eq!(averaged.block(), trainer.block());
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn averaged(&self) -> Option<Box<M>> {
        let average = self.average()?;
        let mut model = self.model.to_boxed();
        for range in self.trainable.ranges() {
            model.block_mut()[range.clone()].copy_from_slice(&average[range.clone()]);
        }
        Some(model)
    }

    /// Runs `work` while the averaged weights stand in the model, such as an evaluation; then the others are back. `None`
    /// as with [`averaged`](Self::averaged). A step that `work` takes is one of the average, and is lost.
    ///
    /// ```
    /// use typenet::kernels::Rng;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let (samples, labels) = ([[1.0], [2.0]], [2.0_f32, 4.0]);
    /// let optimizer = Sgd::new(0.125).average(0.9);
    /// let mut trainer = Line::zeros().compile(optimizer, MeanSquaredError, ());
    /// for _ in 0..3 {
    ///     trainer.train_on_batch(&samples, &labels, &Rng::seed(1))?;
    /// }
    /// let own = trainer.evaluate(&samples, &labels)?;
    /// let averaged = trainer.with_averaged(|trainer| trainer.evaluate(&samples, &labels)).transpose()?;
    /// assert!(averaged.is_some_and(|averaged| averaged.loss > own.loss), "an average lags behind");
    /// assert_eq!(trainer.evaluate(&samples, &labels)?, own);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn with_averaged<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> Option<R> {
        let averaged = self.averaged()?;
        let own = core::mem::replace(&mut self.model, averaged);
        let result = work(self);
        self.model = own;
        Some(result)
    }

    /// Puts the averaged weights in the model's place for good, as Keras does at the end of `fit`. Says whether there are
    /// any.
    pub fn use_averaged(&mut self) -> bool {
        self.averaged().map(|averaged| self.model = averaged).is_some()
    }

    /// The averaged weights, once there was an update.
    fn average(&self) -> Option<&[f32]> {
        let place = self.slot_place(AVERAGE)?;
        (self.updates.made > 0).then(|| &*self.slots[place])
    }
}
