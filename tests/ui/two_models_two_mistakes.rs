use typenet::model;

model! {
    pub First < Dense(784 => 512), Dense(256 => 10) >
}

model! {
    pub Second < Dense(3 => 4, sigmoyd) >
}

fn main() {
    let _ = |model: &First| model.predict(&[0.0; 784]);
    let _ = |model: &Second| model.predict(&[0.0; 3]);
}
