//! The trainer: its steps and their memory, what is trained and what is frozen, averages, updates.

mod averaging;
pub(super) mod batch_sizes;
mod freezing;
pub(super) mod judged;
pub(super) mod labels;
pub(super) mod running_scores;
pub(super) mod sample_weights;
pub(super) mod train_on_batch;
pub(super) mod trainable;
pub(super) mod trainer;
pub(super) mod updates;
pub(super) mod weight_error;
pub(super) mod workspace;
