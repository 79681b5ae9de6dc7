//! `kernel = (3, 5), stride = 2, padding = same, dilation = 1`: a window that slides over an image.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Lit;

use super::options::{DILATION, OptionName, PADDING, STRIDE};
use super::{Arguments, Requirement, Types};
use crate::ast::Value;
use crate::size::{Function, PRODUCT, Shape, Size};

/// Inputs from the first to the last tap.
fn extent(kernel: u64, dilation: u64) -> u64 {
    kernel.saturating_sub(1).saturating_mul(dilation).saturating_add(1)
}

/// Of a size, a kernel, a stride, the padding on both sides together and a dilation.
static FITS: Function<bool> = Function {
    path: &["kernels", "window", "fits"],
    takes_slice: false,
    evaluate: |numbers| match *numbers {
        [size, kernel, stride, padding, dilation] => {
            let is_positive = kernel > 0 && stride > 0 && dilation > 0;
            is_positive && extent(kernel, dilation) <= size.saturating_add(padding)
        }
        _ => false,
    },
};

static OUTPUT_SIZE: Function<u64> = Function {
    path: &["kernels", "window", "output_size"],
    takes_slice: false,
    evaluate: |numbers| match *numbers {
        [size, kernel, stride, padding, dilation] if (FITS.evaluate)(numbers) => {
            (size.saturating_add(padding) - extent(kernel, dilation)) / stride + 1
        }
        [size, ..] => size,
        [] => 0,
    },
};

/// Of a size, a kernel, a stride and a dilation: the padding on both sides together.
static SAME_PADDING: Function<u64> = Function {
    path: &["kernels", "window", "same_padding"],
    takes_slice: false,
    evaluate: |numbers| match *numbers {
        [size, kernel, stride, dilation] if size > 0 && stride > 0 => {
            ((size - 1) / stride * stride).saturating_add(extent(kernel, dilation)).saturating_sub(size)
        }
        _ => 0,
    },
};

/// The part of the padding that comes before the image: half of it, rounded down.
static HALF: Function<u64> =
    Function { path: &["layers", "sizes", "half"], takes_slice: false, evaluate: |numbers| numbers[0] / 2 };

static IS_BELOW: Function<bool> = Function {
    path: &["layers", "sizes", "is_below"],
    takes_slice: false,
    evaluate: |numbers| matches!(*numbers, [size, bound] if size < bound),
};

/// Both axes of a window: of the height, then of the width.
#[derive(Clone)]
pub(super) struct Window {
    kernel: [Size; 2],
    stride: [Size; 2],
    dilation: [Size; 2],
    padding: Padding,
    /// What an error underlines that says of the window that it is too large.
    span: Span,
}

#[derive(Clone)]
enum Padding {
    /// On each side.
    Zeros([Size; 2]),
    /// As much as gives one place for each stride.
    Same,
}

/// What a window makes of an image.
pub(super) struct Windowed {
    pub(super) height_and_width: [Size; 2],
    pub(super) requirements: Vec<Requirement>,
    /// Before the image.
    padding: [Size; 2],
}

impl Window {
    /// The options `stride`, `padding` and, for a convolution, `dilation`; the stride of a pool is its kernel unless it is written.
    pub(super) fn read(arguments: &mut Arguments<'_>, kernel: [Size; 2], span: Span, is_pool: bool) -> Self {
        let one = literal(1);
        let default = if is_pool { kernel.clone() } else { [one.clone(), one.clone()] };
        let stride = pair(arguments, STRIDE).unwrap_or(default);
        let dilation = if is_pool { None } else { pair(arguments, DILATION) };
        let dilation = dilation.unwrap_or([one.clone(), one]);
        let padding = padding(arguments);
        Self { kernel, stride, dilation, padding, span }
    }

    pub(super) fn kernel(&self) -> &[Size; 2] {
        &self.kernel
    }

