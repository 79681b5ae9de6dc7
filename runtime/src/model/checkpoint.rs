use std::path::Path;
use super::fit::Plan;
use super::{Error, History, Trainer};
use crate::io::SaveError;
use crate::layers::Model;
use crate::optimizers::Optimizer;
pub(super) fn save<M: Model, O: Optimizer, L, K>(_: &Path, _: &Trainer<M, O, L, K>, _: &Plan, _: &History) -> Result<(), SaveError> { Ok(()) }
pub(super) fn load<M: Model, O: Optimizer, L, K>(_: &Path, _: &mut Trainer<M, O, L, K>, _: &Plan) -> Result<History, Error> { Ok(History::default()) }
