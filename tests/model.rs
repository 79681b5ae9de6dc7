//! What `model!` expands to, as a user sees it.

use core::marker::PhantomData;

use typenet::kernels::Rng;
use typenet::layers::activation::{Activate, Gelu, Linear, Relu, Softmax, Softplus, Tanh};
use typenet::layers::{
    Amount, Backward, Cpu, Dense, Forward, Headless, Layer, Memory, Model, Port, Predict, Run, buffer_count,
    input_len, output_len, parameter_count,
};
use typenet::model;
use typenet::prelude::ModelExt;
use typenet::schema::{Info, Size, TensorInfo};
use typenet::typenum::{U2, U3, U4, U5, U6};

/// `y = x · scale + shift` with a parameter and a buffer for each value. Asks for more memory than it needs, of every
/// kind, and spoils all of it.
pub struct Affine<N>(PhantomData<N>);

impl<N: Size> Layer for Affine<N> {
    type Input = (N,);
    type Output = (N,);
    type Head = Linear;
    type Body = Self;
    const INFO: Info = Info {
        tensors: &[TensorInfo::parameter("scale", &[N::VALUE]), TensorInfo::buffer("shift", &[N::VALUE])],
        ..Info::new("Affine")
    };
    const MEMORY: Memory = Memory {
        kept: Amount::per_sample(N::VALUE + 1),
        predict: Amount::per_sample(2 * N::VALUE),
        forward: Amount::per_sample(2 * N::VALUE),
        backward: Amount::per_sample(3 * N::VALUE),
        ..Memory::NONE
    };

    fn initialize(parameters: &mut [f32], buffers: &mut [f32], mut rng: Rng) {
        parameters.fill_with(|| rng.uniform() as f32);
        buffers.fill_with(|| rng.uniform() as f32);
    }
}

impl<N: Size> Run for Affine<N> {
    fn predict(pass: Predict<'_, Self>) {
        assert!(pass.scratch.len() >= pass.batch * 2 * N::VALUE);
        pass.scratch.fill(f32::NAN);
        for (i, (y, x)) in pass.output.iter_mut().zip(pass.input).enumerate() {
            *y = x * pass.parameters[i % N::VALUE] + pass.buffers[i % N::VALUE];
        }
    }

    fn forward(pass: Forward<'_, Self>) {
        assert_eq!(pass.kept.len(), pass.batch * (N::VALUE + 1));
        pass.kept.fill(7.0);
        for (i, (y, x)) in pass.output.iter_mut().zip(pass.input).enumerate() {
            *y = x * pass.parameters[i % N::VALUE] + pass.buffers[i % N::VALUE];
        }
    }

    fn backward(pass: Backward<'_, Self>) {
        assert!(pass.scratch.len() >= pass.batch * 3 * N::VALUE);
        assert!(pass.kept.iter().all(|&value| value == 7.0));
        pass.scratch.fill(f32::NAN);
        pass.grad_parameters.fill(0.0);
        for (i, (x, grad)) in pass.input.iter().zip(pass.grad_output.iter()).enumerate() {
            pass.grad_parameters[i % N::VALUE] += x * grad;
        }
        if let Some(grad_input) = pass.grad_input {
            for (i, (to, grad)) in grad_input.iter_mut().zip(pass.grad_output.iter()).enumerate() {
                *to = grad * pass.parameters[i % N::VALUE];
            }
        }
    }
}

const BATCH: usize = 3;

/// Layers from one shape to one shape.
trait Slices:
    Run<
        Input: for<'a> Port<Values<'a, Cpu> = &'a [f32], Gradient<'a, Cpu> = Option<&'a mut [f32]>>,
        Output: for<'a> Port<Values<'a, Cpu> = &'a [f32], Mut<'a, Cpu> = &'a mut [f32]>,
    >
{
}

impl<L> Slices for L where
    L: Run<
            Input: for<'a> Port<Values<'a, Cpu> = &'a [f32], Gradient<'a, Cpu> = Option<&'a mut [f32]>>,
            Output: for<'a> Port<Values<'a, Cpu> = &'a [f32], Mut<'a, Cpu> = &'a mut [f32]>,
        >
{
}

