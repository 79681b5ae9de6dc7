use typenet::model;

model! {
    pub Net <
        image: Input(64),
        class: image -> Dense(64 => 10),
        (image, class),
    >
}

fn main() {}
