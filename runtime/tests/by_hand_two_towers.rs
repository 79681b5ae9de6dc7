//! What `model!` expands to where a model has several inputs and outputs, written by hand: the contract between the macro and the
//! runtime.
//!
//! ```text
//! pub Product <
//!     image: Input(3, 4, 4), text: Input(..6, u32),
//!     image -> flatten: Flatten, seen: Dense(_ => 32, relu),
//!     text -> embedding: Embedding(20 => 16), read: GlobalAvgPool,
//!     both: (seen, read) -> Concat,
//!     class: Dense(_ => 3, softmax),
//!     price: both -> Dense(_ => 1),
//!     (class, price),
//! >
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use typenet_runtime::bytemuck::Zeroable;
use typenet_runtime::kernels::Rng;
use typenet_runtime::layers::activation::{Linear, Relu, Softmax};
use typenet_runtime::layers::check::check_gradient;
use typenet_runtime::layers::concat::Concat;
use typenet_runtime::layers::embedding::Embedding;
use typenet_runtime::layers::global_avg_pool::GlobalAvgPool;
use typenet_runtime::layers::graph::{
    BackwardWalk, Computes, ForwardWalk, Graph, Inference, Layers, Node, PredictWalk, StepWalk, Walk, Wire,
};
use typenet_runtime::layers::model::{
    Ending, Passes, Route, WithHead, predict_one, prediction_values, sample_values,
};
use typenet_runtime::layers::{
    Backend, Backward, Branches, Cpu, Dense, Flatten, Forward, Headless, IndexSteps, Layer, Memory, Model,
    Port, Predict, Run, Step, Steps, output_len, parameter_count,
};
use typenet_runtime::losses::{CategoricalCrossEntropy, Loss, MeanSquaredError};
use typenet_runtime::metrics::{self, Accuracy};
use typenet_runtime::model::callbacks::LambdaCallback;
use typenet_runtime::model::{Error, ModelExt, Predictor, Trainer};
use typenet_runtime::optimizers::{Adam, Sgd};
use typenet_runtime::schema::{Const, IndexError, Info, LayerInfo, One, Words};

type Flatten1 = Flatten<(Const<3>, Const<4>, Const<4>), Const<48>>;
type Seen = Dense<Const<48>, Const<32>, Relu>;
type Embedding1 = Embedding<IndexSteps<Const<6>, Const<20>>, Const<16>>;
type Read = GlobalAvgPool<Steps<Const<6>, (Const<16>,)>>;
type Both = Concat<((Const<32>,), (Const<16>,)), (Const<48>,), 0>;
type Class = Dense<Const<48>, Const<3>, Softmax>;
type Price = Dense<Const<48>, Const<1>>;

/// Images and texts to classes and prices.
#[repr(C, align(64))]
struct Product {
    block: [f32; parameter_count::<Product>()],
}

/// One value for each input of `Product`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct ProductInputs<Image, Text> {
    image: Image,
    text: Text,
}

/// One value for each output of `Product`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct ProductOutputs<Class, Price> {
    class: Class,
    price: Price,
}

typenet_runtime::__record!(ProductInputs { image: Image, text: Text });
typenet_runtime::__record!(ProductOutputs { class: Class, price: Price });
typenet_runtime::__outputs!(Product, ProductOutputs {
    class: OfClass ClassLabel = Softmax, [f32; 3];
    price: OfPrice PriceLabel = Linear, [f32; 1];
});

impl Product {
    #[track_caller]
    fn predict(
        &self,
        sample: ProductInputs<&[[[f32; 4]; 4]; 3], &Words<6>>,
    ) -> ProductOutputs<[f32; 3], [f32; 1]> {
        let mut prediction = ProductOutputs { class: [0.0; 3], price: [0.0; 1] };
        predict_one(self, sample, &mut prediction);
        prediction
    }
}

// SAFETY: `Product` is an array of `f32`, for which all bits zero is a value.
unsafe impl Zeroable for Product {}

