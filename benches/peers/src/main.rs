//! The Rust side of the comparison: `peers list`, and `peers NAME --threads N --data DIR …` as the Python peers;
//! `peers products` measures matrix products alone.

mod cases;
mod products;
mod typenet_peer;

#[cfg(feature = "burn")]
mod burn_peer;
#[cfg(feature = "candle")]
mod candle_peer;
#[cfg(feature = "dfdx")]
mod dfdx_peer;
#[cfg(feature = "tract")]
mod tract_peer;

use cases::Options;

/// Name and entry of every peer that is built in.
const PEERS: &[(&str, fn(&Options))] = &[
    ("typenet", typenet_peer::run),
    #[cfg(feature = "candle")]
    ("candle", candle_peer::run),
    #[cfg(feature = "burn")]
    ("burn flex", burn_peer::run),
    #[cfg(feature = "dfdx")]
    ("dfdx", dfdx_peer::run),
    #[cfg(feature = "tract")]
    ("tract", tract_peer::run),
];

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    if name == "list" {
        PEERS.iter().for_each(|(name, _)| println!("{name}"));
        return;
    }
    let run = match PEERS.iter().find(|(peer, _)| *peer == name) {
        Some((_, run)) => *run,
        None if name == "products" => products::run,
        None => {
            eprintln!("no peer is called `{name}`");
            std::process::exit(2);
        }
    };
    run(&Options::from_arguments());
}
