//! The two-dimensional convolution.

use core::fmt;
use core::marker::PhantomData;

use super::activation::Linear;
use super::dense::{BiasOption, WithBias};
use super::initializers::{GlorotUniform, Initializer};
use super::rules::{NoRule, Rule, ruled};
use super::window::ConvWindow;
use super::{Activation, Amount, Backward, Cpu, Forward, Layer, Memory, Predict, Run};
use crate::brief::Brief;
use crate::kernels::function::{Function, Kept};
pub use crate::kernels::window::{fits, output_size, same_padding};
use crate::kernels::{Conv2dShape, Element, Tail};
use crate::schema::{Info, Size, TensorInfo};

/// Two-dimensional convolution:
///
/// ```text
/// y[f, p, q] = a(bias[f] + Σ weight[f, c, i, j]·x[c, p·stride + i·dilation − padding, q·stride + j·dilation − padding])
/// ```
///
/// over the channels `c` of the filter's group and the taps `i, j` of the kernel; outside the image `x` is zero. As everywhere in deep
/// learning the kernel is not turned around.
///
/// `Win` is the [window](super::window): kernel, stride, padding above and to the left, dilation and groups. Padding below and to the right
/// is what the output's last places need, so `Out` says how much there is.
///
/// # Shapes
/// `In = (C, H, W)`, `Out = (F, P, Q)`; `x: [batch, C, H, W]`, `weight: [F, C / groups, KH, KW]`, `bias: [F]`, `y: [batch, F, P, Q]`, as in
/// PyTorch. P and Q are the window's [`output_size`]. The activation is one of single numbers: a softmax is refused by the compiler.
///
/// # Defaults
/// `weight` uniform in ±√(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, eq. 16, as in Keras) with `fan_in = C / groups·KH·KW` and
/// `fan_out = F·KH·KW` (as Keras and PyTorch count them, whatever the groups); `bias` zero; `a` linear. In `model!` stride 1, no padding,
/// dilation 1, one group, as in both.
///
/// # References
/// LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proceedings of the IEEE 1998, section II.
/// Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285, 2016.
///
/// # Example
/// ```
/// use typenet_runtime::layers::activation::Relu;
/// use typenet_runtime::layers::window::Window;
/// use typenet_runtime::layers::{Conv2d, Layer, Predict, Run};
/// use typenet_runtime::typenum::{U1, U3, U4};
///
/// /// A 1×2 kernel that takes differences along a row of four pixels.
/// type Differences = Conv2d<(U1, U1, U4), (U1, U1, U3), Window<1, 2>, Relu>;
/// assert_eq!(Differences::INFO.tensors[0].shape, [1, 1, 1, 2]);
/// // The inputs under the kernel at three places.
/// assert_eq!(Differences::MEMORY.predict.of(1, 1), 6);
///
/// let (mut y, mut scratch) = ([0.0f32; 3], [0.0; 6]);
/// <Differences as Run>::predict(Predict {
///     batch: 1,
///     parameters: &[-1.0, 1.0, 0.5], // weight and bias
///     buffers: &[],
///     input: &[1.0, 2.0, 4.0, 3.0],
///     output: &mut y,
///     scratch: &mut scratch,
/// });
/// assert_eq!(y, [1.5, 2.5, 0.0]);
/// ```
///
/// Softmax is one of whole rows:
///
/// ```compile_fail,E0080
/// # use typenet_runtime::layers::{Conv2d, Layer, activation::Softmax, window::Window};
/// # use typenet_runtime::typenum::{U1, U3, U4};
/// const INFO: &str = <Conv2d<(U1, U1, U4), (U1, U1, U3), Window<1, 2>, Softmax>>::INFO.kind;
/// ```
///
/// and two groups do not divide three channels:
///
/// ```compile_fail,E0080
/// # use typenet_runtime::layers::{Conv2d, Layer, window::Window};
/// # use typenet_runtime::typenum::{U1, U2, U3, U4};
/// const INFO: &str = <Conv2d<(U3, U1, U4), (U2, U1, U3), Window<1, 2, 1, 1, 0, 0, 1, 1, 2>>>::INFO.kind;
/// ```
#[doc(alias("Conv2D", "nn.Conv2d", "Convolution2D"))]
#[derive(Debug)]
pub struct Conv2d<In, Out, Win, A = Linear, B = WithBias, W = GlorotUniform, R = NoRule>(
    PhantomData<(In, Out, Win, A, B, W, R)>,
);