impl Layer for Product {
    type Input = Branches<((Const<3>, Const<4>, Const<4>), IndexSteps<Const<6>, Const<20>>)>;
    type Output = Branches<((Const<3>,), (Const<1>,))>;
    type Head = Linear;
    type Body = Headless<Self>;
    const INFO: Info = Info::model(
        "Product",
        &[
            LayerInfo::of::<Flatten1>("flatten").from(&["image"]),
            LayerInfo::of::<Seen>("seen"),
            LayerInfo::of::<Embedding1>("embedding").from(&["text"]),
            LayerInfo::of::<Read>("read"),
            LayerInfo::of::<Both>("both").from(&["seen", "read"]),
            LayerInfo::of::<Class>("class"),
            LayerInfo::of::<Price>("price").from(&["both"]),
        ],
    );
    const MEMORY: Memory = GRAPH.memory;

    fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
        INFERENCE.initialize::<Seen>(1, parameters, buffers, &rng);
        INFERENCE.initialize::<Embedding1>(2, parameters, buffers, &rng);
        INFERENCE.initialize::<Class>(5, parameters, buffers, &rng);
        INFERENCE.initialize::<Price>(6, parameters, buffers, &rng);
    }
}

/// Values 0 and 1 are the inputs, value `2 + i` is what layer `i` gives.
const INFERENCE: &Inference<7, 9> = &Inference::new(
    <Product as Layer>::Input::PARTS,
    [
        Wire::of::<Flatten1>(&[0], Computes::Never),
        Wire::of::<Seen>(&[2], Computes::Always),
        Wire::of::<Embedding1>(&[1], Computes::Always),
        Wire::of::<Read>(&[4], Computes::Always),
        Wire::of::<Both>(&[3, 5], Computes::Always),
        Wire::of::<Class>(&[6], Computes::Always),
        Wire::of::<Price>(&[6], Computes::Always),
    ],
    &[7, 8],
);
const GRAPH: &Graph<7, 9, 17> = &Graph::new(INFERENCE);
const SEEN: Node<Seen, 1, 1> = GRAPH.node(1);
const EMBEDDING: Node<Embedding1, 1, 1> = GRAPH.node(2);
const READ: Node<Read, 1, 1> = GRAPH.node(3);
const BOTH: Node<Both, 2, 1> = GRAPH.node(4);
const CLASS: Node<Class, 1, 1> = GRAPH.node(5);
const PRICE: Node<Price, 1, 1> = GRAPH.node(6);

impl Model for Product {
    type Sample = ProductInputs<[[[f32; 4]; 4]; 3], Words<6>>;
    type Prediction = ProductOutputs<[f32; 3], [f32; 1]>;
    const NAME: &'static str = "Product";
    const UNSHARED_BYTES: usize = 4 * (GRAPH.unshared + output_len::<Self>());
    const UNSHARED_SCRATCH: usize = INFERENCE.unshared;
    const HAS_SHARED: bool = GRAPH.has_shared;

    fn block(&self) -> &[f32] {
        &self.block
    }

    fn block_mut(&mut self) -> &mut [f32] {
        &mut self.block
    }

    #[inline(always)]
    fn predict_one<R: Route<Cpu>>(
        &self,
        route: R,
        sample: One<'_, Self::Sample>,
        prediction: &mut Self::Prediction,
    ) {
        let (parameters, buffers) = self.block.split_at(Self::PARAMETER_COUNT);
        <Self as Passes>::predict_with::<WithHead, R>(
            route,
            Predict {
                batch: 1,
                parameters,
                buffers,
                input: sample_values::<<Self as Layer>::Input, Self::Sample>(sample),
                output: prediction_values::<<Self as Layer>::Output, Self::Prediction>(prediction),
                scratch: &mut [0.0; <Self as Model>::PREDICT_SCRATCH],
            },
        );
    }
}

