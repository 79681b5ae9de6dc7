//! The window of a convolution or of a pool, as a type.

/// How a window lies over an image, as a type: what [`Conv2d`](super::Conv2d), [`MaxPool2d`](super::MaxPool2d) and
/// [`AvgPool2d`](super::AvgPool2d) take. All pairs are of the height, then of the width.
///
/// ```
/// use typenet_runtime::layers::window::{ConvWindow, Window};
///
/// /// How many inputs lie under a window at once.
/// const fn taps<W: ConvWindow>() -> usize {
///     W::KERNEL[0] * W::KERNEL[1]
/// }
/// assert_eq!(taps::<Window<3, 5>>(), 15);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a window",
    note = "such as `Window<3, 3>`: three rows and three columns"
)]
pub trait ConvWindow: 'static {
    /// Height and width.
    #[doc(alias("kernel_size", "pool_size"))]
    const KERNEL: [usize; 2];
    /// Rows and columns from one place to the next; 1 by default.
    #[doc(alias = "strides")]
    const STRIDE: [usize; 2] = [1; 2];
    /// Rows above and columns to the left of the image; none by default. Below and to the right there are as many as the output's
    /// last places need.
    const PADDING: [usize; 2] = [0; 2];
    /// Rows and columns from one tap to the next; 1, a window without gaps, by default.
    #[doc(alias = "dilation_rate")]
    const DILATION: [usize; 2] = [1; 2];
    /// A convolution cuts channels and filters into so many parts, and a filter sees the channels of its part; 1 by default.
    const GROUPS: usize = 1;
}

/// A window of `KH` rows and `KW` columns that moves by `SH` and `SW`, with `PT` rows of padding above and `PL` columns to the left, `DH` and
/// `DW` from one tap to the next, and so many groups: what `kernel`, `stride`, `padding`, `dilation` and `groups` become in `model!`.
///
/// # Defaults
/// Stride 1, no padding, dilation 1, one group, as in PyTorch's `Conv2d` and Keras's `Conv2D`.
///
/// ```
/// use typenet_runtime::layers::window::{ConvWindow, Window};
///
/// /// 3×3, every other place, one row and one column of padding.
/// type Strided = Window<3, 3, 2, 2, 1, 1>;
/// assert_eq!((Strided::KERNEL, Strided::STRIDE, Strided::PADDING), ([3, 3], [2, 2], [1, 1]));
/// assert_eq!((Strided::DILATION, Strided::GROUPS), ([1, 1], 1));
/// ```
#[derive(Debug)]
pub struct Window<
    const KH: usize,
    const KW: usize,
    const SH: usize = 1,
    const SW: usize = 1,
    const PT: usize = 0,
    const PL: usize = 0,
    const DH: usize = 1,
    const DW: usize = 1,
    const GROUPS: usize = 1,
>;

impl<
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
    const PT: usize,
    const PL: usize,
    const DH: usize,
    const DW: usize,
    const GROUPS: usize,
> ConvWindow for Window<KH, KW, SH, SW, PT, PL, DH, DW, GROUPS>
{
    const KERNEL: [usize; 2] = [KH, KW];
    const STRIDE: [usize; 2] = [SH, SW];
    const PADDING: [usize; 2] = [PT, PL];
    const DILATION: [usize; 2] = [DH, DW];
    const GROUPS: usize = GROUPS;
}
