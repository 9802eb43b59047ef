//! What the page's tables say, against the code: limits, codes, handlers, what `env` has, places that links lead to.

use std::collections::BTreeSet;

use sandpit::base::Blame;
use sandpit::market::EventKind;
use sandpit::sandbox::{FaultCode, LimitOverrides, Limits};
use serde_json::{Value, json};

use super::{code, page, rows};
use crate::cases::upload;
use crate::support::{Script, TestApp, root};

/// `32 MiB`, `50,000,000`.
fn figure(text: &str) -> u64 {
    let (digits, unit) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let number: u64 = digits.replace(',', "").parse().unwrap_or_else(|_| panic!("`{text}` is no figure"));
    number
        * match unit {
            "" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            other => panic!("{other}: {text}"),
        }
}

#[test]
fn the_table_of_limits_is_that_of_the_host() {
    let defaults = serde_json::to_value(Limits::default()).unwrap();
    let page = page();
    let mut listed = BTreeSet::new();
    for row in rows(&page, "| limit | default | what it bounds |") {
        let names: Vec<&str> = code(&row[0]).map(|name| name.strip_prefix("limits.").unwrap()).collect();
        // Figures are divided by a comma and a space, thousands by a comma alone.
        let figures: Vec<&str> = row[1].split(", ").collect();
        assert_eq!(names.len(), figures.len(), "{row:?}");
        for (name, shown) in names.into_iter().zip(figures) {
            assert_eq!(defaults[name], figure(shown), "limits.{name}");
            listed.insert(name.to_owned());
        }
    }
    let all: BTreeSet<String> = LimitOverrides::NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(listed, all);
}

#[test]
fn the_codes_of_faults_are_all_that_a_guest_can_cause() {
    let page = page();
    let (_, rest) = page.split_once("Fault codes: ").unwrap();
    let listed: BTreeSet<&str> = code(rest.split("\n\n").next().unwrap()).collect();
    let of_guests: BTreeSet<&str> =
        FaultCode::ALL.iter().filter(|code| code.blame() == Blame::Guest).map(|code| code.as_str()).collect();
    assert_eq!(listed, of_guests);
}

