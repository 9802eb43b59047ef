//! Courses as SVG: prices with what was traded, equity, drawdown. One drawing stands alone as a file and inside a page; it follows
//! the colours of its reader, light or dark. The same report gives the same bytes. Must not know of pages or of files.

mod axis;

use std::collections::HashSet;
use std::fmt::Write as _;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::ledger::{PlayedFill, PlayedOrder};
use super::numbers::{EquityCurve, PriceCurve};
use crate::base::Timestamp;
use crate::market::Side;
use axis::{Times, Values};

/// Of a drawing, in its own units.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
/// Of the area inside the axes.
const LEFT: f64 = 116.0;
const RIGHT: f64 = 680.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 246.0;

/// Markers of a kind in one drawing: more would hide each other and make the file heavy.
const MARKERS: usize = 1_000;

/// Buy and sell differ in form as well as in colour. Widths of lines do not grow with the drawing.
const STYLE: &str = "<style>.sp{--ink:#1f2933;--soft:#5b6875;--grid:#dde3e9;--line:#40505f;--eq:#0b62c4;--fall:#b42318;--buy:#0b62c4;\
    --sell:#c2560c;background:#fff;font:13px system-ui,sans-serif}@media(prefers-color-scheme:dark){.sp{--ink:#e6ebf0;--soft:#9fb0c0;\
    --grid:#2b3640;--line:#a9b8c6;--eq:#6cb2ff;--fall:#ff8a7a;--buy:#6cb2ff;--sell:#ffab5e;background:#14191e}}.sp text{fill:var(--soft)}\
    .sp .name{fill:var(--ink)}.sp .grid{stroke:var(--grid)}.sp path{vector-effect:non-scaling-stroke}.sp .line{fill:none;\
    stroke:var(--line);stroke-width:1.2;stroke-linejoin:round}.sp .eq{fill:none;stroke:var(--eq);stroke-width:1.5}.sp .fall{fill:var(--fall);\
    fill-opacity:.25;stroke:var(--fall)}.sp .buy{fill:var(--buy)}.sp .sell{fill:var(--sell)}.sp .order{fill:none;stroke:var(--ink)}</style>";

/// The price of a symbol, with a triangle at each of its fills: up for a buy, down for a sell.
pub fn price_with_fills(prices: &PriceCurve, fills: &[PlayedFill]) -> String {
    price_with_orders(prices, &[], fills)
}

/// The same with a ring at each order: at its limit, or at the last price known when it was sent.
pub fn price_with_orders(prices: &PriceCurve, orders: &[PlayedOrder], fills: &[PlayedFill]) -> String {
    let course = points(&prices.time, &prices.price);
    let name = format!("Price of {} at {}", prices.symbol, prices.provider);
    let fills: Vec<_> = fills.iter().filter(|fill| fill.symbol == prices.symbol).collect();
    let orders: Vec<_> = orders.iter().filter(|order| order.symbol == prices.symbol).collect();
    let rings = orders.iter().filter_map(|order| {
        let at = nanos(&order.placed_at)?;
        let price = order.price.and_then(|price| price.to_f64()).or_else(|| value_at(&course, at))?;
        let what = format!("order {} {} at {}", order.side.as_str(), order.quantity, order.placed_at);
        Some(Marker { at, value: price, form: Form::Ring, what })
    });
    let triangles = fills.iter().filter_map(|fill| {
        let (at, value) = (nanos(&fill.traded_at)?, fill.price.to_f64()?);
        let form = if fill.side == Side::Buy { Form::Up } else { Form::Down };
        let what = format!("{} {} for {} at {}", fill.side.as_str(), fill.quantity, fill.price, fill.traded_at);
        Some(Marker { at, value, form, what })
    });
    let markers = [few(rings.collect(), orders.len()), few(triangles.collect(), fills.len())].concat();
    Drawing { name, unit: prices.symbol.quote_currency(), course, markers, look: Look::Line }.svg()
}

