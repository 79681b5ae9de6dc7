//! Cross-entropies of probabilities that are already at hand, with Keras's clipping.
//!
//! For code that has no logits. A model's own loss is computed from its logits, without clipping.

use crate::kernels::Function;
use crate::schema::FloatArray;
use crate::schema::label::{BinaryLabel, CategoricalLabel};

/// Probabilities are kept this far from 0 and 1 (`keras.config.epsilon()`).
const EPSILON: f64 = 1e-7;

/// A probability kept in `[ε, 1 − ε]`.
pub(super) fn clip(p: f64) -> f64 {
    p.clamp(EPSILON, 1.0 - EPSILON)
}

/// `−t·log p − (1 − t)·log(1 − p)`
pub(super) fn surprise(t: f64, p: f64) -> f64 {
    -(t * p.ln() + (1.0 - t) * (-p).ln_1p())
}

/// `−log q` of each class, from predicted probabilities or their logarithms.
pub(super) fn surprises(head: Function, row: &[f32]) -> impl Fn(usize) -> f64 {
    let sum: f64 = row.iter().map(|&p| f64::from(p)).sum();
    move |i| match head {
        Function::LogSoftmax => -f64::from(row[i]),
        _ => -clip(f64::from(row[i]) / sum).ln(),
    }
}

/// Sum over the samples of `−Σᵢ tᵢ·log qᵢ` with `q = p / Σp`, kept in `[ε, 1 − ε]`; ε = 1e-7.
///
/// `gradient`, if given, receives the gradient of the mean over the samples by `p`; where `q` is clipped, that of
/// `log q` is zero.
///
/// ```
/// use typenet_runtime::losses::from_probabilities::categorical_cross_entropy;
///
/// let mut gradient = [[0.0; 2]];
/// let sum = categorical_cross_entropy(&[0u8], &[[0.25, 0.75]], Some(&mut gradient));
/// assert!((sum - 4.0f64.ln()).abs() < 1e-12);
/// // −1 / p of the class, and 1 of each from the division by Σp.
/// assert_eq!(gradient, [[-3.0, 1.0]]);
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn categorical_cross_entropy<const N: usize, Label: CategoricalLabel<N>>(
    labels: &[Label],
    probabilities: &[[f32; N]],
    mut gradient: Option<&mut [[f32; N]]>,
) -> f64 {
    assert_eq!(labels.len(), probabilities.len(), "categorical_cross_entropy: one label for each sample");
    if let Some(gradient) = &gradient {
        assert_eq!(labels.len(), gradient.len(), "categorical_cross_entropy: one gradient for each sample");
    }
    let mut loss = 0.0;
    for (s, (label, p)) in labels.iter().zip(probabilities).enumerate() {
        let sum: f64 = p.iter().map(|&p| f64::from(p)).sum();
        // The loss by p is −(tᵢ/qᵢ − Σⱼ tⱼ) / Σp, the sum over what is not clipped.
        let target = label.target();
        let shares = |i: usize| (target.probability(i), f64::from(p[i]) / sum);
        let mut moving = 0.0;
        for (t, q) in (0..N).map(shares) {
            let clipped = clip(q);
            loss -= t * clipped.ln();
            if clipped == q {
                moving += t;
            }
        }
        if let Some(gradient) = &mut gradient {
            for (gradient, (t, q)) in gradient[s].iter_mut().zip((0..N).map(shares)) {
                let term = if clip(q) == q { t / q } else { 0.0 };
                *gradient = ((moving - term) / (sum * labels.len() as f64)) as f32;
            }
        }
    }
    loss
}

/// Sum over the samples of the mean of `−t·log q − (1 − t)·log(1 − q)` over a sample's values, with `q` the
/// probability kept in `[ε, 1 − ε]`; ε = 1e-7.
///
/// `gradient`, if given, receives the gradient of the mean over the samples by the probabilities; zero where
/// clipped.
///
/// ```
/// use typenet_runtime::losses::from_probabilities::binary_cross_entropy;
///
/// let mut gradient = [[0.0]; 2];
/// let sum = binary_cross_entropy(&[true, true], &[[0.25], [0.0]], Some(&mut gradient));
/// assert!((sum - (4.0f64.ln() - 1e-7f64.ln())).abs() < 1e-12);
/// // −1 / p over two samples; a probability of zero is clipped.
/// assert_eq!(gradient, [[-2.0], [0.0]]);
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn binary_cross_entropy<Output: FloatArray, Label: BinaryLabel<Output>>(
    labels: &[Label],
    probabilities: &[Output],
    mut gradient: Option<&mut [Output]>,
) -> f64 {
    assert_eq!(labels.len(), probabilities.len(), "binary_cross_entropy: one label for each sample");
    if let Some(gradient) = &gradient {
        assert_eq!(labels.len(), gradient.len(), "binary_cross_entropy: one gradient for each sample");
    }
    let values = Output::values(probabilities).len() as f64;
    let mut loss = 0.0;
    for (s, (label, p)) in
        labels.iter().zip(Output::values(probabilities).chunks_exact(Output::LEN)).enumerate()
    {
        let mut sum = 0.0;
        for (i, &p) in p.iter().enumerate() {
            let (t, p) = (f64::from(label.probability(i)), f64::from(p));
            let q = clip(p);
            sum += surprise(t, q);
            if let Some(gradient) = &mut gradient {
                let slope = if q == p { (q - t) / (q * (1.0 - q)) } else { 0.0 };
                bytemuck::cast_slice_mut(&mut gradient[s..=s])[i] = (slope / values) as f32;
            }
        }
        loss += sum / Output::LEN as f64;
    }
    loss
}
