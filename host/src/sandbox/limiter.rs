//! What a guest's store may hold. wasmtime asks once per memory and per table; the limit is on their sum.

use wasmtime::ResourceLimiter;

/// Bytes of one table element.
const ELEMENT_BYTES: usize = size_of::<usize>();

/// Adds up all memories and tables of one store. Decides by the limit alone, never by what the machine has left, so that a
/// replay grows where the original grew.
#[derive(Debug)]
pub(crate) struct Limiter {
    limit_bytes: usize,
    used_bytes: usize,
    refused: bool,
}

impl Limiter {
    pub(crate) fn new(limit_bytes: u64) -> Self {
        Self { limit_bytes: usize::try_from(limit_bytes).unwrap_or(usize::MAX), used_bytes: 0, refused: false }
    }

    /// Bytes of all memories and tables. They never shrink, so this is the peak as well.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.used_bytes as u64
    }

    /// The limit.
    pub(crate) fn limit_bytes(&self) -> u64 {
        self.limit_bytes as u64
    }

    /// Whether something was refused since the last call of this: the likely reason of an abort that follows.
    pub(crate) fn take_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }

    /// Allows this much more: the accessors of a snapshot need a page of their own.
    pub(crate) fn allow_more(&mut self, bytes: usize) {
        self.limit_bytes = self.limit_bytes.saturating_add(bytes);
    }

    fn grow(&mut self, more_bytes: usize) -> bool {
        match self.used_bytes.checked_add(more_bytes) {
            Some(used) if used <= self.limit_bytes => {
                self.used_bytes = used;
                true
            }
            _ => {
                self.refused = true;
                false
            }
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.refused = true;
            return Ok(false);
        }
        Ok(self.grow(desired.saturating_sub(current)))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.grow(desired.saturating_sub(current).saturating_mul(ELEMENT_BYTES)))
    }

    // The engine, the shim and the fix-up that join it to its imports, and the accessors while a snapshot is taken.
    fn instances(&self) -> usize {
        4
    }

    fn memories(&self) -> usize {
        2
    }

    fn tables(&self) -> usize {
        4
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::component::{Component, Linker};
    use wasmtime::{Config, Engine, Store};

    const PAGE: u64 = 65_536;

    /// Two memories in one component, one page each, and an export for each that grows it by a number of pages.
    const TWO_MEMORIES: &str = r#"(component
        (core module $m
            (memory 1)
            (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))
        (core instance $a (instantiate $m))
        (core instance $b (instantiate $m))
        (func (export "grow-a") (param "pages" u32) (result s32) (canon lift (core func $a "grow")))
        (func (export "grow-b") (param "pages" u32) (result s32) (canon lift (core func $b "grow"))))"#;

    #[test]
    fn the_limit_is_on_the_sum_of_all_memories() {
        let engine = Engine::new(Config::new().concurrency_support(false)).unwrap();
        let component = Component::from_binary(&engine, &wat::parse_str(TWO_MEMORIES).unwrap()).unwrap();
        let mut store = Store::new(&engine, Limiter::new(10 * PAGE));
        store.limiter(|limiter| limiter);
        let instance = Linker::new(&engine).instantiate(&mut store, &component).unwrap();
        let mut grow = |memory: &str, pages: u32| {
            let function = instance.get_typed_func::<(u32,), (i32,)>(&mut store, memory).unwrap();
            let before = function.call(&mut store, (pages,)).unwrap().0;
            (before, store.data().used_bytes() / PAGE, store.data_mut().take_refused())
        };
        assert_eq!(grow("grow-a", 4), (1, 6, false));
        assert_eq!(grow("grow-b", 5), (-1, 6, true), "each fits alone, both together do not");
        assert_eq!(grow("grow-b", 4), (1, 10, false));
        assert_eq!(grow("grow-a", 1), (-1, 10, true));
    }
}
