//! Layer normalisation of rows: each over its own values.
//!
//! For a row of `n` values: `x̂ = (x − mean) / √(variance + ε)` with the variance over `n`, and `y = scale · x̂ + shift` with a
//! scale and a shift for each place of the row.
//!
//! In `f32`, mean and variance are computed in two passes in f64 and rounded once: the variance is right to 2⁻²⁴ of its size, the mean
//! likewise and to `n · 2⁻⁵³` of the mean size of the values. The normalised values are not kept: [`Backward`] computes them from
//! the input. No bit of a row depends on the others.
//!
//! Ba, Kiros & Hinton, "Layer Normalization", 2016, eq. 3 and 4.

use super::flush::{flush, flush_lanes};
use super::lanes::{read_up_to, write_up_to};
use super::moments::{Sums, add_squares, add_values, total};
use super::simd::{Kernel, MAX_LANES, Simd, dispatch};
use crate::brief::brief_debug;
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads::share_slices;

/// Layer normalisation, see [the module](self).
///
/// ```
/// use typenet_runtime::kernels::{LayerNorm, layer_norm};
///
/// // One row with mean 3 and variance 4.
/// let (x, scale) = ([1.0, 5.0], [1.0, 0.5]);
/// let (mut mean, mut inverse_deviation, mut y) = ([0.0], [0.0], [0.0; 2]);
/// f64::layer_norm_forward(layer_norm::Forward {
///     epsilon: 0.0,
///     x: &x,
///     scale: &scale,
///     shift: &[0.0, 1.0],
///     mean: &mut mean,
///     inverse_deviation: &mut inverse_deviation,
///     y: &mut y,
/// });
/// assert_eq!((mean, inverse_deviation, y), ([3.0], [0.5], [-1.0, 1.5]));
///
/// let (mut grad_scale, mut grad_shift, mut grad_x) = ([0.0; 2], [0.0; 2], [1.0; 2]);
/// f64::layer_norm_backward(layer_norm::Backward {
///     x: &x,
///     mean: &mean,
///     inverse_deviation: &inverse_deviation,
///     scale: &scale,
///     grad_y: &[1.0, 2.0],
///     grad_scale: &mut grad_scale,
///     grad_shift: &mut grad_shift,
///     grad_x: Some(&mut grad_x),
/// });
/// // Two values are always normalised to −1 and 1.
/// assert_eq!((grad_scale, grad_shift, grad_x), ([-1.0, 2.0], [1.0, 2.0], [0.0, 0.0]));
/// ```
pub trait LayerNorm: Sized {
    /// Normalises each row.
    ///
    /// # Panics
    /// If lengths do not fit.
    fn layer_norm_forward(pass: Forward<'_, Self>);
    /// Gradients by scale, shift and input. Those by scale and shift are sums over rows in ascending order.
    ///
    /// # Panics
    /// If lengths do not fit.
    fn layer_norm_backward(pass: Backward<'_, Self>);
}

/// What [`LayerNorm::layer_norm_forward`] reads and writes.
///
/// ```
/// use typenet_runtime::kernels::{LayerNorm, layer_norm::Forward};
///
/// let (mut mean, mut inverse_deviation, mut y) = ([0.0; 2], [0.0; 2], [0.0; 4]);
/// f32::layer_norm_forward(Forward {
///     epsilon: 0.0,
///     x: &[1.0, 3.0, 10.0, 30.0],
///     scale: &[1.0, 2.0],
///     shift: &[0.0, 0.0],
///     mean: &mut mean,
///     inverse_deviation: &mut inverse_deviation,
///     y: &mut y,
/// });
/// assert_eq!((mean, y), ([2.0, 20.0], [-1.0, 2.0, -1.0, 2.0]));
/// ```
pub struct Forward<'a, T> {
    /// Added to the variance.
    pub epsilon: f64,
    /// Input, `[rows, width]`.
    pub x: &'a [T],
    /// Factor of the normalised values, `[width]`.
    pub scale: &'a [T],
    /// Added to them, `[width]`.
    pub shift: &'a [T],
    /// Gets the mean of each row.
    pub mean: &'a mut [T],
    /// Gets `1 / √(variance + ε)` of each row.
    pub inverse_deviation: &'a mut [T],
    /// Gets the output, `[rows, width]`.
    pub y: &'a mut [T],
}
brief_debug!(Forward<'_, T> { epsilon, [x], [scale], [shift], [mean], [inverse_deviation], [y] });

/// What [`LayerNorm::layer_norm_backward`] reads and writes.
///
/// With `h = g · scale`: `grad_x = (h − Σh / n − x̂ · Σ(h · x̂) / n) / √(variance + ε)`.
///
/// ```
/// use typenet_runtime::kernels::{LayerNorm, layer_norm::Backward};
///
/// let (mut grad_scale, mut grad_shift) = ([0.0; 2], [0.0; 2]);
/// f32::layer_norm_backward(Backward {
///     x: &[1.0, 3.0, 10.0, 30.0],
///     mean: &[2.0, 20.0],
///     inverse_deviation: &[1.0, 0.1],
///     scale: &[1.0, 1.0],
///     grad_y: &[1.0, 2.0, 3.0, 4.0],
///     grad_scale: &mut grad_scale,
///     grad_shift: &mut grad_shift,
///     grad_x: None,
/// });
/// assert_eq!((grad_scale, grad_shift), ([-4.0, 6.0], [4.0, 6.0]));
/// ```
pub struct Backward<'a, T> {
    /// Input, `[rows, width]`.
    pub x: &'a [T],
    /// As [`Forward`] wrote it.
    pub mean: &'a [T],
    /// As [`Forward`] wrote it.
    pub inverse_deviation: &'a [T],
    /// Factor of the normalised values, `[width]`.
    pub scale: &'a [T],
    /// Gradient by the output, `[rows, width]`.
    pub grad_y: &'a [T],
    /// Gets the sum of `g · x̂` over the rows, `[width]`.
    pub grad_scale: &'a mut [T],
    /// Gets the sum of `g` over the rows, `[width]`.
    pub grad_shift: &'a mut [T],
    /// Gets the gradient by the input, `[rows, width]`, if it is wanted.
    pub grad_x: Option<&'a mut [T]>,
}
brief_debug!(Backward<'_, T> {
    [x], [mean], [inverse_deviation], [scale], [grad_y], [grad_scale], [grad_shift], (grad_x)
});

