//! `docs/errors.md`, written from the tables of the code: what clients, operators and authors can be told, and what to do.

use std::fmt::Write as _;
use std::path::Path;

use super::error::Code;
use crate::sandbox::FaultCode;
use crate::trading::{DenialCode, OrderError};

const HEAD: &str = "\
# Errors

Written by `cargo xtask bless` from the tables in the code; a test fails when it is stale.

Every failed request is answered with one envelope:

```json
{
  \"status\": \"error\",
  \"error\": \"strategy_not_found\",
  \"message\": \"strategy module not found: there is no strategy `zzz`\",
  \"requestId\": \"5f2c91aa-17\"
}
```

`error` is a code of the first table and never changes its meaning; `message` is for people and may. `requestId` is also the header
`X-Request-Id` and stands in the host's log; send one of your own (1 to 64 letters, digits, `.`, `_`, `-`) to have it used. `details` has
facts for programs where there are any. `strategy_validation_failed` carries `diagnostics`: `stage` (`compile`, `execute`, `validation`),
`message`, and where they are known `file`, `line`, `column`, `excerpt`, `hint` and the `code` of a fault. Answers with 429 and 503 carry
`Retry-After`.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n## Requests\n\n| status | code | meaning |\n|---|---|---|\n");
    for code in Code::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| {} | `{}` | {} |", code.status().as_u16(), code.as_str(), code.meaning());
    }
    page.push_str("\n## Faults\n\nWhy a guest was thrown away: `lastError.code` of an instance, `code` of a diagnostic, the label `code` in the metrics.\n");
    page.push_str("An uncaught JavaScript exception is no fault: `lastError.code` is then `exception`, and the guest goes on.\n");
    page.push_str("\n| code | blame | meaning |\n|---|---|---|\n");
    for code in FaultCode::ALL {
        let _ = writeln!(page, "| `{}` | {} | {} |", code.as_str(), code.blame().as_str(), fault(code));
    }
    page.push_str("\n## Denials\n\nWhy the risk check refused an order: `error.code` in JavaScript, and `denied: <code>: ...` in the report that follows.\n");
    page.push_str("A denial with a breach type counts towards the kill switch.\n");
    page.push_str("\n| code | breach type | meaning |\n|---|---|---|\n");
    for code in DenialCode::ALL {
        let breach = code.breach_type().map_or("none".to_owned(), |breach| format!("`{breach}`"));
        let _ = writeln!(page, "| `{}` | {breach} | {} |", code.as_str(), code.describe());
    }
    page.push_str("\n## Calls that were wrong\n\nWhat `error.code` says when the call itself could not be meant: nothing is recorded and no report follows.\n\n");
    let codes: Vec<String> = OrderError::CODES.iter().map(|code| format!("`{code}`")).collect();
    let _ = writeln!(page, "{}", codes.join(", "));
    page
}

fn fault(code: FaultCode) -> &'static str {
    match code {
        FaultCode::FuelExhausted => "A call used up its fuel: an endless loop, or too much work for one event.",
        FaultCode::MemoryExhausted => "The guest reached its memory limit and could not go on.",
        FaultCode::StackOverflow => {
            "The WebAssembly stack overflowed. Recursion in JavaScript is caught before that, as a `RangeError`."
        }
        FaultCode::DeadlineExceeded => "A call ran longer than its deadline; sleep does not count.",
        FaultCode::HelperLimit => "A call used helpers too often.",
        FaultCode::HelperNotAllowed => "A helper was called where none may be, such as at the top level of the source.",
        FaultCode::JobLimit => "A call queued too many promise jobs.",
        FaultCode::ArgumentTooLarge => "One call of a helper carried more data than is ever accepted.",
        FaultCode::GuestTrap => "The engine inside the guest stopped in any other way.",
        FaultCode::Cancelled => "The host asked the guest to end.",
        FaultCode::HostCapacity => "The host has no room for another guest.",
        FaultCode::HostBug => "The host itself failed while the guest ran. Please report it.",
    }
}

#[test]
fn golden_errors_page_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
    let page = page();
    if std::env::var_os("SANDPIT_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, page, "docs/errors.md is stale: run `cargo xtask bless`");
}
