//! What authors may write for a side, a quantity, a price, a duration or a seed, and what it means. Text stays text: the
//! host parses decimals, so nothing here rounds or guesses.

use crate::decimal;
use crate::js::{JsResult, Value, throw_coded, throw_type_error};
use crate::text::text_of;
use crate::wit::sandpit::strategy::types::{Side, TimeInForce};

/// Longer names than this are no provider, symbol or side: they never cross to the host.
const NAME_BYTES: usize = 256;

/// Longer texts than this are no decimal.
const DECIMAL_BYTES: usize = 1_024;

/// `undefined`, `null` and blank text mean "the default"; other text is trimmed.
pub fn name(value: &Value, what: &str) -> JsResult<Option<String>> {
    if value.is_nullish() {
        return Ok(None);
    }
    let text = value.to_text()?;
    let text = text.trim();
    if text.len() > NAME_BYTES {
        let code = if what == "provider" { "unknown_provider".to_owned() } else { format!("invalid_{what}") };
        return Err(throw_coded(&code, &format!("{what} longer than {NAME_BYTES} bytes")));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// `buy`, `long`, `bid`, `sell`, `short`, `ask` in any case, or the sign of a number.
pub fn side(value: &Value) -> JsResult<Side> {
    if let Some(number) = value.as_number() {
        return Ok(if number >= 0.0 { Side::Buy } else { Side::Sell });
    }
    let text = if value.is_string() { value.to_text()? } else { text_of(value) };
    match text.trim().to_ascii_lowercase().as_str() {
        "buy" | "long" | "bid" if value.is_string() => Ok(Side::Buy),
        "sell" | "short" | "ask" if value.is_string() => Ok(Side::Sell),
        _ => Err(throw_coded("invalid_side", &format!("invalid trade side {}", shortened(&text)))),
    }
}

/// The text of a quantity. Numbers become their shortest fixed-point decimal; text passes as it is.
pub fn quantity(value: &Value) -> JsResult<String> {
    let text = if value.is_nullish() {
        String::new()
    } else if let Some(number) = value.as_number() {
        decimal::from_number(number)
    } else if value.as_bool().is_some() || value.is_array() {
        return Err(throw_coded("invalid_quantity", "quantity must be a number or decimal text"));
    } else {
        value.to_text()?
    };
    if text.len() > DECIMAL_BYTES {
        return Err(throw_coded("invalid_quantity", &format!("quantity longer than {DECIMAL_BYTES} digits")));
    }
    Ok(text)
}

/// The text of a price; none for `undefined`, `null` and blank text.
pub fn price(value: &Value) -> JsResult<Option<String>> {
    if value.is_nullish() {
        return Ok(None);
    }
    if let Some(number) = value.as_number() {
        return Ok(Some(decimal::from_number(number)));
    }
    if !value.is_string() && !value.is_big_int() {
        let kind = kind_of(value);
        return Err(throw_coded("invalid_price", &format!("unsupported price type {kind}")));
    }
    let text = value.to_text()?;
    let text = text.trim();
    if text.len() > DECIMAL_BYTES {
        return Err(throw_coded("invalid_price", &format!("price longer than {DECIMAL_BYTES} digits")));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

pub fn time_in_force(value: &Value) -> JsResult<Option<TimeInForce>> {
    if value.is_nullish() {
        return Ok(None);
    }
    let text = text_of(value);
    match text.trim().to_ascii_uppercase().as_str() {
        "GTC" => Ok(Some(TimeInForce::Gtc)),
        "IOC" => Ok(Some(TimeInForce::Ioc)),
        "FOK" => Ok(Some(TimeInForce::Fok)),
        "POST" | "POST_ONLY" | "PO" => Ok(Some(TimeInForce::PostOnly)),
        _ => Err(throw_coded(
            "invalid_time_in_force",
            &format!("invalid timeInForce {}: use GTC, IOC, FOK or POST_ONLY", shortened(&text)),
        )),
    }
}

/// The seed of `selectProvider`: a number or numeric text, cut to an integer without its sign. None for anything else.
pub fn seed(value: &Value) -> JsResult<Option<u64>> {
    let number = match value.as_number() {
        Some(number) => Some(number),
        None if value.is_string() => value.with_text(|text| text.trim().parse::<f64>().ok())?.filter(|n| n.is_finite()),
        None => None,
    };
    Ok(number.map(|number| number.abs() as u64))
}

/// A duration in nanoseconds: a number of milliseconds, or text such as `1h30m`. None for what is neither, or negative.
pub fn duration(value: &Value) -> JsResult<Option<u64>> {
    if let Some(milliseconds) = value.as_number() {
        return Ok((milliseconds > 0.0).then_some((milliseconds * 1e6) as u64));
    }
    if value.is_string() { value.with_text(|text| go_duration(text.trim())) } else { Ok(None) }
}

/// Go's duration grammar: one or more decimal numbers, each with a unit. Negative and unit-less texts are none.
fn go_duration(text: &str) -> Option<u64> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let unit_end = rest.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(rest.len());
        let nanoseconds = match &rest[..unit_end] {
            "ns" => 1.0,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3_600e9,
            _ => return None,
        };
        total += number * nanoseconds;
        rest = &rest[unit_end..];
    }
    Some(total as u64)
}

/// A setting of `setTimeout`: milliseconds, at least one.
pub fn delay(value: &Value) -> u64 {
    let milliseconds = value.as_number().unwrap_or(0.0).max(1.0);
    (milliseconds * 1e6) as u64
}

/// The object of an optional last argument; none when it is left out.
pub fn options<'value>(value: &'value Value, function: &str) -> JsResult<Option<&'value Value>> {
    if value.is_nullish() {
        Ok(None)
    } else if value.is_object() && !value.is_array() && !value.is_function() {
        Ok(Some(value))
    } else {
        Err(throw_type_error(&format!("{function}: options must be an object, not {}", kind_of(value))))
    }
}

fn kind_of(value: &Value) -> &'static str {
    if value.is_array() {
        "array"
    } else if value.as_bool().is_some() {
        "boolean"
    } else if value.is_symbol() {
        "symbol"
    } else if value.is_function() {
        "function"
    } else if value.is_object() {
        "object"
    } else if value.is_string() {
        "string"
    } else {
        "number"
    }
}

/// Enough of a text to recognise it in a message.
fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(64);
    if end < text.len() { format!("{:?}...", &text[..end]) } else { format!("{text:?}") }
}
