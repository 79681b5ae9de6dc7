//! Pictures of a model, of a run and of its mistakes, as SVG: `to_svg` and `plot` of [`Summary`](crate::model::Summary), of
//! [`History`](crate::model::History) and of [`ConfusionMatrix`](crate::metrics::ConfusionMatrix).
//!
//! | file | what |
//! |---|---|
//! | `page` | an empty page, text on it, and a page as a file |
//! | `axis` | which part of the numbers an axis shows, and where its ticks are |
//! | `history` | curves over epochs |
//! | `confusion` | a matrix of shaded cells |
//! | `graph` | a model's layers and what they take |
//!
//! The same numbers give the same bytes: nothing depends on time, fonts or the order of a hash table. Models and metrics know
//! nothing of pictures.

mod axis;
mod confusion;
mod graph;
mod history;
mod page;
