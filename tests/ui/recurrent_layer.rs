use typenet::model;

model! {
    pub Net <
        Input(..40, 12),
        LSTM(12 => 64),
        Dense(64 => 10),
    >
}

fn main() {}
