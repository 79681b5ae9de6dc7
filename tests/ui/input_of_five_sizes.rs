use typenet::model;

model! {
    pub Mlp <
        Input(1, 2, 3, 4, 5),
        Flatten,
    >
}

fn main() {}
