//! `orders`: the guest's side of the one door to the venue.

use rust_decimal::Decimal;
use wasmtime::StoreContextMut;
use wasmtime::component::LinkerInstance;

use super::READ;
use crate::market::{self, ClientOrderId};
use crate::sandbox::bindings::orders::{AccountBalance, Order, OrderError, OrderOptions, OwnPosition};
use crate::sandbox::bindings::types;
use crate::sandbox::convert::{order_type_to_wit, side_from_wit, side_to_wit, time_in_force};
use crate::sandbox::log::LogLevel;
use crate::sandbox::state::{Live, Phase, State, charge, enter};
use crate::trading::{self, Desk, OrderDraft, draft};

/// Prices of sending an order, of cancelling one, and of each order in a list.
const SUBMIT: u64 = 20_000;
const CANCEL: u64 = 10_000;
const PER_ORDER: u64 = 1_000;

/// Longest name or number that an error quotes or a desk sees; longer ones cannot be right.
const WORD_BYTES: usize = 256;

type Names = (Option<String>, Option<String>);

pub(super) fn link(interface: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    interface.func_wrap(
        "submit-market",
        |mut cx: StoreContextMut<'_, State>,
         (provider, side, quantity, options): (Option<String>, types::Side, String, OrderOptions)| {
            let live = enter(&mut cx, SUBMIT)?;
            let order = Wish { provider, side, quantity, price: None, order_type: market::OrderType::Market, options };
            Ok((order.submit(live),))
        },
    )?;
    interface.func_wrap(
        "submit-limit",
        |mut cx: StoreContextMut<'_, State>,
         (provider, side, quantity, price, options): (Option<String>, types::Side, String, Option<String>, OrderOptions)| {
            let live = enter(&mut cx, SUBMIT)?;
            let order = Wish { provider, side, quantity, price, order_type: market::OrderType::Limit, options };
            Ok((order.submit(live),))
        },
    )?;
    interface.func_wrap("cancel", |mut cx: StoreContextMut<'_, State>, (id,): (String,)| {
        let live = enter(&mut cx, CANCEL)?;
        Ok((cancel(live, &id),))
    })?;
    interface.func_wrap("open-orders", |mut cx: StoreContextMut<'_, State>, names: Names| {
        let orders = open_orders(enter(&mut cx, READ)?, &names);
        charge(&mut cx, orders.len() as u64 * PER_ORDER)?;
        Ok((orders,))
    })?;
    interface.func_wrap("position", |mut cx: StoreContextMut<'_, State>, names: Names| {
        Ok((position(enter(&mut cx, READ)?, &names),))
    })?;
    interface.func_wrap("balance", |mut cx: StoreContextMut<'_, State>, (provider, currency): (Option<String>, String)| {
        Ok((balance(enter(&mut cx, READ)?, provider.as_deref(), &currency),))
    })
}

/// An order as it crossed.
struct Wish {
    provider: Option<String>,
    side: types::Side,
    quantity: String,
    price: Option<String>,
    order_type: market::OrderType,
    options: OrderOptions,
}

impl Wish {
    fn submit(&self, live: &mut Live) -> Result<String, OrderError> {
        may_order(live)?;
        let market_order = self.order_type == market::OrderType::Market;
        let words = [&self.provider, &self.options.symbol, &self.options.client_order_id];
        if words.into_iter().flatten().any(|word| word.len() > WORD_BYTES) {
            return Err(error("invalid_symbol", "a provider, symbol or client order id is longer than any name can be"));
        }
        let quantity = draft::parse_quantity(&self.quantity).map_err(refusal)?;
        let price = match &self.price {
            Some(price) => Some(draft::parse_price(price).map_err(refusal)?),
            None if market_order => None,
            None => return Err(error("invalid_price", "a limit order needs a price")),
        };
        let draft = OrderDraft {
            instance: &live.instance,
            provider: self.provider.as_deref(),
            symbol: self.options.symbol.as_deref(),
            side: side_from_wit(self.side),
            order_type: self.order_type,
            quantity,
            price,
            time_in_force: self.options.time_in_force.map(time_in_force),
            client_order_id: self.options.client_order_id.as_deref(),
            requested_at: live.time_at(self.provider.as_deref()),
            seen_at: live.seen,
            ordinal: live.ordinal,
            nth: live.orders,
        };
        let id = desk(live)?.submit(draft).map_err(refusal)?;
        if live.dry_run {
            self.note(live, quantity, price, &id);
        }
        Ok(id.as_str().to_owned())
    }

