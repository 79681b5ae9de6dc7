//! The `model!` macro: parse → check → expand.

#![forbid(unsafe_code)]
