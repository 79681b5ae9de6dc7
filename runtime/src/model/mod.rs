//! High-level models: compile, fit, evaluate, predict, callbacks, summary, files.

mod boxed;
mod by_hand;
pub mod callbacks;
mod checkpoint;
mod dyn_model;
mod error;
mod finite;
mod fit;
mod history;
mod loss_metric;
mod predictor;
mod progress;
mod run;
mod running_scores;
mod streams;
mod summary;
mod tensors;
mod trainable;
mod trainer;
mod updates;
mod weights;
mod workspace;

pub use boxed::ModelExt;
pub use error::Error;
pub use finite::{NonFiniteCause, NonFiniteValue};
pub use fit::Fit;
pub use history::{EpochRecord, History, Scores};
pub use loss_metric::LossMetric;
pub use predictor::Predictor;
pub use running_scores::RunningScores;
pub use streams::{shuffle_epoch, step_rng};
pub use summary::Summary;
pub use tensors::{TensorError, TensorView};
pub use trainer::Trainer;
pub use weights::WeightError;