    /// The window over an image `(channels, height, width)`.
    pub(super) fn over(&self, layer: &str, image: &Shape) -> Windowed {
        let mut requirements = Vec::new();
        let axes = [0, 1].map(|axis| {
            let size = image.sizes[axis + 1].clone();
            let (kernel, stride) = (self.kernel[axis].clone(), self.stride[axis].clone());
            let dilation = self.dilation[axis].clone();
            let derived =
                |rule, arguments, text: String| Size::derived(rule, None, arguments, self.span, text);
            let (all, before) = match &self.padding {
                Padding::Zeros(zeros) => {
                    let zeros = zeros[axis].clone();
                    (derived(&PRODUCT, vec![literal(2), zeros.clone()], format!("2·{zeros}")), zeros)
                }
                Padding::Same => {
                    // With a stride of 1 it is the same for every image.
                    let size = if stride.literal() == Some(1) { literal(1) } else { size.clone() };
                    let arguments = vec![size, kernel.clone(), stride.clone(), dilation.clone()];
                    let all = derived(&SAME_PADDING, arguments, "…".to_owned());
                    (all.clone(), derived(&HALF, vec![all], "…".to_owned()))
                }
            };
            let text = text(&size, &kernel, &stride, &all, &dilation);
            let numbers = vec![size.clone(), kernel.clone(), stride, all.clone(), dilation.clone()];
            let name = if axis == 0 { "high" } else { "wide" };
            let (window, gaps) = match (kernel.literal(), dilation.literal()) {
                (Some(kernel), Some(dilation)) => (literal(extent(kernel, dilation)), ""),
                (None, Some(1)) => (kernel, ""),
                _ => (kernel, " and more"),
            };
            let with_padding = match all.literal() {
                Some(0) => "",
                _ => ", with {2} of padding around it",
            };
            requirements.push(Requirement {
                span: self.span,
                condition: &FITS,
                arguments: numbers.clone(),
                message: format!(
                    "`{layer}`: the window is {{0}}{gaps} {name}, but the image is {{1}}{with_padding}"
                ),
                label: format!("the image is {{1}} {name}"),
                shown: vec![window, size, all],
                is_second: axis == 1,
            });
            (Size::derived(&OUTPUT_SIZE, Some(&FITS), numbers, self.span, text), before)
        });
        let [(height, top), (width, left)] = axes;
        Windowed { height_and_width: [height, width], requirements, padding: [top, left] }
    }

    /// A pool has no place where its window sees nothing but padding.
    pub(super) fn pads_less_than_it_covers(&self, layer: &str, span: Span) -> Vec<Requirement> {
        let Padding::Zeros(zeros) = &self.padding else { return Vec::new() };
        let axes = self.kernel.iter().zip(zeros).enumerate();
        let requirement = |(axis, (kernel, padding)): (usize, (&Size, &Size))| Requirement {
            span,
            condition: &IS_BELOW,
            arguments: vec![padding.clone(), kernel.clone()],
            message: format!(
                "`{layer}`: a window of {{0}} sees nothing but padding where that is {{1}} on each side"
            ),
            label: "as large as the window, or larger".to_owned(),
            shown: vec![kernel.clone(), padding.clone()],
            is_second: axis == 1,
        };
        axes.map(requirement).collect()
    }

