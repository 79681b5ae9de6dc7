//! What `model!` expands to, written by hand: the contract between the macro and the runtime.
//!
//! `pub Mlp < Dense(3 => 4, relu), Dense(4 => 2, softmax) >`

use typenet_runtime::kernels::{Rng, Simd};
use typenet_runtime::layers::activation::{Relu, Softmax};
use typenet_runtime::layers::model::{AllOn, EachByItself, Route};
use typenet_runtime::layers::{
    Backward, Dense, Forward, Layer, Model, Predict, Step, buffer_count, input_len, output_len,
    parameter_count,
};
use typenet_runtime::schema::LayerInfo;
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
    const KIND: &'static str = "Mlp";
    const LAYERS: &'static [LayerInfo] =
        &[LayerInfo::of::<Dense1>("dense_1"), LayerInfo::of::<Dense2>("dense_2")];
    const CACHE: usize = <Dense1 as Layer>::CACHE + output_len::<Dense1>() + <Dense2 as Layer>::CACHE;
    const PREDICT_SCRATCH: usize = output_len::<Dense1>();
    const BACKWARD_SCRATCH: usize = output_len::<Dense1>();
    const FLOPS: u64 = <Dense1 as Layer>::FLOPS + <Dense2 as Layer>::FLOPS;

    fn initialize(parameters: &mut [f32], _: &mut [f32], rng: Rng) {
        let (dense_1, dense_2) = parameters.split_at_mut(parameter_count::<f32, Dense1>());
        Dense1::initialize(dense_1, &mut [], rng.fork(0));
        Dense2::initialize(dense_2, &mut [], rng.fork(1));
    }

    fn predict(pass: Predict<'_, f32>) {
        Self::predict_with::<<Self as Model>::Last, _>(EachByItself, pass);
    }

    #[inline(always)]
    fn predict_on<S: Simd>(simd: S, pass: Predict<'_, f32>) {
        Self::predict_with::<<Self as Model>::Last, _>(AllOn(simd), pass);
    }

    fn forward(pass: Forward<'_, f32>) {
        Self::forward_with::<<Self as Model>::Last>(pass);
    }

    fn backward(pass: Backward<'_, f32>) {
        Self::backward_with::<<Self as Model>::Last>(pass);
    }

    fn step(pass: Step<'_, f32>) {
        Self::step_with::<<Self as Model>::Last>(pass);
    }
}

impl Model for Mlp {
    type Sample = [f32; 3];
    type Prediction = [f32; 2];
    const NAME: &'static str = "Mlp";
    type Last = Dense2;

    fn block(&self) -> &[f32] {
        &self.block
    }

    fn block_mut(&mut self) -> &mut [f32] {
        &mut self.block
    }

    #[inline(always)]
    fn predict_with<Last: Layer, R: Route>(route: R, pass: Predict<'_, f32>) {
        let (dense_1_parameters, dense_2_parameters) =
            pass.parameters.split_at(parameter_count::<f32, Dense1>());
        let (dense_1, _) = pass.scratch.split_at_mut(pass.batch * output_len::<Dense1>());
        route.layer::<Dense1>(Predict {
            batch: pass.batch,
            parameters: dense_1_parameters,
            buffers: &[],
            input: pass.input,
            output: &mut *dense_1,
            scratch: &mut [],
        });
        route.layer::<Last>(Predict {
            batch: pass.batch,
            parameters: dense_2_parameters,
            buffers: &[],
            input: dense_1,
            output: pass.output,
            scratch: &mut [],
        });
    }

    #[inline(always)]
    fn predict_one<R: Route>(&self, route: R, sample: &[f32; 3], prediction: &mut [f32; 2]) {
        let (parameters, buffers) = self.block.split_at(parameter_count::<f32, Self>());
        Self::predict_with::<<Self as Model>::Last, R>(
            route,
            Predict {
                batch: 1,
                parameters,
                buffers,
                input: sample,
                output: prediction,
                scratch: &mut [0.0; Self::PREDICT_SCRATCH],
            },
        );
    }

