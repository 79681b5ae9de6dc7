//! A model whose type is chosen at run time.

use core::any::Any;
use core::fmt;

use super::batch;
use super::model::predict_one;
use super::{Amount, Model, Predict, Run, input_len, output_len};
use crate::schema::{FloatArray, LayerInfo, Single};

/// Any model, as a trait object: `Box<dyn DynModel>`, `&'static dyn DynModel`. For one of several models that is chosen at
/// run time, and for collections of different models; code for one model at a time is better generic over
/// [`Model`], where the compiler checks samples.
///
/// Implemented for every model of one array in and one out. Samples and predictions are slices, row-major, whose lengths are checked in each call.
/// Without `std` there are no files and no heap, and the methods that need them are absent. What a `dyn DynModel` cannot do, such as
/// training, its type can: a `Box<dyn DynModel>` goes to a `Box<Small>` as a `Box<dyn Any>` does.
///
/// # Example
/// ```
/// use std::any::Any;
/// use typenet::prelude::*;
///
/// model! { Small < Dense(4 => 3, softmax) > }
/// model! { Large < Dense(4 => 16, relu), Dense(16 => 3, softmax) > }
///
/// let models: Vec<Box<dyn DynModel>> = vec![Small::zeros(), Large::zeros()];
/// for model in &models {
///     assert_eq!((model.input_shape(), model.output_shape()), (&[4][..], &[3][..]));
///     let mut prediction = [0.0; 3];
///     model.predict_into(&[1.0, 2.0, 3.0, 4.0], &mut prediction)?;
///     assert_eq!(prediction, [1.0 / 3.0; 3]);
/// }
/// let of = |model: &Box<dyn DynModel>| (model.name(), model.layers().len(), model.parameter_count());
/// assert_eq!(models.iter().map(of).collect::<Vec<_>>(), [("Small", 1, 15), ("Large", 2, 131)]);
///
/// let any: Vec<Box<dyn Any>> = models.into_iter().map(|model| model as Box<dyn Any>).collect();
/// assert!(any[0].is::<Small>() && any[1].is::<Large>());
/// # Ok::<(), typenet::layers::LengthError>(())
/// ```
pub trait DynModel: Any + Send + Sync {
    #[doc(hidden)]
    fn dyn_facts(&self) -> Facts;
    #[doc(hidden)]
    fn dyn_block(&self) -> &[f32];
    #[doc(hidden)]
    fn dyn_block_mut(&mut self) -> &mut [f32];
    /// Both slices have the right length.
    #[doc(hidden)]
    fn dyn_predict_one(&self, sample: &[f32], prediction: &mut [f32]);
    #[doc(hidden)]
    fn dyn_predict(&self, batch: usize, input: &[f32], output: &mut [f32], scratch: &mut [f32]);
    #[cfg(feature = "std")]
    #[doc(hidden)]
    fn dyn_zeros(&self) -> Box<dyn DynModel>;
}

/// The constants of a model.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// The model as a layer.
    pub row: LayerInfo,
    /// Values of a sample.
    pub input_len: usize,
    /// Values of a prediction.
    pub output_len: usize,
    /// [`Model::PREDICT_SCRATCH`], and for more samples.
    pub predict_scratch: Amount,
    /// [`Model::ACTIVATION_BYTES`]
    pub activation_bytes: usize,
    /// [`Model::UNSHARED_BYTES`]
    pub unshared_bytes: usize,
    /// [`Model::UNSHARED_SCRATCH`]
    pub unshared_scratch: usize,
}

impl Facts {
    pub(crate) const fn of<M: Model>() -> Self {
        Self {
            row: LayerInfo::of::<M>(M::NAME),
            input_len: input_len::<M>(),
            output_len: output_len::<M>(),
            predict_scratch: M::MEMORY.predict,
            activation_bytes: M::ACTIVATION_BYTES,
            unshared_bytes: M::UNSHARED_BYTES,
            unshared_scratch: M::UNSHARED_SCRATCH,
        }
    }
}

