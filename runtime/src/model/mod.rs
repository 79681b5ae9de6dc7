//! High-level models: compile, fit, evaluate, predict, summary, files.

mod boxed;
mod checkpoint;
mod error;
mod fit;
mod history;
mod predictor;
mod progress;
mod summary;
mod trainable;
mod trainer;
mod workspace;

pub use boxed::ModelExt;
pub use error::Error;
pub use fit::Fit;
pub use history::{EpochRecord, History, Scores};
pub use predictor::Predictor;
pub use summary::Summary;
pub use trainer::Trainer;
