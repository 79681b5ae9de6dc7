//! What one sample is where it enters or leaves a layer: numbers of a shape, whole numbers, a sequence, or several of these.

use core::marker::PhantomData;

use super::{Backend, Cpu};
use crate::kernels::Element;
use crate::schema::{Part, Shape, Size};

/// Sequences of different length: their steps, and how many each sample has.
///
/// ```
/// use typenet_runtime::layers::Sequences;
///
/// // Two samples of up to three steps with one number each; the second sample has two steps.
/// let sequences = Sequences { values: &[1.0, 2.0, 3.0, 4.0, 5.0, 0.0][..], lengths: &[3, 2][..] };
/// assert_eq!(sequences.lengths.iter().sum::<u32>(), 5);
/// ```
#[derive(Debug)]
pub struct Sequences<'a, V: ?Sized, I: ?Sized> {
    /// `[batch, steps, …]`, as if every sample had the largest number of steps; what lies behind a sample's own is zero.
    pub values: &'a V,
    /// `[batch]`: each sample's number of steps.
    pub lengths: &'a I,
}

impl<V: ?Sized, I: ?Sized> Clone for Sequences<'_, V, I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V: ?Sized, I: ?Sized> Copy for Sequences<'_, V, I> {}

/// A value between layers, of any kind; what it is not is empty.
#[doc(hidden)]
#[derive(Debug)]
pub struct Value<'a, B: Backend> {
    pub numbers: &'a B::Numbers,
    pub indices: &'a B::Indices,
    pub lengths: &'a B::Indices,
}

impl<B: Backend> Clone for Value<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Backend> Copy for Value<'_, B> {}

impl<'a, B: Backend> Value<'a, B> {
    #[doc(hidden)]
    #[inline(always)]
    pub fn numbers(numbers: &'a B::Numbers) -> Self {
        Self { numbers, indices: B::no_indices(), lengths: B::no_indices() }
    }
}

