use typenet::model;

type Channels = typenet::typenum::U27;

model! {
    pub Net <
        Input(Channels, 8, 8),
        Conv2d(Channels => 4, kernel = 3, groups = 2),
        Flatten,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[[[0.0; 8]; 8]; 27]) };
}
