//! Rules about sizes that several layers share, beside those of one layer in its own file: total `const fn`, which a declaration
//! evaluates where a size is a type that only the compiler sees.

/// Half of a size, rounded down: the part of a padding that comes before the image.
///
/// ```
/// assert_eq!(typenet_runtime::layers::sizes::half(5), 2);
/// ```
pub const fn half(size: usize) -> usize {
    size / 2
}

/// Whether so many parts of equal size make up the whole, as groups do the channels.
///
/// ```
/// use typenet_runtime::layers::sizes::divides;
///
/// assert!(divides(3, 12) && !divides(5, 12) && !divides(0, 12));
/// ```
pub const fn divides(parts: usize, size: usize) -> bool {
    parts > 0 && size.is_multiple_of(parts)
}

/// Whether two sizes are equal.
///
/// ```
/// use typenet_runtime::layers::sizes::are_equal;
///
/// assert!(are_equal(28, 28) && !are_equal(28, 14));
/// ```
pub const fn are_equal(a: usize, b: usize) -> bool {
    a == b
}

/// Whether a size is smaller than another, as the padding of a pool is than its window.
///
/// ```
/// use typenet_runtime::layers::sizes::is_below;
///
/// assert!(is_below(1, 2) && !is_below(2, 2));
/// ```
pub const fn is_below(size: usize, bound: usize) -> bool {
    size < bound
}

/// The sum of sizes, as of values that are joined one behind the other; `usize::MAX` where it is more.
///
/// ```
/// assert_eq!(typenet_runtime::layers::sizes::sum(&[64, 64, 3]), 131);
/// ```
pub const fn sum(sizes: &[usize]) -> usize {
    let (mut sum, mut i) = (0_usize, 0);
    while i < sizes.len() {
        sum = sum.saturating_add(sizes[i]);
        i += 1;
    }
    sum
}
