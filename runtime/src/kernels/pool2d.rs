//! Two-dimensional pooling: the largest or the mean of the inputs under a window, and their gradients.
//!
//! Letters: H×W image, P×Q output; each channel of each sample is an image of its own. Padding is never read: a maximum does not see it,
//! and a mean counts it as zeros or not at all. A window over nothing but padding has −∞ as its maximum and zero as its mean, and leads no
//! gradient back.
//!
//! Every sum is one chain in the order of rows and columns, on every instruction set, whatever the number of threads.

use core::ops::Range;

use super::simd::{Kernel, Simd, dispatch};
use super::window::Axis;
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads::share_slices;

/// Sizes of a pool.
///
/// ```
/// use typenet_runtime::kernels::Pool2dShape;
///
/// // 3×3 inputs, every other one, of 64 images in a batch of 10 samples.
/// let shape = Pool2dShape {
///     images: 10 * 64,
///     height: 112,
///     width: 112,
///     kernel: [3, 3],
///     stride: [2, 2],
///     padding: [1, 1],
///     out: [56, 56],
/// };
/// assert_eq!((shape.input_len(), shape.output_len()), (10 * 64 * 112 * 112, 10 * 64 * 56 * 56));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool2dShape {
    /// Samples times channels.
    pub images: usize,
    /// Height of an image, H.
    pub height: usize,
    /// Width of an image, W.
    pub width: usize,
    /// Height and width of the window.
    #[doc(alias("pool_size", "kernel_size"))]
    pub kernel: [usize; 2],
    /// Rows and columns from one place to the next.
    #[doc(alias = "strides")]
    pub stride: [usize; 2],
    /// Rows above and columns to the left of the image. Below and to the right there are as many as the last places need.
    pub padding: [usize; 2],
    /// Height and width of the output, P and Q.
    pub out: [usize; 2],
}

impl Pool2dShape {
    /// Numbers in all images.
    pub const fn input_len(&self) -> usize {
        self.images * self.plane()
    }

    /// Numbers in all outputs.
    pub const fn output_len(&self) -> usize {
        self.images * self.places()
    }

    const fn plane(&self) -> usize {
        self.height * self.width
    }

    const fn places(&self) -> usize {
        self.out[0] * self.out[1]
    }

    /// Taps of one image, as a rough cost; a number is compared or added in a cycle or less.
    const fn cost(&self) -> usize {
        self.places().saturating_mul(self.kernel[0] * self.kernel[1])
    }

    fn axes(&self) -> [Axis; 2] {
        let sizes = [self.height, self.width];
        core::array::from_fn(|axis| Axis {
            size: sizes[axis],
            stride: self.stride[axis],
            padding: self.padding[axis],
            dilation: 1,
            out: self.out[axis],
        })
    }

    #[track_caller]
    fn check(&self, input: usize, output: usize) {
        let images = self.images;
        assert!(!self.stride.contains(&0), "pool2d: a stride of zero");
        assert_eq!(input, self.input_len(), "pool2d: the input must be {images} images");
        assert_eq!(output, self.output_len(), "pool2d: the output must be {images} images");
    }

    /// The windows of `images` images, each with its place in the output.
    fn windows(self, images: usize) -> impl Iterator<Item = (usize, Window)> {
        let [rows, columns] = self.axes();
        (0..images * self.places()).map(move |output| {
            let (p, q) = (output / self.out[1] % self.out[0], output % self.out[1]);
            let start = output / self.places() * self.plane();
            let (rows, columns) = (rows.inputs(p, self.kernel[0]), columns.inputs(q, self.kernel[1]));
            (output, Window { start, width: self.width, rows, columns })
        })
    }
}

