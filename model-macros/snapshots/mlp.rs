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
    type WrittenHead1 = Head;
    type WrittenWidth = Width;
    const _: () = {
        #[allow(unused_imports)]
        use ::typenet::__private::{
            Aligned, Backend, Backward, BackwardWalk, Checked, Computes, Cpu, Debug,
            Ending, FmtResult, Formatter, Forward, ForwardWalk, Graph, Headless,
            Inference, Info, Layer, LayerInfo, Layers, Memory, Model, Node, None, One,
            Otherwise, PartialEq, Passes, PhantomData, Port, Predict, PredictWalk, Probe,
            Rng, Route, Run, Size, Sized, Some, Step, StepWalk, Tie, Walk, Wire,
            WithHead, Zeroable, activation_bytes, bool, buffer_count, either,
            embed_block, f32, f64, has_sizes, is_rowwise, is_size, is_softmax_of_one,
            is_sum_at_most, numbers, output_len, parameter_count, predict_one,
            prediction_values, rank, sample_values, size, str, u128, u32, u64, u8, usize,
        };
        const WIDTH_NUMBER: u128 = Probe::<WrittenWidth>::NUMBER;
        const WIDTH_IS_SIZE: bool = is_size(WIDTH_NUMBER);
        const WIDTH_SIZE: usize = WIDTH_NUMBER as usize
            + <Stated as Joints>::WidthSizeIsSize + <Stated as Joints>::WidthSizeFits;
        type WidthSize = <[(); WIDTH_SIZE * 0] as Checked>::Then<WrittenWidth>;
        type Flatten1Size = ::typenet::schema::Const<
            {
                if WIDTH_IS_SIZE {
                    ::typenet::layers::flatten::output_size(&[28, WIDTH_SIZE])
                } else {
                    0
                }
            },
        >;
        type Flatten1 = <[(); <Stated as Joints>::NumbersFit] as Checked>::Then<
            ::typenet::layers::flatten::Flatten<
                (::typenet::typenum::consts::U28, WidthSize),
                Flatten1Size,
            >,
        >;
        type Dense1 = <[(); <Stated as Joints>::NumbersFit] as Checked>::Then<
            ::typenet::layers::dense::Dense<
                ::typenet::typenum::consts::U784,
                ::typenet::typenum::consts::U512,
                ::typenet::layers::activation::Relu,
                ::typenet::layers::dense::WithBias,
                ::typenet::layers::initializers::GlorotUniform,
            >,
        >;
        type Dropout1 = <[(); <Stated as Joints>::NumbersFit] as Checked>::Then<
            ::typenet::layers::dropout::Dropout<
                (::typenet::typenum::consts::U512,),
                ::typenet::layers::dropout::Fraction<1, 2>,
            >,
        >;
        const HEAD_1_IS_LAYER: bool = Probe::<WrittenHead1>::IS_LAYER;
        const HEAD_1_RUNS: bool = !HEAD_1_IS_LAYER || Probe::<WrittenHead1>::RUNS;
        type Head1 = <[(); <Stated as Joints>::Head1IsLayer
            + <Stated as Joints>::Head1Runs] as Checked>::Then<WrittenHead1>;
        mod joints {
            #[diagnostic::on_unimplemented(
                message = "`Head` is not a layer: a layer is a type that implements `Layer`, or a `model!`",
                label = "not a layer"
            )]
            pub trait Head1IsLayer<const IS: bool> {
                const HOLDS: usize = 0;
            }
            impl<Joint: ?::typenet::__private::Sized> Head1IsLayer<true> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Head` is a layer that does not say how it runs: implement `Run` for it too",
                label = "does not run"
            )]
            pub trait Head1Runs<const IS: bool> {
                const HOLDS: usize = 0;
            }
            impl<Joint: ?::typenet::__private::Sized> Head1Runs<true> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Head(512 => 10)`: 1 size where `Head` takes {GIVES}",
                label = "`Head` takes {GIVES}"
            )]
            pub trait Head1InputRank<const TAKES: usize, const GIVES: usize> {
                const HOLDS: usize = 0;
            }
            impl<
                Joint: ?::typenet::__private::Sized,
                const N0: usize,
            > Head1InputRank<N0, N0> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Head(512 => 10)`: `Head` takes {GIVES} values",
                label = "`Head` takes {GIVES}"
            )]
            pub trait Head1Input<const TAKES: usize, const GIVES: usize> {
                const HOLDS: usize = 0;
            }
            impl<Joint: ?::typenet::__private::Sized, const N0: usize> Head1Input<N0, N0>
            for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Head(512 => 10)`: 1 size where `Head` gives {GIVES}",
                label = "`Head` gives {GIVES}"
            )]
            pub trait Head1OutputRank<const TAKES: usize, const GIVES: usize> {
                const HOLDS: usize = 0;
            }
            impl<
                Joint: ?::typenet::__private::Sized,
                const N0: usize,
            > Head1OutputRank<N0, N0> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Head(512 => 10)`: `Head` gives {GIVES} values",
                label = "`Head` gives {GIVES}"
            )]
            pub trait Head1Output<const TAKES: usize, const GIVES: usize> {
                const HOLDS: usize = 0;
            }
            impl<
                Joint: ?::typenet::__private::Sized,
                const N0: usize,
            > Head1Output<N0, N0> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Dense(784 => 512)` takes {TAKES} values, but `Flatten` before it gives {GIVES}",
                label = "{GIVES} values arrive here"
            )]
            pub trait Dense1<const TAKES: usize, const GIVES: usize> {
                const HOLDS: usize = 0;
            }
            impl<Joint: ?::typenet::__private::Sized, const N0: usize> Dense1<N0, N0>
            for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Head(512 => 10)` takes {TAKES} values, but `Dense(784 => 512)` before it gives {GIVES}",
                label = "{GIVES} values arrive here"
            )]
            pub trait Head1<const TAKES: usize, const GIVES: usize> {
                const HOLDS: usize = 0;
            }
            impl<Joint: ?::typenet::__private::Sized, const N0: usize> Head1<N0, N0>
            for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Head(512 => 10)` ends with a softmax of one value, which is always the same",
                label = "one value arrives here"
            )]
            pub trait Head1HasChoice<const IS: bool> {
                const HOLDS: usize = 0;
            }
            impl<Joint: ?::typenet::__private::Sized> Head1HasChoice<true> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Width` is not a size: a size is a positive number, a positive constant of type `usize` or a positive typenum type",
                label = "not a size"
            )]
            pub trait WidthSizeIsSize<const IS: bool> {
                const HOLDS: usize = 0;
            }
            impl<Joint: ?::typenet::__private::Sized> WidthSizeIsSize<true> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Width` is too large: a size is at most 4294967296",
                label = "too large"
            )]
            pub trait WidthSizeFits<const IS: bool> {
                const HOLDS: usize = 0;
            }
            impl<Joint: ?::typenet::__private::Sized> WidthSizeFits<true> for Joint {}
            #[diagnostic::on_unimplemented(
                message = "`Mlp` has more than 1099511627776 numbers, the most there may be",
                label = "too large"
            )]
            pub trait NumbersFit<const IS: bool> {
                const HOLDS: usize = 0;
            }
            impl<Joint: ?::typenet::__private::Sized> NumbersFit<true> for Joint {}
        }
        const HEAD_1_INPUT_RANK_HOLDS: bool = rank::<<Head1 as Layer>::Input>() == 1;
        const HEAD_1_INPUT_HOLDS: bool = has_sizes::<<Head1 as Layer>::Input>(&[512]);
        const HEAD_1_OUTPUT_RANK_HOLDS: bool = rank::<<Head1 as Layer>::Output>() == 1;
        const HEAD_1_OUTPUT_HOLDS: bool = has_sizes::<<Head1 as Layer>::Output>(&[10]);
        const HEAD_1_HAS_CHOICE: bool = !is_softmax_of_one::<Head1>();
        const WIDTH_NUMBER_IS_POSITIVE: bool = WIDTH_NUMBER > 0;
        const WIDTH_NUMBER_IS_SMALL: bool = WIDTH_NUMBER == 0 || is_size(WIDTH_NUMBER);
        const NUMBERS_FIT: bool = !(true && WIDTH_IS_SIZE)
            || is_sum_at_most(
                &[
                    numbers(&[&[28, WIDTH_SIZE], &[<Flatten1Size as Size>::VALUE]]),
                    numbers(&[&[784], &[512], &[784, 512]]),
                    numbers(&[&[512], &[512]]),
                    numbers(&[&[512], &[10]]),
                ],
                1099511627776u64,
            );
        #[allow(dead_code, non_upper_case_globals)]
        trait Joints {
            const Head1IsLayer: usize = <Self as joints::Head1IsLayer<
                HEAD_1_IS_LAYER,
            >>::HOLDS;
            const Head1Runs: usize = <Self as joints::Head1Runs<HEAD_1_RUNS>>::HOLDS;
            const Head1InputRank: usize = <Self as joints::Head1InputRank<
                1,
                { rank::<<Head1 as Layer>::Input>() },
            >>::HOLDS;
            const Head1Input: usize = <Self as joints::Head1Input<
                512,
                {
                    if HEAD_1_INPUT_RANK_HOLDS {
                        size::<<Head1 as Layer>::Input>(0)
                    } else {
                        512
                    }
                },
            >>::HOLDS;
            const Head1OutputRank: usize = <Self as joints::Head1OutputRank<
                1,
                { rank::<<Head1 as Layer>::Output>() },
            >>::HOLDS;
            const Head1Output: usize = <Self as joints::Head1Output<
                10,
                {
                    if HEAD_1_OUTPUT_RANK_HOLDS {
                        size::<<Head1 as Layer>::Output>(0)
                    } else {
                        10
                    }
                },
            >>::HOLDS;
            const Dense1: usize = <Self as joints::Dense1<
                784,
                {
                    if <Flatten1Size as Size>::VALUE != 0 {
                        <Flatten1Size as Size>::VALUE
                    } else {
                        784
                    }
                },
            >>::HOLDS;
            const Head1: usize = <Self as joints::Head1<
                512,
                { if HEAD_1_INPUT_HOLDS { 512 } else { 512 } },
            >>::HOLDS;
            const Head1HasChoice: usize = <Self as joints::Head1HasChoice<
                HEAD_1_HAS_CHOICE,
            >>::HOLDS;
            const WidthSizeIsSize: usize = <Self as joints::WidthSizeIsSize<
                WIDTH_NUMBER_IS_POSITIVE,
            >>::HOLDS;
            const WidthSizeFits: usize = <Self as joints::WidthSizeFits<
                WIDTH_NUMBER_IS_SMALL,
            >>::HOLDS;
            const NumbersFit: usize = <Self as joints::NumbersFit<NUMBERS_FIT>>::HOLDS;
        }
        struct Stated;
        impl Joints for Stated {}
        #[allow(dead_code)]
        impl Mlp {
            /// Number of trainable values.
            pub const PARAMETER_COUNT: usize = parameter_count::<Self>();
            /// Number of values that move without a gradient.
            pub const BUFFER_COUNT: usize = buffer_count::<Self>();
            /// Number of values in the block: the parameters of every layer, then the buffers of every layer.
            pub const BLOCK_LEN: usize = Self::PARAMETER_COUNT + Self::BUFFER_COUNT;
            /// Multiplications and additions per sample in a forward pass.
            pub const FLOPS: u64 = <Self as Model>::FLOPS;
            /// Bytes per sample that a forward pass in training writes: what the backward pass reads again, the largest of
            /// the rest, and the output.
            pub const ACTIVATION_BYTES: usize = activation_bytes::<Self>();
            /// One row for each layer.
            pub const LAYERS: &'static [LayerInfo] = <Self as Layer>::INFO.layers;
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
                        <Self as Layer>::INFO.layers,
                    ),
                }
            }
            /// The model's answer to one sample, by value. Without heap, unless layers in between need more than
            /// `layers::model::STACK_SCRATCH` values: `Model::predict_with_scratch` takes the memory for them and for
            /// the answer from the caller.
            #[track_caller]
            pub fn predict(&self, sample: &[[f32; WIDTH_SIZE]; 28]) -> [f32; 10] {
                let mut prediction = [0.0; 10];
                predict_one(self, sample, &mut prediction);
                prediction
            }
            /// The parameters of layer `dense_1`: `Dense(784 => 512)`.
            pub fn dense_1(&self) -> ::typenet::layers::dense::DenseView<'_, 784, 512> {
                ::typenet::layers::dense::DenseView::new(
                    Wiring::INFERENCE.parameters(1, &self.block),
                )
            }
            /// The parameters of layer `dense_1`, to be changed.
            pub fn dense_1_mut(
                &mut self,
            ) -> ::typenet::layers::dense::DenseViewMut<'_, 784, 512> {
                ::typenet::layers::dense::DenseViewMut::new(
                    Wiring::INFERENCE.parameters_mut(1, &mut self.block),
                )
            }
            /// The parameters of layer `head_1`: `Head(512 => 10)`.
            pub fn head_1(&self) -> &[f32] {
                Wiring::INFERENCE.parameters(3, &self.block)
            }
            /// The parameters of layer `head_1`, to be changed.
            pub fn head_1_mut(&mut self) -> &mut [f32] {
                Wiring::INFERENCE.parameters_mut(3, &mut self.block)
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
            const INFO: Info = Info::model(
                "Mlp",
                &[
                    LayerInfo::of::<Flatten1>("flatten_1"),
                    LayerInfo::of::<Dense1>("dense_1"),
                    LayerInfo::of::<Dropout1>("dropout_1"),
                    LayerInfo::of::<Head1>("head_1"),
                ],
            );
            const MEMORY: Memory = Wiring::<Cpu>::graph().memory;
            #[allow(unused_variables)]
            fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
                Wiring::INFERENCE.initialize::<Dense1>(1, parameters, buffers, &rng);
                Wiring::INFERENCE.initialize::<Head1>(3, parameters, buffers, &rng);
            }
        }
        type Scratch = Aligned<[f32; Wiring::INFERENCE.scratch.of(1, 1)]>;
        /// Which layer takes which value: the inputs come first, then what each layer gives.
        struct Wiring<B = Cpu>(PhantomData<B>);
        impl Wiring {
            const INFERENCE: &Inference<4, 5> = &Inference::new(
                <Mlp as Layer>::Input::PARTS,
                [
                    Wire::of::<Flatten1>(&[0], Computes::Never),
                    Wire::of::<Dense1>(&[1], Computes::Always),
                    Wire::of::<Dropout1>(&[2], Computes::InTraining),
                    Wire::of::<Head1>(&[3], Computes::Always),
                ],
                &[4],
            );
            const fn inference() -> &'static Inference<4, 5> {
                Self::INFERENCE
            }
        }
        impl<B> Wiring<B> {
            const GRAPH: &Graph<4, 5, 9> = &Graph::new(Wiring::inference());
            const DENSE_1_NODE: Node<Dense1, 1, 1> = Self::GRAPH.node(1);
            const DROPOUT_1_NODE: Node<Dropout1, 1, 1> = Self::GRAPH.node(2);
            const HEAD_1_NODE: Node<Head1, 1, 1> = Self::GRAPH.node(3);
            const fn graph() -> &'static Graph<4, 5, 9> {
                Self::GRAPH
            }
        }
        impl Model for Mlp {
            type Sample = [[f32; WIDTH_SIZE]; 28];
            type Prediction = [f32; 10];
            const NAME: &'static str = "Mlp";
            const PREDICT_SCRATCH: usize = Wiring::INFERENCE.scratch.of(1, 1);
            const UNSHARED_BYTES: usize = 4
                * (Wiring::<Cpu>::graph().unshared + output_len::<Self>());
            const UNSHARED_SCRATCH: usize = Wiring::INFERENCE.unshared;
            const HAS_SHARED: bool = Wiring::<Cpu>::graph().has_shared;
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
                prediction: &mut [f32; 10],
            ) {
                let (parameters, buffers) = self
                    .block
                    .split_at(parameter_count::<Self>());
                let mut scratch: Scratch = Aligned([0.0; _]);
                <Self as Passes>::predict_with::<
                    WithHead,
                    R,
                >(
                    route,
                    Predict {
                        batch: 1,
                        parameters,
                        buffers,
                        input: sample.as_flattened(),
                        output: prediction,
                        scratch: &mut scratch.0,
                    },
                );
            }
        }
        impl<B: Backend> Layers<B> for Mlp
        where
            Dense1: Run<B>,
            Dropout1: Run<B>,
            Head1: Run<B>,
            <Head1 as Layer>::Body: Run<B>,
        {
            #[inline(always)]
            fn walk_forward<W: Walk<B>>(walk: &mut W) {
                walk.layer(&Wiring::<B>::DENSE_1_NODE);
                walk.layer(&Wiring::<B>::DROPOUT_1_NODE);
                walk.output_layer(&Wiring::<B>::HEAD_1_NODE);
            }
            #[inline(always)]
            fn walk_backward<W: Walk<B>>(walk: &mut W) {
                walk.output_layer(&Wiring::<B>::HEAD_1_NODE);
                walk.layer(&Wiring::<B>::DROPOUT_1_NODE);
                walk.layer(&Wiring::<B>::DENSE_1_NODE);
            }
        }
        impl<B: Backend> Passes<B> for Mlp
        where
            Mlp: Layers<B>,
        {
            #[inline(always)]
            fn predict_with<E: Ending, R: Route<B>>(
                route: R,
                pass: Predict<'_, Self, B>,
            ) {
                Self::walk_forward(
                    &mut PredictWalk::<
                        B,
                        E,
                        R,
                        4,
                        1,
                        1,
                    >::new(route, pass, Wiring::inference()),
                );
            }
            fn forward_with<E: Ending>(pass: Forward<'_, Self, B>) {
                Self::walk_forward(
                    &mut ForwardWalk::<B, E, 4, 1, 1>::new(pass, Wiring::<B>::GRAPH),
                );
            }
            fn backward_with<E: Ending>(pass: Backward<'_, Self, B>) {
                Self::walk_backward(
                    &mut BackwardWalk::<B, E, 4, 1, 1>::new(pass, Wiring::<B>::GRAPH),
                );
            }
            fn step_with<E: Ending>(pass: Step<'_, Self, B>) {
                Self::walk_backward(
                    &mut StepWalk::<B, E, 4, 1, 1>::new(pass, Wiring::<B>::GRAPH),
                );
            }
        }
    };
};
