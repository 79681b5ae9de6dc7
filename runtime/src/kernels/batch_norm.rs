//! Batch normalisation of `[batch, channels, spatial]`: each channel over all samples and places.
//!
//! With `n = batch · spatial` values in a channel, `x̂ = (x − mean) / √(variance + ε)` and `y = scale · x̂ + shift`, where mean and
//! variance (that over `n`) are the batch's in training and the running ones in inference.
//!
//! In `f32`, mean and variance are computed in two passes in f64 and rounded once. The variance and the running numbers are right to
//! 2⁻²⁴ of their size, however many values there are and however far from zero; the mean likewise, and to `n · 2⁻⁵³` of the mean size
//! of the values. As the mean is kept as an `f32`, a channel far from zero has `|mean| / σ · 2⁻²⁴` as absolute error of `x̂`: as much
//! as from a rounding of the input itself. The normalised values are not kept: [`Backward`] computes them from the input.
//!
//! Ioffe & Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", ICML 2015,
//! algorithm 1 and the gradients below it.

use super::flush::{flush, flush_lanes};
use super::lanes::{read_up_to, write_up_to};
use super::moments::{Sums, add_products, add_squares, add_values, total};
use super::simd::{Kernel, MAX_LANES, Simd, dispatch};
use crate::brief::brief_debug;
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads::share_slices;

