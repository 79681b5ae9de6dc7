//! How much memory a layer's passes need besides their inputs and results.

/// A number of values: some for the batch as a whole, some for each of its samples, some for each thread that works on it.
///
/// ```
/// use typenet_runtime::layers::Amount;
///
/// let columns = Amount { per_batch: 10, ..Amount::per_thread(1000) };
/// assert_eq!(columns.of(32, 2), 10 + 2 * 1000);
/// assert_eq!(Amount::per_sample(3).of(32, 2), 32 * 3);
/// assert!(Amount::NONE.is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Whatever the number of samples.
    pub per_batch: usize,
    /// For each sample.
    pub per_sample: usize,
    /// For each thread that may work on the batch.
    pub per_thread: usize,
}

impl Amount {
    /// No values.
    pub const NONE: Self = Self { per_batch: 0, per_sample: 0, per_thread: 0 };

    /// So many for each sample.
    pub const fn per_sample(values: usize) -> Self {
        Self { per_sample: values, ..Self::NONE }
    }

    /// So many for each thread.
    pub const fn per_thread(values: usize) -> Self {
        Self { per_thread: values, ..Self::NONE }
    }

    /// So many for the batch.
    ///
    /// ```
    /// use typenet_runtime::layers::Amount;
    ///
    /// assert_eq!(Amount::per_batch(3).of(32, 2), 3);
    /// ```
    pub const fn per_batch(values: usize) -> Self {
        Self { per_batch: values, ..Self::NONE }
    }

    /// The number of values for a batch of so many samples, of which so many threads may work.
    pub const fn of(self, batch: usize, threads: usize) -> usize {
        let (samples, threads) =
            (self.per_sample.saturating_mul(batch), self.per_thread.saturating_mul(threads));
        self.per_batch.saturating_add(samples).saturating_add(threads)
    }

    /// Whether there are no values.
    pub const fn is_none(self) -> bool {
        self.per_batch == 0 && self.per_sample == 0 && self.per_thread == 0
    }

    /// Enough for one and for the other, one after the other in the same place.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self {
            per_batch: larger(self.per_batch, other.per_batch),
            per_sample: larger(self.per_sample, other.per_sample),
            per_thread: larger(self.per_thread, other.per_thread),
        }
    }

    /// Enough for both at once.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            per_batch: self.per_batch + other.per_batch,
            per_sample: self.per_sample + other.per_sample,
            per_thread: self.per_thread + other.per_thread,
        }
    }
}

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// What a layer's passes need besides their inputs and results.
///
/// ```
/// use typenet_runtime::layers::{Amount, Memory};
///
/// /// A layer whose derivative is a function of its output, and that keeps nothing else.
/// const TANH: Memory = Memory { reads_input: false, ..Memory::NONE };
/// assert!(TANH.reads_output && TANH.kept.is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// What a forward pass in training keeps for the backward pass, besides input and output. Not for each thread.
    pub kept: Amount,
    /// Scratch of an inference.
    pub predict: Amount,
    /// Scratch of a forward pass in training.
    pub forward: Amount,
    /// Scratch of a backward pass.
    pub backward: Amount,
    /// Whether the backward pass reads the input. An input that nobody reads again is not kept, and is an empty slice there.
    pub reads_input: bool,
    /// Whether the backward pass reads the output, likewise.
    pub reads_output: bool,
}

impl Memory {
    /// Nothing besides input and output, of which the backward pass may read both.
    pub const NONE: Self = Self {
        kept: Amount::NONE,
        predict: Amount::NONE,
        forward: Amount::NONE,
        backward: Amount::NONE,
        reads_input: true,
        reads_output: true,
    };
}
