//! Code that is generic over models, and models whose type is chosen at run time.

use std::any::Any;
use std::fmt::Debug;

use typenet::layers::{LengthError, buffer_count, output_len, parameter_count};
use typenet::losses::Loss;
use typenet::metrics::Metrics;
use typenet::prelude::*;

model! { Small < Dense(4 => 3, softmax) > }
model! { Large < Dense(4 => 16, relu), Dropout(0.1), Dense(16 => 3, softmax) > }
model! { Picture < Input(2, 3), Flatten, hidden: Dense(6 => 4, gelu), small: Small(4 => 3) > }

/// What generic code reads of a model.
fn constants<M: Model>() -> (&'static str, [usize; 4], u64, usize) {
    let counts = [M::PARAMETER_COUNT, M::BUFFER_COUNT, M::BLOCK_LEN, M::ACTIVATION_BYTES];
    (M::NAME, counts, M::FLOPS, M::LAYERS.len())
}

#[test]
fn constants_mean_the_same_on_the_struct_and_in_generic_code() {
    macro_rules! check {
        ($($model:ident)+) => {$(
            let counts =
                [$model::PARAMETER_COUNT, $model::BUFFER_COUNT, $model::BLOCK_LEN, $model::ACTIVATION_BYTES];
            let of_struct = ($model::NAME, counts, $model::FLOPS, $model::LAYERS.len());
            assert_eq!(of_struct, constants::<$model>());
            assert_eq!(counts[0], parameter_count::<$model>());
            assert_eq!(counts[1], buffer_count::<$model>());
            assert_eq!(counts[2], $model::zeros().block().len());
            assert_eq!(counts[3], 4 * ($model::MEMORY.kept.per_sample + output_len::<$model>()));
            // A model's tensors are its layers'.
            assert!($model::INFO.tensors.is_empty());
        )+};
    }
    check!(Small Large Picture);
    assert_eq!(constants::<Small>().1[0], 15);
}

/// Trains any classifier of four numbers, and answers one sample.
fn train<M>(seed: u64, samples: &[[f32; 4]], labels: &[u8]) -> (Box<M>, [f32; 3])
where
    M: Model<Sample = [f32; 4], Prediction = [f32; 3]>,
    CategoricalCrossEntropy: Loss<M::Head, [f32; 3], u8>,
    (Accuracy,): Metrics<M::Head, [f32; 3], u8>,
{
    let mut trainer = M::new(seed).compile(Adam::new(0.05), CategoricalCrossEntropy, (Accuracy::new(),));
    trainer.fit(samples, labels).epochs(30).batch_size(3).progress(false).run().unwrap();
    let prediction = trainer.predict(&samples[0]);
    (trainer.into_model(), prediction)
}

const SAMPLES: [[f32; 4]; 6] = [
    [1.0, 0.0, 0.1, 0.0],
    [0.9, 0.1, 0.0, 0.2],
    [0.0, 1.0, 0.0, 0.1],
    [0.2, 0.8, 0.1, 0.0],
    [0.0, 0.1, 1.0, 0.0],
    [0.1, 0.0, 0.9, 0.2],
];
const LABELS: [u8; 6] = [0, 0, 1, 1, 2, 2];

#[test]
fn generic_code_trains_predicts_saves_and_loads() {
    fn check<M>()
    where
        M: Model<Sample = [f32; 4], Prediction = [f32; 3]> + Debug,
        CategoricalCrossEntropy: Loss<M::Head, [f32; 3], u8>,
        (Accuracy,): Metrics<M::Head, [f32; 3], u8>,
    {
        let (model, prediction) = train::<M>(7, &SAMPLES, &LABELS);
        for (sample, &label) in SAMPLES.iter().zip(&LABELS) {
            let answer = model.predict(sample);
            assert!(answer[usize::from(label)] > 0.5, "{}: {answer:?}", M::NAME);
        }
        assert_eq!(model.predict_batch(&SAMPLES)[0], prediction);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        model.save(&path).unwrap();
        assert_eq!(M::load(&path).unwrap().block(), model.block());
        assert_eq!(M::summary().parameters, M::PARAMETER_COUNT);
    }
    check::<Small>();
    check::<Large>();
}