/// Batch normalisation, see [the module](self).
///
/// ```
/// use typenet_runtime::kernels::{BatchNorm, batch_norm};
///
/// // Three samples of one channel: mean 4, variance 8/3 over three values and 4 over two.
/// let (x, scale, shift) = ([2.0, 4.0, 6.0], [0.5], [1.0]);
/// let ([mut mean], [mut inverse_deviation], mut y) = ([0.0], [0.0], [0.0; 3]);
/// let (mut running_mean, mut running_variance) = ([0.0], [1.0]);
/// f64::batch_norm_forward(batch_norm::Forward {
///     spatial: 1,
///     epsilon: 0.0,
///     momentum: 0.1,
///     x: &x,
///     scale: &scale,
///     shift: &shift,
///     mean: std::slice::from_mut(&mut mean),
///     inverse_deviation: std::slice::from_mut(&mut inverse_deviation),
///     running_mean: &mut running_mean,
///     running_variance: &mut running_variance,
///     y: &mut y,
/// });
/// assert_eq!((mean, y[1]), (4.0, 1.0));
/// assert!((inverse_deviation - (3f64 / 8.0).sqrt()).abs() < 1e-15);
/// assert_eq!((running_mean, running_variance), ([0.4], [1.3]));
///
/// f64::batch_norm_predict(batch_norm::Predict {
///     spatial: 1,
///     epsilon: 0.0,
///     x: &x,
///     scale: &scale,
///     shift: &shift,
///     running_mean: &[2.0],
///     running_variance: &[4.0],
///     y: &mut y,
/// });
/// assert_eq!(y, [1.0, 1.5, 2.0]);
///
/// // The same gradient for every value moves the mean alone, which the normalisation takes away.
/// let (mut grad_scale, mut grad_shift, mut grad_x) = ([0.0], [0.0], [1.0; 3]);
/// f64::batch_norm_backward(batch_norm::Backward {
///     spatial: 1,
///     x: &x,
///     mean: &[mean],
///     inverse_deviation: &[inverse_deviation],
///     scale: &scale,
///     grad_y: &[1.0; 3],
///     grad_scale: &mut grad_scale,
///     grad_shift: &mut grad_shift,
///     grad_x: Some(&mut grad_x),
/// });
/// assert_eq!((grad_scale, grad_shift, grad_x), ([0.0], [3.0], [0.0; 3]));
/// ```
pub trait BatchNorm: Sized {
    /// Normalises with the batch's mean and variance, and moves the running ones.
    ///
    /// # Panics
    /// If lengths do not fit, or a channel has fewer than two values, whose variance would say nothing.
    fn batch_norm_forward(pass: Forward<'_, Self>);
    /// Normalises with the running mean and variance. The bits of a sample do not depend on the others.
    ///
    /// # Panics
    /// If lengths do not fit.
    fn batch_norm_predict(pass: Predict<'_, Self>);
    /// Gradients by scale, shift and input.
    ///
    /// # Panics
    /// If lengths do not fit.
    fn batch_norm_backward(pass: Backward<'_, Self>);
}

/// What [`BatchNorm::batch_norm_forward`] reads and writes; slices without a shape have one number for each channel.
///
/// ```
/// use typenet_runtime::kernels::{BatchNorm, batch_norm::Forward};
///
/// // Two channels of two places, one sample.
/// let (mut mean, mut inverse_deviation, mut y) = ([0.0; 2], [0.0; 2], [0.0; 4]);
/// f32::batch_norm_forward(Forward {
///     spatial: 2,
///     epsilon: 0.0,
///     momentum: 0.1,
///     x: &[1.0, 3.0, 10.0, 30.0],
///     scale: &[1.0, 1.0],
///     shift: &[0.0, 0.5],
///     mean: &mut mean,
///     inverse_deviation: &mut inverse_deviation,
///     running_mean: &mut [0.0; 2],
///     running_variance: &mut [1.0; 2],
///     y: &mut y,
/// });
/// assert_eq!((mean, y), ([2.0, 20.0], [-1.0, 1.0, -0.5, 1.5]));
/// ```
pub struct Forward<'a, T> {
    /// Values of a channel in one sample: the product of the sizes after the channels, 1 if there are none.
    pub spatial: usize,
    /// Added to the variance.
    pub epsilon: f64,
    /// Share of the batch in the running numbers: `running ← (1 − momentum) · running + momentum · batch`, as in PyTorch. Keras
    /// calls the other share momentum.
    pub momentum: f64,
    /// Input, `[batch, channels, spatial]`.
    pub x: &'a [T],
    /// Factor of the normalised values.
    pub scale: &'a [T],
    /// Added to them.
    pub shift: &'a [T],
    /// Gets the batch's mean.
    pub mean: &'a mut [T],
    /// Gets `1 / √(variance + ε)`.
    pub inverse_deviation: &'a mut [T],
    /// Moves towards the batch's mean.
    pub running_mean: &'a mut [T],
    /// Moves towards the batch's variance over `n − 1`, as in PyTorch.
    pub running_variance: &'a mut [T],
    /// Gets the output, as `x`.
    pub y: &'a mut [T],
}
brief_debug!(Forward<'_, T> {
    spatial, epsilon, momentum, [x], [scale], [shift], [mean], [inverse_deviation], [running_mean], [running_variance], [y]
});

/// What [`BatchNorm::batch_norm_predict`] reads and writes; slices without a shape have one number for each channel.
///
/// ```
/// use typenet_runtime::kernels::{BatchNorm, batch_norm::Predict};
///
/// let mut y = [0.0; 2];
/// f32::batch_norm_predict(Predict {
///     spatial: 1,
///     epsilon: 0.75,
///     x: &[5.0, 5.0],
///     scale: &[2.0, 1.0],
///     shift: &[0.0, 1.0],
///     running_mean: &[4.0, 1.0],
///     running_variance: &[0.25, 3.25],
///     y: &mut y,
/// });
/// assert_eq!(y, [2.0, 3.0]);
/// ```
pub struct Predict<'a, T> {
    /// Values of a channel in one sample.
    pub spatial: usize,
    /// Added to the variance.
    pub epsilon: f64,
    /// Input, `[batch, channels, spatial]`.
    pub x: &'a [T],
    /// Factor of the normalised values.
    pub scale: &'a [T],
    /// Added to them.
    pub shift: &'a [T],
    /// The mean to normalise with.
    pub running_mean: &'a [T],
    /// The variance to normalise with.
    pub running_variance: &'a [T],
    /// Gets the output, as `x`.
    pub y: &'a mut [T],
}
brief_debug!(Predict<'_, T> { spatial, epsilon, [x], [scale], [shift], [running_mean], [running_variance], [y] });

/// What [`BatchNorm::batch_norm_backward`] reads and writes; slices without a shape have one number for each channel.
///
/// With `ḡ = Σg / n` and `c = Σ(g · x̂) / n`: `grad_x = scale / √(variance + ε) · (g − ḡ − x̂ · c)`.
///
/// ```
/// use typenet_runtime::kernels::{BatchNorm, batch_norm::Backward};
///
/// let (mut grad_scale, mut grad_shift) = ([0.0], [0.0]);
/// f32::batch_norm_backward(Backward {
///     spatial: 2,
///     x: &[1.0, 3.0],
///     mean: &[2.0],
///     inverse_deviation: &[1.0],
///     scale: &[1.0],
///     grad_y: &[0.25, 1.0],
///     grad_scale: &mut grad_scale,
///     grad_shift: &mut grad_shift,
///     grad_x: None,
/// });
/// assert_eq!((grad_scale, grad_shift), ([0.75], [1.25]));
/// ```
pub struct Backward<'a, T> {
    /// Values of a channel in one sample.
    pub spatial: usize,
    /// Input, `[batch, channels, spatial]`.
    pub x: &'a [T],
    /// As [`Forward`] wrote it.
    pub mean: &'a [T],
    /// As [`Forward`] wrote it.
    pub inverse_deviation: &'a [T],
    /// Factor of the normalised values.
    pub scale: &'a [T],
    /// Gradient by the output, as `x`.
    pub grad_y: &'a [T],
    /// Gets `Σ g · x̂`, which `grad_x` needs, so also where the scale does not learn.
    pub grad_scale: &'a mut [T],
    /// Gets `Σ g`, likewise.
    pub grad_shift: &'a mut [T],
    /// Gets the gradient by the input, as `x`, if it is wanted.
    pub grad_x: Option<&'a mut [T]>,
}
brief_debug!(Backward<'_, T> {
    spatial, [x], [mean], [inverse_deviation], [scale], [grad_y], [grad_scale], [grad_shift], (grad_x)
});

/// Values of a channel.
#[track_caller]
fn check(channels: usize, spatial: usize, whole: &[usize], of_channels: &[usize]) -> usize {
    let (values, sample) = (whole[0], channels * spatial);
    assert!(
        values == values / sample.max(1) * sample,
        "batch_norm: {values} values are not samples of {channels} channels by {spatial}"
    );
    assert!(whole.iter().all(|&len| len == values), "batch_norm: {whole:?} values should be equally many");
    assert!(
        of_channels.iter().all(|&len| len == channels),
        "batch_norm: {of_channels:?} numbers should each be one for each of {channels} channels"
    );
    values / channels.max(1)
}

