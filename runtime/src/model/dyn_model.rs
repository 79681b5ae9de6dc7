//! What a model of any type can do on a machine with a heap and files.

use std::path::Path;

use super::Summary;
use super::model_ext::{load_block, save_model};
use super::predictor::BLOCK;
use super::tensors::{TensorError, TensorView, find, set};
use crate::hardware::Buffer;
use crate::hardware::threads;
use crate::io::safetensors::{Import, LoadError, SaveError};
use crate::layers::dyn_model::Facts;
use crate::layers::{DynModel, LengthError, Predict};

/// What a model of any type can do on a machine with a heap and files.
impl dyn DynModel {
    /// Predictions for many samples, one behind the other, with the bits of
    /// [`ModelExt::predict_batch`](super::ModelExt::predict_batch).
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Sum < Dense(2 => 1) > }
    ///
    /// let mut model: Box<dyn DynModel> = Sum::zeros();
    /// model.set_tensor("dense_1.weight", &[1.0, 1.0])?;
    /// assert_eq!(model.predict_batch(&[1.0, 2.0, 3.0, 4.0])?, [3.0, 7.0]);
    /// assert!(model.predict_batch(&[1.0, 2.0, 3.0]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LengthError`] if the last sample is not whole.
    pub fn predict_batch(&self, samples: &[f32]) -> Result<Vec<f32>, LengthError> {
        let Facts { row, input_len, output_len, predict_scratch, .. } = self.dyn_facts();
        let (count, rest) = (samples.len() / input_len, samples.len() % input_len);
        if rest > 0 {
            let what = "each of several samples";
            return Err(LengthError { model: row.name, what, expected: input_len, found: rest });
        }
        let mut predictions = vec![0.0; count * output_len];
        let block = count.clamp(1, BLOCK);
        let mut scratch = Buffer::zeroed(block * predict_scratch);
        let (parameters, buffers) = self.block().split_at(row.parameter_count());
        let cost = (row.flops as usize).saturating_mul(count) / 32;
        threads::enter(cost, || {
            let inputs = samples.chunks(block * input_len);
            for (input, output) in inputs.zip(predictions.chunks_mut(block * output_len)) {
                let batch = output.len() / output_len;
                let scratch = &mut scratch[..batch * predict_scratch];
                self.dyn_predict(Predict { batch, parameters, buffers, input, output, scratch });
            }
        });
        Ok(predictions)
    }

    /// A tensor by its full name: `dense_1.weight`.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let model: Box<dyn DynModel> = Line::zeros();
    /// assert_eq!(model.tensor("dense_1.weight")?.shape, [1, 1]);
    /// # Ok::<(), typenet::model::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Unknown`] names the tensors that there are.
    pub fn tensor(&self, name: &str) -> Result<TensorView<'_>, TensorError> {
        let place = find(self.name(), self.layers(), name)?;
        Ok(TensorView { shape: place.shape, values: &self.block()[place.range()] })
    }

    /// Sets the values of a tensor, row-major, by its full name.
    ///
    /// # Errors
    /// [`TensorError::Unknown`], [`TensorError::Length`]; then the model is as before.
    pub fn set_tensor(&mut self, name: &str, values: &[f32]) -> Result<(), TensorError> {
        set(self.name(), self.layers(), self.block_mut(), name, values)
    }

    /// Saves the weights, as [`ModelExt::save`](super::ModelExt::save) does.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("line.safetensors");
    /// let (trained, mut other): (Box<dyn DynModel>, Box<dyn DynModel>) = (Line::new(1), Line::zeros());
    /// trained.save(&path)?;
    /// other.load(&path)?;
    /// assert_eq!(other.block(), trained.block());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), SaveError> {
        save_model(path.as_ref(), self.name(), self.layers(), self.block())
    }

    /// Takes the weights of a safetensors file, or of a checkpoint, as [`ModelExt::load`](super::ModelExt::load) does.
    ///
    /// # Errors
    /// As there; then the model is as before.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<(), LoadError> {
        load_block(path.as_ref(), self.name(), self.layers(), self.block_mut(), &Import::default())
    }

    /// The model's layers as a table: shapes, parameters, FLOPs.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let model: Box<dyn DynModel> = Line::zeros();
    /// assert_eq!(model.summary(), Line::summary());
    /// ```
    pub fn summary(&self) -> Summary {
        self.dyn_facts().into()
    }

    /// A copy on the heap.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let model: Box<dyn DynModel> = Line::new(1);
    /// assert_eq!(model.to_boxed().block(), model.block());
    /// ```
    pub fn to_boxed(&self) -> Box<dyn DynModel> {
        let mut copy = self.dyn_zeros();
        copy.block_mut().copy_from_slice(self.block());
        copy
    }
}