/// What one sample is where it enters or leaves a layer.
///
/// | port | a sample | in a layer's code |
/// |---|---|---|
/// | `(C,)`, `(C, H, W)` | numbers of this shape, one to four sizes | `&[T]` |
/// | [`Steps<N, S>`](Steps) | up to `N` steps, each of shape `S` | [`Sequences`] of `[T]` |
/// | [`Index<S, V>`](Index) | whole numbers below `V`, of shape `S` | `&[u32]` |
/// | [`IndexSteps<N, V>`](IndexSteps) | up to `N` whole numbers below `V` | [`Sequences`] of `[u32]` |
/// | [`Tensor<S>`](Tensor) | the same numbers for all samples: a tensor of another layer | `&[T]` |
/// | `[P; K]` | `K` values of one port | `[…; K]` |
/// | [`Branches<(P, Q)>`](Branches) | values of several ports | a tuple |
///
/// ```
/// use typenet_runtime::layers::Port;
/// use typenet_runtime::typenum::{U1, U28};
///
/// type Image = (U1, U28, U28);
/// assert_eq!(Image::PARTS.len(), 1);
/// assert_eq!((Image::PARTS[0].shape, Image::LEN), ([1, 28, 28].as_slice(), 784));
/// assert_eq!(<[Image; 2]>::LEN, 2 * 784);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a layer can take or give",
    note = "such as a tuple of one to four sizes: `(U784,)`, `(U1, U28, U28)`"
)]
pub trait Port: 'static {
    /// What its values are, one after the other.
    const PARTS: &'static [Part];
    /// Number of values in one sample, of all parts together.
    const LEN: usize = {
        let (mut len, mut i) = (0, 0);
        while i < Self::PARTS.len() {
            len += Self::PARTS[i].len();
            i += 1;
        }
        len
    };
    /// A batch that a layer reads.
    type Values<'a, B: Backend>: Copy;
    /// A batch that a layer writes.
    type Mut<'a, B: Backend>;
    /// Where a layer writes the gradient by its input: for numbers `None` where nobody needs it, `()` for whole numbers.
    type Gradient<'a, B: Backend>;

    /// A port's values, of as many as it has parts.
    #[doc(hidden)]
    fn values<'a, B: Backend>(next: &mut impl FnMut() -> Value<'a, B>) -> Self::Values<'a, B>;
    /// A port's results.
    #[doc(hidden)]
    fn results<'a, B: Backend>(next: &mut impl FnMut() -> &'a mut B::Numbers) -> Self::Mut<'a, B>;
    /// A port's gradients.
    #[doc(hidden)]
    fn gradients<'a, B: Backend>(
        next: &mut impl FnMut() -> Option<&'a mut B::Numbers>,
    ) -> Self::Gradient<'a, B>;
    // The compiler does not see that a port's slices may be lent for less long.
    #[doc(hidden)]
    fn shorten_values<'b, 'a: 'b, B: Backend>(values: Self::Values<'a, B>) -> Self::Values<'b, B>;
    #[doc(hidden)]
    fn shorten_results<'b, 'a: 'b, B: Backend>(results: Self::Mut<'a, B>) -> Self::Mut<'b, B>;
    #[doc(hidden)]
    fn shorten_gradients<'b, 'a: 'b, B: Backend>(gradients: Self::Gradient<'a, B>) -> Self::Gradient<'b, B>;
    /// Each of a port's values.
    #[doc(hidden)]
    fn each_value<'a, B: Backend>(values: Self::Values<'a, B>, each: &mut impl FnMut(Value<'a, B>));
    /// Each of a port's results.
    #[doc(hidden)]
    fn each_result<'a, B: Backend>(results: Self::Mut<'a, B>, each: &mut impl FnMut(&'a mut B::Numbers));
    /// Each of a port's gradients.
    #[doc(hidden)]
    fn each_gradient<'a, B: Backend>(
        gradients: Self::Gradient<'a, B>,
        each: &mut impl FnMut(Option<&'a mut B::Numbers>),
    );
}

/// A port with one part of numbers, for layers that take any of them: `Dropout` and activations treat every number alike,
/// whether it is of an image or of a step of a sequence.
///
/// ```
/// use typenet_runtime::layers::{Plain, Steps};
/// use typenet_runtime::typenum::{U3, U40};
///
/// /// The last size: what a softmax runs over.
/// const fn width<P: Plain>() -> usize {
///     P::SHAPE[P::SHAPE.len() - 1]
/// }
/// assert_eq!((width::<(U3,)>(), width::<Steps<U40, (U3,)>>()), (3, 3));
/// ```
///
/// A layer that negates each number, of whichever port:
///
/// ```
/// use core::marker::PhantomData;
/// use typenet_runtime::kernels::Element;
/// use typenet_runtime::layers::activation::Linear;
/// use typenet_runtime::layers::check::check_gradient;
/// use typenet_runtime::layers::{Backward, Cpu, Layer, Memory, Plain, Predict, Run, Steps};
/// use typenet_runtime::schema::Info;
/// use typenet_runtime::typenum::{U2, U3, U4};
///
/// struct Negate<P>(PhantomData<P>);
///
/// impl<P: Plain> Layer for Negate<P> {
///     type Input = P;
///     type Output = P;
///     type Head = Linear;
///     type Body = Self;
///     const INFO: Info = Info::new("Negate");
///     const MEMORY: Memory = Memory { reads_input: false, reads_output: false, ..Memory::NONE };
/// }
///
/// impl<T: Element, P: Plain> Run<Cpu<T>> for Negate<P> {
///     fn predict(pass: Predict<'_, Self, Cpu<T>>) {
///         let (x, y) = (P::numbers::<Cpu<T>>(pass.input), P::numbers_mut::<Cpu<T>>(pass.output));
///         y.iter_mut().zip(x).for_each(|(y, x)| *y = *x * T::from_f64(-1.0));
///     }
///
///     fn backward(pass: Backward<'_, Self, Cpu<T>>) {
///         let Some(grad_input) = P::gradient::<Cpu<T>>(pass.grad_input) else { return };
///         let grad_output = P::numbers_mut::<Cpu<T>>(pass.grad_output);
///         grad_input.iter_mut().zip(grad_output).for_each(|(to, grad)| *to = *grad * T::from_f64(-1.0));
///     }
/// }
///
/// check_gradient::<Negate<(U3,)>>(5, 1);
/// check_gradient::<Negate<Steps<U4, (U2,)>>>(5, 1);
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not numbers of one shape")]
pub trait Plain: Port {
    /// Sizes of one sample, outermost first.
    const SHAPE: &'static [usize] = Self::PARTS[0].shape;

    // `'a: 'a` makes the lifetime early-bound, here and where it is implemented.
    /// The numbers of a batch.
    fn numbers<'a, B: Backend>(values: Self::Values<'a, B>) -> &'a B::Numbers
    where
        'a: 'a;
    /// Where the numbers of a batch go.
    fn numbers_mut<'a, B: Backend>(results: Self::Mut<'a, B>) -> &'a mut B::Numbers
    where
        'a: 'a;
    /// Where their gradient goes.
    fn gradient<'a, B: Backend>(gradient: Self::Gradient<'a, B>) -> Option<&'a mut B::Numbers>
    where
        'a: 'a;
}

