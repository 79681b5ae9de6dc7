//! The step of an optimizer over a block of parameters, in one pass.
//!
//! Knows no optimizer: a rule says what happens to one weight, and a [`Tuning`] what happens around it in the same pass.
//! Neither uses a fused multiply-add, so every instruction set and any number of threads give the same bits. Weights and slots
//! closer to zero than [`SMALLEST`](super::flush::SMALLEST) become zero.

use core::fmt;

use super::flush::flush;
use super::lerp::Lerp;
use super::simd::{Kernel, Simd, dispatch};
use crate::brief::{Brief, brief_debug};
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads::{Divide, share_slices};

/// What an optimizer does to one weight, with `SLOTS` numbers remembered for it.
///
/// `apply` should be `#[inline(always)]`: it is compiled into a loop for each instruction set. What it gives is flushed: numbers
/// closer to zero than [`SMALLEST`](super::flush::SMALLEST) become zero.
///
/// ```
/// use typenet_runtime::kernels::update::{Gradient, UpdateRule, update};
///
/// /// `velocity ← ½·velocity − rate·g; w ← w + velocity`
/// #[derive(Clone, Copy)]
/// struct Momentum {
///     rate: f32,
/// }
///
/// impl UpdateRule<1> for Momentum {
///     #[inline(always)]
///     fn apply(self, weight: f32, gradient: f32, [velocity]: [f32; 1]) -> (f32, [f32; 1]) {
///         let velocity = 0.5 * velocity - self.rate * gradient;
///         (weight + velocity, [velocity])
///     }
/// }
///
/// let (mut weights, mut velocities) = ([1.0, 2.0], [0.0; 2]);
/// for _ in 0..2 {
///     update(Momentum { rate: 0.5 }, &mut weights, Gradient::Values(&[1.0, 0.0]), [&mut velocities]);
/// }
/// assert_eq!((weights, velocities), ([-0.25, 2.0], [-0.75, 0.0]));
/// ```
pub trait UpdateRule<const SLOTS: usize>: Copy + Send + Sync {
    /// The next weight and the numbers to remember.
    fn apply(self, weight: f32, gradient: f32, slots: [f32; SLOTS]) -> (f32, [f32; SLOTS]);
}

/// The most numbers that can be remembered for a parameter: three by a rule, and two by a [`Tuning`].
pub const MAX_SLOTS: usize = 5;

/// What happens around a rule, for each weight in this order:
///
/// ```text
/// g       = count·g + accumulated;  accumulated = 0      if there is an accumulated gradient
/// g       = clip(scale·g, ±limit)
/// w       = w − decay·w
/// w       = rule(w, g)
/// average = average + average_rate·(w − average)   if there is an average
/// ```
///
/// At an average rate of 1 the average is the weight. A scale whose bits `f32` does not hold, because it is nearly zero, still
/// gives products that are right to rounding.
///
/// ```
/// use typenet_runtime::kernels::update::{Gradient, Tuning, UpdateRule, update_tuned};
///
/// #[derive(Clone, Copy)]
/// struct Descent;
///
/// impl UpdateRule<0> for Descent {
///     #[inline(always)]
///     fn apply(self, weight: f32, gradient: f32, _: [f32; 0]) -> (f32, [f32; 0]) {
///         (weight - gradient, [])
///     }
/// }
///
/// let (mut weights, mut earlier, mut average) = ([1.0, 1.0], [2.0, 0.0], [1.0, 1.0]);
/// let tuning = Tuning {
///     scale: 0.5,
///     limit: 1.0,
///     decay: 0.0,
///     count: 1.0,
///     accumulated: Some(&mut earlier),
///     average: Some(&mut average),
///     average_rate: 0.5,
/// };
/// update_tuned(Descent, tuning, &mut weights, Gradient::Values(&[2.0, 1.0]), []);
/// // 0.5·(2 + 2) is cut to 1; 0.5·(1 + 0) is not.
/// assert_eq!(weights, [0.0, 0.5]);
/// assert_eq!((earlier, average), ([0.0, 0.0], [0.5, 0.75]));
/// ```
pub struct Tuning<'a> {
    /// Factor of the gradient; 1 changes nothing.
    pub scale: f64,
    /// Largest magnitude of a gradient; infinite changes nothing. NaN stays NaN.
    pub limit: f32,
    /// Share of a weight that is lost before the rule; 0 changes nothing.
    pub decay: f32,
    /// How many times the gradient counts beside the accumulated one.
    pub count: f32,
    /// A sum of earlier gradients, as long as the parameters.
    pub accumulated: Option<&'a mut [f32]>,
    /// A moving average of the weights, as long as the parameters.
    pub average: Option<&'a mut [f32]>,
    /// How far the average moves, in `[0, 1]`.
    pub average_rate: f32,
}

