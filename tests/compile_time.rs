//! How long rustc takes over a declaration: `cargo test -p typenet-tests --test compile_time -- --nocapture` prints the figures.

mod rustc;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What rustc took.
#[derive(Debug, Clone, Copy)]
struct Cost {
    time: Duration,
    /// The most memory, in bytes; 0 where the operating system does not say.
    memory: u64,
}

/// A chain of so many layers.
fn chain(layers: usize) -> String {
    let layers: Vec<String> =
        (0..layers).map(|i| format!("Dense({} => {}, relu)", 100 + i, 101 + i)).collect();
    format!("pub Model < {} >", layers.join(", "))
}

/// Bytes that a running process has had at most.
fn most_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(1024 * line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?)
}

/// Checks a declaration; `None` if rustc refuses it.
fn check(declaration: &str, library: &Path, folder: &Path) -> Option<Cost> {
    let source = folder.join("model.rs");
    fs::write(&source, format!("typenet::model! {{ {declaration} }}"))
        .expect("the temporary folder can be written");
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--out-dir"]).arg(folder);
    rustc.arg("--extern").arg(format!("typenet={}", library.display()));
    rustc.arg("-L").arg(format!("dependency={}", library.parent().unwrap().display()));
    rustc.arg(source).stderr(Stdio::null());
    let start = Instant::now();
    let (mut process, mut memory) = (rustc.spawn().expect("rustc runs"), 0);
    let status = loop {
        memory = memory.max(most_memory(process.id()).unwrap_or(0));
        match process.try_wait().expect("rustc ends") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    status.success().then(|| Cost { time: start.elapsed(), memory })
}

/// A folder of the test's own, and the library that this test is linked with, which lies beside it.
fn prepare(test: &str) -> (PathBuf, PathBuf) {
    let folder = std::env::temp_dir().join(format!("typenet-{test}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder can be written");
    let libraries = rustc::libraries();
    let library = libraries.iter().find(|library| check(&chain(1), library, &folder).is_some());
    (folder, library.expect("the library that this test is linked with lies beside it").clone())
}

#[test]
fn memory_grows_with_the_layers_and_no_faster() {
    let (folder, library) = prepare("compile-time");
    let fastest = |layers| {
        let cost = |_| check(&chain(layers), &library, &folder).expect("a right model");
        (0..3).map(cost).min_by_key(|cost| cost.time).expect("three costs")
    };
    let [one, hundred, two_hundred] = [1, 100, 200].map(fastest);
    let [of_one, of_hundred, of_two_hundred] = [one, hundred, two_hundred].map(|cost| cost.time);
    println!(
        "rustc takes {of_one:.2?} for a model of 1 layer, {of_hundred:.2?} for 100, {of_two_hundred:.2?} for 200"
    );
    fs::remove_dir_all(&folder).expect("the temporary folder can be removed");
    // Where the operating system does not say how much memory there was, all are 0.
    let more = |cost: Cost| cost.memory.saturating_sub(one.memory);
    assert!(more(two_hundred) <= 3 * more(hundred), "{one:?} {hundred:?} {two_hundred:?}");
}

/// As in "Deep residual learning for image recognition" (He et al., CVPR 2016): 68 layers.
const RESNET_18: &str = "
    Unit(c, stride = 1) < Conv2d(_ => c, kernel = 3, stride = stride, padding = 1, bias = false), BatchNorm >
    Plain(c) < Add[ _ | Unit(c), Activation(relu), Unit(c) ], Activation(relu) >
    Down(c) < Add[ Conv2d(_ => c, kernel = 1, stride = 2, bias = false), BatchNorm
                 | Unit(c, stride = 2), Activation(relu), Unit(c) ], Activation(relu) >
    pub ResNet18 <
        Input(3, 224, 224),
        Conv2d(3 => 64, kernel = 7, stride = 2, padding = 3), BatchNorm, Activation(relu),
        MaxPool2d(3, stride = 2, padding = 1),
        2 * Plain(64), Down(128), Plain(128), Down(256), Plain(256), Down(512), Plain(512),
        GlobalAvgPool, Dense(_ => 1000, softmax),
    >";

/// 150 layers: 21 blocks of seven, and three.
const DEEP: &str = "
    Unit(c) < Conv2d(_ => c, kernel = 3, padding = 1, bias = false), BatchNorm >
    Plain(c) < Add[ _ | Unit(c), Activation(relu), Unit(c) ], Activation(relu) >
    pub Deep <
        Input(3, 32, 32),
        Conv2d(3 => 16, kernel = 3, padding = 1, relu), 21 * Plain(16), GlobalAvgPool, Dense(_ => 10, softmax),
    >";

#[test]
fn residual_networks_are_checked_in_less_than_a_gigabyte() {
    let (folder, library) = prepare("compile-memory");
    for (name, declaration) in [("ResNet-18", RESNET_18), ("150 layers", DEEP)] {
        // A plan that took the compiler long to compute would be an error: rustc denies long evaluations of constants.
        let Cost { time, memory } = check(declaration, &library, &folder).expect("a right model");
        println!("rustc takes {time:.2?} and {} MB for {name}", memory / 1_000_000);
        assert!(memory < 1_000_000_000, "{name}: {memory} bytes");
    }
    fs::remove_dir_all(&folder).expect("the temporary folder can be removed");
}
