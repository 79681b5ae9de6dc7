//! Numbers on the heap, aligned to a cache line.

use core::fmt;
use core::ops::{Deref, DerefMut};

use crate::brief::Brief;

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
/// use typenet_runtime::hardware::Buffer;
///
/// let mut buffer = Buffer::zeroed(20);
/// buffer[19] = 1.0;
/// assert_eq!((buffer.len(), buffer[0], buffer[19]), (20, 0.0, 1.0));
/// assert_eq!(buffer.as_ptr().addr() % 64, 0);
/// ```
#[derive(Clone)]
pub struct Buffer {
    lines: Box<[Line]>,
    len: usize,
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Buffer").field(&Brief(self)).finish()
    }
}

/// As slices: NaN equals nothing.
impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Buffer {
    /// `len` zeros. If there is no memory for them, the program ends as with `Vec`: with the number of bytes.
    pub fn zeroed(len: usize) -> Self {
        Self::try_zeroed(len).unwrap_or_else(|error| error.end())
    }

    /// `len` zeros, if there is memory for them.
    ///
    /// ```
    /// use typenet_runtime::hardware::Buffer;
    ///
    /// assert_eq!(Buffer::try_zeroed(20).map(|buffer| buffer.len()), Ok(20));
    /// let error = Buffer::try_zeroed(usize::MAX).expect_err("more than there can be");
    /// assert_eq!(error.bytes, usize::MAX);
    /// ```
    ///
    /// # Errors
    /// [`AllocError`] if there is not.
    pub fn try_zeroed(len: usize) -> Result<Self, AllocError> {
        let lines = bytemuck::allocation::try_zeroed_slice_box(len.div_ceil(16));
        Ok(Self { lines: lines.map_err(|()| AllocError::of::<Line>(len.div_ceil(16)))?, len })
    }
}

/// Memory that is not to be had.
///
/// ```
/// use typenet_runtime::hardware::Buffer;
/// use typenet_runtime::hardware::buffer::AllocError;
///
/// let error = Buffer::try_zeroed(1 << 61).expect_err("more than an address can reach");
/// assert_eq!(error, AllocError { bytes: 1 << 63 });
/// assert_eq!(error.to_string(), "no memory for 9223372036854775808 bytes");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no memory for {bytes} bytes")]
pub struct AllocError {
    /// How many bytes were asked for; the largest number if there is no number for them.
    pub bytes: usize,
}

impl AllocError {
    pub(crate) fn of<T>(len: usize) -> Self {
        Self { bytes: len.saturating_mul(size_of::<T>()) }
    }

    /// Ends the program, as an allocation of the standard library that fails.
    #[cold]
    pub(crate) fn end(self) -> ! {
        match core::alloc::Layout::from_size_align(self.bytes, align_of::<Line>()) {
            Ok(layout) => std::alloc::handle_alloc_error(layout),
            Err(_) => panic!("{self}: more than an address can reach"),
        }
    }
}

/// `len` zeros, made on the heap, if there is memory for them: a value of `T` may be too large for the stack.
pub(crate) fn try_zeroed_vec<T: bytemuck::Zeroable>(len: usize) -> Result<Vec<T>, AllocError> {
    bytemuck::allocation::try_zeroed_vec(len).map_err(|()| AllocError::of::<T>(len))
}

/// As [`try_zeroed_vec`]; without memory the program ends, with the number of bytes.
pub(crate) fn zeroed_vec<T: bytemuck::Zeroable>(len: usize) -> Vec<T> {
    try_zeroed_vec(len).unwrap_or_else(|error| error.end())
}

/// As [`zeroed_vec`], of one value.
pub(crate) fn zeroed_box<T: bytemuck::Zeroable>() -> Box<T> {
    bytemuck::allocation::try_zeroed_box().unwrap_or_else(|()| AllocError::of::<T>(1).end())
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
