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
    BinaryCrossEntropy, BinaryCrossEntropyWithLogits, BinaryFocalCrossEntropy,
    BinaryFocalCrossEntropyWithLogits, CategoricalCrossEntropy, CategoricalCrossEntropyWithLogits,
    CategoricalFocalCrossEntropy, CategoricalFocalCrossEntropyWithLogits, CategoricalHinge, CosineSimilarity,
    Hinge, Huber, KlDivergence, LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
    MeanSquaredLogarithmicError, Poisson, SquaredHinge,
};
#[cfg(feature = "std")]
pub use crate::metrics::{
    Accuracy, Auc, AveragePrecision, F1Score, PearsonCorrelation, Precision, R2Score, Recall,
    RootMeanSquaredError, Specificity,
};
#[cfg(feature = "std")]
pub use crate::model::{LossMetric, ModelExt, Predictor, Trainer};
#[cfg(feature = "std")]
pub use crate::optimizers::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Nadam, Optimizer, OptimizerExt, RmsProp, Sgd,
    schedules,
};
