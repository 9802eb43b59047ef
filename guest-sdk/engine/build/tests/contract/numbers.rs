//! Numbers that are compared and computed with, integers beside fractions: the engine has a short way for them (`prelude.h`),
//! which must give what JavaScript defines.

use crate::support::*;

const NUMBERS: [f64; 17] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    0.5,
    -0.5,
    1.5,
    0.1,
    2_147_483_647.0,
    -2_147_483_648.0,
    2_147_483_648.0,
    9_007_199_254_740_993.0,
    1e308,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// JavaScript that makes this number: once as QuickJS likes it (an integer where it is one), once as a fraction.
fn spellings(number: f64) -> [String; 2] {
    let text = if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else {
        format!("{number}")
    };
    [text.clone(), format!("({text} * half * 2)")]
}

#[test]
fn two_numbers_compare_and_compute_as_javascript_says() {
    let operators: [(&str, fn(f64, f64) -> bool); 6] = [
        ("<", |a, b| a < b),
        ("<=", |a, b| a <= b),
        (">", |a, b| a > b),
        (">=", |a, b| a >= b),
        ("===", |a, b| a == b),
        ("!==", |a, b| a != b),
    ];
    let computations: [(&str, fn(f64, f64) -> f64); 5] =
        [("+", |a, b| a + b), ("-", |a, b| a - b), ("*", |a, b| a * b), ("/", |a, b| a / b), ("%", |a, b| a % b)];
    // Halved and doubled again, 1e308 and the rest stay what they are; the zeros keep their sign.
    let mut script =
        String::from("const half = Number('0.5'); const told = []; const bits = new DataView(new ArrayBuffer(8));\n");
    script.push_str("const tell = n => { bits.setFloat64(0, n === n ? n : 0); told.push(n === n ? bits.getBigUint64(0).toString(16) : 'NaN') };\n");
    script.push_str("const check = (a, b) => { told.push([");
    script.push_str(&operators.map(|(sign, _)| format!("a {sign} b")).join(", "));
    script.push_str("].map(Number).join('')); ");
    script.push_str(&computations.map(|(sign, _)| format!("tell(a {sign} b);")).join(" "));
    script.push_str(" let sum = a; sum += b; tell(sum); };\n");
    let mut expected = Vec::new();
    for a in NUMBERS {
        for b in NUMBERS {
            for (left, right) in spellings(a).iter().flat_map(|left| spellings(b).map(|right| (left.clone(), right))) {
                script.push_str(&format!("check({left}, {right});\n"));
                expected.push(operators.map(|(_, holds)| u8::from(holds(a, b)).to_string()).join(""));
                let tell = |number: f64| if number.is_nan() { "NaN".to_owned() } else { format!("{:x}", number.to_bits()) };
                expected.extend(computations.map(|(_, compute)| tell(compute(a, b))));
                expected.push(tell(a + b));
            }
        }
    }
    script.push_str("for (let i = 0; i < told.length; i += 100) log(told.slice(i, i + 100).join());");
    let told: Vec<String> =
        Guest::run(&script).iter().flat_map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>()).collect();
    assert_eq!(told.len(), expected.len());
    for (place, (told, expected)) in told.iter().zip(&expected).enumerate() {
        assert_eq!(told, expected, "answer {place}");
    }
}

#[test]
fn what_is_no_number_takes_the_long_way() {
    let lines = Guest::run(
        "const text = ['a', 'b'].join(''), same = ['a', 'b'].join(''), one = {}, sign = Symbol('s'), big = 10n ** 30n;
         log(text === same, text === text, text !== same, text === 'a', one === one, one === {}, one !== {});
         log(sign === sign, sign === Symbol('s'), big === big, big === 10n ** 30n, big === 1n, 1n === 1, 1n == 1);
         log(null === undefined, undefined === undefined, null === null, true === true, true === 1, 0 === false, '1' === 1);
         log('2' < 10, '2' < '10', 1.5 < '2', null < 0.5, undefined < 0.5, 2n < 2.5, [2] < 2.5, true > 0.5);
         log('a' + 0.5, 0.5 + 'a', null + 0.5, undefined + 0.5, '3' * 0.5, '3' - 0.5, [4] / 0.5, true * 0.5);
         const order = []; const spy = name => ({ valueOf() { order.push(name); return 1.5 } });
         log(spy('a') < spy('b'), spy('c') > 1, spy('d') * 2, 2 - spy('e'), order.join());
         const failed = f => { try { return f() } catch (error) { return error.name } };
         log(failed(() => 1n + 0.5), failed(() => sign < 0.5), failed(() => sign * 0.5), failed(() => ({ valueOf() { throw new RangeError('r') } }) < 1));
         let sum = 2147483647; sum += 1; log(sum, [7, 8][0.5 * 2], ({ 2: 'two' })[4 * 0.5]);",
    );
    assert_eq!(
        lines,
        [
            "true true false false true false true",
            "true false true true false false true",
            "false true true true false false false",
            "true false true true false true true true",
            "a0.5 0.5a 0.5 NaN 1.5 2.5 8 0.5",
            "false true 3 0.5 a,b,c,d,e",
            "TypeError TypeError TypeError RangeError",
            "2147483648 8 two",
        ]
    );
}