/// Random start values: parameters, then buffers.
fn start<L: Layer>(seed: u64) -> (Vec<f32>, Vec<f32>) {
    let mut parameters = vec![0.0; parameter_count::<L>()];
    let mut buffers = vec![0.0; buffer_count::<L>()];
    L::initialize(&mut parameters, &mut buffers, Rng::seed(seed));
    (parameters, buffers)
}

fn inputs<L: Layer>() -> Vec<f32> {
    let mut rng = Rng::seed(99);
    (0..BATCH * input_len::<L>()).map(|_| rng.normal() as f32).collect()
}

fn predict<L: Slices>(parameters: &[f32], buffers: &[f32], input: &[f32]) -> Vec<f32> {
    let mut output = vec![f32::NAN; BATCH * output_len::<L>()];
    let mut scratch = vec![f32::NAN; L::MEMORY.predict.of(BATCH, 1)];
    L::predict(Predict {
        batch: BATCH,
        parameters,
        buffers,
        input,
        output: &mut output,
        scratch: &mut scratch,
    });
    output
}

fn forward<L: Slices>(parameters: &[f32], buffers: &[f32], input: &[f32], rng: Rng) -> (Vec<f32>, Vec<f32>) {
    let mut output = vec![f32::NAN; BATCH * output_len::<L>()];
    let mut kept = vec![f32::NAN; L::MEMORY.kept.of(BATCH, 0)];
    let buffers = &mut buffers.to_vec();
    L::forward(Forward {
        batch: BATCH,
        parameters,
        buffers,
        input,
        output: &mut output,
        kept: &mut kept,
        scratch: &mut vec![f32::NAN; L::MEMORY.forward.of(BATCH, 1)],
        rng,
    });
    (output, kept)
}

/// The gradients by the input and by the parameters, of the sum of all outputs weighted 1, 2, 3, …
struct Gradients {
    input: Vec<f32>,
    parameters: Vec<f32>,
}

fn backward<L: Slices>(
    parameters: &[f32],
    input: &[f32],
    (output, kept): &(Vec<f32>, Vec<f32>),
    mut grad_output: Vec<f32>,
) -> Gradients {
    let mut grad_input = vec![f32::NAN; input.len()];
    let mut grad_parameters = vec![f32::NAN; parameters.len()];
    L::backward(Backward {
        batch: BATCH,
        parameters,
        input,
        output,
        kept,
        grad_output: &mut grad_output,
        grad_input: Some(&mut grad_input),
        grad_parameters: &mut grad_parameters,
        scratch: &mut vec![f32::NAN; L::MEMORY.backward.of(BATCH, 1)],
    });
    Gradients { input: grad_input, parameters: grad_parameters }
}

fn weights(len: usize) -> Vec<f32> {
    (1..=len).map(|i| i as f32).collect()
}

/// Forward and backward of a whole model or layer.
fn train<L: Slices>(parameters: &[f32], buffers: &[f32], input: &[f32]) -> (Vec<f32>, Gradients) {
    let pass = forward::<L>(parameters, buffers, input, Rng::seed(5));
    let gradients = backward::<L>(parameters, input, &pass, weights(pass.0.len()));
    (pass.0, gradients)
}

model! {
    /// Every kind of memory: five steps, so that areas are used again.
    pub Deep <
        Dense(3 => 4, gelu),
        Affine<U4>(4 => 4),
        wide: Dense(4 => 6, tanh, bias = false),
        Activation(softplus),
        logits: Dense(_ => 2, softmax),
    >
}

type Deep1 = Dense<U3, U4, Gelu>;
type Deep3 = Dense<U4, U6, Tanh, typenet::layers::dense::NoBias>;
type Deep4 = Activate<(U6,), Softplus>;
type Deep5 = Dense<U6, U2, Softmax>;

