//! A declared residual network with batch normalisation does what a chain does: it is trained, stopped, gone on with, frozen,
//! saved, carried over and embedded.

use core::ops::Range;

use rayon::ThreadPoolBuilder;
use typenet::data::{Samples, Split, digits};
use typenet::kernels::reduce::argmax;
use typenet::layers::Model;
use typenet::prelude::*;
use typenet::schema::Tensors;

model! {
    Unit(c, stride = 1) < Conv2d(_ => c, kernel = 3, stride = stride, padding = 1, bias = false), BatchNorm >
    Plain(c) < Add[ _ | Unit(c), Activation(relu), Unit(c) ], Activation(relu) >
    Down(c) < Add[ Conv2d(_ => c, kernel = 1, stride = 2, bias = false), BatchNorm
                 | Unit(c, stride = 2), Activation(relu), Unit(c) ], Activation(relu) >
    /// Handwritten digits, 8×8.
    pub Residual <
        Input(1, 8, 8),
        Unit(4), Activation(relu), 2 * Plain(4), Down(8),
        GlobalAvgPool, Dense(_ => 10, softmax),
    >
}

model! {
    Unit(c, stride = 1) < Conv2d(_ => c, kernel = 3, stride = stride, padding = 1, bias = false), BatchNorm >
    Plain(c) < Add[ _ | Unit(c), Activation(relu), Unit(c) ], Activation(relu) >
    /// Other classes, and more layers in front of a block of the same shape.
    pub Other <
        Input(2, 8, 8),
        Unit(4), Activation(relu), first: Plain(4), Plain(4), GlobalAvgPool, Dense(_ => 3, softmax),
    >
}

/// What [`it_learns_digits_with_the_same_bits_for_any_number_of_threads`] trains.
static EMBEDDED: &Residual = embed!(Residual, "residual.safetensors");

type Image = [[[f32; 8]; 8]; 1];

fn images(pixels: &[[f32; 64]]) -> Vec<Image> {
    let image =
        |pixels: &[f32; 64]| [core::array::from_fn(|row| core::array::from_fn(|x| pixels[8 * row + x]))];
    pixels.iter().map(image).collect()
}

/// Some of the digits to train on, and those to test with.
fn data(train: usize) -> [(Vec<Image>, Vec<u8>); 2] {
    let Split { train: Samples { inputs, labels }, test } = digits::load();
    [(images(&inputs[..train]), labels[..train].to_vec()), (images(&test.inputs), test.labels)]
}

type Compiled<M> = Trainer<M, Adam, CategoricalCrossEntropy, (Accuracy,)>;

fn compile<M: Model>(model: Box<M>) -> Compiled<M> {
    model.compile(Adam::new(0.01), CategoricalCrossEntropy, (Accuracy::new(),))
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Where the tensors with names that begin like this lie in the block.
fn places(prefix: &str, trainable: bool) -> Vec<Range<usize>> {
    let places = Tensors::of(Residual::LAYERS).filter(|place| place.trainable == trainable);
    places.filter(|place| place.path.to_string().starts_with(prefix)).map(|place| place.range()).collect()
}

#[test]
fn tensors_have_the_names_of_their_blocks() {
    let names: Vec<String> = Tensors::of(Residual::LAYERS).map(|place| place.path.to_string()).collect();
    for name in [
        "unit_1.conv2d_1.weight",
        "plain_1.unit_1.conv2d_1.weight",
        "plain_2.unit_2.batch_norm_1.running_var",
        "down_1.conv2d_1.weight",
        "down_1.unit_2.batch_norm_1.bias",
        "dense_1.bias",
    ] {
        assert!(names.iter().any(|found| found == name), "{name} among {names:#?}");
    }
    // Seven convolutions and one of a single tap, without biases, as many normalisations, and the classes.
    let weights = 9 * (4 + 4 * 4 * 4 + 4 * 8 + 8 * 8) + 4 * 8;
    let channels = 5 * 4 + 3 * 8;
    assert_eq!(Residual::PARAMETER_COUNT, weights + 2 * channels + 8 * 10 + 10);
    assert_eq!(Residual::BUFFER_COUNT, 2 * channels);
}

#[test]
fn it_learns_digits_with_the_same_bits_for_any_number_of_threads() {
    let [(train, labels), (test, test_labels)] = data(500);
    let run = |threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
        pool.install(|| {
            let mut trainer = compile(Residual::new(1));
            let fit = trainer.fit(&train, &labels).epochs(6).batch_size(25).progress(false);
            fit.run().expect("a run");
            let scores = trainer.evaluate(&test, &test_labels).expect("scores");
            (bits(trainer.block()), scores.get("accuracy"), trainer.predict_batch(&test))
        })
    };
    let one = run(1);
    assert!(one.1.expect("compiled with it") > 0.8, "{:?}", one.1);
    assert_eq!(run(2), one);
    let mut model = Residual::zeros();
    model.block_mut().iter_mut().zip(&one.0).for_each(|(to, bits)| *to = f32::from_bits(*bits));
    for (image, many) in test.iter().zip(&one.2).take(20) {
        assert_eq!(bits(&model.predict(image)), bits(many), "one sample and many");
    }
}

