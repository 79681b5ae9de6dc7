//! Convolutions and pools beside PyTorch, values and all gradients; `golden/conv.py` made the numbers.

use serde_json::Value;
use typenet_runtime::kernels::global_average::{
    channel_means, channel_means_gradient, sequence_means, sequence_means_gradient,
};
use typenet_runtime::kernels::pool2d::Count;
use typenet_runtime::kernels::window::output_size;
use typenet_runtime::kernels::{Conv2dShape, Element, Pool2dShape, Tail};

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/conv.json")).expect("golden numbers are JSON")
}

fn cases<'a>(golden: &'a Value, kind: &str) -> &'a [Value] {
    golden[kind].as_array().expect("a list of cases")
}

/// A setting of a case.
fn sizes<const N: usize>(case: &Value, name: &str) -> [usize; N] {
    let sizes = case[name].as_array().expect("a list of sizes");
    assert_eq!(sizes.len(), N, "{name}");
    std::array::from_fn(|i| sizes[i].as_u64().expect("a size") as usize)
}

fn numbers<T: Element>(case: &Value, name: &str) -> Vec<T> {
    let numbers = case[name].as_array().unwrap_or_else(|| panic!("{name} is a list"));
    numbers.iter().map(|x| T::from_f64(x.as_f64().expect("a number"))).collect()
}

/// Numbers that nothing may be left of.
fn unset<T: Element>(len: usize) -> Vec<T> {
    vec![T::from_f64(f64::NAN); len]
}

/// The distance from one to the next number of `T`.
fn epsilon<T: Element>() -> f64 {
    if size_of::<T>() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON }
}

/// Compares with the case's numbers of that name. `roundings`: how many of numbers of that size the result may have suffered.
#[track_caller]
fn assert_golden<T: Element>(case: &Value, name: &str, found: &[T], roundings: f64) {
    let expected = numbers::<f64>(case, name);
    assert_eq!(found.len(), expected.len(), "{name} of {case}");
    let largest = expected.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let error = (found.to_f64() - expected).abs();
        let found = found.to_f64();
        assert!(
            error <= roundings * epsilon::<T>() * largest,
            "{name}[{i}] is {found}, PyTorch has {expected}, in {case}"
        );
    }
}

/// Products of multiples of 1/8 and sums of less than 2¹⁷ of them are exact in `f32`.
const EXACT: f64 = 0.0;

fn check_convolutions<T: Element>() {
    let golden = golden();
    for case in cases(&golden, "conv") {
        let [batch, channels, height, width] = sizes(case, "shape");
        let [top, bottom, left, right] = sizes(case, "padding");
        let (kernel, stride, dilation) =
            (sizes(case, "kernel"), sizes(case, "stride"), sizes(case, "dilation"));
        let out = [
            output_size(height, kernel[0], stride[0], top + bottom, dilation[0]),
            output_size(width, kernel[1], stride[1], left + right, dilation[1]),
        ];
        let filters = case["filters"].as_u64().expect("a size") as usize;
        assert_eq!(sizes(case, "output_shape"), [batch, filters, out[0], out[1]]);
        let shape = Conv2dShape {
            channels,
            height,
            width,
            filters,
            kernel,
            stride,
            padding: [top, left],
            dilation,
            groups: case["groups"].as_u64().expect("a size") as usize,
            out,
        };
        let [x, weight, bias, grad] = ["x", "weight", "bias", "grad"].map(|name| numbers::<T>(case, name));
        let mut scratch = unset(shape.scratch_len());
        let mut y = unset(grad.len());
        let tail = Tail { bias: Some(&bias), ..Tail::default() };
        T::conv2d(&shape, batch, &x, &weight, tail, &mut scratch, &mut y);
        assert_golden(case, "output", &y, EXACT);
        let (mut grad_x, mut grad_weight, mut grad_bias) =
            (unset(x.len()), unset(weight.len()), unset(filters));
        T::conv2d_grad_input(&shape, batch, &grad, &weight, &mut scratch, &mut grad_x);
        T::conv2d_grad_weight(&shape, batch, &x, &grad, &mut scratch, &mut grad_weight);
        T::conv2d_grad_bias(&shape, batch, &grad, &mut grad_bias);
        assert_golden(case, "grad_x", &grad_x, EXACT);
        assert_golden(case, "grad_weight", &grad_weight, EXACT);
        assert_golden(case, "grad_bias", &grad_bias, EXACT);
    }
}

