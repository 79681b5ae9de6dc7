//! Two-dimensional convolution: forward and the gradients by input, weight and bias.
//!
//! Letters: N samples, C channels, H×W image, F filters, P×Q output, G groups; `i, j` taps of the kernel. Layout NCHW, row by row.
//!
//! ```text
//! y[n, f, p, q] = a(bias[f] + Σ weight[f, c, i, j]·x[n, c, p·stride + i·dilation − padding, q·stride + j·dilation − padding])
//! ```
//!
//! over the channels `c` of the filter's group and all taps that lie over the image. (Deep learning's convolution: the kernel is not
//! turned around.)
//!
//! In `f32` these are products of matrices. The inputs under the kernel at all places of one sample are written as the columns of a
//! matrix (im2col), with zeros for the padding, so a weight that is not finite gives NaN at the border; a 1×1 kernel takes the image as it is.
//! An output is one chain, from the bias over channels and taps in ascending order. A gradient by the weight is one chain over the
//! places of all samples in order. A gradient by the input is the sum over taps in order, each a chain over filters. So bits depend
//! neither on threads nor on the room that they are given, and those of a sample not on the batch.

use super::function::Map;
use super::product::{Matrix, Tail, add_product_with, product_with};
use super::reduce::Reduce;
use super::window::Axis;
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads::{Divide, share_slices, threads};

/// Sizes of a convolution.
///
/// ```
/// use typenet_runtime::kernels::Conv2dShape;
/// use typenet_runtime::kernels::window::{output_size, same_padding};
///
/// // 16 filters of 5×5 over an RGB image of 32×32, whose size is kept.
/// let padding = same_padding(32, 5, 1, 1);
/// let shape = Conv2dShape {
///     channels: 3,
///     height: 32,
///     width: 32,
///     filters: 16,
///     kernel: [5, 5],
///     stride: [1, 1],
///     padding: [padding / 2; 2],
///     dilation: [1, 1],
///     groups: 1,
///     out: [output_size(32, 5, 1, padding, 1); 2],
/// };
/// assert_eq!((shape.input_len(), shape.output_len()), (3 * 32 * 32, 16 * 32 * 32));
/// assert_eq!(shape.weight_len(), 16 * 3 * 5 * 5);
/// // One row for each weight of a filter, one column for each place.
/// assert_eq!(shape.scratch_len(), (3 * 5 * 5) * (32 * 32));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2dShape {
    /// Channels of the input, C.
    pub channels: usize,
    /// Height of the input, H.
    pub height: usize,
    /// Width of the input, W.
    pub width: usize,
    /// Channels of the output, F.
    pub filters: usize,
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Rows and columns from one place to the next.
    pub stride: [usize; 2],
    /// Zeros above and to the left of the image. Below and to the right there are as many as the last places need.
    pub padding: [usize; 2],
    /// Rows and columns from one tap to the next; 1: a kernel without gaps.
    #[doc(alias = "dilation_rate")]
    pub dilation: [usize; 2],
    /// Channels and filters are cut into so many parts, and a filter sees the channels of its part; 1: it sees all.
    pub groups: usize,
    /// Height and width of the output, P and Q.
    pub out: [usize; 2],
}

impl Conv2dShape {
    /// Numbers in one sample of the input, `C·H·W`.
    pub const fn input_len(&self) -> usize {
        self.channels * self.plane()
    }

    /// Numbers in one sample of the output, `F·P·Q`.
    pub const fn output_len(&self) -> usize {
        self.filters * self.places()
    }

    /// Numbers in the weight `[F, C/G, kernel height, kernel width]`.
    pub const fn weight_len(&self) -> usize {
        self.filters * self.chain()
    }

    /// Numbers of scratch that one thread needs: the inputs of one group under the kernel at all places. None for a 1×1 kernel that
    /// takes the image as it is.
    pub const fn scratch_len(&self) -> usize {
        if self.is_pointwise() { 0 } else { self.chain() * self.places() }
    }

    const fn plane(&self) -> usize {
        self.height * self.width
    }

    const fn places(&self) -> usize {
        self.out[0] * self.out[1]
    }

    const fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Weights of one filter.
    const fn chain(&self) -> usize {
        self.channels / self.groups * self.taps()
    }

    /// Filters in a group.
    const fn group_filters(&self) -> usize {
        self.filters / self.groups
    }

    /// Inputs of a sample that belong to a group.
    const fn group_inputs(&self) -> usize {
        self.input_len() / self.groups
    }

    /// Whether output and input have the same places, each under a kernel of one tap.
    const fn is_pointwise(&self) -> bool {
        let ([1, 1], [1, 1], [0, 0]) = (self.kernel, self.stride, self.padding) else { return false };
        self.out[0] == self.height && self.out[1] == self.width
    }

    fn axes(&self) -> [Axis; 2] {
        let sizes = [self.height, self.width];
        core::array::from_fn(|axis| Axis {
            size: sizes[axis],
            stride: self.stride[axis],
            padding: self.padding[axis],
            dilation: self.dilation[axis],
            out: self.out[axis],
        })
    }