#[test]
fn predict_equals_the_layers_by_hand() {
    let (parameters, buffers) = start::<Deep>(1);
    let x = inputs::<Deep>();
    let (p1, rest) = parameters.split_at(16);
    let (p2, rest) = rest.split_at(4);
    let (p3, p5) = rest.split_at(24);
    let x1 = predict::<Deep1>(p1, &[], &x);
    let x2 = predict::<Affine<U4>>(p2, &buffers, &x1);
    let x3 = predict::<Deep3>(p3, &[], &x2);
    let x4 = predict::<Deep4>(&[], &[], &x3);
    let x5 = predict::<Deep5>(p5, &[], &x4);
    assert_eq!(predict::<Deep>(&parameters, &buffers, &x), x5);
}

#[test]
fn gradients_equal_the_layers_by_hand() {
    let (parameters, buffers) = start::<Deep>(1);
    let x = inputs::<Deep>();
    let (p1, rest) = parameters.split_at(16);
    let (p2, rest) = rest.split_at(4);
    let (p3, p5) = rest.split_at(24);
    let rng = || Rng::seed(5);
    let x1 = forward::<Deep1>(p1, &[], &x, rng());
    let x2 = forward::<Affine<U4>>(p2, &buffers, &x1.0, rng());
    let x3 = forward::<Deep3>(p3, &[], &x2.0, rng());
    let x4 = forward::<Deep4>(&[], &[], &x3.0, rng());
    let x5 = forward::<Deep5>(p5, &[], &x4.0, rng());
    let g5 = backward::<Deep5>(p5, &x4.0, &x5, weights(x5.0.len()));
    let g4 = backward::<Deep4>(&[], &x3.0, &x4, g5.input);
    let g3 = backward::<Deep3>(p3, &x2.0, &x3, g4.input);
    let g2 = backward::<Affine<U4>>(p2, &x1.0, &x2, g3.input);
    let g1 = backward::<Deep1>(p1, &x, &x1, g2.input);

    let (output, gradients) = train::<Deep>(&parameters, &buffers, &x);
    assert_eq!(output, x5.0);
    assert_eq!(gradients.input, g1.input);
    let by_hand = [g1.parameters, g2.parameters, g3.parameters, g5.parameters].concat();
    assert_eq!(gradients.parameters, by_hand);
}

#[test]
fn without_its_head_a_model_gives_logits() {
    let (parameters, buffers) = start::<Deep>(1);
    let x = inputs::<Deep>();
    let mut logits = predict::<Headless<Deep>>(&parameters, &buffers, &x);
    let probabilities = predict::<Deep>(&parameters, &buffers, &x);
    assert_ne!(logits, probabilities);
    for row in logits.chunks_mut(2) {
        let sum: f32 = row.iter().map(|x| x.exp()).sum();
        row.iter_mut().for_each(|x| *x = x.exp() / sum);
    }
    for (a, b) in logits.iter().zip(&probabilities) {
        // Three roundings more on each side than the kernel, each at most one part in 2²⁴ of a value below one.
        assert!((a - b).abs() <= 6.0 * f32::EPSILON, "{a} {b}");
    }
    let (trained, _) = train::<Headless<Deep>>(&parameters, &buffers, &x);
    assert_eq!(trained, predict::<Headless<Deep>>(&parameters, &buffers, &x));
}

model! { Flat < Dense(3 => 4, relu), Dense(4 => 5, tanh), Affine<U5>(5 => 5), Dense(5 => 2, sigmoid) > }
model! { Inner < Dense(4 => 5, tanh), Affine<U5>(5 => 5) > }
model! { Nested < Dense(3 => 4, relu), Inner(4 => 5), Dense(5 => 2, sigmoid) > }

#[test]
fn a_nested_model_equals_the_flat_one() {
    let (parameters, buffers) = start::<Flat>(3);
    let x = inputs::<Flat>();
    assert_eq!(predict::<Flat>(&parameters, &buffers, &x), predict::<Nested>(&parameters, &buffers, &x),);
    let (flat, nested) =
        (train::<Flat>(&parameters, &buffers, &x), train::<Nested>(&parameters, &buffers, &x));
    assert_eq!(flat.0, nested.0);
    assert_eq!(flat.1.input, nested.1.input);
    assert_eq!(flat.1.parameters, nested.1.parameters);
}

