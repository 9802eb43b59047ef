//! `env.helpers`, `env.runtime` and the globals: what they take, what reaches the host.

use crate::support::{Guest, Level, Order, START_TIME};

fn orders(body: &str) -> Vec<Order> {
    let mut guest = Guest::with_handlers("", &format!("{{ onTrade() {{ {body} }} }}"));
    if let Err(exception) = guest.trade(1, "1") {
        panic!("{body}: {}", exception.message);
    }
    std::mem::take(&mut guest.store.data_mut().orders)
}

fn thrown(call: &str) -> String {
    Guest::run(&format!("try {{ {call}; log('taken') }} catch (e) {{ log(e instanceof Error, e.code, e.message) }}")).remove(0)
}

#[test]
fn log_writes_what_a_reader_would() {
    for (arguments, line) in [
        ("'a', 1, true, null, undefined", "a 1 true null undefined"),
        ("{ a: 1, b: [1, 'x', null] }, [1, 2.5, 'z']", r#"{"a":1,"b":[1,"x",null]} [1,2.5,"z"]"#),
        ("Symbol('s'), 10n, () => {}, function named() {}", "Symbol(s) 10 [function ] [function named]"),
        ("new Date(0), new Error('x'), new TypeError('t'), NaN, -0", "1970-01-01T00:00:00.000Z Error: x TypeError: t NaN 0"),
        ("(() => { const o = {}; o.o = o; return o })()", "[object Object]"),
        ("{ toString() { throw 1 }, toJSON() { throw 2 } }", "[object Object]"),
        ("new Proxy({}, { get() { throw 1 }, ownKeys() { throw 1 } })", "[object Object]"),
        ("{ a: 10n }", "[object Object]"),
        ("Object.create(null)", "{}"),
        ("'\\u{1b}[2J', '\\ud800'", "\u{1b}[2J \u{fffd}"),
        ("1e21, 1e-7", "1e+21 1e-7"),
    ] {
        assert_eq!(Guest::run(&format!("log({arguments})")), [line], "{arguments}");
    }
    assert_eq!(Guest::run("log(); log(''); console.log()"), Vec::<String>::new());
}

#[test]
fn long_lines_are_cut_before_they_cross() {
    let lines = Guest::run("log('x'.repeat(10 << 20)); log('é'.repeat(9000)); log(new Array(100000).fill('y').join())");
    assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [8_193, 8_192, 8_193]);
}

#[test]
fn console_has_levels() {
    let mut guest = Guest::with_handlers(
        "",
        "{ onTrade() { console.log('a', {}); console.info(1); console.debug(2); console.warn(3); console.error(4) } }",
    );
    guest.trade(1, "1").expect("it runs");
    let levels: Vec<_> = guest.store.data().lines.iter().map(|(level, _)| *level).collect();
    assert!(matches!(levels[..], [Level::Info, Level::Info, Level::Debug, Level::Warn, Level::Error]), "{levels:?}");
}

#[test]
fn time_stands_still_in_a_handler() {
    let lines = Guest::run(
        "const before = Date.now(); for (let i = 0; i < 1e5; i++); log(before, Date.now() === before, new Date().toISOString());
         helpers.sleep(1500); log(Date.now() - before, new Date().getTimezoneOffset());",
    );
    // The harness's clock starts at START_TIME and moves by what was slept.
    assert_eq!(lines[0], format!("{} true 2024-08-08T00:00:01.000Z", START_TIME / 1_000_000 + 1_000));
    assert_eq!(lines[1], "500 0");
}