impl<B: Backend> Layers<B> for Product
where
    Seen: Run<B>,
    Embedding1: Run<B>,
    Read: Run<B>,
    Both: Run<B>,
    Class: Run<B>,
    <Class as Layer>::Body: Run<B>,
    Price: Run<B>,
    <Price as Layer>::Body: Run<B>,
{
    #[inline(always)]
    fn walk_forward<W: Walk<B>>(walk: &mut W) {
        walk.layer(&SEEN);
        walk.layer(&EMBEDDING);
        walk.layer(&READ);
        walk.layer(&BOTH);
        walk.output_layer(&CLASS);
        walk.output_layer(&PRICE);
    }

    #[inline(always)]
    fn walk_backward<W: Walk<B>>(walk: &mut W) {
        walk.output_layer(&PRICE);
        walk.output_layer(&CLASS);
        walk.layer(&BOTH);
        walk.layer(&READ);
        walk.layer(&EMBEDDING);
        walk.layer(&SEEN);
    }
}

impl<B: Backend> Passes<B> for Product
where
    Product: Layers<B>,
{
    #[inline(always)]
    fn predict_with<E: Ending, R: Route<B>>(route: R, pass: Predict<'_, Self, B>) {
        Self::walk_forward(&mut PredictWalk::<B, E, R, 7, 2, 2>::new(route, pass, INFERENCE));
    }

    fn forward_with<E: Ending>(pass: Forward<'_, Self, B>) {
        Self::walk_forward(&mut ForwardWalk::<B, E, 7, 2, 2>::new(pass, GRAPH));
    }

    fn backward_with<E: Ending>(pass: Backward<'_, Self, B>) {
        Self::walk_backward(&mut BackwardWalk::<B, E, 7, 2, 2>::new(pass, GRAPH));
    }

    fn step_with<E: Ending>(pass: Step<'_, Self, B>) {
        Self::walk_backward(&mut StepWalk::<B, E, 7, 2, 2>::new(pass, GRAPH));
    }
}

/// Counts the allocations of the thread that asks.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: `memory` came from `System.alloc` with this layout.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

type Image = [[[f32; 4]; 4]; 3];

/// Samples and labels that say of each other what they are: the first word is the class, the mean brightness the price.
struct Data {
    images: Vec<Image>,
    texts: Vec<Words<6>>,
    classes: Vec<u8>,
    prices: Vec<f32>,
}

fn data(samples: usize) -> Data {
    let mut rng = Rng::seed(5);
    let (mut images, mut texts, mut classes, mut prices) = (vec![], vec![], vec![], vec![]);
    for i in 0..samples {
        let class = i % 3;
        let brightness = (i % 7) as f32 / 7.0;
        let mut image = [[[0.0; 4]; 4]; 3];
        let pixels = image.as_flattened_mut().as_flattened_mut();
        pixels.iter_mut().for_each(|pixel| *pixel = brightness + 0.1 * (rng.uniform() as f32 - 0.5));
        let words: Vec<u32> = (0..1 + i % 6).map(|place| (class + 3 * place) as u32).collect();
        images.push(image);
        texts.push(Words::try_from(&words[..]).expect("1 to 6 words"));
        classes.push(class as u8);
        prices.push(2.0 * brightness);
    }
    Data { images, texts, classes, prices }
}

impl Data {
    fn samples(&self) -> ProductInputs<&[Image], &[Words<6>]> {
        ProductInputs { image: &self.images, text: &self.texts }
    }

    fn labels(&self) -> ProductOutputs<&[u8], &[f32]> {
        ProductOutputs { class: &self.classes, price: &self.prices }
    }
}

type Losses = ProductOutputs<CategoricalCrossEntropy, MeanSquaredError>;
type Metrics = ProductOutputs<(Accuracy,), (metrics::MeanAbsoluteError,)>;

fn trainer() -> Trainer<Product, Adam, Losses, Metrics> {
    Product::new(1)
        .compile(
            Adam::new(0.01),
            ProductOutputs { class: CategoricalCrossEntropy, price: MeanSquaredError },
            ProductOutputs { class: (Accuracy::new(),), price: (metrics::MeanAbsoluteError::new(),) },
        )
        .loss_weights(ProductOutputs { class: 1.0, price: 0.5 })
}

