use typenet::model;

model! {
    pub First < Dense(784 => 10) >
    pub Second < Dense(784 => 10) >
}

fn main() {}
