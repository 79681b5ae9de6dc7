//! What a program that declares and trains a model needs: `use typenet::prelude::*;`

pub use crate::layers::{Layer, Model};
pub use crate::model;
