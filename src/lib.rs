//! Neural networks as Rust types.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
