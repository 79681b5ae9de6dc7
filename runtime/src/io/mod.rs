use std::path::Path;
use crate::tensor::LayerInfo;
#[derive(Debug, thiserror::Error)] #[error("load")] pub struct LoadError;
#[derive(Debug, thiserror::Error)] #[error("save")] pub struct SaveError;
pub fn save_block(_: &Path, _: &str, _: &[LayerInfo], _: &[f32]) -> Result<(), SaveError> { Ok(()) }
pub fn load_block(_: &Path, _: &str, _: &[LayerInfo], _: &mut [f32]) -> Result<(), LoadError> { Ok(()) }
