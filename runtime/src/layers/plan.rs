//! The memory plan: where each intermediate value of a pass lies, computed by rustc.
//!
//! A pass is a sequence of steps. A value needs memory from the step that writes it to the last step that reads it, and
//! values that are never alive at the same step may lie in the same memory. Offsets and lengths are per sample; a batch
//! multiplies both. The planner knows lives and lengths alone, nothing of layers.
//!
//! The least memory for given lives is NP-hard to find. No plan needs less than the *peak*, the largest sum of what is
//! alive at one step. `Plan::new` tries in turn, stops at the peak, and else keeps the best:
//!
//! | algorithm | for | memory against the peak |
//! |---|---|---|
//! | two areas: even values lie at the bottom, odd ones end at the top | a chain, where each value overlaps its neighbours in time alone | equal |
//! | values outside first, each at the nearer end of what the lives that enclose its own leave free of a memory as large as the peak | few alive at once | equal in residual networks: skips alternate between the ends, each block's values in what is left |
//! | largest first, each at the lowest offset ("greedy by size", Pisarchyk & Lee 2020) | all | up to 1.2 in residual networks, 1.00 in a U-Net |
//! | in order of time, each at the lowest offset | all | up to 1.34 in residual networks |
//!
//! What is placed is searched in one of two ways, whichever has the lower bound: along time, only what is alive with
//! the new value, again after each conflict (at most the square of their number: little in a residual network), or along
//! offsets, once (at most all that are placed).
//!
//! The cost is that of a constant: a plan of 500 values takes rustc 0.1 s if residual and 0.8 s in a U-Net that
//! skips everywhere, and two million iterations and calls, about five seconds, are an error (`long_running_const_eval`). So inner
//! loops call nothing, and if both bounds exceed `BUDGET`, only the order of time is left, where values that have ended
//! leave the list. Once that has used the budget up, it searches only the topmost of what is alive.
//!
//! # References
//! Pisarchyk & Lee, "Efficient memory management for deep neural net inference", 2020, arXiv:2001.03288: "greedy by size
//! for offset calculation".

use core::ops::Range;

/// Bound on what one search looks at. Five such searches stay within what rustc lets a constant take.
const BUDGET: usize = 250_000;

/// How many of the values alive at the top are looked at once the budget is used up.
const TOPMOST: usize = 8;

/// When a value lives, and how many numbers it has per sample.
///
/// It is alive at the steps `from..=to`. With `from > to` or without numbers it is never alive, and takes no memory.
///
/// ```
/// use typenet_runtime::layers::plan::{Life, Plan};
///
/// // Written at step 0, read for the last time at step 2.
/// const HIDDEN: Life = Life { len: 128, from: 0, to: 2 };
/// assert_eq!(Plan::new([HIDDEN]).len, 128);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Numbers per sample.
    pub len: usize,
    /// The first step: where it is written.
    pub from: usize,
    /// The last step: where it is read for the last time.
    pub to: usize,
}

/// Numbers per sample, at an offset per sample.
///
/// ```
/// use typenet_runtime::layers::plan::Area;
///
/// let area = Area { offset: 10, len: 4 };
/// let mut memory = [0.0; 14 * 32];
/// assert_eq!(memory[area.of(32)].len(), 4 * 32);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Numbers per sample that lie before it.
    pub offset: usize,
    /// Numbers per sample.
    pub len: usize,
}

impl Area {
    /// The area of a value without numbers.
    ///
    /// ```
    /// use typenet_runtime::layers::plan::Area;
    ///
    /// assert!(Area::EMPTY.of(32).is_empty());
    /// ```
    pub const EMPTY: Self = Self { offset: 0, len: 0 };

    /// Its numbers for `batch` samples: `offset · batch .. (offset + len) · batch`.
    ///
    /// ```
    /// use typenet_runtime::layers::plan::Area;
    ///
    /// assert_eq!(Area { offset: 10, len: 4 }.of(32), 320..448);
    /// ```
    pub const fn of(self, batch: usize) -> Range<usize> {
        self.offset * batch..(self.offset + self.len) * batch
    }
}