#[test]
fn gradients_agree_with_central_differences() {
    // The whole model, in `f64`.
    check_gradient::<Product>(3, 3);
}

#[test]
fn training_makes_both_losses_smaller_and_names_every_score() {
    let Data { images, texts, classes, prices } = data(60);
    let (inputs, labels) = (
        ProductInputs { image: &images[..], text: &texts[..] },
        ProductOutputs { class: &classes, price: &prices },
    );
    let mut trainer = trainer();
    let fit = trainer.fit(inputs, labels).epochs(30).batch_size(16).validation_split(0.2);
    let history = fit.progress(false).run().expect("a run");
    let (first, last) = (&history.epochs[0], &history.epochs[29]);
    let names: Vec<_> = last.scores().map(|(name, _)| name.into_owned()).collect();
    let own = ["loss", "class_loss", "price_loss", "class_accuracy", "price_mean_absolute_error"];
    let expected: Vec<_> =
        own.iter().map(|name| name.to_string()).chain(own.iter().map(|name| format!("val_{name}"))).collect();
    assert_eq!(names, expected);
    for name in ["class_loss", "price_loss", "val_class_loss", "val_price_loss"] {
        let (before, after) = (first.get(name).expect(name), last.get(name).expect(name));
        assert!(after < 0.2 * before, "{name}: {before} {after}");
    }
    assert_eq!(last.get("val_class_accuracy"), Some(1.0));
    let sum = |record: &typenet_runtime::model::EpochRecord| {
        record.get("class_loss").unwrap() + 0.5 * record.get("price_loss").unwrap()
    };
    assert!((sum(last) - last.training.loss).abs() <= 1e-12 * last.training.loss);

    let one = trainer.predict(ProductInputs { image: &images[7], text: &texts[7] });
    let many = trainer.predict_batch(inputs);
    assert_eq!((one.class, one.price), (many.class[7], many.price[7]));
    let mut written = ProductOutputs { class: vec![[0.0; 3]; 60], price: vec![[0.0; 1]; 60] };
    let to = ProductOutputs { class: &mut written.class[..], price: &mut written.price[..] };
    Predictor::new(7).predict(trainer.model(), inputs, to);
    assert_eq!(written, many);
    let scores = trainer.evaluate(inputs, labels).expect("scores");
    let squares = many.price.iter().zip(&prices).map(|([y], t)| f64::from(y - t).powi(2));
    let mean = squares.sum::<f64>() / 60.0;
    assert!((scores.get("price_loss").expect("a score") - mean).abs() <= 1e-6 * mean);
}

