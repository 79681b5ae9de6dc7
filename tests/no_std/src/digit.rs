//! The first test image of the bundled digits and what `digits_small.safetensors` says to it.
//!
//! `tests/embedded.rs` of the workspace checks these constants against std.

/// Grey from 0 to 16, row by row.
const GREY: [[u8; 8]; 8] = [
    [0, 0, 5, 13, 9, 1, 0, 0],
    [0, 0, 13, 15, 10, 15, 5, 0],
    [0, 3, 15, 2, 0, 11, 8, 0],
    [0, 4, 12, 0, 0, 8, 8, 0],
    [0, 5, 8, 0, 0, 9, 8, 0],
    [0, 4, 11, 0, 1, 12, 7, 0],
    [0, 2, 14, 5, 10, 12, 0, 0],
    [0, 0, 6, 13, 10, 0, 0, 0],
];

/// The image as the model takes it: from 0 to 1.
pub(crate) const IMAGE: [f32; 64] = {
    let mut image = [0.0; 64];
    let mut i = 0;
    while i < 64 {
        image[i] = GREY[i / 8][i % 8] as f32 / 16.0;
        i += 1;
    }
    image
};

/// The digit it shows.
pub(crate) const CLASS: usize = 0;

/// The probability of each digit, computed with fused multiply-adds.
pub(crate) const PROBABILITY_BITS: [u32; 10] = [
    0x3f7f_feea,
    0x2de1_29a9,
    0x2f75_ae9d,
    0x324c_acd7,
    0x35fb_61bd,
    0x35cd_77c8,
    0x332a_b9bc,
    0x34f3_ab8d,
    0x36b6_d75b,
    0x36ef_e3eb,
];

/// How far a probability may be from that without fused multiply-adds.
///
/// Where logits move by at most δ, probability p moves by at most p·(1 − p)·2δ; here p·(1 − p) < 2·10⁻⁵, and the second rounding
/// of some thousand products moves no logit by 10⁻²: 4·10⁻⁷. Softmax's own roundings are some ε ≈ 10⁻⁷ of p.
pub(crate) const PORTABLE_TOLERANCE: f32 = 2e-6;
