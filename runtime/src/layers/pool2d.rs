//! Pools of images: the largest value or the mean under a window.

use core::marker::PhantomData;

use super::activation::Linear;
use super::window::ConvWindow;
use super::{Backward, Cpu, Layer, Memory, Predict, Run};
use crate::kernels::Element;
use crate::kernels::pool2d::{Count, Pool2dShape};
use crate::schema::{Info, Size};

/// The pool of one sample; its `images` are the channels.
const fn shape<C: Size, H: Size, W: Size, D: Size, P: Size, Q: Size, Win: ConvWindow>() -> Pool2dShape {
    assert!(C::VALUE == D::VALUE, "a pool keeps the number of channels");
    let ([1, 1], 1) = (Win::DILATION, Win::GROUPS) else {
        panic!("the window of a pool has no gaps and no groups")
    };
    assert!(Win::STRIDE[0] > 0 && Win::STRIDE[1] > 0, "the stride of a pool is at least 1");
    let shape = Pool2dShape {
        images: C::VALUE,
        height: H::VALUE,
        width: W::VALUE,
        kernel: Win::KERNEL,
        stride: Win::STRIDE,
        padding: Win::PADDING,
        out: [P::VALUE, Q::VALUE],
    };
    let sizes = [H::VALUE, W::VALUE];
    let mut axis = 0;
    while axis < 2 {
        let last = shape.out[axis].saturating_sub(1) * shape.stride[axis];
        assert!(
            shape.padding[axis] < shape.kernel[axis] && last < sizes[axis] + shape.padding[axis],
            "a window of a pool lies over nothing but padding"
        );
        axis += 1;
    }
    shape
}

/// That of a batch.
const fn of(shape: Pool2dShape, batch: usize) -> Pool2dShape {
    Pool2dShape { images: shape.images * batch, ..shape }
}

/// The largest value under a window: `y[c, p, q] = max x[c, p·stride + i − padding, q·stride + j − padding]` over the taps `i, j` that lie
/// over the image; NaN if one of them is.
///
/// The gradient goes to the largest value, the first of equals.
///
/// # Shapes
/// `In = (C, H, W)`, `Out = (C, P, Q)`; `x: [batch, C, H, W]`, `y: [batch, C, P, Q]`. P and Q are the window's
/// [`output_size`](super::conv2d::output_size). Sizes at which a window would lie over nothing but padding are refused by the compiler.
///
/// # Defaults
/// In `model!` the stride is the window's size and there is no padding, as in PyTorch's `MaxPool2d` and Keras's `MaxPooling2D`.
///
/// # References
/// Scherer, Müller, Behnke, "Evaluation of pooling operations in convolutional architectures for object recognition", ICANN 2010.
///
/// # Example
/// ```
/// use typenet_runtime::layers::window::Window;
/// use typenet_runtime::layers::{MaxPool2d, Predict, Run};
/// use typenet_runtime::typenum::{U1, U2, U4};
///
/// type Halve = MaxPool2d<(U1, U2, U4), (U1, U1, U2), Window<2, 2, 2, 2>>;
/// let mut y = [0.0f32; 2];
/// <Halve as Run>::predict(Predict {
///     batch: 1,
///     parameters: &[],
///     buffers: &[],
///     input: &[
///         1.0, 5.0, 7.0, 2.0, //
///         3.0, 3.0, 0.0, 8.0,
///     ],
///     output: &mut y,
///     scratch: &mut [],
/// });
/// assert_eq!(y, [5.0, 8.0]);
/// ```
///
/// With two columns of padding the first window of two columns would lie over padding alone:
///
/// ```compile_fail,E0080
/// # use typenet_runtime::layers::{Layer, MaxPool2d, window::Window};
/// # use typenet_runtime::typenum::{U1, U2, U7};
/// const INFO: &str = <MaxPool2d<(U1, U1, U2), (U1, U1, U7), Window<1, 2, 1, 1, 0, 2>>>::INFO.kind;
/// ```
#[doc(alias("MaxPooling2D", "MaxPool"))]
#[derive(Debug)]
pub struct MaxPool2d<In, Out, Win>(PhantomData<(In, Out, Win)>);

impl<C: Size, H: Size, W: Size, D: Size, P: Size, Q: Size, Win: ConvWindow>
    MaxPool2d<(C, H, W), (D, P, Q), Win>
{
    const SHAPE: Pool2dShape = shape::<C, H, W, D, P, Q, Win>();
}

impl<C: Size, H: Size, W: Size, D: Size, P: Size, Q: Size, Win: ConvWindow> Layer
    for MaxPool2d<(C, H, W), (D, P, Q), Win>
{
    type Input = (C, H, W);
    type Output = (D, P, Q);
    type Head = Linear;
    type Body = Self;
    const INFO: Info = Info {
        flops: (Self::SHAPE.output_len() * Win::KERNEL[0] * Win::KERNEL[1]) as u64,
        draws: false,
        ..Info::new("MaxPool2d")
    };
    const MEMORY: Memory = Memory { reads_output: false, ..Memory::NONE };
}

impl<T, C, H, W, D, P, Q, Win> Run<Cpu<T>> for MaxPool2d<(C, H, W), (D, P, Q), Win>
where
    T: Element,
    C: Size,
    H: Size,
    W: Size,
    D: Size,
    P: Size,
    Q: Size,
    Win: ConvWindow,
{
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        T::max_pool(&of(Self::SHAPE, pass.batch), pass.input, pass.output);
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        if let Some(grad_input) = pass.grad_input {
            T::max_pool_gradient(&of(Self::SHAPE, pass.batch), pass.input, pass.grad_output, grad_input);
        }
    }
}

