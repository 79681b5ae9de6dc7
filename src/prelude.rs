//! What a program that declares and trains a model needs: `use typenet::prelude::*;`

pub use crate::layers::{Layer, Model};
pub use crate::{embed, model};

#[cfg(feature = "std")]
pub use crate::losses::{
    BinaryCrossEntropy, BinaryCrossEntropyWithLogits, CategoricalCrossEntropy,
    CategoricalCrossEntropyWithLogits, MeanAbsoluteError, MeanSquaredError,
};
#[cfg(feature = "std")]
pub use crate::metrics::Accuracy;
#[cfg(feature = "std")]
pub use crate::model::{ModelExt, Predictor, Trainer};
#[cfg(feature = "std")]
pub use crate::optimizers::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Nadam, Optimizer, OptimizerExt, RmsProp, Sgd,
    schedules,
};