#[test]
fn tables_and_constants_agree() {
    assert_eq!(Deep::PARAMETER_COUNT, 16 + 4 + 24 + 14);
    assert_eq!(Deep::BLOCK_LEN, Deep::PARAMETER_COUNT + 4);
    let sum: usize = Deep::LAYERS.iter().map(|layer| layer.parameter_count()).sum();
    assert_eq!(Deep::PARAMETER_COUNT, sum);
    assert_eq!(Deep::FLOPS, Deep::LAYERS.iter().map(|layer| layer.info.flops).sum::<u64>());
    // Outputs 4 + 4 + 6 + 6 + 2, the arguments of gelu 4, what `Affine` keeps and its scratch.
    assert_eq!(Deep::ACTIVATION_BYTES, 4 * (22 + 4 + 5 + 8));
    let names: Vec<&str> = Deep::LAYERS.iter().map(|layer| layer.name).collect();
    assert_eq!(names, ["dense_1", "affine_1", "wide", "activation_1", "logits"]);
    assert_eq!(Deep::NAME, "Deep");
    assert_eq!(size_of::<Deep>() % 64, 0);
    assert_eq!(align_of::<Deep>(), 64);
    assert_eq!(format!("{:?}", Deep::from_block([0.0; 62])), "Deep { parameters: 58, .. }");
}

#[test]
fn layers_start_from_streams_of_their_own() {
    let (parameters, buffers) = start::<Deep>(8);
    let mut affine = ([0.0; 4], [0.0; 4]);
    Affine::<U4>::initialize(&mut affine.0, &mut affine.1, Rng::seed(8).fork(1));
    assert_eq!((&parameters[16..20], buffers.as_slice()), (affine.0.as_slice(), affine.1.as_slice()));
    let mut logits = [0.0; 14];
    // The activation before it has no numbers, so this is the fourth.
    <Deep5 as Layer>::initialize(&mut logits, &mut [], Rng::seed(8).fork(3));
    assert_eq!(parameters[44..], logits);
}

#[test]
fn views_see_the_block() {
    let mut model = Deep::from_block(core::array::from_fn(|i| i as f32));
    assert_eq!(model.dense_1().weight()[1], [4.0, 5.0, 6.0, 7.0]);
    assert_eq!(model.dense_1().bias(), Some(&[12.0, 13.0, 14.0, 15.0]));
    assert_eq!(model.affine_1(), [16.0, 17.0, 18.0, 19.0]);
    assert_eq!(model.wide().weight()[0][0], 20.0);
    assert_eq!(model.wide().bias(), None);
    assert_eq!(model.logits().bias(), Some(&[56.0, 57.0]));
    model.logits_mut().weight()[5][1] = -1.0;
    model.affine_1_mut()[0] = -2.0;
    assert_eq!((model.block()[55], model.block()[16]), (-1.0, -2.0));
    assert_eq!(model.block().len(), 62);
}

#[test]
fn a_sample_is_an_array() {
    let (parameters, buffers) = start::<Deep>(2);
    let block: Vec<f32> = parameters.iter().chain(&buffers).copied().collect();
    let model = Deep::from_block(block.try_into().unwrap());
    let x = inputs::<Deep>();
    let all = predict::<Deep>(&parameters, &buffers, &x);
    let one: [f32; 2] = model.predict(x[3..6].try_into().unwrap());
    assert_eq!(one, all[2..4]);
}

model! { Image < Input(2, 3), Flatten, Dense(_ => 4, relu), Flatten, Dropout(0.5), Dense(4 => 2) > }