/// Capital and profit.
pub fn equity(curve: &EquityCurve, currency: &str) -> String {
    let course = points(&curve.time, &curve.equity);
    Drawing { name: "Equity".into(), unit: currency, course, markers: Vec::new(), look: Look::Equity }.svg()
}

/// How far equity is below its peak so far: 0 at the top.
pub fn drawdown(curve: &EquityCurve, currency: &str) -> String {
    let mut course = points(&curve.time, &curve.drawdown);
    course.iter_mut().for_each(|point| point.1 = 0.0 - point.1);
    Drawing { name: "Drawdown".into(), unit: currency, course, markers: Vec::new(), look: Look::Fall }.svg()
}

/// Text as it may stand in HTML and SVG, between tags and in quoted attributes. Characters that move or hide text (control
/// characters, marks of writing direction) are shown by their number.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(letter),
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                safe.extend(letter.escape_unicode());
            }
            letter if letter.is_control() => safe.extend(letter.escape_unicode()),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Nanoseconds since 1970.
fn nanos(time: &str) -> Option<u64> {
    Timestamp::from_rfc3339(time).map(Timestamp::as_nanos)
}

fn points(times: &[String], values: &[Decimal]) -> Vec<(u64, f64)> {
    times.iter().zip(values).filter_map(|(time, value)| nanos(time).zip(value.to_f64())).collect()
}

/// The value that was known at a time.
fn value_at(course: &[(u64, f64)], at: u64) -> Option<f64> {
    let after = course.partition_point(|point| point.0 <= at);
    course.get(after.saturating_sub(1)).map(|point| point.1)
}

/// At most so many markers as a drawing bears, spread over all.
fn few(markers: Vec<Marker>, of: usize) -> Vec<Marker> {
    let every = of.div_ceil(MARKERS).max(1);
    markers.into_iter().step_by(every).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    Ring,
    Up,
    Down,
}

#[derive(Clone, Debug)]
struct Marker {
    at: u64,
    value: f64,
    form: Form,
    /// In words, for who points at it.
    what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Line,
    Equity,
    Fall,
}

struct Drawing<'a> {
    name: String,
    unit: &'a str,
    course: Vec<(u64, f64)>,
    markers: Vec<Marker>,
    look: Look,
}

