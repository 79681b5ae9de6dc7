//! Early stopping and plateau against Keras; `golden/callbacks.py` wrote the numbers.

use serde_json::Value;
use typenet_runtime::kernels::activation::Linear;
use typenet_runtime::layers::model::{Ending, Passes, Route};
use typenet_runtime::layers::{Backward, Cpu, Forward, Layer, Model, Predict, Step};
use typenet_runtime::model::callbacks::{CallbackList, EarlyStopping, Mode, ReduceLrOnPlateau};
use typenet_runtime::model::{ModelExt, Scores};
use typenet_runtime::optimizers::Sgd;
use typenet_runtime::schema::{self, Info, LayerInfo, TensorInfo};
use typenet_runtime::typenum::U1;

/// Its only layer, of which nothing runs.
struct Weight;

impl Layer for Weight {
    type Input = (U1,);
    type Output = (U1,);
    type Head = Linear;
    type Body = Self;
    const INFO: Info = Info { tensors: &[TensorInfo::parameter("weight", &[1])], ..Info::new("One") };
}

/// One number.
struct One([f32; 1]);

// SAFETY: an array of `f32`, for which all bits zero is a value.
unsafe impl bytemuck::Zeroable for One {}

impl Layer for One {
    type Input = (U1,);
    type Output = (U1,);
    type Head = Linear;
    type Body = Self;
    const INFO: Info = Info::model("One", &[LayerInfo::of::<Weight>("one")]);
}

impl Model for One {
    type Sample = [f32; 1];
    type Prediction = [f32; 1];
    const NAME: &'static str = "One";
    const UNSHARED_BYTES: usize = 0;
    const UNSHARED_SCRATCH: usize = 0;
    const HAS_SHARED: bool = false;

    fn block(&self) -> &[f32] {
        &self.0
    }
    fn block_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
    fn predict_one<R: Route<Cpu>>(&self, _: R, _: schema::One<'_, [f32; 1]>, _: &mut [f32; 1]) {}
}

impl Passes for One {
    fn predict_with<E: Ending, R: Route<Cpu>>(_: R, _: Predict<'_, Self>) {}
    fn forward_with<E: Ending>(_: Forward<'_, Self>) {}
    fn backward_with<E: Ending>(_: Backward<'_, Self>) {}
    fn step_with<E: Ending>(_: Step<'_, Self>) {}
}

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/callbacks.json")).expect("golden numbers are JSON")
}

fn cases(name: &str) -> Vec<Value> {
    let cases = golden()[name].as_array().expect("cases").clone();
    assert_eq!(cases.len(), 60);
    cases
}

fn mode(case: &Value) -> Mode {
    match case["mode"].as_str() {
        Some("min") => Mode::Min,
        Some("max") => Mode::Max,
        _ => Mode::Auto,
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

#[test]
fn early_stopping_agrees_with_keras() {
    for case in cases("early_stopping") {
        let mut early = EarlyStopping::new("loss")
            .min_delta(number(&case["min_delta"]))
            .patience(number(&case["patience"]) as usize)
            .mode(mode(&case))
            .restore_best_weights(case["restore_best_weights"] == true)
            .start_from_epoch(number(&case["start_from_epoch"]) as usize);
        if let Some(baseline) = case["baseline"].as_f64() {
            early = early.baseline(baseline);
        }
        let mut trainer = One::zeros().compile(Sgd::new(0.5), (), ());
        let mut list = CallbackList::new().callback(&mut early);
        list.on_train_begin(&mut trainer).expect("settings that can be");
        for loss in numbers(&case["values"]) {
            list.on_epoch_begin(&mut trainer).expect("an epoch");
            trainer.set_tensor("one.weight", &[list.next_epoch() as f32]).expect("one number");
            list.on_epoch_end(&mut trainer, Scores { loss, metrics: vec![] }, None).expect("an epoch");
            if list.is_stopping() {
                break;
            }
        }
        let history = list.on_train_end(&mut trainer).expect("the end");
        assert_eq!(history.epochs.len(), number(&case["epochs"]) as usize, "{case}");
        assert_eq!(history.stopped.is_some(), case["stopped"] == true, "{case}");
        assert_eq!(f64::from(trainer.block()[0]), number(&case["weights"]), "{case}");
    }
}

#[test]
fn plateau_agrees_with_keras() {
    for case in cases("reduce_lr_on_plateau") {
        let mut plateau = ReduceLrOnPlateau::new("loss")
            .factor(number(&case["factor"]))
            .patience(number(&case["patience"]) as usize)
            .mode(mode(&case))
            .min_delta(number(&case["min_delta"]))
            .cooldown(number(&case["cooldown"]) as usize)
            .min_lr(number(&case["min_lr"]));
        let mut trainer = One::zeros().compile(Sgd::new(0.5), (), ());
        let mut list = CallbackList::new().callback(&mut plateau);
        list.on_train_begin(&mut trainer).expect("settings that can be");
        let mut rates = Vec::new();
        for loss in numbers(&case["values"]) {
            list.on_epoch_begin(&mut trainer).expect("an epoch");
            list.on_epoch_end(&mut trainer, Scores { loss, metrics: vec![] }, None).expect("an epoch");
            rates.push(typenet_runtime::optimizers::Optimizer::learning_rate(trainer.optimizer()));
        }
        assert_eq!(rates, numbers(&case["rates"]), "{case}");
    }
}