#[test]
fn layers_that_only_reshape_cost_nothing() {
    assert_eq!(Image::PREDICT_SCRATCH, 4);
    assert_eq!(Image::MEMORY.kept.per_sample, 4 + 4 + 4, "two outputs and the factors of dropout");
    assert_eq!(Image::LAYERS.len(), 5);
    assert_eq!(Image::LAYERS[0].inputs[0].shape, [2, 3]);
    let model = Image::from_block([0.5; 38]);
    // Each hidden value is 0.5·(0 + 1 + … + 5) + 0.5 = 8, each output 0.5·4·8 + 0.5.
    assert_eq!(model.predict(&[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]), [16.5; 2]);
}

#[test]
fn dropout_works_in_training_alone() {
    let (parameters, _) = start::<Image>(4);
    let x = inputs::<Image>();
    let predicted = predict::<Image>(&parameters, &[], &x);
    let (trained, kept) = forward::<Image>(&parameters, &[], &x, Rng::seed(5));
    assert_ne!(predicted, trained);
    let (same, _) = forward::<Image>(&parameters, &[], &x, Rng::seed(5));
    assert_eq!(trained, same);
    // Dropout is the first layer that draws: its factors come from stream 0 below the step's.
    let by_hand = forward::<typenet::layers::Dropout<(U4,), typenet::layers::dropout::Fraction<1, 2>>>(
        &[],
        &[],
        &kept[..12],
        Rng::seed(5).fork(0),
    );
    assert_eq!(kept[12..24], by_hand.0);
}

model! { Noisy < Input(3), Dropout(0.5), Activation(tanh), Dense(3 => 2) > }

#[test]
fn nobody_computes_a_gradient_that_nobody_needs() {
    let (parameters, _) = start::<Noisy>(4);
    let x = inputs::<Noisy>();
    let (output, kept) = forward::<Noisy>(&parameters, &[], &x, Rng::seed(5));
    let run = |grad_input: Option<&mut [f32]>| {
        let mut grad_parameters = vec![f32::NAN; parameters.len()];
        let mut scratch = vec![f32::NAN; Noisy::MEMORY.backward.of(BATCH, 1)];
        Noisy::backward(Backward {
            batch: BATCH,
            parameters: &parameters,
            input: &x,
            output: &output,
            kept: &kept,
            grad_output: &mut weights(output.len()),
            grad_input,
            grad_parameters: &mut grad_parameters,
            scratch: &mut scratch,
        });
        (grad_parameters, scratch)
    };
    let (without, scratch) = run(None);
    assert!(scratch.iter().all(|value| value.is_nan()), "the scratch was written");
    let mut grad_input = vec![f32::NAN; x.len()];
    let (with, _) = run(Some(&mut grad_input));
    assert_eq!(with, without);
    assert!(grad_input.iter().all(|value| value.is_finite()));
}

model! { Encoder < Dense(3 => 4), Dropout(0.5) > }
model! { OnlyFlatten < Input(2, 3), Flatten > }
model! { TwoFlattens < Input(2, 3), Flatten, Flatten > }
model! { EndsFlat < Input(2, 3), Activation(relu), Flatten > }
model! { OneLayer < Dense(3 => 2) > }

#[test]
fn models_may_end_with_layers_without_effect() {
    let encoder = Encoder::from_block([0.25; 16]);
    assert_eq!(encoder.predict(&[1.0, 2.0, 1.0]), [1.25; 4]);
    let zero = [0.0_f32; 0];
    let image = [[0.0, -1.0, 2.0], [-3.0, 4.0, 5.0]];
    assert_eq!(OnlyFlatten::from_block(zero).predict(&image), [0.0, -1.0, 2.0, -3.0, 4.0, 5.0]);
    assert_eq!(TwoFlattens::from_block(zero).predict(&image), [0.0, -1.0, 2.0, -3.0, 4.0, 5.0]);
    assert_eq!(EndsFlat::from_block(zero).predict(&image), [0.0, 0.0, 2.0, 0.0, 4.0, 5.0]);
    assert_eq!(OneLayer::from_block([1.0; 8]).predict(&[1.0, 1.0, 1.0]), [4.0; 2]);
    let (_, gradients) = train::<TwoFlattens>(&[], &[], &inputs::<TwoFlattens>());
    assert_eq!(gradients.input, weights(18));
}

