//! Round trips as a CSV file (RFC 4180), one row each. Must not know where it is written.

use super::round_trips::RoundTrip;

/// The columns: the names that the JSON answer has.
const COLUMNS: [&str; 13] = [
    "provider",
    "symbol",
    "side",
    "openedAt",
    "closedAt",
    "quantity",
    "entryPrice",
    "exitPrice",
    "gross",
    "fees",
    "net",
    "return",
    "durationMs",
];

/// All of them, with a head; what is absent is empty.
///
/// # Errors
/// Those of the CSV writer; none that a round trip can cause.
pub fn trades_csv(trips: &[RoundTrip]) -> Result<Vec<u8>, csv::Error> {
    let terminator = csv::Terminator::CRLF;
    let mut writer = csv::WriterBuilder::new().has_headers(false).terminator(terminator).from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for trip in trips {
        writer.serialize(trip)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_those_of_the_json_answer() {
        let trip: RoundTrip = serde_json::from_value(serde_json::json!({
            "provider": "paper", "symbol": "BTC-USDT", "side": "Buy", "openedAt": "2024-08-08T00:00:00Z", "closedAt": null,
            "quantity": "0.5", "entryPrice": "100", "exitPrice": null, "gross": "-1.5", "fees": "0", "net": "-1.5", "return": -0.03,
            "durationMs": 12,
        }))
        .unwrap();
        let value = serde_json::to_value(&trip).unwrap();
        assert!(value.as_object().unwrap().keys().eq(COLUMNS));
        let side = value["side"].as_str().unwrap();
        let row = format!("paper,BTC-USDT,{side},2024-08-08T00:00:00Z,,0.5,100,,-1.5,0,-1.5,-0.03,12\r\n");
        assert_eq!(String::from_utf8(trades_csv(&[trip]).unwrap()).unwrap(), format!("{}\r\n{row}", COLUMNS.join(",")));
        assert_eq!(trades_csv(&[]).unwrap(), format!("{}\r\n", COLUMNS.join(",")).into_bytes());
    }
}
