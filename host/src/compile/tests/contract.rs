//! What authors may rely on: positions in diagnostics, determinism, recursion, time, timers, saved state, market data.

use std::time::Duration;

use super::lab::{BEGIN, Lab, compile, compile_source, diagnostic, on_trade, provider, strategy, symbol, trade, unhurried};
use crate::base::{InstanceId, Timestamp};
use crate::compile::{Source, SourceFile, Stage};
use crate::market::{
    BookSnapshot, ClientOrderId, DecimalText, Event, ExecutionReport, Fill, Level, Liquidity, OrderRequest, OrderType, Payload,
    ReportState, Side, Ticker, TimeInForce, decimal,
};
use crate::sandbox::{Delivery, FaultCode, Limits};

#[tokio::test]
async fn a_component_imports_nothing_but_the_world() {
    let compiled = compile(&on_trade("")).await.unwrap();
    assert!(!compiled.imports.is_empty());
    for import in &compiled.imports {
        assert!(import.starts_with("sandpit:strategy/") && import.ends_with("@1.0.0"), "{import}");
    }
    assert!(compiled.component.len() < 2 << 20, "{} bytes", compiled.component.len());
    assert_eq!(compiled.program.component_bytes(), compiled.component.len() as u64);
}

#[tokio::test]
async fn a_syntax_error_has_its_place() {
    let found = diagnostic("const a = 1;\nconst b = ;\n").await;
    assert_eq!((found.stage, found.file.as_deref(), found.line), (Stage::Compile, Some("probe.js"), Some(2)), "{found:?}");
    assert!(found.message.starts_with("SyntaxError"), "{found:?}");
    let excerpt = found.excerpt.unwrap();
    assert!(excerpt.starts_with("    2 | const b = ;\n") && excerpt.ends_with('^'), "{excerpt}");
    assert!(found.hint.is_some());
}

#[tokio::test]
async fn top_level_code_runs_within_limits_and_without_helpers() {
    let thrown = diagnostic("\n\nthrow new Error('not today');").await;
    assert_eq!((thrown.stage, thrown.line, thrown.message.as_str()), (Stage::Execute, Some(3), "Error: not today"));

    let endless = diagnostic("while (true) {}").await;
    assert_eq!((endless.stage, endless.code), (Stage::Execute, Some(FaultCode::FuelExhausted)), "{endless:?}");

    let huge = compile("const a = []; for (let i = 0; i < 1e6; i++) a.push(new Uint8Array(65536));").await.unwrap_err();
    assert_eq!(huge[0].stage, Stage::Execute, "{huge:?}");

    let missing = diagnostic("module.exports = 1;").await;
    assert_eq!((missing.stage, missing.message.as_str()), (Stage::Validation, "metadata export missing"));
}

#[tokio::test]
async fn create_is_tried_at_upload() {
    let thrown = diagnostic(&strategy("\n    throw new TypeError('no');")).await;
    assert_eq!((thrown.stage, thrown.line, thrown.message.as_str()), (Stage::Execute, Some(4), "create: TypeError: no"));
    let nothing = diagnostic(&strategy("return null;")).await;
    assert!(nothing.message.contains("create must return an object"), "{nothing:?}");
    let endless = diagnostic(&strategy("for (;;) {}")).await;
    assert_eq!(endless.code, Some(FaultCode::FuelExhausted));

    let needs = "config: [{ name: 'size', type: 'float', required: true }], events: ['Trade']";
    let source = strategy("throw new Error('no size');").replace("events: ['Trade']", needs);
    let compiled = compile(&source).await.unwrap();
    assert_eq!(compiled.fuel_create, None, "it cannot be tried without the required field");
}

