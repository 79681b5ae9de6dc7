//! `Encoder(784 => 64)`: a user's layer type, or another model.

use super::{Arguments, Kind, LayerType, Role, Spec};

pub(crate) struct Custom;

impl Kind for Custom {
    fn name(&self) -> &'static str {
        "a layer of your own"
    }

    fn example(&self) -> &'static str {
        "Encoder(784 => 64)"
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        let (input, output, is_input_written) = arguments.shapes();
        arguments.finish(&[]);
        let layer_type = LayerType::Written(arguments.layer.path.clone());
        Spec {
            output,
            is_input_written,
            has_parameters: true,
            has_buffers: true,
            ..Spec::same_shape(input, layer_type, Role::Step)
        }
    }
}
