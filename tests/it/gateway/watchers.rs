//! What the old `noop`, `delay`, `logging` and `extension-listener` do: they look, and send nothing.

use super::*;

/// Each event reaches it, and nothing comes of it; what it says in `subscribedEvents` is no subscription.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noop_hears_everything_and_does_nothing() {
    let played =
        Old::new("noop").config(json!({})).play(Script::new().book("99.9", "100.1").bought("100").bought("101")).await.quietly();
    assert_eq!(played.orders, Vec::<String>::new());
    assert_eq!(played.said, Vec::<String>::new());
    assert!(played.view["events"]["delivered"].as_u64() >= Some(6), "two trades, two books and their tickers: {played:#?}");
    assert_eq!(played.view["events"]["skipped"], 0, "it has a handler for whatever it subscribes to: {played:#?}");
}

/// How long each of ten trades kept the source, by the event's own clock, in milliseconds; of one instance per configuration.
async fn pauses(configs: &[Value]) -> Vec<Vec<f64>> {
    let around = "const inner = old.create(env);
        return { onTrade(...event) {
            const begun = Date.now();
            inner.onTrade(...event);
            env.helpers.log('slept', Date.now() - begun);
        } };";
    let market = (0..10).fold(Script::new().every_ms(200_000).book("99.9", "100.1"), |market, _| market.bought("100"));
    let app = TestApp::start().await;
    app.add_script("alpha", market).await;
    let revision = Old::new("delay").around(around).revision();
    let uploaded = app.client.post("/strategies/modules", revision).await.expect(201);
    for (n, config) in configs.iter().enumerate() {
        app.create_on("alpha", &format!("i{n}"), uploaded["module"]["hash"].as_str().unwrap(), config.clone()).await;
        app.client.start(&format!("i{n}")).await;
    }
    app.play_out("alpha").await;
    let mut all = Vec::new();
    for n in 0..configs.len() {
        let said = app.client.log_texts(&format!("i{n}")).await;
        let slept: Vec<f64> = said.iter().map(|line| line.strip_prefix("slept ").unwrap().parse().unwrap()).collect();
        assert_eq!(slept.len(), 10, "{said:#?}");
        all.push(slept);
    }
    all
}

#[track_caller]
fn within(slept: &[f64], least: f64, most: f64) {
    assert!(slept.iter().all(|millis| (least..=most).contains(millis)), "not all within {least} to {most}: {slept:?}");
}

/// Uniform between the two; the default is 100 to 500 ms.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delay_sleeps_at_random_between_its_two_bounds() {
    let [slept] = &pauses(&[json!({})]).await[..] else { panic!("one instance") };
    within(slept, 100.0, 500.0);
    let spread =
        slept.iter().fold(0.0_f64, |most, one| most.max(*one)) - slept.iter().fold(f64::MAX, |least, one| least.min(*one));
    assert!(spread > 50.0, "ten times about the same: {slept:?}");
}

/// `<number><unit>`, or milliseconds; what its parser does not read is the default, and the upper bound is never below the lower.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delay_reads_units_clamps_and_falls_back() {
    let cases = [
        (json!("20ms"), json!("20ms"), 20.0, 20.0),
        (json!("0.5s"), json!("0.5s"), 500.0, 500.0),
        (json!("7000us"), json!("7000µs"), 7.0, 7.0),
        (json!("9000000ns"), json!("9ms"), 9.0, 9.0),
        (json!(40), json!(40.0), 40.0, 40.0),
        (json!("0.02m"), json!("0.02m"), 1_200.0, 1_200.0),
        // Above the upper bound: both are the lower one.
        (json!("2s"), json!("1s"), 2_000.0, 2_000.0),
        // Two units: not its grammar, so the default of 500 ms.
        (json!("500ms"), json!("1m30s"), 500.0, 500.0),
    ];
    let configs: Vec<_> = cases.iter().map(|(min, max, ..)| json!({ "min_delay": min, "max_delay": max })).collect();
    for (slept, (_, _, least, most)) in pauses(&configs).await.iter().zip(cases) {
        within(slept, least, most);
    }
    // The file around it hands over what the host would have refused: below zero is zero.
    let around = "const inner = old.create({ ...env, config: { min_delay: '-5ms', max_delay: '0' } });
        return { onTrade(...event) { const begun = Date.now(); inner.onTrade(...event); env.helpers.log('slept', Date.now() - begun); } };";
    let market = Script::new().book("99.9", "100.1").bought("100");
    let played = Old::new("delay").around(around).config(json!({})).play(market).await.quietly();
    assert_eq!(played.after("slept "), ["0"]);
}

