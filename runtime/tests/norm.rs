//! Normalisation and embedding in f64 against PyTorch; `golden/norm.py` wrote the numbers.

use serde_json::Value;
use typenet_runtime::kernels::embedding::{Positions, gather, scatter_add};
use typenet_runtime::kernels::{BatchNorm, LayerNorm, batch_norm, layer_norm};

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/norm.json")).expect("golden numbers are JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

/// Sums of at most 12 terms and 16 roundings more, of numbers below 16.
#[track_caller]
fn assert_near(what: &str, found: &[f64], expected: &Value) {
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= 28.0 * 16.0 * f64::EPSILON,
            "{what}: {found:e}, PyTorch has {expected:e}"
        );
    }
}

#[test]
fn batch_norm_trains_and_predicts() {
    let golden = golden();
    let epsilon = number(&golden["epsilon"]);
    for case in golden["batch_norm"].as_array().expect("a list") {
        let of = |name: &str| numbers(&case[name]);
        let (x, scale, shift, grad_y) = (of("x"), of("scale"), of("shift"), of("grad_y"));
        let channels = scale.len();
        // Six values of each channel or twelve: six samples without places, or two with six.
        let spatial = if x.len() == 6 * channels { 1 } else { 6 };
        let nan = |len: usize| vec![f64::NAN; len];
        let (mut y, mut mean, mut inverse_deviation) = (nan(x.len()), nan(channels), nan(channels));
        let mut running_mean = numbers(&case["start"]["running_mean"]);
        let mut running_variance = numbers(&case["start"]["running_variance"]);
        f64::batch_norm_forward(batch_norm::Forward {
            spatial,
            epsilon,
            momentum: number(&golden["momentum"]),
            x: &x,
            scale: &scale,
            shift: &shift,
            mean: &mut mean,
            inverse_deviation: &mut inverse_deviation,
            running_mean: &mut running_mean,
            running_variance: &mut running_variance,
            y: &mut y,
        });
        assert_near("y", &y, &case["y"]);
        assert_near("running mean", &running_mean, &case["moved"]["running_mean"]);
        assert_near("running variance", &running_variance, &case["moved"]["running_variance"]);

        f64::batch_norm_predict(batch_norm::Predict {
            spatial,
            epsilon,
            x: &x,
            scale: &scale,
            shift: &shift,
            running_mean: &running_mean,
            running_variance: &running_variance,
            y: &mut y,
        });
        assert_near("predicted", &y, &case["predicted"]);

        let (mut grad_scale, mut grad_shift, mut grad_x) = (nan(channels), nan(channels), nan(x.len()));
        f64::batch_norm_backward(batch_norm::Backward {
            spatial,
            x: &x,
            mean: &mean,
            inverse_deviation: &inverse_deviation,
            scale: &scale,
            grad_y: &grad_y,
            grad_scale: &mut grad_scale,
            grad_shift: &mut grad_shift,
            grad_x: Some(&mut grad_x),
        });
        assert_near("gradient by scale", &grad_scale, &case["grad_scale"]);
        assert_near("gradient by shift", &grad_shift, &case["grad_shift"]);
        assert_near("gradient by input", &grad_x, &case["grad_x"]);
    }
}

#[test]
fn layer_norm_and_its_gradients() {
    let golden = golden();
    let case = &golden["layer_norm"];
    let of = |name: &str| numbers(&case[name]);
    let (x, scale, shift, grad_y) = (of("x"), of("scale"), of("shift"), of("grad_y"));
    let (width, rows) = (scale.len(), x.len() / scale.len());
    let nan = |len: usize| vec![f64::NAN; len];
    let (mut y, mut mean, mut inverse_deviation) = (nan(x.len()), nan(rows), nan(rows));
    f64::layer_norm_forward(layer_norm::Forward {
        epsilon: number(&golden["epsilon"]),
        x: &x,
        scale: &scale,
        shift: &shift,
        mean: &mut mean,
        inverse_deviation: &mut inverse_deviation,
        y: &mut y,
    });
    assert_near("y", &y, &case["y"]);
    let (mut grad_scale, mut grad_shift, mut grad_x) = (nan(width), nan(width), nan(x.len()));
    f64::layer_norm_backward(layer_norm::Backward {
        x: &x,
        mean: &mean,
        inverse_deviation: &inverse_deviation,
        scale: &scale,
        grad_y: &grad_y,
        grad_scale: &mut grad_scale,
        grad_shift: &mut grad_shift,
        grad_x: Some(&mut grad_x),
    });
    assert_near("gradient by scale", &grad_scale, &case["grad_scale"]);
    assert_near("gradient by shift", &grad_shift, &case["grad_shift"]);
    assert_near("gradient by input", &grad_x, &case["grad_x"]);
}

#[test]
fn embedding_with_repeated_and_missing_rows() {
    let golden = golden();
    let case = &golden["embedding"];
    let (table, grad_y) = (numbers(&case["table"]), numbers(&case["grad_y"]));
    let indices: Vec<u32> = numbers(&case["indices"]).into_iter().map(|index| index as u32).collect();
    let width = number(&case["width"]) as usize;
    let (mut y, mut grad_table) = (vec![f64::NAN; grad_y.len()], vec![f64::NAN; table.len()]);
    gather(&table, width, Positions::all(&indices), &mut y);
    assert_near("y", &y, &case["y"]);
    scatter_add(&grad_y, width, Positions::all(&indices), &mut grad_table);
    assert_near("gradient by table", &grad_table, &case["grad_table"]);
}