#[tokio::test]
async fn files_may_require_one_another() {
    let file = |path: &str, text: &str| SourceFile { path: path.into(), bytes: text.into() };
    let main = strategy("log(require('./lib/answer').answer); return {};");
    let files = vec![file("main.js", &main), file("lib/answer.js", "exports.answer = 6 * 7;")];
    let compiled = compile_source(&Source::several("main.js", files).unwrap()).await.unwrap();
    let lab = Lab::default();
    lab.start(&compiled.program).await.unwrap();
    assert_eq!(lab.lines.texts(), ["42"]);

    let files = vec![file("main.js", "require('./lib/b');"), file("lib/b.js", "\n  throw new Error('in b');")];
    let found = compile_source(&Source::several("main.js", files).unwrap()).await.unwrap_err();
    assert_eq!((found[0].file.as_deref(), found[0].line), (Some("lib/b.js"), Some(2)), "{found:?}");
}

#[tokio::test]
async fn the_same_events_use_the_same_fuel() {
    let body = "this.sum = (this.sum || 0) + price * Math.random(); if (this.sum > 2e5) { log(this.sum); this.sum = 0; }";
    let play = async |seed: u64| {
        let lab = Lab { seed, ..Lab::default() };
        let mut guest = lab.guest(body).await;
        let mut fuel = Vec::new();
        for n in 1..=50 {
            fuel.push(guest.deliver(&trade(n)).await.unwrap().fuel);
        }
        (fuel, lab.lines.texts(), guest.usage())
    };
    let first = play(7).await;
    assert_eq!(first, play(7).await);
    assert!(!first.1.is_empty(), "the log is part of what is compared");
    assert_ne!(first.1, play(8).await.1, "another seed draws other numbers");
}

#[tokio::test]
async fn deep_recursion_is_a_range_error_that_can_be_caught() {
    // What is tested is the stack: some of these take more than an event's usual fuel to get that deep.
    let lab = Lab { limits: Limits { fuel_per_event: 5_000_000_000, ..unhurried() }, ..Lab::default() };
    let mut guest = lab
        .guest(
            "const deep = (n) => n === 0 ? 0 : 1 + deep(n - 1); log('plain ' + deep(1000));
             const kinds = {
               plain() { const f = () => 1 + f(); f(); },
               parse() { JSON.parse('['.repeat(100000)); },
               text() { const o = { toString() { return '' + o; } }; '' + o; },
               proxy() { const p = new Proxy({}, { get(t, k, r) { return r[k]; } }); p.x; },
               sort() { const f = () => [2, 1].sort(f); f(); },
               replace() { const f = () => 'a'.replace(/a/, f); f(); },
               regexp() { new RegExp('('.repeat(20000) + ')'.repeat(20000)); },
               source() { new Function('return ' + '('.repeat(20000) + ')'.repeat(20000)); },
             };
             for (const kind in kinds) { try { kinds[kind](); log(kind + ' returned'); } catch (e) { log(kind + ' ' + e.name); } }",
        )
        .await;
    let delivery = guest.deliver(&trade(1)).await.unwrap();
    assert_eq!(delivery.exception, None);
    let lines = lab.lines.texts();
    assert_eq!(lines[0], "plain 1000");
    assert_eq!(lines.len(), 9, "{lines:?}");
    for line in &lines[1..] {
        assert!(line.ends_with("RangeError") || line.ends_with("SyntaxError"), "{lines:?}");
    }
    assert!(guest.deliver(&trade(2)).await.is_ok());
}

#[tokio::test]
async fn time_stands_still_at_the_events_own() {
    let lab = Lab::default();
    let mut guest =
        lab.guest("const before = Date.now(); for (let i = 0; i < 1e4; i++); log(Date.now() - before, Date.now());").await;
    guest.deliver(&trade(5)).await.unwrap();
    assert_eq!(lab.lines.texts(), ["0 1723161600005"]);
    assert_eq!(guest.now(), Some(trade(5).ingest_time), "the instance's time is when the event was received");
}

