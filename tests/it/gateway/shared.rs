//! Habits that the old strategies have in common: how they read their configuration, whom they ask, and when they hold still.

use super::*;

fn rising() -> Script {
    let mut script = Script::new().book("99.99", "130");
    for n in 0..25 {
        script = script.bought(&format!("{}", 100 + n));
    }
    script
}

/// Below two, and for what is none, there are fallbacks; blank text is the default, other text is trimmed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn configuration_is_read_with_fallbacks() {
    let momenta = async |config: Value| -> (usize, Vec<String>) {
        let played = Old::new("momentum").config(config).play(rising()).await.quietly();
        (played.after("[MOMENTUM] Current momentum: ").len(), played.orders)
    };
    let with = |lookback: i32, size: &str| json!({ "lookback_period": lookback, "order_size": size, "cooldown": "1ms", "momentum_threshold": 0.1, "dry_run": false });
    let bought = |size: &str| vec![format!("Buy Market {size} at market FILLED")];
    assert_eq!(momenta(with(0, "")).await, (6, bought("1")), "0 is 20 trades, of 25; a blank size is 1");
    assert_eq!(momenta(with(-3, " \t ")).await, (6, bought("1")));
    assert_eq!(momenta(with(1, " 0.25 ")).await, (24, bought("0.25")), "1 is 2");
    assert_eq!(momenta(with(25, "2")).await, (1, bought("2")));
}

/// Decision 17: what is declared is checked before the source sees it, so most of its care has nothing to do any more. A key in another
/// spelling is an error, and so is a duration without a unit; milliseconds as a number are none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn configuration_of_a_wrong_type_is_refused_before_it_is_read() {
    let app = TestApp::start().await;
    let answer = app.client.post("/strategies/modules", json!({ "source": source("momentum") })).await.expect(201);
    let create = async |id: &str, config: Value| {
        let strategy = json!({ "identifier": answer["module"]["hash"], "config": config });
        app.client
            .post(
                "/strategy/instances",
                json!({ "id": id, "strategy": strategy, "scope": { "paper": { "symbols": ["BTC-USDT"] } } }),
            )
            .await
    };
    for (key, value) in [
        ("lookback_period", json!("20")),
        ("lookback_period", json!(2.5)),
        ("momentum_threshold", json!("x")),
        ("order_size", json!(1)),
        ("cooldown", json!("20")),
        ("dry_run", json!("false")),
        ("lookbackPeriod", json!(20)),
    ] {
        let refused = create("i1", json!({ key: value })).await.refused(422, "config_invalid");
        assert!(refused["details"].to_string().contains(&format!("config.{key}")), "{refused:#}");
    }
    create("i1", json!({ "cooldown": 20, "momentum_threshold": null })).await.expect(201);
}

/// The spellings of old clients: a field that is not there reads as undefined, on every object that the host makes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_are_read_in_three_spellings() {
    let around =
        "const inner = old.create({ ...env, config: { dry_run: false, GridLevels: '1', gridSpacing: 1, order_size: ' 2 ' } });
        return { ...inner, onOrderFilled: (ctx, evt, { avgFillPrice, side }) =>
            inner.onOrderFilled(ctx, { Provider: evt.provider }, { AvgFillPrice: avgFillPrice, Side: side }) };";
    let market = Script::new().book("98.95", "100.1").bought("100").bought("100.02").sold("98.98").sold("98.98").bought("98.99");
    let played =
        Old::new("grid").config(json!({ "dry_run": false, "grid_levels": 3 })).around(around).play(market).await.quietly();
    assert_eq!(played.orders, ["Buy Limit 2 at 99 FILLED", "Sell Limit 2 at 101 EXPIRED", "Sell Limit 2 at 99 EXPIRED"]);
}

/// All four take the functions out of `runtime` before they call them; here `runtime` is gone before the first event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runtime_functions_are_called_without_their_object() {
    let around = "const lent = { ...env.runtime, helpers: { ...env.helpers } };
        const handlers = old.create({ config: env.config, runtime: lent, helpers: lent.helpers });
        for (const part of [lent.helpers, lent]) for (const name of Object.keys(part)) delete part[name];
        return handlers;";
    let calm = || Script::new().book("99.9", "100.1").bought("100").bought("101").bought("102");
    for (name, config) in [
        ("momentum", json!({ "lookback_period": 2, "dry_run": false })),
        ("meanreversion", json!({ "window_size": 2, "deviation_threshold": 0.4, "dry_run": false })),
        ("grid", json!({ "grid_levels": 1, "dry_run": false })),
        ("marketmaking", json!({ "dry_run": false })),
    ] {
        let played = Old::new(name).config(config).around(around).play(calm()).await.quietly();
        assert!(!played.orders.is_empty() && played.orders.iter().all(|line| !line.contains("DENIED")), "{name}: {played:#?}");
    }
}

/// The provider is the one at the place of the time, in milliseconds, among the sorted names. Time stands still in a handler, so a
/// whole ladder goes to one of them; by the gateway's clock it was spread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_is_selected_by_the_time_of_the_event() {
    let config = json!({ "grid_levels": 1, "grid_spacing": 1, "dry_run": false });
    for (pace_ms, expected) in [(1_000, "alpha"), (1_001, "beta")] {
        let market = Script::new().every_ms(pace_ms).book("99.9", "100.1").bought("100");
        let played = Old::new("grid").config(config.clone()).beside("beta").play(market).await.quietly();
        assert_eq!(played.providers, [expected; 2], "{played:#?}");
    }
}

