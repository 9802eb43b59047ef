//! Native code of functions, kept from one compilation to the next.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::CacheStore;

/// Bytes of native code that are kept for the next compilation. The engine's functions take 6 MB.
const CODE_CACHE_BYTES: usize = 32 << 20;

/// Cranelift's results by the hash of its input. The engine's code is the same in every strategy, only its data differs.
///
/// Not quite: wasmtime translates a `br_table` that passes values in the order of a hash map, so functions that have one
/// come out in several orders, and every compilation adds some. Hence the bound.
#[derive(Default)]
pub(crate) struct CodeCache {
    functions: Mutex<Functions>,
}

#[derive(Default)]
struct Functions {
    by_key: HashMap<Vec<u8>, Arc<[u8]>>,
    bytes: usize,
}

impl Functions {
    fn insert(&mut self, key: &[u8], code: &[u8]) -> bool {
        if self.bytes + key.len() + code.len() > CODE_CACHE_BYTES {
            return false;
        }
        if self.by_key.insert(key.to_vec(), code.into()).is_none() {
            self.bytes += key.len() + code.len();
        }
        true
    }
}

impl CodeCache {
    /// How many functions it holds.
    pub(crate) fn len(&self) -> usize {
        self.lock().by_key.len()
    }

    /// Everything, for another process: each function as two lengths, its key and its code.
    pub(crate) fn export(&self) -> Vec<u8> {
        let functions = self.lock();
        let mut bytes = Vec::with_capacity(functions.bytes + 16 * functions.by_key.len());
        for (key, code) in &functions.by_key {
            bytes.extend_from_slice(&(key.len() as u64).to_le_bytes());
            bytes.extend_from_slice(&(code.len() as u64).to_le_bytes());
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(code);
        }
        bytes
    }

    /// Takes in what [`CodeCache::export`] gave; what is torn is left out. The bytes must be proven to be ours: they become
    /// native code.
    pub(crate) fn import(&self, mut bytes: &[u8]) {
        let mut functions = self.lock();
        while let Some((key, code, rest)) = split_function(bytes) {
            functions.insert(key, code);
            bytes = rest;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Functions> {
        self.functions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn split_function(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (key_bytes, rest) = bytes.split_first_chunk::<8>()?;
    let (code_bytes, rest) = rest.split_first_chunk::<8>()?;
    let (key, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*key_bytes)).ok()?)?;
    let (code, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*code_bytes)).ok()?)?;
    Some((key, code, rest))
}

impl std::fmt::Debug for CodeCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CodeCache({} functions)", self.len())
    }
}

impl CacheStore for CodeCache {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let found = self.lock().by_key.get(key).cloned();
        found.map(|code| Cow::Owned(code.to_vec()))
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        self.lock().insert(key, &value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_cache_moves_to_another_process() {
        let cache = CodeCache::default();
        cache.insert(b"key", b"code".to_vec());
        cache.insert(b"another", Vec::new());
        let exported = cache.export();
        let moved = CodeCache::default();
        moved.import(&exported);
        assert_eq!(moved.len(), 2);
        assert_eq!(moved.get(b"key").as_deref(), Some(b"code".as_slice()));
        assert_eq!(moved.get(b"none"), None);
        assert!(!moved.insert(b"huge", vec![0; CODE_CACHE_BYTES]), "there is a bound");
        for length in 0..exported.len() {
            let torn = CodeCache::default();
            torn.import(&exported[..length]);
            assert!(torn.len() < 2);
        }
    }
}