impl<T> Forward<'_, T> {
    #[track_caller]
    fn check(&self) -> usize {
        let channels = self.mean.len();
        let lengths = [
            self.scale.len(),
            self.shift.len(),
            self.inverse_deviation.len(),
            self.running_mean.len(),
            self.running_variance.len(),
        ];
        let n = check(channels, self.spatial, &[self.x.len(), self.y.len()], &lengths);
        assert!(
            n > 1 || channels == 0,
            "batch_norm: a channel needs 2 values or more in training, but has {n}"
        );
        n
    }
}

impl<T> Predict<'_, T> {
    #[track_caller]
    fn check(&self) {
        let lengths = [self.shift.len(), self.running_mean.len(), self.running_variance.len()];
        check(self.scale.len(), self.spatial, &[self.x.len(), self.y.len()], &lengths);
    }
}

impl<T> Backward<'_, T> {
    #[track_caller]
    fn check(&self) -> usize {
        let lengths =
            [self.mean.len(), self.inverse_deviation.len(), self.grad_scale.len(), self.grad_shift.len()];
        let grad_x = self.grad_x.as_ref().map_or(self.x.len(), |grad_x| grad_x.len());
        check(self.scale.len(), self.spatial, &[self.x.len(), self.grad_y.len(), grad_x], &lengths)
    }
}

/// What does not change while the statistics of channels are written.
#[derive(Clone, Copy)]
struct Rules {
    /// Values of a channel.
    n: usize,
    epsilon: f64,
    momentum: f64,
}

impl Rules {
    /// The numbers of one channel from its mean and the sum of squared deviations: `[mean, inverse_deviation, running_mean,
    /// running_variance]`.
    fn statistics(self, mean: f64, squares: f64, running: [f64; 2]) -> [f64; 4] {
        let n = self.n as f64;
        let moved = |from: f64, to: f64| (1.0 - self.momentum) * from + self.momentum * to;
        [
            mean,
            1.0 / libm::sqrt(squares / n + self.epsilon),
            moved(running[0], mean),
            moved(running[1], squares / (n - 1.0)),
        ]
    }
}

/// The places of a channel's values in `[batch, channels, spatial]`, ascending.
fn places(len: usize, channels: usize, spatial: usize, channel: usize) -> impl Iterator<Item = usize> {
    let samples = (0..len).step_by((channels * spatial).max(1));
    samples.flat_map(move |sample| sample + channel * spatial..sample + (channel + 1) * spatial)
}

impl BatchNorm for f64 {
    fn batch_norm_forward(pass: Forward<'_, Self>) {
        let rules = Rules { n: pass.check(), epsilon: pass.epsilon, momentum: pass.momentum };
        let channels = pass.mean.len();
        for channel in 0..channels {
            let places = || places(pass.x.len(), channels, pass.spatial, channel);
            let mean = places().map(|i| pass.x[i]).sum::<Self>() / rules.n as Self;
            let squares = places().map(|i| (pass.x[i] - mean) * (pass.x[i] - mean)).sum();
            let running = [pass.running_mean[channel], pass.running_variance[channel]];
            let [mean, inverse, running_mean, running_variance] = rules.statistics(mean, squares, running);
            pass.mean[channel] = mean;
            pass.inverse_deviation[channel] = inverse;
            pass.running_mean[channel] = running_mean;
            pass.running_variance[channel] = running_variance;
            for i in places() {
                pass.y[i] = (pass.x[i] - mean) * inverse * pass.scale[channel] + pass.shift[channel];
            }
        }
    }

    fn batch_norm_predict(pass: Predict<'_, Self>) {
        pass.check();
        let channels = pass.scale.len();
        for channel in 0..channels {
            let inverse = 1.0 / libm::sqrt(pass.running_variance[channel] + pass.epsilon);
            for i in places(pass.x.len(), channels, pass.spatial, channel) {
                let normal = (pass.x[i] - pass.running_mean[channel]) * inverse;
                pass.y[i] = normal * pass.scale[channel] + pass.shift[channel];
            }
        }
    }

    fn batch_norm_backward(mut pass: Backward<'_, Self>) {
        let n = pass.check() as Self;
        let channels = pass.scale.len();
        for channel in 0..channels {
            let places = || places(pass.x.len(), channels, pass.spatial, channel);
            let inverse = pass.inverse_deviation[channel];
            let normal = |i: usize| (pass.x[i] - pass.mean[channel]) * inverse;
            let grad_shift: Self = places().map(|i| pass.grad_y[i]).sum();
            let grad_scale: Self = places().map(|i| pass.grad_y[i] * normal(i)).sum();
            pass.grad_shift[channel] = grad_shift;
            pass.grad_scale[channel] = grad_scale;
            if let Some(grad_x) = &mut pass.grad_x {
                for i in places() {
                    let centred = pass.grad_y[i] - grad_shift / n - normal(i) * grad_scale / n;
                    grad_x[i] = pass.scale[channel] * inverse * centred;
                }
            }
        }
    }
}

impl BatchNorm for f32 {
    fn batch_norm_forward(pass: Forward<'_, Self>) {
        forward_with(isa(), pass);
    }
    fn batch_norm_predict(pass: Predict<'_, Self>) {
        predict_with(isa(), pass);
    }
    fn batch_norm_backward(pass: Backward<'_, Self>) {
        backward_with(isa(), pass);
    }
}

/// Cycles for each element of a pass that normalises, more or less.
const COST: usize = 1;

/// Channels whose sums are taken together: those of sixteen lanes where a sample has one value of each, else one by all lanes.
const fn group(spatial: usize) -> usize {
    if spatial == 1 { MAX_LANES } else { 1 }
}