type Hidden = U6;
/// 1,600 is none of the numbers that typenum has a name for.
type Large = typenet::typenum::Prod<typenet::typenum::U40, typenet::typenum::U40>;

model! {
    Typed <
        Input(2, Three),
        Flatten,
        Dense(Hidden => 1600, bias = false, init = glorot_uniform),
        Dense(Large => typenet::typenum::U4, activation = relu),
        Dense(_ => 65536),
        Dense(65536 => 1),
    >
}
type Three = U3;

#[test]
fn sizes_are_literals_or_types() {
    assert_eq!(Typed::PARAMETER_COUNT, 6 * 1600 + 1600 * 4 + 4 + 5 * 65536 + 65537);
    assert_eq!(<Typed as Model>::Sample::default(), [[0.0; 3]; 2]);
    assert_eq!(Typed::LAYERS[1].outputs[0].shape, [1600]);
}

model! {
    Ten <
        Dense(2 => 3, linear), Dense(_ => 3, leaky_relu), Dense(_ => 3, elu), Dense(_ => 3, selu),
        Dense(_ => 3, gelu_tanh), Dense(_ => 3, swish), Dense(_ => 3, hard_sigmoid), Dense(_ => 3, softsign),
        Dense(_ => 3, relu), Dense(_ => 3, log_softmax)
    >
}

#[test]
fn ten_layers_share_two_areas() {
    assert_eq!((Ten::PREDICT_SCRATCH, Ten::MEMORY.backward.per_sample), (6, 6));
    let (parameters, buffers) = start::<Ten>(6);
    let x = inputs::<Ten>();
    let (output, gradients) = train::<Ten>(&parameters, &buffers, &x);
    assert_eq!(output, predict::<Ten>(&parameters, &buffers, &x));
    assert!(gradients.parameters.iter().chain(&gradients.input).all(|value| value.is_finite()));
}

model! { Tiny < Dense(2 => 1) > }

#[test]
fn a_model_is_made_of_a_file_in_a_constant() {
    const FILE: &[u8] = b"\x88\0\0\0\0\0\0\0\
        {\"dense_1.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},\
        \"dense_1.weight\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]}}  \
        \0\0\x80\x3f\0\0\0\x40\0\0\x40\x40";
    static TINY: Tiny = Tiny::__embed(FILE);
    assert_eq!(TINY.block(), [1.0, 2.0, 3.0]);
    assert_eq!(TINY.predict(&[1.0, 1.0]), [6.0]);
}

model! {
    FromOutside < other_crate::Image((2, 3) => 2), back: Dense(_ => 3), other_crate::Encoder(3 => other_crate::Hidden) >
}

#[test]
fn a_model_of_another_crate_is_a_layer() {
    assert_eq!(FromOutside::PARAMETER_COUNT, 6 * 3 + 3 + 16 + 10 + 9 + 16);
    assert_eq!(FromOutside::LAYERS[0].name, "image_1");
    assert_eq!(other_crate::PRIVATE, 4);
    let model = other_crate::Image::from_block([0.0; 47]);
    assert_eq!(model.predict(&[[1.0; 3]; 2]), [0.5; 2]);
    assert_eq!(model.first().weight(), &[[0.0; 3]; 6]);
}

#[test]
fn a_model_is_declared_wherever_an_item_may_stand() {
    model! { Local < Dense(2 => 1) > }
    struct Unused;
    model! { Other < Local(2 => 1), Dense(_ => 1) > }
    let _ = Unused;
    assert_eq!(Other::PARAMETER_COUNT, 5);
}

mod attributes {
    #![deny(missing_docs, dead_code)]

    typenet::model! {
        #[derive(Clone, Debug)]
        #[must_use]
        pub(super) Copied < Dense(2 => 1) >
    }
    typenet::model! {
        #[cfg(any())]
        pub Absent < Missing(2 => 1) >
    }
    typenet::model! {
        #[cfg(all())]
        pub(in crate::attributes) Present < Dense(2 => 1) >
    }
    pub(super) const PRESENT: usize = Present::PARAMETER_COUNT;
}

