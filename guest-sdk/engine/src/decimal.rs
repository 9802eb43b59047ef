//! Between decimal text and JavaScript numbers. Numbers are for an author's arithmetic; what reaches the venue is text.

/// Powers of ten that a double holds exactly, as far as they are needed here.
const EXACT_POWERS: [f64; 19] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];

/// Texts of up to this many bytes have at most 15 digits, which a double holds exactly.
const SHORT_BYTES: usize = 16;

/// Up to here a double holds every whole number.
const EXACT_UNITS: u64 = 1 << 53;

/// The double nearest to a decimal; none when the text is no finite number.
pub fn to_number(text: &str) -> Option<f64> {
    short(text.as_bytes()).or_else(|| text.parse().ok().filter(|number: &f64| number.is_finite()))
}

/// The double nearest to `units / 10^scale`.
pub fn number_of(units: i64, scale: u8) -> f64 {
    match EXACT_POWERS.get(usize::from(scale)) {
        // Both are exact, so their quotient is the nearest double.
        Some(power) if units.unsigned_abs() <= EXACT_UNITS => units as f64 / power,
        _ => Digits::of(units, scale).as_str().parse().unwrap_or(0.0),
    }
}

/// The text of a decimal or of a whole number, on the stack.
pub struct Digits {
    text: [u8; Digits::MOST_BYTES],
    begin: usize,
}

impl Digits {
    /// The digits after the point that there is room for; `wit/` promises no more.
    const MOST_SCALE: u8 = 18;
    /// The 20 digits of a `u64`, a sign and a point.
    const MOST_BYTES: usize = 22;

    /// Of `units / 10^scale`.
    pub fn of(units: i64, scale: u8) -> Digits {
        let mut digits = Digits::write(units.unsigned_abs(), scale.min(Digits::MOST_SCALE));
        if units < 0 {
            digits.push(b'-');
        }
        digits
    }

    pub fn of_whole(number: u64) -> Digits {
        Digits::write(number, 0)
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[self.begin..]).unwrap_or_default()
    }

    fn write(mut rest: u64, scale: u8) -> Digits {
        let mut digits = Digits { text: [0; Digits::MOST_BYTES], begin: Digits::MOST_BYTES };
        for _ in 0..scale {
            digits.push(b'0' + (rest % 10) as u8);
            rest /= 10;
        }
        if scale > 0 {
            digits.push(b'.');
        }
        loop {
            digits.push(b'0' + (rest % 10) as u8);
            rest /= 10;
            if rest == 0 {
                return digits;
            }
        }
    }

    /// In front of what is there.
    fn push(&mut self, byte: u8) {
        self.begin -= 1;
        self.text[self.begin] = byte;
    }
}

/// Up to 15 digits with at most one point between them, as nearly every price is: both halves of the division are exact,
/// so its result is the nearest double. None means "ask the general parser".
fn short(text: &[u8]) -> Option<f64> {
    if text.len() > SHORT_BYTES {
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
    (count > 0 && count < SHORT_BYTES).then(|| digits as f64 / EXACT_POWERS[decimals])
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
