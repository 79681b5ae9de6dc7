use typenet::prelude::*;

model! {
    pub Small <
        Dense(2 => 2),
    >
}

static SMALL: &Small = embed!(Small, "files/pytorch_2x2.safetensors");

fn main() {
    SMALL.predict(&[0.0; 2]);
}