    fn forward_with<Last: Layer>(pass: Forward<'_, f32>) {
        let (dense_1_parameters, dense_2_parameters) =
            pass.parameters.split_at(parameter_count::<f32, Dense1>());
        let (dense_1, cache) = pass.cache.split_at_mut(pass.batch * output_len::<Dense1>());
        let (dense_1_cache, cache) = cache.split_at_mut(pass.batch * <Dense1 as Layer>::CACHE);
        let (dense_2_cache, _) = cache.split_at_mut(pass.batch * Last::CACHE);
        <Dense1 as Layer>::forward(Forward {
            batch: pass.batch,
            parameters: dense_1_parameters,
            buffers: &mut [],
            input: pass.input,
            output: &mut *dense_1,
            cache: dense_1_cache,
            rng: pass.rng.fork(0),
        });
        Last::forward(Forward {
            batch: pass.batch,
            parameters: dense_2_parameters,
            buffers: &mut [],
            input: dense_1,
            output: pass.output,
            cache: dense_2_cache,
            rng: pass.rng.fork(1),
        });
    }

    fn backward_with<Last: Layer>(pass: Backward<'_, f32>) {
        let (dense_1_parameters, dense_2_parameters) =
            pass.parameters.split_at(parameter_count::<f32, Dense1>());
        let (grad_dense_1_parameters, grad_dense_2_parameters) =
            pass.grad_parameters.split_at_mut(parameter_count::<f32, Dense1>());
        let (dense_1, cache) = pass.cache.split_at(pass.batch * output_len::<Dense1>());
        let (dense_1_cache, cache) = cache.split_at(pass.batch * <Dense1 as Layer>::CACHE);
        let (dense_2_cache, _) = cache.split_at(pass.batch * Last::CACHE);
        let (grad_dense_1, _) = pass.scratch.split_at_mut(pass.batch * output_len::<Dense1>());
        Last::backward(Backward {
            batch: pass.batch,
            parameters: dense_2_parameters,
            input: dense_1,
            output: pass.output,
            cache: dense_2_cache,
            grad_output: pass.grad_output,
            grad_input: Some(&mut *grad_dense_1),
            grad_parameters: grad_dense_2_parameters,
            scratch: &mut [],
        });
        <Dense1 as Layer>::backward(Backward {
            batch: pass.batch,
            parameters: dense_1_parameters,
            input: pass.input,
            output: dense_1,
            cache: dense_1_cache,
            grad_output: grad_dense_1,
            grad_input: pass.grad_input,
            grad_parameters: grad_dense_1_parameters,
            scratch: &mut [],
        });
    }

    fn step_with<Last: Layer>(pass: Step<'_, f32>) {
        let (dense_1_trained, dense_2_trained) = pass.trained.split_at(parameter_count::<f32, Dense1>());
        let (dense_1, cache) = pass.cache.split_at(pass.batch * output_len::<Dense1>());
        let (dense_1_cache, cache) = cache.split_at(pass.batch * <Dense1 as Layer>::CACHE);
        let (dense_2_cache, _) = cache.split_at(pass.batch * Last::CACHE);
        let (grad_dense_1, _) = pass.scratch.split_at_mut(pass.batch * output_len::<Dense1>());
        Last::step(Step {
            batch: pass.batch,
            trained: dense_2_trained,
            input: dense_1,
            output: pass.output,
            cache: dense_2_cache,
            grad_output: pass.grad_output,
            grad_input: Some(&mut *grad_dense_1),
            scratch: &mut [],
        });
        <Dense1 as Layer>::step(Step {
            batch: pass.batch,
            trained: dense_1_trained,
            input: pass.input,
            output: dense_1,
            cache: dense_1_cache,
            grad_output: grad_dense_1,
            grad_input: pass.grad_input,
            scratch: &mut [],
        });
    }
}

#[test]
fn block_holds_every_parameter() {
    assert_eq!(parameter_count::<f32, Mlp>(), 26);
    assert_eq!(buffer_count::<f32, Mlp>(), 0);
    assert_eq!((input_len::<Mlp>(), output_len::<Mlp>()), (3, 2));
    assert_eq!(size_of::<Mlp>(), 128);
}

#[test]
fn predict_equals_forward() {
    let mut block = [0.0; 26];
    Mlp::initialize(&mut block, &mut [], Rng::seed(1));
    let input = [0.5, -1.0, 2.0, 1.0, 0.0, -0.5];
    let (mut predicted, mut output) = ([0.0; 4], [0.0; 4]);
    <Mlp as Layer>::predict(Predict {
        batch: 2,
        parameters: &block,
        buffers: &[],
        input: &input,
        output: &mut predicted,
        scratch: &mut [0.0; 8],
    });
    Mlp::forward(Forward {
        batch: 2,
        parameters: &block,
        buffers: &mut [],
        input: &input,
        output: &mut output,
        cache: &mut [0.0; 8],
        rng: Rng::seed(2),
    });
    assert_eq!(predicted, output);
}
