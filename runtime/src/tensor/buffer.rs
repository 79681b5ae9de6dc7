//! Numbers on the heap, aligned to a cache line.

use core::ops::{Deref, DerefMut};

/// A cache line of numbers.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

// SAFETY: `Line` is an array of `f32`, for which all bits zero is a value.
unsafe impl bytemuck::Zeroable for Line {}
// SAFETY: `Line` is 64 bytes of `f32` aligned to 64, so it has no padding, and every bit pattern is a value.
unsafe impl bytemuck::Pod for Line {}

/// A slice of `f32` on the heap: zero at first, aligned to 64 bytes, never resized.
///
/// ```
/// use typenet_runtime::tensor::Buffer;
///
/// let mut buffer = Buffer::zeroed(20);
/// buffer[19] = 1.0;
/// assert_eq!((buffer.len(), buffer[0], buffer[19]), (20, 0.0, 1.0));
/// assert_eq!(buffer.as_ptr().addr() % 64, 0);
/// ```
#[derive(Debug, Clone)]
pub struct Buffer {
    lines: Box<[Line]>,
    len: usize,
}

impl Buffer {
    /// `len` zeros.
    pub fn zeroed(len: usize) -> Self {
        Self { lines: bytemuck::zeroed_slice_box(len.div_ceil(16)), len }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffer_is_zero_aligned_and_as_long_as_asked() {
        for len in [0, 1, 15, 16, 17, 1000] {
            let mut buffer = Buffer::zeroed(len);
            assert_eq!(buffer.len(), len);
            assert!(buffer.iter().all(|&x| x == 0.0));
            assert!(buffer.as_ptr().addr().is_multiple_of(64));
            buffer.fill(1.0);
        }
    }
}
