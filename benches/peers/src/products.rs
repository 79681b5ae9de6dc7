//! Products of the matrices of W1, all three kinds, by typenet's kernel and by the crates for matrix products.
//!
//! Letters: `c: m×n ← a: m×k · b: k×n`. Every crate computes every product in turn, so that a noisy moment meets them all.
//! Matrices begin at a line of the cache, as frameworks place them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use typenet_runtime::kernels::{Matrix, Product, Tail};
use typenet_runtime::hardware::Buffer;

use crate::cases::Options;

/// Batch sizes of a bench of products.
const BATCHES: [usize; 9] = [1, 4, 8, 16, 32, 64, 128, 256, 512];
/// Times that a product is measured by each crate; the median counts.
const REPEATS: usize = 7;

/// One product: its operands as they lie in memory in a training step, row by row or transposed.
struct Problem {
    kind: &'static str,
    m: usize,
    k: usize,
    n: usize,
    a: Buffer,
    b: Buffer,
    /// Distances between neighbours in a column and in a row, in elements.
    a_strides: (usize, usize),
    b_strides: (usize, usize),
}

impl Problem {
    fn new(kind: &'static str, m: usize, k: usize, n: usize) -> Self {
        let values = |count: usize, seed: usize| {
            let mut values = Buffer::zeroed(count);
            for (i, value) in values.iter_mut().enumerate() {
                *value = ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0;
            }
            values
        };
        let a_strides = if kind == "AᵀB" { (1, m) } else { (k, 1) };
        let b_strides = if kind == "ABᵀ" { (1, k) } else { (n, 1) };
        Self { kind, m, k, n, a: values(m * k, 1), b: values(k * n, 2), a_strides, b_strides }
    }

    /// Forward, weight gradient and input gradient of W1's two layers.
    fn all() -> impl Iterator<Item = Self> {
        let of = |batch: usize| {
            [
                ("AB", batch, 784, 512),
                ("AB", batch, 512, 10),
                ("AᵀB", 784, batch, 512),
                ("AᵀB", 512, batch, 10),
                ("ABᵀ", batch, 10, 512),
                ("ABᵀ", batch, 512, 784),
            ]
        };
        let sizes = (0..6).flat_map(move |kind| BATCHES.map(|batch| of(batch)[kind]));
        sizes.map(|(kind, m, k, n)| Self::new(kind, m, k, n))
    }

    /// The first element of `c` that is wrong, among some spread over it: an error beyond k·ε·Σ|aᵢbᵢ|.
    fn mistake(&self, c: &[f32]) -> Option<String> {
        (0..c.len()).step_by(c.len() / 61 + 1).find_map(|at| {
            let (i, j) = (at / self.n, at % self.n);
            let (mut sum, mut size) = (0.0, 0.0);
            for p in 0..self.k {
                let x = f64::from(self.a[i * self.a_strides.0 + p * self.a_strides.1]);
                let y = f64::from(self.b[p * self.b_strides.0 + j * self.b_strides.1]);
                sum += x * y;
                size += (x * y).abs();
            }
            let bound = self.k as f64 * f64::from(f32::EPSILON) * size;
            let right = (f64::from(c[at]) - sum).abs() <= bound;
            (!right).then(|| format!("element ({i}, {j}) is {}, not {sum}", c[at]))
        })
    }
}

/// Computes the product into `c` with so many threads.
type Routine = fn(&Problem, usize, &mut [f32]);

const ROUTINES: &[(&str, Routine)] = &[
    ("typenet", typenet),
    #[cfg(feature = "matrixmultiply")]
    ("matrixmultiply", matrixmultiply),
    #[cfg(feature = "gemm")]
    ("gemm", gemm),
    #[cfg(feature = "gemmkit")]
    ("gemmkit", gemmkit),
    #[cfg(feature = "faer")]
    ("faer", faer),
];

fn typenet(problem: &Problem, _: usize, c: &mut [f32]) {
    let matrix = |data, rows, columns, (row_stride, column_stride)| Matrix {
        data,
        rows,
        columns,
        row_stride,
        column_stride,
    };
    let a = matrix(&problem.a[..], problem.m, problem.k, problem.a_strides);
    let b = matrix(&problem.b[..], problem.k, problem.n, problem.b_strides);
    f32::product(a, b, Tail::default(), c);
}

/// Its threads come from `MATMUL_NUM_THREADS`, which the driver sets.
#[cfg(feature = "matrixmultiply")]
fn matrixmultiply(problem: &Problem, _: usize, c: &mut [f32]) {
    let Problem { m, k, n, a, b, a_strides, b_strides, .. } = problem;
    // SAFETY: sizes and strides are those of the slices.
    unsafe {
        matrixmultiply::sgemm(
            *m,
            *k,
            *n,
            1.0,
            a.as_ptr(),
            a_strides.0 as isize,
            a_strides.1 as isize,
            b.as_ptr(),
            b_strides.0 as isize,
            b_strides.1 as isize,
            0.0,
            c.as_mut_ptr(),
            *n as isize,
            1,
        );
    }
}

