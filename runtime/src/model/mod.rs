//! High-level models: compile, fit, evaluate, predict, callbacks, summary, files.

pub mod callbacks;
mod cost;
mod dyn_model;
mod error;
mod model_ext;
mod predictor;
mod report;
mod run;
mod tensors;
mod training;

pub use error::Error;
pub use model_ext::ModelExt;
pub use predictor::Predictor;
pub use report::finite::{NonFiniteCause, NonFiniteValue};
pub use report::history::{EpochRecord, History, Scores};
pub use report::loss_metric::LossMetric;
#[cfg(feature = "plots")]
pub(crate) use report::picture::{Node, Picture};
pub use report::summary::Summary;
pub use run::fit::Fit;
pub use run::streams::{shuffle_epoch, step_rng};
pub use tensors::{TensorError, TensorView};
pub use training::judged::{Judged, Measured};
#[doc(hidden)]
pub use training::judged::{LossesFit, MetricsFit, Output, OutputLoss, OutputMetrics};
#[doc(hidden)]
pub use training::labels::Choose;
pub use training::labels::{ClassTable, LabelColumn, Labels, Table};
pub use training::running_scores::RunningScores;
pub use training::trainer::Trainer;
pub use training::weight_error::WeightError;

#[doc(hidden)]
pub use std::vec::Vec;
