//! Start values of weights, as types. Names, formulas and defaults are Keras's.
//!
//! Draws are f64 and rounded once, so a layer in `f32` and in `f64` starts from the same numbers.

use core::marker::PhantomData;

use crate::kernels::{Element, Rng};

/// How a weight starts.
///
/// ```
/// use typenet_runtime::kernels::{Element, Rng};
/// use typenet_runtime::layers::initializers::Initializer;
///
/// /// Every input leads to every output with the same weight, so that a layer starts as a mean.
/// struct Mean;
///
/// impl Initializer for Mean {
///     fn fill<T: Element>(fan_in: usize, _: usize, _: &mut Rng, weight: &mut [T]) {
///         weight.fill(T::from_f64(1.0 / fan_in as f64));
///     }
/// }
///
/// let mut weight = [0.0f32; 8];
/// Mean::fill(4, 2, &mut Rng::seed(0), &mut weight);
/// assert_eq!(weight, [0.25; 8]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an initializer",
    note = "such as `GlorotUniform`, `HeNormal`, `Orthogonal`, `Zeros`"
)]
pub trait Initializer: 'static {
    /// Fills `weight`, laid out `[fan_in, fan_out]`.
    fn fill<T: Element>(fan_in: usize, fan_out: usize, rng: &mut Rng, weight: &mut [T]);

    /// Fills the weight of a convolution, or of one group of it, laid out `shape`: filters, channels, height and width of the kernel.
    ///
    /// [`fill`](Self::fill) where nothing else is said, which suits an initializer that treats every number alike: there are
    /// `channels·height·width` inputs to an output, but an input leads to `filters·height·width` outputs (`fans`), so these are no two
    /// sides of a matrix.
    ///
    /// ```
    /// use typenet_runtime::kernels::Rng;
    /// use typenet_runtime::layers::initializers::{Identity, Initializer};
    ///
    /// // One at the middle of the kernel that leads from a channel to the filter of the same number.
    /// let mut weight = [7.0f32; 2 * 2 * 3];
    /// Identity::fill_filters([2, 2, 1, 3], [2 * 3; 2], &mut Rng::seed(0), &mut weight);
    /// assert_eq!(weight, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    /// ```
    fn fill_filters<T: Element>(shape: [usize; 4], fans: [usize; 2], rng: &mut Rng, weight: &mut [T]) {
        let _ = shape;
        Self::fill(fans[0], fans[1], rng, weight);
    }
}

/// Standard deviation of a standard normal cut at two: what a truncated draw is divided by to have deviation 1.
const TRUNCATED_DEVIATION: f64 = 0.879_625_661_034_239_8;

/// Uniform in `±limit`.
fn uniform<T: Element>(limit: f64, rng: &mut Rng, weight: &mut [T]) {
    for value in weight {
        *value = T::from_f64(limit * (2.0 * rng.uniform() - 1.0));
    }
}

macro_rules! initializers {
    ($(
        $(#[$doc:meta])*
        $name:ident, |$fan_in:ident, $fan_out:ident, $rng:ident, $weight:ident| $fill:expr
        $(, |$shape:ident, $filters_rng:ident, $filters:ident| $fill_filters:expr)?;
    )+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Initializer for $name {
            fn fill<T: Element>($fan_in: usize, $fan_out: usize, $rng: &mut Rng, $weight: &mut [T]) {
                let _ = ($fan_in, $fan_out, &$rng);
                $fill
            }
            $(
                fn fill_filters<T: Element>(
                    $shape: [usize; 4],
                    _: [usize; 2],
                    $filters_rng: &mut Rng,
                    $filters: &mut [T],
                ) {
                    let _ = &$filters_rng;
                    $fill_filters
                }
            )?
        }
    )+};
}