brief_debug!(Tuning<'_> { scale, limit, decay, (accumulated), (average), average_rate });

impl Tuning<'_> {
    fn divide(self, at: usize) -> (Self, Self) {
        let Self { scale, limit, decay, count, accumulated, average, average_rate } = self;
        let (accumulated, other_accumulated) = accumulated.map(|values| values.split_at_mut(at)).unzip();
        let (average, other_average) = average.map(|values| values.split_at_mut(at)).unzip();
        (
            Self { scale, limit, decay, count, accumulated, average, average_rate },
            Self {
                scale,
                limit,
                decay,
                count,
                accumulated: other_accumulated,
                average: other_average,
                average_rate,
            },
        )
    }
}

/// The gradient by a block of parameters.
///
/// ```
/// use typenet_runtime::kernels::update::{Gradient, UpdateRule, update};
///
/// #[derive(Clone, Copy)]
/// struct Descent;
///
/// impl UpdateRule<0> for Descent {
///     #[inline(always)]
///     fn apply(self, weight: f32, gradient: f32, _: [f32; 0]) -> (f32, [f32; 0]) {
///         (weight - gradient, [])
///     }
/// }
///
/// let (mut values, mut outer) = ([0.0; 4], [0.0; 4]);
/// update(Descent, &mut values, Gradient::Values(&[3.0, 4.0, 6.0, 8.0]), []);
/// update(Descent, &mut outer, Gradient::Outer { rows: &[1.0, 2.0], columns: &[3.0, 4.0] }, []);
/// assert_eq!(values, outer);
/// ```
pub enum Gradient<'a, N: ?Sized = [f32]> {
    /// One number for each parameter.
    Values(&'a N),
    /// Of a matrix of parameters, row by row: `gradient[i, j] = rows[i]·columns[j]`, with the bits of
    /// [`product`](super::Product::product). It is computed in registers where it is used.
    Outer {
        /// One factor for each row.
        rows: &'a N,
        /// One factor for each column.
        columns: &'a N,
    },
}

impl<N: ?Sized> Clone for Gradient<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N: ?Sized> Copy for Gradient<'_, N> {}

impl<T: fmt::Debug> fmt::Debug for Gradient<'_, [T]> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values(values) => f.debug_tuple("Values").field(&Brief(values)).finish(),
            Self::Outer { rows, columns } => {
                f.debug_struct("Outer").field("rows", &Brief(rows)).field("columns", &Brief(columns)).finish()
            }
        }
    }
}

impl<T> Gradient<'_, [T]> {
    /// Number of parameters.
    fn length(&self) -> usize {
        match self {
            Self::Values(values) => values.len(),
            Self::Outer { rows, columns } => rows.len() * columns.len(),
        }
    }

    /// Parameters whose gradient cannot be divided.
    fn granule(&self) -> usize {
        match self {
            Self::Values(_) => LANES,
            Self::Outer { columns, .. } => columns.len().max(1),
        }
    }

    /// The gradient by the first `at` parameters, and by the others; `at` ends a row.
    fn split_at(self, at: usize) -> (Self, Self) {
        match self {
            Self::Values(values) => {
                let (values, others) = values.split_at(at);
                (Self::Values(values), Self::Values(others))
            }
            Self::Outer { rows, columns } => {
                let (rows, others) = rows.split_at(at / columns.len());
                (Self::Outer { rows, columns }, Self::Outer { rows: others, columns })
            }
        }
    }
}