#[test]
fn gradients_are_those_of_the_weighted_sum_of_losses_bit_by_bit() {
    let data = data(5);
    let mut trainer = trainer();
    let mut found = Product::zeros();
    let loss =
        trainer.gradients(data.samples(), data.labels(), &Rng::seed(9), &mut found).expect("gradients");

    // By hand: logits, each loss by itself, its gradient times its weight, one backward pass.
    let batch = 5;
    let (parameters, _) = trainer.model().block().split_at(parameter_count::<Product>());
    let words: Vec<u32> = data
        .texts
        .iter()
        .flat_map(|text| {
            let mut words = [0; 6];
            words[..text.len()].copy_from_slice(text.as_slice());
            words
        })
        .collect();
    let lengths: Vec<u32> = data.texts.iter().map(|text| text.len() as u32).collect();
    let text = typenet_runtime::layers::Sequences { values: &words[..], lengths: &lengths[..] };
    let pixels = data.images.as_flattened().as_flattened().as_flattened();
    let (mut class, mut price) = (vec![0.0; 3 * batch], vec![0.0; batch]);
    let mut kept = vec![0.0; Product::MEMORY.kept.of(batch, 1)];
    let mut scratch =
        vec![0.0; Product::MEMORY.forward.of(batch, 8).max(Product::MEMORY.backward.of(batch, 8))];
    <Headless<Product> as Run>::forward(Forward {
        batch,
        parameters,
        buffers: &mut [],
        input: (pixels, text),
        output: (&mut class[..], &mut price[..]),
        kept: &mut kept,
        scratch: &mut scratch,
        rng: Rng::seed(9),
    });
    let (class_logits, price_logits) = (class.clone(), price.clone());
    let (mut grad_class, mut grad_price) = (vec![0.0; 3 * batch], vec![0.0; batch]);
    let of_class: &dyn Loss<Softmax, [f32; 3], u8> = &CategoricalCrossEntropy;
    let of_price: &dyn Loss<Linear, [f32; 1], f32> = &MeanSquaredError;
    let class_loss = of_class.evaluate(&data.classes, None, &mut class, Some(&mut grad_class));
    let price_loss = of_price.evaluate(&data.prices, None, &mut price, Some(&mut grad_price));
    grad_price.iter_mut().for_each(|slope| *slope *= 0.5);
    let mut expected = vec![0.0; parameter_count::<Product>()];
    <Headless<Product> as Run>::backward(Backward {
        batch,
        parameters,
        input: (pixels, text),
        output: (&class_logits[..], &price_logits[..]),
        kept: &kept,
        grad_output: (&mut grad_class[..], &mut grad_price[..]),
        grad_input: (None, ()),
        grad_parameters: &mut expected,
        scratch: &mut scratch,
    });
    assert_eq!(loss, (class_loss + 0.5 * price_loss) / 5.0);
    assert_eq!(found.block(), expected);
    let predictions = trainer.step_predictions();
    assert_eq!(
        (predictions.class.as_flattened(), predictions.price.as_flattened()),
        (&class[..], &price[..])
    );

    // And the step is that gradient, applied; a weight of zero takes its sample out of both losses.
    let mut by_hand = self::trainer();
    by_hand.apply_gradients(&found).expect("a step");
    trainer.train_on_batch(data.samples(), data.labels(), &Rng::seed(9)).expect("a step");
    assert_eq!(trainer.block(), by_hand.block());
    let weights = [1.0, 1.0, 1.0, 1.0, 0.0];
    let mut other = self::data(5);
    (other.classes[4], other.prices[4]) = (1, 1e3);
    let mut gradients = |labels| {
        let mut gradients = Product::zeros();
        trainer
            .gradients(data.samples(), (labels, &weights), &Rng::seed(9), &mut gradients)
            .expect("gradients");
        gradients.block().to_vec()
    };
    assert_eq!(gradients(data.labels()), gradients(other.labels()));
}

#[test]
fn a_step_on_one_sample_has_the_bits_of_gradients_applied() {
    let data = data(1);
    let mut in_one = Product::new(1).compile(
        Sgd::new(0.1),
        ProductOutputs { class: CategoricalCrossEntropy, price: MeanSquaredError },
        ProductOutputs::<(), ()>::default(),
    );
    let mut in_two = Product::new(1).compile(
        Sgd::new(0.1),
        ProductOutputs { class: CategoricalCrossEntropy, price: MeanSquaredError },
        ProductOutputs::<(), ()>::default(),
    );
    for _ in 0..3 {
        let mut gradients = Product::zeros();
        in_one.train_on_batch(data.samples(), data.labels(), &Rng::seed(9)).expect("a step");
        in_two.gradients(data.samples(), data.labels(), &Rng::seed(9), &mut gradients).expect("gradients");
        in_two.apply_gradients(&gradients).expect("a step");
    }
    assert_eq!(in_one.block(), in_two.block());
}

