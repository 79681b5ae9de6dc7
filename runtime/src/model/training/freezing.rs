//! Freezing: layers that stay as they are while others are trained.

use super::trainer::Trainer;
use crate::layers::Model;
use crate::model::Error;
use crate::optimizers::{ACCUMULATED, AVERAGE, Optimizer};

impl<M: Model, O: Optimizer, L, K> Trainer<M, O, L, K> {
    /// Keeps the parameters of a layer as they are, bit by bit, from the next step on, whatever the optimizer: `"dense_1"`, or
    /// in a model that stands in this one, `"encoder.dense_1"`; `"plain_1"` are all layers of a block, and `"dense_1.bias"` is
    /// the bias alone. What the layer's regularizer would add to the loss is not added. Values that move without a
    /// gradient, such as the running means of `BatchNorm`, go on moving, and training goes on with the batch's own mean and variance, as in
    /// PyTorch; Keras runs a frozen `BatchNormalization` as in inference.
    ///
    /// ```
    /// use typenet::kernels::Rng;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let (samples, labels) = ([[1.0], [2.0]], [2.0_f32, 4.0]);
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// trainer.freeze("dense_1.bias")?;
    /// trainer.train_on_batch(&samples, &labels, &Rng::seed(1))?;
    /// assert_eq!(trainer.dense_1().bias(), Some(&[0.0]));
    /// trainer.unfreeze("dense_1")?;
    /// trainer.train_on_batch(&samples, &labels, &Rng::seed(1))?;
    /// assert_ne!(trainer.dense_1().bias(), Some(&[0.0]));
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Layer`] if nothing that is trained has this name.
    pub fn freeze(&mut self, name: &str) -> Result<(), Error> {
        for range in self.trainable.set_frozen(name, true)? {
            if let Some(accumulated) = self.slot_mut(ACCUMULATED) {
                accumulated[range].fill(0.0);
            }
        }
        Ok(())
    }

    /// Trains what [`freeze`](Self::freeze) keeps again.
    ///
    /// # Errors
    /// [`Error::Layer`] if nothing that is trained has this name.
    pub fn unfreeze(&mut self, name: &str) -> Result<(), Error> {
        for range in self.trainable.set_frozen(name, false)? {
            let Some(place) = self.slot_place(AVERAGE) else { continue };
            self.slots[place][range.clone()].copy_from_slice(&self.model.block()[range]);
        }
        Ok(())
    }

    fn slot_mut(&mut self, name: &str) -> Option<&mut [f32]> {
        self.slot_place(name).map(|place| &mut *self.slots[place])
    }
}