#[tokio::test]
async fn timers_fire_in_the_guests_time() {
    let lab = Lab::default();
    let body = "if (!this.set) { this.set = true; setTimeout(() => log('once', Date.now()), 50);
                this.id = setInterval(() => { log('beat', Date.now()); if (++this.beats === 2) clearInterval(this.id); }, 20); this.beats = 0; }";
    let mut guest = lab.guest(body).await;
    assert_eq!(guest.next_timer(), None);
    guest.deliver(&trade(0)).await.unwrap();
    // Received two milliseconds after it happened: timers keep that distance.
    let at = |millis: u64| BEGIN.plus(Duration::from_millis(2 + millis));
    assert_eq!(guest.next_timer(), Some(at(20)));
    assert_eq!(guest.fire(at(19)).await.unwrap(), None);
    let mut fired = 0;
    while let Some(due) = guest.next_timer() {
        let delivery = guest.fire(due).await.unwrap().unwrap();
        assert_eq!((delivery.exception, delivery.handler), (None, "timer"));
        fired += 1;
    }
    assert_eq!(fired, 3);
    assert_eq!(lab.lines.texts(), ["beat 1723161600020", "beat 1723161600040", "once 1723161600050"]);
}

#[tokio::test]
async fn saved_state_outlives_the_guest() {
    let lab = Lab::default();
    let body = "const n = (env.helpers.load() || { n: 0 }).n; log(n); env.helpers.save({ n: n + 1 });
                try { env.helpers.save('x'.repeat(70000)); } catch (e) { log(e.message.slice(0, 15)); }";
    for expected in [0, 1] {
        let mut guest = lab.guest(body).await;
        let delivery = guest.deliver(&trade(1)).await.unwrap();
        assert_eq!(delivery.exception, None);
        let lines = lab.lines.texts();
        assert_eq!(lines[lines.len() - 2], expected.to_string());
        assert!(lines[lines.len() - 1].contains("saved state"), "{lines:?}");
    }
}

fn event(n: u64, payload: Payload) -> Event {
    Event { payload, ..trade(n) }
}

fn decimals(text: &str) -> DecimalText {
    DecimalText::parse(text).unwrap()
}

#[tokio::test]
async fn market_data_is_what_the_events_said() {
    let lab = Lab::default();
    let mut guest = lab
        .guest(
            "const r = env.runtime; log(r.getLastPrice(), r.getBidPrice('paper'), r.getAskPrice('paper', 'BTC-USDT'), \
             r.getLastPrice('paper', 'BTC-USDT'), r.getAskPrice('paper', 'ETH-USDT'), r.providers().join());",
        )
        .await;
    let ticker = Ticker {
        last_price: decimals("100"),
        bid_price: decimals("99.5"),
        ask_price: decimals("100.5"),
        volume_24h: decimals("7"),
        time: BEGIN,
    };
    let delivery = guest.deliver(&event(1, Payload::Ticker(ticker))).await.unwrap();
    assert!(!delivery.called, "there is no onTicker, and its prices are taken in all the same");
    guest.deliver(&trade(2)).await.unwrap();
    assert_eq!(lab.lines.texts(), ["60002.5 99.5 100.5 60002.5 0 paper,second"]);

    let level = |price: &str| Level { price: decimals(price), quantity: decimals("1") };
    let book = BookSnapshot {
        bids: vec![level("98"), level("97")],
        asks: vec![level("102")],
        checksum: "".into(),
        last_update: BEGIN,
        first_update_id: 1,
        final_update_id: 2,
    };
    guest.deliver(&event(3, Payload::BookSnapshot(book))).await.unwrap();
    guest.deliver(&trade(4)).await.unwrap();
    assert_eq!(lab.lines.texts()[1], "60004.5 98 102 60004.5 0 paper,second");
}

