//! `Encoder(784 => 64)`: a user's layer type, or another model.

use super::{Arguments, Kind, LayerType, Role, Spec, View};

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
        Spec {
            input,
            output,
            is_input_written,
            input_rank: None,
            layer_type: LayerType::Written(arguments.layer.path.clone()),
            role: Role::Step,
            has_parameters: true,
            has_buffers: true,
            view: View::Slice,
            softmax: None,
        }
    }
}