/// What cannot select, or selects nothing, is answered with the first name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_falls_back_to_the_first() {
    let config = json!({ "grid_levels": 1, "grid_spacing": 1, "dry_run": false });
    for nobody in ["() => ''", "() => undefined", "() => { throw new Error('no providers configured'); }"] {
        let around = format!("return old.create({{ ...env, runtime: {{ ...env.runtime, selectProvider: {nobody} }} }});");
        let market = Script::new().every_ms(1_001).book("99.9", "100.1").bought("100");
        let played = Old::new("grid").config(config.clone()).beside("beta").around(&around).play(market).await.quietly();
        assert_eq!(played.providers, ["alpha"; 2], "{nobody}: {played:#?}");
    }
}

/// Without a word in the configuration nothing is sent. What would have been sent is logged, and counts: the second rise, the second
/// dip, the second ladder and the third pair of quotes do not come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dry_run_is_the_default_and_moves_their_own_state() {
    let dry = |name| Old::new(name).config(json!({}));
    let would = "[DRY-RUN] Would ";
    let of = |played: &Played| -> Vec<String> {
        assert_eq!(played.orders, Vec::<String>::new(), "{played:#?}");
        played.said.iter().filter_map(|line| Some(line.split_once(would)?.1.to_owned())).collect()
    };
    let up = Script::new().book("99.99", "130").every_ms(6_000).bought("100").bought("101").bought("102").bought("99");
    let played = dry("momentum").config(json!({ "lookback_period": 2 })).play(up).await.quietly();
    assert_eq!(of(&played), ["BUY on alpha: momentum=1.000% size=1", "SELL on alpha: momentum=-2.941% size=1"]);

    let market = Script::new().book("99.9", "100.1").bought("100").bought("100").sold("97").sold("94");
    let played = dry("meanreversion").config(json!({ "window_size": 3 })).play(market).await.quietly();
    assert_eq!(of(&played), ["BUY on alpha: deviation=-2.020% price=97 size=1"]);

    let market = Script::new().book("99.9", "100.1").bought("100").bought("100").bought("100");
    let played = dry("grid").config(json!({ "grid_levels": 1, "grid_spacing": 1 })).play(market).await.quietly();
    assert_eq!(of(&played), ["BUY on alpha: price=99 size=1", "SELL on alpha: price=101 size=1"]);

    let market = Script::new().book("99.9", "100.1").book("99.89", "100.11").book("99.88", "100.12");
    let played = dry("marketmaking").play(market).await.quietly();
    let pair = ["BUY on alpha: price=99.75 size=1", "SELL on alpha: price=100.25 size=1"];
    assert_eq!(of(&played), [pair, pair].concat());
}

/// Either of the two is enough: the configuration that the source reads, or what the runtime says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dry_run_is_either_the_configured_or_the_runtime_s() {
    for (name, prefix) in
        [("momentum", "[MOMENTUM]"), ("meanreversion", "[MEAN_REV]"), ("grid", "[GRID]"), ("marketmaking", "[MM]")]
    {
        for (hosts, told) in [(true, false), (false, true)] {
            let around =
                format!("return old.create({{ ...env, config: {{ dry_run: {told}, lookback_period: 2, window_size: 2 }} }});");
            let market = Script::new().book("99.9", "100.1").bought("100").bought("103");
            let played = Old::new(name).config(json!({ "dry_run": hosts })).around(&around).play(market).await.quietly();
            let would = played.after(&format!("{prefix} [DRY-RUN] Would ")).len();
            assert!(would > 0 && played.orders.is_empty(), "{name}, host {hosts}, source {told}: {played:#?}");
        }
    }
}

/// Who trades asks first. With the switch engaged not even the window fills; who only looks goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_done_unless_trading_is_active() {
    for (name, prefix) in
        [("momentum", "[MOMENTUM] C"), ("meanreversion", "[MEAN_REV] D"), ("grid", "[GRID] "), ("marketmaking", "[MM] ")]
    {
        let market = || Script::new().book("99.9", "100.1").bought("100").bought("103");
        let config = match name {
            "momentum" => json!({ "lookback_period": 2, "dry_run": false }),
            "meanreversion" => json!({ "window_size": 2, "dry_run": false }),
            _ => json!({ "dry_run": false }),
        };
        let played = Old::new(name).config(config.clone()).play(market()).await.quietly();
        assert!(!played.after(prefix).is_empty() && !played.orders.is_empty(), "{name}: {played:#?}");

        let old = Old::new(name).config(config);
        let app = old.started(market()).await;
        app.client.post("/risk/instances/i1/kill-switch", json!({})).await.expect(200);
        app.play_out("alpha").await;
        let said = app.client.log_texts("i1").await;
        let acted: Vec<_> = said.iter().filter(|line| line.starts_with(prefix) && !line.contains("risk")).collect();
        assert!(acted.is_empty(), "{name}: {acted:#?}");
        assert_eq!(orders(&app.client, "i1").await.len(), 0, "{name} did not even try");
        assert_eq!(app.client.instance("i1").await["exceptions"], 0);
    }
    let app = Old::new("logging").started(Script::new().book("99.9", "100.1").bought("100")).await;
    app.client.post("/risk/instances/i1/kill-switch", json!({})).await.expect(200);
    app.play_out("alpha").await;
    let said = app.client.log_texts("i1").await;
    assert!(said.iter().any(|line| line.starts_with("[Logging] Trade ")), "{said:#?}");
}

/// `Date.now()` is the time of the event: a cooldown of ten minutes is over when ten minutes of the market are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_is_that_of_the_event() {
    let config = json!({ "lookback_period": 2, "cooldown": "10m", "dry_run": false });
    let market = |gap_ms| Script::new().book("99.99", "130").bought("100").bought("101").every_ms(gap_ms).sold("99");
    let orders = async |gap_ms| Old::new("momentum").config(config.clone()).play(market(gap_ms)).await.quietly().orders.len();
    assert_eq!((orders(599_000).await, orders(600_000).await), (1, 2));
}