/// Where `N` values lie in one memory: those that are alive at the same step lie apart.
///
/// Make a constant of each area: `PLAN.area(3)` on a constant copies the whole plan in builds without optimisation.
///
/// ```
/// use typenet_runtime::layers::plan::{Area, Life, Plan};
///
/// // x = a(input), y = b(x), z = x + y, output = c(z)
/// const PLAN: Plan<3> = Plan::new([
///     Life { len: 64, from: 0, to: 2 },
///     Life { len: 64, from: 1, to: 2 },
///     Life { len: 64, from: 2, to: 3 },
/// ]);
/// const Z: Area = PLAN.area(2);
/// assert_eq!(Z, Area { offset: 128, len: 64 });
/// assert_eq!((PLAN.len, PLAN.unshared), (192, 192));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plan<const N: usize> {
    offsets: [usize; N],
    lens: [usize; N],
    /// Numbers per sample in all.
    pub len: usize,
    /// Numbers per sample if each value had memory of its own.
    pub unshared: usize,
}

impl<const N: usize> Plan<N> {
    /// Lays values of these lives out; `area(i)` is then that of `lives[i]`.
    ///
    /// # Panics
    /// If all lengths together are more than a `usize` holds: in a constant, a compile error.
    ///
    /// ```
    /// use typenet_runtime::layers::plan::{Area, Life, Plan};
    ///
    /// // A chain alternates between the bottom and the top.
    /// const CHAIN: Plan<3> = Plan::new([
    ///     Life { len: 512, from: 0, to: 1 },
    ///     Life { len: 256, from: 1, to: 2 },
    ///     Life { len: 128, from: 2, to: 3 },
    /// ]);
    /// assert_eq!([CHAIN.area(0).of(1), CHAIN.area(1).of(1), CHAIN.area(2).of(1)], [0..512, 512..768, 0..128]);
    /// assert_eq!((CHAIN.len, CHAIN.unshared), (768, 896));
    /// ```
    pub const fn new(lives: [Life; N]) -> Self {
        let mut plan = Self { offsets: [0; N], lens: [0; N], len: 0, unshared: 0 };
        // The values that need memory, and when each starts.
        let (mut needed, mut starts, mut n, mut value) = ([0; N], [0; N], 0, 0);
        while value < N {
            let Life { len, from, to } = lives[value];
            if from <= to {
                plan.lens[value] = len;
                // No offset and no end exceeds this sum.
                plan.unshared = plan
                    .unshared
                    .checked_add(len)
                    .expect("the values of a plan have more numbers than a `usize` counts");
                if len > 0 {
                    (needed[n], starts[n]) = (value, from);
                    n += 1;
                }
            }
            value += 1;
        }

        let in_time = ascending(&starts, n);
        let mut alive = Alive { lives, n };
        let mut values = [0; N];
        let mut i = 0;
        while i < n {
            values[i] = needed[in_time[i]];
            alive.lives[i] = lives[values[i]];
            i += 1;
        }

        let (offsets, len) = alive.offsets();
        plan.len = len;
        let mut i = 0;
        while i < alive.n {
            plan.offsets[values[i]] = offsets[i];
            i += 1;
        }
        plan
    }

    /// Where a value lies; one that is never alive is [`Area::EMPTY`].
    ///
    /// # Panics
    /// If the plan has no value of this number.
    ///
    /// ```
    /// use typenet_runtime::layers::plan::{Area, Life, Plan};
    ///
    /// const PLAN: Plan<2> = Plan::new([Life { len: 5, from: 0, to: 1 }, Life { len: 0, from: 1, to: 2 }]);
    /// assert_eq!([PLAN.area(0), PLAN.area(1)], [Area { offset: 0, len: 5 }, Area::EMPTY]);
    /// ```
    pub const fn area(&self, value: usize) -> Area {
        Area { offset: self.offsets[value], len: self.lens[value] }
    }
}

/// The numbers `0..n` by ascending key, those with equal keys in order. A merge sort.
const fn ascending<const N: usize>(keys: &[usize; N], n: usize) -> [usize; N] {
    let (mut order, mut is_sorted) = ([0; N], true);
    let mut i = 0;
    while i < n {
        order[i] = i;
        is_sorted &= i == 0 || keys[i - 1] <= keys[i];
        i += 1;
    }
    let mut width = if is_sorted { n } else { 1 };
    while width < n {
        let mut merged = order;
        // Each round merges the runs `left..middle` and `right..end`; a pair that is in order already stays.
        let mut begin = 0;
        while begin + width < n {
            let middle = begin + width;
            let end = if n - middle < width { n } else { middle + width };
            if keys[order[middle - 1]] > keys[order[middle]] {
                let (mut left, mut right, mut at) = (begin, middle, begin);
                while at < end {
                    if right == end || (left < middle && keys[order[left]] <= keys[order[right]]) {
                        merged[at] = order[left];
                        left += 1;
                    } else {
                        merged[at] = order[right];
                        right += 1;
                    }
                    at += 1;
                }
            }
            begin = end;
        }
        order = merged;
        width *= 2;
    }
    order
}