/// Applies `rule` to every weight. Large blocks are shared between threads.
///
/// ```
/// use typenet_runtime::kernels::update::{Gradient, UpdateRule, update};
///
/// #[derive(Clone, Copy)]
/// struct Descent {
///     rate: f32,
/// }
///
/// impl UpdateRule<0> for Descent {
///     #[inline(always)]
///     fn apply(self, weight: f32, gradient: f32, _: [f32; 0]) -> (f32, [f32; 0]) {
///         (weight - self.rate * gradient, [])
///     }
/// }
///
/// let mut weights = [1.0, 2.0, 3.0];
/// update(Descent { rate: 0.5 }, &mut weights, Gradient::Values(&[2.0, 0.0, -2.0]), []);
/// assert_eq!(weights, [0.0, 2.0, 4.0]);
/// ```
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn update<const SLOTS: usize, R: UpdateRule<SLOTS>>(
    rule: R,
    parameters: &mut [f32],
    gradient: Gradient<'_>,
    slots: [&mut [f32]; SLOTS],
) {
    let len = parameters.len();
    assert_eq!(gradient.length(), len, "update: one gradient for each parameter");
    for slot in &slots {
        assert_eq!(slot.len(), len, "update: each slot as long as the parameters");
    }
    update_on(isa(), rule, Block { parameters, gradient, slots, tuning: None });
}

/// [`update`] with what a tuning does around the rule.
///
/// ```
/// use typenet_runtime::kernels::update::{Gradient, Tuning, UpdateRule, update_tuned};
///
/// #[derive(Clone, Copy)]
/// struct Descent;
///
/// impl UpdateRule<0> for Descent {
///     #[inline(always)]
///     fn apply(self, weight: f32, gradient: f32, _: [f32; 0]) -> (f32, [f32; 0]) {
///         (weight - gradient, [])
///     }
/// }
///
/// let decay = Tuning {
///     scale: 1.0,
///     limit: f32::INFINITY,
///     decay: 0.25,
///     count: 1.0,
///     accumulated: None,
///     average: None,
///     average_rate: 0.0,
/// };
/// let mut weights = [4.0, 8.0];
/// update_tuned(Descent, decay, &mut weights, Gradient::Values(&[1.0, 0.0]), []);
/// assert_eq!(weights, [2.0, 6.0]);
/// ```
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn update_tuned<const SLOTS: usize, R: UpdateRule<SLOTS>>(
    rule: R,
    tuning: Tuning<'_>,
    parameters: &mut [f32],
    gradient: Gradient<'_>,
    slots: [&mut [f32]; SLOTS],
) {
    let len = parameters.len();
    assert_eq!(gradient.length(), len, "update: one gradient for each parameter");
    let tuned = [&tuning.accumulated, &tuning.average].into_iter().flatten().map(|values| values.len());
    for slot in slots.iter().map(|slot| slot.len()).chain(tuned) {
        assert_eq!(slot, len, "update: each slot as long as the parameters");
    }
    update_on(isa(), rule, Block { parameters, gradient, slots, tuning: Some(tuning) });
}

/// Weights per round of the loop: one or more vectors of every instruction set.
const LANES: usize = 16;

/// Cycles for a weight, in Adam, whose root and division take most; simpler rules are held up by memory.
const COST: usize = 1;

/// Weights that one thread updates before another is awake: 6 µs in plain descent, 20 µs in Adam.
pub(super) const ALONE: usize = 65_536;

/// [`update`] with the vectors of one instruction set.
fn update_on<const SLOTS: usize, R: UpdateRule<SLOTS>>(isa: Isa, rule: R, block: Block<'_, SLOTS>) {
    if block.length() < ALONE {
        return dispatch(isa, Update { rule, block });
    }
    let granule = block.gradient.granule();
    share_slices(block, granule, COST, |_, block| dispatch(isa, Update { rule, block }));
}

/// Parameters, their gradients and what is remembered for them; all of one length.
struct Block<'a, const SLOTS: usize> {
    parameters: &'a mut [f32],
    gradient: Gradient<'a>,
    slots: [&'a mut [f32]; SLOTS],
    tuning: Option<Tuning<'a>>,
}

