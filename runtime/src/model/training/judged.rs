//! Which losses and metrics fit which model and labels, and their use where types are forgotten.

use core::marker::PhantomData;
use core::ops::Range;

use super::labels::Table;
use crate::layers::Model;
use crate::losses::{LabelError, Loss};
use crate::metrics::{MetricError, MetricLabelError, Metrics};
use crate::schema::{FloatArray, SettingError};

/// A model that losses `L` with labels `Y` fit: [`Loss`] holds for each output.
///
/// `model!` implements it for a model with several outputs, and it holds for every model with one.
///
/// ```
/// use typenet::kernels::Rng;
/// use typenet::model::{Error, Judged};
/// use typenet::prelude::*;
/// use typenet::schema::Many;
///
/// model! { Xor < Dense(2 => 8, tanh), Dense(8 => 2, softmax) > }
///
/// /// One step of any model whose labels are classes.
/// fn step<'a, M>(model: Box<M>, samples: Many<'_, M::Sample>, labels: &'a [u8]) -> Result<f64, Error>
/// where
///     M: Judged<CategoricalCrossEntropy, &'a [u8]>,
/// {
///     let mut trainer = model.compile(Adam::new(0.05), CategoricalCrossEntropy, ());
///     trainer.train_on_batch(samples, labels, &Rng::seed(1))
/// }
/// assert_eq!(step(Xor::zeros(), &[[0.0, 1.0]], &[1])?, 2.0_f64.ln());
/// # Ok::<(), Error>(())
/// ```
pub trait Judged<L, Y: Table>: Model {
    /// Calls `each` for every output. `chosen` are the labels to be used, if not all.
    #[doc(hidden)]
    fn each_loss(losses: &L, labels: Y, chosen: Option<&Y::Chosen>, each: &mut dyn FnMut(&dyn OutputLoss));
}

/// A model that metrics `K` with labels `Y` fit: [`Metrics`] holds for each output. As [`Judged`].
///
/// ```
/// use typenet::model::{Error, Judged, Measured, Trainer};
/// use typenet::prelude::*;
/// use typenet::schema::Many;
///
/// model! { Xor < Dense(2 => 8, tanh), Dense(8 => 2, softmax) > }
///
/// /// The loss of any trainer over labels that are classes.
/// fn loss<'a, M, L, K>(
///     trainer: &mut Trainer<M, Adam, L, K>,
///     samples: Many<'_, M::Sample>,
///     labels: &'a [u8],
/// ) -> Result<f64, Error>
/// where
///     M: Judged<L, &'a [u8]> + Measured<K, &'a [u8]>,
/// {
///     Ok(trainer.evaluate(samples, labels)?.loss)
/// }
/// let mut trainer = Xor::zeros().compile(Adam::new(0.05), CategoricalCrossEntropy, (Accuracy::new(),));
/// assert!((loss(&mut trainer, &[[0.0, 1.0]], &[1])? - 2.0_f64.ln()).abs() < 1e-7);
/// # Ok::<(), Error>(())
/// ```
pub trait Measured<K, Y: Table>: Model {
    /// Calls `each` for every output. `chosen` are the labels to be used, if not all.
    #[doc(hidden)]
    fn each_metrics(
        metrics: &mut K,
        labels: Y,
        chosen: Option<&Y::Chosen>,
        each: &mut dyn FnMut(&mut dyn OutputMetrics),
    );
}

// The prediction is `Self` here, so that rustc finds one impl whatever it knows of the labels yet, and says which loss does not fit.

/// [`Judged`], of what a model predicts: `model!` implements it for a struct of several outputs.
#[doc(hidden)]
pub trait LossesFit<M, L, Y: Table> {
    fn each_loss(losses: &L, labels: Y, chosen: Option<&Y::Chosen>, each: &mut dyn FnMut(&dyn OutputLoss));
}

/// As [`LossesFit`].
#[doc(hidden)]
pub trait MetricsFit<M, K, Y: Table> {
    fn each_metrics(
        metrics: &mut K,
        labels: Y,
        chosen: Option<&Y::Chosen>,
        each: &mut dyn FnMut(&mut dyn OutputMetrics),
    );
}

impl<M, L, Y> Judged<L, Y> for M
where
    M: Model<Prediction: LossesFit<M, L, Y>>,
    Y: Table,
{
    fn each_loss(losses: &L, labels: Y, chosen: Option<&Y::Chosen>, each: &mut dyn FnMut(&dyn OutputLoss)) {
        M::Prediction::each_loss(losses, labels, chosen, each);
    }
}

