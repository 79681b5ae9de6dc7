use typenet::model;

mod my {
    pub mod nested {
        use std::marker::PhantomData;
        use typenet::layers::{Backward, Layer, Predict, Run, activation::Linear};
        use typenet::schema::{Info, Size};

        pub struct Scale<N>(PhantomData<N>);

        impl<N: Size> Layer for Scale<N> {
            type Input = (N,);
            type Output = (N,);
            type Head = Linear;
            type Body = Self;
            const INFO: Info = Info::new("Scale");
        }

        impl<N: Size> Run for Scale<N> {
            fn predict(pass: Predict<'_, Self>) {
                pass.output.copy_from_slice(pass.input);
            }

            fn backward(_: Backward<'_, Self>) {}
        }
    }
}

use typenet::typenum::U64;

model! {
    pub Mlp <
        Dense(784 => 32),
        my::nested::Scale<U64>(64 => 64),
        Dense(64 => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