#[test]
fn sleep_takes_durations() {
    let body = "for (const d of [10, 0.5, '10ms', '1h30m', '0.02s', ' 5us ', '1.5s', '2m', '300ns', '1\\u00b5s',
            '20', -1, NaN, null, undefined, true, {}, 'x', '', '-5ms', '5 ms', '5m5', 0]) helpers.sleep(d);
        log(helpers.sleep(1));";
    let mut guest = Guest::with_handlers("", &format!("{{ onTrade() {{ {body} }} }}"));
    guest.trade(1, "1").expect("it runs");
    let expected = [
        10_000_000,
        500_000,
        10_000_000,
        5_400_000_000_000,
        20_000_000,
        5_000,
        1_500_000_000,
        120_000_000_000,
        300,
        1_000,
        1_000_000,
    ];
    assert_eq!(guest.store.data().sleeps, expected);
    assert_eq!(guest.lines(), ["undefined"]);
    let mut guest =
        Guest::with_handlers("", "{ onTrade() { helpers.sleep(1e12); helpers.sleep('10000h'); helpers.sleep(Infinity) } }");
    guest.trade(1, "1").expect("it runs");
    assert_eq!(guest.store.data().sleeps, [1_000_000_000_000_000_000, 36_000_000_000_000_000, u64::MAX]);
}

#[test]
fn orders_reach_the_host_as_they_were_meant() {
    let found = orders("runtime.submitMarketOrder(' alpha ', ' LONG ', 0.1 + 0.2); runtime.submitOrder(null, -1, '2', 1e-7);");
    assert_eq!(
        (found[0].provider.as_deref(), found[0].side, found[0].quantity.as_str()),
        (Some("alpha"), "buy", "0.30000000000000004")
    );
    assert_eq!((found[1].provider.as_deref(), found[1].side, found[1].price.as_deref()), (None, "sell", Some("0.0000001")));
    let found = orders(
        "log(runtime.submitOrder('', 'bid', 5n, ' 10.50 ', { symbol: ' ETH-USDT ', timeInForce: 'post_only', clientOrderId: 'mine' }));",
    );
    let expected = Order {
        provider: None,
        side: "buy",
        quantity: "5".to_owned(),
        price: Some("10.50".to_owned()),
        symbol: Some("ETH-USDT".to_owned()),
        time_in_force: Some("post-only"),
        client_order_id: Some("mine".to_owned()),
    };
    assert_eq!(found, [expected]);
    for (text, name) in [("GTC", "gtc"), ("ioc", "ioc"), ("Fok", "fok"), ("POST", "post-only"), ("po", "post-only")] {
        let found = orders(&format!("runtime.submitOrder('', 1, 1, 1, {{ timeInForce: '{text}' }})"));
        assert_eq!(found[0].time_in_force, Some(name));
    }
    for price in ["undefined", "null", "''", "'  '"] {
        assert_eq!(orders(&format!("runtime.submitOrder('', 1, 1, {price})"))[0].price, None, "{price}");
    }
}

#[test]
fn quantities_are_never_guessed() {
    for (written, text) in [
        ("NaN", "NaN"),
        ("Infinity", "+Inf"),
        ("1e309", "+Inf"),
        ("-1", "-1"),
        ("0", "0"),
        ("5e-324", &format!("0.{}5", "0".repeat(323))),
        ("1e21", "1000000000000000000000"),
        ("1e-7", "0.0000001"),
        ("undefined", ""),
        ("null", ""),
        ("' 12 '", " 12 "),
        ("'0x10'", "0x10"),
        ("'1e3'", "1e3"),
        ("{}", "[object Object]"),
        ("{ toString: () => '1.5' }", "1.5"),
        ("new String('2')", "2"),
        ("'１'", "１"),
    ] {
        assert_eq!(orders(&format!("runtime.submitMarketOrder('', 1, {written})"))[0].quantity, *text, "{written}");
    }
    for written in ["true", "[]", "[7]", "'1'.repeat(10000)"] {
        assert!(
            thrown(&format!("runtime.submitMarketOrder('', 1, {written})")).starts_with("true invalid_quantity"),
            "{written}"
        );
    }
    assert!(thrown("runtime.submitMarketOrder('', 1, Symbol())").starts_with("true undefined"));
    assert!(thrown("runtime.submitMarketOrder('', 1, { toString() { throw new Error('own') } })").contains("own"));
}

