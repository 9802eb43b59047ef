//! Cases 37 to 40: limits of risk, the list of orders, and whose reports are whose.

use super::*;

#[tokio::test]
async fn case_37_order_types_are_trimmed_and_named_once() {
    let app = TestApp::start().await;
    set_limits(&app.client, json!({ "allowedOrderTypes": [" limit", "LIMIT", "Market", "market ", "Stop "] })).await;
    let limits = app.client.get("/risk/limits").await.expect(200);
    assert_eq!(limits["limits"]["allowedOrderTypes"], json!(["limit", "Market", "Stop"]));
    let refused = put(&app.client, "/risk/limits", json!({})).await.refused(400, "risk_limits_invalid");
    assert_eq!(refused["message"], "maxPositionSize required");
}

/// Decision 26: what our risk check refuses is denied, and reaches the strategy as a rejection and as a risk event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_38_a_position_has_a_limit_and_three_breaches_are_enough() {
    let app = TestApp::start().await;
    set_limits(&app.client, json!({ "maxPositionSize": "10" })).await;
    let mut script = Script::new().book("99.9", "100.1");
    for _ in 0..6 {
        script = script.bought("100");
    }
    app.add_script("script", script).await;
    let body = "const sizes = ['8', '3', '3', '3', '1', '1'];
        const attempt = (size) => { try { runtime.submitMarketOrder(null, 'buy', size); } catch (error) { helpers.log('code', error.code); } };
        return {
            onTrade: () => attempt(sizes.shift()),
            onOrderRejected: (ctx, evt, report, reason) => helpers.log('rejected', report.quantity, reason),
            onRiskControl: (ctx, evt, risk) => helpers.log('risk', risk.status, risk.breachType, risk.killSwitchEngaged),
        };";
    upload(&app.client, &guest("case", body)).await;
    app.create_on("script", "i1", "case", json!({ "dry_run": false })).await;
    app.client.start("i1").await;
    app.play_out("script").await;
    let said = app.client.log_texts("i1").await;
    let of = |word: &str| -> Vec<&str> { said.iter().filter_map(|line| line.strip_prefix(word)).collect() };
    let (limit, stopped) = ("position_limit", "kill_switch_engaged");
    assert_eq!(of("code "), [limit, limit, limit, stopped, stopped], "{said:#?}");
    let risks = of("risk ");
    assert_eq!(risks[..2], ["TRIGGERED POSITION_LIMIT false"; 2], "{said:#?}");
    assert_eq!(risks.iter().filter(|risk| risk.contains("POSITION_LIMIT")).count(), 3, "{said:#?}");
    assert_eq!(*risks.last().unwrap(), "TRIGGERED KILL_SWITCH true", "{said:#?}");
    let rejected = of("rejected ");
    assert!(rejected.len() == 5 && rejected[0].starts_with("3 denied: position_limit: "), "{said:#?}");
    let denials = app.client.get("/strategy/instances/i1/denials?code=position_limit").await.expect(200);
    let numbers = &denials["denials"][0]["numbers"];
    assert_eq!((&numbers["projectedPosition"], &numbers["maxPosition"]), (&json!("11"), &json!("10")), "{denials:#}");
    let held = app.client.get("/strategy/instances/i1/positions").await.expect(200);
    assert_eq!(held["positions"][0]["quantity"], "8");
}

/// There is always a store here: a host that cannot open its database does not start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_39_a_list_of_orders_has_at_most_500() {
    let app = TestApp::start().await;
    set_limits(&app.client, json!({})).await;
    let mut script = Script::new().book("99.9", "100.1");
    for _ in 0..21 {
        script = script.bought("100");
    }
    app.add_script("script", script).await;
    let body = "return { onTrade() { for (let n = 0; n < 25; n++) runtime.submitOrder(null, 'buy', '0.1', '95'); } };";
    upload(&app.client, &guest("case", body)).await;
    app.create_on("script", "i1", "case", json!({ "dry_run": false })).await;
    app.client.start("i1").await;
    app.play_out("script").await;
    let page = async |limit: &str| app.client.get(&format!("/strategy/instances/i1/orders?limit={limit}")).await;
    for (limit, count) in [("9999", 500), ("500", 500), ("7", 7)] {
        let listing = page(limit).await.expect(200);
        assert_eq!((&listing["count"], listing["orders"].as_array().unwrap().len()), (&json!(count), count), "limit={limit}");
    }
    let all = app.client.instance("i1").await;
    assert_eq!(app.client.get("/strategy/instances/i1/orders").await.expect(200)["count"], 50, "{all:#}");
    for limit in ["bogus", "0", "-1"] {
        says(&page(limit).await.refused(400, "invalid_parameter"), "limit must be a positive whole number");
    }
}

/// Decision 22: by the exact id; at the gateway `a` heard what was meant for `a-b`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_40_reports_reach_their_own_instance_alone() {
    let app = TestApp::start().await;
    app.add_script("script", Script::new().book("99.9", "100.1").bought("100").bought("100")).await;
    let body = "const note = (what) => (ctx, evt, report, reason) =>
            helpers.log(what, JSON.stringify([report.clientOrderId, report.state, reason ?? null]));
        return {
            onTrade(ctx, evt, trade) {
                const id = config.crosses
                    ? runtime.submitOrder(null, 'buy', '1', '100.2', { timeInForce: 'POST_ONLY' })
                    : runtime.submitMarketOrder(null, 'buy', '1');
                helpers.log('sent', JSON.stringify(id));
            },
            onOrderAcknowledged: note('acknowledged'), onOrderFilled: note('heard'), onOrderRejected: note('heard'),
        };";
    let fields = "config: [{ name: 'crosses', type: 'bool', default: false }], events:";
    upload(&app.client, &guest("case", body).replace("events:", fields)).await;
    for (id, crosses) in [("a", false), ("a-b", true)] {
        app.create_on("script", id, "case", json!({ "dry_run": false, "crosses": crosses })).await;
        app.client.start(id).await;
    }
    app.play_out("script").await;
    for (id, state, reason) in [("a", "FILLED", Value::Null), ("a-b", "REJECTED", json!("post-only order would cross the book"))]
    {
        let lines = app.client.log_texts(id).await;
        let of = |word: &str| -> Vec<Value> {
            lines.iter().filter_map(|line| serde_json::from_str(line.strip_prefix(word)?).ok()).collect()
        };
        let expected: Vec<Value> = of("sent ").iter().map(|sent| json!([sent, state, reason])).collect();
        assert_eq!((expected.len(), of("heard ")), (2, expected), "{id}: {lines:#?}");
    }
}
