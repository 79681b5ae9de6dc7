use core::marker::PhantomData;

use super::{Initializer, TRUNCATED_DEVIATION, normal, truncated, uniform};
use crate::kernels::{Element, Rng};

/// Random numbers of variance `scale / fan`, the family of the Glorot, He and LeCun initializers; in `model!`
/// `init = variance_scaling(2.0, fan_in, truncated_normal)` (`keras.initializers.VarianceScaling`; He et al., "Delving deep into
/// rectifiers", ICCV 2015, section 2.2, derives the variance).
///
/// `SCALE` are the bits of the scale, `F` is what divides it, `D` what is drawn from.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{HeNormal, Initializer, VarianceScaling};
///
/// let (mut general, mut he) = ([0.0f32; 6], [0.0f32; 6]);
/// VarianceScaling::<{ f64::to_bits(2.0) }>::fill(3, 2, &mut Rng::seed(1), &mut general);
/// HeNormal::fill(3, 2, &mut Rng::seed(1), &mut he);
/// assert_eq!(general, he);
/// ```
#[derive(Debug)]
pub struct VarianceScaling<const SCALE: u64, F = FanIn, D = Truncated>(PhantomData<(F, D)>);

/// What a variance is divided by.
///
/// ```
/// use typenet_runtime::layers::initializers::Fan;
///
/// /// The larger side.
/// struct FanMax;
///
/// impl Fan for FanMax {
///     fn of(fan_in: usize, fan_out: usize) -> f64 {
///         fan_in.max(fan_out) as f64
///     }
/// }
///
/// assert_eq!(FanMax::of(30, 20), 30.0);
/// ```
pub trait Fan: 'static {
    /// The number, from the numbers of weights that lead to an output and that leave an input.
    fn of(fan_in: usize, fan_out: usize) -> f64;
}

/// A family of distributions with mean zero.
///
/// ```
/// use typenet_runtime::kernels::{Element, Rng};
/// use typenet_runtime::layers::initializers::Distribution;
///
/// /// One of two values, each as likely as the other.
/// struct Coin;
///
/// impl Distribution for Coin {
///     fn draw<T: Element>(variance: f64, rng: &mut Rng, weight: &mut [T]) {
///         let deviation = variance.sqrt();
///         weight.fill_with(|| T::from_f64(if rng.uniform() < 0.5 { deviation } else { -deviation }));
///     }
/// }
///
/// let mut weight = [0.0f32; 100];
/// Coin::draw(0.25, &mut Rng::seed(0), &mut weight);
/// assert!(weight.contains(&0.5) && weight.contains(&-0.5));
/// ```
pub trait Distribution: 'static {
    /// Draws with this variance.
    fn draw<T: Element>(variance: f64, rng: &mut Rng, weight: &mut [T]);
}

/// Number of weights that lead to an output: keeps variances on the way forward.
///
/// ```
/// use typenet_runtime::layers::initializers::{Fan, FanIn};
///
/// assert_eq!(FanIn::of(30, 20), 30.0);
/// ```
#[derive(Debug)]
pub struct FanIn;
impl Fan for FanIn {
    fn of(fan_in: usize, _: usize) -> f64 {
        fan_in as f64
    }
}

/// Number of weights that leave an input: keeps variances of gradients.
///
/// ```
/// use typenet_runtime::layers::initializers::{Fan, FanOut};
///
/// assert_eq!(FanOut::of(30, 20), 20.0);
/// ```
#[derive(Debug)]
pub struct FanOut;
impl Fan for FanOut {
    fn of(_: usize, fan_out: usize) -> f64 {
        fan_out as f64
    }
}

/// The mean of both.
///
/// ```
/// use typenet_runtime::layers::initializers::{Fan, FanAverage};
///
/// assert_eq!(FanAverage::of(30, 20), 25.0);
/// ```
#[derive(Debug)]
pub struct FanAverage;
impl Fan for FanAverage {
    fn of(fan_in: usize, fan_out: usize) -> f64 {
        (fan_in + fan_out) as f64 / 2.0
    }
}

/// Normal, cut at two deviations, with the variance after the cut.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Distribution, Truncated};
///
/// let mut weight = [0.0f32; 1000];
/// Truncated::draw(1.0, &mut Rng::seed(0), &mut weight);
/// // Two deviations of the normal before the cut.
/// assert!(weight.iter().all(|w| w.abs() < 2.0 / 0.879));
/// ```
#[derive(Debug)]
pub struct Truncated;
impl Distribution for Truncated {
    fn draw<T: Element>(variance: f64, rng: &mut Rng, weight: &mut [T]) {
        truncated(libm::sqrt(variance) / TRUNCATED_DEVIATION, rng, weight);
    }
}

/// Normal, uncut.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Distribution, Normal};
///
/// let mut weight = [0.0f32; 1000];
/// Normal::draw(4.0, &mut Rng::seed(0), &mut weight);
/// let deviation = (weight.iter().map(|w| w * w).sum::<f32>() / 1000.0).sqrt();
/// assert!((deviation / 2.0 - 1.0).abs() < 0.1);
/// ```
#[derive(Debug)]
pub struct Normal;
impl Distribution for Normal {
    fn draw<T: Element>(variance: f64, rng: &mut Rng, weight: &mut [T]) {
        normal(libm::sqrt(variance), rng, weight);
    }
}

/// Uniform in `±√(3·variance)`.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Distribution, Uniform};
///
/// let mut weight = [0.0f32; 1000];
/// Uniform::draw(1.0, &mut Rng::seed(0), &mut weight);
/// assert!(weight.iter().all(|w| w.abs() <= 3f32.sqrt()));
/// ```
#[derive(Debug)]
pub struct Uniform;
impl Distribution for Uniform {
    fn draw<T: Element>(variance: f64, rng: &mut Rng, weight: &mut [T]) {
        uniform(libm::sqrt(3.0 * variance), rng, weight);
    }
}

impl<const SCALE: u64, F: Fan, D: Distribution> Initializer for VarianceScaling<SCALE, F, D> {
    fn fill<T: Element>(fan_in: usize, fan_out: usize, rng: &mut Rng, weight: &mut [T]) {
        D::draw(f64::from_bits(SCALE) / F::of(fan_in, fan_out), rng, weight);
    }
}
