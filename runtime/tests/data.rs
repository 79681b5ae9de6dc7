//! Data: files that are read, files that are refused, and the sets that come with the library.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use typenet_runtime::data::idx::{Images, read_images, read_labels};
use typenet_runtime::data::{
    DataError, FoldsError, Samples, Standardizer, breast_cancer, digits, find_non_finite, mnist,
};

fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend_from_slice(values);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn labels(&self, bytes: &[u8]) -> Result<Vec<u8>, DataError> {
        read_labels(self.put("labels", bytes))
    }
}

/// The four files of a tiny MNIST: three images to train on, two to test with.
fn mnist_folder() -> Folder {
    let folder = Folder::new();
    let image = |value: u8| vec![value; 784];
    folder.put("train-images-idx3-ubyte", &idx(&[3, 28, 28], &[image(0), image(51), image(255)].concat()));
    folder.put("train-labels-idx1-ubyte.gz", &gzip(&idx(&[3], &[0, 9, 5])));
    folder.put("t10k-images-idx3-ubyte.gz", &gzip(&idx(&[2, 28, 28], &[image(1), image(2)].concat())));
    folder.put("t10k-labels-idx1-ubyte", &idx(&[2], &[7, 1]));
    folder
}

#[test]
fn plain_and_compressed_files_are_told_by_content() {
    let folder = Folder::new();
    let bytes = idx(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
    let images = Images { count: 2, height: 1, width: 3, pixels: vec![1, 2, 3, 4, 5, 6] };
    assert_eq!(read_images(folder.put("plain.gz", &bytes)).unwrap(), images);
    assert_eq!(read_images(folder.put("compressed", &gzip(&bytes))).unwrap(), images);
    let (first, second) = bytes.split_at(9);
    assert_eq!(read_images(folder.put("members", &[gzip(first), gzip(second)].concat())).unwrap(), images);
    assert!(folder.labels(&idx(&[0], &[])).unwrap().is_empty());
}

#[test]
fn files_of_another_kind_are_refused() {
    let folder = Folder::new();
    let images = idx(&[1, 1, 1], &[1]);
    assert!(matches!(folder.labels(&images), Err(DataError::Magic { expected: 0x801, found: 0x803, .. })));
    let floats = [&[0, 0, 13, 1][..], &idx(&[1], &[1, 2, 3, 4])[4..]].concat();
    assert!(matches!(folder.labels(&floats), Err(DataError::Magic { found: 0xd01, .. })));
    assert!(matches!(read_labels(folder.path().join("missing")), Err(DataError::Io { .. })));
}

#[test]
fn a_file_that_ends_early_or_late_is_refused() {
    let folder = Folder::new();
    let whole = idx(&[5], &[1, 2, 3, 4, 5]);
    for len in 0..whole.len() {
        let expected_len = if len < 8 { 8 } else { 13 };
        for bytes in [whole[..len].to_vec(), gzip(&whole[..len])] {
            let result = folder.labels(&bytes);
            assert!(
                matches!(result, Err(DataError::Truncated { expected, found, .. })
                    if expected == expected_len && found == len as u64),
                "{len}: {result:?}"
            );
        }
    }
    let long = [&whole[..], &[6]].concat();
    for bytes in [long.clone(), gzip(&long)] {
        assert!(matches!(folder.labels(&bytes), Err(DataError::Surplus { expected: 13, .. })));
    }
}

#[test]
fn a_compressed_file_that_is_damaged_is_refused() {
    let folder = Folder::new();
    let values: Vec<u8> = (0..200).collect();
    let whole = gzip(&idx(&[200], &values));
    for len in 2..whole.len() {
        assert!(folder.labels(&whole[..len]).is_err(), "{len} of {} bytes", whole.len());
    }
    assert!(folder.labels(&[&whole[..], b"rest"].concat()).is_err());
    let mut checksum = whole.clone();
    let at = checksum.len() - 8;
    checksum[at] ^= 1;
    assert!(matches!(folder.labels(&checksum), Err(DataError::Io { .. })));
}

#[test]
fn sizes_in_a_header_are_not_believed() {
    let folder = Folder::new();
    let bytes = idx(&[u32::MAX], &[1]);
    assert!(matches!(folder.labels(&bytes), Err(DataError::TooLarge { sizes, .. }) if sizes == [u32::MAX]));
    let overflow = folder.put("images", &idx(&[u32::MAX, u32::MAX, u32::MAX], &[]));
    assert!(matches!(read_images(overflow), Err(DataError::TooLarge { .. })));
    let bytes = idx(&[1 << 30], &[1]);
    assert!(matches!(folder.labels(&bytes), Err(DataError::Truncated { found: 9, .. })));
}

#[test]
fn a_compressed_file_that_goes_on_is_read_no_further_than_its_header_says() {
    let folder = Folder::new();
    let bomb = gzip(&idx(&[10], &vec![0; 1 << 24]));
    assert!(bomb.len() < 1 << 18);
    assert!(matches!(folder.labels(&bomb), Err(DataError::Surplus { expected: 18, .. })));
}

#[test]
fn mnist_is_read_from_its_four_files() {
    let data = mnist::load(mnist_folder().path()).unwrap();
    assert_eq!(data.train.inputs, [[0.0; 784], [0.2; 784], [1.0; 784]]);
    assert_eq!(data.train.labels, [0, 9, 5]);
    assert_eq!(data.test.inputs, [[1.0 / 255.0; 784], [2.0 / 255.0; 784]]);
    assert_eq!(data.test.labels, [7, 1]);
}

#[test]
fn mnist_files_that_disagree_are_refused() {
    let load = |name: &str, bytes: &[u8]| {
        let folder = mnist_folder();
        folder.put(name, bytes);
        mnist::load(folder.path()).unwrap_err()
    };
    assert!(matches!(
        load("train-images-idx3-ubyte", &idx(&[2, 28, 28], &[0; 1568])),
        DataError::Count { images: 2, labels: 3, .. }
    ));
    assert!(matches!(
        load("train-images-idx3-ubyte", &idx(&[3, 28, 27], &[0; 2268])),
        DataError::ImageSize { found: [28, 27], .. }
    ));
    assert!(matches!(
        load("t10k-labels-idx1-ubyte", &idx(&[2], &[9, 10])),
        DataError::Label { index: 1, classes: 10, found: 10, .. }
    ));
}

#[test]
fn a_missing_mnist_file_is_named_in_both_forms() {
    let folder = mnist_folder();
    fs::remove_file(folder.path().join("t10k-images-idx3-ubyte.gz")).unwrap();
    let error = mnist::load(folder.path()).unwrap_err();
    let tried = ["t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz"].map(|name| folder.path().join(name));
    let text = error.to_string();
    assert!(tried.iter().all(|path| text.contains(path.to_str().unwrap())), "{text}");
    assert!(matches!(error, DataError::Missing { tried: found } if found == tried));
}

fn counts<const N: usize>(samples: &Samples<N>, classes: usize) -> Vec<usize> {
    (0..classes)
        .map(|class| samples.labels.iter().filter(|&&label| usize::from(label) == class).count())
        .collect()
}

#[test]
fn the_bundled_digits_are_whole() {
    let data = digits::load();
    assert_eq!((data.train.len(), data.test.len()), (1437, 360));
    assert_eq!(counts(&data.test, 10), [36, 36, 36, 36, 37, 36, 36, 36, 35, 36]);
    let total: Vec<usize> = counts(&data.train, 10)
        .iter()
        .zip(counts(&data.test, 10))
        .map(|(train, test)| train + test)
        .collect();
    assert_eq!(total, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    let values = || data.train.inputs.iter().chain(&data.test.inputs).flatten();
    assert!(values().all(|value| (0.0..=1.0).contains(value) && (16.0 * value).fract() == 0.0));
    assert_eq!(values().copied().fold(0.0, f32::max), 1.0);
    // The first image of the file: the third to sixth pixel are 5, 13, 9 and 1.
    assert_eq!(
        data.test.inputs[0][..8].iter().map(|value| 16.0 * value).collect::<Vec<_>>(),
        [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0]
    );
    assert_eq!(find_non_finite(data.train.inputs.as_flattened(), digits::PIXELS), None);
}

#[test]
fn the_bundled_breast_cancer_cases_are_whole() {
    let mut data = breast_cancer::load();
    assert_eq!((data.train.len(), data.test.len()), (455, 114));
    assert_eq!(counts(&data.train, 2), [169, 286]);
    assert_eq!(counts(&data.test, 2), [43, 71]);
    assert_eq!(data.test.inputs[0][..3], [17.99, 10.38, 122.8]);
    let standardizer = Standardizer::fit(&data.train.inputs);
    standardizer.apply(&mut data.train.inputs);
    let scaled = Standardizer::fit(&data.train.inputs);
    // Each value x was rounded to f32, which moves it by at most ε/2·|x|; so it moves the mean, and twice so the deviation.
    let largest = data.train.inputs.as_flattened().iter().fold(0.0, |max: f32, x| max.max(x.abs()));
    let tolerance = f64::from(largest * f32::EPSILON);
    assert!(scaled.mean.iter().all(|mean| mean.abs() < tolerance), "{:?}", scaled.mean);
    assert!(scaled.deviation.iter().all(|deviation| (deviation - 1.0).abs() < tolerance));
}

#[test]
fn folds_test_with_each_sample_once_and_with_each_class_by_its_share() {
    let whole = breast_cancer::load().join();
    assert_eq!(whole.len(), 569);
    let mut tested: Vec<_> = Vec::new();
    for split in whole.folds(10).unwrap() {
        // 212 malignant and 357 benign cases.
        assert!((56..=57).contains(&split.test.len()));
        let [malignant, benign] = counts(&split.test, 2)[..] else { panic!("two classes") };
        assert!((21..=22).contains(&malignant) && (35..=36).contains(&benign), "{malignant} {benign}");
        assert!(split.train.inputs.iter().all(|case| !split.test.inputs.contains(case)));
        tested.extend(split.test.inputs.iter().map(|case| case.map(f32::to_bits)));
        assert_eq!(split.train.len() + split.test.len(), 569);
    }
    let mut all: Vec<_> = whole.inputs.iter().map(|case| case.map(f32::to_bits)).collect();
    all.sort();
    tested.sort();
    assert_eq!(tested, all);
}

#[test]
fn folds_that_cannot_be_are_refused() {
    let samples = Samples { inputs: vec![[0.0]; 3], labels: vec![0, 1, 2] };
    for found in [0, 1, 4, usize::MAX] {
        assert_eq!(samples.folds(found).err(), Some(FoldsError { found, samples: 3 }));
    }
    assert_eq!(samples.folds(3).unwrap().count(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_never_panic(
        sizes in prop::collection::vec(0u32..5, 0..4),
        values in prop::collection::vec(any::<u8>(), 0..64),
        mutation in (any::<prop::sample::Index>(), any::<u8>()),
        compressed in any::<bool>(),
    ) {
        let folder = Folder::new();
        let mut bytes = idx(&sizes, &values);
        if compressed {
            bytes = gzip(&bytes);
        }
        let at = mutation.0.index(bytes.len());
        bytes[at] = mutation.1;
        let path = folder.put("file", &bytes);
        if let Ok(images) = read_images(&path) {
            prop_assert_eq!(images.pixels.len(), images.count * images.height * images.width);
        }
        if let Ok(labels) = read_labels(&path) {
            prop_assert!(labels.len() <= values.len());
        }
    }
}
