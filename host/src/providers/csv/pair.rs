//! The symbol that a spelling of a pair means: `BTC-USDT`, `btc/usdt`, `BTCUSDT`, and one inside the name of a file.

use crate::market::Symbol;

/// Currencies that prices are in wherever they end a word.
const QUOTES: [&str; 6] = ["USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD"];
/// Currencies that prices are in only behind one of `BASES`: they end common words too.
const MORE_QUOTES: [&str; 7] = ["EUR", "GBP", "JPY", "TRY", "BTC", "ETH", "BNB"];
const BASES: [&str; 14] = ["BTC", "XBT", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "LTC", "DOT", "TRX", "LINK", "AVAX", "EUR"];

/// The symbol that this text as a whole spells: `BTC-USDT`, `btc/usdt` or `BTCUSDT`; none when it is not clear.
pub fn symbol_of(text: &str) -> Option<Symbol> {
    let text = text.trim().to_ascii_uppercase();
    let parts: Vec<&str> = text.split(['-', '/', '_']).collect();
    match parts.as_slice() {
        [word] => glued(word),
        _ => Symbol::new(&parts.join("-")).ok(),
    }
}

/// The first pair that the name of a file contains.
pub(super) fn symbol_in(file_name: &str) -> Option<Symbol> {
    let name = file_name.to_ascii_uppercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let glued = words.iter().find_map(|word| glued(word));
    let apart = words.windows(2).find_map(|pair| {
        let base = pair[0];
        let known = QUOTES.contains(&pair[1]) || (MORE_QUOTES.contains(&pair[1]) && BASES.contains(&base));
        let fits = matches!(base.len(), 2..=10) && base.bytes().any(|byte| byte.is_ascii_uppercase());
        (known && fits).then(|| Symbol::new(&format!("{base}-{}", pair[1])).ok())?
    });
    glued.or(apart)
}

fn glued(word: &str) -> Option<Symbol> {
    let known = QUOTES.iter().find_map(|quote| Some((word.strip_suffix(quote)?, quote)));
    let more = MORE_QUOTES.iter().find_map(|quote| Some((word.strip_suffix(quote)?, quote)));
    let (base, quote) = known.or(more.filter(|(base, _)| BASES.contains(base)))?;
    let fits = matches!(base.len(), 2..=10) && base.bytes().any(|byte| byte.is_ascii_uppercase());
    fits.then(|| Symbol::new(&format!("{base}-{quote}")).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found() {
        for (name, symbol) in [
            ("BTCUSDT-trades-2024-08-08.csv.gz", "BTC-USDT"),
            ("binance_spot_ethusdt_20240808.csv", "ETH-USDT"),
            ("BTC-USDT.csv", "BTC-USDT"),
            ("sol_usdc_1m.csv", "SOL-USDC"),
            ("ETHBTC.csv", "ETH-BTC"),
            ("1000PEPEUSDT-klines.csv", "1000PEPE-USDT"),
            ("BTCFDUSD.csv", "BTC-FDUSD"),
        ] {
            assert_eq!(symbol_in(name).unwrap().as_str(), symbol, "{name}");
        }
        for name in ["data.csv", "country-data.csv", "btc_perp_1m.csv", "usdt.csv", "trades-2024-08-08.csv"] {
            assert_eq!(symbol_in(name), None, "{name}");
        }
        assert_eq!(symbol_of("btc/usdt").unwrap().as_str(), "BTC-USDT");
        assert_eq!(symbol_of("BTCUSDT").unwrap().as_str(), "BTC-USDT");
        assert_eq!(symbol_of("BTC-USDT-PERP").unwrap().as_str(), "BTC-USDT-PERP");
        assert_eq!(symbol_of("BTC"), None);
    }
}
