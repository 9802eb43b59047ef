//! Strategies that try to break their engine. Each ends as an exception or a trap, and the glue keeps telling the truth.

use crate::support::{Guest, with_deep_stack};

fn caught(expression: &str) -> String {
    let prepare = "function catching(f) { try { f(); log('done') } catch (e) { log(e && e.name, e && e.message) } }";
    let mut guest = Guest::with_handlers(
        prepare,
        &format!("{{ onTrade() {{ catching(() => {{ {expression} }}) }}, onStop() {{ log('alive') }} }}"),
    );
    guest.trade(1, "1").unwrap_or_else(|exception| panic!("{expression}: {exception:?}"));
    guest.stop().expect("the guest lives on");
    let mut lines = guest.lines();
    lines.retain(|line| line != "[object Object]");
    assert_eq!(lines.last().map(String::as_str), Some("alive"), "{expression}: {lines:?}");
    lines[0].clone()
}

#[test]
fn deep_recursion_is_a_range_error() {
    with_deep_stack(|| {
        for expression in [
            "function f() { return 1 + f() } f()",
            "const f = () => g(), g = () => f(); f()",
            "const o = { toString() { return '' + o } }; '' + o",
            "const o = { valueOf() { return +o } }; +o",
            "const o = { get x() { return this.x } }; o.x",
            "const o = { toJSON() { return JSON.stringify(o) } }; JSON.stringify(o)",
            "const p = new Proxy({}, { get(t, k, r) { return r[k] } }); p.x",
            "const p = new Proxy({}, { has(t, k) { return k in p } }); 'x' in p",
            "class A { constructor() { new A() } } new A()",
            "const f = () => [1].map(f); f()",
            "const f = () => [2, 1].sort(f); f()",
            "const f = () => 'a'.replace(/a/, f); f()",
            "const f = () => Reflect.apply(f, null, []); f()",
            "const f = function () { f.apply(null, arguments) }; f()",
            "const f = () => { [...{ [Symbol.iterator]: f }] }; f()",
            "const f = () => Array.from({ length: 1 }, f); f()",
            "function f() { eval('f()') } f()",
            "function f() { new Function('f', 'f()')(f) } f()",
            "function* g() { yield* g() } [...g()]",
            "const f = async () => { await f() }; f().catch(e => {}); throw new RangeError('ok')",
            "let b = () => {}; for (let i = 0; i < 1e5; i++) b = b.bind(null); b()",
            "let o = {}; for (let i = 0; i < 1e5; i++) o = Object.create(o); o.x; throw new RangeError('ok')",
            "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x",
            "JSON.parse('['.repeat(200000))",
            "JSON.parse('{\"a\":'.repeat(200000))",
            "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)",
            "let a = {}; for (let i = 0; i < 1e5; i++) a = { a }; JSON.stringify(a)",
            "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; a.flat(Infinity)",
            "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; String(a)",
            "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; log(a); throw new RangeError('ok')",
            "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; helpers.save(a)",
            "eval('('.repeat(20000) + ')'.repeat(20000))",
            "new Function('return ' + '['.repeat(50000))",
            "new RegExp('('.repeat(20000) + ')'.repeat(20000)); throw new RangeError('ok')",
            "JSON.parse('[' + '[1],'.repeat(1000) + '1]', function f(k, v) { return JSON.parse('[1]', f) })",
            "Error.prepareStackTrace = () => new Error().stack; function f() { return 1 + f() } f()",
        ] {
            let line = caught(expression);
            let fine = line.starts_with("RangeError") || line.starts_with("SyntaxError") || line.starts_with("InternalError");
            assert!(fine, "{expression}: {line}");
        }
    });
}

#[test]
fn legitimate_depth_works() {
    with_deep_stack(|| {
        assert_eq!(caught("const f = n => n === 0 ? 0 : 1 + f(n - 1); if (f(1000) !== 1000) throw 1"), "done");
        assert_eq!(caught("JSON.parse('['.repeat(2000) + ']'.repeat(2000))"), "done");
        assert_eq!(caught("let a = []; for (let i = 0; i < 2000; i++) a = [a]; JSON.stringify(a)"), "done");
        assert_eq!(caught("const f = n => n === 0 ? [] : [n].map(() => f(n - 1)); f(300)"), "done");
    });
}