/// What the lives ask of a plan.
struct Demand {
    /// The largest sum of lengths that are alive at one step.
    peak: usize,
    /// The sum, over all values, of the square of how many others are alive with it.
    overlaps_squared: usize,
}

/// The `n` values that need memory, in order of their first step. Offsets are by their place in this order.
struct Alive<const N: usize> {
    lives: [Life; N],
    n: usize,
}

/// The placement that needs less, the first if both need the same.
const fn better<const N: usize>(a: ([usize; N], usize), b: ([usize; N], usize)) -> ([usize; N], usize) {
    if b.1 < a.1 { b } else { a }
}

impl<const N: usize> Alive<N> {
    /// The offset of each value, and how many numbers they need in all.
    const fn offsets(&self) -> ([usize; N], usize) {
        if let Some(chain) = self.chain() {
            return chain;
        }
        let Demand { peak, overlaps_squared } = self.demand();
        let along_offsets = self.n * self.n / 2;
        let (along_time, bound) =
            if overlaps_squared < along_offsets { (true, overlaps_squared) } else { (false, along_offsets) };
        if bound > BUDGET {
            return self.in_order_of_time(BUDGET);
        }
        let mut best = if along_time {
            let at_the_ends = self.along_time(&self.outermost_first(), peak);
            if at_the_ends.1 == peak {
                return at_the_ends;
            }
            better(at_the_ends, self.along_time(&self.largest_first(), 0))
        } else {
            self.along_offsets(&self.largest_first(), None)
        };
        if best.1 > peak {
            best = better(best, self.in_order_of_time(BUDGET));
        }
        best
    }

    /// Two alternating areas, if each value overlaps its neighbours in time alone.
    const fn chain(&self) -> Option<([usize; N], usize)> {
        let Self { lives, n } = self;
        let mut len = 0;
        let mut i = 0;
        while i < *n {
            if i + 2 < *n && lives[i].to >= lives[i + 2].from {
                return None;
            }
            let mut alive = lives[i].len;
            if i + 1 < *n && lives[i].to >= lives[i + 1].from {
                alive += lives[i + 1].len;
            }
            if alive > len {
                len = alive;
            }
            i += 1;
        }
        let mut offsets = [0; N];
        let mut odd = 1;
        while odd < *n {
            offsets[odd] = len - lives[odd].len;
            odd += 2;
        }
        Some((offsets, len))
    }

    const fn demand(&self) -> Demand {
        let Self { lives, n } = self;
        let mut ends = [0; N];
        let mut i = 0;
        while i < *n {
            ends[i] = lives[i].to;
            i += 1;
        }
        let by_end = ascending(&ends, *n);

        // With value `i` alive are those that are alive when it starts, and those that start until it ends.
        let mut overlaps = [0; N];
        let (mut peak, mut alive, mut ended) = (0, 0, 0);
        let mut i = 0;
        while i < *n {
            while lives[by_end[ended]].to < lives[i].from {
                let value = by_end[ended];
                alive -= lives[value].len;
                overlaps[value] += i - value - 1;
                ended += 1;
            }
            alive += lives[i].len;
            if alive > peak {
                peak = alive;
            }
            overlaps[i] = i - ended;
            i += 1;
        }
        while ended < *n {
            let value = by_end[ended];
            overlaps[value] += *n - value - 1;
            ended += 1;
        }

        let mut overlaps_squared = 0;
        let mut i = 0;
        while i < *n {
            overlaps_squared += overlaps[i] * overlaps[i];
            i += 1;
        }
        Demand { peak, overlaps_squared }
    }

    /// The values by how many lives enclose theirs, fewest first; of equal ones the later first, as a block's last value
    /// lies between two skips, its first beside one.
    const fn outermost_first(&self) -> [usize; N] {
        let Self { lives, n } = self;
        // One more than the last earlier value that ends no earlier, 0 if there is none.
        let mut enclosed_by = [0; N];
        let mut depths = [0; N];
        let mut keys = [0; N];
        let mut i = 0;
        while i < *n {
            let mut earlier = i;
            while earlier > 0 && lives[earlier - 1].to < lives[i].to {
                earlier = enclosed_by[earlier - 1];
            }
            enclosed_by[i] = earlier;
            depths[i] = if earlier > 0 { depths[earlier - 1] + 1 } else { 0 };
            keys[i] = depths[i] * *n + (*n - i);
            i += 1;
        }
        ascending(&keys, *n)
    }