/// The mean under a window: `y[c, p, q] = Σ x[c, p·stride + i − padding, q·stride + j − padding] / count` over the taps `i, j` that lie over
/// the image.
///
/// # Shapes
/// As [`MaxPool2d`].
///
/// # Defaults
/// In `model!` the stride is the window's size and there is no padding. `COUNT_PADDING`: the count is the number of taps, padding counts as
/// zeros, as in PyTorch's `AvgPool2d` (`count_include_pad=True`). With `false` it is the number of taps over the image, as in Keras's
/// `AveragePooling2D`. They differ at the border alone, and not without padding.
///
/// # References
/// LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proceedings of the IEEE 1998, section II.
///
/// # Example
/// ```
/// use typenet_runtime::layers::window::Window;
/// use typenet_runtime::layers::{AvgPool2d, Predict, Run};
/// use typenet_runtime::typenum::{U1, U2, U3};
///
/// fn pool<L: Run<Input = (U1, U1, U2), Output = (U1, U1, U3)>>(x: [f32; 2]) -> [f32; 3] {
///     let mut output = [0.0; 3];
///     L::predict(Predict { batch: 1, parameters: &[], buffers: &[], input: &x, output: &mut output, scratch: &mut [] });
///     output
/// }
///
/// /// One column of padding on both sides.
/// type Padded = Window<1, 2, 1, 1, 0, 1>;
/// assert_eq!(pool::<AvgPool2d<(U1, U1, U2), (U1, U1, U3), Padded>>([2.0, 4.0]), [1.0, 3.0, 2.0]);
/// assert_eq!(pool::<AvgPool2d<(U1, U1, U2), (U1, U1, U3), Padded, false>>([2.0, 4.0]), [2.0, 3.0, 4.0]);
/// ```
#[doc(alias("AveragePooling2D", "AveragePool", "count_include_pad"))]
#[derive(Debug)]
pub struct AvgPool2d<In, Out, Win, const COUNT_PADDING: bool = true>(PhantomData<(In, Out, Win)>);

impl<C, H, W, D, P, Q, Win, const COUNT_PADDING: bool> AvgPool2d<(C, H, W), (D, P, Q), Win, COUNT_PADDING>
where
    C: Size,
    H: Size,
    W: Size,
    D: Size,
    P: Size,
    Q: Size,
    Win: ConvWindow,
{
    const SHAPE: Pool2dShape = shape::<C, H, W, D, P, Q, Win>();
    const COUNT: Count = if COUNT_PADDING { Count::Window } else { Count::Inputs };
}

impl<C, H, W, D, P, Q, Win, const COUNT_PADDING: bool> Layer
    for AvgPool2d<(C, H, W), (D, P, Q), Win, COUNT_PADDING>
where
    C: Size,
    H: Size,
    W: Size,
    D: Size,
    P: Size,
    Q: Size,
    Win: ConvWindow,
{
    type Input = (C, H, W);
    type Output = (D, P, Q);
    type Head = Linear;
    type Body = Self;
    const INFO: Info = Info {
        flops: (Self::SHAPE.output_len() * Win::KERNEL[0] * Win::KERNEL[1]) as u64,
        draws: false,
        ..Info::new("AvgPool2d")
    };
    const MEMORY: Memory = Memory { reads_input: false, reads_output: false, ..Memory::NONE };
}

impl<T, C, H, W, D, P, Q, Win, const COUNT_PADDING: bool> Run<Cpu<T>>
    for AvgPool2d<(C, H, W), (D, P, Q), Win, COUNT_PADDING>
where
    T: Element,
    C: Size,
    H: Size,
    W: Size,
    D: Size,
    P: Size,
    Q: Size,
    Win: ConvWindow,
{
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        T::average_pool(&of(Self::SHAPE, pass.batch), Self::COUNT, pass.input, pass.output);
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        if let Some(grad_input) = pass.grad_input {
            T::average_pool_gradient(&of(Self::SHAPE, pass.batch), Self::COUNT, pass.grad_output, grad_input);
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::layers::check::check_gradient;
    use crate::layers::window::Window;
    use typenum::{U1, U2, U3, U4, U5, U6, U7};

    /// Every place was checked; two values under one window are never so near that a step changes which is larger.
    #[track_caller]
    fn check<L: Run<Cpu<f64>>>() {
        for (batch, seed) in [(1, 3), (3, 4)] {
            let report = check_gradient::<L>(batch, seed);
            assert_eq!((report.checked, report.kinks), (batch * crate::layers::input_len::<L>(), 0));
        }
    }

    #[test]
    fn gradients() {
        macro_rules! check_both {
            ($input:ty => $output:ty, $window:ty) => {
                check::<MaxPool2d<$input, $output, $window>>();
                check::<AvgPool2d<$input, $output, $window>>();
                check::<AvgPool2d<$input, $output, $window, false>>();
            };
        }
        check_both!((U2, U4, U6) => (U2, U2, U3), Window<2, 2, 2, 2>);
        check_both!((U1, U7, U7) => (U1, U4, U4), Window<3, 3, 2, 2, 1, 1>);
        check_both!((U2, U5, U6) => (U2, U5, U2), Window<3, 2, 1, 3, 1, 0>);
        // Places that leave inputs out, and one window over everything.
        check_both!((U1, U5, U7) => (U1, U2, U3), Window<1, 2, 3, 3>);
        check_both!((U3, U2, U3) => (U3, U1, U1), Window<2, 3>);
        check_both!((U1, U1, U1) => (U1, U1, U1), Window<1, 1>);
    }
}
