//! What authors may rely on: positions in diagnostics, determinism, recursion, time, sleep, timers, saved state.

use super::lab::{Lab, compile, diagnostic, on_trade, strategy, trade};
use crate::compile::Stage;
use crate::sandbox::FaultCode;

#[tokio::test]
async fn a_component_imports_nothing_but_the_world() {
    let compiled = compile(&on_trade("")).await.unwrap();
    for import in &compiled.imports {
        assert!(import.starts_with("sandpit:strategy/") && import.ends_with("@1.0.0"), "{import}");
    }
    assert!(!compiled.imports.is_empty());
    assert!(compiled.component.len() < 2 << 20, "{} bytes", compiled.component.len());
    assert_eq!(compiled.program.component_bytes(), compiled.component.len() as u64);
}