fn forward_with(isa: Isa, pass: Forward<'_, f32>) {
    let rules = Rules { n: pass.check(), epsilon: pass.epsilon, momentum: pass.momentum };
    let Forward {
        spatial, x, scale, shift, mean, inverse_deviation, running_mean, running_variance, y, ..
    } = pass;
    let channels = mean.len();
    let outputs = (&mut *mean, &mut *inverse_deviation, running_mean, running_variance);
    share_slices(outputs, group(spatial), rules.n, |from, outputs| {
        let (mean, inverse_deviation, running_mean, running_variance) = outputs;
        dispatch(
            isa,
            Statistics {
                shape: Shape { channels, spatial },
                rules,
                x,
                from,
                mean,
                inverse_deviation,
                running_mean,
                running_variance,
            },
        );
    });
    normalize_with(
        isa,
        Normalize {
            shape: Shape { channels, spatial },
            scale,
            shift,
            mean,
            spread: Spread::Inverse(inverse_deviation),
        },
        x,
        y,
    );
}

fn predict_with(isa: Isa, pass: Predict<'_, f32>) {
    pass.check();
    let Predict { spatial, epsilon, x, scale, shift, running_mean: mean, running_variance, y } = pass;
    let shape = Shape { channels: scale.len(), spatial };
    let spread = Spread::Variance(running_variance, epsilon as f32);
    normalize_with(isa, Normalize { shape, scale, shift, mean, spread }, x, y);
}

fn normalize_with(isa: Isa, rule: Normalize<'_>, x: &[f32], y: &mut [f32]) {
    share_slices((x, y), rule.shape.granule(), COST, |from, (x, y)| {
        dispatch(isa, NormalizePiece { rule, from, x, y })
    });
}

fn backward_with(isa: Isa, pass: Backward<'_, f32>) {
    let n = pass.check();
    let Backward { spatial, x, mean, inverse_deviation, scale, grad_y, grad_scale, grad_shift, grad_x } =
        pass;
    let shape = Shape { channels: scale.len(), spatial };
    share_slices(
        (&mut *grad_scale, &mut *grad_shift),
        group(spatial),
        n,
        |from, (grad_scale, grad_shift)| {
            dispatch(
                isa,
                ChannelSums { shape, x, mean, inverse_deviation, grad_y, from, grad_scale, grad_shift },
            );
        },
    );
    if let Some(grad_x) = grad_x {
        let rule =
            InputGradient { shape, n: n as f32, mean, inverse_deviation, scale, grad_scale, grad_shift };
        share_slices((x, grad_y, grad_x), shape.granule(), COST, |from, (x, grad_y, grad_x)| {
            dispatch(isa, InputGradientPiece { rule, from, x, grad_y, grad_x });
        });
    }
}

#[derive(Clone, Copy)]
struct Shape {
    channels: usize,
    spatial: usize,
}

impl Shape {
    /// Values of a sample, for cutting a batch into samples.
    fn sample(self) -> usize {
        (self.channels * self.spatial).max(1)
    }

    /// Where a pass over all values may be cut.
    fn granule(self) -> usize {
        if self.spatial == 1 { MAX_LANES } else { self.spatial.max(1) }
    }

    /// The strips of a piece of `len` values from `from` on, which is the start of a channel's values.
    #[inline(always)]
    fn strips(self, lanes: usize, from: usize, len: usize) -> Strips {
        let channel = from / self.spatial.max(1) % self.channels.max(1);
        Strips { shape: self, lanes, channel, at: 0, end: len }
    }
}

/// Values that lie together and have the same channel or, where a sample has one value of each channel, at most a vector of
/// adjacent channels.
struct Strip {
    at: usize,
    len: usize,
    channel: usize,
}

impl Strip {
    /// The numbers of the strip's channels, each in the lanes of its values.
    #[inline(always)]
    fn of_channels<S: Simd>(&self, simd: S, shape: Shape, numbers: &[f32]) -> S::Floats {
        if shape.spatial == 1 {
            read_up_to(simd, &numbers[self.channel..][..self.len])
        } else {
            simd.splat(numbers[self.channel])
        }
    }
}

struct Strips {
    shape: Shape,
    lanes: usize,
    channel: usize,
    at: usize,
    end: usize,
}

impl Iterator for Strips {
    type Item = Strip;

    #[inline(always)]
    fn next(&mut self) -> Option<Strip> {
        if self.at >= self.end {
            return None;
        }
        let Shape { channels, spatial } = self.shape;
        let (at, channel) = (self.at, self.channel);
        let (len, passed) = if spatial == 1 {
            let len = self.lanes.min(channels - channel).min(self.end - at);
            (len, len)
        } else {
            (spatial, 1)
        };
        self.at += len;
        self.channel = if channel + passed == channels { 0 } else { channel + passed };
        Some(Strip { at, len, channel })
    }
}

/// Mean, inverse deviation and running numbers of channels `from .. from + mean.len()`.
struct Statistics<'a> {
    shape: Shape,
    rules: Rules,
    x: &'a [f32],
    from: usize,
    mean: &'a mut [f32],
    inverse_deviation: &'a mut [f32],
    running_mean: &'a mut [f32],
    running_variance: &'a mut [f32],
}