initializers! {
    /// All zero (`keras.initializers.Zeros`).
    ///
    /// ```
    /// use typenet_runtime::kernels::{Element, Rng};
    /// use typenet_runtime::layers::initializers::{Initializer, Zeros};
    ///
    /// let mut weight = [7.0f32; 6];
    /// Zeros::fill(2, 3, &mut Rng::seed(0), &mut weight);
    /// assert_eq!(weight, [f32::ZERO; 6]);
    /// ```
    Zeros, |fan_in, fan_out, rng, weight| weight.fill(T::ZERO);

    /// All one (`keras.initializers.Ones`).
    ///
    /// ```
    /// use typenet_runtime::kernels::Rng;
    /// use typenet_runtime::layers::initializers::{Initializer, Ones};
    ///
    /// let mut weight = [7.0f32; 6];
    /// Ones::fill(2, 3, &mut Rng::seed(0), &mut weight);
    /// assert_eq!(weight, [1.0; 6]);
    /// ```
    Ones, |fan_in, fan_out, rng, weight| weight.fill(T::from_f64(1.0));

    /// One on the diagonal, zero elsewhere (`keras.initializers.Identity`): a layer that starts as `y = x` (Le, Jaitly, Hinton, "A
    /// simple way to initialize recurrent networks of rectified linear units", arXiv 1504.00941, 2015). In a convolution the one stands
    /// at the middle of the kernel, so that with `padding = same` it also starts as `y = x` (`torch.nn.init.dirac_`).
    ///
    /// ```
    /// use typenet_runtime::kernels::Rng;
    /// use typenet_runtime::layers::initializers::{Identity, Initializer};
    ///
    /// let mut weight = [7.0f32; 6];
    /// Identity::fill(2, 3, &mut Rng::seed(0), &mut weight);
    /// assert_eq!(weight, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    /// ```
    Identity, |fan_in, fan_out, rng, weight| {
        weight.fill(T::ZERO);
        weight.iter_mut().step_by(fan_out + 1).take(fan_in.min(fan_out)).for_each(|x| *x = T::from_f64(1.0));
    }, |shape, rng, weight| {
        let [filters, channels, height, width] = shape;
        weight.fill(T::ZERO);
        // The tap before which `same` has its padding.
        let middle = height.saturating_sub(1) / 2 * width + width.saturating_sub(1) / 2;
        for i in 0..filters.min(channels) {
            weight[(i * channels + i) * height * width + middle] = T::from_f64(1.0);
        }
    };

    /// Uniform in ±√(6 / (fan_in + fan_out)), of variance 2 / (fan_in + fan_out) (Glorot & Bengio, "Understanding the difficulty
    /// of training deep feedforward neural networks", AISTATS 2010, eq. 16; `keras.initializers.GlorotUniform`).
    ///
    /// ```
    /// use typenet_runtime::kernels::Rng;
    /// use typenet_runtime::layers::initializers::{GlorotUniform, Initializer};
    ///
    /// let mut weight = [0.0f32; 30 * 20];
    /// GlorotUniform::fill(30, 20, &mut Rng::seed(1), &mut weight);
    /// let largest = weight.iter().fold(0.0, |largest: f32, w| largest.max(w.abs()));
    /// let limit = (6.0f32 / (30.0 + 20.0)).sqrt();
    /// assert!(0.95 * limit < largest && largest <= limit);
    /// ```
    #[doc(alias = "xavier_uniform")]
    GlorotUniform, |fan_in, fan_out, rng, weight| {
        uniform(libm::sqrt(6.0 / (fan_in + fan_out) as f64), rng, weight);
    };

    /// Normal, cut at two deviations, of variance 2 / (fan_in + fan_out) after the cut (Glorot & Bengio 2010, eq. 12;
    /// `keras.initializers.GlorotNormal`).
    ///
    /// ```
    /// use typenet_runtime::kernels::Rng;
    /// use typenet_runtime::layers::initializers::{GlorotNormal, Initializer};
    ///
    /// let mut weight = [0.0f32; 30 * 20];
    /// GlorotNormal::fill(30, 20, &mut Rng::seed(1), &mut weight);
    /// let deviation = (weight.iter().map(|w| w * w).sum::<f32>() / 600.0).sqrt();
    /// assert!((deviation / (2.0f32 / (30.0 + 20.0)).sqrt() - 1.0).abs() < 0.1);
    /// ```
    #[doc(alias = "xavier_normal")]
    GlorotNormal, |fan_in, fan_out, rng, weight| {
        truncated(libm::sqrt(2.0 / (fan_in + fan_out) as f64) / TRUNCATED_DEVIATION, rng, weight);
    };

    /// Uniform in ±√(6 / fan_in), of variance 2 / fan_in (He et al., "Delving deep into rectifiers", ICCV 2015, eq. 10;
    /// `keras.initializers.HeUniform`).
    ///
    /// ```
    /// use typenet_runtime::kernels::Rng;
    /// use typenet_runtime::layers::initializers::{HeUniform, Initializer};
    ///
    /// let mut weight = [0.0f32; 30 * 20];
    /// HeUniform::fill(30, 20, &mut Rng::seed(1), &mut weight);
    /// let largest = weight.iter().fold(0.0, |largest: f32, w| largest.max(w.abs()));
    /// let limit = (6.0f32 / 30.0).sqrt();
    /// assert!(0.95 * limit < largest && largest <= limit);
    /// ```
    #[doc(alias = "kaiming_uniform")]
    HeUniform, |fan_in, fan_out, rng, weight| uniform(libm::sqrt(6.0 / fan_in as f64), rng, weight);

    /// Normal, cut at two deviations, of variance 2 / fan_in after the cut (He et al. 2015, eq. 10;
    /// `keras.initializers.HeNormal`).
    ///
    /// ```
    /// use typenet_runtime::kernels::Rng;
    /// use typenet_runtime::layers::initializers::{HeNormal, Initializer};
    ///
    /// let mut weight = [0.0f32; 30 * 20];
    /// HeNormal::fill(30, 20, &mut Rng::seed(1), &mut weight);
    /// let deviation = (weight.iter().map(|w| w * w).sum::<f32>() / 600.0).sqrt();
    /// assert!((deviation / (2.0f32 / 30.0).sqrt() - 1.0).abs() < 0.1);
    /// ```
    #[doc(alias = "kaiming_normal")]
    HeNormal, |fan_in, fan_out, rng, weight| {
        truncated(libm::sqrt(2.0 / fan_in as f64) / TRUNCATED_DEVIATION, rng, weight);
    };

    /// Uniform in ±√(3 / fan_in), of variance 1 / fan_in (LeCun et al., "Efficient BackProp", 1998, §4.6;
    /// `keras.initializers.LecunUniform`).
    ///
    /// ```
    /// use typenet_runtime::kernels::Rng;
    /// use typenet_runtime::layers::initializers::{Initializer, LecunUniform};
    ///
    /// let mut weight = [0.0f32; 30 * 20];
    /// LecunUniform::fill(30, 20, &mut Rng::seed(1), &mut weight);
    /// let largest = weight.iter().fold(0.0, |largest: f32, w| largest.max(w.abs()));
    /// let limit = (3.0f32 / 30.0).sqrt();
    /// assert!(0.95 * limit < largest && largest <= limit);
    /// ```
    LecunUniform, |fan_in, fan_out, rng, weight| uniform(libm::sqrt(3.0 / fan_in as f64), rng, weight);

    /// Normal, cut at two deviations, of variance 1 / fan_in after the cut (LeCun et al. 1998, §4.6;
    /// `keras.initializers.LecunNormal`), as [`Function::Selu`](crate::kernels::Function::Selu) wants it.
    ///
    /// ```
    /// use typenet_runtime::kernels::Rng;
    /// use typenet_runtime::layers::initializers::{Initializer, LecunNormal};
    ///
    /// let mut weight = [0.0f32; 30 * 20];
    /// LecunNormal::fill(30, 20, &mut Rng::seed(1), &mut weight);
    /// let deviation = (weight.iter().map(|w| w * w).sum::<f32>() / 600.0).sqrt();
    /// assert!((deviation / (1.0f32 / 30.0).sqrt() - 1.0).abs() < 0.1);
    /// ```
    LecunNormal, |fan_in, fan_out, rng, weight| {
        truncated(libm::sqrt(1.0 / fan_in as f64) / TRUNCATED_DEVIATION, rng, weight);
    };

    /// Uniform among the matrices with orthonormal columns, or rows if there are fewer of them (Saxe, McClelland,
    /// Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", ICLR 2014).
    ///
    /// The `Q` of a matrix of normal draws whose `R` has a positive diagonal, so a weight has variance
    /// 1 / max(fan_in, fan_out). Takes
    /// `2·max(fan_in, fan_out)·min(fan_in, fan_out)²` multiplications. In a convolution the matrix has one row for each filter, as in
    /// PyTorch and Keras, and is one of its own for each group.
    ///
    /// ```
    /// use typenet_runtime::kernels::Rng;
    /// use typenet_runtime::layers::initializers::{Initializer, Orthogonal};
    ///
    /// let mut weight = [0.0f32; 3 * 2];
    /// Orthogonal::fill(3, 2, &mut Rng::seed(1), &mut weight);
    /// let product = |a: usize, b: usize| (0..3).map(|i| weight[2 * i + a] * weight[2 * i + b]).sum::<f32>();
    /// assert!((product(0, 0) - 1.0).abs() < 1e-6 && (product(1, 1) - 1.0).abs() < 1e-6);
    /// assert!(product(0, 1).abs() < 1e-6);
    /// ```
    Orthogonal, |fan_in, fan_out, rng, weight| {
        normal(1.0, rng, weight);
        T::orthonormalize(fan_out, weight);
    }, |shape, rng, weight| {
        let [_, channels, height, width] = shape;
        normal(1.0, rng, weight);
        T::orthonormalize(channels * height * width, weight);
    };
}