#[track_caller]
fn check(rows: usize, width: usize, whole: &[usize], of_rows: usize, of_places: &[usize]) {
    assert!(
        whole.iter().all(|&len| len == rows * width),
        "layer_norm: {whole:?} values should each be {rows} rows of {width}"
    );
    assert!(
        of_rows == rows && of_places.iter().all(|&len| len == width),
        "layer_norm: {of_rows} and {of_places:?} numbers, expected one for each of {rows} rows and of {width} places"
    );
}

impl<T> Forward<'_, T> {
    #[track_caller]
    fn check(&self) {
        let whole = [self.x.len(), self.y.len()];
        check(self.mean.len(), self.scale.len(), &whole, self.inverse_deviation.len(), &[self.shift.len()]);
    }
}

impl<T> Backward<'_, T> {
    #[track_caller]
    fn check(&self) {
        let grad_x = self.grad_x.as_ref().map_or(self.x.len(), |grad_x| grad_x.len());
        let whole = [self.x.len(), self.grad_y.len(), grad_x];
        let of_places = [self.grad_scale.len(), self.grad_shift.len()];
        check(self.mean.len(), self.scale.len(), &whole, self.inverse_deviation.len(), &of_places);
    }
}

impl LayerNorm for f64 {
    fn layer_norm_forward(pass: Forward<'_, Self>) {
        pass.check();
        let (width, n) = (pass.scale.len().max(1), pass.scale.len() as Self);
        for (row, (x, y)) in pass.x.chunks_exact(width).zip(pass.y.chunks_exact_mut(width)).enumerate() {
            let mean = x.iter().sum::<Self>() / n;
            let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<Self>() / n;
            let inverse = 1.0 / libm::sqrt(variance + pass.epsilon);
            pass.mean[row] = mean;
            pass.inverse_deviation[row] = inverse;
            for (i, (x, y)) in x.iter().zip(y).enumerate() {
                *y = (x - mean) * inverse * pass.scale[i] + pass.shift[i];
            }
        }
    }