/// Makes what lies behind the end of each sequence zero, in results whose sequences have the lengths of the first of `values`. Results that
/// are no sequences stay as they are.
pub(super) fn clear_behind_ends<P: Port, Q: Plain, T: Element>(
    values: P::Values<'_, Cpu<T>>,
    results: &mut [T],
) {
    if const { Q::PARTS[0].is_sequence } {
        let mut lengths: Option<&[u32]> = None;
        P::each_value::<Cpu<T>>(values, &mut |value| lengths = lengths.or(Some(value.lengths)));
        let step = Q::LEN / Q::SHAPE[0].max(1);
        for (sample, &length) in results.chunks_exact_mut(Q::LEN.max(1)).zip(lengths.unwrap_or_default()) {
            sample[length as usize * step..].fill(T::ZERO);
        }
    }
}

/// What a port of one part has in common.
macro_rules! one_slice {
    ($values:ty, $values_of:expr, $value_of:expr) => {
        type Values<'a, B: Backend> = $values;
        type Mut<'a, B: Backend> = &'a mut B::Numbers;

        #[inline(always)]
        fn values<'a, B: Backend>(next: &mut impl FnMut() -> Value<'a, B>) -> Self::Values<'a, B> {
            let of: fn(Value<'a, B>) -> Self::Values<'a, B> = $values_of;
            of(next())
        }

        #[inline(always)]
        fn results<'a, B: Backend>(next: &mut impl FnMut() -> &'a mut B::Numbers) -> &'a mut B::Numbers {
            next()
        }

        #[inline(always)]
        fn shorten_values<'b, 'a: 'b, B: Backend>(values: Self::Values<'a, B>) -> Self::Values<'b, B> {
            values
        }

        #[inline(always)]
        fn shorten_results<'b, 'a: 'b, B: Backend>(results: Self::Mut<'a, B>) -> Self::Mut<'b, B> {
            results
        }

        #[inline(always)]
        fn shorten_gradients<'b, 'a: 'b, B: Backend>(
            gradients: Self::Gradient<'a, B>,
        ) -> Self::Gradient<'b, B> {
            gradients
        }

        #[inline(always)]
        fn each_value<'a, B: Backend>(values: Self::Values<'a, B>, each: &mut impl FnMut(Value<'a, B>)) {
            let of: fn(Self::Values<'a, B>) -> Value<'a, B> = $value_of;
            each(of(values));
        }

        #[inline(always)]
        fn each_result<'a, B: Backend>(
            results: &'a mut B::Numbers,
            each: &mut impl FnMut(&'a mut B::Numbers),
        ) {
            each(results);
        }
    };
}

/// What a port of one part of numbers has in common.
macro_rules! one_part {
    ($values:ty, $values_of:expr, $value_of:expr) => {
        one_slice!($values, $values_of, $value_of);
        type Gradient<'a, B: Backend> = Option<&'a mut B::Numbers>;

        #[inline(always)]
        fn gradients<'a, B: Backend>(
            next: &mut impl FnMut() -> Option<&'a mut B::Numbers>,
        ) -> Option<&'a mut B::Numbers> {
            next()
        }

        #[inline(always)]
        fn each_gradient<'a, B: Backend>(
            gradient: Option<&'a mut B::Numbers>,
            each: &mut impl FnMut(Option<&'a mut B::Numbers>),
        ) {
            each(gradient);
        }
    };
}

