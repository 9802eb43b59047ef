//! The engine of a Sandpit strategy: QuickJS behind the world of `wit/`. A WebAssembly component that the host
//! evaluates an author's source in, snapshots, and runs an instance of per launch.
//!
//! Every file knows only what stands above it in this list.

mod heap;
mod js;
mod wit;

mod decimal;
mod text;
mod time;

mod coercions;
mod feeds;
mod modules;

mod diagnostics;
mod globals;

mod events;
mod metadata;
mod runtime;
mod shim;

mod strategy;

use wit::sandpit::strategy::events::{Envelope, Event, PlainTrade};
use wit::sandpit::strategy::types::{Diagnostic, Exception, Metadata, Setup, SourceFile, Started};

struct Engine;

impl wit::Guest for Engine {
    fn load(entry: String, files: Vec<SourceFile>) -> Result<(), Diagnostic> {
        strategy::load(&entry, files)
    }

    fn describe() -> Result<Metadata, Diagnostic> {
        strategy::describe()
    }

    fn start(setup: Setup) -> Result<Started, Exception> {
        strategy::start(setup)
    }

    fn on_event(envelope: Envelope, event: Event) -> Result<(), Exception> {
        strategy::on_event(envelope, events::Arrival::new(event, envelope.provider))
    }

    fn on_trade(envelope: Envelope, trade: PlainTrade) -> bool {
        strategy::on_trade(envelope, trade)
    }

    fn thrown() -> Option<Exception> {
        strategy::thrown()
    }

    fn on_timer(time: u64, timer: u32) -> Result<(), Exception> {
        strategy::on_timer(time, timer)
    }

    fn stop(time: u64) -> Result<(), Exception> {
        strategy::stop(time)
    }
}

wit::export!(Engine with_types_in wit);
