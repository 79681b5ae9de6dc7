//! Weights by name, and layers that models share.

use typenet::layers::Model;
use typenet::model::TensorError;
use typenet::prelude::*;

model! { Encoder < Dense(4 => 3, relu), code: Dense(3 => 2, tanh) > }
model! { Wider < Dense(4 => 3, relu), code: Dense(3 => 5) > }
model! { Classifier < Encoder(4 => 2), Dense(2 => 3, relu), Dense(3 => 2, softmax) > }

#[test]
fn a_tensor_is_read_and_set_by_its_name() {
    let mut model = Classifier::new(1);
    let tensor = model.tensor("encoder_1.code.weight").expect("a tensor");
    assert_eq!((tensor.shape, tensor.values.len()), (&[3, 2][..], 6));
    let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let before = model.to_boxed();
    model.set_tensor("encoder_1.code.weight", &values).expect("six values");
    assert_eq!(model.tensor("encoder_1.code.weight").expect("a tensor").values, values);
    let changed = model.block().iter().zip(before.block()).filter(|(a, b)| a != b).count();
    assert_eq!(changed, 6, "the tensor and nothing else");

    let error = model.tensor("code.weight").expect_err("no such tensor");
    assert!(matches!(error, TensorError::Unknown { .. }));
    let text = error.to_string();
    assert!(text.contains("`code.weight`") && text.contains("`encoder_1.code.weight`"), "{text}");
    let error = model.set_tensor("dense_1.bias", &values).expect_err("three values").to_string();
    assert_eq!(error, "`dense_1.bias` of shape [3] takes 3 values, found 6");
    assert_eq!(model.tensor("encoder_1.code.weight").expect("a tensor").values, values);
}

#[test]
fn layers_move_between_models() {
    let (encoder, start) = (Encoder::new(7), Classifier::new(1));
    let mut model = start.to_boxed();
    model.copy_layer_from("encoder_1", &*encoder, "").expect("the same tensors");
    let len = Encoder::BLOCK_LEN;
    assert_eq!(model.block()[..len], *encoder.block());
    assert_eq!(model.block()[len..], start.block()[len..]);

    let mut one = start.to_boxed();
    one.copy_layer_from("encoder_1.dense_1", &*encoder, "dense_1").expect("the same tensors");
    assert_eq!(one.tensor("encoder_1.dense_1.weight"), encoder.tensor("dense_1.weight"));
    assert_eq!(one.tensor("encoder_1.code.weight"), start.tensor("encoder_1.code.weight"));

    let error = one.copy_layer_from("dense_1", &*encoder, "dense_1").expect_err("other shapes").to_string();
    for part in
        ["`dense_1`", "`Classifier`", "`Encoder`", "`weight` of shape [2, 3]", "`weight` of shape [4, 3]"]
    {
        assert!(error.contains(part), "`{error}` does not say `{part}`");
    }
    let error = one.copy_layer_from("encoder_1", &*encoder, "code").expect_err("fewer tensors");
    assert!(matches!(error, TensorError::Layers { .. }), "{error}");
    let error = one.copy_layer_from("encode", &*encoder, "").expect_err("no such layer");
    assert!(matches!(error, TensorError::UnknownLayer { .. }), "{error}");
    let before = one.to_boxed();
    one.copy_layer_from("encoder_1", &*Wider::new(3), "").expect_err("the third tensor has another shape");
    assert_eq!(one.block(), before.block(), "nothing is changed on an error");
}
