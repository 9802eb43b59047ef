//! Trades that come as numbers, and what is read of an event without being one of its fields: the two short ways of the
//! engine must not be noticed.

use crate::support::*;

#[test]
fn a_trade_looks_the_same_whichever_way_it_came() {
    let body = "{ onTrade(ctx, evt, payload, price) { log(JSON.stringify(evt), price, payload.price === String(price)) } }";
    let mut guest = Guest::with_handlers("", body);
    for (text, units, scale) in [
        ("0", 0, 0),
        ("100", 100, 0),
        ("60012.34", 6_001_234, 2),
        ("-5.25", -525, 2),
        ("0.000000000001", 1, 12),
        ("0.000000000000000001", 1, 18),
        ("9007199254740993", 9_007_199_254_740_993, 0),
        ("9007.199254740993", 9_007_199_254_740_993, 12),
        ("123456.789123456789", 123_456_789_123_456_789, 12),
        ("9.223372036854775807", i64::MAX, 18),
        ("-9.223372036854775808", i64::MIN, 18),
    ] {
        guest.trade(17, text).expect("it runs");
        let as_text = guest.lines();
        guest.plain_trade(17, plain_trade(units, scale)).expect("it runs");
        assert_eq!(guest.lines(), as_text, "{text}");
        assert!(as_text[0].contains(&format!("\"price\":\"{text}\"")), "{as_text:?}");
    }
    guest.plain_trade(1, PlainTrade { trade_id: u64::MAX, side: Side::Sell, ..plain_trade(1, 0) }).expect("it runs");
    let lines = guest.lines();
    assert!(lines[0].contains(r#""tradeId":"18446744073709551615","side":"Sell""#), "{lines:?}");
    // More decimals than the contract allows: an answer, not a trap.
    guest.plain_trade(1, plain_trade(1, 255)).expect("it runs");
}

#[test]
fn an_exception_of_a_plain_trade_is_told_once() {
    let mut guest = Guest::with_handlers("", "{ onTrade(c, e, p, price) {\n if (price > 5) throw new Error('too much'); } }");
    let found = guest.plain_trade(1, plain_trade(6, 0)).expect_err("it throws");
    assert_eq!((found.message.as_str(), found.handler.as_str(), found.line), ("Error: too much", "onTrade", Some(3)));
    guest.plain_trade(2, plain_trade(5, 0)).expect("it does not");
}

#[test]
fn what_is_no_field_is_found_where_a_plain_object_has_it() {
    let lines = Guest::run(
        "const plain = { ...payload };
         Object.defineProperty(Object.prototype, 'me', { get() { return this }, configurable: true });
         Reflect.get = () => 'mine'; // the engine has its own
         log(payload.me === payload, payload.__proto__ === Object.prototype, payload.toString === plain.toString);
         delete Object.prototype.me;
         log(payload.nothing, payload[Symbol.iterator], payload[Symbol('s')], payload[0], `${payload}`);
         const heir = Object.create(evt); log(heir.symbol, heir.type, heir.payload === payload, heir.nothing);
         Object.setPrototypeOf(evt, { get kind() { return this.type }, base: 1 }); log(evt.kind, evt.base, evt.hasOwnProperty);
         Object.setPrototypeOf(evt, null); log(evt.base, evt.toString, evt.symbol);
         Object.setPrototypeOf(payload, new Proxy({}, { get: (_, name, receiver) => [name, receiver === payload].join() }));
         log(payload.side, payload.other);
         delete payload.side; log(payload.side);
         payload.side = 'back'; log(payload.side, Object.keys(payload).join());
         Object.defineProperty(Object.prototype, 'bad', { get() { throw new Error('bad getter') } });
         Object.setPrototypeOf(payload, Object.prototype);
         try { payload.bad } catch (error) { log(error.message) }",
    );
    assert_eq!(
        lines,
        [
            "true true true",
            "undefined undefined undefined undefined [object Object]",
            "BTC-USDT Trade true undefined",
            "Trade 1 [function hasOwnProperty]",
            "undefined undefined BTC-USDT",
            "Buy other,true",
            "side,true",
            "back tradeId,price,quantity,timestamp,side",
            "bad getter",
        ]
    );
}

#[test]
fn a_short_way_does_not_keep_what_it_read() {
    let mut guest = Guest::with_handlers(
        "",
        "{ onTrade(c, evt, p) { for (let i = 0; i < 1000; i++) { p.price; evt.provider; evt.payload; p.nothing; p.toString; } } }",
    );
    let before = guest.fuel(|guest| guest.plain_trade(1, plain_trade(1, 0)).expect("it runs"));
    for sequence in 0..3_000 {
        guest.plain_trade(sequence, plain_trade(1, 0)).expect("a leak would end at the memory limit");
    }
    let after = guest.fuel(|guest| guest.plain_trade(1, plain_trade(1, 0)).expect("it runs"));
    assert!(after < before * 2, "{before} {after}");
}