#[test]
fn one_of_several_models_is_chosen_at_run_time() {
    let folder = tempfile::tempdir().unwrap();
    let by_name = |name: &str| -> Box<dyn DynModel> {
        match name {
            "small" => train::<Small>(1, &SAMPLES, &LABELS).0,
            _ => train::<Large>(1, &SAMPLES, &LABELS).0,
        }
    };
    let flat = SAMPLES.as_flattened();
    let mut models: Vec<Box<dyn DynModel>> = ["small", "large"].map(by_name).into();
    models.push(Picture::new(3));
    for (model, (name, input)) in
        models.iter().zip([("Small", &[4][..]), ("Large", &[4]), ("Picture", &[2, 3])])
    {
        assert_eq!((model.name(), model.input_shape(), model.output_shape()), (name, input, &[3][..]));
        assert_eq!(model.summary().name, name);
        assert_eq!(model.summary().parameters, model.parameter_count());
        assert_eq!(model.layers().len(), model.summary().layers.len());

        let path = folder.path().join(name);
        model.save(&path).unwrap();
        let mut copy = model.to_boxed();
        copy.block_mut().fill(0.0);
        assert_ne!(copy.block(), model.block());
        copy.load(&path).unwrap();
        assert_eq!(copy.block(), model.block());

        let len = input.iter().product::<usize>();
        let samples = &flat[..flat.len() / len * len];
        let batch = model.predict_batch(samples).unwrap();
        for (sample, of_batch) in samples.chunks(len).zip(batch.chunks(3)) {
            let mut prediction = [f32::NAN; 3];
            model.predict_into(sample, &mut prediction).unwrap();
            assert_eq!(prediction, of_batch, "{name}: the same bits");
        }
    }
    assert_eq!(models[0].predict_batch(flat).unwrap(), {
        let model: &dyn Any = &*models[0];
        model.downcast_ref::<Small>().unwrap().predict_batch(&SAMPLES).as_flattened().to_vec()
    });
    assert_eq!(format!("{:?}", models[0]), "Small { parameters: 15, .. }");
    assert_eq!(models[2].tensor("small.dense_1.bias").unwrap().shape, [3]);
    models[2].set_tensor("small.dense_1.bias", &[1.0, 2.0, 3.0]).unwrap();
    assert_eq!(models[2].tensor("small.dense_1.bias").unwrap().values, [1.0, 2.0, 3.0]);
    assert!(models[2].tensor("bias").is_err() && models[2].set_tensor("hidden.bias", &[1.0]).is_err());
}

#[test]
fn many_samples_have_the_bits_of_one_also_over_several_blocks() {
    let model: Box<dyn DynModel> = Large::new(5);
    let samples: Vec<f32> = (0..4 * 1000).map(|i| (i as f32 * 0.37).sin()).collect();
    let batch = model.predict_batch(&samples).unwrap();
    assert_eq!(batch.len(), 3 * 1000);
    for (sample, of_batch) in samples.chunks(4).zip(batch.chunks(3)) {
        let mut prediction = [0.0; 3];
        model.predict_into(sample, &mut prediction).unwrap();
        assert_eq!(prediction, of_batch);
    }
    assert!(model.predict_batch(&[]).unwrap().is_empty());
}

#[test]
fn slices_of_another_length_are_errors_that_change_nothing() {
    let model: Box<dyn DynModel> = Small::new(1);
    let mut prediction = [7.0; 4];
    let error = |what, expected, found| Err(LengthError { model: "Small", what, expected, found });
    assert_eq!(model.predict_into(&[0.0; 5], &mut prediction[..3]), error("a sample", 4, 5));
    assert_eq!(model.predict_into(&[], &mut prediction[..3]), error("a sample", 4, 0));
    assert_eq!(model.predict_into(&[0.0; 4], &mut prediction), error("a prediction", 3, 4));
    assert_eq!(
        model.predict_batch(&[0.0; 7]).unwrap_err(),
        error("each of several samples", 4, 3).unwrap_err()
    );
    assert_eq!(prediction, [7.0; 4]);
}

/// Without heap and start-up: what a program without an operating system has.
#[test]
fn models_in_read_only_data_are_chosen_too() {
    static ZERO: Small = Small::from_block([0.0; Small::BLOCK_LEN]);
    static HALF: Large = Large::from_block([0.5; Large::BLOCK_LEN]);
    static MODELS: [&dyn DynModel; 2] = [&ZERO, &HALF];
    for model in MODELS {
        let mut prediction = [0.0; 3];
        model.predict_into(&SAMPLES[0], &mut prediction).unwrap();
        assert_eq!(prediction, [1.0 / 3.0; 3], "{}", model.name());
    }
}
