//! The random numbers of a run: functions of its seed, so that a loop written by hand can have those of `fit`.

use crate::kernels::Rng;

const SHUFFLE: u64 = 1;
const STEPS: u64 = 2;

/// The random numbers of the steps of a run with this seed, for [`train_on_batch`](crate::model::Trainer::train_on_batch): dropout is then
/// that of [`Fit::seed`](crate::model::Fit::seed).
///
/// ```
/// use typenet::model::{shuffle_epoch, step_rng};
/// use typenet::prelude::*;
///
/// model! { Net < Dense(2 => 8, relu), Dropout(0.5), Dense(8 => 1) > }
///
/// let samples: Vec<[f32; 2]> = (0..10).map(|i| [i as f32, 1.0]).collect();
/// let labels: Vec<f32> = samples.iter().map(|sample| 0.1 * sample[0]).collect();
/// let trainer = || Net::new(1).compile(Adam::default(), MeanSquaredError, ());
/// let mut by_fit = trainer();
/// by_fit.fit(&samples, &labels).epochs(3).batch_size(4).seed(7).progress(false).run()?;
///
/// let mut by_hand = trainer();
/// for epoch in 1..=3 {
///     let mut order: Vec<usize> = (0..samples.len()).collect();
///     shuffle_epoch(7, epoch, &mut order);
///     for batch in order.chunks(4) {
///         let (samples, labels): (Vec<_>, Vec<_>) = batch.iter().map(|&i| (samples[i], labels[i])).unzip();
///         by_hand.train_on_batch(&samples, &labels, &step_rng(7))?;
///     }
/// }
/// assert_eq!(by_hand.block(), by_fit.block(), "bit by bit");
/// # Ok::<(), typenet::model::Error>(())
/// ```
pub fn step_rng(seed: u64) -> Rng {
    Rng::seed(seed).fork(STEPS)
}

/// Puts samples, or their numbers, from their given order into that of an epoch, from 1, of a shuffled run with this seed.
///
/// ```
/// use typenet::model::shuffle_epoch;
///
/// let order = |seed, epoch| {
///     let mut order = [0, 1, 2, 3, 4, 5, 6, 7];
///     shuffle_epoch(seed, epoch, &mut order);
///     order
/// };
/// assert_eq!(order(7, 1), order(7, 1));
/// assert_ne!(order(7, 1), order(7, 2));
/// assert_ne!(order(7, 1), order(8, 1));
/// ```
pub fn shuffle_epoch<T>(seed: u64, epoch: usize, samples: &mut [T]) {
    Rng::seed(seed).fork(SHUFFLE).fork(epoch as u64).shuffle(samples);
}