    /// In a dry run the log is the only trace of an order.
    fn note(&self, live: &Live, quantity: Decimal, price: Option<Decimal>, id: &ClientOrderId) {
        let side = side_from_wit(self.side).as_str().to_lowercase();
        let feed = live.feeds.provider(self.provider.as_deref());
        let symbol = feed.and_then(|feed| feed.symbol(self.options.symbol.as_deref())).map_or("?", market::Symbol::as_str);
        let price = price.map_or_else(|| "market".to_owned(), |price| price.to_string());
        live.note(LogLevel::Info, &format!("dry run, not sent: {side} {quantity} {symbol} at {price} ({id})"));
    }
}

fn cancel(live: &mut Live, id: &str) -> Result<(), OrderError> {
    may_order(live)?;
    if id.len() > WORD_BYTES {
        return Err(error("unknown_order", "no order has an id that long"));
    }
    let desk = desk(live)?;
    // Most instances have one provider, and one clock.
    let elsewhere = live.feeds.iter().len() > 1;
    let open = if elsewhere { desk.open_orders(&live.instance, None, None) } else { Vec::new() };
    let order = open.iter().find(|order| order.request.client_order_id.as_str() == id);
    let provider = order.map(|order| order.request.provider.as_str());
    desk.cancel(&live.instance, id, live.time_at(provider)).map_err(refusal)
}

/// Counts an order or cancel against the event's limit.
fn may_order(live: &mut Live) -> Result<(), OrderError> {
    if live.phase != Phase::Handler {
        return Err(error("not_active", "orders are taken only while a handler runs, not in create or onStop"));
    }
    let most = live.limits.orders_per_event;
    if u64::from(live.orders) >= most {
        return Err(error(
            "too_many_orders",
            format!("more than limits.ordersPerEvent = {most} orders and cancels in one event"),
        ));
    }
    live.orders += 1;
    Ok(())
}

/// An unknown provider or symbol has no orders.
fn open_orders(live: &Live, (provider, symbol): &Names) -> Vec<Order> {
    let Some(desk) = &live.desk else { return Vec::new() };
    let records = desk.open_orders(&live.instance, provider.as_deref(), symbol.as_deref());
    records
        .into_iter()
        .map(|record| Order {
            client_order_id: record.request.client_order_id.as_str().to_owned(),
            provider: record.request.provider.as_str().to_owned(),
            symbol: record.request.symbol.as_str().to_owned(),
            side: side_to_wit(record.request.side),
            order_type: order_type_to_wit(record.request.order_type),
            quantity: record.request.quantity.normalize().to_string(),
            filled_quantity: record.filled_quantity.normalize().to_string(),
            price: record.request.price.map(|price| price.normalize().to_string()),
            state: record.state.as_str().to_owned(),
        })
        .collect()
}

fn position(live: &Live, (provider, symbol): &Names) -> Result<OwnPosition, OrderError> {
    let position = desk(live)?.position(&live.instance, provider.as_deref(), symbol.as_deref()).map_err(refusal)?;
    Ok(OwnPosition {
        quantity: position.quantity.normalize().to_string(),
        average_price: position.average_price().normalize().to_string(),
        realised_profit: position.realised_profit.normalize().to_string(),
    })
}

fn balance(live: &Live, provider: Option<&str>, currency: &str) -> Result<AccountBalance, OrderError> {
    if currency.len() > WORD_BYTES {
        return Err(error("invalid_symbol", "no currency has a name that long"));
    }
    let balance = desk(live)?.balance(&live.instance, provider, currency).map_err(refusal)?;
    Ok(AccountBalance { total: balance.total.normalize().to_string(), available: balance.available.normalize().to_string() })
}

/// None while `create` is only tried.
fn desk(live: &Live) -> Result<&Desk, OrderError> {
    live.desk.as_deref().ok_or_else(|| error("not_active", "there is no venue while create is only tried"))
}

fn error(code: &str, message: impl Into<String>) -> OrderError {
    OrderError { code: code.to_owned(), message: message.into() }
}

fn refusal(refused: trading::OrderError) -> OrderError {
    error(refused.code, refused.message)
}
