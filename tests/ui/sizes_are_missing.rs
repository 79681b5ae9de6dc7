use typenet::model;

model! {
    pub Mlp <
        Dense,
    >
}

fn main() {}
