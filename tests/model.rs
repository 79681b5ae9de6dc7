//! What `model!` expands to, as a user sees it.

use typenet::prelude::*;

model! {
    /// Digits.
    pub Mlp < Dense(784 => 512, relu), Dropout(0.5), Dense(512 => 10, softmax) >
}

model! {
    Image < Input(4, 5), Flatten, Dense(20 => 3), Activation(tanh), outer: Mlp2(3 => 2) >
}
model! { Mlp2 < Dense(3 => 2, gelu) > }

#[test]
fn shapes() {
    assert_eq!(Mlp::PARAMETERS, 784 * 512 + 512 + 5130);
    let m = Image::from_block([0.5; 20 * 3 + 3 + 6 + 2]);
    assert_eq!(m.outer().len(), 8);
    println!("{m:?} {:?}", m.predict(&[[1.0; 5]; 4]));
    println!("{:?}", m.dense_1().weight());
    println!("{:#?}", Image::LAYERS);
}