#[cfg(feature = "gemm")]
fn gemm(problem: &Problem, threads: usize, c: &mut [f32]) {
    let Problem { m, k, n, a, b, a_strides, b_strides, .. } = problem;
    let parallelism = if threads == 1 { gemm::Parallelism::None } else { gemm::Parallelism::Rayon(threads) };
    // SAFETY: sizes and strides are those of the slices.
    unsafe {
        gemm::gemm(
            *m,
            *n,
            *k,
            c.as_mut_ptr(),
            1,
            *n as isize,
            false,
            a.as_ptr(),
            a_strides.1 as isize,
            a_strides.0 as isize,
            b.as_ptr(),
            b_strides.1 as isize,
            b_strides.0 as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(feature = "gemmkit")]
fn gemmkit(problem: &Problem, threads: usize, c: &mut [f32]) {
    use gemmkit::{MatMut, MatRef, Parallelism};
    let Problem { m, k, n, a, b, a_strides, b_strides, .. } = problem;
    let a = MatRef::new(a, *m, *k, a_strides.0 as isize, a_strides.1 as isize);
    let b = MatRef::new(b, *k, *n, b_strides.0 as isize, b_strides.1 as isize);
    let parallelism = if threads == 1 { Parallelism::Serial } else { Parallelism::Rayon(threads) };
    gemmkit::gemm(1.0, a, b, 0.0, MatMut::from_row_major(c, *m, *n), parallelism);
}

#[cfg(feature = "faer")]
fn faer(problem: &Problem, threads: usize, c: &mut [f32]) {
    use faer::{Accum, MatMut, MatRef, Par};
    let view = |data, rows, columns, transposed| match transposed {
        true => MatRef::from_column_major_slice(data, rows, columns),
        false => MatRef::from_row_major_slice(data, rows, columns),
    };
    let a = view(&problem.a[..], problem.m, problem.k, problem.kind == "AᵀB");
    let b = view(&problem.b[..], problem.k, problem.n, problem.kind == "ABᵀ");
    let c = MatMut::from_row_major_slice_mut(c, problem.m, problem.n);
    let par = if threads == 1 { Par::Seq } else { Par::rayon(threads) };
    faer::linalg::matmul::matmul(c, Accum::Replace, a, b, 1.0f32, par);
}

pub fn run(options: &Options) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build().expect("threads");
    pool.install(|| Problem::all().for_each(|problem| measure(&problem, options)));
}

fn measure(problem: &Problem, options: &Options) {
    let Problem { kind, m, k, n, .. } = problem;
    let slice = options.seconds / REPEATS as f64;
    let mut c = Buffer::zeroed(m * n);
    let mut sound: Vec<(&str, Routine, usize, Vec<f64>)> = Vec::new();
    for &(name, routine) in ROUTINES {
        c.fill(f32::NAN);
        // A panic of one crate leaves the others their turn.
        if catch_unwind(AssertUnwindSafe(|| routine(problem, options.threads, &mut c))).is_err() {
            eprintln!("failed: {name} on {kind} {m}×{k}×{n}");
            continue;
        }
        if let Some(mistake) = problem.mistake(&c) {
            eprintln!("DIFFERENT PRODUCT: {name} on {kind} {m}×{k}×{n}: {mistake}");
            continue;
        }
        let mut calls = 1;
        while timed(problem, routine, options.threads, calls, &mut c) < slice {
            calls *= 2;
        }
        sound.push((name, routine, calls.div_ceil(2), Vec::new()));
    }
    for _ in 0..REPEATS {
        for (_, routine, calls, rates) in &mut sound {
            let seconds = timed(problem, *routine, options.threads, *calls, &mut c);
            rates.push((2 * m * k * n * *calls) as f64 / seconds / 1e9);
        }
    }
    for (name, .., mut rates) in sound {
        rates.sort_by(f64::total_cmp);
        let rate = rates[REPEATS / 2];
        println!(
            "{{\"peer\": \"{name}\", \"product\": \"{kind}\", \"m\": {m}, \"k\": {k}, \"n\": {n}, \"rate\": {rate}}}"
        );
    }
}

fn timed(problem: &Problem, routine: Routine, threads: usize, calls: usize, c: &mut [f32]) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        routine(std::hint::black_box(problem), threads, c);
    }
    start.elapsed().as_secs_f64()
}
