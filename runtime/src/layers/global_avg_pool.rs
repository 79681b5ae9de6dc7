//! Global average pooling: the mean of each channel of an image, or of each feature over the steps of a sequence.

use core::marker::PhantomData;

use super::activation::Linear;
use super::{Backward, Cpu, Layer, Memory, Plain, Predict, Run, Steps};
use crate::kernels::Element;
use crate::kernels::global_average::{
    channel_means, channel_means_gradient, sequence_means, sequence_means_gradient,
};
use crate::schema::{Info, Size};

/// What has means: an image `(C, H, W)` one for each channel, a sequence [`Steps<N, (F,)>`](Steps) one for each feature.
///
/// ```
/// use typenet_runtime::layers::global_avg_pool::Averaged;
/// use typenet_runtime::layers::{Plain, Steps};
/// use typenet_runtime::typenum::{U3, U8, U40};
///
/// /// How many means a port has.
/// const fn means<P: Averaged>() -> usize {
///     <P::Means as Plain>::SHAPE[0]
/// }
/// assert_eq!((means::<(U3, U8, U8)>(), means::<Steps<U40, (U8,)>>()), (3, 8));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no mean for each channel",
    note = "an image `(C, H, W)` has, and a sequence `Steps<N, (F,)>`"
)]
pub trait Averaged: Plain {
    /// One size: the number of means.
    type Means: Plain;

    /// The means of each sample.
    #[doc(hidden)]
    fn means<T: Element>(values: Self::Values<'_, Cpu<T>>, means: &mut [T]);
    /// The gradient by the numbers; of `values` only the lengths are read.
    #[doc(hidden)]
    fn gradient_of_means<T: Element>(values: Self::Values<'_, Cpu<T>>, grad_means: &[T], gradient: &mut [T]);
}

impl<C: Size, H: Size, W: Size> Averaged for (C, H, W) {
    type Means = (C,);

    fn means<T: Element>(values: &[T], means: &mut [T]) {
        channel_means(H::VALUE * W::VALUE, values, means);
    }

    fn gradient_of_means<T: Element>(_: &[T], grad_means: &[T], gradient: &mut [T]) {
        channel_means_gradient(H::VALUE * W::VALUE, grad_means, gradient);
    }
}

impl<N: Size, F: Size> Averaged for Steps<N, (F,)> {
    type Means = (F,);

    fn means<T: Element>(values: Self::Values<'_, Cpu<T>>, means: &mut [T]) {
        sequence_means([N::VALUE, F::VALUE], values.lengths, values.values, means);
    }

    fn gradient_of_means<T: Element>(values: Self::Values<'_, Cpu<T>>, grad_means: &[T], gradient: &mut [T]) {
        sequence_means_gradient([N::VALUE, F::VALUE], values.lengths, grad_means, gradient);
    }
}

/// The mean of each channel of an image, `y[c] = Σ x[c, h, w] / (H·W)`, or of each feature over the steps that a sequence has,
/// `y[f] = Σ x[t, f] / length`.
///
/// # Shapes
/// `x: [batch, C, H, W]`, `y: [batch, C]`; `x: [batch, N, F]` with lengths, `y: [batch, F]`. `O` follows from `P`.
///
/// # References
/// Lin, Chen, Yan, "Network in network", ICLR 2014, section 3.2.
///
/// # Example
/// ```
/// use typenet_runtime::layers::{GlobalAvgPool, Predict, Run, Sequences, Steps};
/// use typenet_runtime::typenum::{U1, U2, U3};
///
/// // Two channels of 1×2.
/// let mut y = [0.0f32; 2];
/// <GlobalAvgPool<(U2, U1, U2)> as Run>::predict(Predict {
///     batch: 1,
///     parameters: &[],
///     buffers: &[],
///     input: &[1.0, 2.0, 5.0, 7.0],
///     output: &mut y,
///     scratch: &mut [],
/// });
/// assert_eq!(y, [1.5, 6.0]);
///
/// // Two sequences of up to three steps with one number each; the second has two steps.
/// <GlobalAvgPool<Steps<U3, (U1,)>> as Run>::predict(Predict {
///     batch: 2,
///     parameters: &[],
///     buffers: &[],
///     input: Sequences { values: &[1.0, 2.0, 6.0, 4.0, 5.0, 0.0], lengths: &[3, 2] },
///     output: &mut y,
///     scratch: &mut [],
/// });
/// assert_eq!(y, [3.0, 4.5]);
/// ```
#[doc(alias("GlobalAveragePooling1D", "GlobalAveragePooling2D", "AdaptiveAvgPool2d"))]
#[derive(Debug)]
pub struct GlobalAvgPool<P: Averaged, O = <P as Averaged>::Means>(PhantomData<(P, O)>);

impl<P: Averaged<Means = O>, O: Plain> Layer for GlobalAvgPool<P, O> {
    type Input = P;
    type Output = O;
    type Head = Linear;
    type Body = Self;
    const INFO: Info = Info { flops: P::LEN as u64, draws: false, ..Info::new("GlobalAvgPool") };
    const MEMORY: Memory = Memory { reads_input: false, reads_output: false, ..Memory::NONE };
}

impl<T: Element, P: Averaged<Means = O>, O: Plain> Run<Cpu<T>> for GlobalAvgPool<P, O> {
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        P::means(pass.input, O::numbers_mut::<Cpu<T>>(pass.output));
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        if let Some(grad_input) = P::gradient::<Cpu<T>>(pass.grad_input) {
            P::gradient_of_means(pass.input, O::numbers_mut::<Cpu<T>>(pass.grad_output), grad_input);
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::layers::check::check_gradient;
    use typenum::{U1, U2, U3, U4, U5, U7};

    #[test]
    fn gradients_of_images_and_sequences() {
        #[track_caller]
        fn check<L: Run<Cpu<f64>>>(batch: usize, places: usize) {
            let report = check_gradient::<L>(batch, 7);
            assert_eq!((report.checked, report.kinks), (places, 0));
        }
        for batch in [1, 3] {
            check::<GlobalAvgPool<(U2, U3, U5)>>(batch, batch * 2 * 3 * 5);
            check::<GlobalAvgPool<(U4, U1, U1), (U4,)>>(batch, batch * 4);
        }
        // Lengths 5, 4 and 3, then 1.
        check::<GlobalAvgPool<Steps<U5, (U7,)>>>(3, (5 + 4 + 3) * 7);
        check::<GlobalAvgPool<Steps<U1, (U2,)>, (U2,)>>(2, 2 * 2);
    }

    #[test]
    fn what_lies_behind_a_sequence_is_not_read() {
        let mut y = [0.0f32; 2];
        <GlobalAvgPool<Steps<U3, (U1,)>> as Run>::predict(Predict {
            batch: 2,
            parameters: &[],
            buffers: &[],
            input: crate::layers::Sequences {
                values: &[1.0, f32::NAN, f32::NAN, 4.0, 5.0, f32::NAN],
                lengths: &[1, 2],
            },
            output: &mut y,
            scratch: &mut [],
        });
        assert_eq!(y, [1.0, 4.5]);
    }
}
