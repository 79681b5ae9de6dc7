use typenet::model;

mod my {
    pub mod nested {
        use std::marker::PhantomData;
        use typenet::layers::{Backward, Layer, Predict, activation::Linear};
        use typenet::typenum::Unsigned;

        pub struct Scale<N>(PhantomData<N>);

        impl<N: Unsigned + 'static> Layer for Scale<N> {
            type Input = (N,);
            type Output = (N,);
            type Head = Linear;
            type Body = Self;
            const KIND: &'static str = "Scale";

            fn predict(pass: Predict<'_, f32>) {
                pass.output.copy_from_slice(pass.input);
            }

            fn backward(_: Backward<'_, f32>) {}
        }
    }
}

use typenet::typenum::U64;

model! {
    pub Mlp <
        Dense(784 => 32),
        my::nested::Scale<U64>(32 => 64),
        Dense(64 => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