#[test]
fn a_plain_function_recurses_a_thousand_deep() {
    with_deep_stack(|| {
        for (body, least) in [
            ("const f = () => { n++; f() }", 1_000),
            ("function f(a, b, c, d, e) { let g = n++, h, i, j, k; f(a, b, c, d, e, g, h, i, j, k) }", 700),
            ("const o = { toString() { n++; return '' + o } }, f = () => '' + o", 800),
            ("const f = () => { n++; [1].map(f) }", 400),
        ] {
            let line = Guest::run(&format!("let n = 0; {body}; try {{ f() }} catch (e) {{ log(n) }}")).remove(0);
            println!("{body}: depth {line}");
            assert!(line.parse::<u32>().is_ok_and(|depth| depth >= least), "{body}: {line}");
        }
    });
}

#[test]
fn memory_ends_in_an_exception() {
    for expression in [
        "const a = []; for (;;) a.push({ x: 1 })",
        "new Uint8Array(2 ** 31)",
        "new Uint8Array(2 ** 25)",
        "'a'.repeat(2 ** 30)",
        "'a'.padStart(1e9)",
        "let s = 'x'; for (;;) s += s",
        "2n ** (2n ** 26n)",
        "2n ** (2n ** 40n)",
        "new ArrayBuffer(8, { maxByteLength: 2 ** 30 }).resize(2 ** 30)",
        "const m = new Map(); for (let i = 0; ; i++) m.set(i, {})",
        "new Array(2 ** 32 - 1).fill(0)",
        "'x'.repeat(1e6).split('')",
        "const a = []; for (;;) a.push(new Array(1000).fill(1))",
        "JSON.stringify(new Array(1e6).fill('xxxxxxxxxxxxxxxxxxxxxxxxxx'))",
    ] {
        let line = caught(expression);
        assert!(!line.starts_with("done"), "{expression}: {line}");
    }
}

#[test]
fn garbage_in_cycles_is_collected() {
    let mut guest = Guest::with_handlers(
        "const kept = []; for (let i = 0; i < 100000; i++) kept.push({ i });",
        "{ onTrade() { for (let i = 0; i < 30000; i++) { const a = {}, b = { a }; a.b = b } } }",
    );
    for sequence in 0..60 {
        guest.trade(sequence, "1").expect("garbage never ends a strategy");
    }
}

#[test]
fn large_garbage_is_collected() {
    let mut guest = Guest::with_handlers(
        "",
        "{ onTrade() { for (let i = 0; i < 200; i++) { const a = { s: 'x'.repeat(100000) + i }; a.a = a } } }",
    );
    for sequence in 0..20 {
        guest.trade(sequence, "1").expect("garbage never ends a strategy");
    }
}

#[test]
fn endless_jobs_end_the_guest() {
    for body in ["function p() { Promise.resolve().then(p) } p()", "(async () => { for (;;) await 0 })()"] {
        let mut guest = Guest::with_handlers("", &format!("{{ onTrade() {{ {body} }} }}"));
        assert!(guest.try_event(crate::support::envelope(1), &crate::support::trade("1")).is_err(), "{body}");
        assert_eq!(guest.lines(), ["stopped: more than 10000 promise jobs in one event"]);
    }
}

#[test]
fn jobs_leave_nothing_behind() {
    let mut guest = Guest::with_handlers("", "{ async onTrade() { await 1; await new Promise(() => {}) } }");
    for sequence in 0..20_000 {
        guest.trade(sequence, "1").expect("it runs");
    }
}

