//! Weights of samples and classes that cannot be.

/// A weight that cannot be.
///
/// ```
/// use typenet::model::{Error, WeightError};
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).sample_weights(&[1.0, -1.0]);
/// let Err(Error::Weight { error, .. }) = fit.run() else { panic!("a weight is below 0") };
/// assert_eq!(error, WeightError::Value { what: "samples", index: 1, found: -1.0 });
/// assert_eq!(error.to_string(), "weight 1 of samples is -1, expected a finite number not below 0");
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightError {
    /// There is not one weight for each sample.
    #[error("{found} sample weights came with {expected} samples, expected one weight for each sample")]
    Samples {
        /// Number of samples.
        expected: usize,
        /// Number of weights.
        found: usize,
    },
    /// There is not one weight for each class.
    #[error("{found} class weights came with {expected} classes, expected one weight for each class")]
    Classes {
        /// Number of classes.
        expected: usize,
        /// Number of weights.
        found: usize,
    },
    /// Classes have weights, and a label is of none of them: a number that means no class, or probabilities that do not
    /// sum to one.
    #[error(
        "label {index} is none of {classes} classes, expected labels of one class each where classes have weights"
    )]
    Label {
        /// Place of the label.
        index: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A weight is below zero, infinite or no number.
    #[error("weight {index} of {what} is {found}, expected a finite number not below 0")]
    Value {
        /// `samples`, `classes`, or that it is the product of both.
        what: &'static str,
        /// Place of the weight.
        index: usize,
        /// The weight.
        found: f32,
    },
}
