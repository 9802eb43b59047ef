//! `market-data`: what the instance knows of its markets, from the events that were delivered to it.

use wasmtime::StoreContextMut;
use wasmtime::component::LinkerInstance;

use super::{PER_BYTE, READ};
use crate::market::{DecimalText, MarketState};
use crate::sandbox::bindings::sandpit::strategy::market_data::MarketState as Prices;
use crate::sandbox::state::{Live, Phase, State, charge, enter};

/// Provider and symbol; the first of each when absent.
type Market = (Option<String>, Option<String>);

pub(super) fn link(interface: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    interface.func_wrap("trading-active", |mut cx: StoreContextMut<'_, State>, (): ()| {
        let live = enter(&mut cx, READ)?;
        Ok((live.phase == Phase::Handler && live.desk.as_ref().is_some_and(|desk| desk.trading_active(&live.instance)),))
    })?;
    interface.func_wrap("dry-run", |mut cx: StoreContextMut<'_, State>, (): ()| Ok((enter(&mut cx, READ)?.dry_run,)))?;
    interface.func_wrap("providers", |mut cx: StoreContextMut<'_, State>, (): ()| {
        let names: Vec<String> = enter(&mut cx, READ)?.feeds.iter().map(|feed| feed.provider.as_str().to_owned()).collect();
        charge(&mut cx, names.iter().map(|name| name.len() as u64 * PER_BYTE).sum())?;
        Ok((names,))
    })?;
    interface.func_wrap("select-provider", |mut cx: StoreContextMut<'_, State>, (seed,): (u64,)| {
        let feeds = &enter(&mut cx, READ)?.feeds;
        let place = seed.checked_rem(feeds.iter().len() as u64).and_then(|place| usize::try_from(place).ok());
        Ok((place.and_then(|place| feeds.iter().nth(place)).map(|feed| feed.provider.as_str().to_owned()),))
    })?;
    interface.func_wrap("last", |mut cx: StoreContextMut<'_, State>, market: Market| {
        Ok((prices(enter(&mut cx, READ)?, &market).and_then(|state| text(&state.last)),))
    })?;
    interface.func_wrap("bid", |mut cx: StoreContextMut<'_, State>, market: Market| {
        Ok((prices(enter(&mut cx, READ)?, &market).and_then(|state| text(&state.bid)),))
    })?;
    interface.func_wrap("ask", |mut cx: StoreContextMut<'_, State>, market: Market| {
        Ok((prices(enter(&mut cx, READ)?, &market).and_then(|state| text(&state.ask)),))
    })?;
    interface.func_wrap("state", |mut cx: StoreContextMut<'_, State>, market: Market| {
        let live = enter(&mut cx, READ)?;
        let Some(state) = prices(live, &market) else {
            return Ok((Prices { last: None, bid: None, ask: None, stale: false },));
        };
        Ok((Prices { last: text(&state.last), bid: text(&state.bid), ask: text(&state.ask), stale: stale(live, &market) },))
    })
}

/// Whether nothing is heard of the provider now. A guest that is only tried has none.
fn stale(live: &Live, (provider, _): &Market) -> bool {
    let provider = live.feeds.provider(provider.as_deref()).map(|feed| &feed.provider);
    live.desk.as_ref().zip(provider).is_some_and(|(desk, name)| desk.staleness(name.as_str()).is_some())
}

/// None for a provider or symbol that the instance does not follow.
fn prices<'a>(live: &'a Live, (provider, symbol): &Market) -> Option<&'a MarketState> {
    live.feeds.provider(provider.as_deref())?.state(symbol.as_deref())
}

fn text(price: &Option<DecimalText>) -> Option<String> {
    price.as_ref().map(|price| price.as_str().to_owned())
}
