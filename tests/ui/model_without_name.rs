use typenet::model;

model! {

}

fn main() {}