/// The inputs under one place of a window: rows and columns of the image that starts at `start`.
struct Window {
    start: usize,
    width: usize,
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Window {
    fn len(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// The places of its inputs, row by row.
    fn inputs(&self) -> impl Iterator<Item = usize> {
        self.rows.clone().flat_map(|h| {
            let row = self.start + h * self.width;
            row + self.columns.start..row + self.columns.end
        })
    }
}

/// What a mean divides by.
///
/// Keras leaves padding out (`AveragePooling2D` with `padding="same"`); PyTorch's `AvgPool2d` counts it as zeros unless told
/// `count_include_pad=False`. They differ at the border alone.
///
/// ```
/// use typenet_runtime::kernels::pool2d::{Count, Pool, Pool2dShape};
///
/// let shape = Pool2dShape {
///     images: 1,
///     height: 1,
///     width: 2,
///     kernel: [1, 2],
///     stride: [1, 1],
///     padding: [0, 1],
///     out: [1, 3],
/// };
/// let mut y = [0.0f32; 3];
/// f32::average_pool(&shape, Count::Inputs, &[2.0, 4.0], &mut y);
/// assert_eq!(y, [2.0, 3.0, 4.0]);
/// f32::average_pool(&shape, Count::Window, &[2.0, 4.0], &mut y);
/// assert_eq!(y, [1.0, 3.0, 2.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(alias = "count_include_pad")]
pub enum Count {
    /// The inputs under the window that are part of the image.
    Inputs,
    /// All inputs under the window, with padding as zeros.
    Window,
}

/// Largest values and means under a window, and their gradients.
///
/// ```
/// use typenet_runtime::kernels::pool2d::{Count, Pool, Pool2dShape};
///
/// let shape = Pool2dShape {
///     images: 1,
///     height: 2,
///     width: 4,
///     kernel: [2, 2],
///     stride: [2, 2],
///     padding: [0, 0],
///     out: [1, 2],
/// };
/// let x = [1.0f32, 5.0, 7.0, 2.0, 3.0, 3.0, 0.0, 7.0];
/// let (mut y, mut grad_x) = ([f32::NAN; 2], [f32::NAN; 8]);
/// f32::max_pool(&shape, &x, &mut y);
/// assert_eq!(y, [5.0, 7.0]);
/// // The gradient goes to the first of equals.
/// f32::max_pool_gradient(&shape, &x, &[10.0, 20.0], &mut grad_x);
/// assert_eq!(grad_x, [0.0, 10.0, 20.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
///
/// f32::average_pool(&shape, Count::Inputs, &x, &mut y);
/// assert_eq!(y, [3.0, 4.0]);
/// f32::average_pool_gradient(&shape, Count::Inputs, &[4.0, 8.0], &mut grad_x);
/// assert_eq!(grad_x, [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]);
/// ```
pub trait Pool: Sized {
    /// `y ←` the largest input under each window; NaN if any is NaN.
    ///
    /// # Panics
    /// If a slice does not have the length that `shape` says, or a stride is zero.
    fn max_pool(shape: &Pool2dShape, x: &[Self], y: &mut [Self]);

    /// `grad_x[i] ← Σ grad_y` over the windows whose largest input is `i`: the first of equals, or the last NaN, as in PyTorch. The
    /// forward pass leaves no trace; the maxima are looked for again.
    ///
    /// # Panics
    /// As [`max_pool`](Self::max_pool).
    fn max_pool_gradient(shape: &Pool2dShape, x: &[Self], grad_y: &[Self], grad_x: &mut [Self]);

    /// `y ← Σ x / count` over the inputs under each window.
    ///
    /// # Panics
    /// As [`max_pool`](Self::max_pool).
    fn average_pool(shape: &Pool2dShape, count: Count, x: &[Self], y: &mut [Self]);

    /// `grad_x[i] ← Σ grad_y / count` over the windows that lie over `i`.
    ///
    /// # Panics
    /// As [`max_pool`](Self::max_pool).
    fn average_pool_gradient(shape: &Pool2dShape, count: Count, grad_y: &[Self], grad_x: &mut [Self]);
}

impl Count {
    /// The divisor of a window with so many inputs inside the image.
    fn of(self, shape: &Pool2dShape, inside: usize) -> usize {
        match self {
            Self::Inputs => inside,
            Self::Window => shape.kernel[0] * shape.kernel[1],
        }
    }
}

/// The definition.
impl Pool for f64 {
    fn max_pool(shape: &Pool2dShape, x: &[Self], y: &mut [Self]) {
        shape.check(x.len(), y.len());
        for (output, window) in shape.windows(shape.images) {
            let larger = |a: Self, b: Self| if b > a || b.is_nan() { b } else { a };
            y[output] = window.inputs().map(|input| x[input]).fold(Self::NEG_INFINITY, larger);
        }
    }

    fn max_pool_gradient(shape: &Pool2dShape, x: &[Self], grad_y: &[Self], grad_x: &mut [Self]) {
        shape.check(x.len(), grad_y.len());
        shape.check(grad_x.len(), grad_y.len());
        grad_x.fill(0.0);
        for (output, window) in shape.windows(shape.images) {
            let larger = |a: usize, b: usize| if x[b] > x[a] || x[b].is_nan() { b } else { a };
            if let Some(largest) = window.inputs().reduce(larger) {
                grad_x[largest] += grad_y[output];
            }
        }
    }

    fn average_pool(shape: &Pool2dShape, count: Count, x: &[Self], y: &mut [Self]) {
        shape.check(x.len(), y.len());
        for (output, window) in shape.windows(shape.images) {
            let sum: Self = window.inputs().map(|input| x[input]).sum();
            y[output] = if window.len() > 0 { sum / count.of(shape, window.len()) as Self } else { 0.0 };
        }
    }

    fn average_pool_gradient(shape: &Pool2dShape, count: Count, grad_y: &[Self], grad_x: &mut [Self]) {
        shape.check(grad_x.len(), grad_y.len());
        grad_x.fill(0.0);
        for (output, window) in shape.windows(shape.images) {
            let share = grad_y[output] / count.of(shape, window.len()) as Self;
            window.inputs().for_each(|input| grad_x[input] += share);
        }
    }
}

impl Pool for f32 {
    fn max_pool(shape: &Pool2dShape, x: &[Self], y: &mut [Self]) {
        pool_with(isa(), shape, Pooling::Max, x, y);
    }

    fn max_pool_gradient(shape: &Pool2dShape, x: &[Self], grad_y: &[Self], grad_x: &mut [Self]) {
        shape.check(x.len(), grad_y.len());
        share_gradient(shape, grad_y, grad_x, |from, grad_y, grad_x| {
            let x = &x[from * shape.plane()..][..grad_x.len()];
            for (output, window) in shape.windows(grad_y.len() / shape.places()) {
                let mut inputs = window.inputs();
                let Some(mut largest) = inputs.next() else { continue };
                for input in inputs {
                    if x[input] > x[largest] || x[input].is_nan() {
                        largest = input;
                    }
                }
                grad_x[largest] += grad_y[output];
            }
        });
    }

    fn average_pool(shape: &Pool2dShape, count: Count, x: &[Self], y: &mut [Self]) {
        pool_with(isa(), shape, Pooling::Average(count), x, y);
    }

    fn average_pool_gradient(shape: &Pool2dShape, count: Count, grad_y: &[Self], grad_x: &mut [Self]) {
        share_gradient(shape, grad_y, grad_x, |_, grad_y, grad_x| {
            for (output, window) in shape.windows(grad_y.len() / shape.places()) {
                let share = grad_y[output] / count.of(shape, window.len()) as Self;
                for row in window.rows {
                    let row = &mut grad_x[window.start + row * window.width..][..window.width];
                    row[window.columns.clone()].iter_mut().for_each(|grad| *grad += share);
                }
            }
        });
    }
}

/// Clears `grad_x` and runs `part(first image, grad_y, grad_x)` on pieces of whole images.
fn share_gradient(
    shape: &Pool2dShape,
    grad_y: &[f32],
    grad_x: &mut [f32],
    part: impl Fn(usize, &[f32], &mut [f32]) + Sync,
) {
    shape.check(grad_x.len(), grad_y.len());
    grad_x.fill(0.0);
    if grad_x.is_empty() || grad_y.is_empty() {
        return;
    }
    let (plane, places) = (shape.plane(), shape.places());
    share_slices(grad_x, plane, shape.cost() / plane + 1, |from, grad_x| {
        let (image, images) = (from / plane, grad_x.len() / plane);
        part(image, &grad_y[image * places..][..images * places], grad_x);
    });
}

#[derive(Clone, Copy)]
enum Pooling {
    Max,
    Average(Count),
}

fn pool_with(isa: Isa, shape: &Pool2dShape, pooling: Pooling, x: &[f32], y: &mut [f32]) {
    shape.check(x.len(), y.len());
    let (plane, places) = (shape.plane(), shape.places());
    if y.is_empty() {
        return;
    }
    share_slices(y, places, shape.cost() / places + 1, |from, y| {
        let x = &x[from / places * plane..][..y.len() / places * plane];
        match pooling {
            Pooling::Max => dispatch(isa, Images::<true> { shape, count: Count::Inputs, x, y }),
            Pooling::Average(count) => dispatch(isa, Images::<false> { shape, count, x, y }),
        }
    });
}

/// Whole images and their outputs, by largest values or by means.
struct Images<'a, const MAX: bool> {
    shape: &'a Pool2dShape,
    count: Count,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl<const MAX: bool> Kernel for Images<'_, MAX> {
    type Output = ();

    /// One tap at a time over a whole row of outputs, in loops that become vectors.
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { shape, count, x, y } = self;
        let [rows, columns] = shape.axes();
        for (row, y) in y.chunks_exact_mut(shape.out[1]).enumerate() {
            let (image, p) = (row / shape.out[0], row % shape.out[0]);
            y.fill(if MAX { f32::NEG_INFINITY } else { 0.0 });
            let inputs = rows.inputs(p, shape.kernel[0]);
            for h in inputs.clone() {
                let x = &x[image * shape.plane() + h * shape.width..][..shape.width];
                for j in 0..shape.kernel[1] {
                    let inside = columns.places(j);
                    let Some(first) = columns.input(inside.start, j) else { continue };
                    let (x, y) = (&x[first..], &mut y[inside]);
                    if columns.stride == 1 {
                        for (y, x) in y.iter_mut().zip(x) {
                            *y = join::<MAX>(*y, *x);
                        }
                    } else {
                        for (y, x) in y.iter_mut().zip(x.iter().step_by(columns.stride)) {
                            *y = join::<MAX>(*y, *x);
                        }
                    }
                }
            }
            if !MAX {
                for (q, y) in y.iter_mut().enumerate() {
                    let inside = inputs.len() * columns.inputs(q, shape.kernel[1]).len();
                    *y = if inside > 0 { *y / count.of(shape, inside) as f32 } else { 0.0 };
                }
            }
        }
    }
}