    /// Multiply-adds of one sample, in units of [cost](crate::hardware::threads::WORTH_A_THREAD#cost).
    fn cost(&self) -> usize {
        self.weight_len().saturating_mul(self.places()) / 16
    }

    #[track_caller]
    fn check(&self, batch: usize, input: usize, weight: usize, output: usize) {
        let Self { channels, filters, groups, stride, .. } = *self;
        assert!(
            groups > 0 && channels.is_multiple_of(groups) && filters.is_multiple_of(groups),
            "conv2d: {groups} groups do not divide {channels} channels and {filters} filters"
        );
        assert!(!stride.contains(&0), "conv2d: a stride of zero");
        assert_eq!(input, batch * self.input_len(), "conv2d: the input must be {batch} samples");
        assert_eq!(weight, self.weight_len(), "conv2d: the weight must have one number for each tap");
        assert_eq!(output, batch * self.output_len(), "conv2d: the output must be {batch} samples");
    }

    #[track_caller]
    fn check_scratch(&self, scratch: usize) {
        let least = self.scratch_len();
        assert!(scratch >= least, "conv2d: scratch of {least} numbers expected, found {scratch}");
    }

    /// Visits every term of the sums that a batch stands for, with its places in input, weight and output.
    fn for_each_term(&self, batch: usize, mut term: impl FnMut(usize, usize, usize)) {
        let [rows, columns] = self.axes();
        let [kernel_height, kernel_width] = self.kernel;
        let (group_filters, group_channels) = (self.group_filters(), self.channels / self.groups);
        for n in 0..batch {
            for f in 0..self.filters {
                for p in 0..self.out[0] {
                    for q in 0..self.out[1] {
                        for c in 0..group_channels {
                            for i in 0..kernel_height {
                                for j in 0..kernel_width {
                                    let (Some(h), Some(w)) = (rows.input(p, i), columns.input(q, j)) else {
                                        continue;
                                    };
                                    let channel = f / group_filters * group_channels + c;
                                    term(
                                        ((n * self.channels + channel) * self.height + h) * self.width + w,
                                        ((f * group_channels + c) * kernel_height + i) * kernel_width + j,
                                        ((n * self.filters + f) * self.out[0] + p) * self.out[1] + q,
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Convolutions of images and their gradients.
///
/// `scratch` is one or more areas of [`Conv2dShape::scratch_len`] numbers, which are overwritten. With one for each thread, threads share
/// samples, or groups where the gradient is by the weight; with fewer they share the work of each. Results are the same.
///
/// ```
/// use typenet_runtime::kernels::{Conv2dShape, Convolve, Function, Tail};
///
/// // A 1×2 kernel that takes differences along a row of four pixels.
/// let shape = Conv2dShape {
///     channels: 1,
///     height: 1,
///     width: 4,
///     filters: 1,
///     kernel: [1, 2],
///     stride: [1, 1],
///     padding: [0, 0],
///     dilation: [1, 1],
///     groups: 1,
///     out: [1, 3],
/// };
/// let (x, weight) = ([1.0f32, 2.0, 4.0, 3.0], [-1.0, 1.0]);
/// let (mut scratch, mut y) = ([0.0; 6], [f32::NAN; 3]);
/// assert_eq!(shape.scratch_len(), scratch.len());
/// let tail = Tail { bias: Some(&[0.5]), function: Function::Relu, preactivation: None };
/// f32::conv2d(&shape, 1, &x, &weight, tail, &mut scratch, &mut y);
/// assert_eq!(y, [1.5, 2.5, 0.0]);
///
/// // Gradients of the sum of all differences.
/// let grad = [1.0; 3];
/// let (mut grad_x, mut grad_weight, mut grad_bias) = ([f32::NAN; 4], [f32::NAN; 2], [f32::NAN]);
/// f32::conv2d_grad_input(&shape, 1, &grad, &weight, &mut scratch, &mut grad_x);
/// f32::conv2d_grad_weight(&shape, 1, &x, &grad, &mut scratch, &mut grad_weight);
/// f32::conv2d_grad_bias(&shape, 1, &grad, &mut grad_bias);
/// assert_eq!(grad_x, [-1.0, 0.0, 0.0, 1.0]);
/// assert_eq!((grad_weight, grad_bias), ([7.0, 9.0], [3.0]));
/// ```
pub trait Convolve: Sized {
    /// `y ← a(weight ∗ x + bias)` for `batch` samples, with the bias (one number for each filter), the activation `a` and the place of
    /// its argument in `tail`. `y` is never read.
    ///
    /// # Panics
    /// If a slice does not have the length that `shape` says, the groups do not divide channels and filters, a stride is zero, or the
    /// activation is one of whole rows, such as softmax.
    fn conv2d(
        shape: &Conv2dShape,
        batch: usize,
        x: &[Self],
        weight: &[Self],
        tail: Tail<'_, Self>,
        scratch: &mut [Self],
        y: &mut [Self],
    );

    /// `grad_x ← Σ weight·grad_y` over all outputs that read an input; `grad_y` is by the activation's argument.
    ///
    /// # Panics
    /// As [`conv2d`](Self::conv2d).
    fn conv2d_grad_input(
        shape: &Conv2dShape,
        batch: usize,
        grad_y: &[Self],
        weight: &[Self],
        scratch: &mut [Self],
        grad_x: &mut [Self],
    );

    /// `grad_weight ← Σ x·grad_y` over all samples and places.
    ///
    /// # Panics
    /// As [`conv2d`](Self::conv2d).
    fn conv2d_grad_weight(
        shape: &Conv2dShape,
        batch: usize,
        x: &[Self],
        grad_y: &[Self],
        scratch: &mut [Self],
        grad_weight: &mut [Self],
    );

    /// `grad_bias[f] ← Σ grad_y[n, f, p, q]`: for each sample the sum of [`Reduce::sum`], added in the order of samples.
    ///
    /// # Panics
    /// If a slice does not have the length that `shape` says.
    fn conv2d_grad_bias(shape: &Conv2dShape, batch: usize, grad_y: &[Self], grad_bias: &mut [Self]);
}

#[track_caller]
fn check_tail<T>(shape: &Conv2dShape, tail: &Tail<'_, T>, output: usize) {
    assert!(!tail.function.is_rowwise(), "conv2d: {:?} is a function of whole rows", tail.function);
    if let Some(bias) = tail.bias {
        assert_eq!(bias.len(), shape.filters, "conv2d: the bias must have one number for each filter");
    }
    if let Some(preactivation) = &tail.preactivation {
        assert_eq!(preactivation.len(), output, "conv2d: the preactivation must be as large as the output");
    }
}

#[track_caller]
fn check_grad_bias(shape: &Conv2dShape, batch: usize, output: usize, bias: usize) {
    assert_eq!(output, batch * shape.output_len(), "conv2d: the output must be {batch} samples");
    assert_eq!(bias, shape.filters, "conv2d: the bias must have one number for each filter");
}

/// The definition.
impl Convolve for f64 {
    fn conv2d(
        shape: &Conv2dShape,
        batch: usize,
        x: &[Self],
        weight: &[Self],
        tail: Tail<'_, Self>,
        _scratch: &mut [Self],
        y: &mut [Self],
    ) {
        shape.check(batch, x.len(), weight.len(), y.len());
        check_tail(shape, &tail, y.len());
        for (f, y) in y.chunks_exact_mut(shape.places().max(1)).enumerate() {
            y.fill(tail.bias.map_or(0.0, |bias| bias[f % shape.filters]));
        }
        shape.for_each_term(batch, |input, tap, output| y[output] += weight[tap] * x[input]);
        if let Some(preactivation) = tail.preactivation {
            preactivation.copy_from_slice(y);
        }
        Self::map(tail.function, y.len(), y);
    }

    fn conv2d_grad_input(
        shape: &Conv2dShape,
        batch: usize,
        grad_y: &[Self],
        weight: &[Self],
        _scratch: &mut [Self],
        grad_x: &mut [Self],
    ) {
        shape.check(batch, grad_x.len(), weight.len(), grad_y.len());
        grad_x.fill(0.0);
        shape.for_each_term(batch, |input, tap, output| grad_x[input] += weight[tap] * grad_y[output]);
    }

    fn conv2d_grad_weight(
        shape: &Conv2dShape,
        batch: usize,
        x: &[Self],
        grad_y: &[Self],
        _scratch: &mut [Self],
        grad_weight: &mut [Self],
    ) {
        shape.check(batch, x.len(), grad_weight.len(), grad_y.len());
        grad_weight.fill(0.0);
        shape.for_each_term(batch, |input, tap, output| grad_weight[tap] += x[input] * grad_y[output]);
    }

    fn conv2d_grad_bias(shape: &Conv2dShape, batch: usize, grad_y: &[Self], grad_bias: &mut [Self]) {
        check_grad_bias(shape, batch, grad_y.len(), grad_bias.len());
        grad_bias.fill(0.0);
        for (i, grad) in grad_y.iter().enumerate() {
            grad_bias[i / shape.places() % shape.filters] += grad;
        }
    }
}

impl Convolve for f32 {
    fn conv2d(
        shape: &Conv2dShape,
        batch: usize,
        x: &[Self],
        weight: &[Self],
        tail: Tail<'_, Self>,
        scratch: &mut [Self],
        y: &mut [Self],
    ) {
        forward_with(isa(), shape, batch, x, weight, tail, scratch, y);
    }

    fn conv2d_grad_input(
        shape: &Conv2dShape,
        batch: usize,
        grad_y: &[Self],
        weight: &[Self],
        scratch: &mut [Self],
        grad_x: &mut [Self],
    ) {
        grad_input_with(isa(), shape, batch, grad_y, weight, scratch, grad_x);
    }

    fn conv2d_grad_weight(
        shape: &Conv2dShape,
        batch: usize,
        x: &[Self],
        grad_y: &[Self],
        scratch: &mut [Self],
        grad_weight: &mut [Self],
    ) {
        grad_weight_with(isa(), shape, batch, x, grad_y, scratch, grad_weight);
    }

    fn conv2d_grad_bias(shape: &Conv2dShape, batch: usize, grad_y: &[Self], grad_bias: &mut [Self]) {
        check_grad_bias(shape, batch, grad_y.len(), grad_bias.len());
        let (places, outputs) = (shape.places(), shape.output_len());
        let cost = batch.saturating_mul(places / 16 + 8);
        share_slices(grad_bias, GRANULE, cost, |from, grad_bias| {
            for (f, grad_bias) in (from..).zip(grad_bias) {
                let sums = (0..batch).map(|n| &grad_y[n * outputs + f * places..][..places]);
                *grad_bias = sums.fold(0.0, |sum, grad| sum + <Self as Reduce>::sum(grad));
            }
        });
    }
}

/// Threads share numbers at multiples of this: whole lines of the cache.
const GRANULE: usize = 16;

fn forward_with(
    isa: Isa,
    shape: &Conv2dShape,
    batch: usize,
    x: &[f32],
    weight: &[f32],
    tail: Tail<'_, f32>,
    scratch: &mut [f32],
    y: &mut [f32],
) {
    shape.check(batch, x.len(), weight.len(), y.len());
    check_tail(shape, &tail, y.len());
    let (filters, chain, places) = (shape.group_filters(), shape.chain(), shape.places());
    let Tail { bias, function, preactivation } = tail;
    let group = |n: usize, g: usize, area: &mut [f32], y: &mut [f32], preactivation: Option<&mut [f32]>| {
        let x = &x[(n * shape.groups + g) * shape.group_inputs()..][..shape.group_inputs()];
        let weight = Matrix::new(&weight[g * filters * chain..][..filters * chain], filters, chain);
        let columns = Matrix::new(columns(shape, x, area), chain, places);
        let tail = Tail { bias: None, function, preactivation };
        if let Some(bias) = bias {
            for (y, &bias) in y.chunks_exact_mut(places).zip(&bias[g * filters..]) {
                y.fill(bias);
            }
            add_product_with(isa, weight, columns, tail, y);
        } else {
            product_with(isa, weight, columns, tail, y);
        }
    };
    let samples = Pieces::new(y, preactivation, shape.output_len(), scratch, shape);
    samples.share(shape.cost(), |from, samples| {
        let Pieces { results: y, mut preactivation, scratch: area, .. } = samples;
        for (i, y) in y.chunks_exact_mut(filters * places).enumerate() {
            let (n, g) = (from + i / shape.groups, i % shape.groups);
            let preactivation = preactivation.as_mut().map(|all| &mut all[i * y.len()..][..y.len()]);
            group(n, g, area, y, preactivation);
        }
    });
}

fn grad_input_with(
    isa: Isa,
    shape: &Conv2dShape,
    batch: usize,
    grad_y: &[f32],
    weight: &[f32],
    scratch: &mut [f32],
    grad_x: &mut [f32],
) {
    shape.check(batch, grad_x.len(), weight.len(), grad_y.len());
    let (filters, chain, places) = (shape.group_filters(), shape.chain(), shape.places());
    let samples = Pieces::new(grad_x, None, shape.input_len(), scratch, shape);
    samples.share(shape.cost(), |from, samples| {
        let Pieces { results: grad_x, scratch: area, .. } = samples;
        for (i, grad_x) in grad_x.chunks_exact_mut(shape.group_inputs()).enumerate() {
            let group = from * shape.groups + i;
            let weight = &weight[group % shape.groups * filters * chain..][..filters * chain];
            let grad_y = &grad_y[group * filters * places..][..filters * places];
            let transposed = Matrix::new(weight, filters, chain).transposed();
            let grad_y = Matrix::new(grad_y, filters, places);
            if shape.is_pointwise() {
                product_with(isa, transposed, grad_y, Tail::default(), grad_x);
            } else {
                let columns = &mut area[..chain * places];
                product_with(isa, transposed, grad_y, Tail::default(), columns);
                add_columns(shape, columns, grad_x);
            }
        }
    });
}

fn grad_weight_with(
    isa: Isa,
    shape: &Conv2dShape,
    batch: usize,
    x: &[f32],
    grad_y: &[f32],
    scratch: &mut [f32],
    grad_weight: &mut [f32],
) {
    shape.check(batch, x.len(), grad_weight.len(), grad_y.len());
    let (filters, chain, places) = (shape.group_filters(), shape.chain(), shape.places());
    grad_weight.fill(0.0);
    let groups = Pieces::new(grad_weight, None, filters * chain, scratch, shape);
    let cost = batch.saturating_mul(shape.cost() / shape.groups);
    groups.share(cost, |from, groups| {
        let Pieces { results: grad_weight, scratch: area, .. } = groups;
        for (g, grad_weight) in (from..).zip(grad_weight.chunks_exact_mut(filters * chain)) {
            for n in 0..batch {
                let group = n * shape.groups + g;
                let x = &x[group * shape.group_inputs()..][..shape.group_inputs()];
                let grad_y = &grad_y[group * filters * places..][..filters * places];
                let columns = Matrix::new(columns(shape, x, area), chain, places);
                let grad_y = Matrix::new(grad_y, filters, places);
                add_product_with(isa, grad_y, columns.transposed(), Tail::default(), grad_weight);
            }
        }
    });
}

/// Results of several samples, or of several groups, with areas of scratch for whoever computes them.
struct Pieces<'a> {
    results: &'a mut [f32],
    preactivation: Option<&'a mut [f32]>,
    /// Numbers of results in one piece.
    size: usize,
    scratch: &'a mut [f32],
    area: usize,
}

impl<'a> Pieces<'a> {
    #[track_caller]
    fn new(
        results: &'a mut [f32],
        preactivation: Option<&'a mut [f32]>,
        size: usize,
        scratch: &'a mut [f32],
        shape: &Conv2dShape,
    ) -> Self {
        shape.check_scratch(scratch.len());
        Self { results, preactivation, size, scratch, area: shape.scratch_len() }
    }

    /// Runs `work(from, pieces)` on all pieces, shared among threads if each thread has a piece and an area; else in one call, inside
    /// which the work of a piece can be shared.
    fn share(self, cost: usize, work: impl Fn(usize, Self) + Sync) {
        let (threads, count) = (threads(), self.length());
        let areas = self.scratch.len().checked_div(self.area).unwrap_or(threads);
        let granule = if count >= threads && areas >= threads { 1 } else { count };
        if count > 0 {
            share_slices(self, granule, cost, work);
        }
    }
}

impl Divide for Pieces<'_> {
    fn length(&self) -> usize {
        self.results.len().checked_div(self.size).unwrap_or(0)
    }

    fn divide(self, at: usize) -> (Self, Self) {
        let Self { results, preactivation, size, scratch, area } = self;
        let (results, later) = results.split_at_mut(at * size);
        let (preactivation, later_preactivation) =
            preactivation.map(|all| all.split_at_mut(at * size)).unzip();
        let (scratch, later_scratch) = scratch.split_at_mut(area);
        (
            Self { results, preactivation, size, scratch, area },
            Self { results: later, preactivation: later_preactivation, size, scratch: later_scratch, area },
        )
    }
}

/// The inputs of a group under the kernel at all places: row `(c, i, j)`, column `(p, q)`.
fn columns<'a>(shape: &Conv2dShape, x: &'a [f32], area: &'a mut [f32]) -> &'a [f32] {
    if shape.is_pointwise() {
        return x;
    }
    let columns = &mut area[..shape.chain() * shape.places()];
    if columns.is_empty() {
        return columns;
    }
    let [rows, row] = shape.axes();
    let [_, kernel_width] = shape.kernel;
    let (taps, places) = (shape.taps(), shape.places());
    share_slices(&mut *columns, places, 1, |from, columns| {
        for (at, to) in (from / places..).zip(columns.chunks_exact_mut(places)) {
            let plane = &x[at / taps * shape.plane()..][..shape.plane()];
            let (i, j) = (at % taps / kernel_width, at % kernel_width);
            let inside = row.places(j);
            for (p, to) in to.chunks_exact_mut(shape.out[1]).enumerate() {
                match rows.input(p, i).zip(row.input(inside.start, j)) {
                    Some((h, first)) => {
                        to[..inside.start].fill(0.0);
                        to[inside.end..].fill(0.0);
                        let from = &plane[h * shape.width + first..(h + 1) * shape.width];
                        let to = &mut to[inside.clone()];
                        if row.stride == 1 {
                            to.copy_from_slice(&from[..to.len()]);
                        } else {
                            to.iter_mut()
                                .zip(from.iter().step_by(row.stride))
                                .for_each(|(to, from)| *to = *from);
                        }
                    }
                    None => to.fill(0.0),
                }
            }
        }
    });
    columns
}

/// The reverse of [`columns`]: each input becomes the sum of all that was read from it, in the order of taps.
fn add_columns(shape: &Conv2dShape, columns: &[f32], grad_x: &mut [f32]) {
    let [rows, row] = shape.axes();
    let [_, kernel_width] = shape.kernel;
    let (taps, places, plane) = (shape.taps(), shape.places(), shape.plane());
    let cost = 1 + taps.saturating_mul(places) / plane.max(1);
    share_slices(grad_x, plane, cost, |from, grad_x| {
        for (channel, grad_x) in (from / plane..).zip(grad_x.chunks_exact_mut(plane)) {
            grad_x.fill(0.0);
            for tap in 0..taps {
                let from = &columns[(channel * taps + tap) * places..][..places];
                let (i, j) = (tap / kernel_width, tap % kernel_width);
                let inside = row.places(j);
                let Some(first) = row.input(inside.start, j) else { continue };
                for (p, from) in from.chunks_exact(shape.out[1].max(1)).enumerate() {
                    let Some(h) = rows.input(p, i) else { continue };
                    let to = &mut grad_x[h * shape.width + first..(h + 1) * shape.width];
                    let from = &from[inside.clone()];
                    to.iter_mut().step_by(row.stride).zip(from).for_each(|(to, from)| *to += *from);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Function;
    use crate::kernels::function::map_with;
    use crate::kernels::testing::bits;
    use crate::kernels::window::output_size;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// Unit roundoff.
    const U: f64 = f32::EPSILON as f64 / 2.0;

    #[derive(Debug, Clone)]
    struct Problem {
        shape: Conv2dShape,
        batch: usize,
        x: Vec<f32>,
        weight: Vec<f32>,
        bias: Vec<f32>,
        grad_y: Vec<f32>,
    }

    /// Outputs and gradients by input, weight and bias.
    type Results<T> = [Vec<T>; 4];

    impl Problem {
        fn new(shape: Conv2dShape, batch: usize) -> Self {
            let values = |len: usize, seed: usize| {
                (0..len).map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect()
            };
            Self {
                shape,
                batch,
                x: values(batch * shape.input_len(), 1),
                weight: values(shape.weight_len(), 2),
                bias: values(shape.filters, 3),
                grad_y: values(batch * shape.output_len(), 4),
            }
        }

        /// With so many areas of scratch, which hold no number at first.
        fn solve(&self, isa: Isa, areas: usize) -> Results<f32> {
            let Self { shape, batch, x, weight, bias, grad_y } = self;
            let mut scratch = vec![f32::NAN; areas * shape.scratch_len()];
            let mut results =
                [grad_y.len(), x.len(), weight.len(), bias.len()].map(|len| vec![f32::NAN; len]);
            let [y, grad_x, grad_weight, grad_bias] = &mut results;
            let tail = Tail { bias: Some(bias), ..Tail::default() };
            forward_with(isa, shape, *batch, x, weight, tail, &mut scratch, y);
            grad_input_with(isa, shape, *batch, grad_y, weight, &mut scratch, grad_x);
            grad_weight_with(isa, shape, *batch, x, grad_y, &mut scratch, grad_weight);
            f32::conv2d_grad_bias(shape, *batch, grad_y, grad_bias);
            results
        }

        /// The definition, of these numbers or of what `change` makes of them.
        fn define(&self, change: fn(f64) -> f64) -> Results<f64> {
            let Self { shape, batch, .. } = self;
            let [x, weight, bias, grad_y] = [&self.x, &self.weight, &self.bias, &self.grad_y]
                .map(|x| x.iter().map(|&x| change(f64::from(x))).collect::<Vec<_>>());
            let mut results =
                [grad_y.len(), x.len(), weight.len(), bias.len()].map(|len| vec![f64::NAN; len]);
            let [y, grad_x, grad_weight, grad_bias] = &mut results;
            let tail = Tail { bias: Some(&*bias), ..Tail::default() };
            f64::conv2d(shape, *batch, &x, &weight, tail, &mut [], y);
            f64::conv2d_grad_input(shape, *batch, &grad_y, &weight, &mut [], grad_x);
            f64::conv2d_grad_weight(shape, *batch, &x, &grad_y, &mut [], grad_weight);
            f64::conv2d_grad_bias(shape, *batch, &grad_y, grad_bias);
            results
        }

        /// Roundings that a term of each result passes through at most.
        fn roundings(&self) -> [usize; 4] {
            let (shape, places) = (&self.shape, self.shape.places());
            [
                shape.chain() + 1,
                // A chain for each tap, and their sum.
                shape.group_filters() + shape.taps() + 1,
                self.batch * places + 1,
                // Sixteen lanes and their halves, and the samples.
                places / 16 + 5 + self.batch,
            ]
        }

        /// The number under a step of a filter's chain at a place, which may be padding: `output` counts outputs.
        fn input(&self, output: usize, step: usize) -> f32 {
            let Self { shape, .. } = self;
            let [rows, columns] = shape.axes();
            let (filters, channels) = (shape.group_filters(), shape.channels / shape.groups);
            let (q, p) = (output % shape.out[1], output / shape.out[1] % shape.out[0]);
            let f = output / shape.places() % shape.filters;
            let (c, tap) = (step / shape.taps(), step % shape.taps());
            let channel = output / shape.output_len() * shape.channels + f / filters * channels + c;
            let place = rows.input(p, tap / shape.kernel[1]).zip(columns.input(q, tap % shape.kernel[1]));
            place.map_or(0.0, |(h, w)| self.x[(channel * shape.height + h) * shape.width + w])
        }

        /// Outputs as chains of fused multiply-adds, from the bias over channels and taps.
        fn output_chains(&self) -> Vec<f32> {
            let Self { shape, .. } = self;
            let chain = |output: usize| {
                let f = output / shape.places() % shape.filters;
                let weight = self.weight[f * shape.chain()..][..shape.chain()].iter().enumerate();
                weight.fold(self.bias[f], |sum, (step, w)| w.mul_add(self.input(output, step), sum))
            };
            (0..self.grad_y.len()).map(chain).collect()
        }

        /// Gradients by the weight as chains of fused multiply-adds over samples and places.
        fn weight_chains(&self) -> Vec<f32> {
            let Self { shape, batch, .. } = self;
            let (chain, places) = (shape.chain(), shape.places());
            let gradient = |weight: usize| {
                let (f, step) = (weight / chain, weight % chain);
                let outputs =
                    (0..batch * places).map(|i| (i / places * shape.filters + f) * places + i % places);
                outputs.fold(0.0, |sum, output| self.grad_y[output].mul_add(self.input(output, step), sum))
            };
            (0..self.weight.len()).map(gradient).collect()
        }
    }

    fn shape() -> impl Strategy<Value = Conv2dShape> {
        let pair = |from: usize, to: usize| (from..=to, from..=to).prop_map(|(a, b)| [a, b]);
        let axes = (pair(0, 9), pair(1, 4), pair(1, 3), pair(0, 4), pair(1, 2), pair(0, 1));
        (axes, 1usize..=3, 0usize..=3, 0usize..=14).prop_map(
            |((size, kernel, stride, padding, dilation, behind), groups, channels, filters)| {
                let out = |axis: usize| {
                    let padding = 2 * padding[axis] + behind[axis];
                    output_size(size[axis], kernel[axis], stride[axis], padding, dilation[axis])
                };
                Conv2dShape {
                    channels: groups * channels,
                    height: size[0],
                    width: size[1],
                    filters: groups * filters,
                    kernel,
                    stride,
                    padding,
                    dilation,
                    groups,
                    out: [out(0), out(1)],
                }
            },
        )
    }

    fn problem() -> impl Strategy<Value = Problem> {
        (shape(), 0usize..=3).prop_map(|(shape, batch)| Problem::new(shape, batch))
    }

    /// 3×3 filters that keep the size of the image.
    fn square(channels: usize, size: usize, filters: usize, groups: usize) -> Conv2dShape {
        Conv2dShape {
            channels,
            height: size,
            width: size,
            filters,
            kernel: [3, 3],
            stride: [1, 1],
            padding: [1, 1],
            dilation: [1, 1],
            groups,
            out: [size, size],
        }
    }

    /// Shapes that fill vectors and tiles, whose work is worth several threads.
    fn large() -> [Problem; 6] {
        let pointwise = Conv2dShape { kernel: [1, 1], padding: [0, 0], ..square(33, 17, 40, 1) };
        let strided = Conv2dShape { stride: [2, 2], out: [13, 13], ..square(6, 25, 20, 2) };
        [
            Problem::new(square(5, 28, 13, 1), 7),
            Problem::new(square(16, 31, 16, 16), 3),
            Problem::new(square(40, 9, 70, 1), 2),
            Problem::new(pointwise, 5),
            // A kernel of one tap that also reads padding.
            Problem::new(Conv2dShape { out: [18, 17], ..pointwise }, 5),
            Problem::new(strided, 9),
        ]
    }

    const NAMES: [&str; 4] = ["output", "grad_x", "grad_weight", "grad_bias"];

    fn check_against_definition(problem: &Problem) {
        let (values, sizes) = (problem.define(|x| x), problem.define(f64::abs));
        for isa in Isa::available() {
            let results = problem.solve(isa, 1);
            for (result, roundings) in problem.roundings().into_iter().enumerate() {
                for ((found, value), size) in results[result].iter().zip(&values[result]).zip(&sizes[result])
                {
                    // |error| ≤ γ(roundings)·Σ|terms| (Higham, Accuracy and Stability of Numerical Algorithms, §3.1); the
                    // portable kernels round each product too, which is one more for a term.
                    let bound = (roundings + 1) as f64 * U * size;
                    assert!(
                        (f64::from(*found) - value).abs() <= bound,
                        "{isa}: {} {found}, not {value}",
                        NAMES[result]
                    );
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn convolutions_agree_with_the_definition(problem in problem()) {
            check_against_definition(&problem);
        }

        #[test]
        fn outputs_and_weight_gradients_are_chains_of_fused_multiply_adds(problem in problem()) {
            let (outputs, weights) = (bits(&problem.output_chains()), bits(&problem.weight_chains()));
            for isa in Isa::available().filter(|&isa| isa != Isa::Portable) {
                let [y, _, grad_weight, _] = problem.solve(isa, 1);
                prop_assert_eq!(&bits(&y), &outputs, "{}", isa);
                prop_assert_eq!(&bits(&grad_weight), &weights, "{}", isa);
            }
        }

        #[test]
        fn a_sample_alone_has_the_bits_of_the_batch(problem in problem()) {
            let (inputs, outputs) = (problem.shape.input_len(), problem.shape.output_len());
            for isa in Isa::available() {
                let [y, grad_x, ..] = problem.solve(isa, 2);
                for n in 0..problem.batch {
                    let sample = Problem {
                        batch: 1,
                        x: problem.x[n * inputs..][..inputs].to_vec(),
                        grad_y: problem.grad_y[n * outputs..][..outputs].to_vec(),
                        ..problem.clone()
                    };
                    let [y_alone, grad_x_alone, ..] = sample.solve(isa, 1);
                    prop_assert_eq!(bits(&y_alone), bits(&y[n * outputs..][..outputs]), "{}", isa);
                    prop_assert_eq!(bits(&grad_x_alone), bits(&grad_x[n * inputs..][..inputs]), "{}", isa);
                }
            }
        }

        #[test]
        fn the_tail_is_bias_then_function_and_keeps_the_argument(problem in problem(), with_bias in any::<bool>()) {
            let Problem { shape, batch, x, weight, bias, .. } = &problem;
            let len = batch * shape.output_len();
            let bias = with_bias.then_some(&**bias);
            let mut scratch = vec![f32::NAN; 2 * shape.scratch_len()];
            for isa in Isa::available() {
                let mut linear = vec![f32::NAN; len];
                let tail = Tail { bias, ..Tail::default() };
                forward_with(isa, shape, *batch, x, weight, tail, &mut scratch, &mut linear);
                for function in [Function::Relu, Function::Gelu] {
                    let (mut y, mut kept) = (vec![f32::NAN; len], vec![f32::NAN; len]);
                    let tail = Tail { bias, function, preactivation: Some(&mut kept) };
                    forward_with(isa, shape, *batch, x, weight, tail, &mut scratch, &mut y);
                    let mut expected = linear.clone();
                    map_with(isa, function, 1, &mut expected);
                    prop_assert_eq!(bits(&kept), bits(&linear), "{}", isa);
                    prop_assert_eq!(bits(&y), bits(&expected), "{}: {:?}", isa, function);
                }
            }
        }
    }

    #[test]
    fn large_convolutions_agree_with_the_definition() {
        large().iter().for_each(check_against_definition);
    }

    #[test]
    #[cfg(feature = "std")]
    fn threads_and_scratch_change_no_bit() {
        for problem in large() {
            for isa in Isa::available() {
                let all = [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (3, 5)].map(|(threads, areas)| {
                    let pool = crate::kernels::testing::pool(threads);
                    pool.install(|| problem.solve(isa, areas).map(|result| bits(&result)))
                });
                assert!(all.iter().all(|results| *results == all[0]), "{isa}: {:?}", problem.shape);
            }
        }
    }

    #[test]
    fn definition_by_hand() {
        // Two channels in one group each, a 2×2 kernel with a column of padding on the left:
        // 0 1 2    1 0    0 1 2
        // 0 3 4    0 2 →  0+6 1+8  (first channel and filter)
        let shape = Conv2dShape {
            channels: 2,
            height: 2,
            width: 2,
            filters: 2,
            kernel: [2, 2],
            stride: [1, 1],
            padding: [0, 1],
            dilation: [1, 1],
            groups: 2,
            out: [1, 2],
        };
        let (x, weight) =
            ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [1.0, 0.0, 0.0, 2.0, 0.0, 1.0, 1.0, 0.0]);
        let (mut y, mut preactivation) = ([f64::NAN; 4], [f64::NAN; 4]);
        let tail = Tail {
            bias: Some(&[-10.0, 0.5]),
            function: Function::Relu,
            preactivation: Some(&mut preactivation),
        };
        f64::conv2d(&shape, 1, &x, &weight, tail, &mut [], &mut y);
        assert_eq!(preactivation, [-4.0, -1.0, 5.5, 13.5]);
        assert_eq!(y, [0.0, 0.0, 5.5, 13.5]);

        let grad_y = [1.0, 10.0, 100.0, 1000.0];
        let (mut grad_x, mut grad_weight, mut grad_bias) = ([f64::NAN; 8], [f64::NAN; 8], [f64::NAN; 2]);
        f64::conv2d_grad_input(&shape, 1, &grad_y, &weight, &mut [], &mut grad_x);
        f64::conv2d_grad_weight(&shape, 1, &x, &grad_y, &mut [], &mut grad_weight);
        f64::conv2d_grad_bias(&shape, 1, &grad_y, &mut grad_bias);
        assert_eq!(grad_x, [10.0, 0.0, 2.0, 20.0, 100.0, 1000.0, 1000.0, 0.0]);
        assert_eq!(grad_weight, [10.0, 21.0, 30.0, 43.0, 5000.0, 6500.0, 7000.0, 8700.0]);
        assert_eq!(grad_bias, [11.0, 1100.0]);
    }

    #[test]
    fn gradients_of_no_sample_are_zero() {
        let problem = Problem::new(square(3, 4, 2, 1), 0);
        for isa in Isa::available() {
            let [y, grad_x, grad_weight, grad_bias] = problem.solve(isa, 1);
            assert!(y.is_empty() && grad_x.is_empty());
            assert!(grad_weight.iter().chain(&grad_bias).all(|&grad| grad == 0.0), "{isa}");
        }
    }

    fn convolve(shape: &Conv2dShape, scratch: usize, function: Function) {
        let problem = Problem::new(*shape, 1);
        let mut y = vec![0.0; shape.output_len()];
        let tail = Tail { function, ..Tail::default() };
        f32::conv2d(shape, 1, &problem.x, &problem.weight, tail, &mut vec![0.0; scratch], &mut y);
    }

    #[test]
    #[should_panic(expected = "2 groups do not divide 3 channels and 4 filters")]
    fn groups_that_do_not_divide_are_refused() {
        convolve(&square(3, 4, 4, 2), 1000, Function::Linear);
    }

    #[test]
    #[should_panic(expected = "scratch of 432 numbers expected, found 431")]
    fn too_little_scratch_is_refused() {
        convolve(&square(3, 4, 4, 1), 431, Function::Linear);
    }

    #[test]
    #[should_panic(expected = "Softmax is a function of whole rows")]
    fn a_function_of_rows_is_refused() {
        convolve(&square(3, 4, 4, 1), 432, Function::Softmax);
    }
}
