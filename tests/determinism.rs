//! Same seed, same bits: for any number of threads, and when a run is stopped after any epoch and resumed.

use rayon::ThreadPoolBuilder;
use typenet::data::digits;
use typenet::layers::Model;
use typenet::prelude::*;

model! { Net < Dense(64 => 96, gelu), Dropout(0.2), Dense(96 => 10, softmax) > }

const EPOCHS: usize = 4;

fn trainer() -> Trainer<Net, Adam, CategoricalCrossEntropy, (Accuracy,)> {
    Net::new(3).compile(Adam::default(), CategoricalCrossEntropy, (Accuracy::new(),))
}

fn bits(model: &Net) -> Vec<u32> {
    model.block().iter().map(|weight| weight.to_bits()).collect()
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let digits = digits::load();
    let run = |threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
        pool.install(|| {
            let mut trainer = trainer();
            // 300 samples a batch: enough for the kernels to share it, and a short last batch.
            let fit = trainer.fit(&digits.train.inputs, &digits.train.labels).epochs(2).batch_size(300);
            let history = fit.validation(&digits.test.inputs, &digits.test.labels).progress(false).run();
            let epochs = history.expect("a run").epochs;
            let scores = epochs.into_iter().map(|epoch| (epoch.training, epoch.validation));
            (bits(&trainer), scores.collect::<Vec<_>>(), trainer.predict_batch(&digits.test.inputs))
        })
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert_eq!(run(threads), one, "{threads} threads");
    }
}

#[test]
fn any_number_of_threads_and_any_memory_give_the_same_predictions() {
    let model = Net::new(4);
    let digits = digits::load();
    let images: Vec<[f32; 64]> = digits.train.inputs.iter().copied().cycle().take(2001).collect();
    let predict = |threads: usize, samples: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
        let mut predictions = vec![[0.0; 10]; images.len()];
        let predictor = || Predictor::<Net>::new(samples).predict(&model, &images, &mut predictions);
        pool.install(predictor);
        predictions
    };
    let one: Vec<[f32; 10]> = images.iter().map(|image| model.predict(image)).collect();
    for threads in [1, 2, 3, 8] {
        // Less memory than threads, some for each, and enough for all samples.
        for samples in [1, 2, 11, 5000] {
            assert!(predict(threads, samples) == one, "{threads} threads, memory for {samples}");
        }
    }
}

#[test]
fn a_run_stopped_after_any_epoch_and_resumed_gives_the_same_bits() {
    let digits = digits::load();
    let folder = tempfile::tempdir().expect("a folder for checkpoints");
    let mut whole = trainer();
    let fit = whole.fit(&digits.train.inputs, &digits.train.labels).epochs(EPOCHS).batch_size(100);
    let expected = fit.progress(false).run().expect("a run");
    for stop in 1..=EPOCHS {
        let file = folder.path().join(format!("{stop}.safetensors"));
        let mut first = trainer();
        let fit = first.fit(&digits.train.inputs, &digits.train.labels).epochs(stop).batch_size(100);
        fit.progress(false).checkpoint(&file).run().expect("the run before the stop");

        let mut second = Net::zeros().compile(Adam::default(), CategoricalCrossEntropy, (Accuracy::new(),));
        let fit = second.fit(&digits.train.inputs, &digits.train.labels).epochs(EPOCHS).batch_size(100);
        let history = fit.progress(false).resume(&file).run().expect("the run after the stop");
        assert_eq!(bits(&second), bits(&whole), "stopped after {stop} epochs");
        assert_eq!(history.get("loss"), expected.get("loss"));
        assert_eq!(history.get("accuracy"), expected.get("accuracy"));
    }
}

#[test]
fn another_seed_gives_another_run() {
    let digits = digits::load();
    let runs = [0, 1].map(|seed| {
        let mut trainer = trainer();
        let fit = trainer.fit(&digits.train.inputs, &digits.train.labels).seed(seed).progress(false);
        fit.run().expect("a run");
        bits(&trainer)
    });
    assert_ne!(runs[0], runs[1]);
}

#[test]
fn one_prediction_has_the_bits_of_many() {
    let digits = digits::load();
    let model = Net::new(5);
    let many = model.predict_batch(&digits.test.inputs);
    for (image, expected) in digits.test.inputs.iter().zip(&many) {
        assert_eq!(model.predict(image).map(f32::to_bits), expected.map(f32::to_bits));
    }
}

#[test]
fn saved_and_loaded_weights_predict_the_same_bits() {
    let digits = digits::load();
    let folder = tempfile::tempdir().expect("a folder for weights");
    let file = folder.path().join("net.safetensors");
    let model = Net::new(6);
    model.save(&file).expect("a save");
    let loaded = Net::load(&file).expect("a load");
    assert_eq!(bits(&loaded), bits(&model));
    assert_eq!(loaded.predict_batch(&digits.test.inputs), model.predict_batch(&digits.test.inputs));
}
