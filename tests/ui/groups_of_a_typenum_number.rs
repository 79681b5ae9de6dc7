use typenet::model;

type Groups = typenet::typenum::U3;

model! {
    pub Net <
        Input(4, 8, 8),
        Conv2d(4 => 9, kernel = 3, groups = Groups),
        Flatten,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[[[0.0; 8]; 8]; 4]) };
}