macro_rules! shape_port {
    ($($size:ident)+) => {
        impl<$($size: Size),+> Port for ($($size,)+) {
            const PARTS: &'static [Part] = &[Part { shape: <Self as Shape>::SIZES, below: None, is_sequence: false, is_tensor: false }];
            one_part!(&'a B::Numbers, |value| value.numbers, |numbers| Value::numbers(numbers));
        }

        impl<$($size: Size),+> Plain for ($($size,)+) {
            #[inline(always)]
            fn numbers<'a, B: Backend>(values: &'a B::Numbers) -> &'a B::Numbers
            where
                'a: 'a,
            {
                values
            }

            #[inline(always)]
            fn numbers_mut<'a, B: Backend>(results: &'a mut B::Numbers) -> &'a mut B::Numbers
            where
                'a: 'a,
            {
                results
            }

            #[inline(always)]
            fn gradient<'a, B: Backend>(gradient: Option<&'a mut B::Numbers>) -> Option<&'a mut B::Numbers>
            where
                'a: 'a,
            {
                gradient
            }
        }
    };
}
shape_port!(A);
shape_port!(A C);
shape_port!(A C D);
shape_port!(A C D E);

/// A sequence of up to `N` steps, each of shape `S`. Each sample has its own number of steps, which travels with it through
/// the layers; numbers behind it are zero, and nothing depends on them.
///
/// ```
/// use typenet_runtime::layers::{Port, Steps};
/// use typenet_runtime::typenum::{U3, U40};
///
/// let part = Steps::<U40, (U3,)>::PARTS[0];
/// assert_eq!((part.shape, part.is_sequence), ([40, 3].as_slice(), true));
/// ```
#[derive(Debug)]
pub struct Steps<N, S>(PhantomData<(N, S)>);

macro_rules! steps_port {
    ($($size:ident)+) => {
        impl<N: Size, $($size: Size),+> Port for Steps<N, ($($size,)+)> {
            const PARTS: &'static [Part] =
                &[Part { shape: &[N::VALUE, $($size::VALUE),+], below: None, is_sequence: true, is_tensor: false }];
            one_part!(
                Sequences<'a, B::Numbers, B::Indices>,
                |value| Sequences { values: value.numbers, lengths: value.lengths },
                |sequences| Value {
                    numbers: sequences.values,
                    indices: B::no_indices(),
                    lengths: sequences.lengths,
                }
            );
        }

        impl<N: Size, $($size: Size),+> Plain for Steps<N, ($($size,)+)> {
            #[inline(always)]
            fn numbers<'a, B: Backend>(values: Sequences<'a, B::Numbers, B::Indices>) -> &'a B::Numbers
            where
                'a: 'a,
            {
                values.values
            }

            #[inline(always)]
            fn numbers_mut<'a, B: Backend>(results: &'a mut B::Numbers) -> &'a mut B::Numbers
            where
                'a: 'a,
            {
                results
            }

            #[inline(always)]
            fn gradient<'a, B: Backend>(gradient: Option<&'a mut B::Numbers>) -> Option<&'a mut B::Numbers>
            where
                'a: 'a,
            {
                gradient
            }
        }
    };
}
steps_port!(A);
steps_port!(A C);
steps_port!(A C D);

/// Whole numbers have no gradient, and no layer gives them.
macro_rules! index_port {
    ($values:ty, $values_of:expr, $value_of:expr) => {
        one_slice!($values, $values_of, $value_of);
        type Gradient<'a, B: Backend> = ();

        #[inline(always)]
        fn gradients<'a, B: Backend>(next: &mut impl FnMut() -> Option<&'a mut B::Numbers>) {
            next();
        }

        #[inline(always)]
        fn each_gradient<'a, B: Backend>((): (), each: &mut impl FnMut(Option<&'a mut B::Numbers>)) {
            each(None);
        }
    };
}

/// Whole numbers below `V`, of shape `S`: classes, days of the week.
///
/// ```
/// use typenet_runtime::layers::{Index, Port};
/// use typenet_runtime::typenum::{U2, U7};
///
/// assert_eq!(Index::<(U2,), U7>::PARTS[0].below, Some(7));
/// ```
#[derive(Debug)]
pub struct Index<S, V>(PhantomData<(S, V)>);

impl<S: Shape, V: Size> Port for Index<S, V> {
    const PARTS: &'static [Part] =
        &[Part { shape: S::SIZES, below: Some(V::VALUE), is_sequence: false, is_tensor: false }];
    index_port!(&'a B::Indices, |value| value.indices, |indices| Value {
        numbers: B::no_numbers(),
        indices,
        lengths: B::no_indices()
    });
}

