//! Files of libraries that keep weights as `[outputs, inputs]`.

use std::path::{Path, PathBuf};

use typenet::io::safetensors::{Import, Layout, LoadError, Tensor, write};
use typenet::prelude::*;

model! { Inner < Dense(3 => 3, tanh) > }
model! { Net < fc1: Dense(2 => 3, relu), encoder: Inner(3 => 3), fc2: Dense(3 => 2) > }

/// `y = W·x + b`, with `W` as PyTorch keeps it.
const FC1: [[f32; 2]; 3] = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
const ENCODER: [[f32; 3]; 3] = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]];
const FC2: [[f32; 3]; 2] = [[1.0, -2.0, 3.0], [-4.0, 5.0, -6.0]];

/// What PyTorch would save under these names of layers.
fn save(folder: &Path, names: [&str; 3], format: Option<&str>) -> PathBuf {
    let path = folder.join("torch.safetensors");
    let tensor = |layer: usize, of: &str, shape: &'static [usize], values: &'static [f32]| Tensor {
        name: format!("{}.{of}", names[layer]),
        shape,
        values,
    };
    let tensors = [
        tensor(0, "weight", &[3, 2], FC1.as_flattened()),
        tensor(0, "bias", &[3], &[0.5, 0.25, 0.125]),
        tensor(1, "weight", &[3, 3], ENCODER.as_flattened()),
        tensor(1, "bias", &[3], &[0.0; 3]),
        tensor(2, "weight", &[2, 3], FC2.as_flattened()),
        tensor(2, "bias", &[2], &[1.0, 2.0]),
    ];
    let format = format.map(|format| ("format".to_owned(), format.to_owned()));
    write(&path, &tensors, &format.into_iter().collect()).unwrap();
    path
}

const SAME: [&str; 3] = ["fc1", "encoder.dense_1", "fc2"];

#[test]
fn weights_are_turned_and_layers_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let import = Import::new(Layout::OutIn);
    let renamed = import.clone().layer("fc1", "0").layer("encoder", "core").layer("encoder.dense_1", "net.2");
    let outer = import.clone().layer("encoder", "core");
    for (names, import) in
        [(SAME, import), (["0", "net.2", "fc2"], renamed), (["fc1", "core.dense_1", "fc2"], outer)]
    {
        for format in [None, Some("pt")] {
            let path = save(folder.path(), names, format);
            let net = Net::load_with(&path, &import).unwrap();
            for (i, row) in FC1.iter().enumerate() {
                assert_eq!(net.fc1().weight().map(|outputs| outputs[i]), *row);
            }
            let inner = net.tensor("encoder.dense_1.weight").unwrap().values;
            assert_eq!(inner, [0.1, 0.4, 0.7, 0.2, 0.5, 0.8, 0.3, 0.6, 0.9]);
            assert_eq!(net.fc2().weight(), &[[1.0, -4.0], [-2.0, 5.0], [3.0, -6.0]]);
            assert_eq!((net.fc1().bias(), net.fc2().bias()), (Some(&[0.5, 0.25, 0.125]), Some(&[1.0, 2.0])));
        }
    }
}

model! { Square < Dense(2 => 2) > }

fn square(folder: &Path, format: Option<&str>) -> PathBuf {
    let path = folder.join("square.safetensors");
    let weight = Tensor { name: "dense_1.weight".to_owned(), shape: &[2, 2], values: &[1.0, 2.0, 3.0, 4.0] };
    let bias = Tensor { name: "dense_1.bias".to_owned(), shape: &[2], values: &[0.0; 2] };
    let format = format.map(|format| ("format".to_owned(), format.to_owned()));
    write(&path, &[weight, bias], &format.into_iter().collect()).unwrap();
    path
}

#[test]
fn a_square_weight_of_a_file_that_says_it_is_pytorchs_is_loaded_in_a_stated_layout_alone() {
    let folder = tempfile::tempdir().unwrap();
    for foreign in ["pt", "mlx"] {
        let path = square(folder.path(), Some(foreign));
        let error = Square::load(&path).unwrap_err();
        assert!(
            matches!(&error, LoadError::Layout { name, format, .. } if name == "dense_1.weight" && format == foreign),
            "{error}"
        );
        assert!(error.to_string().contains("load_with"), "{error}");
        let mut model: Box<dyn DynModel> = Square::new(1);
        let before = model.block().to_vec();
        assert!(matches!(model.load(&path), Err(LoadError::Layout { .. })));
        assert_eq!(model.block(), before);
        let load = |layout| *Square::load_with(&path, &Import::new(layout)).unwrap().dense_1().weight();
        assert_eq!(load(Layout::OutIn), [[1.0, 3.0], [2.0, 4.0]]);
        assert_eq!(load(Layout::InOut), [[1.0, 2.0], [3.0, 4.0]]);
    }
    for ours in [None, Some("tf"), Some("flax")] {
        let path = square(folder.path(), ours);
        assert_eq!(Square::load(path).unwrap().dense_1().weight(), &[[1.0, 2.0], [3.0, 4.0]]);
    }
}

#[test]
fn a_weight_of_the_turned_shape_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = save(folder.path(), SAME, None);
    let error = Net::load(&path).unwrap_err();
    assert!(matches!(&error, LoadError::Shape { name, .. } if name == "fc1.weight"), "{error}");
    assert!(error.to_string().contains("PyTorch") && error.to_string().contains("load_with"), "{error}");

    let ours = folder.path().join("ours.safetensors");
    Net::new(1).save(&ours).unwrap();
    let error = Net::load_with(&ours, &Import::new(Layout::OutIn)).unwrap_err();
    assert!(matches!(error, LoadError::OutInShape { .. }), "{error}");
    assert!(error.to_string().ends_with("expects [outputs, inputs]"), "{error}");
}

#[test]
fn names_that_do_not_fit_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = save(folder.path(), SAME, None);
    let load = |import: &Import| Net::load_with(&path, import).unwrap_err();
    let import = Import::new(Layout::OutIn);
    let error = load(&import.clone().layer("fc3", "2"));
    assert!(matches!(&error, LoadError::Layer { layer, .. } if layer == "fc3"), "{error}");
    let error = load(&import.clone().layer("fc", "2"));
    assert!(matches!(&error, LoadError::Layer { .. }), "{error}: `fc` is no layer though `fc1` is");
    let error = load(&import.clone().layer("fc2", "2"));
    assert!(matches!(&error, LoadError::Missing { name, .. } if name == "2.weight"), "{error}");
    let error = load(&import.layer("fc2", "fc1"));
    assert!(matches!(&error, LoadError::OutInShape { name, .. } if name == "fc1.weight"), "{error}");
}

#[test]
fn what_is_saved_here_says_no_format_and_loads() {
    let folder = tempfile::tempdir().unwrap();
    let (weights, run) = (folder.path().join("weights"), folder.path().join("run"));
    let mut trainer = Square::new(1).compile(Sgd::new(0.1), MeanSquaredError, ());
    trainer.fit(&[[1.0, 2.0]], &[[0.0_f32, 1.0]]).checkpoint(&run).progress(false).run().unwrap();
    trainer.save(&weights).unwrap();
    for path in [weights, run] {
        let file = typenet::io::safetensors::read(&path).unwrap();
        assert_eq!(file.metadata().get("format"), None);
        assert_eq!(Square::load(&path).unwrap().block(), trainer.block());
        assert_eq!(Square::load_with(&path, &Import::new(Layout::InOut)).unwrap().block(), trainer.block());
    }
}
