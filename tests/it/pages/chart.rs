//! A market and what a strategy did in it, as an SVG: its price, orders and fills where they happened, and below them the profit.
//! Readable on a light and on a dark page, and the same bytes for the same figures. Knows nothing of strategies and pages.

use std::fmt::Write as _;
use std::ops::Range;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 944.0;
const PRICES: Range<f64> = 44.0..334.0;
const PROFITS: Range<f64> = 372.0..472.0;
/// Below a panel, for the times.
const FOOT: f64 = 28.0;
/// Pixels that share one stroke from their lowest to their highest price.
const COLUMN: f64 = 2.0;

/// Its own background, since a page's theme is not always that of its reader's machine.
const STYLE: &str = "<style>\
    .ground{fill:#ffffff;stroke:#d0d7de}.grid{stroke:#d8dee4}.zero{stroke:#8c959f}text{fill:#57606a;font:12px sans-serif}\
    .title{fill:#1f2328;font-weight:bold}.price{stroke:#0969da}.profit{stroke:#8250df}.bought{fill:#1a7f37}.sold{fill:#cf222e}\
    .order{fill:none}.order.buy{stroke:#1a7f37}.order.sell{stroke:#cf222e}\
    @media(prefers-color-scheme:dark){\
    .ground{fill:#0d1117;stroke:#30363d}.grid{stroke:#21262d}.zero{stroke:#6e7681}text{fill:#8b949e}\
    .title{fill:#e6edf3}.price{stroke:#58a6ff}.profit{stroke:#bc8cff}.bought{fill:#3fb950}.sold{fill:#f85149}\
    .order.buy{stroke:#3fb950}.order.sell{stroke:#f85149}}\
    </style>";

/// At a time, in milliseconds since the epoch.
pub(crate) type Point = (i64, f64);

/// An order or a fill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) at: Point,
    pub(crate) is_buy: bool,
}

/// What is drawn.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) title: String,
    /// Of the market, in the order of their times; at least one.
    pub(crate) prices: Vec<Point>,
    pub(crate) orders: Vec<Mark>,
    pub(crate) fills: Vec<Mark>,
    /// After each trade; without any there is no second panel.
    pub(crate) profit: Vec<Point>,
    /// Of the profit.
    pub(crate) currency: String,
}

/// A panel: which times and values lie where.
struct Panel {
    times: Range<f64>,
    values: Range<f64>,
    pixels: Range<f64>,
}

impl Panel {
    fn new(times: &Range<f64>, values: impl Iterator<Item = f64>, pixels: Range<f64>) -> Self {
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        let room = ((high - low) * 0.05).max(1e-6);
        Self { times: times.clone(), values: low - room..high + room, pixels }
    }

    fn x(&self, time: i64) -> f64 {
        LEFT + (time as f64 - self.times.start) / (self.times.end - self.times.start) * (RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.values.start) / (self.values.end - self.values.start);
        self.pixels.end - share * (self.pixels.end - self.pixels.start)
    }

    fn holds(&self, value: f64) -> bool {
        self.values.contains(&value)
    }