    /// `Window<KH, KW, SH, SW, PH, PW, DH, DW, GROUPS>`
    pub(super) fn write(&self, windowed: &Windowed, groups: &Size, types: &mut dyn Types) -> TokenStream {
        let parts = [&self.kernel, &self.stride, &windowed.padding, &self.dilation];
        let numbers: Vec<_> =
            parts.into_iter().flatten().chain([groups]).map(|size| types.number(size)).collect();
        let path = types.path("window", &Ident::new("Window", Span::mixed_site()));
        quote!(#path<#(#numbers),*>)
    }
}

/// `⌊(Width − 1) / 2⌋ + 1`
fn text(size: &Size, kernel: &Size, stride: &Size, padding: &Size, dilation: &Size) -> String {
    let numbers =
        [kernel, stride, padding, dilation].map(|size| size.literal().and_then(|n| i64::try_from(n).ok()));
    let [Some(kernel), Some(stride), Some(padding), Some(dilation)] = numbers else {
        return "…".to_owned();
    };
    let plus = |size: &str, by: i64| match by {
        0 => size.to_owned(),
        1.. => format!("{size} + {by}"),
        _ => format!("{size} − {}", by.unsigned_abs()),
    };
    let more = padding.saturating_sub((kernel - 1).saturating_mul(dilation)).saturating_sub(1);
    let size = size.to_string();
    match stride {
        1 => plus(&size, more + 1),
        stride => format!("⌊({}) / {stride}⌋ + 1", plus(&size, more)),
    }
}

pub(super) fn literal(value: u64) -> Size {
    Size::Literal { value, span: Span::mixed_site() }
}

/// One size for both axes, or one for each.
pub(super) fn pair(arguments: &mut Arguments<'_>, option: OptionName) -> Option<[Size; 2]> {
    let value = arguments.option(option.name)?;
    both(arguments, option, value)
}

pub(super) fn both(arguments: &mut Arguments<'_>, option: OptionName, value: &Value) -> Option<[Size; 2]> {
    let name = option.name;
    match value {
        Value::Tuple { items, .. } => match items.as_slice() {
            [height, width] => Some([one(arguments, option, height)?, one(arguments, option, width)?]),
            items => {
                let message =
                    format!("`{name}` is one number, or two for height and width, not {}", items.len());
                arguments.error(value.span(), message);
                None
            }
        },
        value => one(arguments, option, value).map(|size| [size.clone(), size]),
    }
}

fn one(arguments: &mut Arguments<'_>, option: OptionName, value: &Value) -> Option<Size> {
    let is_size = match value {
        Value::Literal(Lit::Int(literal)) => literal.base10_digits() != "0" || option.name == PADDING.name,
        Value::Path(_) | Value::Block { .. } => true,
        _ => false,
    };
    match value {
        _ if !is_size => {
            let name = option.name;
            let least = if name == PADDING.name { "a number" } else { "a positive number" };
            let words = if name == PADDING.name { ", `same` or `valid`" } else { "" };
            let message = format!("`{name}` is {least}, or two for height and width{words}, not `{value}`");
            arguments.error(value.span(), message);
            None
        }
        Value::Literal(Lit::Int(zero)) if zero.base10_digits() == "0" => {
            Some(Size::Literal { value: 0, span: zero.span() })
        }
        value => arguments.size(value),
    }
}

fn padding(arguments: &mut Arguments<'_>) -> Padding {
    let none = Padding::Zeros([literal(0), literal(0)]);
    let Some(value) = arguments.option(PADDING.name) else { return none };
    let word = match value {
        Value::Literal(Lit::Str(text)) => Some(text.value()),
        value => value.word().map(ToString::to_string),
    };
    match word.as_deref() {
        Some("same") => Padding::Same,
        Some("valid") => none,
        Some(word) if word.to_lowercase() == word => {
            let meant = crate::suggest::nearest(word, ["same", "valid"], crate::suggest::typos(word));
            let meant = meant.map(|meant| format!(": did you mean `{meant}`?")).unwrap_or_default();
            let message = format!("unknown padding `{word}`{meant} It is a number, `same` or `valid`");
            arguments.error(value.span(), message.replace("` It", "`. It"));
            none
        }
        _ => both(arguments, PADDING, value).map_or(none, Padding::Zeros),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn sizes_of_windows_by_hand() {
        for (numbers, size) in [
            ([28, 5, 1, 4, 1], 28),
            ([28, 2, 2, 0, 1], 14),
            ([224, 7, 2, 6, 1], 112),
            ([9, 3, 1, 0, 2], 5),
            // Where the window does not fit, what arrives.
            ([3, 5, 1, 0, 1], 3),
        ] {
            assert_eq!((OUTPUT_SIZE.evaluate)(&numbers), size, "{numbers:?}");
        }
        assert!((FITS.evaluate)(&[3, 5, 1, 2, 1]) && !(FITS.evaluate)(&[3, 5, 1, 1, 1]));
        assert_eq!((SAME_PADDING.evaluate)(&[7, 3, 2, 1]), 2);
    }
}