    /// The values by descending size, equal ones in order of time.
    const fn largest_first(&self) -> [usize; N] {
        let mut keys = [0; N];
        let mut i = 0;
        while i < self.n {
            keys[i] = usize::MAX - self.lives[i].len;
            i += 1;
        }
        ascending(&keys, self.n)
    }

    /// Each value where nothing lies that is alive with it: at the lowest offset or, if that is nearer to its end of what
    /// enclosing lives leave free, at the highest below `ceiling`. Looks only at what is alive with it.
    const fn along_time(&self, order: &[usize; N], ceiling: usize) -> ([usize; N], usize) {
        let Self { lives, n } = self;
        // One more than the last earlier value that ends later, 0 if there is none: those between end no later.
        let mut outlasted_by = [0; N];
        let mut i = 1;
        while i < *n {
            let mut earlier = i;
            while earlier > 0 && lives[earlier - 1].to <= lives[i].to {
                earlier = outlasted_by[earlier - 1];
            }
            outlasted_by[i] = earlier;
            i += 1;
        }

        let mut offsets = [0; N];
        let mut placed = [false; N];
        let mut total = 0;
        let mut k = 0;
        while k < *n {
            let value = order[k];
            let Life { len, from, to } = lives[value];
            let mut low = 0;
            let mut fits_below_ceiling = len <= ceiling;
            let mut high = if fits_below_ceiling { ceiling - len } else { 0 };
            // A conflict moves the value, maybe into what was looked at before: look again.
            // First only values whose lives enclose this one: they leave free what is from `bottom` on, and up to `top`.
            let (mut bottom, mut top) = (0, 0);
            let (mut enclosing_only, mut moved) = (true, true);
            while moved || enclosing_only {
                if !moved {
                    enclosing_only = false;
                    (bottom, top) = (low, high);
                }
                moved = false;
                let (mut earlier, mut later) = (value, value + 1);
                loop {
                    let other;
                    if earlier > 0 {
                        if lives[earlier - 1].to < from {
                            earlier = outlasted_by[earlier - 1];
                            continue;
                        }
                        earlier -= 1;
                        other = earlier;
                    } else if later < *n && lives[later].from <= to {
                        other = later;
                        later += 1;
                    } else {
                        break;
                    }
                    let encloses = lives[other].from <= from && to <= lives[other].to;
                    if !placed[other] || (enclosing_only && !encloses) {
                        continue;
                    }
                    let (start, end) = (offsets[other], offsets[other] + lives[other].len);
                    if low < end && start < low + len {
                        low = end;
                        moved = true;
                    }
                    if fits_below_ceiling && high < end && start < high + len {
                        fits_below_ceiling = len <= start;
                        high = if fits_below_ceiling { start - len } else { 0 };
                        moved = true;
                    }
                }
            }
            let offset = if fits_below_ceiling && top - high < low - bottom { high } else { low };
            offsets[value] = offset;
            placed[value] = true;
            if offset + len > total {
                total = offset + len;
            }
            k += 1;
        }
        (offsets, total)
    }

    /// Each value at the lowest offset where nothing lies that is alive with it, in order of time. After `budget`
    /// values looked at, it looks only at the topmost of those alive.
    const fn in_order_of_time(&self, budget: usize) -> ([usize; N], usize) {
        let mut order = [0; N];
        let mut i = 0;
        while i < self.n {
            order[i] = i;
            i += 1;
        }
        self.along_offsets(&order, Some(budget))
    }

