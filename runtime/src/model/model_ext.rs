//! What every declared model can do on a machine with a heap and files.

use std::path::Path;

use super::run::checkpoint;
use super::tensors::{Described, TensorError, TensorView, copy_layer, find, set};
use super::{Predictor, Summary, Trainer};
use crate::hardware::buffer::zeroed_box;
use crate::io::safetensors::{Import, LoadError, Metadata, SaveError, read, save_block};
use crate::kernels::Rng;
use crate::layers::{Model, parameter_count};
use crate::schema::{LayerInfo, Many, Owned, Record};

/// The stream of a seed that start values come from.
const INITIAL: u64 = 0;

/// Puts the weights of a file into a block. On an error it is as before.
pub(super) fn load_block(
    path: &Path,
    model: &'static str,
    layers: &'static [LayerInfo],
    block: &mut [f32],
    import: &Import,
) -> Result<(), LoadError> {
    let file = read(path)?;
    if !checkpoint::is_checkpoint(&file) {
        file.check_import(model, layers, import)?;
    }
    file.import_block("", model, layers, block, import)
}

/// Saves a block as a safetensors file.
pub(super) fn save_model(
    path: &Path,
    model: &'static str,
    layers: &'static [LayerInfo],
    block: &[f32],
) -> Result<(), SaveError> {
    let metadata = Metadata::from([("model".to_string(), model.to_string())]);
    save_block(path, layers, block, &metadata)
}

