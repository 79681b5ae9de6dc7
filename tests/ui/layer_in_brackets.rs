use typenet::model;

model! {
    pub Mlp <
        Dense[784 => 10],
    >
}

fn main() {}