/// A file of its own around `logging` trades, so that there is something to report.
const BUSY: &str = "const inner = old.create(env);
    const { submitOrder, submitMarketOrder, cancelOrder } = env.runtime;
    let resting;
    const steps = [
        () => submitMarketOrder(null, 'buy', '1'),
        () => { resting = submitOrder(null, 'buy', '1', '99'); },
        () => cancelOrder(resting),
        () => submitOrder(null, 'buy', '1', '100.2', { timeInForce: 'POST_ONLY' }),
        () => { try { submitOrder(null, 'buy', '1', '1'); } catch (error) { env.helpers.log(error.code); } },
        () => submitMarketOrder(null, 'buy', '1500'),
        () => submitOrder(null, 'sell', '1', '101'),
    ];
    return { ...inner, onTrade(...event) { inner.onTrade(...event); steps.shift()?.(); } };";

fn said_of<'a>(played: &'a Played, kind: &str) -> Vec<&'a str> {
    played.after(&format!("[Logging] {kind} "))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logging_writes_a_line_for_each_of_the_eight_types() {
    let mut market = Script::new().every_ms(10_000).book("99.9", "100.1");
    for _ in 0..5 {
        market = market.bought("100").sold("100");
    }
    let config = json!({ "dry_run": false });
    let limits = json!({ "maxRiskBreaches": 100, "maxPositionSize": "10000", "maxNotionalValue": "10000000" });
    let played = Old::new("logging").config(config).limits(limits).around(BUSY).play(market).await.quietly();
    assert_eq!(
        said_of(&played, "Trade")[..2],
        ["alpha BTC-USDT buy price=100.00 quantity=1", "alpha BTC-USDT sell price=100.00 quantity=1"]
    );
    assert_eq!(said_of(&played, "Ticker")[0], "alpha BTC-USDT last= bid=99.9 ask=100.1", "{played:#?}");
    assert_eq!(said_of(&played, "BookSnapshot")[0], "alpha BTC-USDT bids=1 asks=1");
    assert_eq!(said_of(&played, "InstrumentUpdate")[0], "alpha BTC-USDT BTC-USDT spot");
    let bars = said_of(&played, "KlineSummary");
    assert!(!bars.is_empty() && bars[0].starts_with("alpha BTC-USDT open=100 close=100 volume="), "{played:#?}");
    assert!(
        said_of(&played, "BalanceUpdate").iter().any(|line| line.contains("BTC total=") && line.contains(" available=")),
        "{played:#?}"
    );
    let risks = said_of(&played, "RiskControl");
    assert!(risks.len() == 1 && risks[0].starts_with("alpha BTC-USDT TRIGGERED PRICE_BAND "), "{played:#?}");
    for (kind, words) in [
        ("OrderAcknowledged", "side=buy state=ACK filled=0 avg="),
        ("OrderFilled", "side=buy state=FILLED filled=1 avg=100.1"),
        ("OrderCancelled", "side=buy state=CANCELLED filled=0 avg="),
        ("OrderRejected", "side=buy state=REJECTED filled=0 avg="),
        ("OrderRejected", "reason=post-only order would cross the book"),
        ("OrderRejected", "reason=denied: price_outside_band: "),
        ("OrderExpired", "side=sell state=EXPIRED filled=0 avg="),
    ] {
        let lines = said_of(&played, kind);
        assert!(
            lines.iter().any(|line| line.starts_with("alpha BTC-USDT order=i1-") && line.contains(words)),
            "{kind}: {words}: {played:#?}"
        );
    }
}