/// A sequence of up to `N` whole numbers below `V`: the words of a text.
///
/// ```
/// use typenet_runtime::layers::{IndexSteps, Port};
/// use typenet_runtime::typenum::{U40, U1000};
///
/// let part = IndexSteps::<U40, U1000>::PARTS[0];
/// assert_eq!((part.shape, part.below, part.is_sequence), ([40].as_slice(), Some(1000), true));
/// ```
#[derive(Debug)]
pub struct IndexSteps<N, V>(PhantomData<(N, V)>);

impl<N: Size, V: Size> Port for IndexSteps<N, V> {
    const PARTS: &'static [Part] =
        &[Part { shape: &[N::VALUE], below: Some(V::VALUE), is_sequence: true, is_tensor: false }];
    index_port!(
        Sequences<'a, B::Indices, B::Indices>,
        |value| Sequences { values: value.indices, lengths: value.lengths },
        |sequences| Value { numbers: B::no_numbers(), indices: sequences.values, lengths: sequences.lengths }
    );
}

/// A tensor of another layer, of shape `S`: `weight = tokens`. It is the same for all samples, and so is its gradient, which is
/// summed over them.
///
/// ```
/// use typenet_runtime::layers::{Port, Tensor};
/// use typenet_runtime::typenum::{U3, U4};
///
/// assert!(<Tensor<(U3, U4)>>::PARTS[0].is_tensor);
/// ```
#[derive(Debug)]
pub struct Tensor<S>(PhantomData<S>);

impl<S: Shape> Port for Tensor<S> {
    const PARTS: &'static [Part] =
        &[Part { shape: S::SIZES, below: None, is_sequence: false, is_tensor: true }];
    one_part!(&'a B::Numbers, |value| value.numbers, |numbers| Value::numbers(numbers));
}

/// `K` values of one port; of a port with one part.
impl<P: Port, const K: usize> Port for [P; K] {
    const PARTS: &'static [Part] = &[P::PARTS[0]; K];
    type Values<'a, B: Backend> = [P::Values<'a, B>; K];
    type Mut<'a, B: Backend> = [P::Mut<'a, B>; K];
    type Gradient<'a, B: Backend> = [P::Gradient<'a, B>; K];

    #[inline(always)]
    fn values<'a, B: Backend>(next: &mut impl FnMut() -> Value<'a, B>) -> Self::Values<'a, B> {
        core::array::from_fn(|_| P::values(next))
    }

    #[inline(always)]
    fn results<'a, B: Backend>(next: &mut impl FnMut() -> &'a mut B::Numbers) -> Self::Mut<'a, B> {
        core::array::from_fn(|_| P::results::<B>(next))
    }

    #[inline(always)]
    fn gradients<'a, B: Backend>(
        next: &mut impl FnMut() -> Option<&'a mut B::Numbers>,
    ) -> Self::Gradient<'a, B> {
        core::array::from_fn(|_| P::gradients::<B>(next))
    }

    #[inline(always)]
    fn shorten_values<'b, 'a: 'b, B: Backend>(values: Self::Values<'a, B>) -> Self::Values<'b, B> {
        values.map(P::shorten_values)
    }

    #[inline(always)]
    fn shorten_results<'b, 'a: 'b, B: Backend>(results: Self::Mut<'a, B>) -> Self::Mut<'b, B> {
        results.map(P::shorten_results)
    }

    #[inline(always)]
    fn shorten_gradients<'b, 'a: 'b, B: Backend>(gradients: Self::Gradient<'a, B>) -> Self::Gradient<'b, B> {
        gradients.map(P::shorten_gradients)
    }

    #[inline(always)]
    fn each_value<'a, B: Backend>(values: Self::Values<'a, B>, each: &mut impl FnMut(Value<'a, B>)) {
        values.into_iter().for_each(|value| P::each_value(value, each));
    }

    #[inline(always)]
    fn each_result<'a, B: Backend>(results: Self::Mut<'a, B>, each: &mut impl FnMut(&'a mut B::Numbers)) {
        results.into_iter().for_each(|result| P::each_result::<B>(result, each));
    }

    #[inline(always)]
    fn each_gradient<'a, B: Backend>(
        gradients: Self::Gradient<'a, B>,
        each: &mut impl FnMut(Option<&'a mut B::Numbers>),
    ) {
        gradients.into_iter().for_each(|gradient| P::each_gradient::<B>(gradient, each));
    }
}