#[test]
fn a_run_that_is_interrupted_within_an_epoch_goes_on_with_the_same_bits_and_scores() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.safetensors");
    let data = data(60);
    let mut whole = trainer();
    let expected = whole
        .fit(data.samples(), data.labels())
        .epochs(3)
        .batch_size(7)
        .progress(false)
        .run()
        .expect("a run");
    let mut alarm = LambdaCallback::new().on_batch_end(|context, _| {
        if context.step() == 13 {
            context.interrupt("enough for now");
        }
    });
    let mut first = trainer();
    let fit = first.fit(data.samples(), data.labels()).epochs(3).batch_size(7).callback(&mut alarm);
    fit.checkpoint(&path).progress(false).run().expect("a run");
    assert_eq!(first.step(), 13);
    let mut resumed = trainer();
    let fit = resumed.fit(data.samples(), data.labels()).epochs(3).batch_size(7).resume(&path);
    let history = fit.progress(false).run().expect("a run");
    assert_eq!(resumed.block(), whole.block());
    for (found, expected) in history.epochs.iter().zip(&expected.epochs) {
        assert_eq!(found.training, expected.training, "epoch {}", expected.epoch);
    }

    // Another weight of a loss is another run.
    let mut other = trainer().loss_weights(ProductOutputs { class: 1.0, price: 0.25 });
    let fit = other.fit(data.samples(), data.labels()).epochs(3).batch_size(7).resume(&path);
    let error = fit.progress(false).run().expect_err("another run");
    assert!(error.to_string().contains("price = 0.5 * mean_squared_error"), "{error}");
}

#[test]
fn any_number_of_threads_has_the_same_bits() {
    let data = data(600);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let mut trainer = trainer();
            let fit = trainer.fit(data.samples(), data.labels()).epochs(2).batch_size(300);
            fit.progress(false).run().expect("a run");
            let predictions = trainer.predict_batch(data.samples());
            (trainer.block().to_vec(), predictions)
        })
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn a_step_allocates_nothing_after_the_first() {
    let data = data(40);
    let mut trainer = trainer();
    let rng = Rng::seed(1);
    let weights = [1.0; 40];
    trainer.train_on_batch(data.samples(), data.labels(), &rng).expect("a step");
    let before = ALLOCATIONS.get();
    for _ in 0..3 {
        trainer.train_on_batch(data.samples(), (data.labels(), &weights), &rng).expect("a step");
    }
    assert_eq!(ALLOCATIONS.get(), before);
    let mut predictor = Predictor::<Product>::new(40);
    let mut predictions = trainer.predict_batch(data.samples());
    let before = ALLOCATIONS.get();
    let to = ProductOutputs { class: &mut predictions.class[..], price: &mut predictions.price[..] };
    predictor.predict(trainer.model(), data.samples(), to);
    trainer.predict(ProductInputs { image: &data.images[0], text: &data.texts[0] });
    assert_eq!(ALLOCATIONS.get(), before);
}

/// What training, evaluation and a single step say of these samples and labels.
fn errors(
    samples: ProductInputs<&[Image], &[Words<6>]>,
    labels: ProductOutputs<&[u8], &[f32]>,
) -> [Error; 4] {
    let rng = Rng::seed(1);
    let mut gradients = Product::zeros();
    let mut trainer = trainer();
    let before = trainer.block().to_vec();
    let errors = [
        trainer.fit(samples, labels).progress(false).run().expect_err("fit"),
        trainer.evaluate(samples, labels).expect_err("evaluate"),
        trainer.train_on_batch(samples, labels, &rng).expect_err("train_on_batch"),
        trainer.gradients(samples, labels, &rng, &mut gradients).expect_err("gradients"),
    ];
    assert_eq!((trainer.block(), trainer.step()), (&before[..], 0));
    errors
}

#[test]
fn inputs_and_labels_of_unequal_counts_are_errors_that_name_them() {
    let data = data(6);
    for error in errors(ProductInputs { text: &data.texts[..5], ..data.samples() }, data.labels()) {
        assert!(
            matches!(error, Error::InputCounts { inputs: ["image", "text"], counts: [6, 5], .. }),
            "{error}"
        );
    }
    for error in errors(data.samples(), ProductOutputs { price: &data.prices[..4], ..data.labels() }) {
        assert!(matches!(error, Error::Counts { output: "price", samples: 6, labels: 4, .. }), "{error}");
        assert!(
            error
                .to_string()
                .ends_with("6 samples came with 4 labels of `price`, expected one label for each sample")
        );
    }
    let none =
        (ProductInputs { image: &[][..], text: &[][..] }, ProductOutputs { class: &[][..], price: &[][..] });
    for error in errors(none.0, none.1) {
        assert!(matches!(error, Error::NoSamples { .. }), "{error}");
    }
}

