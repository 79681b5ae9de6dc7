//! A counting allocator sees no kernel allocate, on any thread, whatever the size.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use typenet_runtime::kernels::embedding::{Positions, gather, scatter_add};
use typenet_runtime::kernels::function::{Function, Map};
use typenet_runtime::kernels::global_average::{channel_means, sequence_means};
use typenet_runtime::kernels::pool2d::{Count, Pool, Pool2dShape};
use typenet_runtime::kernels::product::{Matrix, Product, Tail};
use typenet_runtime::kernels::reduce::Reduce;
use typenet_runtime::kernels::{BatchNorm, LayerNorm, batch_norm, concat, layer_norm, sum};
use typenet_runtime::kernels::{Conv2dShape, Convolve};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn every_kernel(m: usize, k: usize, n: usize, a: &[f32], b: &[f32], c: &mut [f32], kept: &mut [f32]) {
    let (a, b) = (&a[..m * k], &b[..k * n]);
    let (c, kept) = (&mut c[..m * n], &mut kept[..m * n]);
    for function in [Function::Relu, Function::Gelu, Function::Softmax] {
        let tail = Tail { bias: Some(&b[..n]), function, preactivation: Some(&mut *kept) };
        f32::product(Matrix::new(a, m, k), Matrix::new(b, k, n), tail, c);
        f32::map_gradient(function, n, kept, c);
    }
    f32::product(Matrix::new(a, k, m).transposed(), Matrix::new(b, k, n), Tail::default(), c);
    f32::product(Matrix::new(a, m, k), Matrix::new(b, n, k).transposed(), Tail::default(), c);
    f32::column_sums(c, &mut kept[..n]);
}

/// Over `rows` rows of `width` values of `x`; writes into `y`.
fn every_kernel_of_rows(rows: usize, width: usize, x: &[f32], indices: &[u32], y: &mut [f32]) {
    let (x, indices, per_place) = (&x[..rows * width], &indices[..rows], &x[..width]);
    let (y, rest) = y.split_at_mut(rows * width);
    let (mean, rest) = rest.split_at_mut(rows.max(width));
    let (inverse_deviation, rest) = rest.split_at_mut(rows.max(width));
    let (first, second) = rest[..2 * width].split_at_mut(width);
    for spatial in [1, width] {
        let channels = width / spatial;
        f32::batch_norm_forward(batch_norm::Forward {
            spatial,
            epsilon: 1e-3,
            momentum: 0.1,
            x,
            scale: &per_place[..channels],
            shift: &per_place[..channels],
            mean: &mut mean[..channels],
            inverse_deviation: &mut inverse_deviation[..channels],
            running_mean: &mut first[..channels],
            running_variance: &mut second[..channels],
            y,
        });
        f32::batch_norm_predict(batch_norm::Predict {
            spatial,
            epsilon: 1e-3,
            x,
            scale: &per_place[..channels],
            shift: &per_place[..channels],
            running_mean: &first[..channels],
            running_variance: &second[..channels],
            y,
        });
        f32::batch_norm_backward(batch_norm::Backward {
            spatial,
            x,
            mean: &mean[..channels],
            inverse_deviation: &inverse_deviation[..channels],
            scale: &per_place[..channels],
            grad_y: x,
            grad_scale: &mut first[..channels],
            grad_shift: &mut second[..channels],
            grad_x: Some(y),
        });
    }
    let (mean, inverse_deviation) = (&mut mean[..rows], &mut inverse_deviation[..rows]);
    let (scale, shift) = (per_place, per_place);
    f32::layer_norm_forward(layer_norm::Forward {
        epsilon: 1e-3,
        x,
        scale,
        shift,
        mean,
        inverse_deviation,
        y,
    });
    f32::layer_norm_backward(layer_norm::Backward {
        x,
        mean,
        inverse_deviation,
        scale,
        grad_y: x,
        grad_scale: first,
        grad_shift: second,
        grad_x: Some(y),
    });
    gather(x, width, Positions::all(indices), y);
    scatter_add(x, width, Positions::all(indices), y);
    sum::sum(&[x, x], y);
    sum::accumulate(y, x);
    let half = rows / 2 * width;
    concat::concat(rows / 2, &[&x[..half], &x[half..2 * half]], &mut y[..2 * half]);
    concat::part(rows / 2, &x[..2 * half], width, &mut y[..half]);
}

