//! `create`, the handlers and the objects they get.

use crate::support::*;

const METADATA: &str = "metadata: { name: 'a', displayName: 'A', events: ['Trade'] }";

fn start(create: &str) -> Result<Started, Exception> {
    Guest::load(&format!("module.exports = {{ {METADATA}, {create} }}")).expect("it loads").start("{}")
}

fn report(state: ReportState, reason: Option<&str>) -> Event {
    Event::ExecutionReport(ExecutionReport {
        client_order_id: "c1".to_owned(),
        venue_order_id: "v1".to_owned(),
        state,
        side: Side::Sell,
        order_type: OrderType::Limit,
        price: "101".to_owned(),
        quantity: "2".to_owned(),
        filled_quantity: "1".to_owned(),
        remaining_quantity: "1".to_owned(),
        average_fill_price: "100.5".to_owned(),
        commission_amount: Some("0.001".to_owned()),
        commission_asset: None,
        time: START_TIME,
        reject_reason: reason.map(str::to_owned),
        symbol: "SOL-USDT".to_owned(),
    })
}

#[test]
fn create_must_give_handlers() {
    let message = |create: &str| start(create).expect_err("create is wrong").message;
    assert!(message("").contains("export \"create\" not callable"));
    assert!(message("create: 5").contains("export \"create\" not callable"));
    for wrong in ["", "return null", "return 5", "return 'x'"] {
        assert!(message(&format!("create() {{ {wrong} }}")).contains("must return an object"), "{wrong}");
    }
    assert!(message("async create() { return {}; }").contains("not a promise"));
    assert!(message("create() { return { onTrade: 5 } }").contains("handler onTrade is not a function"));
    assert!(message("create() { return new Proxy({}, { get() { throw new Error('p') } }) }").contains("Error: p"));
}

#[test]
fn an_exception_in_create_has_its_place() {
    let found = start("create() {\n  null.x; } ").expect_err("it throws");
    assert_eq!((found.handler.as_str(), found.file.as_deref(), found.line), ("create", Some("strategy.js"), Some(2)));
    assert!(found.message.starts_with("TypeError: "), "{found:?}");
    assert!(found.stack.contains("strategy.js:2:"), "{found:?}");
}

#[test]
fn handlers_are_found_once() {
    let started = start("create() { return { onTrade() {}, onStop() {}, onTicker: null, onOrderRejected: undefined } }");
    let started = started.expect("it starts");
    assert_eq!(started.handlers, Handlers::ON_TRADE | Handlers::ON_STOP);
    assert!(!started.wants_cross_provider_events);
    let wants = |text: &str| start(&format!("create() {{ return {{ wantsCrossProviderEvents: {text} }} }}"));
    assert!(wants("true").expect("starts").wants_cross_provider_events);
    assert!(
        wants("function () { return this.wantsCrossProviderEvents !== undefined }").expect("starts").wants_cross_provider_events
    );
    assert!(!wants("() => { throw 1 }").expect("starts").wants_cross_provider_events);
    let inherited = start("create() { class S { onTrade() {} } return new S(); }").expect("it starts");
    assert_eq!(inherited.handlers, Handlers::ON_TRADE);
}

