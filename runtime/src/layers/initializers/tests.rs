//! Means, spreads and limits of draws, and the special matrices.

use super::*;
use std::vec::Vec;

const FAN_IN: usize = 300;
const FAN_OUT: usize = 200;

fn draw<I: Initializer>(fan_in: usize, fan_out: usize) -> Vec<f32> {
    let mut weight = std::vec![f32::NAN; fan_in * fan_out];
    I::fill(fan_in, fan_out, &mut Rng::seed(5), &mut weight);
    weight
}

/// Mean 0 and the standard deviation within four standard errors, `√(1/n)·σ` and `√((kurtosis − 1)/n)·σ²` of the
/// variance; nothing beyond `limit`, but something near it.
#[track_caller]
fn assert_distribution<I: Initializer>(deviation: f64, kurtosis: f64, limit: f64) {
    let draws: Vec<f64> = draw::<I>(FAN_IN, FAN_OUT).into_iter().map(f64::from).collect();
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let variance = draws.iter().map(|x| x * x).sum::<f64>() / n;
    let largest = draws.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    assert!(mean.abs() <= 4.0 * deviation / n.sqrt(), "mean {mean}");
    let spread = (variance / deviation.powi(2) - 1.0).abs();
    assert!(spread <= 4.0 * ((kurtosis - 1.0) / n).sqrt(), "variance {variance}");
    let rounding = 1.0 + f64::from(f32::EPSILON);
    assert!((0.99 * limit..=limit * rounding).contains(&largest) || limit.is_infinite(), "{largest}");
}

const UNIFORM: f64 = 1.8;
/// `E x⁴ / (E x²)²` of a standard normal cut at 2, with `φ(2) / P(|x| < 2) = 0.056564683`:
/// `E x² = 1 − 4·0.0566`, `E x⁴ = 3·E x² − 16·0.0566`.
const TRUNCATED: f64 = 2.3656;
const NORMAL: f64 = 3.0;

#[test]
fn uniform_initializers_have_their_limits() {
    let (fan_in, fan_both) = (FAN_IN as f64, (FAN_IN + FAN_OUT) as f64);
    for_uniform::<GlorotUniform>((6.0 / fan_both).sqrt());
    for_uniform::<HeUniform>((6.0 / fan_in).sqrt());
    for_uniform::<LecunUniform>((3.0 / fan_in).sqrt());
    for_uniform::<RandomUniform>(0.05);

    #[track_caller]
    fn for_uniform<I: Initializer>(limit: f64) {
        assert_distribution::<I>(limit / 3.0f64.sqrt(), UNIFORM, limit);
    }
}

#[test]
fn truncated_normals_have_their_deviation_after_the_cut() {
    let (fan_in, fan_both) = (FAN_IN as f64, (FAN_IN + FAN_OUT) as f64);
    for_truncated::<GlorotNormal>((2.0 / fan_both).sqrt());
    for_truncated::<HeNormal>((2.0 / fan_in).sqrt());
    for_truncated::<LecunNormal>((1.0 / fan_in).sqrt());
    for_truncated::<TruncatedNormal>(0.05 * TRUNCATED_DEVIATION);

    #[track_caller]
    fn for_truncated<I: Initializer>(deviation: f64) {
        assert_distribution::<I>(deviation, TRUNCATED, 2.0 * deviation / TRUNCATED_DEVIATION);
    }
}

#[test]
fn random_normal_is_not_cut() {
    assert_distribution::<RandomNormal>(0.05, NORMAL, f64::INFINITY);
    assert!(draw::<RandomNormal>(FAN_IN, FAN_OUT).iter().any(|x| x.abs() > 0.15));
}

#[test]
fn means_and_spreads_can_be_chosen() {
    const MEAN: f64 = 0.75;
    const STDDEV: f64 = 0.02;
    type Shifted = RandomNormal<{ f64::to_bits(MEAN) }, { f64::to_bits(STDDEV) }>;
    type ShiftedAndCut = TruncatedNormal<{ f64::to_bits(MEAN) }, { f64::to_bits(STDDEV) }>;
    type FromTo = RandomUniform<{ f64::to_bits(-0.25) }, { f64::to_bits(MEAN) }>;

    /// Mean and deviation within four standard errors; smallest and largest.
    #[track_caller]
    fn check<I: Initializer>(mean: f64, deviation: f64, kurtosis: f64) -> (f64, f64) {
        let draws: Vec<f64> = draw::<I>(FAN_IN, FAN_OUT).into_iter().map(f64::from).collect();
        let n = draws.len() as f64;
        let found = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        assert!((found - mean).abs() <= 4.0 * deviation / n.sqrt(), "mean {found}");
        let spread = (variance / deviation.powi(2) - 1.0).abs();
        assert!(spread <= 4.0 * ((kurtosis - 1.0) / n).sqrt(), "variance {variance}");
        draws.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), &x| (min.min(x), max.max(x)))
    }
    let (min, max) = check::<Shifted>(MEAN, STDDEV, NORMAL);
    assert!(min < MEAN - 3.0 * STDDEV && MEAN + 3.0 * STDDEV < max, "{min} {max}");
    let rounding = f64::from(f32::EPSILON);
    let (min, max) = check::<ShiftedAndCut>(MEAN, STDDEV * TRUNCATED_DEVIATION, TRUNCATED);
    assert!(min >= MEAN - 2.0 * STDDEV - rounding && max <= MEAN + 2.0 * STDDEV + rounding, "{min} {max}");
    let (min, max) = check::<FromTo>(0.25, 1.0 / 12.0f64.sqrt(), UNIFORM);
    assert!((-0.25..-0.24).contains(&min) && (0.74..=MEAN).contains(&max), "{min} {max}");
}

