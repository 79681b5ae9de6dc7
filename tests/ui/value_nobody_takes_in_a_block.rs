use typenet::model;

model! {
    Wide() < first: Dense(32 => 32, relu), lost: Dense(32 => 8), first -> Dense(32 => 32) >
    pub Net <
        Dense(64 => 32),
        2 * Wide,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
