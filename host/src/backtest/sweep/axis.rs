//! A field that a sweep varies, and the values that it takes. `10..100:10` is every tenth from 10 to 100; `a,b,c` are these three.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::backtest::values::value_of_text;
use crate::sandbox::Metadata;

/// Points of a sweep at most: days of work, and rows that nobody reads.
pub const POINTS: usize = 10_000;

/// A field and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The field of the strategy's configuration.
    pub field: String,
    /// In the order that they are tried; at least one.
    pub values: Vec<Value>,
}

/// A sweep that nobody can mean.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AxisError {
    /// Not a list and not a range.
    #[error(
        "{field}: `{given}` is no range: write FROM..TO:STEP with decimals, such as 10..100:10, or values with commas between them"
    )]
    Grammar {
        /// The field.
        field: String,
        /// What was given.
        given: String,
    },
    /// A range that never ends, or is empty.
    #[error("{field}: a range goes up by a step above 0: {given} does not")]
    Step {
        /// The field.
        field: String,
        /// What was given.
        given: String,
    },
    /// More points than a sweep has.
    #[error("the sweep has {points} points or more, at most {POINTS} are allowed: take larger steps")]
    TooMany {
        /// How many.
        points: usize,
    },
    /// A field twice.
    #[error("{0} is varied twice")]
    Twice(String),
    /// A field that the strategy does not have.
    #[error("{field}: is not declared by {strategy}; it has {declared}")]
    Unknown {
        /// The field.
        field: String,
        /// The strategy.
        strategy: String,
        /// Its fields, with commas between them.
        declared: String,
    },
}

impl Axis {
    /// Reads the values of a field; each gets the type that the strategy declares.
    ///
    /// # Errors
    /// [`AxisError`] when the strategy has no such field, or the text follows neither form.
    pub fn parse(metadata: &Metadata, field: &str, text: &str) -> Result<Self, AxisError> {
        let declared = || metadata.config.iter().map(|declared| declared.name.as_str());
        if !metadata.additional_config && declared().all(|name| name != field) {
            let declared = declared().collect::<Vec<_>>().join(", ");
            return Err(AxisError::Unknown { field: shown(field), strategy: metadata.name.to_string(), declared });
        }
        let texts = match text.split_once("..") {
            Some((from, rest)) => range(field, text, from, rest)?,
            None => text.split(',').map(|value| value.trim().to_owned()).collect(),
        };
        if texts.iter().any(String::is_empty) {
            return Err(AxisError::Grammar { field: field.to_owned(), given: shown(text) });
        }
        let values = texts.iter().map(|text| value_of_text(metadata, field, text)).collect();
        Ok(Self { field: field.to_owned(), values })
    }
}

/// Exact: decimals, no floats that add up to 0.30000000000000004.
fn range(field: &str, text: &str, from: &str, rest: &str) -> Result<Vec<String>, AxisError> {
    let grammar = || AxisError::Grammar { field: field.to_owned(), given: shown(text) };
    let number = |text: &str| text.trim().parse::<Decimal>().map_err(|_| grammar());
    let (to, step) = rest.split_once(':').unwrap_or((rest, "1"));
    let (from, to, step) = (number(from)?, number(to)?, number(step)?);
    if step <= Decimal::ZERO || to < from {
        return Err(AxisError::Step { field: field.to_owned(), given: shown(text) });
    }
    let mut values = Vec::new();
    let mut value = from;
    while value <= to {
        if values.len() == POINTS {
            return Err(AxisError::TooMany { points: POINTS + 1 });
        }
        values.push(value.normalize().to_string());
        value = value.checked_add(step).ok_or_else(grammar)?;
    }
    Ok(values)
}

/// How many points a grid has.
///
/// # Errors
/// [`AxisError`] when there are too many, or a field is varied twice.
pub fn points(axes: &[Axis]) -> Result<usize, AxisError> {
    for (place, axis) in axes.iter().enumerate() {
        if axes[..place].iter().any(|other| other.field == axis.field) {
            return Err(AxisError::Twice(axis.field.clone()));
        }
    }
    let points = axes.iter().fold(1_usize, |points, axis| points.saturating_mul(axis.values.len()));
    if points > POINTS { Err(AxisError::TooMany { points }) } else { Ok(points) }
}

fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}
