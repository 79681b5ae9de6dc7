//! Losses: how wrong predictions are, and in which direction each logit should move.
//!
//! A loss is paired by types with the activation a model ends with, the array it predicts and the labels; a pair
//! that does not fit does not compile. Cross-entropies of `softmax` and `sigmoid` are computed from the logits,
//! where they and their gradients are stable.
//!
//! Losses know no layers, optimizers or metrics.

mod binary;
mod categorical;
mod cosine;
mod focal;
pub mod from_probabilities;
mod hinge;
mod pointwise;
mod settings;
mod through_head;

pub use binary::{BinaryCrossEntropy, BinaryCrossEntropyWithLogits};
pub use categorical::{CategoricalCrossEntropy, CategoricalCrossEntropyWithLogits, KlDivergence};
pub use cosine::CosineSimilarity;
pub use focal::{
    BinaryFocalCrossEntropy, BinaryFocalCrossEntropyWithLogits, CategoricalFocalCrossEntropy,
    CategoricalFocalCrossEntropyWithLogits,
};
pub use hinge::{CategoricalHinge, Hinge, SquaredHinge};
pub use pointwise::{
    FromFn, Huber, LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
    MeanSquaredLogarithmicError, Poisson, from_fn,
};
pub use through_head::through_head;

pub use crate::schema::SettingError;
pub use crate::schema::label::LabelError;

/// Loss of a model that ends with activation `Head` and predicts `Output`, against labels of type `Label`.
///
/// # Example
/// The gradient that a training loop of one's own starts from:
///
/// ```
/// use typenet_runtime::kernels::activation::Softmax;
/// use typenet_runtime::losses::{CategoricalCrossEntropy, Loss};
///
/// let labels = [1u8, 0];
/// let mut logits = [0.0, 0.0, 0.0, 0.0];
/// let mut gradient = [0.0; 4];
/// let loss = &CategoricalCrossEntropy as &dyn Loss<Softmax, [f32; 2], u8>;
/// let sum = loss.evaluate(&labels, None, &mut logits, Some(&mut gradient));
/// assert!((sum / 2.0 - 2.0f64.ln()).abs() < 1e-6);
/// assert_eq!(logits, [0.5; 4]);
/// assert_eq!(gradient, [0.25, -0.25, -0.25, 0.25]);
/// ```
///
/// A loss of one's own is a closure ([`from_fn`]) if it looks at one value at a time, otherwise a type: [`through_head`] shows
/// one.
///
/// A cross-entropy over classes does not fit ten separate probabilities:
///
/// ```compile_fail,E0277
/// # use typenet_runtime::kernels::activation::Sigmoid;
/// # use typenet_runtime::losses::{CategoricalCrossEntropy, Loss};
/// let loss = &CategoricalCrossEntropy as &dyn Loss<Sigmoid, [f32; 10], u8>;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit an output that ends in `{Head}` and predicts `{Output}`",
    label = "this is where the loss, given to `compile`, does not fit the model",
    note = "`Categorical…CrossEntropy` and `KlDivergence` want `softmax` or `log_softmax`, `Binary…CrossEntropy` wants \
            `sigmoid`, those `…WithLogits` want no activation (`Linear`), all others take any",
    note = "of N classes, labels are integers or `[f32; N]`; of yes and no, `bool`, `u8`, `f32` or an array like the \
            output; of numbers, an array like the output, or `f32` for one output"
)]
pub trait Loss<Head, Output, Label>: Send + Sync {
    /// Keras's name for it, in snake case.
    fn name(&self) -> &'static str;

