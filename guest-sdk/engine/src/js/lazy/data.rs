//! The fields of one lazy object: what they are, and what became of them.

use std::cell::{OnceCell, RefCell};
use std::ffi::c_int;

use super::Fields;
use crate::js::{Atom, JsResult, Thrown, Value, context, qjs, throw_type_error};

/// What became of a field since the object was made.
pub(super) enum Slot {
    /// As the data says.
    Untouched,
    /// A value that was kept or written, and its property flags.
    Value(Value, c_int),
    /// The data's value, with flags that `Object.freeze` or `defineProperty` has narrowed.
    Flags(c_int),
    /// Deleted, or moved into the object proper.
    Gone,
}

pub(super) struct Lazy<F> {
    pub(super) fields: F,
    /// One per field, made when the first field stops being untouched. Never borrowed while a value is made or dropped:
    /// both can start a garbage collection, which reads the slots.
    pub(super) slots: OnceCell<Box<[RefCell<Slot>]>>,
}

const PLAIN: c_int = qjs::JS_PROP_C_W_E as c_int;

impl<F: Fields> Lazy<F> {
    #[inline(always)]
    pub(super) fn place(&self, name: qjs::JSAtom) -> Option<usize> {
        let name = Atom::from_raw(name);
        self.fields.names().iter().position(|known| *known == name)
    }

    pub(super) fn position(&self, name: qjs::JSAtom) -> Option<usize> {
        let index = self.place(name)?;
        let gone = self.slot(index).is_some_and(|slot| matches!(*slot.borrow(), Slot::Gone));
        (!gone).then_some(index)
    }

    /// What became of a field; none when all are untouched.
    fn slot(&self, index: usize) -> Option<&RefCell<Slot>> {
        self.slots.get().map(|slots| &slots[index])
    }

    /// The value that a field was given, or that was kept for it.
    fn kept(&self, index: usize) -> Option<Value> {
        match &*self.slot(index)?.borrow() {
            Slot::Value(value, _) => Some(value.clone()),
            _ => None,
        }
    }

    pub(super) fn set_slot(&self, index: usize, slot: Slot) {
        let count = self.fields.names().len();
        let untouched = || std::iter::repeat_with(|| RefCell::new(Slot::Untouched)).take(count).collect();
        drop(self.slots.get_or_init(untouched)[index].replace(slot));
    }

    pub(super) fn flags(&self, index: usize) -> c_int {
        match self.slot(index).map(RefCell::borrow).as_deref() {
            Some(Slot::Value(_, flags) | Slot::Flags(flags)) => *flags,
            _ => PLAIN,
        }
    }

    pub(super) fn value(&self, index: usize) -> JsResult<Value> {
        if let Some(value) = self.kept(index) {
            return Ok(value);
        }
        let value = self.fields.value(index)?;
        if self.fields.is_object(index) {
            self.set_slot(index, Slot::Value(value.clone(), self.flags(index)));
        }
        Ok(value)
    }

    /// Defines all fields in the object proper, in their order.
    pub(super) fn move_out(&self, object: qjs::JSValue) -> JsResult<()> {
        for (index, name) in self.fields.names().iter().enumerate() {
            if self.position(name.raw()).is_none() {
                continue;
            }
            let value = self.value(index)?;
            let flags = self.flags(index) | qjs::JS_PROP_NO_EXOTIC as c_int;
            // SAFETY: the context, object and atom are live; the reference of the value passes on.
            if unsafe { qjs::JS_DefinePropertyValue(context(), object, name.raw(), value.into_raw(), flags) } < 0 {
                return Err(Thrown);
            }
            self.set_slot(index, Slot::Gone);
        }
        Ok(())
    }

    /// A write or a change of flags that leaves the field a value: what `defineProperty` allows, no more.
    pub(super) fn write(&self, index: usize, value: qjs::JSValue, flags: c_int) -> c_int {
        let has = |flag: u32| flags & flag as c_int != 0;
        let old = self.flags(index);
        let mut new = old;
        for (given, bit) in [
            (qjs::JS_PROP_HAS_CONFIGURABLE, qjs::JS_PROP_CONFIGURABLE),
            (qjs::JS_PROP_HAS_WRITABLE, qjs::JS_PROP_WRITABLE),
            (qjs::JS_PROP_HAS_ENUMERABLE, qjs::JS_PROP_ENUMERABLE),
        ] {
            if has(given) {
                new = (new & !(bit as c_int)) | (flags & bit as c_int);
            }
        }
        let fixed = old & qjs::JS_PROP_CONFIGURABLE as c_int == 0;
        let read_only = fixed && old & qjs::JS_PROP_WRITABLE as c_int == 0;
        if (fixed && new & !old != 0) || (read_only && has(qjs::JS_PROP_HAS_VALUE)) {
            if has(qjs::JS_PROP_THROW) || has(qjs::JS_PROP_THROW_STRICT) {
                throw_type_error("cannot redefine a frozen property");
                return -1;
            }
            return 0;
        }
        let slot = if has(qjs::JS_PROP_HAS_VALUE) {
            // SAFETY: the value is live; the slot owns the reference that the call adds.
            Slot::Value(Value::from_raw(unsafe { qjs::JS_DupValue(context(), value) }), new)
        } else if let Some(value) = self.kept(index) {
            Slot::Value(value, new)
        } else {
            Slot::Flags(new)
        };
        self.set_slot(index, slot);
        1
    }
}