impl Drawing<'_> {
    fn svg(&self) -> String {
        let name = escaped(&format!("{} ({})", self.name, self.unit));
        let mut svg = format!(
            "<svg class=\"sp\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{name}\">{STYLE}"
        );
        let times = self.course.iter().map(|point| point.0).chain(self.markers.iter().map(|marker| marker.at));
        let values = self.course.iter().map(|point| point.1).chain(self.markers.iter().map(|marker| marker.value));
        match (Times::of(times, LEFT, RIGHT), Values::of(values, BOTTOM, TOP)) {
            (Some(times), Some(values)) if !self.course.is_empty() => self.draw(&mut svg, &name, &times, &values),
            _ => {
                push(&mut svg, format_args!("<text x=\"360\" y=\"150\" text-anchor=\"middle\">{name}: nothing was heard</text>"))
            }
        }
        svg.push_str("</svg>");
        svg
    }

    fn draw(&self, svg: &mut String, name: &str, times: &Times, values: &Values) {
        for (at, label) in values.ticks() {
            let (line, text) = (values.place(at), values.place(at) + 4.0);
            push(svg, format_args!("<path class=\"grid\" d=\"M{LEFT} {line:.1}H{RIGHT}\"/>"));
            push(svg, format_args!("<text x=\"{:.0}\" y=\"{text:.1}\" text-anchor=\"end\">{label}</text>", LEFT - 8.0));
        }
        for (at, label) in times.ticks() {
            let place = times.place(at);
            push(svg, format_args!("<path class=\"grid\" d=\"M{place:.1} {TOP}V{BOTTOM}\"/>"));
            push(svg, format_args!("<text x=\"{place:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>", BOTTOM + 18.0));
        }
        let middle = (TOP + BOTTOM) / 2.0;
        push(
            svg,
            format_args!(
                "<text class=\"name\" transform=\"translate(14 {middle:.0})rotate(-90)\" text-anchor=\"middle\">{name}</text>"
            ),
        );
        let (axis, below) = ((LEFT + RIGHT) / 2.0, BOTTOM + 42.0);
        push(
            svg,
            format_args!("<text class=\"name\" x=\"{axis:.0}\" y=\"{below:.0}\" text-anchor=\"middle\">{}</text>", times.name()),
        );
        self.line(svg, times, values);
        // Those of the same place look like one.
        let mut taken = HashSet::new();
        for marker in &self.markers {
            let (x, y) = (times.place(marker.at), values.place(marker.value));
            if !taken.insert((format!("{x:.0} {y:.0}"), marker.form)) {
                continue;
            }
            let (class, path) = match marker.form {
                Form::Ring => ("order", format!("M{:.1} {y:.1}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", x - 4.0)),
                Form::Up => ("buy", format!("M{x:.1} {y:.1}l-5 9h10z")),
                Form::Down => ("sell", format!("M{x:.1} {y:.1}l-5 -9h10z")),
            };
            push(svg, format_args!("<path class=\"{class}\" d=\"{path}\"><title>{}</title></path>", escaped(&marker.what)));
        }
    }

    /// A value holds until the next one: steps.
    fn line(&self, svg: &mut String, times: &Times, values: &Values) {
        let class = match self.look {
            Look::Line => "line",
            Look::Equity => "eq",
            Look::Fall => "fall",
        };
        let mut path = String::new();
        let zero = values.place(0.0);
        for (number, point) in self.course.iter().enumerate() {
            let (x, y) = (times.place(point.0), values.place(point.1));
            match (number, self.look) {
                (0, Look::Fall) => push(&mut path, format_args!("M{x:.1} {zero:.1}V{y:.1}")),
                (0, _) => push(&mut path, format_args!("M{x:.1} {y:.1}")),
                _ => push(&mut path, format_args!("H{x:.1}V{y:.1}")),
            }
        }
        if self.look == Look::Fall {
            push(&mut path, format_args!("V{zero:.1}Z"));
        }
        push(svg, format_args!("<path class=\"{class}\" d=\"{path}\"/>"));
    }
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(prices: &[&str]) -> PriceCurve {
        PriceCurve {
            provider: "paper".parse().unwrap(),
            symbol: "BTC-USDT".parse().unwrap(),
            time: (0..prices.len() as u64).map(|second| Timestamp::from_millis(second * 1_000).to_rfc3339()).collect(),
            price: prices.iter().map(|price| price.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn a_course_is_drawn_to_scale() {
        let svg = price_with_fills(&curve(&["100", "110", "105"]), &[]);
        // 100 to 110 with ticks of 2; 0 s at the left end, 2 s at the right.
        assert!(svg.contains("d=\"M116.0 246.0H398.0V14.0H680.0V130.0\""), "{svg}");
        assert!(
            svg.contains(">100</text>") && svg.contains(">110</text>") && svg.contains("Price of BTC-USDT at paper (USDT)"),
            "{svg}"
        );
        assert!(svg.contains(">00:00:01</text>") && svg.contains("Time (UTC), 1970-01-01"), "{svg}");
    }

    #[test]
    fn nothing_and_one_point_are_drawn_too() {
        assert!(price_with_fills(&curve(&[]), &[]).contains("nothing was heard"));
        let one = price_with_fills(&curve(&["5"]), &[]);
        assert!(!one.contains("NaN") && !one.contains("inf"), "{one}");
    }

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(escaped("<script>'\"&\u{202e}\u{0}x\n"), "&lt;script&gt;&#39;&quot;&amp;\\u{202e}\\u{0}x\n");
    }
}
