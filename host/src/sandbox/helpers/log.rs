//! `log`: lines for people.

use wasmtime::StoreContextMut;
use wasmtime::component::LinkerInstance;

use super::text_cost;
use crate::sandbox::bindings::log::Level;
use crate::sandbox::log::{LogLevel, cut, escape};
use crate::sandbox::state::{JOBS_EXCEEDED, State, enter};

/// Price of a line without its bytes.
const WRITE: u64 = 2_000;

pub(super) fn link(interface: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    interface.func_wrap("write", |mut cx: StoreContextMut<'_, State>, (level, text): (Level, String)| {
        let live = enter(&mut cx, text_cost(WRITE, &text))?;
        live.jobs_exceeded |= level == Level::Error && text.starts_with(JOBS_EXCEEDED);
        let (text, was_cut) = cut(&text);
        if live.gate.admit(text.len(), live.now) {
            let mut line = escape(text);
            if was_cut {
                line.to_mut().push_str(" [truncated]");
            }
            live.log.line(loudness(level), &line, live.seen);
        }
        Ok(())
    })
}

fn loudness(level: Level) -> LogLevel {
    match level {
        Level::Debug => LogLevel::Debug,
        Level::Info => LogLevel::Info,
        Level::Warn => LogLevel::Warn,
        Level::Error => LogLevel::Error,
    }
}
