//! Labels of samples, for one output or for several.

use core::ops::Range;

use crate::model::Error;
use crate::model::training::workspace::with_capacity;
use crate::schema::label::ClassNumber;

/// The labels of samples: `&labels`, a slice, a vector or an array; of a model with several outputs a struct with one of these for
/// each. Or both with a weight for each sample's loss: `(&labels, &weights)`. A batch's loss is then `Σ wᵢ·lossᵢ / samples`, as in Keras;
/// a sample of weight zero contributes nothing, and metrics count every sample once.
///
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let (samples, labels, weights) = ([[1.0], [2.0]], [2.0_f32, 4.0], [1.0, 0.5]);
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// assert_eq!(trainer.evaluate(&samples, &labels)?.loss, (4.0 + 16.0) / 2.0);
/// assert_eq!(trainer.evaluate(&samples, (&labels, &weights))?.loss, (1.0 * 4.0 + 0.5 * 16.0) / 2.0);
/// # Ok::<(), typenet::model::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` are no labels",
    label = "expected a slice of labels, or `(&labels, &weights)`",
    note = "of a model with several outputs labels are a struct with a slice for each: `ProductOutputs {{ class: &classes, price: &prices }}`"
)]
pub trait Labels<'a> {
    /// A slice, or a struct of slices.
    type Table: Table;

    /// The labels, and the weights if there are any.
    #[doc(hidden)]
    fn split(self) -> (Self::Table, Option<&'a [f32]>);
}

/// The labels of one output: a slice, a vector, an array.
///
/// ```
/// use typenet::model::LabelColumn;
///
/// fn first<'a, C: LabelColumn<'a, Label = u8>>(labels: C) -> Option<&'a u8> {
///     labels.slice().first()
/// }
/// assert_eq!((first(&[7, 8]), first(&vec![9])), (Some(&7), Some(&9)));
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` are no labels", label = "expected a slice of labels")]
pub trait LabelColumn<'a> {
    /// One label.
    type Label: 'a;

    /// All of them.
    #[doc(hidden)]
    fn slice(self) -> &'a [Self::Label];
}

macro_rules! columns {
    ($([$($generic:tt)*] $column:ty),+) => {$(
        impl<'a, Y, $($generic)*> LabelColumn<'a> for &'a $column {
            type Label = Y;

            fn slice(self) -> &'a [Y] {
                self
            }
        }

        impl<'a, Y, $($generic)*> Labels<'a> for &'a $column {
            type Table = &'a [Y];

            fn split(self) -> (&'a [Y], Option<&'a [f32]>) {
                (self, None)
            }
        }
    )+};
}
columns!([] [Y], [] Vec<Y>, [] Box<[Y]>, [const N: usize] [Y; N]);

impl<'a, L: Labels<'a>, W: AsRef<[f32]> + ?Sized> Labels<'a> for (L, &'a W) {
    type Table = L::Table;

    fn split(self) -> (L::Table, Option<&'a [f32]>) {
        (self.0.split().0, Some(self.1.as_ref()))
    }
}

/// Labels as slices: one, or a struct with one for each output.
///
/// ```
/// use typenet::model::{Labels, Table};
///
/// fn is_slice_of_classes<'a, Y: Labels<'a, Table = &'a [u8]>>(_: Y) -> bool {
///     <&[u8]>::none().is_empty()
/// }
/// assert!(is_slice_of_classes(&vec![1_u8, 2]) && is_slice_of_classes((&[1_u8, 2], &[0.5, 1.0])));
/// ```
pub trait Table: Copy {
    /// Labels of a batch, gathered: a vector, or a struct of vectors.
    #[doc(hidden)]
    type Chosen: Default;

    /// Those of no samples.
    #[doc(hidden)]
    fn none() -> Self;
    /// Those of these samples.
    #[doc(hidden)]
    fn rows(self, rows: Range<usize>) -> Self;
}

/// Labels that can be gathered.
#[doc(hidden)]
pub trait Choose: Table {
    /// Room for those of so many samples.
    fn reserve(chosen: &mut Self::Chosen, samples: usize) -> Result<(), Error>;
    /// Puts those of these samples, in order, in the place of what is there.
    fn choose(self, index: &[u32], chosen: &mut Self::Chosen);
}

impl<Y> Table for &[Y] {
    type Chosen = Vec<Y>;

    fn none() -> Self {
        &[]
    }

    fn rows(self, rows: Range<usize>) -> Self {
        &self[rows]
    }
}

impl<Y: Copy> Choose for &[Y] {
    fn reserve(chosen: &mut Vec<Y>, samples: usize) -> Result<(), Error> {
        *chosen = with_capacity(samples, "the labels of a batch")?;
        Ok(())
    }

    fn choose(self, index: &[u32], chosen: &mut Vec<Y>) {
        chosen.clear();
        // Slices of one: a label may be as large as the output, and does not cross the stack.
        index.iter().for_each(|&i| chosen.extend_from_slice(&self[i as usize..][..1]));
    }
}

/// Labels that each say a class of a model that predicts `P`: what [`class_weights`](crate::model::Fit::class_weights) are for.
///
/// ```
/// use typenet::model::ClassTable;
///
/// fn class<Y: ClassTable<[f32; 3]>>(labels: Y) -> Option<usize> {
///     labels.class(0)
/// }
/// assert_eq!((class(&[2_u8][..]), class(&[[0.0, 1.0, 0.0]][..])), (Some(2), Some(1)));
/// ```
#[diagnostic::on_unimplemented(
    message = "class weights are for one output whose labels are classes",
    note = "sample weights are for any labels, and for models with several outputs: `fit(…).sample_weights(&weights)`"
)]
pub trait ClassTable<P>: Table {
    /// The class of a label, if it is one.
    #[doc(hidden)]
    fn class(self, label: usize) -> Option<usize>;
}

impl<P, Y: ClassNumber<P>> ClassTable<P> for &[Y] {
    fn class(self, label: usize) -> Option<usize> {
        self[label].class_number()
    }
}
