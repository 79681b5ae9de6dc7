//! Training computes with no subnormal numbers where something decays: small probabilities, activations of units that are off,
//! moments and weights without a gradient. The processor's own modes stay as the caller has them.

use typenet::kernels::Rng;
use typenet::layers::Model;
use typenet::prelude::*;

model! { Classifier < Dense(16 => 32, relu), Dense(32 => 10, softmax) > }
model! { Binary < Dense(16 => 32, relu), Dense(32 => 3, sigmoid) > }
model! { Off < silu: Dense(16 => 32, silu), gelu: Dense(32 => 32, gelu), gelu_tanh: Dense(32 => 32, gelu_tanh), sigmoid: Dense(32 => 32, sigmoid), softplus: Dense(32 => 32, softplus), softmax: Dense(32 => 10, softmax) > }
model! { Squares < Dense(16 => 32, tanh), Dense(32 => 3, softmax) > }

const BATCH: usize = 32;

fn samples() -> Vec<[f32; 16]> {
    let mut rng = Rng::seed(5);
    (0..BATCH).map(|_| std::array::from_fn(|_| rng.uniform() as f32)).collect()
}

fn no_subnormal(what: &str, numbers: &[f32]) {
    let found = numbers.iter().filter(|x| x.is_subnormal()).count();
    assert_eq!(found, 0, "{what}: {found} of {} numbers are subnormal", numbers.len());
}

/// Gaps between logits: probabilities from the smallest that are kept to the largest that are not numbers of `f32` any more.
fn gaps() -> impl Iterator<Item = f32> {
    (60..=110).map(|gap| gap as f32)
}

#[test]
fn a_gap_between_logits_leaves_no_subnormal_gradient() {
    let samples = samples();
    for gap in gaps() {
        let mut model = Classifier::new(1);
        model.dense_2_mut().bias().expect("a bias")[1..].fill(-gap);
        let mut gradients = Classifier::zeros();
        let mut trainer = model.compile(Adam::default(), CategoricalCrossEntropy, ());
        trainer.gradients(&samples, &[0_u8; BATCH], &Rng::seed(1), &mut gradients).expect("gradients");
        no_subnormal(&format!("classes, gap {gap}"), gradients.block());
        let probabilities = trainer.predict(&samples[0]);
        no_subnormal(&format!("probabilities, gap {gap}"), &probabilities);

        // Probabilities as a loss by predictions sees them.
        let targets = [[1.0_f32, 0.0, 0.0]; BATCH];
        let mut model = Squares::new(1);
        model.dense_2_mut().bias().expect("a bias").copy_from_slice(&[0.0, -gap, -0.5 * gap]);
        let mut gradients = Squares::zeros();
        let mut trainer = model.compile(Adam::default(), MeanSquaredError, ());
        trainer.gradients(&samples, &targets, &Rng::seed(1), &mut gradients).expect("gradients");
        no_subnormal(&format!("squares, gap {gap}"), gradients.block());

        let mut model = Binary::new(1);
        model.dense_2_mut().bias().expect("a bias").copy_from_slice(&[gap, -gap, -0.5 * gap]);
        let mut gradients = Binary::zeros();
        let mut trainer = model.compile(Adam::default(), BinaryCrossEntropy, ());
        let labels = [[1.0_f32, 0.0, 0.0]; BATCH];
        trainer.gradients(&samples, &labels, &Rng::seed(1), &mut gradients).expect("gradients");
        no_subnormal(&format!("sigmoids, gap {gap}"), gradients.block());
    }
}

#[test]
fn units_that_are_off_give_no_subnormal_values_or_gradients() {
    let samples = samples();
    for gap in gaps() {
        let mut model = Off::new(1);
        model.silu_mut().bias().expect("a bias")[..16].fill(-gap);
        model.gelu_mut().bias().expect("a bias")[..16].fill(-gap.sqrt() * 1.4);
        model.gelu_tanh_mut().bias().expect("a bias")[..16].fill(-gap.cbrt() * 2.4);
        model.sigmoid_mut().bias().expect("a bias")[..16].fill(-gap);
        model.softplus_mut().bias().expect("a bias")[..16].fill(-gap);
        let mut gradients = Off::zeros();
        let mut trainer = model.compile(Adam::default(), CategoricalCrossEntropy, ());
        trainer.gradients(&samples, &[0_u8; BATCH], &Rng::seed(1), &mut gradients).expect("gradients");
        no_subnormal(&format!("gap {gap}"), gradients.block());
    }
}

#[test]
fn training_far_beyond_the_last_gradient_holds_no_subnormal_number() {
    // Half of the inputs are zero after the first steps, and a class is never seen.
    let samples = samples();
    let later: Vec<[f32; 16]> =
        samples.iter().map(|x| std::array::from_fn(|i| if i < 8 { x[i] } else { 0.0 })).collect();
    let labels: Vec<u8> = (0..BATCH).map(|i| (i % 4) as u8).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.safetensors");
    let mut trainer = Classifier::new(1).compile(Adam::new(0.003).average(0.9), CategoricalCrossEntropy, ());
    trainer.fit(&samples, &labels).epochs(2).batch_size(4).progress(false).run().expect("a run");
    trainer
        .fit(&later, &labels)
        .epochs(150)
        .batch_size(4)
        .progress(false)
        .checkpoint(&path)
        .run()
        .expect("a run");
    no_subnormal("weights", trainer.block());
    let bytes = std::fs::read(&path).expect("a checkpoint");
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let tensors: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).expect("a header");
    let mut found = 0;
    for (name, tensor) in tensors.as_object().expect("tensors") {
        if tensor["dtype"] != "F32" {
            continue;
        }
        let [from, to] = [0, 1].map(|i| tensor["data_offsets"][i].as_u64().expect("an offset") as usize);
        let numbers = bytes[8 + header..][from..to].chunks_exact(4);
        let numbers: Vec<f32> =
            numbers.map(|b| f32::from_le_bytes(b.try_into().expect("four bytes"))).collect();
        no_subnormal(name, &numbers);
        found += numbers.len();
    }
    assert!(found >= 4 * trainer.block().len(), "weights, two moments and an average");
}