#[test]
fn wrong_orders_are_errors_with_codes() {
    for (call, start) in [
        ("runtime.submitMarketOrder('', 'hold', 1)", "true invalid_side invalid trade side \"hold\""),
        ("runtime.submitMarketOrder('', {}, 1)", "true invalid_side"),
        ("runtime.submitMarketOrder('', Symbol(), 1)", "true invalid_side"),
        ("runtime.submitMarketOrder('', undefined, 1)", "true invalid_side"),
        ("runtime.submitMarketOrder('', 'BUY\\0', 1)", "true invalid_side"),
        ("runtime.submitMarketOrder('', 'b\\u00fcy', 1)", "true invalid_side"),
        ("runtime.submitMarketOrder('x'.repeat(1 << 20), 1, 1)", "true unknown_provider"),
        ("runtime.submitOrder('', 1, 1, true)", "true invalid_price unsupported price type boolean"),
        ("runtime.submitOrder('', 1, 1, {})", "true invalid_price unsupported price type object"),
        ("runtime.submitOrder('', 1, 1, 1, { timeInForce: 'DAY' })", "true invalid_time_in_force"),
        (
            "runtime.submitOrder('', 1, 1, 1, { timeInforce: 'IOC' })",
            "true undefined submitOrder: unknown option \"timeInforce\"",
        ),
        ("runtime.submitOrder('', 1, 1, 1, 'IOC')", "true undefined submitOrder: options must be an object"),
    ] {
        assert!(thrown(call).starts_with(start), "{call}: {}", thrown(call));
    }
}

