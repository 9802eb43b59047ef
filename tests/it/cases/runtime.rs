//! Cases 21 to 25 and 41: what a strategy is given, and what its arguments mean.

use super::*;

/// A book and one trade at 100.
fn one_trade() -> Script {
    Script::new().book("99.9", "100.1").bought("100")
}

/// The numbers of the lines that begin with a word.
fn figures(said: &[String], word: &str) -> Value {
    let line = said.iter().find_map(|line| line.strip_prefix(word)).unwrap_or_else(|| panic!("no {word} in {said:#?}"));
    serde_json::from_str(line.trim()).unwrap()
}

#[tokio::test]
async fn case_21_a_seed_selects_a_provider() {
    let app = TestApp::start().await;
    let mut scope = serde_json::Map::new();
    for name in ["gamma", "alpha", "beta"] {
        app.add_provider(name).await;
        scope.insert(name.to_owned(), json!({ "symbols": ["BTC-USDT"] }));
    }
    let body = "const { selectProvider } = runtime;
        helpers.log('selected', JSON.stringify([0, 1, 2, 3, 4, -7, 7, '2.9', 2].map((seed) => selectProvider(seed))));
        return { wantsCrossProviderEvents: true };";
    upload(&app.client, &guest("case", body)).await;
    let spec = json!({ "id": "i1", "strategy": { "identifier": "case" }, "scope": scope });
    app.client.post("/strategy/instances", spec).await.expect(201);
    app.client.start("i1").await;
    let selected = figures(&app.client.log_texts("i1").await, "selected");
    assert_eq!(selected, json!(["alpha", "beta", "gamma", "alpha", "beta", "beta", "beta", "gamma", "gamma"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_22_sides_prices_and_providers_as_authors_write_them() {
    let app = TestApp::start().await;
    set_limits(&app.client, json!({ "priceBandPercent": 0, "maxRiskBreaches": 100 })).await;
    app.add_script("script", one_trade()).await;
    let body = "const attempt = (name, act) => { try { act(); } catch (error) {
            helpers.log(name, error instanceof Error, error.message); } };
        return { onTrade() {
            runtime.submitMarketOrder(null, ' LONG ', '0.5');
            runtime.submitMarketOrder('', -1, 0.25);
            attempt('side', () => runtime.submitOrder(null, 'hold', '1', '100'));
            attempt('price', () => runtime.submitOrder(' script ', 'bid', '1', 1e-7));
            attempt('provider', () => runtime.submitMarketOrder('nope', 'buy', '1'));
        } };";
    upload(&app.client, &guest("case", body)).await;
    app.create_on("script", "i1", "case", json!({ "dry_run": false })).await;
    app.client.start("i1").await;
    app.play_out("script").await;
    let lines: Vec<_> = orders(&app.client, "i1").await.iter().map(order_line).collect();
    let expected = ["Buy Market 0.5 at market FILLED", "Sell Market 0.25 at market FILLED", "Buy Limit 1 at 0.0000001 DENIED"];
    assert_eq!(lines, expected);
    let said = app.client.log_texts("i1").await;
    for (name, words) in [("side", "invalid trade side"), ("price", "0.0000001"), ("provider", "not configured")] {
        let line = said.iter().find(|line| line.starts_with(&format!("{name} true "))).unwrap_or_else(|| panic!("{said:#?}"));
        assert!(line.contains(words), "{line}");
    }
}

/// Decision 22: the clock stands still while a handler runs, and sleeping is what moves it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_23_sleep_takes_milliseconds_and_durations() {
    let body = "return { onTrade() {
            const slept = (value) => { const begun = Date.now(); helpers.sleep(value); return Date.now() - begun; };
            helpers.log('slept', JSON.stringify(['10ms', 10, '20', -1, null].map(slept)));
        } };";
    let mut script = one_trade().every_ms(1);
    for tick in 0..100 {
        script = script.book(&format!("99.{}", 80 - tick % 2), "100.1");
    }
    let said = said(body, script).await;
    assert_eq!(figures(&said, "slept"), json!([10, 10, 0, 0, 0]), "{said:#?}");
}

