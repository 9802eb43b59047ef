//! How much an event costs. Prints microseconds and fuel; asserts fuel, which is the same on every machine.

use crate::support::{Guest, envelope, trade};

/// What this thread has spent on a processor, so that a busy machine does not matter; nothing where Linux does not tell.
fn processor_nanoseconds() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

fn measure(name: &str, guest: &mut Guest) -> u64 {
    let event = trade("60012.34");
    for sequence in 0..2_000 {
        guest.try_event(envelope(sequence), &event).expect("no trap").expect("no exception");
    }
    let fuel = guest.fuel(|guest| {
        guest.trade(3_000, "60012.34").expect("no exception");
    });
    let rounds = 20_000;
    let begun = processor_nanoseconds();
    for sequence in 0..rounds {
        guest.try_event(envelope(sequence), &event).expect("no trap").expect("no exception");
    }
    if let (Some(begun), Some(ended)) = (begun, processor_nanoseconds()) {
        println!("{name}: {:.2} us, {fuel} fuel per event", (ended - begun) as f64 / 1e3 / rounds as f64);
    }
    fuel
}

#[test]
fn empty_handler() {
    let fuel = measure("empty handler", &mut Guest::with_handlers("", "{ onTrade() {} }"));
    assert!(fuel < 5_000, "{fuel}");
}

#[test]
fn two_fields() {
    let body = "{ onTrade(ctx, evt, payload) { sum += payload.price.length + evt.symbol.length; } }";
    let fuel = measure("two fields", &mut Guest::with_handlers("let sum = 0;", body));
    assert!(fuel < 7_000, "{fuel}");
}

#[test]
fn all_fields() {
    let body = "{ onTrade(ctx, evt, payload) { text = JSON.stringify(evt); } }";
    let fuel = measure("JSON of all fields", &mut Guest::with_handlers("let text;", body));
    assert!(fuel < 150_000, "{fuel}");
}

#[test]
fn momentum() {
    let prepare = "const prices = []; let signals = 0;";
    let body = "{ onTrade(ctx, evt, payload, price) {
        if (!Number.isFinite(price) || price <= 0) return;
        prices.push(price);
        if (prices.length > 20) prices.shift();
        if (prices.length < 20) return;
        const first = prices[0], last = prices[prices.length - 1];
        const momentum = (last - first) / first * 100;
        if (momentum > 0.5) signals += 1; else if (momentum < -0.5) signals -= 1;
    } }";
    let fuel = measure("momentum of 20 prices", &mut Guest::with_handlers(prepare, body));
    assert!(fuel < 15_000, "{fuel}");
}

#[test]
fn loading() {
    let fuel = |source: &str| {
        let mut guest = Guest::empty();
        guest.fuel(|guest| guest.load_into("a.js", &[("a.js", source)]).expect("it loads"))
    };
    let handler = "function f(a, b) { const c = a.price * 2; if (c > b) { return { x: c, y: [a, b] }; } return null; }\n";
    let (empty, one, ten) = (fuel(""), fuel(&handler.repeat(10)), fuel(&handler.repeat(100)));
    println!("load: {empty} fuel for an empty file, {} per byte", (ten - one) / (90 * handler.len() as u64));
    let flat = fuel(&"0;".repeat(100_000)) / 200_000;
    println!("load: {flat} per byte of \"0;0;0;\"");
    assert!(empty < 30_000_000, "{empty}");
}

#[test]
fn starting() {
    let source =
        "module.exports = { metadata: { name: 'a', displayName: 'A', events: ['Trade'] }, create() { return { onTrade() {} } } }";
    let mut guest = Guest::load(source).expect("it loads");
    let fuel = guest.fuel(|guest| {
        guest.start("{}").expect("it starts");
    });
    let first = guest.fuel(|guest| guest.trade(1, "100.5").expect("it runs"));
    let most = (0..5_000).map(|n| guest.fuel(|guest| guest.trade(n, "100.5").expect("it runs"))).max();
    println!("start: {fuel} fuel, first event {first}, later at most {most:?}");
    assert!(fuel < 50_000 && first < 20_000, "{fuel} {first}");
}