    /// The settings by name, switches as 0 or 1: a checkpoint is one of a run only if they agree.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Linear;
    /// use typenet_runtime::losses::{Huber, Loss};
    ///
    /// let loss = &Huber.delta(0.5) as &dyn Loss<Linear, [f32; 1], f32>;
    /// assert_eq!(loss.settings(), [("delta", 0.5)]);
    /// ```
    fn settings(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// Whether the loss's settings can be.
    ///
    /// # Errors
    /// [`SettingError`] names the first that cannot.
    fn validate(&self) -> Result<(), SettingError> {
        Ok(())
    }

    /// Whether every label can be.
    ///
    /// # Errors
    /// [`LabelError`] names the first that cannot.
    fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError>;

    /// Sum of the losses of all samples, in their order, each multiplied by its weight if there are `weights`. A sample of
    /// weight zero adds nothing to the sum and has a gradient of zero, whatever its logits. The sum is NaN if a logit of
    /// another is, and so is the gradient by it.
    ///
    /// `logits` come in as the values before `Head` and leave with `Head` applied: as the predictions. `gradient`, if
    /// given, receives the gradient by the logits of that sum *over the number of samples*, as in Keras: not over the sum
    /// of the weights. Allocates nothing.
    ///
    /// # Panics
    /// If `logits` or `gradient` is not as long as the outputs of all labels, there is not one weight for each label, or
    /// a setting or a label is one that [`validate`](Self::validate) or [`check_labels`](Self::check_labels) refuses.
    fn evaluate(
        &self,
        labels: &[Label],
        weights: Option<&[f32]>,
        logits: &mut [f32],
        gradient: Option<&mut [f32]>,
    ) -> f64;
}

/// A [`Loss`] that can be told from predictions, after `Head`: what a metric sees. Every loss of this library is one.
///
/// Cross-entropies of probabilities clip them at 1e-7, as in [`from_probabilities`] and in Keras.
///
/// ```
/// use typenet_runtime::kernels::activation::Softmax;
/// use typenet_runtime::losses::{CategoricalCrossEntropy, OfPredictions};
///
/// let loss = &CategoricalCrossEntropy as &dyn OfPredictions<Softmax, [f32; 2], u8>;
/// let sum = loss.of_predictions(&[0, 0], &[[0.5, 0.5], [0.0, 1.0]]);
/// assert!((sum - (-0.5f64.ln() - 1e-7f64.ln())).abs() < 1e-12);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no metric of an output that ends in `{Head}` and predicts `{Output}`",
    note = "a loss is a metric of the models and labels that it fits as a loss"
)]
pub trait OfPredictions<Head, Output, Label>: Loss<Head, Output, Label> {
    /// Sum of the losses of all samples, in their order.
    ///
    /// # Panics
    /// If a label is one that [`check_labels`](Loss::check_labels) refuses.
    fn of_predictions(&self, labels: &[Label], predictions: &[Output]) -> f64;
}

/// The weight of a sample: one, if there are none.
fn weight(weights: Option<&[f32]>, sample: usize) -> f64 {
    weights.map_or(1.0, |weights| f64::from(weights[sample]))
}

/// What a sample's `loss` adds to the sum: one that weighs nothing adds nothing, also if its loss is not finite.
fn weighted(weights: Option<&[f32]>, sample: usize, loss: f64) -> f64 {
    match weight(weights, sample) {
        0.0 => 0.0,
        weight => weight * loss,
    }
}

/// Sets the gradient by the `len` logits of each sample that weighs nothing to zero, also if its derivative is not finite.
fn clear_unweighted(weights: Option<&[f32]>, len: usize, gradient: &mut [f32]) {
    for (weight, gradient) in weights.unwrap_or_default().iter().zip(gradient.chunks_exact_mut(len)) {
        if *weight == 0.0 {
            gradient.fill(0.0);
        }
    }
}

