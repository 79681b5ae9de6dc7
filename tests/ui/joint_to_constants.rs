use typenet::model;

struct Config;
impl Config {
    const HIDDEN: usize = 1600;
}

model! {
    pub Mlp <
        Dense(784 => Config::HIDDEN), Dense({ 2 * 700 } => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
