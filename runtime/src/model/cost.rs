//! What work on a batch costs, in units of [`threads`](crate::hardware::threads).

use crate::layers::{Model, parameter_count};

/// Units of [`threads`](crate::hardware::threads) that an inference of `M` costs: its multiply-adds, a vector at a time.
pub(super) fn predict_cost<M: Model>(batch: usize) -> usize {
    (M::FLOPS as usize).saturating_mul(batch) / 32
}

/// Units that a training step of `M` costs: three products for each layer, and a pass over the parameters.
pub(super) fn step_cost<M: Model>(batch: usize) -> usize {
    3 * predict_cost::<M>(batch) + parameter_count::<M>()
}

/// How many pieces of such a step are shared, one after the other.
pub(super) const fn step_pieces<M: Model>() -> usize {
    3 * M::LAYERS.len()
}
