//! The step of an optimizer over a block of parameters, in one pass.
//!
//! Knows no optimizer: a rule says what happens to one weight. Rules use no fused multiply-add, so every instruction
//! set gives the same bits.

/// What an optimizer does to one weight, with `SLOTS` numbers remembered for it.
pub trait UpdateRule<const SLOTS: usize>: Copy + Send + Sync {
    /// The next weight and the numbers to remember.
    fn apply(self, weight: f32, gradient: f32, slots: [f32; SLOTS]) -> (f32, [f32; SLOTS]);
}

/// Applies `rule` to every weight.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn update<const SLOTS: usize, R: UpdateRule<SLOTS>>(
    rule: R,
    parameters: &mut [f32],
    gradients: &[f32],
    slots: [&mut [f32]; SLOTS],
) {
    let len = parameters.len();
    assert_eq!(gradients.len(), len, "update: one gradient for each parameter");
    for slot in &slots {
        assert_eq!(slot.len(), len, "update: each slot as long as the parameters");
    }
    run(rule, parameters, gradients, slots);
}

#[inline(always)]
fn run<const SLOTS: usize, R: UpdateRule<SLOTS>>(
    rule: R,
    parameters: &mut [f32],
    gradients: &[f32],
    mut slots: [&mut [f32]; SLOTS],
) {
    for (i, (weight, &gradient)) in parameters.iter_mut().zip(gradients).enumerate() {
        let remembered = slots.each_ref().map(|slot| slot[i]);
        let (next, remembered) = rule.apply(*weight, gradient, remembered);
        *weight = next;
        for (slot, value) in slots.iter_mut().zip(remembered) {
            slot[i] = value;
        }
    }
}
