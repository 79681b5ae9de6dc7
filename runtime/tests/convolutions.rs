//! Convolutions and pools beside PyTorch, values and all gradients; `golden/conv.py` made the numbers.

use serde_json::Value;
use typenet_runtime::kernels::global_average::{
    channel_means, channel_means_gradient, sequence_means, sequence_means_gradient,
};
use typenet_runtime::kernels::pool2d::Count;
use typenet_runtime::kernels::window::output_size;
use typenet_runtime::kernels::{Conv2dShape, Element, Pool2dShape, Rng, Tail};
use typenet_runtime::layers::window::Window;
use typenet_runtime::layers::{
    AvgPool2d, Backward, Conv2d, Cpu, Forward, GlobalAvgPool, MaxPool2d, Port, Predict, Run, Steps,
    Value as Batch,
};
use typenet_runtime::schema::Const;

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

/// The batch of a port with one part.
fn values<'a, T: Element, P: Port>(numbers: &'a [T], lengths: &'a [u32]) -> P::Values<'a, Cpu<T>> {
    P::values(&mut || Batch { numbers, indices: &[][..], lengths })
}

/// Where its results go.
fn results<T: Element, P: Port>(numbers: &mut [T]) -> P::Mut<'_, Cpu<T>> {
    let mut numbers = Some(numbers);
    P::results::<Cpu<T>>(&mut || numbers.take().expect("one part"))
}

/// Where its gradient goes.
fn gradient<T: Element, P: Port>(numbers: &mut [T]) -> P::Gradient<'_, Cpu<T>> {
    let mut numbers = Some(numbers);
    P::gradients::<Cpu<T>>(&mut || numbers.take())
}

/// A layer over a case, in training and in inference, both ways.
#[track_caller]
fn check_layer<T: Element, L: Run<Cpu<T>>>(case: &Value, roundings: f64) {
    let [x, grad] = ["x", "grad"].map(|name| numbers::<T>(case, name));
    let batch = grad.len() / L::Output::LEN;
    let lengths: Vec<u32> = match case.get("lengths") {
        Some(_) => numbers::<f64>(case, "lengths").iter().map(|&length| length as u32).collect(),
        None => Vec::new(),
    };
    // Weight and bias, where the case has them.
    let of_parameters = |prefix: &str| -> Vec<f64> {
        let names = ["weight", "bias"].map(|name| format!("{prefix}{name}"));
        names
            .iter()
            .filter(|name| case.get(name).is_some())
            .flat_map(|name| numbers::<f64>(case, name))
            .collect()
    };
    let parameters: Vec<T> = of_parameters("").into_iter().map(T::from_f64).collect();
    assert_eq!(parameters.len(), L::INFO.parameter_count());
    let mut kept = unset(L::MEMORY.kept.of(batch, 1));
    let (mut inferred, mut output) = (unset(grad.len()), unset(grad.len()));
    L::predict(Predict {
        batch,
        parameters: &parameters,
        buffers: &[],
        input: values::<T, L::Input>(&x, &lengths),
        output: results::<T, L::Output>(&mut inferred),
        scratch: &mut unset(L::MEMORY.predict.of(batch, 1)),
    });
    assert_golden(case, "output", &inferred, roundings);
    L::forward(Forward {
        batch,
        parameters: &parameters,
        buffers: &mut [],
        input: values::<T, L::Input>(&x, &lengths),
        output: results::<T, L::Output>(&mut output),
        kept: &mut kept,
        scratch: &mut unset(L::MEMORY.forward.of(batch, 1)),
        rng: Rng::seed(0),
    });
    assert_golden(case, "output", &output, roundings);
    let (mut grad_x, mut grad_parameters) = (unset(x.len()), unset(parameters.len()));
    let mut grad_output = grad.clone();
    L::backward(Backward {
        batch,
        parameters: &parameters,
        input: values::<T, L::Input>(&x, &lengths),
        output: values::<T, L::Output>(&output, &[]),
        kept: &kept,
        grad_output: results::<T, L::Output>(&mut grad_output),
        grad_input: gradient::<T, L::Input>(&mut grad_x),
        grad_parameters: &mut grad_parameters,
        scratch: &mut unset(L::MEMORY.backward.of(batch, 1)),
    });
    assert_golden(case, "grad_x", &grad_x, roundings);
    let expected = of_parameters("grad_");
    assert_eq!(
        grad_parameters.iter().map(|x| x.to_f64()).collect::<Vec<_>>(),
        expected,
        "parameters of {case}"
    );
}

/// `[C, H, W] -> [F, P, Q]` as types; what a layer is made of them; and the case that it must be.
macro_rules! layers {
    ($cases:expr, $roundings:expr, $($layer:ident [$c:literal, $h:literal, $w:literal] -> [$f:literal, $p:literal, $q:literal], $window:ty $(, $option:literal)?;)+) => {{
        let mut cases = $cases.iter();
        $({
            let case = cases.next().expect("a case for each layer");
            let sizes = |name| -> [usize; 3] { let [_, rest @ ..] = sizes::<4>(case, name); rest };
            assert_eq!((sizes("shape"), sizes("output_shape")), ([$c, $h, $w], [$f, $p, $q]), "{case}");
            type Layer = $layer<(Const<$c>, Const<$h>, Const<$w>), (Const<$f>, Const<$p>, Const<$q>), $window $(, $option)?>;
            check_layer::<f64, Layer>(case, $roundings);
            check_layer::<f32, Layer>(case, $roundings);
        })+
        assert!(cases.next().is_none(), "a layer for each case");
    }};
}