impl<const SLOTS: usize> Divide for Block<'_, SLOTS> {
    fn length(&self) -> usize {
        self.parameters.len()
    }

    fn divide(self, at: usize) -> (Self, Self) {
        let (parameters, other_parameters) = self.parameters.split_at_mut(at);
        let (gradient, other_gradient) = self.gradient.split_at(at);
        let mut slots = self.slots.map(|slot| slot.split_at_mut(at));
        let other_slots = slots.each_mut().map(|(_, other)| core::mem::take(other));
        let slots = slots.map(|(slot, _)| slot);
        let (tuning, other_tuning) = self.tuning.map(|tuning| tuning.divide(at)).unzip();
        (
            Self { parameters, gradient, slots, tuning },
            Self {
                parameters: other_parameters,
                gradient: other_gradient,
                slots: other_slots,
                tuning: other_tuning,
            },
        )
    }
}

/// A rule and what it is applied to.
struct Update<'a, const SLOTS: usize, R> {
    rule: R,
    block: Block<'a, SLOTS>,
}

impl<const SLOTS: usize, R: UpdateRule<SLOTS>> Kernel for Update<'_, SLOTS, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Block { parameters, gradient, slots, tuning } = self.block;
        // Two loops: one with a branch in it is a fifth slower where there is nothing around the rule.
        match tuning {
            None => pass(simd, self.rule, &mut Bare, parameters, gradient, slots),
            Some(tuning) => pass(simd, self.rule, &mut Tuned::new(tuning), parameters, gradient, slots),
        }
    }
}

/// Updates all weights.
#[inline(always)]
fn pass<S: Simd, const SLOTS: usize, R: UpdateRule<SLOTS>>(
    simd: S,
    rule: R,
    around: &mut impl Around,
    parameters: &mut [f32],
    gradient: Gradient<'_>,
    mut slots: [&mut [f32]; SLOTS],
) {
    match gradient {
        Gradient::Values(gradients) => {
            row(rule, around, parameters, &mut slots, 0, gradients.len(), |at, len, lanes| {
                lanes[..len].copy_from_slice(&gradients[at..at + len]);
            });
        }
        Gradient::Outer { rows, columns } => {
            for (i, &factor) in rows.iter().enumerate() {
                let start = i * columns.len();
                row(rule, around, parameters, &mut slots, start, columns.len(), |at, len, lanes| {
                    lanes[..len].copy_from_slice(&columns[at..at + len]);
                    for lanes in lanes.chunks_exact_mut(S::LANES) {
                        // SAFETY: `lanes` is as long as a vector.
                        unsafe {
                            let columns = simd.load(lanes.as_ptr());
                            let product = simd.mul_add(simd.splat(factor), columns, simd.splat(0.0));
                            simd.store(lanes.as_mut_ptr(), product);
                        }
                    }
                });
            }
        }
    }
}

/// What happens around a rule.
trait Around {
    /// The rule for `len` weights from `at`, with what is around it.
    fn apply<const SLOTS: usize, R: UpdateRule<SLOTS>>(
        &mut self,
        rule: R,
        lanes: &mut Lanes<SLOTS>,
        at: usize,
        len: usize,
    );
}

/// Nothing around the rule.
struct Bare;

impl Around for Bare {
    #[inline(always)]
    fn apply<const SLOTS: usize, R: UpdateRule<SLOTS>>(
        &mut self,
        rule: R,
        lanes: &mut Lanes<SLOTS>,
        _: usize,
        _: usize,
    ) {
        lanes.apply(rule);
    }
}

/// What a [`Tuning`] does, with what is the same for every weight computed once.
struct Tuned<'a> {
    tuning: Tuning<'a>,
    /// [`Tuning::scale`] as two factors.
    scale: [f32; 2],
    /// By [`Tuning::average_rate`].
    lerp: Lerp,
}

impl<'a> Tuned<'a> {
    #[inline(always)]
    fn new(tuning: Tuning<'a>) -> Self {
        Self { scale: factors(tuning.scale), lerp: Lerp::new(f64::from(tuning.average_rate)), tuning }
    }
}

