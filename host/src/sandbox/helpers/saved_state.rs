//! `saved-state`: one value that survives the guest.

use wasmtime::StoreContextMut;
use wasmtime::component::LinkerInstance;

use super::{READ, text_cost};
use crate::sandbox::state::{State, charge, enter};

/// Price of saving without the bytes.
const SAVE: u64 = 5_000;

pub(super) fn link(interface: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    interface.func_wrap("save", |mut cx: StoreContextMut<'_, State>, (value,): (String,)| {
        let live = enter(&mut cx, text_cost(SAVE, &value))?;
        let most = live.limits.saved_state_bytes;
        if value.len() as u64 > most {
            let given = value.len();
            return Ok((Err(format!("the saved state is {given} bytes: at most limits.savedStateBytes = {most} are kept")),));
        }
        if serde_json::from_str::<serde::de::IgnoredAny>(&value).is_err() {
            return Ok((Err("the saved state must be JSON text".to_owned()),));
        }
        Ok((live.saved.save(&value),))
    })?;
    interface.func_wrap("load", |mut cx: StoreContextMut<'_, State>, (): ()| {
        let value = enter(&mut cx, READ)?.saved.load();
        if let Some(value) = &value {
            charge(&mut cx, text_cost(0, value))?;
        }
        Ok((value,))
    })
}
