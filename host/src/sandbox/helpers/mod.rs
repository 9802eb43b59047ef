//! The imports, one file per interface of `wit/`. Each checks its budget, takes its price (the figures are those of the
//! comments in `wit/`), reads its arguments by strict grammars, makes one call down, and maps the error.

mod clock;
mod log;
mod market_data;
mod orders;
mod saved_state;

use wasmtime::component::Linker;

use crate::sandbox::state::State;

/// The package and version that every import must have.
pub(crate) const PACKAGE: &str = "sandpit:strategy/";
const VERSION: &str = "@1.0.0";

/// Price of reading something that the host has at hand.
const READ: u64 = 500;

/// Price of each byte of text that crosses.
const PER_BYTE: u64 = 10;

/// Links every import that a strategy may have. What is not here does not exist for a guest. With `by_hand` none of them waits.
pub(super) fn link(linker: &mut Linker<State>, by_hand: bool) -> wasmtime::Result<()> {
    // Interfaces of types only.
    linker.instance(&name("types"))?;
    linker.instance(&name("events"))?;
    clock::link(&mut linker.instance(&name("clock"))?, by_hand)?;
    log::link(&mut linker.instance(&name("log"))?)?;
    market_data::link(&mut linker.instance(&name("market-data"))?)?;
    orders::link(&mut linker.instance(&name("orders"))?)?;
    saved_state::link(&mut linker.instance(&name("saved-state"))?)
}

fn name(interface: &str) -> String {
    format!("{PACKAGE}{interface}{VERSION}")
}

/// Price of a text.
fn text_cost(base: u64, text: &str) -> u64 {
    base.saturating_add((text.len() as u64).saturating_mul(PER_BYTE))
}