impl Kernel for Statistics<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Shape { spatial, .. } = self.shape;
        let count = self.mean.len();
        for first in (0..count).step_by(group(spatial)) {
            let group = group(spatial).min(count - first);
            let (at, len) = ((self.from + first) * spatial, group * spatial);
            let mut mean: Sums = [0.0; MAX_LANES];
            for sample in self.x.chunks_exact(self.shape.sample()) {
                add_values(&mut mean, &sample[at..][..len]);
            }
            gather(&mut mean, spatial);
            for mean in &mut mean {
                *mean /= self.rules.n as f64;
            }
            let mut squares: Sums = [0.0; MAX_LANES];
            for sample in self.x.chunks_exact(self.shape.sample()) {
                add_squares(&mut squares, &sample[at..][..len], &mean);
            }
            gather(&mut squares, spatial);
            for lane in 0..group {
                let channel = first + lane;
                let running = [self.running_mean[channel], self.running_variance[channel]];
                let [mean, inverse, running_mean, running_variance] = self
                    .rules
                    .statistics(mean[lane], squares[lane], running.map(f64::from))
                    .map(|x| x as f32);
                self.mean[channel] = mean;
                self.inverse_deviation[channel] = inverse;
                // A channel that is zero in every batch decays.
                self.running_mean[channel] = flush(running_mean);
                self.running_variance[channel] = flush(running_variance);
            }
        }
    }
}

/// Where all lanes have summed one channel, its sum in every lane.
#[inline(always)]
fn gather(sums: &mut Sums, spatial: usize) {
    if spatial != 1 {
        *sums = [total(*sums); MAX_LANES];
    }
}

/// Gradients by scale and shift of channels `from .. from + grad_scale.len()`.
struct ChannelSums<'a> {
    shape: Shape,
    x: &'a [f32],
    mean: &'a [f32],
    inverse_deviation: &'a [f32],
    grad_y: &'a [f32],
    from: usize,
    grad_scale: &'a mut [f32],
    grad_shift: &'a mut [f32],
}

impl Kernel for ChannelSums<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Shape { spatial, .. } = self.shape;
        let (count, sample) = (self.grad_scale.len(), self.shape.sample());
        for first in (0..count).step_by(group(spatial)) {
            let group = group(spatial).min(count - first);
            let (at, len) = ((self.from + first) * spatial, group * spatial);
            let means = &self.mean[self.from + first..][..group];
            let mut mean: Sums = [f64::from(means[0]); MAX_LANES];
            for (lane, &of_channel) in mean.iter_mut().zip(means) {
                *lane = f64::from(of_channel);
            }
            let (mut sums, mut products): (Sums, Sums) = ([0.0; MAX_LANES], [0.0; MAX_LANES]);
            for (x, grad_y) in self.x.chunks_exact(sample).zip(self.grad_y.chunks_exact(sample)) {
                let (x, grad_y) = (&x[at..][..len], &grad_y[at..][..len]);
                add_values(&mut sums, grad_y);
                add_products(&mut products, grad_y, x, &mean);
            }
            gather(&mut sums, spatial);
            gather(&mut products, spatial);
            for lane in 0..group {
                let channel = first + lane;
                let inverse = f64::from(self.inverse_deviation[self.from + channel]);
                self.grad_shift[channel] = flush(sums[lane] as f32);
                self.grad_scale[channel] = flush((products[lane] * inverse) as f32);
            }
        }
    }
}

/// How far the values of a channel spread.
#[derive(Clone, Copy)]
enum Spread<'a> {
    /// `1 / √(variance + ε)`
    Inverse(&'a [f32]),
    /// The variance, and ε.
    Variance(&'a [f32], f32),
}

#[derive(Clone, Copy)]
struct Normalize<'a> {
    shape: Shape,
    scale: &'a [f32],
    shift: &'a [f32],
    mean: &'a [f32],
    spread: Spread<'a>,
}

struct NormalizePiece<'a> {
    rule: Normalize<'a>,
    from: usize,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for NormalizePiece<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { rule, from, x, y } = self;
        let shape = rule.shape;
        for strip in shape.strips(S::LANES, from, x.len()) {
            let inverse = match rule.spread {
                Spread::Inverse(inverse) => strip.of_channels(simd, shape, inverse),
                Spread::Variance(variance, epsilon) => {
                    let variance = simd.add(strip.of_channels(simd, shape, variance), simd.splat(epsilon));
                    simd.div(simd.splat(1.0), simd.sqrt(variance))
                }
            };
            let factor = simd.mul(strip.of_channels(simd, shape, rule.scale), inverse);
            let shift = strip.of_channels(simd, shape, rule.shift);
            let mean = strip.of_channels(simd, shape, rule.mean);
            let (x, y) = (&x[strip.at..][..strip.len], &mut y[strip.at..][..strip.len]);
            for (x, y) in x.chunks(S::LANES).zip(y.chunks_mut(S::LANES)) {
                let deviation = simd.sub(read_up_to(simd, x), mean);
                write_up_to(simd, y, simd.mul_add(deviation, factor, shift));
            }
        }
    }
}

#[derive(Clone, Copy)]
struct InputGradient<'a> {
    shape: Shape,
    /// Values of a channel.
    n: f32,
    mean: &'a [f32],
    inverse_deviation: &'a [f32],
    scale: &'a [f32],
    grad_scale: &'a [f32],
    grad_shift: &'a [f32],
}

struct InputGradientPiece<'a> {
    rule: InputGradient<'a>,
    from: usize,
    x: &'a [f32],
    grad_y: &'a [f32],
    grad_x: &'a mut [f32],
}

