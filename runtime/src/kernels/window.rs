//! A window that slides over an image, along one axis: how many places it has, and which inputs lie under it.
//!
//! At place `p` tap `t` of the window lies over input `p·stride + t·dilation − padding`. Inputs that the image does not have are
//! padding: zeros for a convolution, nothing for a pool. Only the padding before the image is a number of its own; behind it there is
//! as much as the last place needs.
//!
//! The sizes are total functions: whoever declares a layer asks [`fits`] and says what is wrong.

use core::ops::Range;

/// Inputs from the first to the last tap.
const fn span(kernel: usize, dilation: usize) -> usize {
    kernel.saturating_sub(1).saturating_mul(dilation).saturating_add(1)
}

/// Whether a window has at least one place in `size` inputs with `padding` in all, on both sides; a kernel, a stride or a dilation of
/// zero has none.
///
/// ```
/// use typenet_runtime::kernels::window::fits;
///
/// assert!(fits(3, 5, 1, 2, 1));
/// assert!(!fits(3, 5, 1, 1, 1));
/// // Three taps, every other input.
/// assert!(!fits(4, 3, 1, 0, 2));
/// ```
pub const fn fits(size: usize, kernel: usize, stride: usize, padding: usize, dilation: usize) -> bool {
    kernel > 0 && stride > 0 && dilation > 0 && span(kernel, dilation) <= size.saturating_add(padding)
}

/// How many places a window has: `⌊(size + padding − dilation·(kernel − 1) − 1) / stride⌋ + 1`, with `padding` in all, on both sides.
///
/// Where the window does not [fit](fits) it is `size`, so that one wrong window makes no layer after it wrong too.
///
/// ```
/// use typenet_runtime::kernels::window::output_size;
///
/// // 5×5 taps with two zeros on each side keep the size; a pool of 2×2 halves it.
/// assert_eq!(output_size(28, 5, 1, 4, 1), 28);
/// assert_eq!(output_size(28, 2, 2, 0, 1), 14);
/// assert_eq!(output_size(224, 7, 2, 6, 1), 112);
/// ```
#[doc(alias("conv_out", "conv_output_length"))]
pub const fn output_size(
    size: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
) -> usize {
    if !fits(size, kernel, stride, padding, dilation) {
        return size;
    }
    ((size.saturating_add(padding) - span(kernel, dilation)) / stride).saturating_add(1)
}

/// The padding in all, on both sides, with which a window has `⌈size / stride⌉` places: what Keras calls `same`. Half of it, rounded
/// down, comes before the image.
///
/// ```
/// use typenet_runtime::kernels::window::{output_size, same_padding};
///
/// assert_eq!(same_padding(28, 5, 1, 1), 4);
/// // An even kernel: one more behind than before.
/// assert_eq!(same_padding(28, 2, 1, 1), 1);
/// assert_eq!(output_size(7, 3, 2, same_padding(7, 3, 2, 1), 1), 4);
/// ```
pub const fn same_padding(size: usize, kernel: usize, stride: usize, dilation: usize) -> usize {
    if size == 0 || stride == 0 {
        return 0;
    }
    // The last place starts at the last multiple of the stride below the size.
    let last = (size - 1) / stride * stride;
    last.saturating_add(span(kernel, dilation)).saturating_sub(size)
}

/// One axis of an image and of a window over it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    /// Inputs.
    pub(super) size: usize,
    pub(super) stride: usize,
    /// Before the first input.
    pub(super) padding: usize,
    pub(super) dilation: usize,
    /// Places.
    pub(super) out: usize,
}

impl Axis {
    /// The input under a tap, if it is none of the padding.
    #[inline(always)]
    pub(super) fn input(self, place: usize, tap: usize) -> Option<usize> {
        let input = (place * self.stride + tap * self.dilation).checked_sub(self.padding)?;
        (input < self.size).then_some(input)
    }

    /// The places at which `tap` lies over an input.
    #[inline(always)]
    pub(super) fn places(self, tap: usize) -> Range<usize> {
        let offset = tap * self.dilation;
        let before = |input: usize| (input + self.padding).saturating_sub(offset).div_ceil(self.stride);
        let end = before(self.size).min(self.out);
        before(0).min(end)..end
    }

    /// The inputs under a window without gaps.
    #[inline(always)]
    pub(super) fn inputs(self, place: usize, kernel: usize) -> Range<usize> {
        let start = place * self.stride;
        let end = (start + kernel).saturating_sub(self.padding).min(self.size);
        start.saturating_sub(self.padding).min(end)..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    proptest! {
        #[test]
        fn sizes_are_counts_of_places(
            size in 0usize..20, kernel in 0usize..6, stride in 0usize..5, padding in 0usize..6, dilation in 0usize..4,
        ) {
            // Places whose last tap still lies in the padded image.
            let last = |place: usize| place * stride + kernel.saturating_sub(1) * dilation;
            let possible = kernel > 0 && stride > 0 && dilation > 0;
            let count = if possible { (0..).take_while(|&p| last(p) < size + padding).count() } else { 0 };
            prop_assert_eq!(fits(size, kernel, stride, padding, dilation), count > 0);
            let expected = if count > 0 { count } else { size };
            prop_assert_eq!(output_size(size, kernel, stride, padding, dilation), expected);
        }

        #[test]
        fn same_padding_keeps_one_place_for_each_stride(
            size in 1usize..30, kernel in 1usize..7, stride in 1usize..6, dilation in 1usize..4,
        ) {
            let padding = same_padding(size, kernel, stride, dilation);
            prop_assert_eq!(output_size(size, kernel, stride, padding, dilation), size.div_ceil(stride));
            // No less would do.
            let less = padding.checked_sub(1).filter(|&less| fits(size, kernel, stride, less, dilation));
            let places = less.map(|less| output_size(size, kernel, stride, less, dilation));
            prop_assert!(places.is_none_or(|places| places < size.div_ceil(stride)));
        }

        #[test]
        fn places_of_a_tap_are_those_with_an_input(
            size in 0usize..20, stride in 1usize..5, padding in 0usize..25, dilation in 1usize..4, out in 0usize..12,
            tap in 0usize..6,
        ) {
            let axis = Axis { size, stride, padding, dilation, out };
            let with_input: Vec<usize> = (0..out).filter(|&p| axis.input(p, tap).is_some()).collect();
            prop_assert_eq!(axis.places(tap).collect::<Vec<_>>(), with_input);
        }

        #[test]
        fn inputs_of_a_place_are_those_of_its_taps(
            size in 0usize..20, stride in 1usize..5, padding in 0usize..25, place in 0usize..12, kernel in 0usize..6,
        ) {
            let axis = Axis { size, stride, padding, dilation: 1, out: place + 1 };
            let of_taps: Vec<usize> = (0..kernel).filter_map(|tap| axis.input(place, tap)).collect();
            prop_assert_eq!(axis.inputs(place, kernel).collect::<Vec<_>>(), of_taps);
        }
    }

    #[test]
    fn sizes_are_total() {
        for size in [0, 1, usize::MAX] {
            for kernel in [0, 1, usize::MAX] {
                for stride in [0, 1, usize::MAX] {
                    for padding in [0, 1, usize::MAX] {
                        for dilation in [0, 1, usize::MAX] {
                            output_size(size, kernel, stride, padding, dilation);
                            same_padding(size, kernel, stride, dilation);
                        }
                    }
                }
            }
        }
    }
}
