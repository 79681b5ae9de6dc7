//! Arrays of the model's size never cross the stack: everything here runs on threads whose stack is far smaller than what is
//! computed. A violation overflows the stack, which aborts the test.

use std::thread;

use typenet::kernels::Rng;
use typenet::prelude::*;

/// What a thread of the standard library has where nothing else is said.
const USUAL: usize = 2 << 20;
/// What the runtime needs at most, whatever the size of the model: packed panels of a product, scratch of an inference.
const LITTLE: usize = 256 << 10;

model! { Wide < Dense(8 => 600_000, relu), Dense(600_000 => 1) > }
model! { Outputs < Dense(8 => 200_000, tanh) > }
model! { Classes < Dense(2 => 100_000, softmax) > }
model! { Square < Dense(700 => 700, relu), Dense(700 => 700, relu), Dense(700 => 700) > }

fn on_stack_of(bytes: usize, work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(bytes).spawn(work).expect("a thread");
    thread.join().expect("no panic");
}

#[test]
fn one_sample_of_a_wide_model_is_predicted_on_a_small_stack() {
    on_stack_of(LITTLE, || {
        let mut model = Wide::zeros();
        model.dense_1_mut().weight()[3].fill(0.5);
        model.set_tensor("dense_2.weight", &vec![1.0; 600_000]).expect("a tensor");
        let sample = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(model.predict(&sample), [300_000.0]);
        assert_eq!(model.predict_batch(&[sample]), [[300_000.0]]);
        let (mut prediction, mut scratch) = ([0.0], vec![f32::NAN; Wide::PREDICT_SCRATCH]);
        model.predict_with_scratch(&sample, &mut prediction, &mut scratch);
        assert_eq!(prediction, [300_000.0]);
    });
}

#[test]
fn many_predictions_with_many_outputs_do_not_cross_the_stack() {
    on_stack_of(LITTLE, || {
        let mut model = Outputs::new(1);
        let samples = [[0.5; 8]; 3];
        let predictions = model.predict_batch(&samples);
        let one = model.predict_batch(&samples[..1]);
        assert!(predictions.iter().all(|prediction| *prediction == one[0]));
        let mut predictor = Predictor::<Outputs>::new(1);
        let mut prediction = model.predict_batch(&samples[..1]);
        prediction[0].fill(f32::NAN);
        predictor.predict(&model, &samples[..1], &mut prediction);
        assert_eq!(prediction, one);
        let values = vec![0.25; 200_000];
        model.set_tensor("dense_1.bias", &values).expect("a tensor");
        assert_eq!(model.to_boxed(), model);
        assert!(format!("{model:?} {:?}", model.dense_1()).len() < 1000);
    });
}

/// A prediction is an array by value: without optimisation it lies on the stack twice, where it is made and where it is asked
/// for.
#[test]
fn one_prediction_with_many_outputs_lies_twice_on_the_stack() {
    on_stack_of(LITTLE + 2 * 4 * 200_000, || {
        let model = Outputs::new(1);
        assert_eq!(model.predict(&[0.5; 8]).len(), 200_000);
    });
}

/// Training, with labels as large as the outputs: one-hot vectors of a hundred thousand classes, weighed by class.
#[test]
fn training_with_large_labels_does_not_cross_the_stack() {
    on_stack_of(LITTLE, || {
        let samples = [[0.5, 0.25], [1.0, -1.0]];
        let mut labels = Classes::zeros().predict_batch(&samples);
        for (class, label) in labels.iter_mut().enumerate() {
            label.fill(0.0);
            label[class] = 1.0;
        }
        let mut trainer =
            Classes::new(1).compile(Adam::new(0.1), CategoricalCrossEntropy, (Accuracy::new(),));
        let fit = trainer.fit(&samples, &labels).epochs(2).class_weights(&labels[0][..]).progress(false);
        fit.validation(&samples, &labels).run().expect("a run");
        trainer.train_on_batch(&samples, &labels, &Rng::seed(1)).expect("a step");
        assert!(trainer.evaluate(&samples, &labels).expect("scores").loss.is_finite());
        let gradient = &mut trainer.predict_batch(&samples);
        let probabilities = trainer.predict_batch(&samples);
        typenet::losses::from_probabilities::categorical_cross_entropy(
            &labels,
            &probabilities,
            Some(gradient),
        );
    });
}

#[test]
fn folds_of_large_samples_do_not_cross_the_stack() {
    on_stack_of(LITTLE, || {
        let inputs = bytemuck::zeroed_vec::<[f32; 100_000]>(4);
        let samples = typenet::data::Samples { inputs, labels: vec![0, 1, 0, 1] };
        let folds = samples.folds(2).expect("two folds");
        assert!(folds.map(|split| (split.train.len(), split.test.len())).eq([(2, 2), (2, 2)]));
    });
}

#[test]
fn a_models_whole_life_fits_a_usual_stack() {
    on_stack_of(USUAL, || {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, run) = (folder.path().join("square.safetensors"), folder.path().join("run.safetensors"));
        let samples = vec![[0.5; 700]; 64];
        let mut early = EarlyStopping::new("loss").restore_best_weights(true);
        let optimizer = Adam::new(1e-3).average(0.9);
        let mut trainer = Square::new(1).to_boxed().compile(optimizer, MeanSquaredError, ());
        let fit = trainer.fit(&samples, &samples).epochs(2).callback(&mut early).checkpoint(&run);
        fit.progress(false).run().expect("a run");
        trainer.with_averaged(|trainer| trainer.save(&path)).expect("an average").expect("a save");
        let mut loaded = Square::load(&path).expect("a file");
        loaded.copy_layer_from("dense_1", trainer.model(), "dense_1").expect("the same layer");
        assert!(Square::summary().to_string().contains("1,472,100"));
    });
}
