//! What `model!` expands to, written by hand: the contract between the macro and the runtime.
//!
//! `pub Mlp < Dense(3 => 4, relu), Dense(4 => 2, softmax) >`

use typenet_runtime::kernels::Rng;
use typenet_runtime::layers::activation::{Relu, Softmax};
use typenet_runtime::layers::check::check_gradient;
use typenet_runtime::layers::graph::{
    BackwardWalk, Computes, ForwardWalk, Graph, Inference, Layers, Node, PredictWalk, StepWalk, Walk, Wire,
};
use typenet_runtime::layers::model::{Ending, Passes, Route, WithHead};
use typenet_runtime::layers::{
    Backend, Backward, Cpu, Dense, Forward, Layer, Memory, Model, Port, Predict, Run, Step, buffer_count,
    input_len, output_len, parameter_count,
};
use typenet_runtime::schema::{Info, LayerInfo, One};
use typenet_runtime::typenum::{U2, U3, U4};

type Dense1 = Dense<U3, U4, Relu>;
type Dense2 = Dense<U4, U2, Softmax>;

#[repr(C, align(64))]
/// Three numbers to two classes.
pub struct Mlp {
    block: [f32; 26],
}

// SAFETY: `Mlp` is an array of `f32`, for which all bits zero is a value.
unsafe impl typenet_runtime::bytemuck::Zeroable for Mlp {}

impl Layer for Mlp {
    type Input = <Dense1 as Layer>::Input;
    type Output = <Dense2 as Layer>::Output;
    type Head = <Dense2 as Layer>::Head;
    type Body = typenet_runtime::layers::Headless<Self>;
    const INFO: Info =
        Info::model("Mlp", &[LayerInfo::of::<Dense1>("dense_1"), LayerInfo::of::<Dense2>("dense_2")]);
    const MEMORY: Memory = GRAPH.memory;

    fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
        INFERENCE.initialize::<Dense1>(0, parameters, buffers, &rng);
        INFERENCE.initialize::<Dense2>(1, parameters, buffers, &rng);
    }
}

/// Which layer takes which value: the inputs come first, then what each layer gives.
const INFERENCE: &Inference<2, 3> = &Inference::new(
    <Mlp as Layer>::Input::PARTS,
    [Wire::of::<Dense1>(&[0], Computes::Always), Wire::of::<Dense2>(&[1], Computes::Always)],
    &[2],
);
const GRAPH: &Graph<2, 3, 5> = &Graph::new(INFERENCE);
const DENSE_1: Node<Dense1, 1, 1> = GRAPH.node(0);
const DENSE_2: Node<Dense2, 1, 1> = GRAPH.node(1);

impl Model for Mlp {
    type Sample = [f32; 3];
    type Prediction = [f32; 2];
    const NAME: &'static str = "Mlp";
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
    fn predict_one<R: Route<Cpu>>(&self, route: R, sample: One<'_, [f32; 3]>, prediction: &mut [f32; 2]) {
        let (parameters, buffers) = self.block.split_at(Self::PARAMETER_COUNT);
        <Self as Passes>::predict_with::<WithHead, R>(
            route,
            Predict {
                batch: 1,
                parameters,
                buffers,
                input: sample,
                output: prediction,
                scratch: &mut [0.0; <Self as Model>::PREDICT_SCRATCH],
            },
        );
    }
}

impl<B: Backend> Layers<B> for Mlp
where
    Dense1: Run<B>,
    Dense2: Run<B>,
    <Dense2 as Layer>::Body: Run<B>,
{
    #[inline(always)]
    fn walk_forward<W: Walk<B>>(walk: &mut W) {
        walk.layer(&DENSE_1);
        walk.output_layer(&DENSE_2);
    }

    #[inline(always)]
    fn walk_backward<W: Walk<B>>(walk: &mut W) {
        walk.output_layer(&DENSE_2);
        walk.layer(&DENSE_1);
    }
}

impl<B: Backend> Passes<B> for Mlp
where
    Mlp: Layers<B>,
{
    #[inline(always)]
    fn predict_with<E: Ending, R: Route<B>>(route: R, pass: Predict<'_, Self, B>) {
        Self::walk_forward(&mut PredictWalk::<B, E, R, 2, 1, 1>::new(route, pass, INFERENCE));
    }

    fn forward_with<E: Ending>(pass: Forward<'_, Self, B>) {
        Self::walk_forward(&mut ForwardWalk::<B, E, 2, 1, 1>::new(pass, GRAPH));
    }

    fn backward_with<E: Ending>(pass: Backward<'_, Self, B>) {
        Self::walk_backward(&mut BackwardWalk::<B, E, 2, 1, 1>::new(pass, GRAPH));
    }

    fn step_with<E: Ending>(pass: Step<'_, Self, B>) {
        Self::walk_backward(&mut StepWalk::<B, E, 2, 1, 1>::new(pass, GRAPH));
    }
}

#[test]
fn block_holds_every_parameter() {
    assert_eq!(parameter_count::<Mlp>(), 26);
    assert_eq!(buffer_count::<Mlp>(), 0);
    assert_eq!((input_len::<Mlp>(), output_len::<Mlp>()), (3, 2));
    assert_eq!(size_of::<Mlp>(), 128);
}

#[test]
fn predict_equals_forward() {
    let mut block = [0.0; 26];
    Mlp::initialize(&mut block, &mut [], Rng::seed(1));
    let input = [0.5, -1.0, 2.0, 1.0, 0.0, -0.5];
    let (mut predicted, mut output) = ([0.0; 4], [0.0; 4]);
    <Mlp as Run>::predict(Predict {
        batch: 2,
        parameters: &block,
        buffers: &[],
        input: &input,
        output: &mut predicted,
        scratch: &mut [0.0; 8],
    });
    <Mlp as Run>::forward(Forward {
        batch: 2,
        parameters: &block,
        buffers: &mut [],
        input: &input,
        output: &mut output,
        kept: &mut [0.0; 8],
        scratch: &mut [],
        rng: Rng::seed(2),
    });
    assert_eq!(predicted, output);
}

#[test]
fn a_model_is_a_layer_whose_gradient_can_be_checked() {
    let report = check_gradient::<Mlp>(4, 1);
    assert_eq!(report.checked + report.kinks, 4 * 3 + 26);
}