fn check_pools<T: Element>() {
    let golden = golden();
    for case in cases(&golden, "pool") {
        let [batch, channels, height, width] = sizes(case, "shape");
        let (kernel, stride, padding) =
            (sizes(case, "kernel"), sizes(case, "stride"), sizes(case, "padding"));
        let out = [
            output_size(height, kernel[0], stride[0], 2 * padding[0], 1),
            output_size(width, kernel[1], stride[1], 2 * padding[1], 1),
        ];
        assert_eq!(sizes(case, "output_shape"), [batch, channels, out[0], out[1]]);
        let shape = Pool2dShape { images: batch * channels, height, width, kernel, stride, padding, out };
        let (x, grad) = (numbers::<T>(case, "x"), numbers::<T>(case, "grad"));
        let (mut y, mut grad_x) = (unset(grad.len()), unset(x.len()));
        if case["kind"] == "max" {
            T::max_pool(&shape, &x, &mut y);
            T::max_pool_gradient(&shape, &x, &grad, &mut grad_x);
            assert_golden(case, "output", &y, EXACT);
            assert_golden(case, "grad_x", &grad_x, EXACT);
        } else {
            let count = if case["count_padding"] == true { Count::Window } else { Count::Inputs };
            T::average_pool(&shape, count, &x, &mut y);
            T::average_pool_gradient(&shape, count, &grad, &mut grad_x);
            // A quotient; up to four windows over an input, whose quotients and sums are rounded.
            assert_golden(case, "output", &y, 1.0);
            assert_golden(case, "grad_x", &grad_x, 8.0);
        }
    }
}

fn check_global_averages<T: Element>() {
    let golden = golden();
    for case in cases(&golden, "global") {
        let [_, _, height, width] = sizes(case, "shape");
        let (x, grad) = (numbers::<T>(case, "x"), numbers::<T>(case, "grad"));
        let (mut y, mut grad_x) = (unset(grad.len()), unset(x.len()));
        channel_means(height * width, &x, &mut y);
        channel_means_gradient(height * width, &grad, &mut grad_x);
        assert_golden(case, "output", &y, 1.0);
        assert_golden(case, "grad_x", &grad_x, 1.0);
    }
    for case in cases(&golden, "sequences") {
        let [steps, width] = ["steps", "width"].map(|name| case[name].as_u64().expect("a size") as usize);
        let lengths: Vec<u32> = numbers::<f64>(case, "lengths").iter().map(|&length| length as u32).collect();
        let (x, grad) = (numbers::<T>(case, "x"), numbers::<T>(case, "grad"));
        let (mut y, mut grad_x) = (unset(grad.len()), unset(x.len()));
        sequence_means([steps, width], &lengths, &x, &mut y);
        sequence_means_gradient([steps, width], &lengths, &grad, &mut grad_x);
        assert_golden(case, "output", &y, 1.0);
        assert_golden(case, "grad_x", &grad_x, 1.0);
    }
}

#[test]
fn convolutions_and_their_gradients() {
    check_convolutions::<f64>();
    check_convolutions::<f32>();
}

#[test]
fn pools_and_their_gradients() {
    check_pools::<f64>();
    check_pools::<f32>();
}

#[test]
fn global_averages_and_their_gradients() {
    check_global_averages::<f64>();
    check_global_averages::<f32>();
}
