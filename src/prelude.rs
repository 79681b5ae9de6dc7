//! What a program that declares and trains a model needs: `use typenet::prelude::*;`
//!
//! ```
//! use typenet::prelude::*;
//!
//! model! { Classes < Dense(2 => 3, softmax) > }
//!
//! let metrics = (Accuracy::new(), TopKCategoricalAccuracy::new(2), FBetaScore::new().beta(2.0));
//! let mut trainer = Classes::new(1).compile(AdamW::default(), CategoricalCrossEntropy, metrics);
//! let mut early = EarlyStopping::new("accuracy").mode(Mode::Max);
//! let mut terminate = TerminateOnNan::new();
//! let fit = trainer.fit(&[[0.0, 1.0], [1.0, 0.0]], &[0_u8, 2]).callback(&mut early).callback(&mut terminate);
//! fit.progress(false).run()?;
//! let mut confusion = ConfusionMatrix::<3>::new();
//! confusion.update(&[trainer.predict(&[0.0, 1.0])], &[0_u8]);
//! # Ok::<(), typenet::model::Error>(())
//! ```

pub use crate::layers::{DynModel, Layer, Model};
pub use crate::{embed, model};

#[cfg(feature = "std")]
pub use crate::callbacks::{
    BackupAndRestore, CallbackList, CsvLogger, EarlyStopping, JsonLinesLogger, LambdaCallback,
    LearningRateScheduler, Mode, ModelCheckpoint, ReduceLrOnPlateau, Stop, SwapEmaWeights, TensorBoard,
    TerminateOnNan,
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
    Accuracy, Auc, AveragePrecision, ConfusionMatrix, F1Score, FBetaScore, PearsonCorrelation, Precision,
    R2Score, Recall, RootMeanSquaredError, Specificity, TopKCategoricalAccuracy,
};
#[cfg(feature = "std")]
pub use crate::model::{LossMetric, ModelExt, Predictor, Trainer};
#[cfg(feature = "std")]
pub use crate::optimizers::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Nadam, Optimizer, OptimizerExt, RmsProp, Sgd,
    schedules,
};