#[test]
fn glue_does_not_trust_the_globals() {
    let mut guest = Guest::with_handlers(
        "const { freeze } = Object, world = globalThis; Object.prototype.size = 1e9; Object.prototype.symbol = 'EVIL'; Object.prototype.get = () => 1; Object.prototype.set = () => 1;
         Object.prototype.price = 'evil'; Object.defineProperty(Object.prototype, 'instanceId', { get() { return 'evil' }, set() { throw 1 } });
         Array.prototype.push = () => 0; Array.prototype.map = () => []; JSON.stringify = () => '{}'; JSON.parse = () => 5;
         String.prototype.toString = () => 'evil'; String.prototype.trim = () => 'evil';
         Object.keys = () => []; Error = function () { throw 1 }; Promise.prototype.then = () => { throw 2 };
         Date.now = () => 1; Math.random = () => 2;
         for (const name of Object.getOwnPropertyNames(world)) { try { delete world[name] } catch (e) {} }
         freeze(world);",
        "{ onTrade(ctx, evt, payload, price) {
             log({ a: [1] }, ctx.instanceId, payload.price, evt.symbol);
             log(runtime.submitOrder('alpha', 'buy', 1.5, '10', {}));
             helpers.save({ b: 1 }); log(helpers.load());
             try { runtime.submitOrder('', 'hold') } catch (e) { log(e.code) }
         } }",
    );
    guest.trade(1, "100").expect("it runs");
    assert_eq!(guest.lines(), [r#"{"a":[1]} i1 100 BTC-USDT"#, "order-1", r#"{"b":1}"#, "invalid_side"]);
    let order = &guest.store.data().orders[0];
    assert_eq!((order.quantity.as_str(), order.price.as_deref(), order.symbol.as_deref()), ("1.5", Some("10"), None));
}

#[test]
fn two_guests_with_the_same_input_cost_the_same() {
    let run = || {
        let mut guest = Guest::with_handlers(
            "const seen = new Map();",
            "{ onTrade(c, e, p, price) { seen.set(Math.random(), { ...p, t: Date.now() }); if (seen.size > 50) seen.clear(); log(e) } }",
        );
        let fuel = guest.fuel(|guest| {
            for sequence in 0..500 {
                guest.trade(sequence, "100.25").expect("it runs");
            }
        });
        (fuel, guest.lines())
    };
    assert_eq!(run(), run());
}

#[test]
fn dynamic_import_is_a_rejection() {
    let lines = Guest::run("import('fs').then(() => log('loaded'), e => log(e.name))");
    assert!(lines.len() == 1 && lines[0] != "loaded", "{lines:?}");
}

#[test]
fn a_thousand_trades_keep_nothing() {
    let mut guest = Guest::with_handlers("", "{ onTrade(c, e, p) { JSON.stringify(e); p.x = e; } }");
    let cost = |guest: &mut Guest| guest.fuel(|guest| (0..2_000).for_each(|n| guest.trade(n % 10, "1").expect("it runs")));
    let (first, last) = (cost(&mut guest), {
        for _ in 0..5 {
            cost(&mut guest);
        }
        cost(&mut guest)
    });
    assert!(last < first + first / 10, "{first} then {last}");
}

#[test]
fn shared_memory_and_waiting_lead_nowhere() {
    for expression in [
        "const a = new Int32Array(new SharedArrayBuffer(8)); Atomics.wait(a, 0, 0, 1e9); throw new RangeError('woke')",
        "const a = new Int32Array(new SharedArrayBuffer(2 ** 31)); a[0]; throw new RangeError('huge')",
        "Atomics.pause && Atomics.pause(1e9); throw new RangeError('paused')",
        "new Proxy(evt, {}).x",
        "structuredClone({})",
        "WebAssembly.compile",
        "new Worker('x')",
        "Error.stackTraceLimit = 1e9; Error.prepareStackTrace = () => { throw new RangeError('own') }; null.x",
        "throw Object.create(Error.prototype)",
        "const e = new Error('x'); e.stack = { toString() { throw 1 } }; throw e",
    ] {
        let line = caught(expression);
        assert!(!line.starts_with("done"), "{expression}: {line}");
    }
}

/// Reading out all of them would cost 15 to 140 million.
const LONG_TEXT_FUEL: u64 = 3_000_000;

#[test]
fn long_texts_are_cut_before_they_are_read_out() {
    let cost = |prepare: &str, body: &str| {
        let mut guest = Guest::with_handlers(prepare, &format!("{{ onTrade() {{ {body} }} }}"));
        let fuel = guest.fuel(|guest| {
            let thrown = guest.trade(1, "1").err();
            assert!(thrown.is_none_or(|thrown| (1_000..=1_024).contains(&thrown.message.len())), "{prepare} {body}");
        });
        assert!(guest.lines().iter().all(|line| (8_100..=8_193).contains(&line.len())), "{prepare} {body}");
        fuel
    };
    for unit in ["x", "é", "猫", "🐈", "\\ud800"] {
        let text =
            format!("let text = '{unit}'; while (text.length < 1 << 20) text += text; const long = ('-' + text).slice(0);");
        for body in ["throw long", "throw new Error(long)", "const e = new Error('x'); e.name = long; throw e", "log(long)"] {
            let fuel = cost(&text, body);
            assert!(fuel < LONG_TEXT_FUEL, "{unit} {body}: {fuel}");
        }
    }
    let stack = "const e = new Error('-'.repeat(2000)); e.stack = long; throw e";
    assert!(cost("let long = 'x'; while (long.length < 1 << 20) long += long;", stack) < LONG_TEXT_FUEL);
}