/// Values of several ports, each of one part: `Branches<((U64,), Index<(U1,), U7>)>`, in code a tuple. (A tuple of sizes is a shape.)
///
/// ```
/// use typenet_runtime::layers::{Branches, Port};
/// use typenet_runtime::typenum::{U3, U4};
///
/// type Two = Branches<((U3,), (U4, U4))>;
/// assert_eq!((Two::PARTS.len(), Two::LEN), (2, 3 + 16));
/// ```
#[derive(Debug)]
pub struct Branches<T>(PhantomData<T>);

macro_rules! branches {
    ($($port:ident $place:ident)+) => {
        impl<$($port: Port),+> Port for Branches<($($port,)+)> {
            const PARTS: &'static [Part] = &[$($port::PARTS[0]),+];
            type Values<'a, B: Backend> = ($($port::Values<'a, B>,)+);
            type Mut<'a, B: Backend> = ($($port::Mut<'a, B>,)+);
            type Gradient<'a, B: Backend> = ($($port::Gradient<'a, B>,)+);

            #[inline(always)]
            fn values<'a, B: Backend>(next: &mut impl FnMut() -> Value<'a, B>) -> Self::Values<'a, B> {
                ($($port::values(next),)+)
            }

            #[inline(always)]
            fn results<'a, B: Backend>(next: &mut impl FnMut() -> &'a mut B::Numbers) -> Self::Mut<'a, B> {
                ($($port::results::<B>(next),)+)
            }

            #[inline(always)]
            fn gradients<'a, B: Backend>(
                next: &mut impl FnMut() -> Option<&'a mut B::Numbers>,
            ) -> Self::Gradient<'a, B> {
                ($($port::gradients::<B>(next),)+)
            }

            #[inline(always)]
            fn shorten_values<'b, 'a: 'b, B: Backend>(
                ($($place,)+): Self::Values<'a, B>,
            ) -> Self::Values<'b, B> {
                ($($port::shorten_values::<B>($place),)+)
            }

            #[inline(always)]
            fn shorten_results<'b, 'a: 'b, B: Backend>(
                ($($place,)+): Self::Mut<'a, B>,
            ) -> Self::Mut<'b, B> {
                ($($port::shorten_results::<B>($place),)+)
            }

            #[inline(always)]
            fn shorten_gradients<'b, 'a: 'b, B: Backend>(
                ($($place,)+): Self::Gradient<'a, B>,
            ) -> Self::Gradient<'b, B> {
                ($($port::shorten_gradients::<B>($place),)+)
            }

            #[inline(always)]
            fn each_value<'a, B: Backend>(
                ($($place,)+): Self::Values<'a, B>,
                each: &mut impl FnMut(Value<'a, B>),
            ) {
                $($port::each_value($place, each);)+
            }

            #[inline(always)]
            fn each_result<'a, B: Backend>(
                ($($place,)+): Self::Mut<'a, B>,
                each: &mut impl FnMut(&'a mut B::Numbers),
            ) {
                $($port::each_result::<B>($place, each);)+
            }

            #[inline(always)]
            fn each_gradient<'a, B: Backend>(
                ($($place,)+): Self::Gradient<'a, B>,
                each: &mut impl FnMut(Option<&'a mut B::Numbers>),
            ) {
                $($port::each_gradient::<B>($place, each);)+
            }
        }
    };
}
branches!(P0 p0);
branches!(P0 p0 P1 p1);
branches!(P0 p0 P1 p1 P2 p2);
branches!(P0 p0 P1 p1 P2 p2 P3 p3);
branches!(P0 p0 P1 p1 P2 p2 P3 p3 P4 p4);
branches!(P0 p0 P1 p1 P2 p2 P3 p3 P4 p4 P5 p5);
branches!(P0 p0 P1 p1 P2 p2 P3 p3 P4 p4 P5 p5 P6 p6);
branches!(P0 p0 P1 p1 P2 p2 P3 p3 P4 p4 P5 p5 P6 p6 P7 p7);
