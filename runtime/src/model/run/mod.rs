//! Runs over epochs: `fit`, where a run stands, its checkpoints and its random numbers.

pub(super) mod checkpoint;
pub(super) mod fit;
pub(super) mod split;
pub(super) mod state;
pub(super) mod streams;
