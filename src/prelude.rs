//! What a program that declares and trains a model needs: `use typenet::prelude::*;`

pub use crate::layers::{Layer, Model};
pub use crate::{embed, model};

#[cfg(feature = "std")]
pub use crate::callbacks::{
    BackupAndRestore, CsvLogger, EarlyStopping, LambdaCallback, LearningRateScheduler, ModelCheckpoint,
    ReduceLrOnPlateau, Stop, TensorBoard,
};
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
pub use crate::optimizers::{Adam, AdamW, Optimizer, Sgd};