// Loops of constant length over arrays become vectors, see `Lanes`.
#[allow(clippy::needless_range_loop)]
impl Around for Tuned<'_> {
    #[inline(always)]
    fn apply<const SLOTS: usize, R: UpdateRule<SLOTS>>(
        &mut self,
        rule: R,
        lanes: &mut Lanes<SLOTS>,
        at: usize,
        len: usize,
    ) {
        let Self { tuning, scale: [scale, power], lerp } = self;
        if let Some(accumulated) = &mut tuning.accumulated {
            let accumulated = &mut accumulated[at..at + len];
            let mut earlier = [0.0; LANES];
            earlier[..len].copy_from_slice(accumulated);
            for lane in 0..LANES {
                lanes.gradients[lane] = tuning.count * lanes.gradients[lane] + earlier[lane];
            }
            accumulated.fill(0.0);
        }
        for lane in 0..LANES {
            // Comparisons rather than `clamp` or `min`: NaN is not to be hidden.
            let gradient = lanes.gradients[lane] * *scale * *power;
            let gradient = if gradient > tuning.limit { tuning.limit } else { gradient };
            lanes.gradients[lane] = if gradient < -tuning.limit { -tuning.limit } else { gradient };
        }
        if tuning.decay != 0.0 {
            for lane in 0..LANES {
                lanes.weights[lane] -= tuning.decay * lanes.weights[lane];
            }
        }
        lanes.apply(rule);
        if let Some(average) = &mut tuning.average {
            let average = &mut average[at..at + len];
            let mut moved = [0.0; LANES];
            moved[..len].copy_from_slice(average);
            for lane in 0..LANES {
                moved[lane] = flush(lerp.between(moved[lane], lanes.weights[lane]));
            }
            average.copy_from_slice(&moved[..len]);
        }
    }
}

/// Two factors, to be applied one after the other, that are `x` to rounding, also where `x` itself is outside of `f32`. The second
/// is a power of two, 1 where the first is enough.
#[inline(always)]
pub(crate) fn factors(x: f64) -> [f32; 2] {
    const POWER: f64 = (1u128 << 100) as f64;
    if x.abs() > f64::from(f32::MAX) {
        [(x / POWER).clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32, POWER as f32]
    } else if x.abs() < f64::from(f32::MIN_POSITIVE) {
        [(x * POWER) as f32, (1.0 / POWER) as f32]
    } else {
        [x as f32, 1.0]
    }
}

/// Updates `len` weights from `start`, with the gradient that `gradient` writes for some of them.
///
/// The compiler makes the vectors: a rule is written for one weight.
#[inline(always)]
fn row<const SLOTS: usize, R: UpdateRule<SLOTS>>(
    rule: R,
    around: &mut impl Around,
    parameters: &mut [f32],
    slots: &mut [&mut [f32]; SLOTS],
    start: usize,
    len: usize,
    gradient: impl Fn(usize, usize, &mut [f32; LANES]),
) {
    let whole = len / LANES * LANES;
    for at in (0..whole).step_by(LANES) {
        let mut lanes = Lanes::<SLOTS>::load(parameters, slots, start + at, LANES);
        gradient(at, LANES, &mut lanes.gradients);
        around.apply(rule, &mut lanes, start + at, LANES);
        lanes.store(parameters, slots, start + at, LANES);
    }
    let left = len - whole;
    let mut lanes = Lanes::<SLOTS>::load(parameters, slots, start + whole, left);
    gradient(whole, left, &mut lanes.gradients);
    around.apply(rule, &mut lanes, start + whole, left);
    lanes.store(parameters, slots, start + whole, left);
}

/// The numbers of a few weights, in registers.
struct Lanes<const SLOTS: usize> {
    weights: [f32; LANES],
    gradients: [f32; LANES],
    slots: [[f32; LANES]; SLOTS],
}