#[inline(always)]
fn join<const MAX: bool>(y: f32, x: f32) -> f32 {
    if !MAX {
        y + x
    } else if x > y || x.is_nan() {
        x
    } else {
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::bits;
    use crate::kernels::window::output_size;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// Unit roundoff.
    const U: f64 = f32::EPSILON as f64 / 2.0;

    fn wide(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x)).collect()
    }

    fn absolute(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x).abs()).collect()
    }

    fn values(len: usize, seed: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect()
    }

    fn shape() -> impl Strategy<Value = Pool2dShape> {
        let pair = |from: usize, to: usize| (from..=to, from..=to).prop_map(|(a, b)| [a, b]);
        let size = prop_oneof![pair(0, 9), pair(30, 40)];
        (0usize..=4, size, pair(1, 4), pair(1, 4), pair(0, 5), pair(0, 1)).prop_map(
            |(images, [height, width], kernel, stride, padding, behind)| {
                let out = |size: usize, axis: usize| {
                    output_size(size, kernel[axis], stride[axis], 2 * padding[axis] + behind[axis], 1)
                };
                let out = [out(height, 0), out(width, 1)];
                Pool2dShape { images, height, width, kernel, stride, padding, out }
            },
        )
    }

    fn pool(isa: Isa, shape: &Pool2dShape, pooling: Pooling, x: &[f32]) -> Vec<f32> {
        let mut y = vec![f32::NAN; shape.output_len()];
        pool_with(isa, shape, pooling, x, &mut y);
        y
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn maxima_are_those_of_the_definition(shape in shape(), nan in any::<prop::sample::Index>(), with_nan in any::<bool>()) {
            // So few different numbers that windows have equals.
            let mut x: Vec<f32> = (0..shape.input_len()).map(|i| (i * 7919 % 13 % 5) as f32 - 2.0).collect();
            if with_nan && !x.is_empty() {
                let at = nan.index(x.len());
                x[at] = f32::NAN;
            }
            let mut expected = vec![f64::NAN; shape.output_len()];
            f64::max_pool(&shape, &wide(&x), &mut expected);
            for isa in Isa::available() {
                for (found, expected) in pool(isa, &shape, Pooling::Max, &x).iter().zip(&expected) {
                    let (found, both_nan) = (f64::from(*found), found.is_nan() && expected.is_nan());
                    prop_assert!(found == *expected || both_nan, "{}: {} {}", isa, found, expected);
                }
            }
            // Whole numbers, so that sums are exact.
            let grad_y: Vec<f32> = (0..shape.output_len()).map(|i| (i % 17) as f32 - 8.0).collect();
            let (mut found, mut expected) = (vec![f32::NAN; x.len()], vec![f64::NAN; x.len()]);
            f32::max_pool_gradient(&shape, &x, &grad_y, &mut found);
            f64::max_pool_gradient(&shape, &wide(&x), &wide(&grad_y), &mut expected);
            prop_assert_eq!(wide(&found), expected);
        }

        #[test]
        fn means_agree_with_the_definition(shape in shape(), inputs in any::<bool>()) {
            let count = if inputs { Count::Inputs } else { Count::Window };
            let x = values(shape.input_len(), 2);
            let define = |x: &[f64]| {
                let mut y = vec![f64::NAN; shape.output_len()];
                f64::average_pool(&shape, count, x, &mut y);
                y
            };
            let (means, sizes) = (define(&wide(&x)), define(&absolute(&x)));
            // A chain over the window and a quotient.
            let roundings = (shape.kernel[0] * shape.kernel[1] + 1) as f64;
            let results = Isa::available().map(|isa| pool(isa, &shape, Pooling::Average(count), &x));
            for found in results.collect::<Vec<_>>() {
                for ((found, mean), size) in found.iter().zip(&means).zip(&sizes) {
                    prop_assert!((f64::from(*found) - mean).abs() <= roundings * U * size, "{}, not {}", found, mean);
                }
            }

            let grad_y = values(shape.output_len(), 3);
            let define = |grad_y: &[f64]| {
                let mut grad_x = vec![f64::NAN; shape.input_len()];
                f64::average_pool_gradient(&shape, count, grad_y, &mut grad_x);
                grad_x
            };
            let (gradients, sizes) = (define(&wide(&grad_y)), define(&absolute(&grad_y)));
            let mut found = vec![f32::NAN; x.len()];
            f32::average_pool_gradient(&shape, count, &grad_y, &mut found);
            for ((found, gradient), size) in found.iter().zip(&gradients).zip(&sizes) {
                // A quotient for each window over the input, of which there are no more than taps.
                prop_assert!((f64::from(*found) - gradient).abs() <= roundings * U * size, "{} {}", found, gradient);
            }
        }
    }

    #[test]
    fn definitions_by_hand() {
        let shape = Pool2dShape {
            images: 1,
            height: 2,
            width: 3,
            kernel: [2, 2],
            stride: [1, 2],
            padding: [1, 1],
            out: [2, 2],
        };
        let x = [1.0, -2.0, 3.0, -1.0, 4.0, 4.0];
        let mut y = [f64::NAN; 4];
        f64::max_pool(&shape, &x, &mut y);
        assert_eq!(y, [1.0, 3.0, 1.0, 4.0]);
        f64::average_pool(&shape, Count::Inputs, &x, &mut y);
        assert_eq!(y, [1.0, 0.5, 0.0, 2.25]);
        f64::average_pool(&shape, Count::Window, &x, &mut y);
        assert_eq!(y, [0.25, 0.25, 0.0, 2.25]);
        let (grad_y, mut grad_x) = ([1.0, 2.0, 4.0, 8.0], [f64::NAN; 6]);
        f64::max_pool_gradient(&shape, &x, &grad_y, &mut grad_x);
        assert_eq!(grad_x, [5.0, 0.0, 2.0, 0.0, 8.0, 0.0]);
        f64::average_pool_gradient(&shape, Count::Inputs, &grad_y, &mut grad_x);
        assert_eq!(grad_x, [3.0, 3.0, 3.0, 2.0, 2.0, 2.0]);
        f64::average_pool_gradient(&shape, Count::Window, &grad_y, &mut grad_x);
        assert_eq!(grad_x, [1.25, 2.5, 2.5, 1.0, 2.0, 2.0]);
    }

    #[test]
    #[cfg(feature = "std")]
    fn threads_change_no_bit() {
        for (images, size, kernel, stride) in [(70, 56, 3, 2), (3, 100, 2, 2), (1000, 8, 3, 1)] {
            let out = output_size(size, kernel, stride, 2, 1);
            let shape = Pool2dShape {
                images,
                height: size,
                width: size,
                kernel: [kernel; 2],
                stride: [stride; 2],
                padding: [1, 1],
                out: [out, out],
            };
            let (x, grad_y) = (values(shape.input_len(), 1), values(shape.output_len(), 2));
            let all = [1, 2, 3].map(|threads| {
                crate::kernels::testing::pool(threads).install(|| {
                    let mut results = [x.len(); 2].map(|len| vec![f32::NAN; len]);
                    f32::max_pool_gradient(&shape, &x, &grad_y, &mut results[0]);
                    f32::average_pool_gradient(&shape, Count::Window, &grad_y, &mut results[1]);
                    let forward = Isa::available().flat_map(|isa| {
                        [Pooling::Max, Pooling::Average(Count::Inputs)]
                            .map(|kind| pool(isa, &shape, kind, &x))
                    });
                    forward.chain(results).map(|result| bits(&result)).collect::<Vec<_>>()
                })
            });
            assert!(all.iter().all(|results| *results == all[0]), "{shape:?}");
        }
    }

    #[test]
    #[should_panic(expected = "the input must be 2 images")]
    fn other_images_are_refused() {
        let shape = Pool2dShape {
            images: 2,
            height: 1,
            width: 1,
            kernel: [1, 1],
            stride: [1, 1],
            padding: [0, 0],
            out: [1, 1],
        };
        f32::max_pool(&shape, &[0.0; 3], &mut [0.0; 2]);
    }
}