#[test]
fn attributes_hold_for_the_whole_model() {
    let model = attributes::Copied::from_block([1.0, 2.0, 3.0]);
    assert_eq!(model.clone().predict(&[1.0, 1.0]), [6.0]);
    assert_eq!(format!("{model:?}"), "Copied { block: [1.0, 2.0, 3.0] }");
    assert_eq!(attributes::PRESENT, 3);
}

/// A user who gives their own items every name that the expansion could mean.
#[allow(dead_code, non_camel_case_types, unreachable_pub, unused_macros)]
mod shadowed {

    pub struct f32;
    pub struct usize;
    pub struct u64;
    pub struct bool;
    pub struct str;
    pub struct Option;
    pub struct Some;
    pub struct None;
    pub struct Box;
    pub struct Self_;
    pub struct Dense;
    pub struct Layer;
    pub struct Predict;
    pub struct Forward;
    pub struct Backward;
    pub struct Headless;
    pub struct Rng;
    pub struct Unsigned;
    pub struct Unknown;
    pub struct Linear;
    pub struct Relu;
    pub struct U3;
    pub struct Debug;
    pub struct Joint;
    pub trait Select {}
    pub trait Zeroable {}
    pub mod core {}
    pub mod std {}
    pub mod alloc {}
    pub mod typenet {}
    pub mod typenum {}
    pub mod joints {
        ::typenet::model! { pub Knee < Dense(4 => 3) > }
    }
    pub mod diagnostic {}
    pub fn max() {}
    pub fn output_len() {}
    pub const ENDS: () = ();
    pub const HIDDEN_SIZE: () = ();
    macro_rules! assert {
        () => {};
    }
    pub type Dense1 = ::typenet::layers::Dense<::typenet::typenum::U3, ::typenet::typenum::U4>;
    pub type Hidden = ::typenet::typenum::U4;
    pub type WrittenHidden = ();

    ::typenet::model! {
        pub Model < Dense1(3 => 4), Dense(Hidden => 4, relu), joints::Knee(4 => 3), scratch: Dense(3 => 4), even: Dense(4 => 2) >
    }
    ::typenet::model! {
        pub Predict1 < pass: Dense(3 => 2), pass_output: Dense(2 => 3), output: Dense(3 => 1), grad: Dense(_ => 1) >
    }
    pub mod layer {
        ::typenet::model! { pub Layer < Dense(3 => 2), Flatten > }
        ::typenet::model! { pub Some < Layer(3 => 2) > }
    }
}

/// Without names of a prelude. Joints need one, `diagnostic`.
#[no_implicit_prelude]
mod bare {
    ::typenet::model! { pub Bare < Dense(3 => 2, relu) > }
}

#[test]
fn a_model_without_joints_needs_no_prelude() {
    assert_eq!(bare::Bare::from_block([1.0; 8]).predict(&[1.0; 3]), [4.0; 2]);
}

model! {
    #[cfg_attr(all(), derive(Debug), cfg_attr(all(), derive(Clone)))]
    pub DerivesDebug < Dense(1 => 1) >
}
model! {
    #[cfg_attr(any(), derive(Debug))]
    #[cfg_attr(any(), cfg(any()))]
    pub DerivesNothing < Dense(1 => 1) >
}
model! {
    #[cfg_attr(all(), cfg(any()))]
    pub IsNotThere < Dense(1 => 1) >
}

#[test]
fn attributes_under_a_condition_are_seen() {
    let derived = format!("{:?}", DerivesDebug::from_block([1.0; 2]).clone());
    assert_eq!(derived, "DerivesDebug { block: [1.0, 1.0] }");
    assert_eq!(format!("{:?}", DerivesNothing::from_block([1.0; 2])), "DerivesNothing { parameters: 2, .. }");
}

const WIDTH: usize = 1600;
struct Config;
impl Config {
    const CLASSES: usize = 3;
}
model! {
    pub Constants < Dense({ 1 + 1 } => WIDTH, relu), Dense(WIDTH => Config::CLASSES) >
}