impl<C, H, X, F, P, Q, Win, A, B, W, R> Conv2d<(C, H, X), (F, P, Q), Win, A, B, W, R>
where
    C: Size,
    H: Size,
    X: Size,
    F: Size,
    P: Size,
    Q: Size,
    Win: ConvWindow,
    A: Activation,
    B: BiasOption,
    W: Initializer,
    R: Rule,
{
    const SHAPE: Conv2dShape = {
        assert!(
            Win::GROUPS > 0 && C::VALUE.is_multiple_of(Win::GROUPS) && F::VALUE.is_multiple_of(Win::GROUPS),
            "the groups of a convolution must divide its channels and its filters"
        );
        assert!(Win::STRIDE[0] > 0 && Win::STRIDE[1] > 0, "the stride of a convolution is at least 1");
        assert!(
            !A::FUNCTION.is_rowwise(),
            "a convolution cannot end in an activation of whole rows such as softmax: its outputs are no row of classes"
        );
        Conv2dShape {
            channels: C::VALUE,
            height: H::VALUE,
            width: X::VALUE,
            filters: F::VALUE,
            kernel: Win::KERNEL,
            stride: Win::STRIDE,
            padding: Win::PADDING,
            dilation: Win::DILATION,
            groups: Win::GROUPS,
            out: [P::VALUE, Q::VALUE],
        }
    };
    const GROUP_CHANNELS: usize = Self::SHAPE.channels / Self::SHAPE.groups;
    const FANS: [usize; 2] = {
        let taps = Win::KERNEL[0] * Win::KERNEL[1];
        [Self::GROUP_CHANNELS * taps, F::VALUE * taps]
    };
    const TENSORS: [TensorInfo; 2] = [
        ruled::<R>(TensorInfo {
            fans: Self::FANS,
            unit_axis: 0,
            ..TensorInfo::parameter(
                "weight",
                &[F::VALUE, Self::GROUP_CHANNELS, Win::KERNEL[0], Win::KERNEL[1]],
            )
        }),
        TensorInfo::parameter("bias", &[F::VALUE]),
    ];

    /// The output's activation, or its argument in `kept` as well.
    fn run<T: Element>(
        batch: usize,
        parameters: &[T],
        input: &[T],
        preactivation: Option<&mut [T]>,
        scratch: &mut [T],
        output: &mut [T],
    ) {
        let (weight, bias) = parameters.split_at(Self::SHAPE.weight_len());
        let tail = Tail { bias: B::BIAS.then_some(bias), function: A::FUNCTION, preactivation };
        T::conv2d(&Self::SHAPE, batch, input, weight, tail, scratch, output);
    }
}