    fn layer_norm_backward(mut pass: Backward<'_, Self>) {
        pass.check();
        let (width, n) = (pass.scale.len().max(1), pass.scale.len() as Self);
        pass.grad_scale.fill(0.0);
        pass.grad_shift.fill(0.0);
        for (row, (x, grad_y)) in pass.x.chunks_exact(width).zip(pass.grad_y.chunks_exact(width)).enumerate()
        {
            let (mean, inverse) = (pass.mean[row], pass.inverse_deviation[row]);
            let (mut sum, mut products) = (0.0, 0.0);
            for i in 0..width {
                let normal = (x[i] - mean) * inverse;
                pass.grad_shift[i] += grad_y[i];
                pass.grad_scale[i] += grad_y[i] * normal;
                sum += grad_y[i] * pass.scale[i];
                products += grad_y[i] * pass.scale[i] * normal;
            }
            if let Some(grad_x) = &mut pass.grad_x {
                for (i, grad_x) in grad_x[row * width..][..width].iter_mut().enumerate() {
                    let normal = (x[i] - mean) * inverse;
                    *grad_x = inverse * (grad_y[i] * pass.scale[i] - sum / n - normal * products / n);
                }
            }
        }
    }
}

impl LayerNorm for f32 {
    fn layer_norm_forward(pass: Forward<'_, Self>) {
        forward_with(isa(), pass);
    }
    fn layer_norm_backward(pass: Backward<'_, Self>) {
        backward_with(isa(), pass);
    }
}

/// Cycles for each element, more or less.
const COST: usize = 1;
/// Columns whose sums over the rows are on the stack together: half a kilobyte of each row is read at a time.
const COLUMNS: usize = 128;

fn forward_with(isa: Isa, pass: Forward<'_, f32>) {
    pass.check();
    let Forward { epsilon, x, scale, shift, mean, inverse_deviation, y } = pass;
    let width = scale.len();
    share_slices(
        (&mut *mean, &mut *inverse_deviation),
        1,
        COST * width,
        |from, (mean, inverse_deviation)| {
            dispatch(isa, Moments { x: &x[from * width..], width, epsilon, mean, inverse_deviation });
        },
    );
    let (mean, inverse_deviation) = (&*mean, &*inverse_deviation);
    share_slices((x, y), width.max(1), COST, |from, (x, y)| {
        let row = from / width.max(1);
        let (mean, inverse_deviation) = (&mean[row..], &inverse_deviation[row..]);
        dispatch(isa, Normalize { x, scale, shift, mean, inverse_deviation, y });
    });
}

fn backward_with(isa: Isa, pass: Backward<'_, f32>) {
    pass.check();
    let Backward { x, mean, inverse_deviation, scale, grad_y, grad_scale, grad_shift, grad_x } = pass;
    let width = scale.len();
    share_slices((grad_scale, grad_shift), MAX_LANES, COST * mean.len(), |from, (grad_scale, grad_shift)| {
        dispatch(isa, ColumnSums { x, width, mean, inverse_deviation, grad_y, from, grad_scale, grad_shift });
    });
    if let Some(grad_x) = grad_x {
        share_slices((x, grad_y, grad_x), width.max(1), 2 * COST, |from, (x, grad_y, grad_x)| {
            let row = from / width.max(1);
            let (mean, inverse_deviation) = (&mean[row..], &inverse_deviation[row..]);
            dispatch(isa, InputGradient { x, scale, mean, inverse_deviation, grad_y, grad_x });
        });
    }
}

/// Mean and inverse deviation of the first `mean.len()` rows.
struct Moments<'a> {
    x: &'a [f32],
    width: usize,
    epsilon: f64,
    mean: &'a mut [f32],
    inverse_deviation: &'a mut [f32],
}

impl Kernel for Moments<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let n = self.width as f64;
        let rows = self.x.chunks_exact(self.width.max(1));
        for ((x, mean), inverse) in rows.zip(self.mean).zip(self.inverse_deviation) {
            let (mut sums, mut squares): (Sums, Sums) = ([0.0; MAX_LANES], [0.0; MAX_LANES]);
            add_values(&mut sums, x);
            let exact = total(sums) / n;
            add_squares(&mut squares, x, &[exact; MAX_LANES]);
            *mean = exact as f32;
            *inverse = (1.0 / libm::sqrt(total(squares) / n + self.epsilon)) as f32;
        }
    }
}

struct Normalize<'a> {
    x: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    mean: &'a [f32],
    inverse_deviation: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Normalize<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = self.scale.len().max(1);
        let rows = self.x.chunks_exact(width).zip(self.y.chunks_exact_mut(width));
        for (row, (x, y)) in rows.enumerate() {
            let (mean, inverse) = (simd.splat(self.mean[row]), simd.splat(self.inverse_deviation[row]));
            let of_places = self.scale.chunks(S::LANES).zip(self.shift.chunks(S::LANES));
            let places = x.chunks(S::LANES).zip(y.chunks_mut(S::LANES)).zip(of_places);
            for ((x, y), (scale, shift)) in places {
                let normal = simd.mul(simd.sub(read_up_to(simd, x), mean), inverse);
                write_up_to(simd, y, simd.mul_add(normal, read_up_to(simd, scale), read_up_to(simd, shift)));
            }
        }
    }
}

