//! Embedding: a row of a table for each word.

use core::marker::PhantomData;

use super::activation::Linear;
use super::initializers::{Initializer, RandomUniform};
use super::rules::{NoRule, Rule, ruled};
use super::{Backward, Cpu, Index, IndexSteps, Layer, Memory, Plain, Port, Predict, Run, Steps};
use crate::kernels::embedding::{Positions, gather, scatter_add};
use crate::kernels::{Element, Rng};
use crate::schema::{Info, Size, TensorInfo};

/// A port of whole numbers, each of which can become a vector: [`Index`] of one to three sizes, [`IndexSteps`].
///
/// ```
/// use typenet_runtime::layers::embedding::IndexPort;
/// use typenet_runtime::layers::{Index, IndexSteps, Port, Steps};
/// use typenet_runtime::typenum::{U2, U8, U40, U1000};
///
/// fn shape<P: Port>() -> &'static [usize] {
///     P::PARTS[0].shape
/// }
///
/// assert_eq!(shape::<<Index<(U2,), U1000> as IndexPort>::Vectors<U8>>(), [2, 8]);
/// assert_eq!(shape::<<IndexSteps<U40, U1000> as IndexPort>::Vectors<U8>>(), [40, 8]);
/// assert_eq!(<IndexSteps<U40, U1000>>::VOCABULARY, 1000);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not word numbers",
    note = "`Embedding` takes `IndexSteps<N, V>`, or `Index<S, V>` with one to three sizes"
)]
pub trait IndexPort: Port {
    /// The port of as many vectors of `D` numbers.
    type Vectors<D: Size>: Plain;
    /// What the numbers are below.
    const VOCABULARY: usize;
}

macro_rules! words {
    ($($size:ident)+) => {
        impl<$($size: Size,)+ V: Size> IndexPort for Index<($($size,)+), V> {
            type Vectors<Width: Size> = ($($size,)+ Width);
            const VOCABULARY: usize = V::VALUE;
        }
    };
}
words!(A);
words!(A B);
words!(A B C);

impl<N: Size, V: Size> IndexPort for IndexSteps<N, V> {
    type Vectors<D: Size> = Steps<N, (D,)>;
    const VOCABULARY: usize = V::VALUE;
}

/// A row of a table for each word number: `y[p] = weight[x[p]]`. In `model!` `Embedding(10_000 => 64)`.
///
/// # Shapes
/// `weight: [V, D]` with the vocabulary `V` of the port `I`. Words of [`Index<S, V>`](Index) become numbers of shape `(S, D)`, a sequence
/// [`IndexSteps<N, V>`](IndexSteps) becomes [`Steps<N, (D,)>`](Steps) of the same lengths.
///
/// # Defaults
/// `weight` uniform from −0.05 to 0.05, as in Keras (`embeddings_initializer="uniform"`). In PyTorch it is standard normal: `init =
/// random_normal(stddev = 1.0)`. Initializers see `V` inputs and `D` outputs.
///
/// # Panics
/// A word of `V` or more is in no table. `fit`, `evaluate` and `predict` of a model look for it first.
///
/// # References
/// Bengio et al., "A neural probabilistic language model", JMLR 3, 2003, section 2.
///
/// # Example
/// ```
/// use typenet_runtime::layers::{Embedding, IndexSteps, Predict, Run, Sequences};
/// use typenet_runtime::typenum::{U2, U3};
///
/// let mut y = [0.0f32; 4];
/// <Embedding<IndexSteps<U2, U3>, U2> as Run>::predict(Predict {
///     batch: 1,
///     parameters: &[0.0, 0.5, 1.0, 1.5, 2.0, 2.5],
///     buffers: &[],
///     input: Sequences { values: &[2, 0], lengths: &[1] },
///     output: &mut y,
///     scratch: &mut [],
/// });
/// // One step and what lies behind it.
/// assert_eq!(y, [2.0, 2.5, 0.0, 0.0]);
/// ```
#[derive(Debug)]
pub struct Embedding<I, D, W = RandomUniform, R = NoRule>(PhantomData<(I, D, W, R)>);

impl<I: IndexPort, D: Size, W: Initializer, R: Rule> Layer for Embedding<I, D, W, R> {
    type Input = I;
    type Output = I::Vectors<D>;
    type Head = Linear;
    type Body = Self;
    const INFO: Info = Info {
        tensors: &[ruled::<R>(TensorInfo {
            fans: [I::VOCABULARY, D::VALUE],
            ..TensorInfo::parameter("weight", &[I::VOCABULARY, D::VALUE])
        })],
        draws: false,
        ..Info::new("Embedding")
    };
    const MEMORY: Memory = Memory { reads_output: false, ..Memory::NONE };

    fn initialize(parameters: &mut [f32], _: &mut [f32], mut rng: Rng) {
        W::fill(I::VOCABULARY, D::VALUE, &mut rng, parameters);
    }
}

/// The words of a batch.
#[track_caller]
fn positions<'a, I: IndexPort, T: Element>(input: I::Values<'a, Cpu<T>>) -> Positions<'a> {
    let part = &I::PARTS[0];
    let mut positions = Positions::all(&[]);
    I::each_value::<Cpu<T>>(input, &mut |value| {
        for (sample, words) in value.indices.chunks_exact(I::LEN.max(1)).enumerate() {
            let length = value.lengths.get(sample).map_or(words.len(), |&length| length as usize);
            let found = words[..length].iter().position(|&word| word as usize >= I::VOCABULARY);
            if let Some(place) = found {
                let (word, vocabulary) = (words[place], I::VOCABULARY);
                panic!(
                    "Embedding: word {place} of sample {sample} is {word}, expected a number below {vocabulary}"
                );
            }
        }
        positions = if part.is_sequence {
            Positions::until(value.indices, part.shape[0], value.lengths)
        } else {
            Positions::all(value.indices)
        };
    });
    positions
}