/// Convolutions, pools and global averages of six images of 40×40, with scratch for two threads, over numbers that are all equal.
fn every_image_kernel(numbers: &mut [Vec<f32>; 5]) {
    let shape = Conv2dShape {
        channels: 4,
        height: 40,
        width: 40,
        filters: 8,
        kernel: [3, 3],
        stride: [1, 1],
        padding: [1, 1],
        dilation: [1, 1],
        groups: 2,
        out: [40, 40],
    };
    let [x, y, pooled, weight, scratch] = numbers.each_mut().map(Vec::as_mut_slice);
    let (x, y) = (&mut x[..6 * shape.input_len()], &mut y[..6 * shape.output_len()]);
    let (weight, scratch) = (&mut weight[..shape.weight_len()], &mut scratch[..2 * shape.scratch_len()]);
    f32::conv2d(&shape, 6, x, weight, Tail { function: Function::Relu, ..Tail::default() }, scratch, y);
    f32::conv2d_grad_weight(&shape, 6, x, y, scratch, weight);
    f32::conv2d_grad_input(&shape, 6, y, weight, scratch, x);
    f32::conv2d_grad_bias(&shape, 6, y, &mut weight[..8]);
    let images = Pool2dShape {
        images: 6 * 8,
        height: 40,
        width: 40,
        kernel: [3, 3],
        stride: [2, 2],
        padding: [1, 1],
        out: [20, 20],
    };
    let pooled = &mut pooled[..images.output_len()];
    f32::max_pool(&images, y, pooled);
    f32::average_pool(&images, Count::Inputs, y, pooled);
    f32::average_pool_gradient(&images, Count::Window, pooled, y);
    f32::max_pool_gradient(
        &Pool2dShape { images: 6 * 4, ..images },
        x,
        &pooled[..6 * 4 * 400],
        &mut y[..x.len()],
    );
    channel_means(1600, y, &mut weight[..48]);
    sequence_means([40, 40], &[7; 48], y, &mut scratch[..48 * 40]);
}

#[test]
fn kernels_allocate_nothing() {
    let (a, b) = (vec![0.5; 300 * 700], vec![0.25; 700 * 300]);
    let (mut c, mut kept) = (vec![0.0; 300 * 300], vec![0.0; 300 * 300]);
    let (indices, mut rows) = (vec![1; 300], vec![0.0; 300 * 700 + 4 * 700]);
    let mut images = std::array::from_fn(|_| vec![0.5; 6 * 8 * 1600]);
    let mut count = || {
        // The first call chooses the instruction set, which reads the environment, and makes threads.
        every_kernel(300, 700, 300, &a, &b, &mut c, &mut kept);
        every_kernel_of_rows(300, 700, &a, &indices, &mut rows);
        every_image_kernel(&mut images);
        let before = ALLOCATIONS.load(Relaxed);
        for (m, k, n) in [(1, 5, 3), (1, 700, 300), (20, 30, 1), (300, 700, 300)] {
            every_kernel(m, k, n, &a, &b, &mut c, &mut kept);
        }
        for (count, width) in [(2, 3), (300, 700)] {
            every_kernel_of_rows(count, width, &a, &indices, &mut rows);
        }
        every_image_kernel(&mut images);
        ALLOCATIONS.load(Relaxed) - before
    };
    assert_eq!(count(), 0, "on a thread of no pool");
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        // Every worker has started, and looked once into the others' queues, for which it allocates.
        pool.broadcast(|_| ());
        assert_eq!(pool.install(&mut count), 0, "{threads} threads");
    }
}