#[test]
fn truncated_deviation_is_that_of_a_normal_cut_at_two() {
    let density = (-2.0f64).exp() / (2.0 * core::f64::consts::PI).sqrt();
    let inside = libm::erf(2.0f64.sqrt());
    assert!((TRUNCATED_DEVIATION.powi(2) - (1.0 - 4.0 * density / inside)).abs() < 1e-15);
}

#[test]
fn scaled_variances_are_those_of_the_initializers_they_generalize() {
    const ONE: u64 = f64::to_bits(1.0);
    const TWO: u64 = f64::to_bits(2.0);
    assert_eq!(draw::<VarianceScaling<TWO>>(30, 20), draw::<HeNormal>(30, 20));
    assert_eq!(draw::<VarianceScaling<ONE, FanAverage>>(30, 20), draw::<GlorotNormal>(30, 20));
    assert_eq!(draw::<VarianceScaling<ONE, FanIn, Uniform>>(30, 20), draw::<LecunUniform>(30, 20));
    let (scale, fan_out) = (2.0f64, FAN_OUT as f64);
    let deviation = (scale / fan_out).sqrt();
    assert_distribution::<VarianceScaling<TWO, FanOut, Normal>>(deviation, NORMAL, f64::INFINITY);
    let limit = deviation * 3.0f64.sqrt();
    assert_distribution::<VarianceScaling<TWO, FanOut, Uniform>>(deviation, UNIFORM, limit);
}

#[test]
fn constants_by_hand() {
    assert_eq!(draw::<Constant<{ f64::to_bits(-0.5) }>>(2, 2), [-0.5; 4]);
    assert_eq!(draw::<Zeros>(2, 2), [0.0; 4]);
    assert_eq!(draw::<Ones>(2, 2), [1.0; 4]);
    assert_eq!(draw::<Identity>(2, 3), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(draw::<Identity>(3, 2), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn orthogonal_keeps_lengths() {
    for (fan_in, fan_out) in [(30, 20), (20, 30), (20, 20), (1, 5), (5, 1)] {
        let weight = draw::<Orthogonal>(fan_in, fan_out);
        // Row times weight keeps its length if the rows are orthonormal; so does weight times column otherwise.
        let x: Vec<f64> = (0..fan_in.min(fan_out)).map(|i| 1.0 + i as f64).collect();
        let image = |j: usize| -> f64 {
            let at = |i: usize| if fan_in <= fan_out { i * fan_out + j } else { j * fan_out + i };
            x.iter().enumerate().map(|(i, x)| x * f64::from(weight[at(i)])).sum()
        };
        let length: f64 = x.iter().map(|x| x * x).sum();
        let image: f64 = (0..fan_in.max(fan_out)).map(|j| image(j).powi(2)).sum();
        // |xᵀ(Q·Qᵀ − 1)x| ≤ n·max|Q·Qᵀ − 1|·|x|², and that maximum is at most (n + 2)·ε.
        let n = x.len() as f64;
        assert!((image / length - 1.0).abs() <= n * (n + 2.0) * f64::from(f32::EPSILON));
    }
}

#[test]
fn orthogonal_matrices_have_no_preferred_sign() {
    // With another convention for the diagonal of R, one side would win by far.
    let mut rng = Rng::seed(9);
    let positive = (0..1000).filter(|_| {
        let mut weight = [0.0f32; 4];
        Orthogonal::fill(2, 2, &mut rng, &mut weight);
        weight[0] > 0.0
    });
    let positive = positive.count() as f64;
    // Four standard deviations of a binomial count.
    assert!((positive - 500.0).abs() < 4.0 * 250.0f64.sqrt(), "{positive}");
}

#[test]
fn both_precisions_start_from_the_same_draws() {
    let mut wide = [0.0f64; 12];
    HeNormal::fill(3, 4, &mut Rng::seed(5), &mut wide);
    assert_eq!(draw::<HeNormal>(3, 4), wide.map(|x| x as f32));
}
