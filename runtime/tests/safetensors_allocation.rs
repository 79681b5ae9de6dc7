//! Reading a file allocates its size and little more, whatever its header claims.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use typenet_runtime::io::safetensors::{Metadata, Tensor, read, write};

/// The system's allocator, keeping count of bytes in use and of their maximum.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came; the counters are atomic and allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises about `layout` are those of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises about `pointer` and `layout` are those of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes in use at any moment of `f`, beyond those in use before.
fn peak<T>(f: impl FnOnce() -> T) -> (T, usize) {
    let before = IN_USE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = f();
    (result, PEAK.load(Ordering::Relaxed) - before)
}

/// One test, because tests of one program share its allocator.
#[test]
fn reading_allocates_the_size_of_the_file_and_little_more() {
    /// Paths, messages, and the system's own.
    const FIXED: usize = 4096;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.safetensors");

    let values = vec![1.0; 1 << 18];
    let big = Tensor { name: "big".to_owned(), shape: &[1 << 18], values: &values };
    write(&path, &[big], &Metadata::new()).unwrap();
    let size = fs::metadata(&path).unwrap().len() as usize;
    let (file, used) = peak(|| read(&path).unwrap());
    assert!((size - FIXED..size + FIXED).contains(&used), "{used} bytes for a file of {size}");
    drop(file);

    let many: Vec<Tensor<'_>> =
        (0..10_000).map(|i| Tensor { name: i.to_string(), shape: &[], values: &[1.0] }).collect();
    write(&path, &many, &Metadata::new()).unwrap();
    let size = fs::metadata(&path).unwrap().len() as usize;
    let (file, used) = peak(|| read(&path).unwrap());
    assert!(used < size + size / 10 + FIXED, "{used} bytes for a file of {size}");
    drop(file);

    let claims = [
        // A header of a hundred million bytes.
        [&100_000_000u64.to_le_bytes()[..], b"{}"].concat(),
        // A tensor of 2^62 bytes.
        {
            let json = r#"{"a":{"dtype":"U8","shape":[4611686018427387904],"data_offsets":[0,4611686018427387904]}}"#;
            [&(json.len() as u64).to_le_bytes()[..], json.as_bytes()].concat()
        },
    ];
    for claim in claims {
        fs::write(&path, claim).unwrap();
        let (result, used) = peak(|| read(&path));
        assert!(result.is_err());
        assert!(used < FIXED, "{used} bytes");
    }

    // A file of 2^40 bytes without content on the disk, whose header accounts for four of them.
    let json = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    fs::write(&path, [&(json.len() as u64).to_le_bytes()[..], json.as_bytes()].concat()).unwrap();
    if fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 40).is_ok() {
        let (result, used) = peak(|| read(&path));
        assert!(result.is_err());
        assert!(used < FIXED, "{used} bytes");
    }
}