// Loops of constant length over arrays become vectors; iterators and closures (`array::map`) do not: measured for Adam
// at 0.6 against 16 ns for a weight.
#[allow(clippy::needless_range_loop)]
impl<const SLOTS: usize> Lanes<SLOTS> {
    #[inline(always)]
    fn load(parameters: &[f32], slots: &[&mut [f32]; SLOTS], at: usize, len: usize) -> Self {
        let mut lanes = Self { weights: [0.0; LANES], gradients: [0.0; LANES], slots: [[0.0; LANES]; SLOTS] };
        lanes.weights[..len].copy_from_slice(&parameters[at..at + len]);
        for s in 0..SLOTS {
            lanes.slots[s][..len].copy_from_slice(&slots[s][at..at + len]);
        }
        lanes
    }

    /// The rule, whose results are flushed.
    #[inline(always)]
    fn apply<R: UpdateRule<SLOTS>>(&mut self, rule: R) {
        for lane in 0..LANES {
            let mut slots = [0.0; SLOTS];
            for s in 0..SLOTS {
                slots[s] = self.slots[s][lane];
            }
            let (weight, slots) = rule.apply(self.weights[lane], self.gradients[lane], slots);
            self.weights[lane] = flush(weight);
            for s in 0..SLOTS {
                self.slots[s][lane] = flush(slots[s]);
            }
        }
    }

