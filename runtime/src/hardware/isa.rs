//! Instruction sets with a kernel of their own, detected once at run time.

/// An instruction set that the kernels are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// Plain Rust; every target.
    Portable,
}

/// The instruction set in use.
pub fn isa() -> Isa {
    Isa::Portable
}
