//! The providers and symbols of the instance as JavaScript strings: events name them by their place.

use std::cell::{Cell, RefCell};

use crate::js::{JsResult, Value};
use crate::wit::sandpit::strategy::types::Feed;

struct Names {
    provider: Value,
    symbols: Vec<Value>,
}

thread_local! {
    /// Lives as long as the instance.
    static FEEDS: Cell<&'static [Names]> = const { Cell::new(&[]) };
    static NO_SYMBOL: RefCell<Value> = const { RefCell::new(Value::UNDEFINED) };
}

pub fn set(feeds: &[Feed]) -> JsResult<()> {
    let names: Vec<_> = feeds
        .iter()
        .map(|feed| {
            Ok(Names {
                provider: Value::string(&feed.provider)?,
                symbols: feed.symbols.iter().map(|symbol| Value::string(symbol)).collect::<JsResult<_>>()?,
            })
        })
        .collect::<JsResult<_>>()?;
    FEEDS.set(names.leak());
    NO_SYMBOL.set(Value::string("")?);
    Ok(())
}

/// The name of a provider; the empty string for a place outside the setup.
pub fn provider(place: u16) -> Value {
    FEEDS.get().get(place as usize).map_or_else(no_symbol, |feed| feed.provider.clone())
}

/// The name of a symbol of a provider; the empty string for a place outside the setup.
pub fn symbol(provider: u16, place: u16) -> Value {
    let symbol = FEEDS.get().get(provider as usize).and_then(|feed| feed.symbols.get(place as usize));
    symbol.map_or_else(no_symbol, Value::clone)
}

/// What `evt.symbol` is for an event that concerns no symbol.
pub fn no_symbol() -> Value {
    NO_SYMBOL.with_borrow(Value::clone)
}