impl<M, K, Y> Measured<K, Y> for M
where
    M: Model<Prediction: MetricsFit<M, K, Y>>,
    Y: Table,
{
    fn each_metrics(
        metrics: &mut K,
        labels: Y,
        chosen: Option<&Y::Chosen>,
        each: &mut dyn FnMut(&mut dyn OutputMetrics),
    ) {
        M::Prediction::each_metrics(metrics, labels, chosen, each);
    }
}

impl<'a, M, L, Y, T, const N: usize> LossesFit<M, L, &'a [Y]> for [T; N]
where
    M: Model<Prediction = [T; N]>,
    [T; N]: FloatArray,
    L: Loss<M::Head, [T; N], Y>,
{
    fn each_loss(loss: &L, labels: &'a [Y], chosen: Option<&Vec<Y>>, each: &mut dyn FnMut(&dyn OutputLoss)) {
        each(&Output::<M::Head, [T; N], _, _>::new(loss, labels, chosen));
    }
}

impl<'a, M, K, Y, T, const N: usize> MetricsFit<M, K, &'a [Y]> for [T; N]
where
    M: Model<Prediction = [T; N]>,
    [T; N]: FloatArray,
    K: Metrics<M::Head, [T; N], Y>,
{
    fn each_metrics(
        metrics: &mut K,
        labels: &'a [Y],
        chosen: Option<&Vec<Y>>,
        each: &mut dyn FnMut(&mut dyn OutputMetrics),
    ) {
        each(&mut Output::<M::Head, [T; N], _, _>::new(metrics, labels, chosen));
    }
}

/// One output that ends in `Head` and predicts `P`: its loss or metrics, and labels.
#[doc(hidden)]
#[derive(Debug)]
pub struct Output<'a, Head, P, T, Y> {
    of: T,
    labels: &'a [Y],
    output: PhantomData<fn(&Head, &P)>,
}

impl<'a, Head, P, T, Y> Output<'a, Head, P, T, Y> {
    #[doc(hidden)]
    pub fn new(of: T, labels: &'a [Y], chosen: Option<&'a Vec<Y>>) -> Self {
        Self { of, labels: chosen.map_or(labels, |chosen| chosen), output: PhantomData }
    }
}

/// The loss of one output, over labels at hand.
#[doc(hidden)]
pub trait OutputLoss {
    /// Number of labels.
    fn count(&self) -> usize;
    /// With its settings: `huber(delta = 1)`.
    fn describe(&self) -> String;
    fn validate(&self) -> Result<(), SettingError>;
    fn check_labels(&self) -> Result<(), LabelError>;
    /// [`Loss::evaluate`] with these of the labels.
    fn evaluate(
        &self,
        rows: Range<usize>,
        weights: Option<&[f32]>,
        logits: &mut [f32],
        gradient: Option<&mut [f32]>,
    ) -> f64;
}

impl<Head, P, L: Loss<Head, P, Y>, Y> OutputLoss for Output<'_, Head, P, &L, Y> {
    fn count(&self) -> usize {
        self.labels.len()
    }

    fn describe(&self) -> String {
        let settings = self.of.settings().into_iter().map(|(name, value)| format!("{name} = {value}"));
        match settings.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => self.of.name().to_string(),
            settings => format!("{}({settings})", self.of.name()),
        }
    }

    fn validate(&self) -> Result<(), SettingError> {
        self.of.validate()
    }

    fn check_labels(&self) -> Result<(), LabelError> {
        self.of.check_labels(self.labels)
    }

    fn evaluate(
        &self,
        rows: Range<usize>,
        weights: Option<&[f32]>,
        logits: &mut [f32],
        gradient: Option<&mut [f32]>,
    ) -> f64 {
        self.of.evaluate(&self.labels[rows], weights, logits, gradient)
    }
}

/// The metrics of one output, over labels at hand.
#[doc(hidden)]
pub trait OutputMetrics {
    fn names(&self) -> Vec<&'static str>;
    fn check(&self) -> Result<(), MetricError>;
    fn check_labels(&self) -> Result<(), MetricLabelError>;
    fn reset(&mut self);
    /// [`Metrics::update`] with these of the labels.
    fn update(&mut self, rows: Range<usize>, predictions: &[f32]);
    fn compute(&self, values: &mut Vec<f64>);
}