impl<C, H, X, F, P, Q, Win, A, B, W, R> Layer for Conv2d<(C, H, X), (F, P, Q), Win, A, B, W, R>
where
    C: Size,
    H: Size,
    X: Size,
    F: Size,
    P: Size,
    Q: Size,
    Win: ConvWindow,
    A: Activation,
    B: BiasOption,
    W: Initializer,
    R: Rule,
{
    type Input = (C, H, X);
    type Output = (F, P, Q);
    type Head = A;
    type Body = Conv2d<(C, H, X), (F, P, Q), Win, Linear, B, W, R>;
    const INFO: Info = Info {
        tensors: if B::BIAS { &Self::TENSORS } else { Self::TENSORS.split_at(1).0 },
        flops: (Self::SHAPE.output_len() * (2 * Self::FANS[0] + B::BIAS as usize)) as u64,
        draws: false,
        ..Info::new("Conv2d")
    };
    const MEMORY: Memory = {
        let scratch = Amount::per_thread(Self::SHAPE.scratch_len());
        Memory {
            // The arguments of activations whose derivative cannot be had from their values.
            kept: match A::FUNCTION.kept() {
                Kept::Output => Amount::NONE,
                Kept::Preactivation => Amount::per_sample(Self::SHAPE.output_len()),
            },
            predict: scratch,
            forward: scratch,
            backward: scratch,
            reads_input: true,
            reads_output: matches!(A::FUNCTION.kept(), Kept::Output)
                && !matches!(A::FUNCTION, Function::Linear),
        }
    };

    fn initialize(parameters: &mut [f32], _: &mut [f32], mut rng: crate::kernels::Rng) {
        let (weight, bias) = parameters.split_at_mut(Self::SHAPE.weight_len());
        let shape = [F::VALUE / Win::GROUPS, Self::GROUP_CHANNELS, Win::KERNEL[0], Win::KERNEL[1]];
        for weight in weight.chunks_exact_mut((Self::SHAPE.weight_len() / Win::GROUPS).max(1)) {
            W::fill_filters(shape, Self::FANS, &mut rng, weight);
        }
        B::fill(&mut rng, bias);
    }
}

impl<T, C, H, X, F, P, Q, Win, A, B, W, R> Run<Cpu<T>> for Conv2d<(C, H, X), (F, P, Q), Win, A, B, W, R>
where
    T: Element,
    C: Size,
    H: Size,
    X: Size,
    F: Size,
    P: Size,
    Q: Size,
    Win: ConvWindow,
    A: Activation,
    B: BiasOption,
    W: Initializer,
    R: Rule,
{
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        Self::run(pass.batch, pass.parameters, pass.input, None, pass.scratch, pass.output);
    }

    fn forward(pass: Forward<'_, Self, Cpu<T>>) {
        let preactivation = (A::FUNCTION.kept() == Kept::Preactivation).then_some(pass.kept);
        Self::run(pass.batch, pass.parameters, pass.input, preactivation, pass.scratch, pass.output);
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        let Backward { batch, input, grad_output, scratch, .. } = pass;
        let (weight, _) = pass.parameters.split_at(Self::SHAPE.weight_len());
        let (grad_weight, grad_bias) = pass.grad_parameters.split_at_mut(Self::SHAPE.weight_len());
        if A::FUNCTION != Function::Linear {
            let kept = match A::FUNCTION.kept() {
                Kept::Output => pass.output,
                Kept::Preactivation => pass.kept,
            };
            T::map_gradient(A::FUNCTION, grad_output.len(), kept, grad_output);
        }
        T::conv2d_grad_weight(&Self::SHAPE, batch, input, grad_output, scratch, grad_weight);
        if B::BIAS {
            T::conv2d_grad_bias(&Self::SHAPE, batch, grad_output, grad_bias);
        }
        if let Some(grad_input) = pass.grad_input {
            T::conv2d_grad_input(&Self::SHAPE, batch, grad_output, weight, scratch, grad_input);
        }
    }
}

/// The parameters of a convolution, seen as arrays: of `F` filters over `C` channels each, which are those of a group.
///
/// ```
/// use typenet_runtime::layers::conv2d::Conv2dView;
///
/// let view = Conv2dView::<1, 2, 1, 2>::new(&[1.0, 2.0, 3.0, 4.0, 0.5]);
/// assert_eq!(view.weight(), &[[[[1.0, 2.0]], [[3.0, 4.0]]]]);
/// assert_eq!(view.bias(), Some(&[0.5]));
/// assert_eq!(Conv2dView::<1, 2, 1, 2>::new(&[1.0, 2.0, 3.0, 4.0]).bias(), None);
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Conv2dView<'a, const F: usize, const C: usize, const KH: usize, const KW: usize>(&'a [f32]);

impl<const F: usize, const C: usize, const KH: usize, const KW: usize> fmt::Debug
    for Conv2dView<'_, F, C, KH, KW>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Conv2dView", [F, C, KH, KW], self.0, f)
    }
}

