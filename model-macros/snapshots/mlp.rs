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
            Aligned, AllOn, Backward, BackwardRow, Checked, Debug, EachByItself,
            FmtResult, Formatter, Forward, ForwardRow, Headless, InitializeRow, Layer,
            LayerInfo, Lengths, Model, None, Otherwise, PartialEq, Predict, PredictRow,
            Probe, Rng, Route, RowLengths, Simd, Sized, Some, Step, StepRow, Zeroable,
            bool, buffer_count, embed_block, either, ends, f32, f64, has_sizes,
            is_rowwise, is_size, is_sum_at_most, is_softmax_of_one, numbers, output_len,
            parameter_count, predict_one, rank, size, str, u128, u64, u8, usize,
        };
        const WIDTH_NUMBER: u128 = Probe::<WrittenWidth>::NUMBER;
        const WIDTH_IS_SIZE: bool = is_size(WIDTH_NUMBER);
        const WIDTH_SIZE: usize = WIDTH_NUMBER as usize
            + <Stated as Joints>::WidthSizeIsSize + <Stated as Joints>::WidthSizeFits;
        type WidthSize = <[(); WIDTH_SIZE * 0] as Checked>::Then<WrittenWidth>;
        type Flatten1 = <[(); <Stated as Joints>::NumbersFit] as Checked>::Then<
            ::typenet::layers::flatten::Flatten<
                (::typenet::typenum::consts::U28, WidthSize),
                ::typenet::schema::Const<{ 28 * WIDTH_SIZE }>,
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
        type Head1 = <[(); <Stated as Joints>::Head1IsLayer] as Checked>::Then<
            WrittenHead1,
        >;
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
                    numbers(&[28, WIDTH_SIZE], &[28 * WIDTH_SIZE], false),
                    numbers(&[784], &[512], true),
                    numbers(&[512], &[512], false),
                    numbers(&[512], &[10], false),
                ],
                1099511627776u64,
            );
        #[allow(dead_code, non_upper_case_globals)]
        trait Joints {
            const Head1IsLayer: usize = <Self as joints::Head1IsLayer<
                HEAD_1_IS_LAYER,
            >>::HOLDS;
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
                { if WIDTH_IS_SIZE { 28 * WIDTH_SIZE } else { 784 } },
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
            const CACHE: usize = TRAINING.cache;
            const PREDICT_SCRATCH: usize = INFERENCE.predict_scratch;
            const BACKWARD_SCRATCH: usize = TRAINING.backward_scratch;
            #[allow(unused_mut, unused_variables)]
            fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
                let mut row = InitializeRow::new(parameters, buffers, rng);
                let (parameters, buffers, rng) = row.next(&DENSE_1_LENGTHS, 1);
                <Dense1 as Layer>::initialize(parameters, buffers, rng);
                let (parameters, buffers, rng) = row.next(&HEAD_1_LENGTHS, 3);
                <Head1 as Layer>::initialize(parameters, buffers, rng);
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
        const FLATTEN_1_LENGTHS: Lengths = Lengths::of::<Flatten1>();
        const DENSE_1_LENGTHS: Lengths = Lengths::of::<Dense1>();
        const DROPOUT_1_LENGTHS: Lengths = Lengths::of::<Dropout1>();
        const HEAD_1_LENGTHS: Lengths = Lengths::of::<Head1>();
        /// The layers that compute in inference.
        const INFERENCE: RowLengths = RowLengths::of(&[DENSE_1_LENGTHS, HEAD_1_LENGTHS]);
        /// The layers that compute in training.
        const TRAINING: RowLengths = RowLengths::of(
            &[DENSE_1_LENGTHS, DROPOUT_1_LENGTHS, HEAD_1_LENGTHS],
        );
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
            #[allow(unused_mut)]
            #[inline(always)]
            fn predict_with<Last: Layer, R: Route>(route: R, pass: Predict<'_, f32>) {
                let mut row = PredictRow::new(pass, &INFERENCE);
                route.layer::<Dense1>(row.next(&DENSE_1_LENGTHS));
                route.layer::<Last>(row.last(const { &Lengths::of::<Last>() }));
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
            #[allow(unused_mut)]
            fn forward_with<Last: Layer>(pass: Forward<'_, f32>) {
                let mut row = ForwardRow::new(pass);
                <Dense1 as Layer>::forward(row.next(&DENSE_1_LENGTHS, 1));
                <Dropout1 as Layer>::forward(row.next(&DROPOUT_1_LENGTHS, 2));
                <Last as Layer>::forward(row.last(const { &Lengths::of::<Last>() }, 3));
            }
            #[allow(unused_mut)]
            fn backward_with<Last: Layer>(pass: Backward<'_, f32>) {
                let mut row = BackwardRow::new(
                    pass,
                    &TRAINING,
                    const { &Lengths::of::<Last>() },
                );
                <Last as Layer>::backward(
                    row.next(const { &Lengths::of::<Last>() }, &DROPOUT_1_LENGTHS, true),
                );
                <Dropout1 as Layer>::backward(
                    row.next(&DROPOUT_1_LENGTHS, &DENSE_1_LENGTHS, true),
                );
                <Dense1 as Layer>::backward(row.first(&DENSE_1_LENGTHS));
            }
            #[allow(unused_mut)]
            fn step_with<Last: Layer>(pass: Step<'_, f32>) {
                let mut row = StepRow::new(
                    pass,
                    &TRAINING,
                    const { &Lengths::of::<Last>() },
                );
                <Last as Layer>::step(
                    row
                        .next_step(
                            const { &Lengths::of::<Last>() },
                            &DROPOUT_1_LENGTHS,
                            true,
                        ),
                );
                <Dropout1 as Layer>::backward(
                    row.next(&DROPOUT_1_LENGTHS, &DENSE_1_LENGTHS, true),
                );
                <Dense1 as Layer>::step(row.first_step(&DENSE_1_LENGTHS));
            }
        }
    };
};