impl<T: Element, I: IndexPort, D: Size, W: Initializer, R: Rule> Run<Cpu<T>> for Embedding<I, D, W, R> {
    #[track_caller]
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        let output = <I::Vectors<D>>::numbers_mut::<Cpu<T>>(pass.output);
        gather(pass.parameters, D::VALUE, positions::<I, T>(pass.input), output);
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        let grad_output = <I::Vectors<D>>::numbers_mut::<Cpu<T>>(pass.grad_output);
        scatter_add(grad_output, D::VALUE, positions::<I, T>(pass.input), pass.grad_parameters);
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::layers::check::{GradientReport, check_gradient};
    use crate::layers::constraints::NonNegative;
    use crate::layers::testing::{assert_near, norm_json, numbers, run};
    use crate::layers::{Sequences, Value};
    use typenum::{U1, U2, U3, U4, U5, U6, U9};

    #[test]
    fn gradients_are_derivatives() {
        // Every word of the table is a place, also one that does not come.
        let check = |report: GradientReport, places| assert_eq!((report.checked, report.kinks), (places, 0));
        check(check_gradient::<Embedding<Index<(U1,), U9>, U4>>(3, 0), 9 * 4);
        check(check_gradient::<Embedding<Index<(U3, U2), U5>, U3>>(2, 1), 5 * 3);
        check(check_gradient::<Embedding<Index<(U2, U2, U2), U5>, U1>>(1, 2), 5);
        check(check_gradient::<Embedding<IndexSteps<U4, U6>, U3>>(5, 3), 6 * 3);
    }

    #[test]
    fn numbers_are_those_of_pytorch() {
        let golden = &norm_json()["embedding"];
        let (table, grad_y) = (numbers([&golden["table"]]), numbers([&golden["grad_y"]]));
        let indices: Vec<u32> = numbers([&golden["indices"]]).into_iter().map(|index| index as u32).collect();
        // Six words of one sample, and sequences of two samples.
        let lengths: &[u32] = &[3, 3];
        let value = Value { indices: &indices[..], ..Value::numbers(&[][..]) };
        for results in [
            run::<Embedding<Index<(U6,), U5>, U3>>(1, &table, &[], value, &grad_y),
            run::<Embedding<IndexSteps<U3, U5>, U3>>(2, &table, &[], Value { lengths, ..value }, &grad_y),
        ] {
            assert_near("y", &results.output, [&golden["y"]]);
            assert_eq!(results.predicted, results.output);
            assert_near("gradient by table", &results.grad_parameters, [&golden["grad_table"]]);
        }
    }

    #[test]
    fn words_behind_the_end_are_not_looked_at() {
        let (mut y, mut grad_table) = ([f32::NAN; 4], [f32::NAN; 3]);
        type Words = Embedding<IndexSteps<U2, U3>, U1>;
        let input = Sequences { values: &[1, 99, 2, 1][..], lengths: &[1, 2][..] };
        <Words as Run>::predict(Predict {
            batch: 2,
            parameters: &[0.5, 1.5, 2.5],
            buffers: &[],
            input,
            output: &mut y,
            scratch: &mut [],
        });
        assert_eq!(y, [1.5, 0.0, 2.5, 1.5]);
        <Words as Run>::backward(Backward {
            batch: 2,
            parameters: &[0.5, 1.5, 2.5],
            input,
            output: Sequences { values: &[], lengths: &[1, 2] },
            kept: &[],
            grad_output: &mut [1.0, f32::NAN, 2.0, 4.0],
            grad_input: (),
            grad_parameters: &mut grad_table,
            scratch: &mut [],
        });
        assert_eq!(grad_table, [0.0, 5.0, 2.0]);
    }

    #[test]
    #[should_panic(expected = "Embedding: word 1 of sample 2 is 5, expected a number below 5")]
    fn a_word_outside_the_vocabulary_is_refused() {
        <Embedding<Index<(U2,), U5>, U1> as Run>::predict(Predict {
            batch: 3,
            parameters: &[0.0; 5],
            buffers: &[],
            input: &[0, 1, 2, 3, 4, 5],
            output: &mut [0.0; 6],
            scratch: &mut [],
        });
    }

    #[test]
    fn a_table_starts_as_in_keras_and_can_have_rules() {
        let mut table = [0.0; 9 * 5];
        <Embedding<Index<(U1,), U9>, U5>>::initialize(&mut table, &mut [], Rng::seed(3));
        let (least, most) =
            table.iter().fold((0.0f32, 0.0f32), |(least, most), &x| (least.min(x), most.max(x)));
        assert!((-0.05..-0.04).contains(&least) && 0.04 < most && most <= 0.05, "{least} to {most}");
        type Ruled = Embedding<Index<(U1,), U9>, U5, RandomUniform, NonNegative>;
        let weight = Ruled::INFO.tensors[0];
        assert_eq!((weight.shape, weight.fans, weight.unit_axis), ([9, 5].as_slice(), [9, 5], 1));
        assert_eq!(weight.constraint, NonNegative::CONSTRAINT);
    }
}