fn debug(name: &str, shape: [usize; 4], parameters: &[f32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (weight, bias) = parameters.split_at(shape.iter().product());
    f.debug_struct(name)
        .field("shape", &shape)
        .field("weight", &Brief(weight))
        .field("bias", &Brief(bias))
        .finish()
}

impl<'a, const F: usize, const C: usize, const KH: usize, const KW: usize> Conv2dView<'a, F, C, KH, KW> {
    /// Sees a convolution's part of the block: its weight, and its bias if it has one.
    pub const fn new(parameters: &'a [f32]) -> Self {
        Self(parameters)
    }

    /// `weight[f][c][i][j]` leads from channel `c` under tap `(i, j)` to filter `f`.
    pub fn weight(&self) -> &'a [[[[f32; KW]; KH]; C]; F] {
        bytemuck::cast_slice::<f32, [[[f32; KW]; KH]; C]>(&self.0[..F * C * KH * KW])
            .try_into()
            .expect("F filters")
    }

    /// The bias of each filter; `None` with `bias = false`.
    pub fn bias(&self) -> Option<&'a [f32; F]> {
        self.0[F * C * KH * KW..].try_into().ok()
    }
}

/// The parameters of a convolution, seen as arrays that can be changed.
///
/// ```
/// use typenet_runtime::layers::conv2d::Conv2dViewMut;
///
/// let mut parameters = [1.0, 2.0, 3.0, 4.0, 0.5];
/// let mut view = Conv2dViewMut::<1, 2, 1, 2>::new(&mut parameters);
/// view.weight()[0][1] = [[0.0, 9.0]];
/// if let Some(bias) = view.bias() {
///     bias[0] = 1.0;
/// }
/// assert_eq!(parameters, [1.0, 2.0, 0.0, 9.0, 1.0]);
/// ```
#[derive(PartialEq)]
pub struct Conv2dViewMut<'a, const F: usize, const C: usize, const KH: usize, const KW: usize>(&'a mut [f32]);

impl<const F: usize, const C: usize, const KH: usize, const KW: usize> fmt::Debug
    for Conv2dViewMut<'_, F, C, KH, KW>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Conv2dViewMut", [F, C, KH, KW], self.0, f)
    }
}

impl<'a, const F: usize, const C: usize, const KH: usize, const KW: usize> Conv2dViewMut<'a, F, C, KH, KW> {
    /// Sees a convolution's part of the block: its weight, and its bias if it has one.
    pub const fn new(parameters: &'a mut [f32]) -> Self {
        Self(parameters)
    }

    /// `weight[f][c][i][j]` leads from channel `c` under tap `(i, j)` to filter `f`.
    pub fn weight(&mut self) -> &mut [[[[f32; KW]; KH]; C]; F] {
        bytemuck::cast_slice_mut::<f32, [[[f32; KW]; KH]; C]>(&mut self.0[..F * C * KH * KW])
            .try_into()
            .expect("F filters")
    }