/// One number everywhere (`keras.initializers.Constant`), by its bits: `Constant<{ f64::to_bits(0.1) }>`, in `model!`
/// `init = constant(0.1)`.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Constant, Initializer};
///
/// let mut bias = [0.0f32; 2];
/// Constant::<{ f64::to_bits(0.1) }>::fill(1, 2, &mut Rng::seed(0), &mut bias);
/// assert_eq!(bias, [0.1; 2]);
/// ```
#[derive(Debug)]
pub struct Constant<const VALUE: u64>;

impl<const VALUE: u64> Initializer for Constant<VALUE> {
    fn fill<T: Element>(_: usize, _: usize, _: &mut Rng, weight: &mut [T]) {
        weight.fill(T::from_f64(f64::from_bits(VALUE)));
    }
}

/// Normal of mean `MEAN` and standard deviation `STDDEV`, numbers by their bits; in `model!` `init = random_normal` or
/// `init = random_normal(mean = 0.0, stddev = 0.02)`.
///
/// # Defaults
/// Mean 0 and deviation 0.05, which is a variance of 0.0025, as in `keras.initializers.RandomNormal`.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Initializer, RandomNormal};
///
/// let mut weight = [0.0f32; 30 * 20];
/// RandomNormal::<{ f64::to_bits(0.0) }, { f64::to_bits(0.02) }>::fill(30, 20, &mut Rng::seed(1), &mut weight);
/// let deviation = (weight.iter().map(|w| w * w).sum::<f32>() / 600.0).sqrt();
/// assert!((deviation / 0.02 - 1.0).abs() < 0.1);
/// ```
#[derive(Debug)]
pub struct RandomNormal<const MEAN: u64 = 0, const STDDEV: u64 = { f64::to_bits(0.05) }>;