#[test]
fn values_that_cannot_be_are_errors_that_name_input_or_output_and_sample() {
    let mut bad = data(6);
    bad.texts[4] = Words::try_from(&[1, 2, 20][..]).expect("three words");
    for error in errors(bad.samples(), bad.labels()) {
        let expected = IndexError::Word { input: "text", sample: 4, position: 2, found: 20, below: 20 };
        assert!(matches!(error, Error::Word { error, .. } if error == expected), "{error}");
    }
    // What no constructor makes: a sequence of no words.
    bad.texts[4] = Words::zeroed();
    for error in errors(bad.samples(), bad.labels()) {
        let expected = IndexError::Steps { input: "text", sample: 4, found: 0, most: 6 };
        assert!(matches!(error, Error::Word { error, .. } if error == expected), "{error}");
    }
    let mut bad = data(6);
    bad.images[3][1][0][2] = f32::NAN;
    for error in errors(bad.samples(), bad.labels()) {
        assert!(matches!(error, Error::Input { input: "image", found, .. } if found.sample == 3), "{error}");
    }
    let mut bad = data(6);
    bad.classes[5] = 3;
    for error in errors(bad.samples(), bad.labels()) {
        assert!(matches!(error, Error::Label { output: "class", .. }), "{error}");
    }
}

#[test]
fn validation_samples_are_checked_as_those_of_training() {
    let (data, mut bad) = (data(6), data(6));
    bad.texts[0] = Words::try_from(&[99][..]).expect("a word");
    let mut trainer = trainer();
    let fit = trainer.fit(data.samples(), data.labels()).validation(bad.samples(), bad.labels());
    let error = fit.progress(false).run().expect_err("a word that there is not");
    let text = "validation samples: input `text`: word 0 of sample 0 is 99, expected a number below 20";
    assert_eq!(error.to_string(), text);
}

#[test]
fn weights_that_cannot_be_are_errors() {
    let data = data(6);
    for weight in [-1.0, f32::NAN, f32::INFINITY] {
        let mut trainer = trainer().loss_weights(ProductOutputs { class: 1.0, price: weight });
        for error in [
            trainer.fit(data.samples(), data.labels()).progress(false).run().expect_err("a weight"),
            trainer.evaluate(data.samples(), data.labels()).expect_err("a weight"),
            trainer.train_on_batch(data.samples(), data.labels(), &Rng::seed(1)).expect_err("a weight"),
        ] {
            assert!(matches!(error, Error::LossWeight { output: "price", .. }), "{error}");
        }
    }
    let mut trainer = trainer();
    let error = trainer.evaluate(data.samples(), (data.labels(), &[1.0; 5])).expect_err("five weights");
    assert!(matches!(error, Error::Weight { .. }), "{error}");
}

#[test]
#[should_panic(expected = "input `text`: word 1 of sample 0 is 20, expected a number below 20")]
fn predicting_a_word_that_there_is_not_panics() {
    let (data, text) = (data(1), Words::try_from(&[3, 20][..]).expect("two words"));
    Product::new(1).predict(ProductInputs { image: &data.images[0], text: &text });
}

#[test]
fn an_answer_needs_no_more_scratch_than_it_says() {
    let data = data(2);
    let model = Product::new(1);
    let sample = ProductInputs { image: &data.images[1], text: &data.texts[1] };
    let mut prediction = ProductOutputs { class: [0.0; 3], price: [0.0] };
    model.predict_with_scratch(sample, &mut prediction, &mut vec![f32::NAN; Product::PREDICT_SCRATCH]);
    assert_eq!(prediction, model.predict(sample));
}