/// Codes of errors are those of `docs/errors.md` or of the engine's own sources.
#[test]
fn the_codes_of_errors_exist() {
    let errors = std::fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let engine = std::fs::read_to_string(root().join("guest-sdk/engine/src/coercions.rs")).unwrap();
    let host = std::fs::read_to_string(root().join("host/src/sandbox/helpers/orders.rs")).unwrap();
    let page = page();
    let mut seen = 0;
    for row in rows(&page, "| code | meaning |") {
        for name in code(&row[0]) {
            let quoted = format!("\"{name}\"");
            let known = errors.contains(&format!("`{name}`")) || engine.contains(&quoted) || host.contains(&quoted);
            assert!(known, "nobody throws {name}");
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen} codes");
}

/// The engine is asked: a handler under each name of the page, and a subscription to each event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn env_has_what_the_page_lists_and_nothing_else() {
    let app = TestApp::start().await;
    app.add_script("script", Script::new().book("99.9", "100.1").bought("100")).await;
    let source = "module.exports = {
        metadata: { name: 'env', tag: 'v1', displayName: 'Env', events: ['Trade'] },
        create(env) {
            const keys = (value) => Object.keys(value).sort();
            const { config, ...others } = env;
            const frozen = [env, ...Object.values(others)].every(Object.isFrozen) && !Object.isFrozen(config);
            env.helpers.log('env', JSON.stringify({ env: keys(env), helpers: keys(env.helpers), runtime: keys(env.runtime), frozen }));
            return { onTrade(ctx, evt) {
                env.helpers.log('trade', JSON.stringify({ ctx: keys(ctx), evt: keys(evt), state: keys(env.runtime.getMarketState()),
                    position: keys(env.runtime.position()), balance: keys(env.runtime.balance(null, 'USDT')), same: evt.payload === arguments[2] }));
                env.helpers.log('order', env.runtime.submitOrder(null, 'buy', '1', '99'));
                env.helpers.log('open', JSON.stringify(keys(env.runtime.openOrders()[0])));
            } };
        },
    };";
    upload(&app.client, source).await;
    app.create_on("script", "i1", "env", json!({ "dry_run": false })).await;
    app.client.start("i1").await;
    app.play_out("script").await;
    let said = app.client.log_texts("i1").await;
    let told = |word: &str| -> Value {
        let line = said.iter().find_map(|line| line.strip_prefix(word)).unwrap_or_else(|| panic!("{word}: {said:#?}"));
        serde_json::from_str(line).unwrap()
    };
    let (env, trade) = (told("env "), told("trade "));
    let page = page();
    let names = |words: BTreeSet<String>| json!(words.into_iter().collect::<Vec<_>>());
    let first_cells = |header: &str| -> BTreeSet<String> {
        rows(&page, header).iter().flat_map(|row| code(&row[0]).map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    let calls = |header: &str| -> BTreeSet<String> {
        first_cells(header).iter().map(|call| call.split('(').next().unwrap().to_owned()).collect()
    };
    assert_eq!(env["env"], names(first_cells("| `env.` | what |")));
    let mut functions = calls("| call | gives | fuel |");
    assert_eq!(env["runtime"], names(std::mem::take(&mut functions)));
    let helpers =
        calls("| call | what | fuel | limits |").into_iter().filter_map(|name| name.strip_prefix("helpers.").map(str::to_owned));
    assert_eq!(env["helpers"], names(helpers.collect()));
    assert_eq!((&env["frozen"], &trade["same"]), (&json!(true), &json!(true)), "{said:#?}");
    assert_eq!(trade["evt"], names(first_cells("| `evt.` | what |")));
    assert_eq!(trade["ctx"], json!(["instanceId"]));
    // The objects that calls give: `{ a, b }` in the second cell.
    let object = |call: &str| -> Value {
        let rows = rows(&page, "| call | gives | fuel |");
        let row = rows.iter().find(|row| row[0].contains(call)).unwrap();
        let (_, rest) = row[1].split_once("`{ ").unwrap();
        names(rest.split(" }`").next().unwrap().split(", ").map(str::to_owned).collect())
    };
    assert_eq!(trade["state"], object("getMarketState"));
    assert_eq!(trade["position"], object("position("));
    assert_eq!(trade["balance"], object("balance("));
    assert_eq!(told("open "), object("openOrders"));
}

/// A handler of each name counts as one, which the engine reports: so a name that it does not know would not be called.
#[test]
fn the_tables_of_handlers_and_events_are_complete() {
    let page = page();
    let events: BTreeSet<String> = rows(&page, "| event | `payload` |")
        .iter()
        .flat_map(|row| code(&row[0]).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(events, EventKind::ALL.iter().map(|kind| kind.as_str().to_owned()).collect());
    let listed: BTreeSet<String> = rows(&page, "| handler | event | more |")
        .iter()
        .flat_map(|row| code(&row[0]).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let wit = std::fs::read_to_string(root().join("wit/types.wit")).unwrap();
    let (_, rest) = wit.split_once("flags handlers {").unwrap();
    let camel = |name: &str| -> String {
        let mut words = name.trim().split('-');
        let first = words.next().unwrap().to_owned();
        words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
    };
    let known = rest.split('}').next().unwrap().split(',').map(camel).filter(|name| !name.is_empty()).collect();
    assert_eq!(listed, known);
}

/// Headings as a page's readers link to them.
fn anchors(page: &str) -> BTreeSet<String> {
    let slug = |title: &str| -> String {
        let kept = title.to_lowercase();
        kept.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-').map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    page.lines().filter(|line| line.starts_with('#')).map(|line| slug(line.trim_start_matches('#').trim())).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let page = page();
    let anchors = anchors(&page);
    let mut seen = 0;
    for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        match target.strip_prefix('#') {
            Some(anchor) => assert!(anchors.contains(anchor), "no heading is #{anchor}: {anchors:?}"),
            None if target.starts_with("https://") => {}
            None => assert!(root().join("docs").join(target.split('#').next().unwrap()).exists(), "{target}"),
        }
        seen += 1;
    }
    assert!(seen > 15, "{seen} links");
}