#[test]
fn layers_of_convolutions() {
    let golden = golden();
    layers! {
        cases(&golden, "conv"), EXACT,
        Conv2d [1, 5, 6] -> [2, 3, 4], Window<3, 3, 1, 1, 0, 0, 1, 1, 1>;
        Conv2d [2, 5, 4] -> [3, 5, 4], Window<3, 3, 1, 1, 1, 1, 1, 1, 1>;
        Conv2d [3, 7, 6] -> [2, 4, 2], Window<3, 2, 2, 3, 1, 0, 1, 1, 1>;
        Conv2d [2, 5, 5] -> [2, 5, 5], Window<2, 4, 1, 1, 0, 1, 1, 1, 1>;
        Conv2d [2, 9, 8] -> [2, 9, 4], Window<3, 3, 1, 1, 2, 1, 2, 3, 1>;
        Conv2d [4, 5, 5] -> [6, 3, 5], Window<3, 3, 2, 1, 1, 1, 1, 1, 2>;
        Conv2d [3, 4, 5] -> [3, 4, 5], Window<3, 3, 1, 1, 1, 1, 1, 1, 3>;
        Conv2d [3, 4, 3] -> [5, 4, 3], Window<1, 1, 1, 1, 0, 0, 1, 1, 1>;
        Conv2d [3, 5, 5] -> [2, 3, 3], Window<1, 1, 2, 2, 0, 0, 1, 1, 1>;
        Conv2d [2, 3, 3] -> [4, 1, 1], Window<3, 3, 1, 1, 0, 0, 1, 1, 1>;
        Conv2d [1, 2, 3] -> [2, 3, 3], Window<4, 5, 1, 1, 2, 1, 1, 1, 1>;
        Conv2d [2, 3, 3] -> [2, 3, 3], Window<2, 2, 3, 3, 3, 4, 1, 2, 1>;
    }
}

#[test]
fn layers_of_pools() {
    let golden = golden();
    let (largest, means) = cases(&golden, "pool").split_at(5);
    layers! {
        largest, EXACT,
        MaxPool2d [2, 4, 6] -> [2, 2, 3], Window<2, 2, 2, 2, 0, 0>;
        MaxPool2d [2, 7, 7] -> [2, 4, 4], Window<3, 3, 2, 2, 1, 1>;
        MaxPool2d [1, 5, 6] -> [1, 5, 2], Window<3, 2, 1, 3, 1, 0>;
        MaxPool2d [1, 4, 4] -> [1, 5, 4], Window<2, 3, 1, 1, 1, 1>;
        MaxPool2d [2, 6, 6] -> [2, 3, 6], Window<3, 3, 2, 1, 1, 1>;
    }
    // As the kernels.
    layers! {
        means, 8.0,
        AvgPool2d [2, 4, 6] -> [2, 2, 3], Window<2, 2, 2, 2, 0, 0>, true;
        AvgPool2d [2, 7, 7] -> [2, 4, 4], Window<3, 3, 2, 2, 1, 1>, true;
        AvgPool2d [1, 5, 6] -> [1, 5, 3], Window<3, 2, 1, 3, 1, 1>, true;
        AvgPool2d [2, 4, 6] -> [2, 2, 3], Window<2, 2, 2, 2, 0, 0>, false;
        AvgPool2d [2, 7, 7] -> [2, 4, 4], Window<3, 3, 2, 2, 1, 1>, false;
        AvgPool2d [1, 5, 6] -> [1, 5, 3], Window<3, 2, 1, 3, 1, 1>, false;
    }
}

#[test]
fn layers_of_global_averages() {
    let golden = golden();
    let [first, second, third] = cases(&golden, "global") else { panic!("three images") };
    check_layer::<f32, GlobalAvgPool<(Const<3>, Const<4>, Const<5>)>>(first, 1.0);
    check_layer::<f64, GlobalAvgPool<(Const<3>, Const<4>, Const<5>)>>(first, 1.0);
    check_layer::<f32, GlobalAvgPool<(Const<2>, Const<1>, Const<1>)>>(second, 1.0);
    check_layer::<f32, GlobalAvgPool<(Const<1>, Const<7>, Const<3>)>>(third, 1.0);
    let [first, second] = cases(&golden, "sequences") else { panic!("two batches of sequences") };
    check_layer::<f32, GlobalAvgPool<Steps<Const<5>, (Const<4>,)>>>(first, 1.0);
    check_layer::<f64, GlobalAvgPool<Steps<Const<5>, (Const<4>,)>>>(first, 1.0);
    check_layer::<f32, GlobalAvgPool<Steps<Const<4>, (Const<1>,)>>>(second, 1.0);
}
