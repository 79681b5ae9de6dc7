//! A counting allocator sees no kernel allocate, on any thread, whatever the size.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use typenet_runtime::kernels::function::{Function, Map};
use typenet_runtime::kernels::product::{Matrix, Product, Tail};
use typenet_runtime::kernels::reduce::Reduce;

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

#[test]
fn kernels_allocate_nothing() {
    let (a, b) = (vec![0.5; 300 * 700], vec![0.25; 700 * 300]);
    let (mut c, mut kept) = (vec![0.0; 300 * 300], vec![0.0; 300 * 300]);
    let mut count = || {
        // The first call chooses the instruction set, which reads the environment, and makes threads.
        every_kernel(300, 700, 300, &a, &b, &mut c, &mut kept);
        let before = ALLOCATIONS.load(Relaxed);
        for (m, k, n) in [(1, 5, 3), (1, 700, 300), (20, 30, 1), (300, 700, 300)] {
            every_kernel(m, k, n, &a, &b, &mut c, &mut kept);
        }
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
