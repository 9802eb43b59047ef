//! `env.runtime`, what acts: orders, and the instance's own view of them. An order that is not taken is an `Error` with
//! the property `code`.

use super::add;
use super::market::place;
use crate::coercions;
use crate::js::{Args, JsResult, Value, throw_coded, throw_type_error};
use crate::wit::sandpit::strategy::orders as host;
use crate::wit::sandpit::strategy::types::{OrderType, Side};

pub fn add_functions(runtime: &Value) -> JsResult<()> {
    add(runtime, "submitMarketOrder", 3, submit_market)?;
    add(runtime, "submitOrder", 4, submit_limit)?;
    add(runtime, "cancelOrder", 1, cancel)?;
    add(runtime, "openOrders", 0, open_orders)?;
    add(runtime, "position", 0, position)?;
    add(runtime, "balance", 2, balance)
}

fn submit_market(args: Args<'_>) -> JsResult<Value> {
    let provider = coercions::name(args.get(0), "provider")?;
    let side = coercions::side(args.get(1))?;
    let quantity = coercions::quantity(args.get(2))?;
    let options = order_options(args.get(3), "submitMarketOrder")?;
    match host::submit_market(provider.as_deref(), side, &quantity, &options) {
        Ok(id) => Value::string(&id),
        Err(error) => Err(refused("submit market order", &error)),
    }
}

fn submit_limit(args: Args<'_>) -> JsResult<Value> {
    let provider = coercions::name(args.get(0), "provider")?;
    let side = coercions::side(args.get(1))?;
    let quantity = coercions::quantity(args.get(2))?;
    let price = coercions::price(args.get(3))?;
    let options = order_options(args.get(4), "submitOrder")?;
    match host::submit_limit(provider.as_deref(), side, &quantity, price.as_deref(), &options) {
        Ok(id) => Value::string(&id),
        Err(error) => Err(refused("submit order", &error)),
    }
}

/// Only own properties count, so that nothing done to `Object.prototype` changes an order; a misspelt one is an error
/// instead of an order that differs from what was meant.
fn order_options(value: &Value, function: &str) -> JsResult<host::OrderOptions> {
    let mut options = host::OrderOptions { symbol: None, time_in_force: None, client_order_id: None };
    let Some(object) = coercions::options(value, function)? else { return Ok(options) };
    for key in object.keys()? {
        match key.as_str() {
            "symbol" => options.symbol = coercions::name(&object.get_str(c"symbol")?, "symbol")?,
            "timeInForce" => options.time_in_force = coercions::time_in_force(&object.get_str(c"timeInForce")?)?,
            "clientOrderId" => {
                options.client_order_id = coercions::name(&object.get_str(c"clientOrderId")?, "client_order_id")?;
            }
            other => {
                let allowed = "allowed are symbol, timeInForce and clientOrderId";
                return Err(throw_type_error(&format!("{function}: unknown option {other:?}, {allowed}")));
            }
        }
    }
    Ok(options)
}

fn refused(doing: &str, error: &host::OrderError) -> crate::js::Thrown {
    throw_coded(&error.code, &format!("{doing}: {}", error.message))
}

fn cancel(args: Args<'_>) -> JsResult<Value> {
    let id = coercions::name(args.get(0), "client_order_id")?.unwrap_or_default();
    match host::cancel(&id) {
        Ok(()) => Ok(Value::UNDEFINED),
        Err(error) => Err(refused("cancel order", &error)),
    }
}

fn open_orders(args: Args<'_>) -> JsResult<Value> {
    let (provider, symbol) = place(&args)?;
    let orders = host::open_orders(provider.as_deref(), symbol.as_deref());
    Value::array(orders.iter().map(order_object).collect::<JsResult<Vec<_>>>()?)
}

fn order_object(order: &host::Order) -> JsResult<Value> {
    let side = match order.side {
        Side::Buy => "Buy",
        Side::Sell => "Sell",
    };
    let order_type = match order.order_type {
        OrderType::Market => "Market",
        OrderType::Limit => "Limit",
    };
    let object = Value::object()?;
    for (name, text) in [
        ("clientOrderId", order.client_order_id.as_str()),
        ("provider", &order.provider),
        ("symbol", &order.symbol),
        ("side", side),
        ("orderType", order_type),
        ("quantity", &order.quantity),
        ("filledQuantity", &order.filled_quantity),
        ("state", &order.state),
    ] {
        object.define_str(name, Value::string(text)?)?;
    }
    object.define_str("price", Value::optional_string(order.price.as_deref())?)?;
    Ok(object)
}

fn position(args: Args<'_>) -> JsResult<Value> {
    let (provider, symbol) = place(&args)?;
    let position = match host::position(provider.as_deref(), symbol.as_deref()) {
        Ok(position) => position,
        Err(error) => return Err(refused("position", &error)),
    };
    let object = Value::object()?;
    object.define_str("quantity", Value::string(&position.quantity)?)?;
    object.define_str("averagePrice", Value::string(&position.average_price)?)?;
    object.define_str("realisedProfit", Value::string(&position.realised_profit)?)?;
    Ok(object)
}

fn balance(args: Args<'_>) -> JsResult<Value> {
    let provider = coercions::name(args.get(0), "provider")?;
    let currency = coercions::name(args.get(1), "currency")?.unwrap_or_default();
    let balance = match host::balance(provider.as_deref(), &currency) {
        Ok(balance) => balance,
        Err(error) => return Err(refused("balance", &error)),
    };
    let object = Value::object()?;
    object.define_str("total", Value::string(&balance.total)?)?;
    object.define_str("available", Value::string(&balance.available)?)?;
    Ok(object)
}