    /// Each value at the lowest offset where nothing lies that is alive with it; looks at what is placed, from the
    /// bottom. With a budget, `order` is that of time: see `in_order_of_time`.
    const fn along_offsets(&self, order: &[usize; N], budget: Option<usize>) -> ([usize; N], usize) {
        let Self { lives, n } = self;
        let (in_time, budget) = match budget {
            Some(budget) => (true, budget),
            None => (false, usize::MAX),
        };
        // What is placed, by offset: a list linked in both directions. `N` is no value.
        let (mut first, mut last) = (N, N);
        let (mut next, mut previous) = ([N; N], [N; N]);
        let mut offsets = [0; N];
        let mut total = 0;
        let mut looked_at = 0;
        let mut k = 0;
        while k < *n {
            let value = order[k];
            let Life { len, from, to } = lives[value];
            let (mut start, mut offset) = (first, 0);
            if in_time {
                // Nothing that is still to be placed starts earlier than this value: what has ended leaves the list.
                let most = if looked_at < budget { N } else { TOPMOST };
                let mut alive = 0;
                let mut other = last;
                start = N;
                while other != N && alive < most {
                    let (before, after) = (previous[other], next[other]);
                    if lives[other].to < from {
                        if before == N {
                            first = after
                        } else {
                            next[before] = after
                        }
                        if after == N { last = before } else { previous[after] = before }
                    } else {
                        start = other;
                        alive += 1;
                    }
                    looked_at += 1;
                    other = before;
                }
                if other != N {
                    offset = offsets[start];
                }
            }
            // The last in the list that does not lie above `offset`.
            let mut below = N;
            let mut other = start;
            while other != N && offsets[other] < offset + len {
                let Life { len: other_len, from: other_from, to: other_to } = lives[other];
                if other_from <= to && from <= other_to {
                    if offsets[other] + other_len > offset {
                        offset = offsets[other] + other_len;
                    }
                    below = other;
                } else if offsets[other] <= offset {
                    below = other;
                }
                other = next[other];
                looked_at += 1;
            }

            let above = if below == N { first } else { next[below] };
            (previous[value], next[value]) = (below, above);
            if below == N {
                first = value
            } else {
                next[below] = value
            }
            if above == N {
                last = value
            } else {
                previous[above] = value
            }
            offsets[value] = offset;
            if offset + len > total {
                total = offset + len;
            }
            k += 1;
        }
        (offsets, total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Rng;
    use proptest::prelude::*;

    const N: usize = 32;

    fn is_alive(life: &Life, step: usize) -> bool {
        life.len > 0 && life.from <= step && step <= life.to
    }

    /// The largest sum of lengths that are alive at one step, step by step.
    fn peak(lives: &[Life]) -> usize {
        let steps = 0..=lives.iter().map(|life| life.from).max().unwrap_or(0);
        let alive = |step| lives.iter().filter(|life| is_alive(life, step)).map(|life| life.len).sum();
        steps.map(alive).max().unwrap_or(0)
    }

    /// Step by step: what is alive lies apart, and `len` is where the last value ends.
    fn check(lives: &[Life], offsets: &[usize], len: usize) {
        let end = |i: usize| offsets[i] + lives[i].len;
        let living = || (0..lives.len()).filter(|&i| is_alive(&lives[i], lives[i].from));
        assert_eq!(len, living().map(end).max().unwrap_or(0), "len of {lives:?} at {offsets:?}");
        for step in lives.iter().map(|life| life.from) {
            let mut alive: Vec<_> = living().filter(|&i| is_alive(&lives[i], step)).collect();
            alive.sort_by_key(|&i| offsets[i]);
            for pair in alive.windows(2) {
                let (lower, upper) = (pair[0], pair[1]);
                assert!(
                    end(lower) <= offsets[upper],
                    "values {lower} and {upper} overlap at step {step}: {lives:?} at {offsets:?}"
                );
            }
        }
    }

    fn check_plan<const N: usize>(lives: [Life; N]) -> Plan<N> {
        let plan = Plan::new(lives);
        check(&lives, &plan.offsets, plan.len);
        for (i, life) in lives.iter().enumerate() {
            let expected = if life.from <= life.to { life.len } else { 0 };
            assert_eq!(plan.area(i).len, expected);
            if expected == 0 {
                assert_eq!(plan.area(i), Area::EMPTY);
            }
        }
        assert_eq!(plan.unshared, (0..N).map(|i| plan.area(i).len).sum::<usize>());
        assert!(peak(&lives) <= plan.len && plan.len <= plan.unshared);
        plan
    }

    /// Greedy by size as a definition: the first offset from 0 on at which nothing is in the way.
    fn largest_first<const N: usize>(alive: &Alive<N>) -> Vec<usize> {
        let lives = &alive.lives[..alive.n];
        let mut order: Vec<_> = (0..alive.n).collect();
        order.sort_by_key(|&i| core::cmp::Reverse(lives[i].len));
        let mut offsets = vec![None; alive.n];
        for i in order {
            let free = |offset: usize| {
                (0..alive.n).all(|other| {
                    offsets[other].is_none_or(|at: usize| {
                        let in_time = lives[i].from <= lives[other].to && lives[other].from <= lives[i].to;
                        !in_time || offset + lives[i].len <= at || at + lives[other].len <= offset
                    })
                })
            };
            offsets[i] = (0..).find(|&offset| free(offset));
        }
        offsets.into_iter().flatten().collect()
    }

    /// What needs memory, in order of time, as `Plan::new` makes it.
    fn alive(lives: [Life; N]) -> Alive<N> {
        let mut living: Vec<_> = lives.into_iter().filter(|life| is_alive(life, life.from)).collect();
        living.sort_by_key(|life| life.from);
        let mut alive = Alive { lives, n: living.len() };
        alive.lives[..living.len()].copy_from_slice(&living);
        alive
    }

    /// Lives of up to `longest` steps, some of them never alive, some without numbers.
    fn lives(longest: usize) -> impl Strategy<Value = [Life; N]> {
        let len = prop_oneof![1 => Just(0), 2 => Just(8), 8 => 1usize..40];
        let life = (len, 0..20usize, 0..longest + 2);
        let life = life.prop_map(|(len, from, steps)| Life { len, from: from + 1, to: from + steps });
        prop::collection::vec(life, N).prop_map(|lives| lives.try_into().expect("as many as asked for"))
    }

    fn many_lives() -> impl Strategy<Value = [Life; N]> {
        prop_oneof![lives(1), lives(3), lives(20)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        #[test]
        fn values_that_are_alive_together_lie_apart(lives in many_lives()) {
            check_plan(lives);
        }

        #[test]
        fn every_algorithm_keeps_apart_what_is_alive_together(lives in many_lives(), budget in 0usize..200) {
            let alive = alive(lives);
            for (offsets, len) in [
                alive.along_time(&alive.outermost_first(), alive.demand().peak),
                alive.along_time(&alive.largest_first(), 0),
                alive.along_offsets(&alive.largest_first(), None),
                alive.in_order_of_time(usize::MAX),
                alive.in_order_of_time(budget),
            ].into_iter().chain(alive.chain()) {
                check(&alive.lives[..alive.n], &offsets[..alive.n], len);
            }
        }

        #[test]
        fn both_searches_place_largest_first_at_the_lowest_offset(lives in many_lives()) {
            let alive = alive(lives);
            let expected = largest_first(&alive);
            let order = alive.largest_first();
            prop_assert_eq!(&alive.along_time(&order, 0).0[..alive.n], &expected);
            prop_assert_eq!(&alive.along_offsets(&order, None).0[..alive.n], &expected);
        }

        #[test]
        fn demand_agrees_with_its_definition(lives in many_lives()) {
            let alive = alive(lives);
            let living = &alive.lives[..alive.n];
            let overlaps = |a: &Life| living.iter().filter(|b| a.from <= b.to && b.from <= a.to).count() - 1;
            let demand = alive.demand();
            prop_assert_eq!(demand.peak, peak(&lives));
            prop_assert_eq!(demand.overlaps_squared, living.iter().map(|a| overlaps(a).pow(2)).sum::<usize>());
        }
    }

    #[test]
    fn chain_is_two_alternating_areas() {
        let mut rng = Rng::seed(3);
        for _ in 0..200 {
            let lens: [usize; 40] = core::array::from_fn(|_| 1 + rng.below(1000) as usize);
            let plan =
                check_plan(core::array::from_fn::<_, 40, _>(|i| Life { len: lens[i], from: i, to: i + 1 }));
            assert_eq!(plan.len, lens.windows(2).map(|pair| pair[0] + pair[1]).max().unwrap());
            for (i, len) in lens.into_iter().enumerate() {
                let offset = if i % 2 == 0 { 0 } else { plan.len - len };
                assert_eq!(plan.area(i), Area { offset, len });
            }
        }
    }

    #[test]
    fn values_apart_in_time_share_one_area() {
        let plan = check_plan([3, 7, 5].map(|len| Life { len, from: len, to: len }));
        assert_eq!(plan.len, 7);
    }

    #[test]
    fn plans_of_no_value_and_of_one() {
        assert_eq!(check_plan([]).len, 0);
        assert_eq!(check_plan([Life { len: 9, from: 4, to: 4 }]).area(0), Area { offset: 0, len: 9 });
        assert_eq!(check_plan([Life { len: 9, from: 5, to: 4 }]).area(0), Area::EMPTY);
        assert_eq!(check_plan([Life { len: 9, from: 0, to: usize::MAX }; 3]).len, 27);
    }

    #[test]
    fn order_of_values_does_not_matter() {
        let lives: [Life; 30] =
            core::array::from_fn(|i| Life { len: 10 + i * 7 % 13, from: i, to: i + 1 + i % 4 });
        let (mut backwards, plan) = (lives, check_plan(lives));
        backwards.reverse();
        let backwards = check_plan(backwards);
        for i in 0..30 {
            assert_eq!(backwards.area(29 - i), plan.area(i));
        }
    }

    #[test]
    #[should_panic(expected = "more numbers than a `usize` counts")]
    fn more_numbers_than_a_usize_counts_is_an_error() {
        Plan::new([Life { len: usize::MAX, from: 0, to: 0 }, Life { len: 1, from: 1, to: 1 }]);
    }

    /// Blocks of two to four values, the first of which is also read at the block's end, each of any size.
    #[test]
    fn residual_networks_need_no_more_than_what_is_alive() {
        let mut rng = Rng::seed(5);
        for _ in 0..300 {
            let mut block = 0..0;
            let lives: [Life; 100] = core::array::from_fn(|i| {
                if i == block.end {
                    block = i..i + 2 + rng.below(3) as usize;
                }
                let to = if i == block.start { block.end } else { i + 1 };
                Life { len: 1 + rng.below(1000) as usize, from: i, to }
            });
            assert_eq!(check_plan(lives).len, peak(&lives), "{lives:?}");
        }
    }

    /// With a skip around each second pair of layers that overlaps the next.
    #[test]
    fn overlapping_skips_need_little_more_than_what_is_alive() {
        let mut rng = Rng::seed(5);
        for _ in 0..300 {
            let lives: [Life; 100] = core::array::from_fn(|i| {
                let to = if i % 2 == 0 { i + 3 } else { i + 1 };
                Life { len: 1 + rng.below(1000) as usize, from: i, to }
            });
            let (plan, peak) = (check_plan(lives), peak(&lives));
            assert!(plan.len * 100 <= peak * 114, "{} against {peak}: {lives:?}", plan.len);
        }
    }

    /// Two levels, 64 channels on 64×64 pixels, convolutions that keep the size, each skip joined by `Concat`.
    #[test]
    fn u_net_needs_what_a_plan_by_hand_needs() {
        const FULL: usize = 64 * 64;
        const HALF: usize = FULL / 4;
        const QUARTER: usize = FULL / 16;
        let life = |from: usize, len: usize, to: usize| Life { len, from, to };
        let lives = [
            life(0, 64 * FULL, 1),
            life(1, 64 * FULL, 13), // read by the second join
            life(2, 64 * HALF, 3),  // pooled
            life(3, 128 * HALF, 4),
            life(4, 128 * HALF, 9),    // read by the first join
            life(5, 128 * QUARTER, 6), // pooled
            life(6, 256 * QUARTER, 7),
            life(7, 256 * QUARTER, 8),
            life(8, 128 * HALF, 9), // transposed convolution
            life(9, 256 * HALF, 10),
            life(10, 128 * HALF, 11),
            life(11, 128 * HALF, 12),
            life(12, 64 * FULL, 13), // transposed convolution
            life(13, 128 * FULL, 14),
            life(14, 64 * FULL, 15),
            life(15, 64 * FULL, 16),
        ];
        let plan = check_plan(lives);
        // By hand: the second join, its skip, its other input and its output.
        let by_hand = (64 + 64 + 128) * FULL;
        assert_eq!(peak(&lives), by_hand);
        assert!(plan.len * 10 <= by_hand * 11, "{} against {by_hand}", plan.len);
    }

    /// Above the budget: in order of time, then as on a stack.
    #[test]
    fn u_net_of_three_thousand_values_is_planned_well() {
        let lives: [Life; 3_000] = core::array::from_fn(|i| Life {
            len: 100 + i * 7919 % 900,
            from: i,
            to: if i < 1_500 { 3_000 - i } else { i + 1 },
        });
        let (plan, peak) = (Plan::new(lives), peak(&lives));
        check(&lives, &plan.offsets, plan.len);
        assert!(plan.len * 10 <= peak * 11, "{} against {peak}", plan.len);
    }
}