impl<M: Model> DynModel for M
where
    M::Sample: FloatArray,
    M::Prediction: FloatArray,
{
    fn dyn_facts(&self) -> Facts {
        Facts::of::<M>()
    }

    fn dyn_block(&self) -> &[f32] {
        self.block()
    }

    fn dyn_block_mut(&mut self) -> &mut [f32] {
        self.block_mut()
    }

    fn dyn_predict_one(&self, sample: &[f32], prediction: &mut [f32]) {
        let (sample, prediction) =
            (bytemuck::cast_slice::<_, M::Sample>(sample), bytemuck::cast_slice_mut(prediction));
        predict_one(self, M::Sample::one(&sample[0]), &mut prediction[0]);
    }

    fn dyn_predict(&self, batch: usize, input: &[f32], output: &mut [f32], scratch: &mut [f32]) {
        let (parameters, buffers) = self.block().split_at(M::PARAMETER_COUNT);
        let (input, output) = (
            batch::result_values::<M::Input>(batch::output_columns::<M::Input>(batch, input)),
            batch::results::<M::Output>(batch::output_columns_mut::<M::Output>(batch, output)),
        );
        <M as Run>::predict(Predict { batch, parameters, buffers, input, output, scratch });
    }

    #[cfg(feature = "std")]
    fn dyn_zeros(&self) -> Box<dyn DynModel> {
        bytemuck::zeroed_box::<M>()
    }
}

/// What a model of any type can do on every machine.
impl dyn DynModel {
    /// The model's name.
    pub fn name(&self) -> &'static str {
        self.dyn_facts().row.name
    }

    /// Sizes of one sample going in, outermost first.
    pub fn input_shape(&self) -> &'static [usize] {
        self.dyn_facts().row.inputs[0].shape
    }

    /// Sizes of one prediction coming out, outermost first.
    pub fn output_shape(&self) -> &'static [usize] {
        self.dyn_facts().row.outputs[0].shape
    }

    /// One row for each layer.
    pub fn layers(&self) -> &'static [LayerInfo] {
        self.dyn_facts().row.info.layers
    }

    /// Number of trainable values.
    pub fn parameter_count(&self) -> usize {
        self.dyn_facts().row.parameter_count()
    }

    /// All numbers: the parameters of every layer in order, then the buffers of every layer in order.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut model: Box<dyn DynModel> = Line::zeros();
    /// model.block_mut().copy_from_slice(&[2.0, 0.5]);
    /// assert_eq!(model.block(), [2.0, 0.5]);
    /// ```
    pub fn block(&self) -> &[f32] {
        self.dyn_block()
    }

    /// As `block`, to be changed.
    pub fn block_mut(&mut self) -> &mut [f32] {
        self.dyn_block_mut()
    }

    /// Writes the answer to one sample, with the bits of [`Model::predict`]; without heap where that is.
    ///
    /// ```
    /// use typenet::layers::LengthError;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// static MODELS: [&dyn DynModel; 1] = [const { &Line::from_block([2.0, 0.5]) }];
    ///
    /// let mut prediction = [0.0];
    /// assert_eq!(MODELS[0].predict_into(&[3.0], &mut prediction), Ok(()));
    /// assert_eq!(prediction, [6.5]);
    /// let error = MODELS[0].predict_into(&[3.0, 4.0], &mut prediction).unwrap_err();
    /// assert_eq!(error, LengthError { model: "Line", what: "a sample", expected: 1, found: 2 });
    /// ```
    ///
    /// # Errors
    /// [`LengthError`] if `sample` or `prediction` has another length than the model's; then nothing is written.
    pub fn predict_into(&self, sample: &[f32], prediction: &mut [f32]) -> Result<(), LengthError> {
        let Facts { row, input_len, output_len, .. } = self.dyn_facts();
        for (what, expected, found) in
            [("a sample", input_len, sample.len()), ("a prediction", output_len, prediction.len())]
        {
            if found != expected {
                return Err(LengthError { model: row.name, what, expected, found });
            }
        }
        self.dyn_predict_one(sample, prediction);
        Ok(())
    }
}

impl fmt::Debug for dyn DynModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.name()).field("parameters", &self.parameter_count()).finish_non_exhaustive()
    }
}

/// A slice has another length than a model's samples or predictions.
///
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let model: Box<dyn DynModel> = Line::new(1);
/// let error = model.predict_into(&[1.0], &mut []).unwrap_err();
/// assert_eq!(error.to_string(), "a prediction of `Line` has 1 values, found 0");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LengthError {
    /// The model.
    pub model: &'static str,
    /// `a sample`, `a prediction`, `each of several samples`.
    pub what: &'static str,
    /// Number of its values.
    pub expected: usize,
    /// Number of values in the slice.
    pub found: usize,
}

impl fmt::Display for LengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, what, expected, found } = self;
        write!(f, "{what} of `{model}` has {expected} values, found {found}")
    }
}

impl core::error::Error for LengthError {}
