//! Plain loops (skeleton; replaced by the kernels proper).
use super::{
    Function, Matrix, Tail,
    function::{Kept, Map},
    product::Product,
    reduce::Reduce,
    softmax::SoftmaxRows,
};

macro_rules! naive {
    ($t:ty, $erf:path) => {
        impl Product for $t {
            fn product(a: Matrix<'_, Self>, b: Matrix<'_, Self>, mut tail: Tail<'_, Self>, c: &mut [Self]) {
                assert_eq!(a.columns, b.rows);
                assert_eq!(c.len(), a.rows * b.columns);
                for i in 0..a.rows {
                    for j in 0..b.columns {
                        let mut sum = tail.bias.map_or(0.0, |bias| bias[j]);
                        for k in 0..a.columns {
                            sum += a.data[i * a.row_stride + k * a.column_stride]
                                * b.data[k * b.row_stride + j * b.column_stride];
                        }
                        c[i * b.columns + j] = sum;
                    }
                }
                if let Some(z) = &mut tail.preactivation {
                    z.copy_from_slice(c);
                }
                Self::map(tail.function, b.columns, c);
            }
        }
        impl Map for $t {
            fn map(f: Function, width: usize, x: &mut [Self]) {
                match f {
                    Function::Softmax => return Self::softmax_rows(width, x),
                    Function::LogSoftmax => {
                        for row in x.chunks_exact_mut(width) {
                            let l = Self::log_sum_exp(row);
                            for v in row {
                                *v -= l;
                            }
                        }
                        return;
                    }
                    _ => {}
                }
                for v in x {
                    let x = *v;
                    *v = match f {
                        Function::Linear => x,
                        Function::Relu => x.max(0.0),
                        Function::LeakyRelu => {
                            if x > 0.0 {
                                x
                            } else {
                                0.2 * x
                            }
                        }
                        Function::Elu => {
                            if x > 0.0 {
                                x
                            } else {
                                x.exp_m1()
                            }
                        }
                        Function::Selu => {
                            1.050_700_987_355_480_5
                                * if x > 0.0 { x } else { 1.673_263_242_354_377_2 * x.exp_m1() }
                        }
                        Function::Gelu => 0.5 * x * (1.0 + $erf(x * core::f64::consts::FRAC_1_SQRT_2 as $t)),
                        Function::GeluTanh => {
                            0.5 * x
                                * (1.0
                                    + ((2.0 / core::f64::consts::PI).sqrt() as $t
                                        * (x + 0.044715 * x * x * x))
                                        .tanh())
                        }
                        Function::Silu => x / (1.0 + (-x).exp()),
                        Function::Sigmoid => 1.0 / (1.0 + (-x).exp()),
                        Function::HardSigmoid => (x / 6.0 + 0.5).clamp(0.0, 1.0),
                        Function::Tanh => x.tanh(),
                        Function::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
                        Function::Softsign => x / (1.0 + x.abs()),
                        Function::Softmax | Function::LogSoftmax => unreachable!(),
                    };
                }
            }
            fn map_gradient(f: Function, width: usize, kept: &[Self], grad: &mut [Self]) {
                assert_eq!(kept.len(), grad.len());
                let _ = Kept::Output;
                match f {
                    Function::Softmax => {
                        for (g, y) in grad.chunks_exact_mut(width).zip(kept.chunks_exact(width)) {
                            let dot: $t = g.iter().zip(y).map(|(g, y)| g * y).sum();
                            for (g, y) in g.iter_mut().zip(y) {
                                *g = y * (*g - dot);
                            }
                        }
                        return;
                    }
                    Function::LogSoftmax => {
                        for (g, y) in grad.chunks_exact_mut(width).zip(kept.chunks_exact(width)) {
                            let sum: $t = g.iter().sum();
                            for (g, y) in g.iter_mut().zip(y) {
                                *g -= y.exp() * sum;
                            }
                        }
                        return;
                    }
                    _ => {}
                }
                for (g, &y) in grad.iter_mut().zip(kept) {
                    *g *= match f {
                        Function::Linear => 1.0,
                        Function::Relu => {
                            if y > 0.0 {
                                1.0
                            } else {
                                0.0
                            }
                        }
                        Function::LeakyRelu => {
                            if y > 0.0 {
                                1.0
                            } else {
                                0.2
                            }
                        }
                        Function::Elu => {
                            if y > 0.0 {
                                1.0
                            } else {
                                y + 1.0
                            }
                        }
                        Function::Selu => {
                            if y > 0.0 {
                                1.050_700_987_355_480_5
                            } else {
                                y + 1.050_700_987_355_480_5 * 1.673_263_242_354_377_2
                            }
                        }
                        Function::Gelu => {
                            0.5 * (1.0 + $erf(y * core::f64::consts::FRAC_1_SQRT_2 as $t))
                                + y * (-0.5 * y * y).exp() * (0.5 / core::f64::consts::PI).sqrt() as $t
                        }
                        Function::GeluTanh => {
                            let c = (2.0 / core::f64::consts::PI).sqrt() as $t;
                            let t = (c * (y + 0.044715 * y * y * y)).tanh();
                            0.5 * (1.0 + t) + 0.5 * y * (1.0 - t * t) * c * (1.0 + 3.0 * 0.044715 * y * y)
                        }
                        Function::Silu => {
                            let s = 1.0 / (1.0 + (-y).exp());
                            s * (1.0 + y * (1.0 - s))
                        }
                        Function::Sigmoid => y * (1.0 - y),
                        Function::HardSigmoid => {
                            if y > 0.0 && y < 1.0 {
                                1.0 / 6.0
                            } else {
                                0.0
                            }
                        }
                        Function::Tanh => 1.0 - y * y,
                        Function::Softplus => 1.0 - (-y).exp(),
                        Function::Softsign => {
                            let d = 1.0 - y.abs();
                            d * d
                        }
                        Function::Softmax | Function::LogSoftmax => unreachable!(),
                    };
                }
            }
        }
        impl Reduce for $t {
            fn column_sums(x: &[Self], sums: &mut [Self]) {
                sums.fill(0.0);
                for row in x.chunks_exact(sums.len().max(1)) {
                    for (s, v) in sums.iter_mut().zip(row) {
                        *s += v;
                    }
                }
            }
        }
        impl SoftmaxRows for $t {
            fn softmax_rows(width: usize, x: &mut [Self]) {
                for row in x.chunks_exact_mut(width) {
                    let max = row.iter().copied().fold(<$t>::NEG_INFINITY, <$t>::max);
                    let mut sum = 0.0;
                    for v in row.iter_mut() {
                        *v = (*v - max).exp();
                        sum += *v;
                    }
                    for v in row {
                        *v /= sum;
                    }
                }
            }
            fn log_sum_exp(row: &[Self]) -> Self {
                let max = row.iter().copied().fold(<$t>::NEG_INFINITY, <$t>::max);
                if max == <$t>::NEG_INFINITY {
                    return max;
                }
                max + row.iter().map(|v| (v - max).exp()).sum::<$t>().ln()
            }
        }
    };
}
fn erff(x: f32) -> f32 {
    libm::erf(f64::from(x)) as f32
}
naive!(f32, erff);
naive!(f64, libm::erf);