impl<Head, P: FloatArray, K: Metrics<Head, P, Y>, Y> OutputMetrics for Output<'_, Head, P, &mut K, Y> {
    fn names(&self) -> Vec<&'static str> {
        self.of.names()
    }

    fn check(&self) -> Result<(), MetricError> {
        self.of.check()
    }

    fn check_labels(&self) -> Result<(), MetricLabelError> {
        self.of.check_labels(self.labels)
    }

    fn reset(&mut self) {
        self.of.reset();
    }

    fn update(&mut self, rows: Range<usize>, predictions: &[f32]) {
        self.of.update(bytemuck::cast_slice(predictions), &self.labels[rows]);
    }

    fn compute(&self, values: &mut Vec<f64>) {
        self.of.compute(values);
    }
}

/// Labels, losses and metrics for a struct with a type parameter for each output of a model.
#[doc(hidden)]
#[macro_export]
macro_rules! __outputs {
    ($model:ty, $name:ident { $($field:ident: $Of:ident $Label:ident = $head:ty, $output:ty);+ $(;)? }) => {
        impl<'a, $($Of: $crate::model::LabelColumn<'a>),+> $crate::model::Labels<'a> for $name<$($Of),+> {
            type Table = $name<$(&'a [<$Of as $crate::model::LabelColumn<'a>>::Label]),+>;

            fn split(self) -> (Self::Table, $crate::__core::option::Option<&'a [$crate::__core::primitive::f32]>) {
                let table = $name {
                    $($field: <$Of as $crate::model::LabelColumn<'a>>::slice(self.$field)),+
                };
                (table, $crate::__core::option::Option::None)
            }
        }

        impl<'a, $($Label),+> $crate::model::Table for $name<$(&'a [$Label]),+> {
            type Chosen = $name<$($crate::model::Vec<$Label>),+>;

            fn none() -> Self {
                $name { $($field: &[]),+ }
            }

            fn rows(self, rows: $crate::__core::ops::Range<$crate::__core::primitive::usize>) -> Self {
                $name { $($field: &self.$field[$crate::__core::clone::Clone::clone(&rows)]),+ }
            }
        }

        impl<'a, $($Label: $crate::__core::marker::Copy),+> $crate::model::Choose for $name<$(&'a [$Label]),+> {
            fn reserve(
                chosen: &mut Self::Chosen,
                samples: $crate::__core::primitive::usize,
            ) -> $crate::__core::result::Result<(), $crate::model::Error> {
                $(<&[$Label] as $crate::model::Choose>::reserve(&mut chosen.$field, samples)?;)+
                $crate::__core::result::Result::Ok(())
            }

            fn choose(self, index: &[$crate::__core::primitive::u32], chosen: &mut Self::Chosen) {
                $(<&[$Label] as $crate::model::Choose>::choose(self.$field, index, &mut chosen.$field);)+
            }
        }

        impl<'a, $($Of, $Label),+> $crate::model::LossesFit<$model, $name<$($Of),+>, $name<$(&'a [$Label]),+>>
            for $name<$($output),+>
        where
            $($Of: $crate::losses::Loss<$head, $output, $Label>),+
        {
            fn each_loss(
                losses: &$name<$($Of),+>,
                labels: $name<$(&'a [$Label]),+>,
                chosen: $crate::__core::option::Option<&$name<$($crate::model::Vec<$Label>),+>>,
                each: &mut dyn $crate::__core::ops::FnMut(&dyn $crate::model::OutputLoss),
            ) {
                $(each(&$crate::model::Output::<$head, $output, _, _>::new(
                    &losses.$field,
                    labels.$field,
                    $crate::__core::option::Option::map(chosen, |chosen| &chosen.$field),
                ));)+
            }
        }

        impl<'a, $($Of, $Label),+> $crate::model::MetricsFit<$model, $name<$($Of),+>, $name<$(&'a [$Label]),+>>
            for $name<$($output),+>
        where
            $($Of: $crate::metrics::Metrics<$head, $output, $Label>),+
        {
            fn each_metrics(
                metrics: &mut $name<$($Of),+>,
                labels: $name<$(&'a [$Label]),+>,
                chosen: $crate::__core::option::Option<&$name<$($crate::model::Vec<$Label>),+>>,
                each: &mut dyn $crate::__core::ops::FnMut(&mut dyn $crate::model::OutputMetrics),
            ) {
                $(each(&mut $crate::model::Output::<$head, $output, _, _>::new(
                    &mut metrics.$field,
                    labels.$field,
                    $crate::__core::option::Option::map(chosen, |chosen| &chosen.$field),
                ));)+
            }
        }
    };
}