    /// The bias of each filter; `None` with `bias = false`.
    pub fn bias(&mut self) -> Option<&mut [f32; F]> {
        (&mut self.0[F * C * KH * KW..]).try_into().ok()
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::kernels::Rng;
    use crate::layers::activation::{Gelu, Relu, Silu, Tanh};
    use crate::layers::check::check_gradient;
    use crate::layers::dense::NoBias;
    use crate::layers::initializers::{HeNormal, Identity, Orthogonal};
    use crate::layers::rules::L1L2;
    use crate::layers::window::Window;
    use crate::layers::{input_len, parameter_count};
    use crate::schema::Regularizer;
    use std::vec;
    use typenum::{U1, U2, U3, U4, U5, U6, U7, U8, U9};

    #[track_caller]
    fn check<L: Run<Cpu<f64>>>() {
        for (batch, seed) in [(1, 3), (3, 4)] {
            let report = check_gradient::<L>(batch, seed);
            let places = batch * input_len::<L>() + parameter_count::<L>();
            assert_eq!((report.checked, report.kinks), (places, 0));
        }
    }

    #[test]
    fn gradients_of_windows() {
        check::<Conv2d<(U1, U5, U6), (U2, U3, U4), Window<3, 3>>>();
        check::<Conv2d<(U2, U5, U7), (U3, U5, U7), Window<3, 3, 1, 1, 1, 1>>>();
        check::<Conv2d<(U3, U7, U6), (U2, U4, U2), Window<3, 2, 2, 3, 1, 0>>>();
        // Even kernels with one zero more behind than before.
        check::<Conv2d<(U2, U5, U5), (U2, U5, U5), Window<2, 4, 1, 1, 0, 1>>>();
        check::<Conv2d<(U2, U9, U8), (U2, U9, U4), Window<3, 3, 1, 1, 2, 1, 2, 3>>>();
        check::<Conv2d<(U4, U5, U5), (U6, U3, U5), Window<3, 3, 2, 1, 1, 1, 1, 1, 2>>>();
        check::<Conv2d<(U3, U4, U5), (U3, U4, U5), Window<3, 3, 1, 1, 1, 1, 1, 1, 3>>>();
        check::<Conv2d<(U3, U4, U3), (U5, U4, U3), Window<1, 1>>>();
        check::<Conv2d<(U2, U3, U3), (U4, U1, U1), Window<3, 3>>>();
        // Places that leave inputs out.
        check::<Conv2d<(U1, U5, U5), (U1, U2, U2), Window<2, 2, 3, 3>>>();
    }

    #[test]
    fn gradients_of_options() {
        type Small<A, B> = Conv2d<(U2, U4, U3), (U3, U4, U2), Window<3, 2, 1, 1, 1, 0>, A, B>;
        check::<Small<Relu, WithBias>>();
        check::<Small<Tanh, NoBias>>();
        // Their derivative is one of the argument, which the layer keeps.
        check::<Small<Gelu, WithBias>>();
        check::<Small<Silu, NoBias>>();
    }

    #[test]
    fn facts_by_hand() {
        type Grouped<B> = Conv2d<
            (U4, U5, U5),
            (U6, U3, U5),
            Window<3, 2, 2, 1, 1, 1, 1, 1, 2>,
            Relu,
            B,
            HeNormal,
            L1L2<0, { f64::to_bits(0.5) }>,
        >;
        let info = Grouped::<WithBias>::INFO;
        let [weight, bias] = info.tensors else { panic!("weight and bias") };
        assert_eq!(
            (weight.shape, weight.fans, weight.unit_axis),
            ([6, 2, 3, 2].as_slice(), [2 * 6, 6 * 6], 0)
        );
        assert_eq!(weight.regularizer, Regularizer { l1: 0.0, l2: 0.5 });
        assert_eq!((bias.shape, bias.regularizer), ([6].as_slice(), Regularizer::NONE));
        assert_eq!(info.flops, 6 * 3 * 5 * (2 * 12 + 1));
        let without = Grouped::<NoBias>::INFO;
        assert_eq!((without.tensors.len(), without.flops), (1, 6 * 3 * 5 * 2 * 12));
        let memory = Grouped::<NoBias>::MEMORY;
        assert_eq!(memory.predict, Amount::per_thread(12 * 3 * 5));
        assert!(memory.kept.is_none() && memory.reads_output);
    }

    /// Start values of a convolution, and of the bias, which must stay zero.
    fn start<L: Layer>() -> (vec::Vec<f32>, vec::Vec<f32>) {
        let mut parameters = vec![0.0; parameter_count::<L>()];
        L::initialize(&mut parameters, &mut [], Rng::seed(5));
        let bias = parameters.split_off(L::INFO.tensors[0].len());
        (parameters, bias)
    }

    #[test]
    fn start_values_see_the_fans() {
        type Wide<W> =
            Conv2d<(U8, U9, U9), (Fans, U9, U9), Window<5, 5, 1, 1, 2, 2, 1, 1, 2>, Linear, WithBias, W>;
        type Fans = crate::schema::Const<64>;
        let (fan_in, fan_out) = (4.0 * 25.0f64, 64.0 * 25.0);
        let (weight, bias) = start::<Wide<GlorotUniform>>();
        let largest = weight.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
        let limit = (6.0 / (fan_in + fan_out)).sqrt();
        assert!((0.99 * limit..=limit * (1.0 + f64::from(f32::EPSILON))).contains(&f64::from(largest)));
        assert!(bias.iter().all(|&bias| bias == 0.0));
        let (weight, _) = start::<Wide<HeNormal>>();
        let n = weight.len() as f64;
        let variance = weight.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / n;
        // Four standard errors of the variance; the kurtosis of a normal cut at two deviations is 2.37.
        assert!((variance / (2.0 / fan_in) - 1.0).abs() <= 4.0 * (1.37 / n).sqrt(), "{variance}");
    }

    #[test]
    fn identity_starts_as_what_arrives() {
        fn check<L: Run<Input = (U4, U3, U5), Output = (U4, U3, U5)>>() {
            let mut parameters = vec![0.0; parameter_count::<L>()];
            L::initialize(&mut parameters, &mut [], Rng::seed(5));
            let input: vec::Vec<f32> = (0..4 * 3 * 5).map(|i| i as f32).collect();
            let (mut output, mut scratch) =
                (vec![f32::NAN; input.len()], vec![0.0; L::MEMORY.predict.of(1, 1)]);
            L::predict(Predict {
                batch: 1,
                parameters: &parameters,
                buffers: &[],
                input: &input,
                output: &mut output,
                scratch: &mut scratch,
            });
            assert_eq!(output, input);
        }
        type Image = (U4, U3, U5);
        check::<Conv2d<Image, Image, Window<3, 5, 1, 1, 1, 2>, Linear, WithBias, Identity>>();
        // An even kernel; groups.
        check::<Conv2d<Image, Image, Window<2, 4, 1, 1, 0, 1>, Linear, WithBias, Identity>>();
        check::<Conv2d<Image, Image, Window<3, 3, 1, 1, 1, 1, 1, 1, 2>, Linear, NoBias, Identity>>();
    }

    #[test]
    fn filters_of_a_group_start_orthonormal() {
        // Two groups of three filters with 2·3·2 weights each.
        let (weight, _) = start::<
            Conv2d<(U4, U5, U5), (U6, U3, U4), Window<3, 2, 1, 1, 0, 0, 1, 1, 2>, Linear, NoBias, Orthogonal>,
        >();
        let filters: vec::Vec<&[f32]> = weight.chunks_exact(12).collect();
        for group in filters.chunks_exact(3) {
            for (i, a) in group.iter().enumerate() {
                for (j, b) in group.iter().enumerate() {
                    let product: f64 = a.iter().zip(*b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                    // As the test of the initializer: (n + 2)·ε for n values.
                    let expected = f64::from(u8::from(i == j));
                    assert!(
                        (product - expected).abs() <= 14.0 * f64::from(f32::EPSILON),
                        "{i} {j}: {product}"
                    );
                }
            }
        }
    }

    #[test]
    fn views_show_the_numbers_where_they_lie() {
        let mut parameters: vec::Vec<f32> = (0..2 * 3 * 2 * 4 + 2).map(|i| i as f32).collect();
        let view = Conv2dView::<2, 3, 2, 4>::new(&parameters);
        assert_eq!(view.weight()[1][2][1][3], 47.0);
        assert_eq!(view.bias(), Some(&[48.0, 49.0]));
        assert!(std::format!("{view:?}").starts_with("Conv2dView { shape: [2, 3, 2, 4], weight: "));
        Conv2dViewMut::<2, 3, 2, 4>::new(&mut parameters).weight()[1][0][1][2] = -1.0;
        assert_eq!(parameters[(3 * 2 + 1) * 4 + 2], -1.0);
    }
}
