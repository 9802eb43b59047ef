//! Between decimal text and JavaScript numbers. Numbers are for an author's arithmetic; what reaches the venue is text.

/// Powers of ten that a double holds exactly, as far as they are needed here.
const EXACT_POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The double nearest to a decimal; none when the text is no finite number.
pub fn to_number(text: &str) -> Option<f64> {
    short(text.as_bytes()).or_else(|| text.parse().ok().filter(|number: &f64| number.is_finite()))
}

/// Up to 15 digits with at most one point between them, as nearly every price is: both halves of the division are exact,
/// so its result is the nearest double. None means "ask the general parser".
fn short(text: &[u8]) -> Option<f64> {
    if text.len() > EXACT_POWERS.len() {
        return None;
    }
    let mut digits = 0u64;
    let mut point = None;
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() && index > 0 => point = Some(index),
            _ => return None,
        }
    }
    let decimals = point.map_or(0, |point| text.len() - point - 1);
    let count = text.len() - usize::from(point.is_some());
    (count > 0 && count < EXACT_POWERS.len()).then(|| digits as f64 / EXACT_POWERS[decimals])
}

/// The shortest decimal without exponent that reads back as the number: `1e-7` is `0.0000001`. What is no decimal gets a
/// text that does not parse as one.
pub fn from_number(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        number.to_string()
    }
}