/// Gradients by scale and shift of places `from .. from + grad_scale.len()`.
struct ColumnSums<'a> {
    x: &'a [f32],
    width: usize,
    mean: &'a [f32],
    inverse_deviation: &'a [f32],
    grad_y: &'a [f32],
    from: usize,
    grad_scale: &'a mut [f32],
    grad_shift: &'a mut [f32],
}

impl Kernel for ColumnSums<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let width = self.width.max(1);
        let mut from = self.from;
        let blocks = self.grad_scale.chunks_mut(COLUMNS).zip(self.grad_shift.chunks_mut(COLUMNS));
        for (grad_scale, grad_shift) in blocks {
            let (mut products, mut sums) = ([0.0f64; COLUMNS], [0.0f64; COLUMNS]);
            let rows = self.x.chunks_exact(width).zip(self.grad_y.chunks_exact(width));
            for (row, (x, grad_y)) in rows.enumerate() {
                let (mean, inverse) = (f64::from(self.mean[row]), f64::from(self.inverse_deviation[row]));
                let (x, grad_y) = (&x[from..][..grad_scale.len()], &grad_y[from..][..grad_scale.len()]);
                let places = x.iter().zip(grad_y).zip(products.iter_mut().zip(&mut sums));
                for ((&x, &grad_y), (product, sum)) in places {
                    *product += f64::from(grad_y) * ((f64::from(x) - mean) * inverse);
                    *sum += f64::from(grad_y);
                }
            }
            for (to, from) in grad_scale.iter_mut().zip(products).chain(grad_shift.iter_mut().zip(sums)) {
                *to = flush(from as f32);
            }
            from += COLUMNS;
        }
    }
}

struct InputGradient<'a> {
    x: &'a [f32],
    scale: &'a [f32],
    mean: &'a [f32],
    inverse_deviation: &'a [f32],
    grad_y: &'a [f32],
    grad_x: &'a mut [f32],
}

impl Kernel for InputGradient<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = self.scale.len().max(1);
        let rows = self.x.chunks_exact(width).zip(self.grad_y.chunks_exact(width));
        for (row, ((x, grad_y), grad_x)) in rows.zip(self.grad_x.chunks_exact_mut(width)).enumerate() {
            let (mean, inverse) = (self.mean[row], self.inverse_deviation[row]);
            let (sum, products) = weighted_sums(x, grad_y, self.scale, f64::from(mean));
            let (wide, n) = (f64::from(inverse), self.scale.len() as f64);
            let minus_grad_mean = simd.splat((-sum / n) as f32);
            let slope = simd.splat((products * wide * wide / n) as f32);
            let (mean, inverse) = (simd.splat(mean), simd.splat(inverse));
            let places = x.chunks(S::LANES).zip(grad_y.chunks(S::LANES)).zip(self.scale.chunks(S::LANES));
            for (((x, grad_y), scale), grad_x) in places.zip(grad_x.chunks_mut(S::LANES)) {
                let deviation = simd.sub(read_up_to(simd, x), mean);
                let centred =
                    simd.mul_add(read_up_to(simd, grad_y), read_up_to(simd, scale), minus_grad_mean);
                let gradient = simd.mul(inverse, simd.neg_mul_add(deviation, slope, centred));
                write_up_to(simd, grad_x, flush_lanes(simd, gradient));
            }
        }
    }
}

