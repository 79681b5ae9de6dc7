//! Samples and predictions as Rust arrays.

/// An array of `f32` with one to four sizes: `[f32; 10]`, `[[f32; 28]; 28]`.
///
/// ```
/// use typenet_runtime::schema::FloatArray;
///
/// type Sample = [[f32; 3]; 2];
/// assert_eq!((Sample::LEN, Sample::WIDTH), (6, 3));
/// assert_eq!(Sample::values(&[[[0.0; 3], [1.0; 3]], [[2.0; 3], [3.0; 3]]])[6..], [2.0, 2.0, 2.0, 3.0, 3.0, 3.0]);
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not an array of `f32`")]
pub trait FloatArray: super::Single {
    /// Number of values.
    const LEN: usize;
    /// The last size: the row of a row-wise function.
    const WIDTH: usize;

    /// The values of all `samples`, one behind the other.
    fn values(samples: &[Self]) -> &[f32] {
        bytemuck::cast_slice(samples)
    }
}

impl<const A: usize> FloatArray for [f32; A] {
    const LEN: usize = A;
    const WIDTH: usize = A;
}

impl<const A: usize, const B: usize> FloatArray for [[f32; B]; A] {
    const LEN: usize = A * B;
    const WIDTH: usize = B;
}

impl<const A: usize, const B: usize, const C: usize> FloatArray for [[[f32; C]; B]; A] {
    const LEN: usize = A * B * C;
    const WIDTH: usize = C;
}

impl<const A: usize, const B: usize, const C: usize, const D: usize> FloatArray for [[[[f32; D]; C]; B]; A] {
    const LEN: usize = A * B * C * D;
    const WIDTH: usize = D;
}
