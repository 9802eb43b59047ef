//! Two fields of a sweep against each other: the figure of each point, coloured on a terminal, and the best and worst marked
//! everywhere.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::Value;

use crate::backtest::sweep::{Axis, Ranking, SweepPoint};
use crate::cli::output::Output;

/// Columns that fit on a screen.
const COLUMNS: usize = 12;

/// The map, or why there is none.
pub(super) fn map(points: &[SweepPoint], down: &Axis, across: &Axis, ranking: &Ranking, output: Output) -> String {
    if across.values.len() > COLUMNS {
        return format!("No map: {} has more than {COLUMNS} values.\n", across.field);
    }
    let figures: Vec<Option<Decimal>> = points.iter().map(|point| ranking.figure(point)).collect();
    let known = figures.iter().flatten();
    let (Some(most), Some(least)) = (known.clone().max(), known.min()) else { return String::new() };
    let cell = |figure: &Option<Decimal>| match figure {
        Some(figure) if most > least && figure == most => format!("{}+", short(*figure)),
        Some(figure) if most > least && figure == least => format!("{}-", short(*figure)),
        Some(figure) => format!("{} ", short(*figure)),
        None => "none ".to_owned(),
    };
    let cells: Vec<String> = figures.iter().map(cell).collect();
    let width = cells.iter().map(String::len).chain(across.values.iter().map(|value| shown(value).len() + 1)).max().unwrap_or(0);
    let label = down.values.iter().map(|value| shown(value).len()).max().unwrap_or(0);
    let mut text = format!("{} down, {} across; + the best, - the worst\n{:label$}", down.field, across.field, "");
    for value in &across.values {
        text.push_str(&format!("  {:>width$}", format!("{} ", shown(value))));
    }
    text.push('\n');
    let rows = cells.chunks(across.values.len().max(1)).zip(figures.chunks(across.values.len().max(1)));
    for (value, (cells, figures)) in down.values.iter().zip(rows) {
        text.push_str(&format!("{:>label$}", shown(value)));
        for (cell, figure) in cells.iter().zip(figures) {
            let padded = format!("  {cell:>width$}");
            text.push_str(&match figure {
                Some(figure) => output.shaded(&padded, place(*figure, *least, *most)),
                None => padded,
            });
        }
        text.push('\n');
    }
    text
}

/// From 0 (the worst) to 1 (the best).
fn place(figure: Decimal, least: Decimal, most: Decimal) -> f64 {
    let share = (figure - least).checked_div(most - least);
    share.and_then(|share| share.to_f64()).unwrap_or(0.5)
}

fn short(figure: Decimal) -> String {
    if figure.abs() < Decimal::ONE { figure.round_sf(2).unwrap_or(figure) } else { figure.round_dp(2) }.normalize().to_string()
}

/// A value of a configuration without the quotes of JSON.
pub(super) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::backtest::sweep::{Figures, Rank};
    use crate::base::Digest;

    #[test]
    fn the_map_is_readable_without_colours() {
        let point = |net: Option<i64>| SweepPoint {
            config: serde_json::Map::new(),
            figures: net.map(|net| Figures {
                ratio: [].into(),
                sharpe: [].into(),
                max_drawdown: [].into(),
                net: [("USDT".into(), Decimal::new(net, 1))].into(),
                orders: 0,
                fills: 0,
                faults: 0,
                exceptions: 0,
                fuel: 0,
                results_hash: Digest::of(b""),
            }),
            error: None,
        };
        let points = [Some(-125), Some(5), None, Some(1_000)].map(point);
        let axis = |field: &str, values: [Value; 2]| Axis { field: field.into(), values: values.into() };
        let (down, across) = (axis("period", [json!(10), json!(20)]), axis("size", [json!("0.1"), json!("0.25")]));
        let lines =
            "period down, size across; + the best, - the worst\n      0.1    0.25 \n10  -12.5-    0.5 \n20   none     100+\n";
        let ranking = Ranking::of(&points, Rank::Net);
        assert_eq!(map(&points, &down, &across, &ranking, Output::default()), lines);
        let wide = Axis { values: vec![json!(1); COLUMNS + 1], ..across };
        assert!(map(&points, &down, &wide, &ranking, Output::default()).starts_with("No map"));
    }
}
