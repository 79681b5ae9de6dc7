/// Digits.
///
/// | layer | kind | samples in | samples out |
/// |---|---|---|---|
/// | `flatten_1` | `Flatten` | (28, Width) | 28·Width |
/// | `dense_1` | `Dense` | 784 | 512 |
/// | `dropout_1` | `Dropout` | 512 | 512 |
/// | `head_1` | `Head` | 512 | 10 |
#[repr(C, align(64))]
pub struct Mlp {
    block: [::typenet::__private::f32; Self::BLOCK_LEN],
}
const _: () = {
    type WrittenWidth = Width;
    type WrittenHead1 = Head;
    const _: () = {
        #[allow(unused_imports)]
        use ::typenet::__private::{
            Aligned, AllOn, Backward, Debug, EachByItself, FmtResult, Formatter, Forward,
            Headless, If, Layer, LayerInfo, Model, None, Otherwise, PartialEq, Predict,
            Probe, Rng, Route, Select, Simd, Some, Step, Unknown, Unsigned, Zeroable,
            bool, buffer_count, embed_block, ends, f32, f64, has_sizes, is_rowwise, max,
            output_len, parameter_count, predict_one, rank, size, str, u64, u8, usize,
        };
        const WIDTH_IS_SIZE: bool = Probe::<WrittenWidth>::IS_SIZE;
        type WidthSize = <If<
            WIDTH_IS_SIZE,
        > as Select<WrittenWidth, ::typenet::typenum::consts::U1>>::Type;
        const WIDTH_SIZE: usize = <WidthSize as Unsigned>::USIZE;
        type Flatten1 = ::typenet::layers::flatten::Flatten<
            (::typenet::typenum::consts::U28, WidthSize),
            ::typenet::typenum::Prod<::typenet::typenum::consts::U28, WidthSize>,
        >;
        type Dense1 = ::typenet::layers::dense::Dense<
            ::typenet::typenum::consts::U784,
            ::typenet::typenum::consts::U512,
            ::typenet::layers::activation::Relu,
            ::typenet::layers::dense::WithBias,
            ::typenet::layers::initializers::GlorotUniform,
        >;
        type Dropout1 = ::typenet::layers::dropout::Dropout<
            (::typenet::typenum::consts::U512,),
            ::typenet::layers::dropout::Fraction<1, 2>,
        >;
        const HEAD_1_IS_LAYER: bool = Probe::<WrittenHead1>::IS_LAYER;
        type Head1 = <If<
            HEAD_1_IS_LAYER,
        > as Select<
            WrittenHead1,
            Unknown<
                (::typenet::typenum::consts::U512,),
                (::typenet::typenum::consts::U10,),
            >,
        >>::Type;
        mod joints {
            #[diagnostic::on_unimplemented(
                message = "`Head` is not a layer: a layer is a type that implements `Layer`, or a `model!`",
                label = "not a layer"
            )]
            pub trait Head1IsLayer<const IS: bool> {
                const HOLDS: () = ();
            }
            impl<Joint: ?Sized> Head1IsLayer<true> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Head(512 => 10)`: 1 size where `Head` takes {GIVES}",
                label = "`Head` takes {GIVES}"
            )]
            pub trait Head1InputRank<const TAKES: usize, const GIVES: usize> {
                const HOLDS: () = ();
            }
            impl<Joint: ?Sized, const N0: usize> Head1InputRank<N0, N0> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Head(512 => 10)`: `Head` takes {GIVES} values",
                label = "`Head` takes {GIVES}"
            )]
            pub trait Head1Input<const TAKES: usize, const GIVES: usize> {
                const HOLDS: () = ();
            }
            impl<Joint: ?Sized, const N0: usize> Head1Input<N0, N0> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Head(512 => 10)`: 1 size where `Head` gives {GIVES}",
                label = "`Head` gives {GIVES}"
            )]
            pub trait Head1OutputRank<const TAKES: usize, const GIVES: usize> {
                const HOLDS: () = ();
            }
            impl<Joint: ?Sized, const N0: usize> Head1OutputRank<N0, N0> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Head(512 => 10)`: `Head` gives {GIVES} values",
                label = "`Head` gives {GIVES}"
            )]
            pub trait Head1Output<const TAKES: usize, const GIVES: usize> {
                const HOLDS: () = ();
            }
            impl<Joint: ?Sized, const N0: usize> Head1Output<N0, N0> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Dense(784 => 512)` takes {TAKES} values, but `Flatten` before it gives {GIVES}",
                label = "{GIVES} values arrive here"
            )]
            pub trait Dense1<const TAKES: usize, const GIVES: usize> {
                const HOLDS: () = ();
            }
            impl<Joint: ?Sized, const N0: usize> Dense1<N0, N0> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Head(512 => 10)` takes {TAKES} values, but `Dense(784 => 512)` before it gives {GIVES}",
                label = "{GIVES} values arrive here"
            )]
            pub trait Head1<const TAKES: usize, const GIVES: usize> {
                const HOLDS: () = ();
            }
            impl<Joint: ?Sized, const N0: usize> Head1<N0, N0> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Width` is not a size: a size is a positive number or a positive typenum type",
                label = "not a size"
            )]
            pub trait WidthSizeIsSize<const IS: bool> {
                const HOLDS: () = ();
            }
            impl<Joint: ?Sized> WidthSizeIsSize<true> for Joint {}
        }
        const HEAD_1_INPUT_RANK_HOLDS: bool = rank::<<Head1 as Layer>::Input>() == 1;
        const HEAD_1_INPUT_HOLDS: bool = has_sizes::<<Head1 as Layer>::Input>(&[512]);
        const HEAD_1_OUTPUT_RANK_HOLDS: bool = rank::<<Head1 as Layer>::Output>() == 1;
        const HEAD_1_OUTPUT_HOLDS: bool = has_sizes::<<Head1 as Layer>::Output>(&[10]);
        #[allow(dead_code, non_upper_case_globals)]
        trait Joints {
            const Head1IsLayer: () = <Self as joints::Head1IsLayer<
                HEAD_1_IS_LAYER,
            >>::HOLDS;
            const Head1InputRank: () = <Self as joints::Head1InputRank<
                1,
                { rank::<<Head1 as Layer>::Input>() },
            >>::HOLDS;
            const Head1Input: () = <Self as joints::Head1Input<
                512,
                {
                    if HEAD_1_INPUT_RANK_HOLDS {
                        size::<<Head1 as Layer>::Input>(0)
                    } else {
                        512
                    }
                },
            >>::HOLDS;
            const Head1OutputRank: () = <Self as joints::Head1OutputRank<
                1,
                { rank::<<Head1 as Layer>::Output>() },
            >>::HOLDS;
            const Head1Output: () = <Self as joints::Head1Output<
                10,
                {
                    if HEAD_1_OUTPUT_RANK_HOLDS {
                        size::<<Head1 as Layer>::Output>(0)
                    } else {
                        10
                    }
                },
            >>::HOLDS;
            const Dense1: () = <Self as joints::Dense1<
                784,
                { if WIDTH_IS_SIZE { 28 * WIDTH_SIZE } else { 784 } },
            >>::HOLDS;
            const Head1: () = <Self as joints::Head1<
                512,
                { if HEAD_1_INPUT_HOLDS { 512 } else { 512 } },
            >>::HOLDS;
            const WidthSizeIsSize: () = <Self as joints::WidthSizeIsSize<
                WIDTH_IS_SIZE,
            >>::HOLDS;
        }
        /// Where the parameters of each layer end in the block.
        #[allow(dead_code)]
        const ENDS: [usize; 2] = ends([
            parameter_count::<f32, Dense1>(),
            parameter_count::<f32, Head1>(),
        ]);
        #[allow(dead_code)]
        impl Mlp {
            /// Number of trainable values.
            pub const PARAMETER_COUNT: usize = parameter_count::<f32, Self>();
            /// Number of values that move without a gradient.
            pub const BUFFER_COUNT: usize = buffer_count::<f32, Self>();
            /// Number of values in the block: the parameters of every layer, then the buffers of every layer.
            pub const BLOCK_LEN: usize = Self::PARAMETER_COUNT + Self::BUFFER_COUNT;
            /// Multiplications and additions per sample in a forward pass.
            pub const FLOPS: u64 = <Self as Layer>::FLOPS;
            /// Bytes per sample that a forward pass in training writes: every layer's output, and what layers keep
            /// for their backward pass.
            pub const ACTIVATION_BYTES: usize = 4
                * (<Self as Layer>::CACHE + output_len::<Self>());
            /// One row for each layer.
            pub const LAYERS: &'static [LayerInfo] = <Self as Layer>::LAYERS;
            /// The model whose numbers these are, in the order of [`Self::LAYERS`].
            pub const fn from_block(block: [f32; Self::BLOCK_LEN]) -> Self {
                Self { block }
            }
            /// The model in the bytes of a safetensors file; what `embed!` calls.
            #[doc(hidden)]
            #[track_caller]
            pub const fn __embed(file: &[u8]) -> Self {
                Self {
                    block: embed_block(
                        file,
                        <Self as Model>::NAME,
                        <Self as Layer>::LAYERS,
                    ),
                }
            }
            /// The model's answer to one sample, by value. Without heap, unless layers in between need more than
            /// `layers::model::STACK_SCRATCH` values: `Model::predict_with_scratch` takes the memory for them and for
            /// the answer from the caller.
            pub fn predict(&self, sample: &[[f32; WIDTH_SIZE]; 28]) -> [f32; 10] {
                let mut prediction = [0.0; 10];
                predict_one(self, sample, &mut prediction);
                prediction
            }
            /// The parameters of layer `dense_1`: `Dense(784 => 512)`.
            pub fn dense_1(&self) -> ::typenet::layers::dense::DenseView<'_, 784, 512> {
                ::typenet::layers::dense::DenseView::new(&self.block[..ENDS[0]])
            }
            /// The parameters of layer `dense_1`, to be changed.
            pub fn dense_1_mut(
                &mut self,
            ) -> ::typenet::layers::dense::DenseViewMut<'_, 784, 512> {
                ::typenet::layers::dense::DenseViewMut::new(&mut self.block[..ENDS[0]])
            }
            /// The parameters of layer `head_1`: `Head(512 => 10)`.
            pub fn head_1(&self) -> &[f32] {
                &self.block[ENDS[0]..ENDS[1]]
            }
            /// The parameters of layer `head_1`, to be changed.
            pub fn head_1_mut(&mut self) -> &mut [f32] {
                &mut self.block[ENDS[0]..ENDS[1]]
            }
        }
        unsafe impl Zeroable for Mlp {}
        impl Debug for Mlp {
            fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
                f.debug_struct("Mlp")
                    .field("parameters", &Self::PARAMETER_COUNT)
                    .finish_non_exhaustive()
            }
        }
        /// Whether all numbers are equal, as numbers: NaN equals nothing, and −0 equals 0.
        impl PartialEq for Mlp {
            fn eq(&self, other: &Self) -> bool {
                self.block == other.block
            }
        }
        impl Layer for Mlp {
            type Input = (::typenet::typenum::consts::U28, WidthSize);
            type Output = (::typenet::typenum::consts::U10,);
            type Head = <Head1 as Layer>::Head;
            type Body = Headless<Self>;
            const KIND: &'static str = "Mlp";
            const LAYERS: &'static [LayerInfo] = &[
                LayerInfo::of::<Flatten1>("flatten_1"),
                LayerInfo::of::<Dense1>("dense_1"),
                LayerInfo::of::<Dropout1>("dropout_1"),
                LayerInfo::of::<Head1>("head_1"),
            ];
            const FLOPS: u64 = <Flatten1 as Layer>::FLOPS + <Dense1 as Layer>::FLOPS
                + <Dropout1 as Layer>::FLOPS + <Head1 as Layer>::FLOPS;
            const CACHE: usize = output_len::<Dense1>() + output_len::<Dropout1>()
                + <Dense1 as Layer>::CACHE + <Dropout1 as Layer>::CACHE
                + <Head1 as Layer>::CACHE;
            const PREDICT_SCRATCH: usize = PREDICT_EVEN + PREDICT_ODD
                + max(
                    &[
                        <Dense1 as Layer>::PREDICT_SCRATCH,
                        <Head1 as Layer>::PREDICT_SCRATCH,
                    ],
                );
            const BACKWARD_SCRATCH: usize = BACKWARD_EVEN + BACKWARD_ODD
                + max(
                    &[
                        <Dense1 as Layer>::BACKWARD_SCRATCH,
                        <Dropout1 as Layer>::BACKWARD_SCRATCH,
                        <Head1 as Layer>::BACKWARD_SCRATCH,
                    ],
                );
            #[allow(unused_variables)]
            fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
                let (dense_1_parameters, head_1_parameters) = parameters
                    .split_at_mut(parameter_count::<f32, Dense1>());
                let head_1_buffers = buffers;
                <Dense1 as Layer>::initialize(dense_1_parameters, &mut [], rng.fork(1));
                <Head1 as Layer>::initialize(
                    head_1_parameters,
                    head_1_buffers,
                    rng.fork(3),
                );
            }
            fn predict(pass: Predict<'_, f32>) {
                <Self as Model>::predict_with::<
                    <Self as Model>::Last,
                    _,
                >(EachByItself, pass);
            }
            #[inline(always)]
            fn predict_on<S: Simd>(simd: S, pass: Predict<'_, f32>) {
                <Self as Model>::predict_with::<
                    <Self as Model>::Last,
                    _,
                >(AllOn(simd), pass);
            }
            fn forward(pass: Forward<'_, f32>) {
                <Self as Model>::forward_with::<<Self as Model>::Last>(pass);
            }
            fn backward(pass: Backward<'_, f32>) {
                <Self as Model>::backward_with::<<Self as Model>::Last>(pass);
            }
            fn step(pass: Step<'_, f32>) {
                <Self as Model>::step_with::<<Self as Model>::Last>(pass);
            }
        }
        /// Values per sample in inference: the largest output of steps 0, 2, …
        const PREDICT_EVEN: usize = output_len::<Dense1>();
        /// Values per sample in inference: the largest output of steps 1, 3, …
        const PREDICT_ODD: usize = 0;
        /// Values per sample in a backward pass: the largest gradient by the output of steps 0, 2, …
        const BACKWARD_EVEN: usize = output_len::<Dense1>();
        /// Values per sample in a backward pass: the largest gradient by the output of steps 1, 3, …
        const BACKWARD_ODD: usize = output_len::<Dropout1>();
        impl Model for Mlp {
            type Sample = [[f32; WIDTH_SIZE]; 28];
            type Prediction = [f32; 10];
            const NAME: &'static str = "Mlp";
            type Last = Head1;
            fn block(&self) -> &[f32] {
                &self.block
            }
            fn block_mut(&mut self) -> &mut [f32] {
                &mut self.block
            }
            #[allow(unused_variables)]
            #[inline(always)]
            fn predict_with<Last: Layer, R: Route>(route: R, pass: Predict<'_, f32>) {
                let (dense_1_parameters, head_1_parameters) = pass
                    .parameters
                    .split_at(parameter_count::<f32, Dense1>());
                let head_1_buffers = pass.buffers;
                let (even, scratch) = pass
                    .scratch
                    .split_at_mut(pass.batch * PREDICT_EVEN);
                let dense_1_output = &mut even[..pass.batch * output_len::<Dense1>()];
                route
                    .layer::<
                        Dense1,
                    >(Predict {
                        batch: pass.batch,
                        parameters: dense_1_parameters,
                        buffers: &[],
                        input: pass.input,
                        output: &mut *dense_1_output,
                        scratch: &mut scratch[..pass.batch
                            * <Dense1 as Layer>::PREDICT_SCRATCH],
                    });
                route
                    .layer::<
                        Last,
                    >(Predict {
                        batch: pass.batch,
                        parameters: head_1_parameters,
                        buffers: head_1_buffers,
                        input: dense_1_output,
                        output: pass.output,
                        scratch: &mut scratch[..pass.batch
                            * <Last as Layer>::PREDICT_SCRATCH],
                    });
            }
            #[inline(always)]
            fn predict_one<R: Route>(
                &self,
                route: R,
                sample: &[[f32; WIDTH_SIZE]; 28],
                prediction: &mut [f32; 10],
            ) {
                let (parameters, buffers) = self.block.split_at(Self::PARAMETER_COUNT);
                <Self as Model>::predict_with::<
                    <Self as Model>::Last,
                    R,
                >(
                    route,
                    Predict {
                        batch: 1,
                        parameters,
                        buffers,
                        input: sample.as_flattened(),
                        output: prediction,
                        scratch: &mut Aligned([0.0; <Self as Layer>::PREDICT_SCRATCH]).0,
                    },
                );
            }
            #[allow(unused_variables)]
            fn forward_with<Last: Layer>(pass: Forward<'_, f32>) {
                let (dense_1_parameters, head_1_parameters) = pass
                    .parameters
                    .split_at(parameter_count::<f32, Dense1>());
                let head_1_buffers = pass.buffers;
                let (dense_1_output, cache) = pass
                    .cache
                    .split_at_mut(pass.batch * output_len::<Dense1>());
                let (dense_1_cache, cache) = cache
                    .split_at_mut(pass.batch * <Dense1 as Layer>::CACHE);
                let (dropout_1_output, cache) = cache
                    .split_at_mut(pass.batch * output_len::<Dropout1>());
                let (dropout_1_cache, cache) = cache
                    .split_at_mut(pass.batch * <Dropout1 as Layer>::CACHE);
                let (head_1_cache, _) = cache
                    .split_at_mut(pass.batch * <Last as Layer>::CACHE);
                <Dense1 as Layer>::forward(Forward {
                    batch: pass.batch,
                    parameters: dense_1_parameters,
                    buffers: &mut [],
                    input: pass.input,
                    output: &mut *dense_1_output,
                    cache: dense_1_cache,
                    rng: pass.rng.fork(1),
                });
                <Dropout1 as Layer>::forward(Forward {
                    batch: pass.batch,
                    parameters: &[],
                    buffers: &mut [],
                    input: dense_1_output,
                    output: &mut *dropout_1_output,
                    cache: dropout_1_cache,
                    rng: pass.rng.fork(2),
                });
                <Last as Layer>::forward(Forward {
                    batch: pass.batch,
                    parameters: head_1_parameters,
                    buffers: head_1_buffers,
                    input: dropout_1_output,
                    output: pass.output,
                    cache: head_1_cache,
                    rng: pass.rng.fork(3),
                });
            }
            #[allow(unused_variables)]
            fn backward_with<Last: Layer>(pass: Backward<'_, f32>) {
                let (dense_1_parameters, head_1_parameters) = pass
                    .parameters
                    .split_at(parameter_count::<f32, Dense1>());
                let (dense_1_parameters_grad, head_1_parameters_grad) = pass
                    .grad_parameters
                    .split_at_mut(parameter_count::<f32, Dense1>());
                let (dense_1_output, cache) = pass
                    .cache
                    .split_at(pass.batch * output_len::<Dense1>());
                let (dense_1_cache, cache) = cache
                    .split_at(pass.batch * <Dense1 as Layer>::CACHE);
                let (dropout_1_output, cache) = cache
                    .split_at(pass.batch * output_len::<Dropout1>());
                let (dropout_1_cache, cache) = cache
                    .split_at(pass.batch * <Dropout1 as Layer>::CACHE);
                let (head_1_cache, _) = cache
                    .split_at(pass.batch * <Last as Layer>::CACHE);
                let (even, scratch) = pass
                    .scratch
                    .split_at_mut(pass.batch * BACKWARD_EVEN);
                let (odd, scratch) = scratch.split_at_mut(pass.batch * BACKWARD_ODD);
                let dropout_1_output_grad = &mut odd[..pass.batch
                    * output_len::<Dropout1>()];
                <Last as Layer>::backward(Backward {
                    parameters: head_1_parameters,
                    grad_parameters: head_1_parameters_grad,
                    batch: pass.batch,
                    input: dropout_1_output,
                    output: pass.output,
                    cache: head_1_cache,
                    grad_output: pass.grad_output,
                    grad_input: Some(&mut *dropout_1_output_grad),
                    scratch: &mut scratch[..pass.batch
                        * <Last as Layer>::BACKWARD_SCRATCH],
                });
                let dense_1_output_grad = &mut even[..pass.batch
                    * output_len::<Dense1>()];
                <Dropout1 as Layer>::backward(Backward {
                    parameters: &[],
                    grad_parameters: &mut [],
                    batch: pass.batch,
                    input: dense_1_output,
                    output: dropout_1_output,
                    cache: dropout_1_cache,
                    grad_output: dropout_1_output_grad,
                    grad_input: Some(&mut *dense_1_output_grad),
                    scratch: &mut scratch[..pass.batch
                        * <Dropout1 as Layer>::BACKWARD_SCRATCH],
                });
                <Dense1 as Layer>::backward(Backward {
                    parameters: dense_1_parameters,
                    grad_parameters: dense_1_parameters_grad,
                    batch: pass.batch,
                    input: pass.input,
                    output: dense_1_output,
                    cache: dense_1_cache,
                    grad_output: dense_1_output_grad,
                    grad_input: pass.grad_input,
                    scratch: &mut scratch[..pass.batch
                        * <Dense1 as Layer>::BACKWARD_SCRATCH],
                });
            }
            #[allow(unused_variables)]
            fn step_with<Last: Layer>(pass: Step<'_, f32>) {
                let (dense_1_trained, head_1_trained) = pass
                    .trained
                    .split_at(parameter_count::<f32, Dense1>());
                let (dense_1_output, cache) = pass
                    .cache
                    .split_at(pass.batch * output_len::<Dense1>());
                let (dense_1_cache, cache) = cache
                    .split_at(pass.batch * <Dense1 as Layer>::CACHE);
                let (dropout_1_output, cache) = cache
                    .split_at(pass.batch * output_len::<Dropout1>());
                let (dropout_1_cache, cache) = cache
                    .split_at(pass.batch * <Dropout1 as Layer>::CACHE);
                let (head_1_cache, _) = cache
                    .split_at(pass.batch * <Last as Layer>::CACHE);
                let (even, scratch) = pass
                    .scratch
                    .split_at_mut(pass.batch * BACKWARD_EVEN);
                let (odd, scratch) = scratch.split_at_mut(pass.batch * BACKWARD_ODD);
                let dropout_1_output_grad = &mut odd[..pass.batch
                    * output_len::<Dropout1>()];
                <Last as Layer>::step(Step {
                    trained: head_1_trained,
                    batch: pass.batch,
                    input: dropout_1_output,
                    output: pass.output,
                    cache: head_1_cache,
                    grad_output: pass.grad_output,
                    grad_input: Some(&mut *dropout_1_output_grad),
                    scratch: &mut scratch[..pass.batch
                        * <Last as Layer>::BACKWARD_SCRATCH],
                });
                let dense_1_output_grad = &mut even[..pass.batch
                    * output_len::<Dense1>()];
                <Dropout1 as Layer>::backward(Backward {
                    parameters: &[],
                    grad_parameters: &mut [],
                    batch: pass.batch,
                    input: dense_1_output,
                    output: dropout_1_output,
                    cache: dropout_1_cache,
                    grad_output: dropout_1_output_grad,
                    grad_input: Some(&mut *dense_1_output_grad),
                    scratch: &mut scratch[..pass.batch
                        * <Dropout1 as Layer>::BACKWARD_SCRATCH],
                });
                <Dense1 as Layer>::step(Step {
                    trained: dense_1_trained,
                    batch: pass.batch,
                    input: pass.input,
                    output: dense_1_output,
                    cache: dense_1_cache,
                    grad_output: dense_1_output_grad,
                    grad_input: pass.grad_input,
                    scratch: &mut scratch[..pass.batch
                        * <Dense1 as Layer>::BACKWARD_SCRATCH],
                });
            }
        }
    };
};