impl<const MEAN: u64, const STDDEV: u64> Initializer for RandomNormal<MEAN, STDDEV> {
    fn fill<T: Element>(_: usize, _: usize, rng: &mut Rng, weight: &mut [T]) {
        let (mean, deviation) = (f64::from_bits(MEAN), f64::from_bits(STDDEV));
        weight.fill_with(|| T::from_f64(mean + deviation * rng.normal()));
    }
}

/// Normal of mean `MEAN` and standard deviation `STDDEV`, numbers by their bits, redrawn until within two deviations of the mean; in
/// `model!` `init = truncated_normal` or `init = truncated_normal(stddev = 0.02)`.
///
/// The cut leaves 0.774 of the variance, and a standard deviation of `0.880·STDDEV`: Keras's `stddev` is the one before the cut.
///
/// # Defaults
/// Mean 0 and deviation 0.05 before the cut, which is a variance of 0.0019 after it, as in `keras.initializers.TruncatedNormal`.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Initializer, TruncatedNormal};
///
/// let mut weight = [0.0f32; 30 * 20];
/// <TruncatedNormal>::fill(30, 20, &mut Rng::seed(1), &mut weight);
/// let deviation = (weight.iter().map(|w| w * w).sum::<f32>() / 600.0).sqrt();
/// assert!((deviation / 0.044 - 1.0).abs() < 0.1);
/// assert!(weight.iter().all(|w| w.abs() <= 0.1));
/// ```
#[derive(Debug)]
pub struct TruncatedNormal<const MEAN: u64 = 0, const STDDEV: u64 = { f64::to_bits(0.05) }>;

