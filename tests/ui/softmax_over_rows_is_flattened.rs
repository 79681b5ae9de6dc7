use typenet::model;

model! {
    pub Mlp <
        Input(28, 28),
        Activation(softmax),
        Flatten,
    >
}

fn main() {}