#[test]
fn env_holds_what_it_should() {
    let source = format!(
        "module.exports = {{ {METADATA}, create(env) {{ 'use strict';
            const log = env.helpers.log;
            log(this === undefined, Object.keys(env).join(), env.events, env.metadata);
            log(env.config.value === 7, Object.isFrozen(env), Object.isFrozen(env.helpers), Object.isFrozen(env.runtime),
                Object.isFrozen(env.metadata), Object.isFrozen(env.events), Object.isFrozen(env.config));
            env.config.added = 1; log(env.config);
            try {{ env.runtime.submitOrder = 1 }} catch (error) {{ log(error) }}
            return {{}}; }} }}"
    );
    let mut guest = Guest::load(&source).expect("it loads");
    guest.start(r#"{"value":7}"#).expect("it starts");
    let lines = guest.lines();
    assert!(lines[0].starts_with(r#"true config,metadata,events,helpers,runtime ["Trade"] {"name":"a","tag":"","displayName":"A","description":"","config":[{"name":"dry_run","type":"bool","#), "{lines:?}");
    assert_eq!(lines[1], "true true true true true true false");
    assert_eq!(lines[2], r#"{"value":7,"added":1}"#);
    assert!(lines[3].starts_with("TypeError"), "{lines:?}");
}

#[test]
fn a_trade_as_javascript_sees_it() {
    let mut guest = Guest::with_handlers(
        "",
        "{ name: 'me', onTrade(ctx, evt, payload, price) {
            log(this.name, JSON.stringify(ctx), evt.payload === payload, price, typeof price, arguments.length);
            log(JSON.stringify(evt));
            log(typeof evt.type, evt.type === 'Trade', payload.side === 'Buy', new Date(evt.emitTs).getTime());
        } }",
    );
    guest.trade(17, "60012.50").expect("it runs");
    let lines = guest.lines();
    assert_eq!(lines[0], r#"me {"instanceId":"i1"} true 60012.5 number 4"#);
    assert_eq!(
        lines[1],
        concat!(
            r#"{"eventId":"alpha:BTCUSDT:Trade:17","routingVersion":1,"provider":"alpha","symbol":"BTC-USDT","type":"Trade","#,
            r#""seqProvider":17,"ingestTs":"2024-08-08T00:00:17.000000005Z","emitTs":"2024-08-08T00:00:17.000000000Z","#,
            r#""payload":{"tradeId":"3720281","side":"Buy","price":"60012.50","quantity":"0.25","#,
            r#""timestamp":"2024-08-08T00:00:00.123456789Z"}}"#
        )
    );
    assert_eq!(lines[2], "string true true 1723075217000");
}

#[test]
fn event_objects_behave_like_plain_ones() {
    let lines = Guest::run(
        "log(Object.keys(payload), Object.values(payload).length, Object.entries(evt).length);
         log({ ...payload }, Object.assign({}, payload).price, 'price' in payload, payload.hasOwnProperty('price'));
         const { price: p, ...rest } = payload; log(p, rest);
         payload.price = '7'; payload.extra = 1; log(payload, payload.price, payload.extra);
         delete payload.side; log(payload.side, Object.keys(payload));
         log(Object.getOwnPropertyDescriptor(evt, 'type'), payload.nothing, Object.getPrototypeOf(evt) === Object.prototype);
         Object.defineProperty(payload, 'quantity', { get() { return 'got' } }); log(payload.quantity);
         evt.payload = 5; log(evt.payload, evt.symbol, String(evt));
         const names = []; for (const name in evt) names.push(name); log(names.length);
         payload.self = payload; evt.self = evt; log(payload.self === payload, structured(payload));
         function structured(o) { return Object.keys(o).length }",
    );
    assert_eq!(lines[0], r#"["tradeId","side","price","quantity","timestamp"] 5 9"#, "{lines:?}");
    assert_eq!(
        lines[1],
        r#"{"tradeId":"3720281","side":"Buy","price":"100.5","quantity":"0.25","timestamp":"2024-08-08T00:00:00.123456789Z"} 100.5 true true"#
    );
    assert_eq!(
        lines[2],
        r#"100.5 {"tradeId":"3720281","side":"Buy","quantity":"0.25","timestamp":"2024-08-08T00:00:00.123456789Z"}"#
    );
    assert_eq!(
        lines[3],
        r#"{"tradeId":"3720281","side":"Buy","price":"7","quantity":"0.25","timestamp":"2024-08-08T00:00:00.123456789Z","extra":1} 7 1"#
    );
    assert_eq!(lines[4], r#"undefined ["tradeId","price","quantity","timestamp","extra"]"#);
    assert_eq!(lines[5], r#"{"value":"Trade","writable":true,"enumerable":true,"configurable":true} undefined true"#);
    assert_eq!(&lines[6..9], ["got", "5 BTC-USDT [object Object]", "9"]);
    assert_eq!(lines[9], "true 6");
}

#[test]
fn event_objects_can_be_frozen_and_kept() {
    let mut guest = Guest::with_handlers(
        "const kept = [];",
        "{ onTrade(ctx, evt, payload) {
            Object.freeze(payload); log(Object.isFrozen(payload));
            try { payload.price = 'x' } catch (error) { log(error.name) }
            try { payload.more = 'x' } catch (error) { log(error.name) }
            try { delete payload.price } catch (error) { log(error.name) }
            kept.push(payload); if (kept.length === 3) log(kept.map(p => p.price));
        } }",
    );
    for price in ["1", "2", "3"] {
        guest.trade(1, price).expect("it runs");
    }
    let lines = guest.lines();
    assert_eq!(&lines[..4], ["true", "TypeError", "TypeError", "TypeError"]);
    assert_eq!(lines.last().map(String::as_str), Some(r#"["1","2","3"]"#));
}

#[test]
fn a_trade_without_a_price_is_dropped() {
    let mut guest = Guest::with_handlers("", "{ onTrade(c, e, p, price) { log(price) } }");
    for price in ["abc", "", "NaN", "inf"] {
        guest.trade(1, price).expect("nothing is thrown");
    }
    assert_eq!(guest.lines(), Vec::<String>::new());
    guest.trade(1, "100").expect("it runs");
    assert_eq!(guest.lines(), ["100"]);
}

#[test]
fn a_trade_price_is_the_nearest_number() {
    let mut guest = Guest::with_handlers("", "{ onTrade(c, e, p, price) { log(price === Number(p.price) || p.price) } }");
    for price in [
        "0",
        "0.1",
        "60012.34",
        "0.000000000001",
        "123456789012345",
        "12345678.1234567",
        "9007199254740993",
        "0.30000000000000004",
        "1.7976931348623157",
        "123456789.123456789123",
        "-5.25",
        "100.",
        "000.5",
        "99999999999999.9",
        "1e3",
    ] {
        guest.trade(1, price).expect("it runs");
    }
    assert_eq!(guest.lines(), ["true"; 15]);
    for price in [".", "-", "1..2", "1.2.3", " 1", "1 ", "0x10"] {
        guest.trade(1, price).expect("nothing is thrown");
    }
    assert_eq!(guest.lines(), Vec::<String>::new());
}

#[test]
fn every_payload_has_all_its_fields() {
    let mut guest = Guest::with_handlers(
        "const show = (c, e, p, x) => log(JSON.stringify(p), x, e.type, e.symbol, e.eventId);",
        "{ onTicker: show, onBookSnapshot: show, onKlineSummary: show, onInstrumentUpdate: show, onBalanceUpdate: show,
           onRiskControl: show, onExtensionEvent: show, onOrderFilled: show, onOrderRejected: show }",
    );
    let text = |value: &str| value.to_owned();
    let level = |price: &str| BookLevel { price: text(price), quantity: text("1") };
    let events = [
        Event::Ticker(Ticker {
            last_price: text("1"),
            bid_price: text("2"),
            ask_price: text("3"),
            volume24h: text("4"),
            time: START_TIME,
        }),
        Event::BookSnapshot(BookSnapshot {
            bids: vec![level("9"), level("8")],
            asks: vec![level("10")],
            checksum: text("c"),
            last_update: START_TIME,
            first_update_id: 5,
            final_update_id: 6,
        }),
        Event::KlineSummary(Kline {
            open_price: text("1"),
            close_price: text("2"),
            high_price: text("3"),
            low_price: text("0"),
            volume: text("9"),
            open_time: START_TIME,
            close_time: START_TIME + 60_000_000_000,
        }),
        Event::BalanceUpdate(BalanceUpdate { currency: text("BTC"), total: text("2"), available: text("1"), time: START_TIME }),
        Event::RiskControl(RiskControl {
            strategy_id: text("i1"),
            symbol: text("BTC-USDT"),
            status: text("TRIGGERED"),
            reason: text("r"),
            breach_type: text("b"),
            metrics: vec![(text("a"), text("1"))],
            kill_switch_engaged: true,
            circuit_breaker_open: false,
            time: START_TIME,
        }),
        Event::Extension(text(r#"{"a":[1,{"b":null}]}"#)),
        Event::Extension(text("5")),
        report(ReportState::Filled, None),
        report(ReportState::Rejected, Some("denied: limit: too much")),
    ];
    for event in &events {
        guest.event(event).expect("it runs");
    }
    let lines = guest.lines();
    assert_eq!(
        lines[0],
        r#"{"lastPrice":"1","bidPrice":"2","askPrice":"3","volume24h":"4","timestamp":"2024-08-08T00:00:00.000000000Z"} undefined Ticker BTC-USDT alpha:BTCUSDT:Ticker:1"#
    );
    assert!(lines[1].starts_with(r#"{"bids":[{"price":"9","quantity":"1"},{"price":"8","quantity":"1"}],"asks":[{"price":"10","quantity":"1"}],"checksum":"c","lastUpdate":"2024-08-08T00:00:00.000000000Z","firstUpdateId":5,"finalUpdateId":6}"#), "{}", lines[1]);
    assert!(lines[2].starts_with(r#"{"openPrice":"1","closePrice":"2","highPrice":"3","lowPrice":"0","volume":"9","openTime":"2024-08-08T00:00:00.000000000Z","closeTime":"2024-08-08T00:01:00.000000000Z"}"#), "{}", lines[2]);
    assert!(lines[3].starts_with(r#"{"currency":"BTC","total":"2","available":"1","timestamp":"#), "{}", lines[3]);
    assert!(lines[4].starts_with(r#"{"strategyId":"i1","provider":"alpha","symbol":"BTC-USDT","status":"TRIGGERED","reason":"r","breachType":"b","metrics":{"a":"1"},"killSwitchEngaged":true,"circuitBreakerOpen":false,"timestamp":"#), "{}", lines[4]);
    assert!(lines[5].starts_with(r#"{"a":[1,{"b":null}]} undefined Extension"#), "{}", lines[5]);
    assert!(lines[6].starts_with("5 undefined Extension"), "{}", lines[6]);
    assert!(lines[7].starts_with(r#"{"clientOrderId":"c1","exchangeOrderId":"v1","state":"FILLED","side":"Sell","orderType":"Limit","price":"101","quantity":"2","filledQuantity":"1","remainingQty":"1","avgFillPrice":"100.5","commissionAmount":"0.001","commissionAsset":null,"timestamp":"2024-08-08T00:00:00.000000000Z","rejectReason":null,"symbol":"SOL-USDT"} undefined ExecReport"#), "{}", lines[7]);
    assert!(lines[8].contains("denied: limit: too much ExecReport"), "{}", lines[8]);
}

#[test]
fn events_outside_the_feeds_carry_their_own_symbol() {
    let mut guest = Guest::with_handlers(
        "",
        "{ onOrderFilled(c, e) { log(e.symbol, e.eventId) }, onBalanceUpdate(c, e) { log(e.symbol === '', e.eventId) } }",
    );
    let outside = || Envelope { symbol: None, ..envelope(3) };
    guest.try_event(outside(), &report(ReportState::Filled, None)).expect("no trap").expect("runs");
    let balance =
        BalanceUpdate { currency: "BTC".to_owned(), total: "2".to_owned(), available: "1".to_owned(), time: START_TIME };
    guest.try_event(outside(), &Event::BalanceUpdate(balance)).expect("no trap").expect("runs");
    assert_eq!(guest.lines(), ["SOL-USDT alpha:SOLUSDT:ExecReport:3", "true alpha::BalanceUpdate:3"]);
}

#[test]
fn every_report_has_its_handler() {
    let mut guest = Guest::with_handlers(
        "",
        "{ onOrderAcknowledged() { log('ack') }, onOrderPartialFill() { log('partial') }, onOrderFilled() { log('filled') },
           onOrderCancelled() { log('cancelled') }, onOrderExpired() { log('expired') },
           onOrderRejected(c, e, p, reason) { log('rejected', reason === '') } }",
    );
    for state in [
        ReportState::Ack,
        ReportState::Partial,
        ReportState::Filled,
        ReportState::Cancelled,
        ReportState::Expired,
        ReportState::Rejected,
    ] {
        guest.event(&report(state, None)).expect("it runs");
    }
    assert_eq!(guest.lines(), ["ack", "partial", "filled", "cancelled", "expired", "rejected true"]);
}

#[test]
fn an_exception_in_a_handler_leaves_the_guest_alive() {
    let mut guest = Guest::with_handlers(
        "let n = 0; const values = [null, undefined, 5, 'text', Symbol('s'), { a: 1 }, { get message() { throw 1 } }];",
        "{ onTrade() { throw values[n++] }, onStop() { log('alive', n); } }",
    );
    for expected in [
        "Uncaught null",
        "Uncaught undefined",
        "Uncaught 5",
        "Uncaught text",
        "Uncaught Symbol(s)",
        "Uncaught {\"a\":1}",
        "Uncaught [object Object]",
    ] {
        let found = guest.trade(1, "1").expect_err("it throws");
        assert_eq!((found.message.as_str(), found.handler.as_str(), found.line), (expected, "onTrade", None));
    }
    guest.stop().expect("it stops");
    assert_eq!(guest.lines(), ["alive 7"]);
}

#[test]
fn exceptions_are_cut() {
    let mut guest =
        Guest::with_handlers("", "{ onTrade() { const e = new Error('é'.repeat(5000)); e.stack = 's'.repeat(9000); throw e } }");
    let found = guest.trade(1, "1").expect_err("it throws");
    assert!(found.message.len() <= 1_024 && found.stack.len() <= 4_096, "{} {}", found.message.len(), found.stack.len());
}

#[test]
fn async_handlers_run_to_their_end() {
    let mut guest = Guest::with_handlers(
        "",
        "{ async onTrade(c, e, p, price) {
             await null; log('after');
             if (price === 2) throw new Error('lost');
             await new Promise(() => {}); log('never');
         } }",
    );
    guest.trade(1, "1").expect("it runs");
    assert_eq!(guest.lines(), ["after"]);
    guest.trade(2, "2").expect("a rejection is no exception");
    assert_eq!(guest.lines(), ["after", "unhandled promise rejection: Error: lost"]);
}

#[test]
fn handled_rejections_are_silent() {
    let lines = Guest::run("Promise.reject(new Error('x')).catch(() => log('caught')); Promise.reject(1).then(null, () => {});");
    assert_eq!(lines, ["caught"]);
}