impl Kernel for InputGradientPiece<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { rule, from, x, grad_y, grad_x } = self;
        let (shape, n) = (rule.shape, simd.splat(rule.n));
        for strip in shape.strips(S::LANES, from, x.len()) {
            let mean = strip.of_channels(simd, shape, rule.mean);
            let inverse = strip.of_channels(simd, shape, rule.inverse_deviation);
            let factor = simd.mul(strip.of_channels(simd, shape, rule.scale), inverse);
            let grad_mean = simd.div(strip.of_channels(simd, shape, rule.grad_shift), n);
            let slope = simd.div(simd.mul(strip.of_channels(simd, shape, rule.grad_scale), inverse), n);
            let (x, grad_y) = (&x[strip.at..][..strip.len], &grad_y[strip.at..][..strip.len]);
            let grad_x = &mut grad_x[strip.at..][..strip.len];
            let inputs = x.chunks(S::LANES).zip(grad_y.chunks(S::LANES));
            for ((x, grad_y), grad_x) in inputs.zip(grad_x.chunks_mut(S::LANES)) {
                let deviation = simd.sub(read_up_to(simd, x), mean);
                let centred = simd.sub(read_up_to(simd, grad_y), grad_mean);
                let gradient = simd.mul(factor, simd.neg_mul_add(deviation, slope, centred));
                write_up_to(simd, grad_x, flush_lanes(simd, gradient));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::flush::SMALLEST;
    use crate::kernels::testing::bits;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// Unit roundoff, and a little for its squares and for the sums in f64.
    const U: f64 = f32::EPSILON as f64 / 2.0 * 1.001;
    const EPSILON: f64 = 1e-3;

    fn wide(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x)).collect()
    }

    /// Everything that a case starts from and gives.
    #[derive(Debug, Clone)]
    struct Case<T> {
        spatial: usize,
        x: Vec<T>,
        grad_y: Vec<T>,
        scale: Vec<T>,
        shift: Vec<T>,
        mean: Vec<T>,
        inverse: Vec<T>,
        running_mean: Vec<T>,
        running_variance: Vec<T>,
        y: Vec<T>,
        predicted: Vec<T>,
        grad_scale: Vec<T>,
        grad_shift: Vec<T>,
        grad_x: Vec<T>,
    }

    impl Case<f32> {
        /// Normal numbers around `centre`; results are NaN.
        fn new([batch, channels, spatial]: [usize; 3], centre: f32) -> Self {
            let mut rng = crate::kernels::Rng::seed((batch * 1000 + channels * 100 + spatial) as u64);
            let mut numbers = |len: usize| (0..len).map(|_| rng.normal() as f32).collect::<Vec<_>>();
            let (len, nan) = (batch * channels * spatial, |len: usize| vec![f32::NAN; len]);
            let mut x = numbers(len);
            x.iter_mut().for_each(|x| *x += centre);
            Self {
                spatial,
                x,
                grad_y: numbers(len),
                scale: numbers(channels),
                shift: numbers(channels),
                mean: nan(channels),
                inverse: nan(channels),
                running_mean: numbers(channels),
                running_variance: numbers(channels).iter().map(|x| x * x).collect(),
                y: nan(len),
                predicted: nan(len),
                grad_scale: nan(channels),
                grad_shift: nan(channels),
                grad_x: nan(len),
            }
        }

        fn widened(&self) -> Case<f64> {
            Case {
                spatial: self.spatial,
                x: wide(&self.x),
                grad_y: wide(&self.grad_y),
                scale: wide(&self.scale),
                shift: wide(&self.shift),
                mean: wide(&self.mean),
                inverse: wide(&self.inverse),
                running_mean: wide(&self.running_mean),
                running_variance: wide(&self.running_variance),
                y: wide(&self.y),
                predicted: wide(&self.predicted),
                grad_scale: wide(&self.grad_scale),
                grad_shift: wide(&self.grad_shift),
                grad_x: wide(&self.grad_x),
            }
        }

        fn run(&mut self, isa: Isa) {
            predict_with(isa, self.predict());
            forward_with(isa, self.forward());
            backward_with(isa, self.backward());
        }

        fn bits(&self) -> Vec<Vec<u32>> {
            let all = [
                &self.mean,
                &self.inverse,
                &self.running_mean,
                &self.running_variance,
                &self.y,
                &self.predicted,
                &self.grad_scale,
                &self.grad_shift,
                &self.grad_x,
            ];
            all.map(|x| bits(x)).to_vec()
        }
    }

    impl<T> Case<T> {
        fn forward(&mut self) -> Forward<'_, T> {
            Forward {
                spatial: self.spatial,
                epsilon: EPSILON,
                momentum: 0.1,
                x: &self.x,
                scale: &self.scale,
                shift: &self.shift,
                mean: &mut self.mean,
                inverse_deviation: &mut self.inverse,
                running_mean: &mut self.running_mean,
                running_variance: &mut self.running_variance,
                y: &mut self.y,
            }
        }

        fn predict(&mut self) -> Predict<'_, T> {
            Predict {
                spatial: self.spatial,
                epsilon: EPSILON,
                x: &self.x,
                scale: &self.scale,
                shift: &self.shift,
                running_mean: &self.running_mean,
                running_variance: &self.running_variance,
                y: &mut self.predicted,
            }
        }

        fn backward(&mut self) -> Backward<'_, T> {
            Backward {
                spatial: self.spatial,
                x: &self.x,
                mean: &self.mean,
                inverse_deviation: &self.inverse,
                scale: &self.scale,
                grad_y: &self.grad_y,
                grad_scale: &mut self.grad_scale,
                grad_shift: &mut self.grad_shift,
                grad_x: Some(&mut self.grad_x),
            }
        }
    }

    #[track_caller]
    fn assert_near(isa: Isa, what: &str, found: &[f32], wanted: &[f64], bound: impl Fn(usize) -> f64) {
        for (i, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
            let error = (f64::from(found) - wanted).abs();
            assert!(
                error <= bound(i),
                "{isa}: {what}[{i}] = {found}, not {wanted}: {error:e} > {:e}",
                bound(i)
            );
        }
    }

    fn check_case(sizes: [usize; 3], centre: f32) {
        let [batch, channels, spatial] = sizes;
        let n = (batch * spatial) as f64;
        let start = Case::new(sizes, centre);
        let mut exact = start.widened();
        f64::batch_norm_predict(exact.predict());
        f64::batch_norm_forward(exact.forward());
        for isa in Isa::available() {
            let mut found = start.clone();
            found.run(isa);
            let of = |i: usize| i / spatial % channels;
            assert_near(isa, "mean", &found.mean, &exact.mean, |i| U * exact.mean[i].abs() + 1e-13);
            assert_near(isa, "inverse", &found.inverse, &exact.inverse, |i| U * exact.inverse[i]);
            // Rounded once, and where it is nearly zero it is zero.
            let once = |x: f64| U * x.abs() + f64::from(SMALLEST);
            assert_near(isa, "running mean", &found.running_mean, &exact.running_mean, |i| {
                once(exact.running_mean[i]) + 1e-13
            });
            assert_near(isa, "running variance", &found.running_variance, &exact.running_variance, |i| {
                once(exact.running_variance[i])
            });
            // Rounded are the mean, the difference, the inverse deviation, its product with the scale, on some machines that
            // with the difference, and the sum.
            assert_near(isa, "y", &found.y, &exact.y, |i| {
                let c = of(i);
                let (factor, distance) =
                    ((exact.scale[c] * exact.inverse[c]).abs(), (exact.x[i] - exact.mean[c]).abs());
                U * (factor * (exact.mean[c].abs() + 4.0 * distance) + exact.y[i].abs())
            });
            // The inverse deviation is here of ε, a sum, a root of both and a quotient; the mean is given.
            assert_near(isa, "predicted", &found.predicted, &exact.predicted, |i| {
                let c = of(i);
                let inverse = 1.0 / (f64::from(start.running_variance[c]) + EPSILON).sqrt();
                let distance = (exact.x[i] - f64::from(start.running_mean[c])).abs();
                U * (6.0 * exact.scale[c].abs() * inverse * distance + exact.predicted[i].abs())
            });

            let mut exact = found.widened();
            f64::batch_norm_backward(exact.backward());
            let sizes: Vec<f64> = (0..channels)
                .map(|c| places(exact.x.len(), channels, spatial, c).map(|i| exact.grad_y[i].abs()).sum())
                .collect();
            // Sums in f64 of numbers at most 8 + |mean| from zero.
            let tiny = |c: usize| n * f64::EPSILON * sizes[c];
            assert_near(isa, "grad_shift", &found.grad_shift, &exact.grad_shift, |c| {
                once(exact.grad_shift[c]) + tiny(c)
            });
            assert_near(isa, "grad_scale", &found.grad_scale, &exact.grad_scale, |c| {
                once(exact.grad_scale[c]) + 8.0 * exact.inverse[c] * tiny(c)
            });
            // The mean of the gradient is a sum and n, rounded, and a quotient; the slope has a product besides. Then come
            // the difference by the input, its product with the slope, two differences and two products.
            assert_near(isa, "grad_x", &found.grad_x, &exact.grad_x, |i| {
                let c = of(i);
                let factor = (exact.scale[c] * exact.inverse[c]).abs();
                let mean = exact.grad_shift[c] / n;
                let normal = (exact.x[i] - exact.mean[c]) * exact.inverse[c];
                let slope = normal * exact.grad_scale[c] / n;
                let centred = exact.grad_y[i] - mean;
                let bound = 3.0 * mean.abs() + 4.0 * centred.abs() + 9.0 * slope.abs();
                factor * (U * bound + (1.0 + 8.0 * normal.abs()) * tiny(c) / n) + f64::from(SMALLEST)
            });
        }
    }

    proptest! {
        #[test]
        fn agrees_with_reference(
            batch in 1usize..5, channels in 1usize..40, spatial in prop_oneof![Just(1), 2usize..40],
            centre in prop_oneof![Just(0.0f32), Just(1000.0)],
        ) {
            prop_assume!(batch * spatial > 1);
            check_case([batch, channels, spatial], centre);
        }
    }

    #[test]
    fn agrees_with_reference_at_vector_sizes_and_without_values() {
        for channels in [0, 1, 15, 16, 17, 32, 33] {
            for spatial in [1, 4, 15, 16, 17, 49] {
                check_case([3, channels, spatial], 0.0);
            }
        }
        for isa in Isa::available() {
            let mut nothing = Case::new([0, 3, 1], 0.0);
            nothing.mean.fill(1.0);
            nothing.inverse.fill(1.0);
            backward_with(isa, nothing.backward());
            assert_eq!(nothing.grad_scale, [0.0; 3], "{isa}");
            predict_with(isa, nothing.predict());
        }
    }

    #[test]
    fn normalised_values_have_mean_zero_and_variance_one_far_from_zero() {
        let mut case = Case::new([50, 3, 7], 100_000.0);
        case.scale.fill(1.0);
        case.shift.fill(0.0);
        forward_with(isa(), case.forward());
        for channel in 0..3 {
            let values = || places(case.y.len(), 3, 7, channel).map(|i| f64::from(case.y[i]));
            let mean = values().sum::<f64>() / 350.0;
            let variance = values().map(|y| (y - mean) * (y - mean)).sum::<f64>() / 350.0;
            let inverse = f64::from(case.inverse[channel]);
            // The mean is kept as an f32, half a unit of 100,000 off; ε is a thousandth of the variance.
            assert!(mean.abs() <= 1.01 * U * 1e5 * inverse, "{mean}");
            assert!((variance - (1.0 - EPSILON * inverse * inverse)).abs() < 1e-5, "{variance}");
        }
    }

    #[test]
    fn nan_stays_in_its_channel_and_equal_values_become_the_shift() {
        for spatial in [1, 20] {
            let mut start = Case::new([4, 20, spatial], 0.0);
            start.x[7 * spatial] = f32::NAN;
            places(start.x.len(), 20, spatial, 3).for_each(|i| start.x[i] = 0.1);
            for isa in Isa::available() {
                let mut case = start.clone();
                case.run(isa);
                for results in [&case.y, &case.grad_x] {
                    for (i, result) in results.iter().enumerate() {
                        assert_eq!(result.is_nan(), i / spatial % 20 == 7, "{isa}: {i}");
                    }
                }
                assert!(places(case.y.len(), 20, spatial, 3).all(|i| case.y[i] == case.shift[3]), "{isa}");
            }
        }
    }

    #[test]
    fn channels_that_are_zero_leave_no_subnormal_numbers() {
        let mut case = Case::new([2, 1, 1], 0.0);
        case.x.fill(0.0);
        case.grad_y.fill(SMALLEST / 2.0);
        (case.running_mean[0], case.running_variance[0]) = (SMALLEST, SMALLEST);
        forward_with(isa(), case.forward());
        backward_with(isa(), case.backward());
        assert_eq!(
            (case.running_mean[0], case.running_variance[0], &case.grad_x[..]),
            (0.0, 0.0, &[0.0; 2][..])
        );
    }

    #[test]
    fn reference_gradients_agree_with_central_differences() {
        for sizes in [[4, 3, 1], [2, 3, 5]] {
            let mut case = Case::new(sizes, 0.5).widened();
            f64::batch_norm_forward(case.forward());
            f64::batch_norm_backward(case.backward());
            let value = |case: &Case<f64>| {
                let mut case = case.clone();
                f64::batch_norm_forward(case.forward());
                case.y.iter().zip(&case.grad_y).map(|(y, grad_y)| y * grad_y).sum::<f64>()
            };
            type Field = fn(&mut Case<f64>) -> &mut Vec<f64>;
            let fields: [(Field, Field); 3] = [
                (|case| &mut case.x, |case| &mut case.grad_x),
                (|case| &mut case.scale, |case| &mut case.grad_scale),
                (|case| &mut case.shift, |case| &mut case.grad_shift),
            ];
            for (argument, gradient) in fields {
                for i in 0..argument(&mut case).len() {
                    let step = f64::EPSILON.cbrt();
                    let moved = |step: f64| {
                        let mut case = case.clone();
                        argument(&mut case)[i] += step;
                        value(&case)
                    };
                    let difference = (moved(step) - moved(-step)) / (2.0 * step);
                    let found = gradient(&mut case)[i];
                    assert!((difference - found).abs() < 1e-7, "{sizes:?}: {found}, not {difference}");
                }
            }
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn threads_change_no_bit_and_neither_do_other_samples_in_inference() {
        for sizes in [[400, 131, 1], [13, 70, 49]] {
            let results = [1, 2, 3].map(|threads| {
                let mut case = Case::new(sizes, 2.0);
                crate::kernels::testing::pool(threads).install(|| case.run(isa()));
                case
            });
            assert!(results.iter().all(|case| case.bits() == results[0].bits()), "{sizes:?}");
            let (whole, sample) = (Case::new(sizes, 2.0), sizes[1] * sizes[2]);
            let mut alone =
                Case { x: whole.x[..sample].to_vec(), predicted: vec![f32::NAN; sample], ..whole };
            predict_with(isa(), alone.predict());
            assert_eq!(bits(&alone.predicted), bits(&results[0].predicted[..sample]), "{sizes:?}");
        }
    }

    #[test]
    fn instruction_sets_compute_the_same_statistics() {
        for sizes in [[9, 19, 1], [3, 5, 23]] {
            let results: Vec<_> = Isa::available()
                .map(|isa| {
                    let mut case = Case::new(sizes, 1.0);
                    case.run(isa);
                    // Fused steps change the outputs alone, which have more numbers than there are channels.
                    let mut bits = case.bits();
                    bits.retain(|x| x.len() == sizes[1]);
                    assert_eq!(bits.len(), 6);
                    bits
                })
                .collect();
            assert!(results.iter().all(|result| *result == results[0]), "{sizes:?}");
        }
    }

    #[test]
    #[should_panic(expected = "a channel needs 2 values or more in training, but has 1")]
    fn one_value_of_a_channel_is_refused_in_training() {
        f32::batch_norm_forward(Case::new([1, 3, 1], 0.0).forward());
    }

    #[test]
    #[should_panic(expected = "5 values are not samples of 3 channels by 1")]
    fn incomplete_samples_are_refused() {
        let mut case = Case::new([2, 3, 1], 0.0);
        case.x.pop();
        f32::batch_norm_forward(case.forward());
    }
}