/// The prefix is trimmed; market data stands below a banner; a book shows five levels a side.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logging_has_a_trimmed_prefix_a_banner_and_five_levels() {
    let banner = "========== JavaScript version ==========";
    let market = || Script::new().book("99.9", "100.1").bought("100.5");
    let played = Old::new("logging").config(json!({ "logger_prefix": "  >>  " })).play(market()).await.quietly();
    let at = played.said.iter().position(|line| line == ">> Trade alpha BTC-USDT buy price=100.50 quantity=1").unwrap();
    assert_eq!(played.said[at - 1], banner, "{played:#?}");
    let count = |beginning: &str| played.after(beginning).len();
    assert_eq!(count(banner), count(">> Trade ") + count(">> Ticker ") + count(">> BookSnapshot "), "{played:#?}");
    assert!(count(">> InstrumentUpdate ") > 0, "which has no banner");

    // A deep book: that of the tape.
    let app = TestApp::builder().in_step().start().await;
    let answer = app.client.post("/strategies/modules", json!({ "source": source("logging") })).await.expect(201);
    app.client.create("i1", answer["module"]["hash"].as_str().unwrap(), json!({})).await;
    app.client.start("i1").await;
    app.play();
    let said = eventually("a deep book", async || {
        let said = app.client.log_texts("i1").await;
        said.iter().any(|line| line.starts_with("[Logging] ASK[4] ")).then_some(said)
    })
    .await;
    let book = said.iter().position(|line| line.starts_with("[Logging] BookSnapshot ") && !line.contains("bids=0")).unwrap();
    let shown: Vec<&str> = said[book + 1..book + 11].iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    let names: Vec<String> = ["BID", "ASK"].iter().flat_map(|side| (0..5).map(move |n| format!("{side}[{n}]"))).collect();
    assert_eq!(shown, names, "{said:#?}");
    assert!(said.iter().all(|line| !line.contains("BID[5]") && !line.contains("ASK[5]")), "five are enough");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn extension_listener_logs_the_json_of_any_payload() {
    let app = TestApp::start().await;
    let signals = json!({ "name": "signals", "adapter": { "identifier": "extension", "config": {} } });
    app.client.post("/providers", signals).await.expect(202);
    eventually("signals run", async || {
        (app.client.get("/providers/signals").await.expect(200)["status"] == "running").then_some(())
    })
    .await;
    let answer = app.client.post("/strategies/modules", json!({ "source": source("extension-listener") })).await.expect(201);
    let hash = &answer["module"]["hash"];
    let scope = json!({ "paper": { "symbols": ["BTC-USDT"] }, "signals": { "symbols": [] } });
    for (id, config) in [("i1", json!({})), ("i2", json!({ "log_prefix": "ext: " })), ("i3", json!({ "log_prefix": "  " }))] {
        let strategy = json!({ "identifier": hash, "config": config });
        app.client.post("/strategy/instances", json!({ "id": id, "strategy": strategy, "scope": scope })).await.expect(201);
        app.client.start(id).await;
    }
    let payloads = [json!({ "a": [1, null, { "b": "é" }] }), json!("text"), json!(null), json!(1.5)];
    for payload in &payloads {
        app.client.post("/providers/signals/events", json!({ "payload": payload })).await.expect(202);
    }
    for (id, prefix) in [("i1", "[ExtensionListener] "), ("i2", "ext: "), ("i3", "[ExtensionListener] ")] {
        let said = eventually("four payloads", async || {
            let said = app.client.log_texts(id).await;
            (said.len() >= payloads.len()).then_some(said)
        })
        .await;
        let expected: Vec<String> = payloads.iter().map(|payload| format!("{prefix}{payload}")).collect();
        assert_eq!(said, expected, "{id}");
    }
}