#[test]
fn a_run_stopped_and_resumed_gives_the_same_bits() {
    let [(train, labels), _] = data(120);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run.safetensors");
    let mut whole = compile(Residual::new(2));
    let expected = whole.fit(&train, &labels).epochs(3).progress(false).run().expect("a run");
    let mut first = compile(Residual::new(2));
    first.fit(&train, &labels).epochs(1).progress(false).checkpoint(&file).run().expect("the first epoch");
    let mut second = compile(Residual::zeros());
    let fit = second.fit(&train, &labels).epochs(3).progress(false);
    let history = fit.resume(&file).run().expect("the others");
    assert_eq!(bits(second.block()), bits(whole.block()));
    assert_eq!(history.get("loss"), expected.get("loss"));
}

#[test]
fn saved_and_loaded_it_predicts_the_same_bits() {
    let [(train, labels), (test, _)] = data(60);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("residual.safetensors");
    let mut trainer = compile(Residual::new(3));
    // So that running means are not those of the start.
    trainer.fit(&train, &labels).progress(false).run().expect("a run");
    trainer.model().save(&file).expect("a save");
    let header = std::fs::read(&file).expect("a file");
    assert!(String::from_utf8_lossy(&header).contains("\"plain_1.unit_1.conv2d_1.weight\""));
    let loaded = Residual::load(&file).expect("a load");
    assert_eq!(bits(loaded.block()), bits(trainer.block()));
    assert_eq!(loaded.predict_batch(&test), trainer.predict_batch(&test));
}

#[test]
fn embedded_and_loaded_it_predicts_the_same_bits() {
    let [_, (test, labels)] = data(0);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/residual.safetensors");
    let loaded = Residual::load(file).expect("the file that is embedded");
    let mut right = 0;
    for (image, label) in test.iter().zip(&labels) {
        let prediction = EMBEDDED.predict(image);
        assert_eq!(bits(&prediction), bits(&loaded.predict(image)));
        right += usize::from(argmax(&prediction) == usize::from(*label));
    }
    assert!(right * 10 > test.len() * 8, "{right} of {} right: these are not trained weights", test.len());
}

/// The parameters of all of its layers; its running means and variances go on, as in PyTorch.
#[test]
fn a_frozen_block_keeps_its_parameters_and_its_running_means_move() {
    let [(train, labels), _] = data(60);
    let mut trainer = compile(Residual::new(4));
    let start = trainer.block().to_vec();
    trainer.freeze("plain_1").expect("a block");
    trainer.fit(&train, &labels).progress(false).run().expect("a run");
    let is_kept = |place: &Range<usize>| bits(&trainer.block()[place.clone()]) == bits(&start[place.clone()]);
    let frozen = places("plain_1.", true);
    assert_eq!(frozen.len(), 6);
    assert!(frozen.iter().all(is_kept));
    for moving in ["unit_1.", "plain_2.", "down_1.", "dense_1."] {
        assert!(!places(moving, true).iter().any(is_kept), "{moving}");
    }
    assert!(!places("plain_1.", false).iter().any(is_kept));
    trainer.unfreeze("plain_1.unit_2").expect("a block in a block");
    trainer.fit(&train, &labels).progress(false).run().expect("a run");
    let is_kept = |place: &Range<usize>| bits(&trainer.block()[place.clone()]) == bits(&start[place.clone()]);
    assert!(places("plain_1.unit_1.", true).iter().all(is_kept));
    assert!(!places("plain_1.unit_2.", true).iter().any(is_kept));
}

#[test]
fn a_block_is_carried_over_by_its_name() {
    let [(train, labels), _] = data(60);
    let mut trainer = compile(Residual::new(5));
    trainer.fit(&train, &labels).progress(false).run().expect("a run");
    let mut other = Other::new(6);
    let before = other.tensor("unit_1.conv2d_1.weight").expect("a tensor").values.to_vec();
    other.copy_layer_from("first", trainer.model(), "plain_2").expect("blocks of the same tensors");
    for tensor in ["unit_1.conv2d_1.weight", "unit_2.batch_norm_1.weight", "unit_2.batch_norm_1.running_mean"]
    {
        let [to, from] = ["first", "plain_2"].map(|block| format!("{block}.{tensor}"));
        assert_eq!(
            other.tensor(&to).expect("a tensor"),
            trainer.tensor(&from).expect("a tensor"),
            "{tensor}"
        );
    }
    assert_eq!(other.tensor("unit_1.conv2d_1.weight").expect("a tensor").values, before);
    // Of the same names, and of other shapes.
    let error = other.copy_layer_from("unit_1", trainer.model(), "unit_1").expect_err("another shape");
    assert!(error.to_string().contains("conv2d_1.weight"), "{error}");
}
