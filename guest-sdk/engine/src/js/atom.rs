//! Property names. Each is looked up once, before the snapshot, and is a number ever after.

use super::{context, qjs};

/// An interned property name. Never released: the set of names is fixed, and it lives in the snapshot.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Atom(qjs::JSAtom);

impl Atom {
    pub fn new(name: &str) -> Atom {
        // SAFETY: the context is live and the bytes are valid for the length.
        Atom(unsafe { qjs::JS_NewAtomLen(context(), name.as_ptr().cast(), name.len() as _) })
    }

    pub(super) fn from_raw(raw: qjs::JSAtom) -> Atom {
        Atom(raw)
    }

    pub(super) fn raw(self) -> qjs::JSAtom {
        self.0
    }
}

/// Interns a fixed list of names. The slice lives as long as the engine, as the class of an object does.
pub fn atoms(names: &[&str]) -> &'static [Atom] {
    names.iter().map(|name| Atom::new(name)).collect::<Vec<_>>().leak()
}
