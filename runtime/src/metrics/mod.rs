//! Metrics: what a person wants to know about predictions, exact over a whole epoch.
//!
//! A metric adds up in f64 over any number of batches of any length, so the last, shorter batch counts for what it
//! holds. Names and meanings are Keras's. Metrics know no layers, losses or optimizers.

mod accuracy;
mod confusion;
mod error;
mod mean;

pub use accuracy::{
    Accuracy, AccuracyLabel, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy,
    TopKCategoricalAccuracy,
};
pub use confusion::ConfusionMatrix;
pub use error::{MeanAbsoluteError, MeanSquaredError};
pub use mean::Mean;

/// Metric of a model that ends with activation `Head` and predicts `Output`, against labels of type `Label`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit a model that ends in `{Head}`, predicts `{Output}` and is given labels of type `{Label}`",
    label = "this metric does not fit"
)]
pub trait Metric<Head, Output, Label>: Send {
    /// Keras's name for it: the column in the history.
    fn name(&self) -> &'static str;
    /// Forgets all samples.
    fn reset(&mut self);
    /// Takes a batch into account.
    ///
    /// # Panics
    /// If there are not as many labels as predictions.
    fn update(&mut self, predictions: &[Output], labels: &[Label]);
    /// The metric over all samples since [`reset`](Self::reset); NaN if there were none.
    fn compute(&self) -> f64;
}

/// Metrics side by side: a tuple of none to eight, `(Accuracy::new(),)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple of metrics that fit a model that ends in `{Head}`, predicts `{Output}` and is given labels of type `{Label}`",
    label = "not fitting metrics",
    note = "metrics are a tuple: `()`, `(Accuracy::new(),)`, `(Accuracy::new(), MeanSquaredError::new())`"
)]
pub trait Metrics<Head, Output, Label>: Send {
    /// Their names, in order.
    fn names(&self) -> Vec<&'static str>;
    /// Each forgets all samples.
    fn reset(&mut self);
    /// Each takes a batch into account.
    fn update(&mut self, predictions: &[Output], labels: &[Label]);
    /// Appends their values, in order.
    fn compute(&self, values: &mut Vec<f64>);
}

macro_rules! metrics {
    ($($metric:ident $place:tt)*) => {
        impl<Head, Output, Label, $($metric: Metric<Head, Output, Label>),*> Metrics<Head, Output, Label>
            for ($($metric,)*)
        {
            fn names(&self) -> Vec<&'static str> {
                vec![$(self.$place.name()),*]
            }

            fn reset(&mut self) {
                $(self.$place.reset();)*
            }

            fn update(&mut self, predictions: &[Output], labels: &[Label]) {
                let _ = (predictions, labels);
                $(self.$place.update(predictions, labels);)*
            }

            fn compute(&self, values: &mut Vec<f64>) {
                let _ = &values;
                $(values.push(self.$place.compute());)*
            }
        }
    };
}
metrics!();
metrics!(A 0);
metrics!(A 0 B 1);
metrics!(A 0 B 1 C 2);
metrics!(A 0 B 1 C 2 D 3);
metrics!(A 0 B 1 C 2 D 3 E 4);
metrics!(A 0 B 1 C 2 D 3 E 4 F 5);
metrics!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
metrics!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