impl<const MEAN: u64, const STDDEV: u64> Initializer for TruncatedNormal<MEAN, STDDEV> {
    fn fill<T: Element>(_: usize, _: usize, rng: &mut Rng, weight: &mut [T]) {
        let (mean, deviation) = (f64::from_bits(MEAN), f64::from_bits(STDDEV));
        weight.fill_with(|| T::from_f64(mean + deviation * rng.truncated_normal()));
    }
}

/// Uniform from `MINVAL` to `MAXVAL`, numbers by their bits, of variance `(MAXVAL − MINVAL)² / 12`; in `model!` `init = random_uniform` or
/// `init = random_uniform(minval = -0.1, maxval = 0.1)`.
///
/// # Defaults
/// From −0.05 to 0.05, which is a variance of 0.00083, as in `keras.initializers.RandomUniform`.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Initializer, RandomUniform};
///
/// let mut weight = [0.0f32; 30 * 20];
/// RandomUniform::<{ f64::to_bits(1.0) }, { f64::to_bits(3.0) }>::fill(30, 20, &mut Rng::seed(1), &mut weight);
/// let (min, max) = weight.iter().fold((9.0f32, 0.0f32), |(min, max), w| (min.min(*w), max.max(*w)));
/// assert!(1.0 <= min && min < 1.1 && 2.9 < max && max <= 3.0);
/// ```
#[derive(Debug)]
pub struct RandomUniform<
    const MINVAL: u64 = { f64::to_bits(-0.05) },
    const MAXVAL: u64 = { f64::to_bits(0.05) },
>;

impl<const MINVAL: u64, const MAXVAL: u64> Initializer for RandomUniform<MINVAL, MAXVAL> {
    fn fill<T: Element>(_: usize, _: usize, rng: &mut Rng, weight: &mut [T]) {
        let (min, max) = (f64::from_bits(MINVAL), f64::from_bits(MAXVAL));
        // Halves first: the difference of two finite numbers may be infinite.
        let (middle, limit) = (0.5 * min + 0.5 * max, 0.5 * max - 0.5 * min);
        weight.fill_with(|| T::from_f64(middle + limit * (2.0 * rng.uniform() - 1.0)));
    }
}

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

/// Normal of standard deviation `deviation`.
fn normal<T: Element>(deviation: f64, rng: &mut Rng, weight: &mut [T]) {
    for value in weight {
        *value = T::from_f64(deviation * rng.normal());
    }
}

/// Normal of standard deviation `deviation`, redrawn until within two of it.
fn truncated<T: Element>(deviation: f64, rng: &mut Rng, weight: &mut [T]) {
    for value in weight {
        *value = T::from_f64(deviation * rng.truncated_normal());
    }
}

#[cfg(test)]
mod tests {
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
        assert!(
            min >= MEAN - 2.0 * STDDEV - rounding && max <= MEAN + 2.0 * STDDEV + rounding,
            "{min} {max}"
        );
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
}