#[tokio::test]
async fn own_reports_arrive_with_all_their_figures() {
    let source = strategy(
        "return { onOrderFilled(ctx, evt, report) { log(JSON.stringify(report)); log(evt.type, evt.symbol, evt.provider); } };",
    );
    let compiled = compile(&source).await.unwrap();
    let lab = Lab::default();
    let mut guest = lab.start(&compiled.program).await.unwrap().0;
    let number = |text: &str| decimal::parse(text).unwrap();
    let order = OrderRequest {
        client_order_id: ClientOrderId::made("probe-1-x"),
        instance: InstanceId::new("probe-1").unwrap(),
        provider: provider(),
        symbol: symbol("BTC-USDT"),
        side: Side::Sell,
        order_type: OrderType::Limit,
        quantity: number("0.50"),
        price: Some(number("60000.10")),
        time_in_force: TimeInForce::Gtc,
        requested_at: BEGIN,
    };
    let report = |state: ReportState| ExecutionReport {
        client_order_id: order.client_order_id.clone(),
        venue_order_id: "v1".into(),
        state,
        filled_quantity: number("0.5"),
        leaves_quantity: number("0"),
        average_price: number("60000.100000000001"),
        fill: Some(Fill {
            execution_id: "e1".into(),
            price: number("60000.1"),
            quantity: number("0.5"),
            fee: number("30.00005"),
            fee_asset: "USDT".into(),
            liquidity: Liquidity::Maker,
        }),
        time: BEGIN,
        reason: None,
    };
    let filled = event(1, Payload::ExecReport(Box::new((order.clone(), report(ReportState::Filled)))));
    assert!(guest.deliver(&filled).await.unwrap().called);
    let acknowledged = event(2, Payload::ExecReport(Box::new((order.clone(), report(ReportState::Ack)))));
    let missing = Delivery { called: false, exception: None, fuel: 0, handler: "onOrderAcknowledged" };
    assert_eq!(guest.deliver(&acknowledged).await.unwrap(), missing);
    let lines = lab.lines.texts();
    let given: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    let expected = serde_json::json!({
        "clientOrderId": "probe-1-x", "exchangeOrderId": "v1", "state": "FILLED", "side": "Sell", "orderType": "Limit",
        "price": "60000.1", "quantity": "0.5", "filledQuantity": "0.5", "remainingQty": "0", "avgFillPrice": "60000.100000000001",
        "commissionAmount": "30.00005", "commissionAsset": "USDT", "timestamp": Timestamp::to_rfc3339(BEGIN),
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(given.get(key), Some(value), "{key} in {given}");
    }
    assert_eq!(lines[1], "ExecReport BTC-USDT paper");
}

#[tokio::test]
async fn orders_reach_the_venue_exactly_as_they_were_worded() {
    let lab = Lab::default();
    let mut guest = lab
        .guest(
            "const r = env.runtime; const sent = [r.submitOrder(null, 'buy', '0.50', 60000.1), r.submitMarketOrder('paper', 1, 0.001)];
             log(JSON.stringify(sent)); log(r.openOrders().length, r.position().quantity, JSON.stringify(r.balance(null, 'USDT')));
             for (const bad of ['1e3', NaN, '', ' 1', '0x10']) try { r.submitOrder(null, 'buy', bad, 1); } catch (e) { log(e.code); }
             try { r.submitOrder('nope', 'buy', 1, 1); } catch (e) { log(e.code); }
             try { r.submitOrder(null, 'buy', 1, null); } catch (e) { log(e.code); }",
        )
        .await;
    let delivery = guest.deliver(&trade(1)).await.unwrap();
    assert_eq!(delivery.exception, None);
    let lines = lab.lines.texts();
    let ids: Vec<String> = serde_json::from_str(&lines[0]).unwrap();
    let sent = lab.venue.orders.lock().unwrap().clone();
    let told: Vec<_> = sent.iter().map(|order| order.client_order_id.as_str().to_owned()).collect();
    assert_eq!(told, ids);
    assert_eq!((sent[0].side, sent[0].order_type, sent[0].time_in_force), (Side::Buy, OrderType::Limit, TimeInForce::Gtc));
    assert_eq!((sent[0].quantity.to_string(), sent[0].price.unwrap().to_string()), ("0.5".to_owned(), "60000.1".to_owned()));
    assert_eq!((sent[1].side, sent[1].order_type, sent[1].time_in_force), (Side::Buy, OrderType::Market, TimeInForce::Ioc));
    assert_eq!(sent[0].requested_at, trade(1).ingest_time);
    assert_eq!(lines[1], r#"2 0 {"total":"1000000.5","available":"999999.5"}"#);
    assert_eq!(lines[2..7], ["invalid_quantity"; 5]);
    assert_eq!(lines[7..], ["unknown_provider", "invalid_price"]);
}
