//! Scaling features to mean 0 and standard deviation 1.

use core::fmt;

use crate::brief::Brief;

/// `x ← (x − mean) / deviation`, by feature, with the numbers of the training data.
///
/// # Example
/// ```
/// use typenet_runtime::data::{Standardizer, breast_cancer};
///
/// let mut data = breast_cancer::load();
/// let standardizer = Standardizer::fit(&data.train.inputs);
/// standardizer.apply(&mut data.train.inputs);
/// standardizer.apply(&mut data.test.inputs);
///
/// let first = data.train.inputs.iter().map(|x| f64::from(x[0]));
/// assert!((first.sum::<f64>() / data.train.len() as f64).abs() < 1e-6);
/// ```
#[derive(Clone, PartialEq)]
pub struct Standardizer<const N: usize> {
    /// Mean of each feature.
    pub mean: [f64; N],
    /// Standard deviation of each feature over all samples (not an estimate for samples that are not there); 1 where a
    /// feature is constant, so that it becomes 0.
    pub deviation: [f64; N],
}

impl<const N: usize> fmt::Debug for Standardizer<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standardizer")
            .field("mean", &Brief(&self.mean))
            .field("deviation", &Brief(&self.deviation))
            .finish()
    }
}

impl<const N: usize> Standardizer<N> {
    /// The numbers of these samples. Of no samples: mean 0, deviation 1.
    pub fn fit(samples: &[[f32; N]]) -> Self {
        let count = samples.len().max(1) as f64;
        let mut of_features = Self { mean: [0.0; N], deviation: [1.0; N] };
        for (i, (mean, deviation)) in of_features.mean.iter_mut().zip(&mut of_features.deviation).enumerate()
        {
            *mean = samples.iter().map(|x| f64::from(x[i])).sum::<f64>() / count;
            let square = |x: &[f32; N]| (f64::from(x[i]) - *mean).powi(2);
            let variance = samples.iter().map(square).sum::<f64>() / count;
            if variance != 0.0 {
                *deviation = variance.sqrt();
            }
        }
        of_features
    }

    /// Scales samples in place.
    pub fn apply(&self, samples: &mut [[f32; N]]) {
        for x in samples {
            for ((x, mean), deviation) in x.iter_mut().zip(&self.mean).zip(&self.deviation) {
                *x = ((f64::from(*x) - mean) / deviation) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standardizing_by_hand() {
        let mut samples = [[1.0, 5.0], [3.0, 5.0]];
        let standardizer = Standardizer::fit(&samples);
        assert_eq!(standardizer, Standardizer { mean: [2.0, 5.0], deviation: [1.0, 1.0] });
        standardizer.apply(&mut samples);
        assert_eq!(samples, [[-1.0, 0.0], [1.0, 0.0]]);
    }

    #[test]
    fn no_samples_give_the_identity() {
        let standardizer = Standardizer::<1>::fit(&[]);
        let mut samples = [[3.5]];
        standardizer.apply(&mut samples);
        assert_eq!(samples, [[3.5]]);
    }
}
