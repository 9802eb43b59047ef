use crate::support::*;
fn f(name: &str, pre: &str, body: &str) {
    let mut g = Guest::with_handlers(pre, &format!("{{ onTrade(ctx, evt, payload, price) {{ {body} }} }}"));
    for s in 0..200 { g.trade(s, "60012.34").unwrap(); }
    let fuel = g.fuel(|g| { g.trade(300, "60012.34").unwrap(); });
    println!("{name:40} {fuel}");
}
#[test]
fn probe() {
    f("empty", "", "");
    let mut g = Guest::with_handlers("", "{}");
    for s in 0..200 { g.trade(s, "60012.34").unwrap(); }
    println!("no handler {}", g.fuel(|g| { g.trade(300, "60012.34").unwrap(); }));
    println!("bad price {}", g.fuel(|g| { g.trade(300, "abc").unwrap(); }));
    println!("timer none {}", g.fuel(|g| { g.timer(300, 5).unwrap(); }));
    println!("stop none {}", g.fuel(|g| { g.stop().unwrap(); }));
    println!("describe {}", g.fuel(|g| { g.describe().unwrap(); }));
    let mut g = Guest::with_handlers("", "{onStop(){}, onTrade(){}}");
    println!("stop empty {}", g.fuel(|g| { g.stop().unwrap(); }));
    println!("stop empty {}", g.fuel(|g| { g.stop().unwrap(); }));
    println!("bad price {}", g.fuel(|g| { g.trade(300, "abc").unwrap(); }));
}