/// Creating, compiling, describing, saving and loading a declared model.
///
/// A model lives in a `Box`: its numbers are made on the heap and never cross the stack.
///
/// ```
/// use typenet::prelude::*;
///
/// model! { Digits < Dense(64 => 16, relu), Dense(16 => 10, softmax) > }
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("digits.safetensors");
/// let mut model = Digits::new(1);
/// model.set_tensor("dense_2.bias", &[0.5; 10])?;
/// model.save(&path)?;
/// let loaded = Digits::load(&path)?;
/// assert_eq!(loaded.tensor("dense_2.bias")?.values, [0.5; 10]);
/// assert_eq!(loaded.predict_batch(&[[0.0; 64]; 2]), [[0.1; 10]; 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ModelExt: Model {
    /// A model with the start values of its layers' initializers; the same seed gives the same bits everywhere.
    fn new(seed: u64) -> Box<Self> {
        let mut model = Self::zeros();
        let (parameters, buffers) = model.block_mut().split_at_mut(parameter_count::<Self>());
        Self::initialize(parameters, buffers, Rng::seed(seed).fork(INITIAL));
        model
    }

    /// A model whose numbers are all zero.
    fn zeros() -> Box<Self> {
        zeroed_box()
    }

    /// A copy on the heap.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let best = Line::new(1).to_boxed();
    /// assert_eq!(best.block(), Line::new(1).block());
    /// ```
    fn to_boxed(&self) -> Box<Self> {
        let mut copy = Self::zeros();
        copy.block_mut().copy_from_slice(self.block());
        copy
    }

    /// A model with the weights of a safetensors file, or of a checkpoint. The weight of a dense layer is
    /// `[inputs, outputs]` in it; one that PyTorch wrote as `[outputs, inputs]` is for [`load_with`](Self::load_with).
    ///
    /// # Errors
    /// [`LoadError`] if the file cannot be read, is not a safetensors file, holds other tensors than this model, or says that
    /// it is PyTorch's.
    fn load(path: impl AsRef<Path>) -> Result<Box<Self>, LoadError> {
        Self::load_with(path, &Import::default())
    }

    /// A model with the weights of a file that another library wrote: in the layout that `import` states, under the names of
    /// layers that it gives. The file holds the model's tensors and no others, all of type F32. See [`Import`] for a file of
    /// PyTorch's `Sequential`; names of one's own need no mapping where `model!` has the same:
    ///
    /// ```
    /// use typenet::io::safetensors::{Import, Layout, LoadError, Metadata, Tensor, write};
    /// use typenet::prelude::*;
    ///
    /// model! { Turn < fc1: Dense(2 => 2, bias = false) > }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("torch.safetensors");
    /// let weight = Tensor { name: "fc1.weight".to_owned(), shape: &[2, 2], values: &[1.0, 2.0, 3.0, 4.0] };
    /// write(&path, &[weight], &Metadata::from([("format".to_owned(), "pt".to_owned())]))?;
    /// assert!(matches!(Turn::load(&path), Err(LoadError::Layout { .. })));
    /// let model = Turn::load_with(&path, &Import::new(Layout::OutIn))?;
    /// assert_eq!(model.predict(&[10.0, 1.0]), [12.0, 34.0], "as `torch.nn.Linear` has it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`load`](Self::load), and [`LoadError::Layer`] if `import` names a layer that the model does not have.
    fn load_with(path: impl AsRef<Path>, import: &Import) -> Result<Box<Self>, LoadError> {
        let mut model = Self::zeros();
        load_block(path.as_ref(), Self::NAME, Self::LAYERS, model.block_mut(), import)?;
        Ok(model)
    }

    /// Saves the weights as a safetensors file: equal weights give equal bytes, and a failed save leaves an earlier
    /// file whole. A missing folder is created; [`check_replaceable`](crate::io::check_replaceable) says before a training whether the
    /// file can be written.
    ///
    /// # Errors
    /// [`SaveError`] if the file cannot be written, or a weight is not finite.
    fn save(&self, path: impl AsRef<Path>) -> Result<(), SaveError> {
        save_model(path.as_ref(), Self::NAME, Self::LAYERS, self.block())
    }

    /// The model's layers as a table: shapes, parameters, FLOPs.
    fn summary() -> Summary {
        Summary::of::<Self>()
    }

    /// Makes the model ready to be trained.
    ///
    /// `metrics` is a tuple: `()`, `(Accuracy::new(),)`, `(Accuracy::new(), LossMetric::new(MeanAbsoluteError))`, … Whether
    /// loss and metrics fit the model's output and the labels is checked by types when data arrive.
    fn compile<O, L, K>(self: Box<Self>, optimizer: O, loss: L, metrics: K) -> Trainer<Self, O, L, K> {
        Trainer::new(self, optimizer, loss, metrics)
    }

    /// A tensor by its full name: `dense_1.weight`, `encoder.dense_2.bias`.
    ///
    /// # Errors
    /// [`TensorError::Unknown`] names the tensors that there are.
    fn tensor(&self, name: &str) -> Result<TensorView<'_>, TensorError> {
        let place = find(Self::NAME, Self::LAYERS, name)?;
        Ok(TensorView { shape: place.shape, values: &self.block()[place.range()] })
    }

    /// Sets the values of a tensor, row-major, by its full name.
    ///
    /// # Errors
    /// [`TensorError::Unknown`], [`TensorError::Length`]; then the model is as before.
    fn set_tensor(&mut self, name: &str, values: &[f32]) -> Result<(), TensorError> {
        set(Self::NAME, Self::LAYERS, self.block_mut(), name, values)
    }

    /// Copies the numbers of layer `from` of another model to layer `layer`, which has the same tensors; layers of
    /// inner models have names like `encoder.dense_1`, and an empty name is the whole model, so that an encoder trained by
    /// itself can become a layer:
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Encoder < Dense(64 => 16, relu) > }
    /// model! { Digits < encoder: Encoder(64 => 16), Dense(16 => 10, softmax) > }
    ///
    /// let (encoder, mut digits) = (Encoder::new(1), Digits::new(2));
    /// digits.copy_layer_from("encoder", &*encoder, "")?;
    /// assert_eq!(digits.tensor("encoder.dense_1.weight")?, encoder.tensor("dense_1.weight")?);
    /// # Ok::<(), typenet::model::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::UnknownLayer`], [`TensorError::Layers`] names the first tensor that differs; then the model is as
    /// before.
    fn copy_layer_from<N: Model>(&mut self, layer: &str, other: &N, from: &str) -> Result<(), TensorError> {
        let into = Described { model: Self::NAME, layers: Self::LAYERS, block: self.block_mut() };
        copy_layer(into, layer, Described { model: N::NAME, layers: N::LAYERS, block: other.block() }, from)
    }

    /// Predictions for many samples, in their order, made on the heap.
    ///
    /// [`Predictor`] does the same without allocating.
    ///
    /// # Panics
    /// If inputs have unequal numbers of samples, or a word is none of the model's vocabulary.
    #[track_caller]
    fn predict_batch(&self, samples: Many<'_, Self::Sample>) -> Owned<Self::Prediction> {
        let rows = Self::Sample::columns(samples)[0].rows;
        let mut predictions = Self::Prediction::owned(rows);
        let to = Self::Prediction::owned_mut(&mut predictions);
        Predictor::<Self>::new(rows).predict(self, samples, to);
        predictions
    }
}

impl<M: Model> ModelExt for M {}
