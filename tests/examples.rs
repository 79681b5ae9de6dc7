//! What the examples promise.

#![allow(clippy::duplicate_mod, reason = "each example has `output` as a module of its own")]

use std::fs;
use std::io::Write;

#[allow(dead_code, unreachable_pub)]
#[path = "../examples/07_any_model.rs"]
mod any_model;
#[allow(dead_code, unreachable_pub)]
#[path = "../examples/06_breast_cancer.rs"]
mod breast_cancer;
#[allow(dead_code, unreachable_pub)]
#[path = "../examples/08_residual.rs"]
mod residual;
#[allow(dead_code, unreachable_pub)]
#[path = "../examples/05_titanic.rs"]
mod titanic;

#[test]
fn breast_cancer_is_predicted_at_97_percent_or_more() {
    for seed in 1..=3 {
        let confusion = breast_cancer::cross_validate(seed).unwrap();
        let cases: u64 = confusion.counts().iter().flatten().sum();
        assert_eq!(cases, 569);
        assert!(confusion.accuracy() >= 0.97, "seed {seed}: {}\n{confusion}", confusion.accuracy());
    }
}

#[test]
fn a_residual_network_tells_97_percent_of_the_digits_apart() {
    let data = typenet::data::digits::load();
    let accuracy = residual::train::<residual::DigitsResNet, _, _>(&data, data.train.len(), 4, 1).unwrap();
    assert!(accuracy >= 0.97, "{accuracy}");
}

#[test]
fn one_function_trains_every_model_and_one_is_chosen_by_its_name() {
    let data = typenet::data::digits::load();
    let deep = any_model::train::<any_model::Deep>(&data.train, 1).unwrap();
    let accuracy = any_model::accuracy(&*deep, &data.test);
    assert!(accuracy >= 0.9, "{accuracy}");
    let model = any_model::chosen("deep", &data.train).unwrap();
    assert_eq!((model.name(), model.block()), ("Deep", typenet::layers::Model::block(&*deep)));
    let error = any_model::chosen("dep", &data.train).unwrap_err();
    assert!(error.to_string().contains("`dep`") && error.to_string().contains("deep"), "{error}");
}

const HEADER: &str = "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked\n";

fn read(rows: &str) -> Result<typenet::data::Samples<15>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passengers.csv");
    fs::write(&path, [HEADER, rows].concat()).unwrap();
    titanic::read(&path).map_err(|error| error.to_string())
}

#[test]
fn passengers_become_columns() {
    let rows = "1,1,1,\"A, B\",female,38.0,1,2,X,71.5,C85,C\n2,0,3,,male,,0,0,,8.05,,S\n3,0,2,,male,0.5,4,0,,13,,\n4,1,2,,female,7,0,0,,1,,Q\n";
    let samples = read(rows).unwrap();
    assert_eq!(samples.labels, [1, 0, 0, 1]);
    // Class (3), sex (2), age, no age, siblings and spouses, parents and children, fare, no cabin, port (4).
    assert_eq!(
        samples.inputs,
        [
            [1., 0., 0., 1., 0., 38., 0., 1., 2., 71.5, 0., 1., 0., 0., 0.],
            [0., 0., 1., 0., 1., 0., 1., 0., 0., 8.05, 1., 0., 0., 1., 0.],
            [0., 1., 0., 0., 1., 0.5, 0., 4., 0., 13., 1., 0., 0., 0., 1.],
            [0., 1., 0., 1., 0., 7., 0., 0., 0., 1., 1., 0., 1., 0., 0.],
        ]
    );
}

#[test]
fn a_passenger_of_no_known_class_sex_or_port_is_refused_with_file_and_line() {
    for row in [
        "1,1,4,,male,,0,0,,1,,S",
        "1,1,1,,mail,,0,0,,1,,S",
        "1,1,1,,male,,0,0,,1,,X",
        "1,1,1,,male,,0,0,,much,,S",
    ] {
        let error = read(&format!("1,0,3,,male,,0,0,,8.05,,S\n{row}\n")).unwrap_err();
        assert!(error.contains("passengers.csv") && error.contains("line: 3"), "{error}");
    }
}

/// Needs the files that the project may not ship, in the folder that TYPENET_TITANIC names; without them a line says so, past
/// what the test harness captures.
#[test]
fn titanic_reaches_its_auc_and_scaling_adds_to_it() {
    let Some(folder) = std::env::var_os("TYPENET_TITANIC") else {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: tests/examples.rs, Titanic: TYPENET_TITANIC names no folder with train.csv and test.csv"
        );
        return;
    };
    let raw = titanic::load(folder.as_ref()).unwrap();
    let of = |data| titanic::median((1..=9).map(|seed| titanic::test_auc(data, seed).unwrap()).collect());
    let (of_raw, of_scaled) = (of(&raw), of(&titanic::standardized(&raw)));
    assert!(of_raw >= 0.77 && of_scaled > of_raw, "{of_raw} {of_scaled}");
}
