//! Inference over many samples without allocation.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;

use super::cost::predict_cost;
use crate::hardware::Buffer;
use crate::hardware::buffer::AllocError;
use crate::hardware::threads::{self, Divide};
use crate::layers::batch::{Rows, results, unpack, unpacked_len, values};
use crate::layers::model::{find_bad_word, predict_pass};
use crate::layers::{Model, Port, Predict, Run, parameter_count};
use crate::schema::{Columns, ColumnsMut, Many, ManyMut, Record};

/// Samples that run through the network together.
pub(super) const BLOCK: usize = 256;

/// Threads share samples at multiples of this, so that kernels meet whole tiles of rows.
const GRANULE: usize = 16;

/// Up to this many parameters stay in a second cache: each thread takes its samples through the whole network.
const CACHED: usize = 65_536;

/// With so many samples for each thread, it does not matter that each reads all weights.
const REUSED: usize = 64;

/// The memory of an inference over many samples, to be used again and again.
///
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut model = Line::zeros();
/// model.set_tensor("dense_1.weight", &[2.0])?;
/// let mut predictor = Predictor::<Line>::new(2);
/// let mut predictions = [[0.0]; 2];
/// predictor.predict(&model, &[[1.0], [2.5]], &mut predictions);
/// assert_eq!(predictions, [[2.0], [5.0]]);
/// # Ok::<(), typenet::model::TensorError>(())
/// ```
pub struct Predictor<M> {
    scratch: Buffer,
    /// Sequences, unpacked.
    input: Buffer,
    block: usize,
    model: PhantomData<fn(&M)>,
}

impl<M: Model> fmt::Debug for Predictor<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Predictor")
            .field("model", &M::NAME)
            .field("samples", &self.block)
            .field("bytes", &size_of_val(&*self.scratch))
            .finish()
    }
}

impl<M: Model> Predictor<M> {
    /// Memory for calls with up to `samples` samples at a time; more are done block by block.
    pub fn new(samples: usize) -> Self {
        Self::try_new(samples).unwrap_or_else(|error| error.end())
    }

    /// As [`new`](Self::new), if there is memory for it.
    pub(super) fn try_new(samples: usize) -> Result<Self, AllocError> {
        let block = samples.clamp(1, BLOCK);
        let (memory, threads) = (M::MEMORY.predict, threads::threads());
        // Each thread may have a batch of its own.
        let values = memory.of(block, threads).saturating_add(memory.per_batch.saturating_mul(threads));
        let scratch = Buffer::try_zeroed(values)?;
        let input = Buffer::try_zeroed(block * unpacked_len::<M::Input>(false))?;
        Ok(Self { scratch, input, block, model: PhantomData })
    }

    /// For no samples, without memory.
    pub(super) fn empty() -> Self {
        Self { scratch: Buffer::zeroed(0), input: Buffer::zeroed(0), block: 0, model: PhantomData }
    }

    /// Writes the prediction for each sample. Allocates nothing.
    ///
    /// # Panics
    /// If there are not as many predictions as samples, of each input and output, or if a word is none of the model's vocabulary.
    #[track_caller]
    pub fn predict(
        &mut self,
        model: &M,
        samples: Many<'_, M::Sample>,
        predictions: ManyMut<'_, M::Prediction>,
    ) {
        let (columns, predictions) = (M::Sample::columns(samples), M::Prediction::columns_mut(predictions));
        let rows = columns[0].rows;
        let inputs = M::Input::PARTS.iter().zip(&columns).all(|(_, column)| column.rows == rows);
        let mut outputs = M::Output::PARTS.iter().zip(&predictions);
        let is_whole = inputs && outputs.all(|(part, prediction)| prediction.len() == rows * part.len());
        assert!(is_whole, "predict: one prediction for each sample");
        if let Err(error) = find_bad_word::<M>(samples) {
            panic!("predict: {error}");
        }
        if rows == 1 {
            let (parameters, buffers) = model.block().split_at(M::PARAMETER_COUNT);
            return predict_pass::<M>(Predict {
                batch: 1,
                parameters,
                buffers,
                input: values::<M::Input>(Some((&columns, 0)), 1, &[]),
                output: results::<M::Output>(predictions),
                scratch: &mut self.scratch,
            });
        }
        // Columns of its own: those above need not be in memory where there is one sample.
        self.run::<M>(model, &M::Sample::columns(samples), 0..rows, predictions);
    }