#[test]
fn constants_are_sizes_like_numbers() {
    model! { Literals < Dense(2 => 1600, relu), Dense(1600 => 3) > }
    let (constants, literals) = (Constants::new(5), Literals::new(5));
    assert!(constants.block() == literals.block());
    assert_eq!(constants.predict(&[0.5, -1.0]), literals.predict(&[0.5, -1.0]));
    assert_eq!(Constants::LAYERS, Literals::LAYERS);
}

#[test]
fn a_user_may_shadow_every_name() {
    assert_eq!(shadowed::Model::PARAMETER_COUNT, 16 + 20 + 15 + 16 + 10);
    assert_eq!(shadowed::layer::Some::from_block([1.0; 8]).predict(&[1.0; 3]), [4.0; 2]);
    let (parameters, buffers) = start::<shadowed::Predict1>(1);
    let x = inputs::<shadowed::Predict1>();
    let (p1, rest) = parameters.split_at(8);
    let (p2, rest) = rest.split_at(9);
    let (p3, p4) = rest.split_at(4);
    let x1 = predict::<Dense<U3, U2>>(p1, &[], &x);
    let x2 = predict::<Dense<U2, U3>>(p2, &[], &x1);
    let x3 = predict::<Dense<U3, typenet::typenum::U1>>(p3, &[], &x2);
    let x4 = predict::<Dense<typenet::typenum::U1, typenet::typenum::U1>>(p4, &[], &x3);
    assert_eq!(predict::<shadowed::Predict1>(&parameters, &buffers, &x), x4);
}

#[test]
fn a_model_is_a_layer_with_a_head() {
    fn head<M: Layer>() -> &'static str {
        <M::Head as typenet::layers::Activation>::NAME
    }
    assert_eq!(head::<Deep>(), "softmax");
    assert_eq!(head::<Encoder>(), "linear");
    assert_eq!(head::<EndsFlat>(), "relu");
    let _ = PhantomData::<Dense<U5, U5, Relu>>;
}

model! {
    Chosen <
        Dense(30 => 20, tanh, init = random_normal(mean = 3.0, stddev = 0.25), bias_init = constant(-0.5)),
        Dense(_ => 20, init = random_uniform(minval = 1.0, maxval = 2.0), bias_init = random_normal(stddev = 0.5)),
        Dense(_ => 20, init = truncated_normal(stddev = 0.125)),
    >
}
model! { WithoutBiasInit < Dense(30 => 20, tanh, init = random_normal(mean = 3.0, stddev = 0.25)) > }

#[test]
fn initializers_start_with_the_numbers_that_are_declared() {
    /// Mean and standard deviation.
    fn moments(values: &[f32]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        (mean, (values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n).sqrt())
    }
    let model = Chosen::new(1);
    let (first, second, third) = (model.dense_1(), model.dense_2(), model.dense_3());

    let (mean, deviation) = moments(first.weight().as_flattened());
    assert!((mean - 3.0).abs() < 0.05 && (deviation - 0.25).abs() < 0.03, "{mean} {deviation}");
    assert_eq!(first.bias(), Some(&[-0.5; 20]));

    let uniform = second.weight().as_flattened();
    assert!(uniform.iter().all(|x| (1.0..=2.0).contains(x)));
    assert!(uniform.iter().any(|&x| x < 1.05) && uniform.iter().any(|&x| x > 1.95));
    let (mean, deviation) = moments(second.bias().expect("a bias"));
    assert!(mean.abs() < 0.5 && (0.2..0.8).contains(&deviation), "{mean} {deviation}");

    let cut = third.weight().as_flattened();
    assert!(cut.iter().all(|x| x.abs() <= 0.25) && cut.iter().any(|x| x.abs() > 0.2));
    assert_eq!(third.bias(), Some(&[0.0; 20]));

    // The bias is drawn behind the weight, which starts the same with any.
    assert_eq!(WithoutBiasInit::new(1).dense_1().weight(), first.weight());
}
