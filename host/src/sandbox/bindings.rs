//! What `wit/` says, as Rust types: the exports that the host calls and the records of both directions. Generated; imports
//! are linked by hand in `helpers`, because their prices need the store.

#![expect(unreachable_pub, reason = "generated from wit/, where every item is documented")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "strategy",
    exports: { default: async },
    // Records that the host lends to a guest borrow their texts: delivering an event copies nothing on the host's side.
    ownership: Borrowing { duplicate_if_necessary: true },
});

pub use sandpit::strategy::{events, log, orders, types};

impl Strategy {
    /// `on-trade`, to be called without a fiber.
    pub(in crate::sandbox) fn on_trade(&self) -> wasmtime::component::Func {
        self.on_trade
    }

    /// `thrown`, to be called without a fiber.
    pub(in crate::sandbox) fn thrown(&self) -> wasmtime::component::Func {
        self.thrown
    }
}
