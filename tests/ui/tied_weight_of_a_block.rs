use typenet::model;

model! {
    Wide() < Dense(64 => 64), Dense(64 => 64) >
    pub Net <
        Input(64),
        wide: Wide,
        Dense(64 => 10, weight = wide),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
