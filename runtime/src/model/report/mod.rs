//! What a person reads of a model and its training: the summary, the picture of the graph, the history, the progress, what stopped being finite.

pub(super) mod finite;
pub(super) mod history;
pub(super) mod loss_metric;
pub(crate) mod picture;
pub(super) mod progress;
pub(super) mod summary;