    /// As `predict`, for the model's body `L`, and these of the samples.
    pub(super) fn run<L>(
        &mut self,
        model: &M,
        columns: &Columns<'_>,
        rows: Range<usize>,
        predictions: ColumnsMut<'_>,
    ) where
        L: Run<Input = M::Input, Output = M::Output>,
    {
        let cost = predict_cost::<M>(rows.len());
        let samples = rows.len();
        let (block, scratch, input) = (self.block, &mut self.scratch[..], &mut self.input[..]);
        let rows = Samples::<M> { model, columns, rows, predictions, block, scratch, input };
        threads::enter(cost, || {
            let parts = threads::parts(cost);
            let reads_little = parameter_count::<M>() <= CACHED || samples >= REUSED * parts;
            if reads_little && block >= parts {
                threads::share_slices(rows, GRANULE, predict_cost::<M>(1), |_, rows| rows.run::<L>());
            } else {
                // Layer by layer: each thread reads its part of the weights.
                rows.run::<L>();
            }
        });
    }
}

/// Samples on their way through a model, and memory for up to `block` of them at a time.
struct Samples<'a, M: Model> {
    model: &'a M,
    columns: &'a Columns<'a>,
    rows: Range<usize>,
    predictions: ColumnsMut<'a>,
    block: usize,
    scratch: &'a mut [f32],
    input: &'a mut [f32],
}

/// The first rows of each output, and the others.
fn split_rows<P: Port>(columns: ColumnsMut<'_>, at: usize) -> (ColumnsMut<'_>, ColumnsMut<'_>) {
    let (mut first, mut others) = (ColumnsMut::default(), ColumnsMut::default());
    for ((i, column), part) in columns.into_iter().enumerate().zip(P::PARTS) {
        (first[i], others[i]) = column.split_at_mut(at * part.len());
    }
    (first, others)
}

impl<M: Model> Samples<'_, M> {
    fn run<L>(self)
    where
        L: Run<Input = M::Input, Output = M::Output>,
    {
        let (parameters, buffers) = self.model.block().split_at(M::PARAMETER_COUNT);
        let (mut predictions, mut from) = (self.predictions, self.rows.start);
        while from < self.rows.end {
            let batch = self.block.min(self.rows.end - from);
            let (own, others) = split_rows::<M::Output>(predictions, batch);
            predictions = others;
            unpack::<M::Input>(self.columns, Rows::Range(from..from + batch), false, self.input);
            L::predict(Predict {
                batch,
                parameters,
                buffers,
                input: values::<M::Input>(Some((self.columns, from)), batch, self.input),
                output: results::<M::Output>(own),
                scratch: &mut *self.scratch,
            });
            from += batch;
        }
    }
}

impl<M: Model> Divide for Samples<'_, M> {
    fn length(&self) -> usize {
        self.rows.len()
    }

    /// The memory is divided as the samples are; each part is for one thread.
    fn divide(self, at: usize) -> (Self, Self) {
        let Self { model, columns, rows, predictions, block: all, scratch, input } = self;
        let block = (all * at / rows.len()).max(1);
        let (predictions, other_predictions) = split_rows::<M::Output>(predictions, at);
        let (scratch, other_scratch) = scratch.split_at_mut(M::MEMORY.predict.of(block, 1));
        let (input, other_input) = input.split_at_mut(block * unpacked_len::<M::Input>(false));
        let middle = rows.start + at;
        (
            Self { model, columns, rows: rows.start..middle, predictions, block, scratch, input },
            Self {
                model,
                columns,
                rows: middle..rows.end,
                predictions: other_predictions,
                block: all - block,
                scratch: other_scratch,
                input: other_input,
            },
        )
    }
}