/// Decision 17: defaults are filled in; the gateway left them out.
#[tokio::test]
async fn case_24_the_configuration_arrives_as_it_was_given() {
    let app = TestApp::start().await;
    let fields = "config: [{ name: 'value', type: 'int' }, { name: 'size', type: 'string', default: '3' }], events:";
    let body = "helpers.log('config', JSON.stringify([config.value === 7, config.size, config.dry_run])); return {};";
    upload(&app.client, &guest("case", body).replace("events:", fields)).await;
    app.client.create("i1", "case", json!({ "value": 7 })).await;
    app.client.start("i1").await;
    assert_eq!(figures(&app.client.log_texts("i1").await, "config"), json!([true, "3", true]));
}

/// Decision 17: a text is no boolean, and refused; the gateway took it for "leave it dry".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_25_without_dry_run_nothing_is_sent() {
    let app = TestApp::start().await;
    app.add_script("script", one_trade()).await;
    let body = "return { onTrade() { const id = runtime.submitMarketOrder(null, 'buy', '1');
            helpers.log('sent', JSON.stringify([id.startsWith('i1-'), runtime.isDryRun(), runtime.openOrders().length])); } };";
    upload(&app.client, &guest("case", body)).await;
    app.create_on("script", "i1", "case", json!({})).await;
    app.client.start("i1").await;
    app.play_out("script").await;
    assert_eq!(figures(&app.client.log_texts("i1").await, "sent"), json!([true, true, 0]));
    assert_eq!(orders(&app.client, "i1").await.len(), 0);
    assert_eq!(app.client.instance("i1").await["dryRun"], true);

    let strategy = json!({ "identifier": "case", "config": { "dry_run": "false" } });
    let spec = json!({ "id": "i2", "strategy": strategy, "scope": { "script": { "symbols": ["BTC-USDT"] } } });
    let refused = app.client.post("/strategy/instances", spec).await.refused(422, "config_invalid");
    assert!(refused["details"].to_string().contains("dry_run"), "{refused:#}");
}

/// Money is decimal here from the first byte on: a price that is none never becomes an event. A side of the book without a price
/// is what a bad bid was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_41_prices_that_are_none_and_the_spread_of_a_book() {
    use sandpit::providers::tape::{ImportError, ImportOptions, import};
    let trade = |price: &str| {
        let message = json!({ "stream": "btcusdt@trade", "data": {
            "e": "trade", "E": 1_700_000_000_000_u64, "s": "BTCUSDT", "t": 1, "p": price, "q": "1", "T": 1_700_000_000_000_u64, "m": false,
        } });
        format!("1700000000000000000 {message}\n")
    };
    let imported = |line: String| {
        let instrument = ImportOptions::binance_spot("BTC-USDT".parse().unwrap());
        let options = ImportOptions { name: "t".into(), source: String::new(), instrument, time_step_nanos: 1, thinned: None };
        import(line.as_bytes(), &options, &mut Vec::new()).unwrap_err()
    };
    assert!(matches!(imported(trade("abc")), ImportError::Line { line: 1, .. }), "{}", imported(trade("abc")));
    assert!(matches!(imported(trade("100")), ImportError::NoSnapshot), "{}", imported(trade("100")));

    let body = "const show = (name) => { const { bid, ask, spread, spreadPct } = runtime.getMarketState();
            helpers.log(name, JSON.stringify([bid, ask, spread, Number(spreadPct.toFixed(6))])); };
        let tickers = 0, books = 0;
        return { onTicker: () => show(`ticker${++tickers}`), onBookSnapshot: () => show(`book${++books}`) };";
    let said = said(body, Script::new().book("99.5", "100.5").book("", "100.5").book("80", "100")).await;
    for (name, state) in [
        ("book1", json!([99.5, 100.5, 1, 1.005025])),
        ("ticker2", json!([0, 100.5, 0, 0])),
        ("ticker3", json!([80, 100, 20, 25])),
        ("book3", json!([80, 100, 20, 25])),
    ] {
        assert_eq!(figures(&said, &format!("{name} ")), state, "{name}: {said:#?}");
    }
}
