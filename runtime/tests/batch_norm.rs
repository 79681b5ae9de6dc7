//! Batch normalisation in a model that is trained, saved and used.

use typenet::kernels::Rng;
use typenet::layers::BatchNorm;
use typenet::model::Error;
use typenet::prelude::*;
use typenet::typenum::U16;

type Norm = BatchNorm<(U16,)>;
model! { Net < Dense(3 => 16, tanh), norm: Norm(16 => 16), Dense(16 => 1) > }

/// Samples far from zero, and a function of them.
fn data(count: usize) -> (Vec<[f32; 3]>, Vec<f32>) {
    let mut rng = Rng::seed(5);
    let samples: Vec<[f32; 3]> =
        (0..count).map(|_| std::array::from_fn(|_| 0.5 * rng.normal() as f32 + 1.0)).collect();
    let labels = samples.iter().map(|[a, b, c]| a * b - c).collect();
    (samples, labels)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn trained(threads: usize) -> Box<Net> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(|| {
        let (samples, labels) = data(2000);
        let mut trainer = Net::new(1).compile(Adam::new(0.02), MeanSquaredError, ());
        let before = trainer.evaluate(&samples, &labels).expect("an evaluation").loss;
        trainer.fit(&samples, &labels).epochs(40).batch_size(1000).progress(false).run().expect("a run");
        let after = trainer.evaluate(&samples, &labels).expect("an evaluation").loss;
        assert!(after < 0.2 * before, "{before} to {after}");
        trainer.into_model()
    })
}

#[test]
fn it_is_trained_with_the_same_bits_on_any_number_of_threads() {
    let models = [1, 2, 3].map(trained);
    assert!(models.iter().all(|model| bits(model.block()) == bits(models[0].block())));
}

#[test]
fn an_answer_does_not_depend_on_other_samples() {
    let (model, (samples, _)) = (trained(1), data(50));
    for (sample, prediction) in samples.iter().zip(model.predict_batch(&samples)) {
        assert_eq!(bits(&model.predict(sample)), bits(&prediction));
    }
}

#[test]
fn running_numbers_are_saved_under_pytorchs_names() {
    let model = trained(1);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("net.safetensors");
    model.save(&path).expect("saved");
    let loaded = Net::load(&path).expect("loaded");
    assert_eq!(bits(loaded.block()), bits(model.block()));
    for name in ["norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"] {
        assert_eq!(loaded.tensor(name).expect(name).shape, [16]);
    }
}

#[test]
fn a_step_that_fails_leaves_the_running_numbers() {
    let (samples, labels) = data(4);
    let mut trainer = Net::new(1).compile(Sgd::new(0.1), MeanSquaredError, ());
    trainer.train_on_batch(&samples, &labels, &Rng::seed(1)).expect("a step");
    trainer.set_tensor("norm.weight", &[f32::MAX; 16]).expect("set");
    let before = bits(trainer.block());

    let error = trainer.train_on_batch(&samples, &labels, &Rng::seed(1)).expect_err("an infinite loss");
    assert!(matches!(error, Error::NonFiniteLoss { .. }), "{error}");
    assert_eq!(bits(trainer.block()), before);

    let error = trainer.train_on_batch(&samples, (&labels, &[0.0; 4]), &Rng::seed(1));
    assert!(matches!(error, Err(Error::NonFiniteGradient { .. })), "{error:?}");
    assert_eq!(bits(trainer.block()), before);
}