/// `Σ h` and `Σ h · (x − mean)` of `h = grad_y · scale`, by sixteen lanes.
#[inline(always)]
fn weighted_sums(x: &[f32], grad_y: &[f32], scale: &[f32], mean: f64) -> (f64, f64) {
    let (mut sums, mut products): (Sums, Sums) = ([0.0; MAX_LANES], [0.0; MAX_LANES]);
    for ((x, grad_y), scale) in x.chunks(MAX_LANES).zip(grad_y.chunks(MAX_LANES)).zip(scale.chunks(MAX_LANES))
    {
        let lanes = sums.iter_mut().zip(&mut products);
        for (((&x, &grad_y), &scale), (sum, product)) in x.iter().zip(grad_y).zip(scale).zip(lanes) {
            let weighted = f64::from(grad_y) * f64::from(scale);
            *sum += weighted;
            *product += weighted * (f64::from(x) - mean);
        }
    }
    (total(sums), total(products))
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
        x: Vec<T>,
        grad_y: Vec<T>,
        scale: Vec<T>,
        shift: Vec<T>,
        mean: Vec<T>,
        inverse: Vec<T>,
        y: Vec<T>,
        grad_scale: Vec<T>,
        grad_shift: Vec<T>,
        grad_x: Vec<T>,
    }

    impl Case<f32> {
        /// Normal numbers around `centre`; results are NaN.
        fn new(rows: usize, width: usize, centre: f32) -> Self {
            let mut rng = crate::kernels::Rng::seed((rows * 1000 + width) as u64);
            let mut numbers = |len: usize| (0..len).map(|_| rng.normal() as f32).collect::<Vec<_>>();
            let (len, nan) = (rows * width, |len: usize| vec![f32::NAN; len]);
            let mut x = numbers(len);
            x.iter_mut().for_each(|x| *x += centre);
            Self {
                x,
                grad_y: numbers(len),
                scale: numbers(width),
                shift: numbers(width),
                mean: nan(rows),
                inverse: nan(rows),
                y: nan(len),
                grad_scale: nan(width),
                grad_shift: nan(width),
                grad_x: nan(len),
            }
        }

        fn widened(&self) -> Case<f64> {
            Case {
                x: wide(&self.x),
                grad_y: wide(&self.grad_y),
                scale: wide(&self.scale),
                shift: wide(&self.shift),
                mean: wide(&self.mean),
                inverse: wide(&self.inverse),
                y: wide(&self.y),
                grad_scale: wide(&self.grad_scale),
                grad_shift: wide(&self.grad_shift),
                grad_x: wide(&self.grad_x),
            }
        }

        fn run(&mut self, isa: Isa) {
            forward_with(isa, self.forward());
            backward_with(isa, self.backward());
        }

        fn bits(&self) -> Vec<Vec<u32>> {
            let all = [&self.mean, &self.inverse, &self.grad_scale, &self.grad_shift, &self.y, &self.grad_x];
            all.map(|x| bits(x)).to_vec()
        }
    }

    impl<T> Case<T> {
        fn forward(&mut self) -> Forward<'_, T> {
            Forward {
                epsilon: EPSILON,
                x: &self.x,
                scale: &self.scale,
                shift: &self.shift,
                mean: &mut self.mean,
                inverse_deviation: &mut self.inverse,
                y: &mut self.y,
            }
        }

        fn backward(&mut self) -> Backward<'_, T> {
            Backward {
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

    fn check_case(rows: usize, width: usize, centre: f32) {
        let start = Case::new(rows, width, centre);
        let mut exact = start.widened();
        f64::layer_norm_forward(exact.forward());
        for isa in Isa::available() {
            let mut found = start.clone();
            found.run(isa);
            assert_near(isa, "mean", &found.mean, &exact.mean, |row| U * exact.mean[row].abs() + 1e-13);
            assert_near(isa, "inverse", &found.inverse, &exact.inverse, |row| U * exact.inverse[row]);
            // Rounded are the mean, the difference, the inverse deviation, two products and the sum.
            assert_near(isa, "y", &found.y, &exact.y, |i| {
                let row = i / width;
                let factor = (exact.scale[i % width] * exact.inverse[row]).abs();
                let distance = (exact.x[i] - exact.mean[row]).abs();
                U * (factor * (exact.mean[row].abs() + 4.0 * distance) + exact.y[i].abs())
            });

            let mut exact = found.widened();
            f64::layer_norm_backward(exact.backward());
            let normal = |i: usize| (exact.x[i] - exact.mean[i / width]) * exact.inverse[i / width];
            let column = |place: usize| (place..exact.x.len()).step_by(width);
            let once =
                |x: f64, sizes: f64| U * x.abs() + rows as f64 * f64::EPSILON * sizes + f64::from(SMALLEST);
            assert_near(isa, "grad_shift", &found.grad_shift, &exact.grad_shift, |place| {
                once(exact.grad_shift[place], column(place).map(|i| exact.grad_y[i].abs()).sum())
            });
            assert_near(isa, "grad_scale", &found.grad_scale, &exact.grad_scale, |place| {
                once(
                    exact.grad_scale[place],
                    column(place).map(|i| 2.0 * (exact.grad_y[i] * normal(i)).abs()).sum(),
                )
            });
            // Rounded are both means over the row, the product with the scale, the difference by the input, its product with the
            // slope, two differences and the last product.
            assert_near(isa, "grad_x", &found.grad_x, &exact.grad_x, |i| {
                let row = i / width;
                let weighted = |i: usize| exact.grad_y[i] * exact.scale[i % width];
                let places = || row * width..(row + 1) * width;
                let n = width as f64;
                let mean = places().map(weighted).sum::<f64>() / n;
                let slope = normal(i) * places().map(|i| weighted(i) * normal(i)).sum::<f64>() / n;
                let sizes: f64 = places().map(|i| weighted(i).abs() * (1.0 + normal(i).abs())).sum();
                let bound =
                    weighted(i).abs() + mean.abs() + 3.0 * (weighted(i) - mean).abs() + 5.0 * slope.abs();
                let sums = f64::EPSILON * sizes * (1.0 + normal(i).abs());
                exact.inverse[row] * (U * bound + sums) + f64::from(SMALLEST)
            });
        }
    }

    proptest! {
        #[test]
        fn agrees_with_reference(
            rows in 0usize..5, width in 1usize..300, centre in prop_oneof![Just(0.0f32), Just(1000.0)],
        ) {
            check_case(rows, width, centre);
        }
    }

    #[test]
    fn agrees_with_reference_at_vector_sizes_and_without_values() {
        for width in [1, 15, 16, 17, 32, 33, COLUMNS - 1, COLUMNS, COLUMNS + 1, 3 * COLUMNS + 5] {
            for rows in [0, 1, 3] {
                check_case(rows, width, 0.0);
            }
        }
        for isa in Isa::available() {
            Case::new(3, 0, 0.0).run(isa);
        }
    }

    #[test]
    fn reference_gradients_agree_with_central_differences() {
        let mut case = Case::new(3, 5, 0.5).widened();
        f64::layer_norm_forward(case.forward());
        f64::layer_norm_backward(case.backward());
        let value = |case: &Case<f64>| {
            let mut case = case.clone();
            f64::layer_norm_forward(case.forward());
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
                assert!((difference - found).abs() < 1e-7, "{found}, not {difference}");
            }
        }
    }

    #[test]
    fn nan_stays_in_its_row_and_equal_values_become_the_shift() {
        for isa in Isa::available() {
            let mut case = Case::new(4, 21, 0.0);
            case.x[2 * 21 + 3] = f32::NAN;
            case.x[21..2 * 21].fill(0.1);
            case.run(isa);
            for results in [&case.y, &case.grad_x] {
                for (row, results) in results.chunks(21).enumerate() {
                    assert!(results.iter().all(|result| result.is_nan() == (row == 2)), "{isa}: {row}");
                }
            }
            assert_eq!(case.y[21..2 * 21], case.shift, "{isa}");
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn threads_change_no_bit_and_neither_do_other_rows() {
        let (rows, width) = (301, 333);
        let results = [1, 2, 3].map(|threads| {
            let mut case = Case::new(rows, width, 2.0);
            crate::kernels::testing::pool(threads).install(|| case.run(isa()));
            case
        });
        assert!(results.iter().all(|case| case.bits() == results[0].bits()));
        let mut alone = Case::new(rows, width, 2.0);
        for x in [&mut alone.x, &mut alone.grad_y, &mut alone.y, &mut alone.grad_x] {
            x.drain(width..);
        }
        alone.mean.truncate(1);
        alone.inverse.truncate(1);
        alone.run(isa());
        assert_eq!(bits(&alone.y), bits(&results[0].y[..width]));
        assert_eq!(bits(&alone.grad_x), bits(&results[0].grad_x[..width]));
    }

    #[test]
    fn instruction_sets_compute_the_same_statistics() {
        let results: Vec<_> = Isa::available()
            .map(|isa| {
                let mut case = Case::new(3, 147, 1.0);
                case.run(isa);
                // On fused steps depend the outputs alone, which come last.
                case.bits()[..4].to_vec()
            })
            .collect();
        assert!(results.iter().all(|result| *result == results[0]));
    }

    #[test]
    #[should_panic(expected = "should each be 2 rows of 3")]
    fn incomplete_rows_are_refused() {
        let mut case = Case::new(2, 3, 0.0);
        case.x.pop();
        f32::layer_norm_forward(case.forward());
    }
}