#[test]
fn refusals_of_the_host_keep_their_code() {
    let mut guest = Guest::with_handlers(
        "",
        "{ onTrade() { try { runtime.submitOrder('', 1, 1, 1) } catch (e) { log(e.name, e.code, e.message, Object.keys(e)) } runtime.cancelOrder('z') } }",
    );
    guest.store.data_mut().refuse = Some("kill_switch");
    let found = guest.trade(1, "1").expect_err("the second is not caught");
    assert_eq!(guest.lines(), [r#"Error kill_switch submit order: refused: kill_switch ["code"]"#]);
    assert_eq!((found.message.as_str(), found.line), ("Error: cancel order: no such order", Some(2)), "{found:?}");
}

#[test]
fn what_can_be_asked() {
    let lines = Guest::run(
        "const { isTradingActive, isDryRun, providers, selectProvider, getLastPrice, getBidPrice, getAskPrice, getMarketState,
                 openOrders, position, balance, cancelOrder } = runtime;
         log(isTradingActive(), isDryRun(), providers(), getLastPrice(), getBidPrice(), getAskPrice(), getMarketState());
         log(openOrders()); log(position('alpha', 'BTC-USDT'), balance('alpha', 'USDT')); log(cancelOrder('order-1'));
         log([0, 1, 2, -7, 1.9, '2.9', ' 3 '].map(selectProvider));",
    );
    assert_eq!(
        lines[0],
        r#"true false ["alpha","beta"] 100.5 100 0 {"last":100.5,"bid":100,"ask":101,"spread":1,"spreadPct":1,"stale":true}"#
    );
    assert_eq!(
        lines[1],
        r#"[{"clientOrderId":"order-1","provider":"alpha","symbol":"BTC-USDT","side":"Sell","orderType":"Limit","quantity":"2","filledQuantity":"0.5","state":"PARTIAL","price":"101"}]"#
    );
    assert_eq!(lines[2], r#"{"quantity":"-1.5","averagePrice":"100","realisedProfit":"3.25"} {"total":"USDT","available":"7"}"#);
    assert_eq!(lines[3], "undefined");
    assert_eq!(lines[4], r#"["alpha","beta","alpha","beta","beta","alpha","beta"]"#);
    let mut guest = Guest::with_handlers(
        "",
        "{ onTrade() { [null, undefined, true, {}, '', 'x', NaN].forEach(s => runtime.selectProvider(s)) } }",
    );
    guest.trade(1, "1").expect("it runs");
    let now = START_TIME + 1_000_000_000;
    assert_eq!(guest.store.data().seeds, [now, now, now, now, now, now, 0]);
    guest.store.data_mut().providers.clear();
    assert!(guest.trade(1, "1").expect_err("there is none").message.contains("no providers configured"));
}

#[test]
fn provider_and_symbol_are_optional() {
    let mut guest = Guest::with_handlers(
        "",
        "{ onTrade() { runtime.getLastPrice(); runtime.getLastPrice(' beta ', 'ETH-USDT'); runtime.getLastPrice(null, '') } }",
    );
    guest.trade(1, "1").expect("it runs");
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(guest.store.data().asked, [(None, None), (some("beta"), some("ETH-USDT")), (None, None)]);
}

#[test]
fn timers_come_back_as_events() {
    let mut guest = Guest::with_handlers(
        "const a = setTimeout((x, y) => log('once', x, y, Date.now()), 1500, 1, 2); const b = setInterval(() => log('tick'), 100);
         const c = setTimeout(() => { throw new Error('late') }); log(a, b, c);",
        "{ onTrade() { clearTimeout(b); clearInterval(a); clearTimeout(99); clearTimeout('x') } }",
    );
    assert_eq!(guest.lines(), ["1 2 3"]);
    assert_eq!(guest.store.data().timers, [(1, 1_500_000_000, false), (2, 100_000_000, true), (3, 1_000_000, false)]);
    guest.timer(START_TIME + 5_000_000, 2).expect("it runs");
    guest.timer(START_TIME + 5_000_000, 2).expect("it runs");
    guest.timer(START_TIME + 5_000_000, 1).expect("it runs");
    guest.timer(START_TIME + 5_000_000, 1).expect("a timer runs once");
    let found = guest.timer(START_TIME, 3).expect_err("it throws");
    assert_eq!((found.handler.as_str(), found.message.as_str()), ("setTimeout", "Error: late"));
    assert_eq!(guest.lines(), ["tick", "tick", &format!("once 1 2 {}", START_TIME / 1_000_000 + 5)]);
    guest.trade(1, "1").expect("it runs");
    assert_eq!(guest.store.data().cleared, [2]);
    assert!(thrown("setTimeout('code')").starts_with("true undefined setTimeout: the first argument"));
    assert!(thrown("for (;;) setTimeout(() => {})").starts_with("true too_many_timers"));
}

#[test]
fn state_is_saved_as_json() {
    let lines = Guest::run(
        "log(helpers.load()); helpers.save({ a: [1, 'x'] }); log(helpers.load());
         try { helpers.save(undefined) } catch (e) { log(e.message) } try { helpers.save(10n) } catch (e) { log(e.name) }
         try { helpers.save('x'.repeat(70000)) } catch (e) { log(e.code, e.message) } log(helpers.load());",
    );
    assert_eq!(lines[..4], ["null", r#"{"a":[1,"x"]}"#, "save: the value has no JSON form", "TypeError"]);
    assert_eq!(lines[4..], ["save_failed the value is larger than 64 KiB", r#"{"a":[1,"x"]}"#]);
}

#[test]
fn randomness_comes_from_the_seed() {
    let source = "const early = Math.random(); module.exports = { metadata: { name: 'a', displayName: 'A', events: ['Trade'] },
        create(env) { env.helpers.log(Math.random(), Math.random(), early); return {} } }";
    let run = |seed| {
        let mut guest = Guest::load(source).expect("it loads");
        guest.start_seeded("{}", seed).expect("it starts");
        guest.lines().remove(0)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let [first, second, early] = run(1).split(' ').map(|number| number.parse::<f64>().expect("a number")).collect::<Vec<_>>()[..]
    else {
        panic!("three numbers");
    };
    assert!((0.0..1.0).contains(&first) && (0.0..1.0).contains(&second) && (0.0..1.0).contains(&early) && first != second);
}
