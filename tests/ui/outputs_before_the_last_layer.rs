use typenet::model;

model! {
    pub Net <
        seen: Dense(64 => 32, relu),
        class: Dense(32 => 10),
        (seen, class),
        Dense(10 => 10),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
