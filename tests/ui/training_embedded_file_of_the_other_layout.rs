use typenet::prelude::*;

model! {
    pub Small <
        Dense(3 => 2),
    >
}

static SMALL: &Small = embed!(Small, "files/weight_2x3.safetensors");

fn main() {
    SMALL.predict(&[0.0; 3]);
}
