//! An event object that nobody kept serves the next event. No author must be able to notice.

use crate::support::*;

/// What a handler may do with the first of two events, and what the second one logs about the first afterwards.
const HOLDS: [(&str, &str, &str); 13] = [
    ("an array", "kept = [evt]", "kept[0].seqProvider"),
    ("an array of payloads", "kept = [payload]", "kept[0].price"),
    ("the event of a payload", "kept = evt", "kept.payload.price"),
    ("a closure", "kept = () => evt.seqProvider", "kept()"),
    ("the arguments", "kept = arguments", "kept[1].seqProvider"),
    ("a heir", "kept = Object.create(payload)", "kept.price"),
    ("a proxy", "kept = new Proxy(payload, {})", "kept.price"),
    ("a map", "kept = new Map([[payload, 1]])", "[...kept.keys()][0].price"),
    ("itself", "evt.self = evt; kept = new WeakSet([evt])", "kept.has(evt)"),
    ("an iterator", "kept = Object.entries(payload)[Symbol.iterator]()", "[...kept][2][1]"),
    ("a getter", "const p = payload; kept = { get price() { return p.price } }", "kept.price"),
    ("an exception", "kept = null; throw { evt }", "kept"),
    ("a generator", "kept = (function* () { yield payload.price })()", "kept.next().value"),
];

#[test]
fn an_event_that_is_kept_stays_what_it_was() {
    for (name, keep, look) in HOLDS {
        let body = format!(
            "{{ onTrade(ctx, evt, payload) {{
                if (evt.seqProvider === 1) {{ {keep}; return }}
                log({look}, evt.seqProvider, payload.price, Object.keys(evt).length, Object.keys(payload).length);
            }} }}"
        );
        let mut guest = Guest::with_handlers("let kept;", &body);
        let _ = guest.trade(1, "1");
        guest.trade(2, "2").expect("it runs");
        let lines = guest.lines();
        let first = match name {
            "itself" => "false",
            "an exception" => "null",
            _ => "1",
        };
        assert_eq!(lines.last().map(String::as_str), Some(&*format!("{first} 2 2 9 5")), "{name}: {lines:?}");
    }
}

#[test]
fn an_event_that_is_watched_is_not_used_again() {
    let watched = [("new WeakSet([payload])", "seen.has(payload)"), ("new WeakMap([[evt, 1]])", "seen.has(evt)")];
    for (watch, found) in watched {
        let body = format!(
            "{{ onTrade(ctx, evt, payload) {{
                if (seen) log({found}); else seen = {watch};
            }} }}"
        );
        let mut guest = Guest::with_handlers("let seen;", &body);
        for sequence in 1..4 {
            guest.trade(sequence, "1").expect("it runs");
        }
        assert_eq!(guest.lines(), ["false", "false"], "{watch}");
    }
}

/// What a handler may do to an event that it then lets go.
const CHANGES: [&str; 14] = [
    "evt.symbol = 'mine'",
    "payload.price = 'mine'; payload.more = 1",
    "delete payload.price",
    "delete evt.symbol; evt.symbol = 'back'",
    "evt.more = 1; delete evt.more",
    "Object.freeze(evt); Object.freeze(payload)",
    "Object.seal(payload)",
    "Object.preventExtensions(evt); Object.preventExtensions(payload)",
    "Object.setPrototypeOf(evt, null)",
    "Object.setPrototypeOf(payload, Array.prototype); Object.setPrototypeOf(payload, Object.prototype)",
    "Object.defineProperty(payload, 'price', { get: () => 'mine' })",
    "Object.defineProperty(payload, 'price', { enumerable: false })",
    "payload[Symbol.for('mine')] = 1; evt[0] = 1",
    "brand(evt); brand(payload)",
];

#[test]
fn what_was_done_to_an_event_is_not_on_the_next() {
    let prepare = "class Base { constructor(it) { return it } }
         class Branded extends Base { #mine = 1; static has(it) { return #mine in it } }
         const brand = it => new Branded(it);
         const look = it => JSON.stringify([it, Object.isExtensible(it), Object.isFrozen(it), Object.isSealed(it),
             Object.getPrototypeOf(it) === Object.prototype, Object.getOwnPropertySymbols(it).length, Branded.has(it)]);";
    for change in CHANGES {
        let body = format!(
            "{{ onTrade(ctx, evt, payload) {{ if (evt.seqProvider < 3) {{ {change} }} else log(look(evt), look(payload)) }} }}"
        );
        let mut guest = Guest::with_handlers(prepare, &body);
        let mut fresh = Guest::with_handlers(prepare, &body);
        for sequence in 1..4 {
            guest.trade(sequence, "100.5").expect("it runs");
        }
        fresh.trade(3, "100.5").expect("it runs");
        let lines = guest.lines();
        assert_eq!(lines, fresh.lines(), "{change}");
        assert_eq!(lines.len(), 1, "{change}");
    }
}

#[test]
fn an_event_of_an_async_handler_is_its_own() {
    let mut guest = Guest::with_handlers(
        "",
        "{ async onTrade(ctx, evt, payload) { log('a', payload.price); await null; await null; log('b', payload.price, evt.seqProvider) } }",
    );
    for sequence in 1..4 {
        guest.trade(sequence, &sequence.to_string()).expect("it runs");
    }
    assert_eq!(guest.lines(), ["a 1", "b 1 1", "a 2", "b 2 2", "a 3", "b 3 3"]);
}

#[test]
fn every_kind_of_event_can_follow_every_other() {
    let mut guest = Guest::with_handlers(
        "",
        "{ onTrade(c, evt, p) { log(evt.type, Object.keys(p).length, p.price) }, onTicker(c, evt, p) { log(evt.type, Object.keys(p).length, p.lastPrice) },
           onExtensionEvent(c, evt, p) { log(evt.type, p.own, evt.payload === p) } }",
    );
    let ticker =
        Ticker { last_price: "7".into(), bid_price: "6".into(), ask_price: "8".into(), volume24h: "9".into(), time: START_TIME };
    for sequence in 1..4 {
        guest.trade(sequence, "1").expect("it runs");
        guest.event(&Event::Ticker(ticker.clone())).expect("it runs");
        guest.event(&Event::Extension(r#"{"own":1}"#.into())).expect("it runs");
        guest.plain_trade(sequence, plain_trade(25, 1)).expect("it runs");
    }
    let round = ["Trade 5 1", "Ticker 5 7", "Extension 1 true", "Trade 5 2.5"];
    assert_eq!(guest.lines(), round.repeat(3));
}

#[test]
fn an_event_that_is_let_go_costs_less() {
    let cost = |keep: &str| {
        let body = format!("{{ onTrade(ctx, evt, payload) {{ {keep} }} }}");
        let mut guest = Guest::with_handlers("let kept;", &body);
        (1..6).for_each(|sequence| guest.trade(sequence, "1").expect("it runs"));
        guest.fuel(|guest| guest.trade(6, "1").expect("it runs"))
    };
    let (let_go, kept) = (cost("1"), cost("kept = evt"));
    assert!(let_go + 500 < kept, "{let_go} {kept}");
}