/// Panics unless `logits` and `gradient` hold `len` values for each of `batch` samples, and `weights` one.
#[track_caller]
fn assert_lengths(
    batch: usize,
    len: usize,
    weights: Option<&[f32]>,
    logits: &[f32],
    gradient: Option<&[f32]>,
) {
    assert_eq!(logits.len(), batch * len, "evaluate: {batch} labels, {len} logits each");
    if let Some(weights) = weights {
        assert_eq!(weights.len(), batch, "evaluate: one weight for each label");
    }
    if let Some(gradient) = gradient {
        assert_eq!(gradient.len(), logits.len(), "evaluate: one gradient for each logit");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::activation::*;

    /// Sum of the losses, predictions and gradient.
    fn run<Head, const N: usize, Label, const VALUES: usize>(
        loss: impl Loss<Head, [f32; N], Label>,
        labels: &[Label],
        logits: [f32; VALUES],
    ) -> (f64, [f32; VALUES], [f32; VALUES]) {
        loss.check_labels(labels).expect("labels that can be");
        let (mut predictions, mut gradient) = (logits, [f32::NAN; VALUES]);
        let sum = loss.evaluate(labels, None, &mut predictions, Some(&mut gradient));
        let mut again = logits;
        assert_eq!(loss.evaluate(labels, None, &mut again, None).to_bits(), sum.to_bits());
        assert_eq!(again.map(f32::to_bits), predictions.map(f32::to_bits));
        (sum, predictions, gradient)
    }

    #[test]
    fn categorical_cross_entropy_by_hand() {
        let logits = [0.0, 3.0f32.ln(), 0.0, 0.0];
        let (sum, predictions, gradient) =
            run::<Softmax, 2, _, 4>(CategoricalCrossEntropy, &[0u8, 1], logits);
        let near = |x: f64, y: f64| assert!((x - y).abs() < 8.0 * f64::from(f32::EPSILON), "{x} {y}");
        near(sum, 4.0f64.ln() + 2.0f64.ln());
        for (found, expected) in predictions.into_iter().zip([0.25, 0.75, 0.5, 0.5]) {
            near(f64::from(found), expected);
        }
        // Half of p − y: the gradient is that of the mean over two samples.
        for (found, expected) in gradient.into_iter().zip([-0.375, 0.375, 0.25, -0.25]) {
            near(f64::from(found), expected);
        }
    }

    #[test]
    fn heads_that_mean_the_same_give_the_same_bits() {
        let logits = [0.5, -1.5, 2.0, 3.0, 1.0, -4.0];
        let classes = [2usize, 1];
        let softmax = run::<Softmax, 3, _, 6>(CategoricalCrossEntropy, &classes, logits);
        let log_softmax = run::<LogSoftmax, 3, _, 6>(CategoricalCrossEntropy, &classes, logits);
        let linear = run::<Linear, 3, _, 6>(CategoricalCrossEntropyWithLogits, &classes, logits);
        assert_eq!((softmax.0, softmax.2), (log_softmax.0, log_softmax.2));
        assert_eq!((softmax.0, softmax.2), (linear.0, linear.2));
        assert_eq!(linear.1, logits);
        let sigmoid = run::<Sigmoid, 1, _, 2>(BinaryCrossEntropy, &[true, false], [0.5, -2.0]);
        let linear = run::<Linear, 1, _, 2>(BinaryCrossEntropyWithLogits, &[true, false], [0.5, -2.0]);
        assert_eq!((sigmoid.0, sigmoid.2), (linear.0, linear.2));
        assert_eq!(linear.1, [0.5, -2.0]);
    }

    #[test]
    fn labels_that_mean_the_same_give_the_same_bits() {
        let logits = [0.5, -1.5, 2.0, 3.0, 1.0, -4.0];
        let number = run::<Softmax, 3, _, 6>(CategoricalCrossEntropy, &[2u8, 1], logits);
        assert_eq!(number, run::<Softmax, 3, _, 6>(CategoricalCrossEntropy, &[2i64, 1], logits));
        let one_hot = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]];
        assert_eq!(number, run::<Softmax, 3, _, 6>(CategoricalCrossEntropy, &one_hot, logits));
        let truth = run::<Sigmoid, 1, _, 2>(BinaryCrossEntropy, &[true, false], [0.5, -2.0]);
        assert_eq!(truth, run::<Sigmoid, 1, _, 2>(BinaryCrossEntropy, &[1u8, 0], [0.5, -2.0]));
        assert_eq!(truth, run::<Sigmoid, 1, _, 2>(BinaryCrossEntropy, &[1.0f32, 0.0], [0.5, -2.0]));
        assert_eq!(truth, run::<Sigmoid, 1, _, 2>(BinaryCrossEntropy, &[[1.0f32], [0.0]], [0.5, -2.0]));
        let number = run::<Tanh, 1, _, 2>(MeanSquaredError, &[0.5f32, -1.0], [0.5, -2.0]);
        assert_eq!(number, run::<Tanh, 1, _, 2>(MeanSquaredError, &[[0.5f32], [-1.0]], [0.5, -2.0]));
    }

    #[test]
    fn losses_are_stable_at_extreme_logits() {
        let (sum, predictions, gradient) =
            run::<Softmax, 2, _, 4>(CategoricalCrossEntropy, &[0u8, 1], [1e4, -1e4, 1e4, -1e4]);
        assert_eq!((sum, predictions, gradient), (2e4, [1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.5, -0.5]));
        let (sum, predictions, gradient) =
            run::<Sigmoid, 1, _, 4>(BinaryCrossEntropy, &[true, false, true, false], [1e4, 1e4, -1e4, -1e4]);
        assert_eq!((sum, predictions, gradient), (2e4, [1.0, 1.0, 0.0, 0.0], [0.0, 0.25, -0.25, 0.0]));
    }

    #[test]
    fn an_impossible_class_costs_nothing_where_its_logarithm_is_infinite() {
        fn check<Label>(loss: impl OfPredictions<LogSoftmax, [f32; 2], Label> + Copy, label: Label) {
            let labels = [label];
            let (sum, predictions, _) = run::<LogSoftmax, 2, _, 2>(loss, &labels, [0.5, f32::NEG_INFINITY]);
            assert_eq!(predictions, [0.0, f32::NEG_INFINITY]);
            assert_eq!((sum, loss.of_predictions(&labels, &[predictions])), (0.0, 0.0), "{}", loss.name());
            assert!(loss.of_predictions(&labels, &[[f32::NAN; 2]]).is_nan(), "{}", loss.name());
        }
        check(CategoricalCrossEntropy, 0u8);
        check(CategoricalCrossEntropy, [1.0, 0.0]);
        check(CategoricalFocalCrossEntropy, 0u8);
        check(KlDivergence, [1.0, 0.0]);
    }

    #[test]
    fn a_nan_logit_gives_a_nan_loss_and_gradient() {
        fn check<Head: Activation, Label>(loss: impl Loss<Head, [f32; 2], Label>, label: Label) {
            let name = loss.name();
            let (sum, _, gradient) = run::<Head, 2, _, 2>(loss, &[label], [0.0, f32::NAN]);
            assert!(sum.is_nan() && gradient[1].is_nan(), "{name} {}: {sum} {gradient:?}", Head::NAME);
        }
        check::<Softmax, _>(CategoricalCrossEntropy, 0u8);
        check::<LogSoftmax, _>(CategoricalCrossEntropy, [1.0, 0.0]);
        check::<Sigmoid, _>(BinaryCrossEntropy, [1.0, 1.0]);
        check::<Linear, _>(MeanSquaredError, [1.0, 1.0]);
        check::<Softmax, _>(MeanAbsoluteError, [1.0, 1.0]);
        check::<Linear, _>(MeanSquaredLogarithmicError, [1.0, 1.0]);
        check::<Linear, _>(Huber, [1.0, 1.0]);
        check::<Linear, _>(LogCosh, [1.0, 1.0]);
        check::<Linear, _>(Hinge, [1.0, 1.0]);
        check::<Linear, _>(SquaredHinge, [1.0, 1.0]);
        check::<Linear, _>(CategoricalHinge, 0u8);
        check::<Linear, _>(CategoricalHinge, 1u8);
        check::<Linear, _>(CosineSimilarity, [1.0, 1.0]);
        check::<Softplus, _>(Poisson, [1.0, 0.0]);
        check::<Sigmoid, _>(BinaryFocalCrossEntropy, [1.0, 1.0]);
        check::<Softmax, _>(CategoricalFocalCrossEntropy, 0u8);
        check::<Softmax, _>(KlDivergence, [0.5, 0.5]);
        check::<Relu, _>(MeanSquaredError, [1.0, 1.0]);
        check::<LeakyRelu, _>(MeanAbsolutePercentageError, [1.0, 1.0]);
        check::<HardSigmoid, _>(from_fn(|y: f64, t: f64| (y - t, 1.0)), [1.0, 1.0]);
        check::<Linear, _>(CategoricalCrossEntropyWithLogits, 0u8);
        check::<Linear, _>(BinaryCrossEntropyWithLogits, [1.0, 0.0]);
        check::<Linear, _>(BinaryFocalCrossEntropyWithLogits, [1.0, 0.0]);
        check::<Linear, _>(CategoricalFocalCrossEntropyWithLogits, 0u8);
    }

    #[test]
    fn pointwise_losses_by_hand() {
        let (sum, predictions, gradient) =
            run::<Relu, 2, _, 4>(MeanSquaredError, &[[1.0, 2.0], [0.0, 0.0]], [3.0, -1.0, 0.5, 1.0]);
        assert_eq!(sum, (4.0 + 4.0) / 2.0 + (0.25 + 1.0) / 2.0);
        assert_eq!(predictions, [3.0, 0.0, 0.5, 1.0]);
        assert_eq!(gradient, [1.0, 0.0, 0.25, 0.5]);
        let (sum, _, gradient) =
            run::<Linear, 2, _, 4>(MeanAbsoluteError, &[[1.0, 2.0], [0.0, 1.0]], [3.0, -1.0, 0.5, 1.0]);
        assert_eq!(sum, (2.0 + 3.0) / 2.0 + 0.5 / 2.0);
        assert_eq!(gradient, [0.25, -0.25, 0.25, 0.0]);
    }

    #[test]
    fn other_losses_by_hand() {
        let (sum, _, gradient) =
            run::<Linear, 1, _, 2>(MeanAbsolutePercentageError, &[4.0f32, -2.0], [5.0, -1.0]);
        assert_eq!((sum, gradient), (25.0 + 50.0, [12.5, 25.0]));
        let (sum, _, gradient) = run::<Linear, 1, _, 1>(MeanAbsolutePercentageError, &[0.0f32], [1.0]);
        assert_eq!((sum as f32, gradient), (1e9, [1e9]));
        let (sum, _, gradient) = run::<Linear, 1, _, 2>(Huber.delta(2.0), &[0.0f32, 0.0], [1.0, -3.0]);
        assert_eq!((sum, gradient), (0.5 + 4.0, [0.5, -1.0]));
        let (sum, _, gradient) = run::<Linear, 1, _, 3>(SquaredHinge, &[1.0f32, -1.0, 0.0], [0.5, 0.5, -1.0]);
        assert_eq!((sum, gradient), (0.25 + 2.25, [-1.0 / 3.0, 1.0, 0.0]));
        // Two wrong outputs are the largest, and share the derivative; a margin of exactly one has none.
        let (sum, _, gradient) =
            run::<Linear, 3, _, 6>(CategoricalHinge, &[2u8, 0], [1.0, 1.0, 0.5, 2.0, 1.0, 0.0]);
        assert_eq!((sum, gradient), (1.5, [0.25, 0.25, -0.5, 0.0, 0.0, 0.0]));
        let (sum, _, gradient) =
            run::<Linear, 2, _, 4>(CosineSimilarity, &[[3.0, 4.0], [1.0, 0.0]], [4.0, 3.0, 0.0, 0.0]);
        assert!((sum + 0.96).abs() < 1e-12 && gradient[..2].iter().all(|g| g.is_finite()), "{gradient:?}");
        assert!(
            (4.0 * gradient[0] + 3.0 * gradient[1]).abs() < 1e-6,
            "the direction turns, the length stays"
        );
        // e²/2 keeps its digits where 1 − cosh e would lose them.
        let (sum, _, _) = run::<Linear, 1, _, 1>(LogCosh, &[0.0f32], [2.0f32.powi(-20)]);
        assert!((sum / 2.0f64.powi(-41) - 1.0).abs() < 1e-11, "{sum}");
        assert_eq!(run::<Linear, 1, _, 1>(LogCosh, &[0.0f32], [-1e30]).2, [-1.0]);
    }

    #[test]
    fn a_weight_multiplies_loss_and_gradient() {
        fn check<Head, Label, L: Loss<Head, [f32; 2], Label>>(loss: L, labels: &[Label; 3]) {
            let (logits, weights) = ([0.5, -1.5, 2.0, 0.75, 1.0, -4.0], [2.0, 0.0, 0.5]);
            let (mut all, mut gradient) = (logits, [f32::NAN; 6]);
            let sum = loss.evaluate(labels, Some(&weights), &mut all, Some(&mut gradient));
            let mut expected = 0.0;
            for i in 0..3 {
                let (mut one, mut slope) = ([logits[2 * i], logits[2 * i + 1]], [f32::NAN; 2]);
                let label = core::slice::from_ref(&labels[i]);
                expected += f64::from(weights[i]) * loss.evaluate(label, None, &mut one, Some(&mut slope));
                assert_eq!(one, all[2 * i..][..2], "predictions have no weight");
                for (found, slope) in gradient[2 * i..][..2].iter().zip(slope) {
                    let expected = slope * weights[i] / 3.0;
                    assert!(
                        (found - expected).abs() <= 2.0 * f32::EPSILON * expected.abs(),
                        "{found} {expected}"
                    );
                }
            }
            assert!((sum - expected).abs() <= 1e-12 * expected.abs(), "{sum} {expected}");
        }
        let (numbers, classes) = ([[0.25f32, 1.0], [-1.0, 3.0], [0.5, 0.0]], [0u8, 1, 1]);
        let (truths, soft) =
            ([[1.0f32, 0.0], [0.0, 0.0], [1.0, 1.0]], [[0.25f32, 0.75], [0.5, 0.5], [1.0, 0.0]]);
        check::<Tanh, _, _>(MeanSquaredError, &numbers);
        check::<Gelu, _, _>(LogCosh, &numbers);
        check::<Linear, _, _>(CosineSimilarity, &numbers);
        check::<Linear, _, _>(Hinge, &truths);
        check::<Linear, _, _>(CategoricalHinge, &classes);
        check::<Sigmoid, _, _>(BinaryCrossEntropy.label_smoothing(0.1), &truths);
        check::<Sigmoid, _, _>(BinaryFocalCrossEntropy, &truths);
        check::<Softmax, _, _>(CategoricalCrossEntropy, &classes);
        check::<Softmax, _, _>(CategoricalCrossEntropy.label_smoothing(0.1), &soft);
        check::<LogSoftmax, _, _>(CategoricalFocalCrossEntropy, &soft);
        check::<Softmax, _, _>(KlDivergence, &soft);
        check::<Relu, _, _>(from_fn(|y: f64, t: f64| ((y - t).powi(4), 4.0 * (y - t).powi(3))), &numbers);
    }

    #[test]
    fn a_sample_of_weight_zero_contributes_nothing_whatever_its_loss() {
        /// The first sample counts, with finite logits; the second does not.
        fn check<Head: Activation, Label>(loss: impl Loss<Head, [f32; 2], Label>, labels: &[Label; 2]) {
            let (nan, infinity) = (f32::NAN, f32::INFINITY);
            for other in [[nan, 0.5], [infinity, -1.0], [-infinity, infinity], [-2.0, f32::MAX]] {
                let mut both = [0.5, -0.25, other[0], other[1]];
                let mut gradient = [nan; 4];
                let sum = loss.evaluate(labels, Some(&[2.0, 0.0]), &mut both, Some(&mut gradient));
                let (mut one, mut slope) = ([0.5, -0.25], [nan; 2]);
                let alone = loss.evaluate(&labels[..1], Some(&[2.0]), &mut one, Some(&mut slope));
                let about = (loss.name(), Head::NAME, other);
                assert_eq!(sum, alone, "{about:?}");
                assert_eq!(gradient, [slope[0] / 2.0, slope[1] / 2.0, 0.0, 0.0], "{about:?}");
                let mut again = [0.5, -0.25, other[0], other[1]];
                assert_eq!(loss.evaluate(labels, Some(&[2.0, 0.0]), &mut again, None), alone, "{about:?}");
                // The prediction itself is what it is.
                assert_eq!(again.map(f32::to_bits), both.map(f32::to_bits), "{about:?}");
            }
        }
        let (numbers, classes) = ([[0.25f32, 1.0], [1.0, 3.0]], [0u8, 1]);
        let (truths, soft) = ([[1.0f32, 0.0], [0.0, 1.0]], [[0.25f32, 0.75], [1.0, 0.0]]);
        check::<Linear, _>(MeanSquaredError, &numbers);
        check::<Relu, _>(MeanSquaredError, &numbers);
        check::<Gelu, _>(MeanSquaredError, &numbers);
        check::<Softmax, _>(MeanSquaredError, &numbers);
        check::<LogSoftmax, _>(MeanAbsoluteError, &numbers);
        check::<Tanh, _>(MeanAbsolutePercentageError, &numbers);
        check::<LeakyRelu, _>(MeanSquaredLogarithmicError, &numbers);
        check::<HardSigmoid, _>(Huber, &numbers);
        check::<Silu, _>(LogCosh, &numbers);
        check::<Softplus, _>(Poisson, &numbers);
        check::<Linear, _>(from_fn(|y: f64, t: f64| (1.0 / (y - t), f64::INFINITY * (y - t))), &numbers);
        check::<Linear, _>(CosineSimilarity, &numbers);
        check::<Linear, _>(Hinge, &truths);
        check::<Linear, _>(SquaredHinge, &truths);
        check::<Linear, _>(CategoricalHinge, &classes);
        check::<Sigmoid, _>(BinaryCrossEntropy, &truths);
        check::<Sigmoid, _>(BinaryCrossEntropy.label_smoothing(0.1), &truths);
        check::<Linear, _>(BinaryCrossEntropyWithLogits, &truths);
        check::<Sigmoid, _>(BinaryFocalCrossEntropy, &truths);
        check::<Linear, _>(BinaryFocalCrossEntropyWithLogits.label_smoothing(0.1), &truths);
        check::<Softmax, _>(CategoricalCrossEntropy, &classes);
        check::<LogSoftmax, _>(CategoricalCrossEntropy.label_smoothing(0.1), &soft);
        check::<Linear, _>(CategoricalCrossEntropyWithLogits, &soft);
        check::<Softmax, _>(CategoricalFocalCrossEntropy, &classes);
        check::<LogSoftmax, _>(CategoricalFocalCrossEntropy.label_smoothing(0.1), &soft);
        check::<Linear, _>(CategoricalFocalCrossEntropyWithLogits, &soft);
        check::<Softmax, _>(KlDivergence, &soft);
        check::<LogSoftmax, _>(KlDivergence, &soft);
    }

    #[test]
    #[should_panic(expected = "one weight for each label")]
    fn too_few_weights_panic() {
        Loss::<Linear, [f32; 1], f32>::evaluate(&LogCosh, &[0.0], Some(&[]), &mut [0.0], None);
    }

    #[test]
    fn every_default_is_kerass() {
        assert_eq!((Huber.delta, Huber::default()), (1.0, Huber));
        assert_eq!(CategoricalCrossEntropy.label_smoothing, 0.0);
        let focal = BinaryFocalCrossEntropy;
        assert_eq!((focal.gamma, focal.alpha, focal.apply_class_balancing), (2.0, 0.25, false));
        assert_eq!((CategoricalFocalCrossEntropy.gamma, CategoricalFocalCrossEntropy.alpha), (2.0, 0.25));
    }

    #[test]
    fn outputs_may_have_several_sizes() {
        let labels = [[[1.0f32, 0.0], [0.0, 1.0]]];
        let (mut flat, mut deep) = ([0.5f32, -1.0, 2.0, 0.0], [0.5f32, -1.0, 2.0, 0.0]);
        let shallow = [[1.0f32, 0.0, 0.0, 1.0]];
        let expected =
            Loss::<Sigmoid, [f32; 4], _>::evaluate(&BinaryCrossEntropy, &shallow, None, &mut flat, None);
        let found =
            Loss::<Sigmoid, [[f32; 2]; 2], _>::evaluate(&BinaryCrossEntropy, &labels, None, &mut deep, None);
        assert_eq!((found, deep), (expected, flat));
        // A cosine of each row over the last size, and their mean.
        let mut deep = [1.0f32, 0.0, 0.0, -1.0];
        let sum =
            Loss::<Linear, [[f32; 2]; 2], _>::evaluate(&CosineSimilarity, &labels, None, &mut deep, None);
        assert_eq!(sum, 0.0);
        // Softmax runs over the last size: two rows of two.
        let mut deep = [0.0f32; 4];
        Loss::<Softmax, [[f32; 2]; 2], _>::evaluate(&MeanSquaredError, &labels, None, &mut deep, None);
        assert_eq!(deep, [0.5; 4]);
    }

    #[test]
    fn an_empty_batch_has_no_loss() {
        assert_eq!(run::<Softmax, 2, u8, 0>(CategoricalCrossEntropy, &[], []).0, 0.0);
        assert_eq!(run::<Sigmoid, 2, [f32; 2], 0>(BinaryCrossEntropy, &[], []).0, 0.0);
        assert_eq!(run::<Linear, 2, [f32; 2], 0>(MeanSquaredError, &[], []).0, 0.0);
    }

    #[test]
    fn the_first_label_that_cannot_be_is_named() {
        fn check<Head, const N: usize, Label>(
            loss: impl Loss<Head, [f32; N], Label>,
            labels: &[Label],
        ) -> LabelError {
            loss.check_labels(labels).expect_err("a label that cannot be")
        }
        let class = |index, found: &str, classes| LabelError::Class { index, found: found.into(), classes };
        assert_eq!(check::<Softmax, 3, _>(CategoricalCrossEntropy, &[0u8, 3, 4]), class(1, "3", 3));
        assert_eq!(check::<LogSoftmax, 3, _>(CategoricalCrossEntropy, &[-1i32]), class(0, "-1", 3));
        assert_eq!(check::<Linear, 1, _>(BinaryCrossEntropyWithLogits, &[1u8, 2]), class(1, "2", 2));
        assert_eq!(
            check::<Softmax, 2, _>(CategoricalCrossEntropy, &[[0.5, 0.5], [0.5, 0.75]]),
            LabelError::NotADistribution { index: 1, sum: 1.25 }
        );
        assert_eq!(
            check::<Softmax, 2, _>(CategoricalCrossEntropy, &[[1.5, -0.5]]),
            LabelError::NotAProbability { index: 0, place: 0, found: 1.5 }
        );
        assert_eq!(
            check::<Sigmoid, 1, _>(BinaryCrossEntropy, &[0.5f32, -0.1]),
            LabelError::NotAProbability { index: 1, place: 0, found: -0.1 }
        );
        assert!(matches!(
            check::<Linear, 2, _>(MeanSquaredError, &[[0.0, 1.0], [0.0, f32::NAN]]),
            LabelError::NotFinite { index: 1, place: 1, .. }
        ));
        assert!(matches!(
            check::<Softplus, 2, _>(Poisson, &[[0.0, 1.0], [-1.0, 0.0]]),
            LabelError::Negative { index: 1, place: 0, found: -1.0 }
        ));
        assert_eq!(
            check::<Linear, 1, _>(Hinge, &[1i8, 0, -1, 2]).to_string(),
            "label 3 has 2 at place 0, expected -1 or 1, or 0 for -1"
        );
        assert!(matches!(
            check::<Linear, 2, _>(SquaredHinge, &[[1.0, 0.5]]),
            LabelError::NotASign { index: 0, place: 1, found: 0.5 }
        ));
        assert_eq!(class(7, "10", 10).to_string(), "label 7 is class 10, expected a class from 0 to 9");
    }

    #[test]
    fn distributions_that_were_rounded_are_accepted() {
        let labels = [[1.0f32 / 3.0; 3], [0.1, 0.2, 0.7]];
        assert_eq!(Loss::<Softmax, [f32; 3], _>::check_labels(&CategoricalCrossEntropy, &labels), Ok(()));
    }

    #[test]
    #[should_panic(expected = "class 3 is not one of 3")]
    fn evaluating_a_class_too_many_panics() {
        Loss::<Softmax, [f32; 3], u8>::evaluate(&CategoricalCrossEntropy, &[3], None, &mut [0.0; 3], None);
    }

    #[test]
    #[should_panic(expected = "2 labels, 3 logits each")]
    fn too_few_logits_panic() {
        Loss::<Softmax, [f32; 3], u8>::evaluate(&CategoricalCrossEntropy, &[0, 1], None, &mut [0.0; 3], None);
    }

    #[test]
    fn probabilities_are_clipped_as_in_keras() {
        use from_probabilities::{binary_cross_entropy, categorical_cross_entropy};
        let loss = categorical_cross_entropy(&[1u8, 0], &[[1.0, 0.0], [0.5, 1.5]], None);
        assert_eq!(loss, -(1e-7f64.ln()) - 0.25f64.ln());
        let mut gradient = [[f32::NAN; 2]];
        assert_eq!(binary_cross_entropy(&[[0.0, 1.0]], &[[1.0, 0.5]], Some(&mut gradient)), {
            (-(1.0 - (1.0 - 1e-7f64)).ln() - 0.5f64.ln()) / 2.0
        });
        // Nothing moves where the probability is clipped; elsewhere half of (p − t) / (p·(1 − p)).
        assert_eq!(gradient, [[0.0, -1.0]]);
        categorical_cross_entropy(&[[0.5, 0.5]], &[[0.0, 1.0]], Some(&mut gradient));
        assert_eq!(gradient, [[0.0, 0.0]]);
        assert!(categorical_cross_entropy(&[0u8], &[[f32::NAN, 0.5]], None).is_nan());
        assert!(binary_cross_entropy(&[[1.0]], &[[f32::NAN]], None).is_nan());
    }
}