    /// Lines across at round values, and what they stand for.
    fn values_across(&self, lines: f64) -> String {
        let step = round_step((self.values.end - self.values.start) / lines);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let first = (self.values.start / step).ceil() as i64;
        let last = (self.values.end / step).floor() as i64;
        let mut svg = String::new();
        for value in (first..=last).map(|n| n as f64 * step) {
            let (y, class) = (self.y(value), if value == 0.0 { "zero" } else { "grid" });
            write!(svg, r#"<path class="{class}" d="M{LEFT} {y:.1}H{RIGHT}"/>"#).unwrap();
            writeln!(svg, r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{value:.decimals$}</text>"#, LEFT - 6.0, y + 4.0)
                .unwrap();
        }
        svg
    }

    /// Lines down at full minutes, with the time of day where it is asked for.
    fn minutes_down(&self, named: bool) -> String {
        const MINUTE: i64 = 60_000;
        let mut svg = String::new();
        for minute in (self.times.start as i64).div_euclid(MINUTE) + 1..=(self.times.end as i64).div_euclid(MINUTE) {
            let x = self.x(minute * MINUTE);
            let (top, bottom) = (self.pixels.start, self.pixels.end);
            writeln!(svg, r#"<path class="grid" d="M{x:.1} {top:.1}V{bottom:.1}"/>"#).unwrap();
            if named {
                let (hour, minute) = (minute.div_euclid(60) % 24, minute % 60);
                writeln!(svg, r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle">{hour:02}:{minute:02}</text>"#, bottom + 17.0)
                    .unwrap();
            }
        }
        svg
    }

    /// A line from value to value; of those that fall into one column of pixels the first, lowest, highest and last count.
    fn line(&self, points: &[Point], class: &str) -> String {
        let mut columns: Vec<(f64, [f64; 4])> = Vec::new();
        for &(time, value) in points {
            let (x, y) = ((self.x(time) / COLUMN).floor() * COLUMN, self.y(value));
            match columns.last_mut() {
                Some((column, [_, low, high, last])) if *column == x => {
                    (*low, *high, *last) = (low.min(y), high.max(y), y);
                }
                _ => columns.push((x, [y; 4])),
            }
        }
        let mut path = String::new();
        for (x, [first, low, high, last]) in columns {
            let letter = if path.is_empty() { 'M' } else { 'L' };
            write!(path, "{letter}{x:.0} {first:.1}").unwrap();
            if low < high {
                write!(path, "V{low:.1}V{high:.1}V{last:.1}").unwrap();
            }
        }
        format!("<path class=\"{class}\" fill=\"none\" stroke-width=\"1.2\" d=\"{path}\"/>\n")
    }
}

/// The next of 1, 2, 5, 10, 20... that is no less.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= least).unwrap_or(power * 10.0)
}

/// A triangle on the price of a fill: it points up for what was bought and down for what was sold, also for who sees no colours.
fn fill(x: f64, y: f64, is_buy: bool) -> String {
    let (class, tail) = if is_buy { ("bought", 9.0) } else { ("sold", -9.0) };
    format!("<path class=\"{class}\" d=\"M{x:.1} {y:.1}l4.5 {tail}h-9z\"/>\n")
}

/// A ring at the price of an order, where it was sent.
fn order(x: f64, y: f64, is_buy: bool) -> String {
    let class = if is_buy { "buy" } else { "sell" };
    format!("<circle class=\"order {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>\n")
}

impl Chart {
    /// The document.
    pub(crate) fn svg(&self) -> String {
        let times = self.prices[0].0 as f64..self.prices[self.prices.len() - 1].0 as f64;
        let filled = self.fills.iter().map(|mark| mark.at.1);
        let prices = Panel::new(&times, self.prices.iter().map(|point| point.1).chain(filled), PRICES);
        let profit =
            (!self.profit.is_empty()).then(|| Panel::new(&times, self.profit.iter().map(|point| point.1).chain([0.0]), PROFITS));
        let height = profit.as_ref().unwrap_or(&prices).pixels.end + FOOT;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n<title>{0}</title>\n{STYLE}\n\
             <rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"{1}\" height=\"{2}\" rx=\"6\"/>\n\
             <text class=\"title\" x=\"14\" y=\"24\">{0}</text>\n",
            self.title,
            WIDTH - 1.0,
            height - 1.0,
        );
        if !self.orders.is_empty() {
            svg += &legend();
        }
        svg += &prices.minutes_down(profit.is_none());
        svg += &prices.values_across(6.0);
        svg += &prices.line(&self.prices, "price");
        // A rung that stands far from the market would flatten the market to a line: it is left out.
        for Mark { at: (time, price), is_buy } in self.orders.iter().filter(|mark| prices.holds(mark.at.1)) {
            svg += &order(prices.x(*time), prices.y(*price), *is_buy);
        }
        for Mark { at: (time, price), is_buy } in &self.fills {
            svg += &fill(prices.x(*time), prices.y(*price), *is_buy);
        }
        if let Some(panel) = profit {
            writeln!(svg, r#"<text x="14" y="{:.1}">net profit, {}</text>"#, panel.pixels.start - 12.0, self.currency).unwrap();
            svg += &panel.minutes_down(true);
            svg += &panel.values_across(3.0);
            svg += &panel.line(&self.profit, "profit");
        }
        svg + "</svg>\n"
    }
}

fn legend() -> String {
    let mut svg = String::new();
    for (x, sign, text) in [
        (690.0, order(690.0, 20.0, true), "order sent"),
        (782.0, fill(782.0, 15.0, true), "bought"),
        (854.0, fill(854.0, 24.0, false), "sold"),
    ] {
        svg += &sign;
        writeln!(svg, r#"<text x="{:.1}" y="24">{text}</text>"#, x + 10.0).unwrap();
    }
    svg
}
