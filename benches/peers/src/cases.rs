//! The work that every framework does; the twin of `cases.py`.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

/// Steps before the loss is compared.
pub const CHECK_STEPS: usize = 10;
/// Step size of SGD with momentum 0.9, and of Adam with epsilon 1e-7.
pub const MOMENTUM_RATE: f64 = 0.01;
pub const ADAM_RATE: f64 = 0.001;

/// Widths, for peers that build their networks from them.
#[allow(dead_code, reason = "typenet's networks are types")]
pub const W1: &[usize] = &[784, 512, 10];
#[allow(dead_code, reason = "as above")]
pub const W2: &[usize] = &[30, 64, 32, 1];

/// Options of one run.
pub struct Options {
    pub threads: usize,
    pub data: PathBuf,
    pub seconds: f64,
    pub only: String,
    pub kinds: String,
}

impl Options {
    pub fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let value = |name: &str| {
            let place = arguments.iter().position(|argument| argument == name)?;
            arguments.get(place + 1).cloned()
        };
        Self {
            threads: value("--threads").map_or(1, |text| text.parse().expect("a number of threads")),
            data: value("--data").expect("--data DIR").into(),
            seconds: value("--seconds").map_or(0.5, |text| text.parse().expect("seconds")),
            only: value("--only").unwrap_or_default(),
            kinds: value("--kinds").unwrap_or_else(|| "train,predict".into()),
        }
    }

    fn wants(&self, workload: &str, kind: &str) -> bool {
        let by_default = self.only.is_empty() && matches!(workload, "w1" | "w2");
        (by_default || self.only.split(',').any(|name| name == workload)) && self.kinds.contains(kind)
    }

    /// The wanted cases of training: optimizers and batch sizes.
    pub fn train(&self, workload: &str) -> Vec<(&'static str, usize)> {
        let all: &[(&str, usize)] = match workload {
            "w1" => &[
                ("momentum", 1),
                ("momentum", 32),
                ("momentum", 128),
                ("momentum", 512),
                ("adam", 1),
                ("adam", 32),
                ("adam", 128),
                ("adam", 512),
            ],
            "w2" => &[("adam", 32), ("adam", 256)],
            "w3" => &[("adam", 32), ("adam", 128)],
            "w4" => &[("momentum", 64)],
            "w5" => &[("adam", 64)],
            _ => &[("adam", 32)],
        };
        if self.wants(workload, "train") { all.to_vec() } else { Vec::new() }
    }

    /// The wanted cases of inference: batch sizes.
    pub fn predict(&self, workload: &str) -> Vec<usize> {
        let all: &[usize] = match workload {
            "w1" => &[1, 64, 1024],
            "w2" => &[1, 1024],
            _ => &[1, 64],
        };
        if self.wants(workload, "predict") { all.to_vec() } else { Vec::new() }
    }
}

/// Inputs, labels and start weights of a workload; steps walk over the samples.
pub struct Data {
    pub inputs: Vec<f32>,
    pub labels: Vec<u8>,
    pub weights: Vec<f32>,
}

impl Data {
    pub fn load(options: &Options, workload: &str) -> Self {
        let read = |end: &str| {
            let path = options.data.join(format!("{workload}.{end}"));
            fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let floats = |end: &str| bytemuck::pod_collect_to_vec::<u8, f32>(&read(end));
        Self { inputs: floats("x"), labels: read("y"), weights: floats("weights") }
    }
}

/// Samples per second of `run`, which does one call of `samples` samples.
pub fn rate(samples: usize, seconds: f64, mut run: impl FnMut()) -> f64 {
    let mut timed = |calls: usize| {
        let start = Instant::now();
        (0..calls).for_each(|_| run());
        start.elapsed().as_secs_f64()
    };
    let mut calls = 1;
    while timed(calls) < seconds / 10.0 {
        calls *= 2;
    }
    let mut rates = Vec::new();
    let start = Instant::now();
    while start.elapsed().as_secs_f64() < seconds || rates.len() < 3 {
        rates.push((calls * samples) as f64 / timed(calls));
    }
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// One line of JSON on standard output.
pub fn report(
    peer: &str,
    kind: &str,
    workload: &str,
    optimizer: Option<&str>,
    batch: usize,
    rate: f64,
    loss: Option<f64>,
) {
    let optimizer = optimizer.map_or("null".into(), |name| format!("\"{name}\""));
    let loss = loss.map_or(String::new(), |loss| format!(", \"loss\": {loss}"));
    println!(
        "{{\"peer\": \"{peer}\", \"kind\": \"{kind}\", \"workload\": \"{workload}\", \"optimizer\": {optimizer}, \
         \"batch\": {batch}, \"rate\": {rate}{loss}}}"
    );
}

/// Rows that say why `peer` has no figures for a workload that is wanted.
pub fn report_absence(options: &Options, peer: &str, workload: &str, note: &str) {
    let line = |kind: &str, optimizer: &str, batch: usize| {
        println!(
            "{{\"peer\": \"{peer}\", \"kind\": \"{kind}\", \"workload\": \"{workload}\", \"optimizer\": {optimizer}, \
             \"batch\": {batch}, \"rate\": null, \"note\": \"{note}\"}}"
        );
    };
    options
        .train(workload)
        .iter()
        .for_each(|(optimizer, batch)| line("train", &format!("\"{optimizer}\""), *batch));
    options.predict(workload).iter().for_each(|batch| line("predict", "null", *batch));
}