    #[inline(always)]
    fn store(&self, parameters: &mut [f32], slots: &mut [&mut [f32]; SLOTS], at: usize, len: usize) {
        parameters[at..at + len].copy_from_slice(&self.weights[..len]);
        for s in 0..SLOTS {
            slots[s][at..at + len].copy_from_slice(&self.slots[s][..len]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Every result depends on every argument.
    #[derive(Clone, Copy)]
    struct Mix(f32);

    impl UpdateRule<2> for Mix {
        #[inline(always)]
        fn apply(self, weight: f32, gradient: f32, [first, second]: [f32; 2]) -> (f32, [f32; 2]) {
            let step = first * self.0 + gradient * gradient;
            (weight - step / (second.sqrt() + 1.0), [first * 0.9 + gradient, second + step * step])
        }
    }

    /// Weights, gradients and two slots.
    fn numbers(len: usize) -> [Vec<f32>; 4] {
        let mut rng = crate::kernels::Rng::seed(len as u64);
        [(); 4].map(|()| (0..len).map(|_| rng.uniform() as f32).collect())
    }

    /// [`update`], element by element.
    fn expected([mut weights, gradients, mut first, mut second]: [Vec<f32>; 4]) -> [Vec<f32>; 3] {
        for i in 0..weights.len() {
            (weights[i], [first[i], second[i]]) =
                Mix(0.3).apply(weights[i], gradients[i], [first[i], second[i]]);
        }
        [weights, first, second]
    }

    #[test]
    fn every_element_is_updated_once_at_every_length() {
        for len in (0..70).chain([1000, 100_003]) {
            let [mut weights, gradients, mut first, mut second] = numbers(len);
            update(Mix(0.3), &mut weights, Gradient::Values(&gradients), [&mut first, &mut second]);
            assert!([weights, first, second] == expected(numbers(len)), "len = {len}");
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn every_instruction_set_and_any_number_of_threads_give_the_same_bits() {
        let len = 100_003;
        let expected = expected(numbers(len));
        for isa in Isa::available() {
            for threads in [1, 2, 3, 8] {
                let [mut weights, gradients, mut first, mut second] = numbers(len);
                let block = Block {
                    parameters: &mut weights,
                    gradient: Gradient::Values(&gradients),
                    slots: [&mut first, &mut second],
                    tuning: None,
                };
                crate::kernels::testing::pool(threads).install(|| update_on(isa, Mix(0.3), block));
                assert!([weights, first, second] == expected, "{isa}, {threads} threads");
            }
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn a_tuning_is_what_its_docs_say_on_every_instruction_set_and_any_number_of_threads() {
        let len = 100_003;
        let [start_accumulated, start_average, ..] = numbers(len + 1);
        let (scale, limit, decay, count, average_rate) = (0.75f64, 0.5, 0.25, 1.5, 0.125);
        let [mut expected, gradients, mut first, mut second] = numbers(len);
        let mut expected_average = start_average[..len].to_vec();
        for i in 0..len {
            let gradient =
                ((count * gradients[i] + start_accumulated[i]) * scale as f32).clamp(-limit, limit);
            let decayed = expected[i] - decay * expected[i];
            (expected[i], [first[i], second[i]]) = Mix(0.3).apply(decayed, gradient, [first[i], second[i]]);
            expected_average[i] += average_rate * (expected[i] - expected_average[i]);
        }
        let expected = [expected, first, second, expected_average, std::vec![0.0; len]];
        for isa in Isa::available() {
            for threads in [1, 2, 3, 8] {
                let [mut weights, gradients, mut first, mut second] = numbers(len);
                let mut accumulated = start_accumulated[..len].to_vec();
                let mut average = start_average[..len].to_vec();
                let block = Block {
                    parameters: &mut weights,
                    gradient: Gradient::Values(&gradients),
                    slots: [&mut first, &mut second],
                    tuning: Some(Tuning {
                        scale,
                        limit,
                        decay,
                        count,
                        accumulated: Some(&mut accumulated),
                        average: Some(&mut average),
                        average_rate,
                    }),
                };
                crate::kernels::testing::pool(threads).install(|| update_on(isa, Mix(0.3), block));
                assert!(
                    [weights, first, second, average, accumulated] == expected,
                    "{isa}, {threads} threads"
                );
            }
        }
    }

    #[test]
    fn a_limit_hides_no_nan() {
        let mut weights = [1.0, 1.0];
        let tuning = Tuning {
            scale: 1.0,
            limit: 0.5,
            decay: 0.0,
            count: 1.0,
            accumulated: None,
            average: None,
            average_rate: 0.0,
        };
        let slots = [&mut [0.0; 2][..], &mut [0.0; 2][..]];
        update_tuned(Mix(0.3), tuning, &mut weights, Gradient::Values(&[f32::NAN, f32::INFINITY]), slots);
        assert!(weights[0].is_nan() && weights[1].is_finite());
    }

    #[test]
    #[cfg(feature = "std")]
    fn an_outer_product_has_the_bits_of_its_values() {
        use crate::kernels::{Matrix, Product, Tail};
        for (m, n) in [(0, 5), (3, 1), (7, 16), (5, 33), (300, 517)] {
            let (rows, columns) = (&numbers(m)[0], &numbers(n)[1]);
            // A product that vanishes leaves its sign behind, or not.
            let rows: Vec<f32> = rows.iter().map(|row| if *row < 0.5 { -1e-30 } else { *row }).collect();
            let columns: Vec<f32> = columns.iter().map(|x| if *x < 0.3 { 1e-30 } else { x - 0.5 }).collect();
            let mut gradients = std::vec![f32::NAN; m * n];
            let (a, b) = (Matrix::new(&rows, m, 1), Matrix::new(&columns, 1, n));
            f32::product(a, b, Tail::default(), &mut gradients);
            let run = |gradient: Gradient<'_, [f32]>| {
                let [mut weights, _, mut first, mut second] = numbers(m * n);
                update(Mix(0.3), &mut weights, gradient, [&mut first, &mut second]);
                [weights, first, second].map(|numbers| crate::kernels::testing::bits(&numbers))
            };
            let expected = run(Gradient::Values(&gradients[..]));
            for threads in [1, 2, 3] {
                let outer = Gradient::Outer { rows: &rows[..], columns: &columns[..] };
                let found = crate::kernels::testing::pool(threads).install(|| run(outer));
                assert!(found == expected, "{m}×{n}, {threads} threads");
            }
        }
    }

    #[test]
    #[should_panic(expected = "one gradient for each parameter")]
    fn a_missing_gradient_panics() {
        update(Mix(0.3), &mut [0.0; 2], Gradient::Values(&[0.0]), [&mut [0.0; 2], &mut [0.0; 2]]);
    }

    #[test]
    #[should_panic(expected = "each slot as long as the parameters")]
    fn a_short_slot_panics() {
        update(Mix(0.3), &mut [0.0; 2], Gradient::Values(&[0.0; 2]), [&mut [0.0; 2], &mut [0.0; 1]]);
    }
}
