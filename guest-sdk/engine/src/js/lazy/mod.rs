//! Objects whose fields live in Rust and become JavaScript values only when they are read. To the author they are plain
//! objects: own, enumerable, writable fields that `JSON.stringify`, `Object.keys`, spread and `Object.freeze` treat as any
//! other. An event costs its objects and the fields that the handler reads, nothing else; and an object that nobody kept or
//! changed serves the next event too.

mod data;
mod hooks;

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_void;

use super::{Atom, JsResult, Thrown, Value, context, qjs, runtime};
use data::Lazy;

/// The data behind one lazy object.
pub trait Fields: Sized + 'static {
    /// The names of the fields, in the order that `Object.keys` gives.
    fn names(&self) -> &'static [Atom];

    /// The value of the field at `index` of the names.
    fn value(&self, index: usize) -> JsResult<Value>;

    /// Whether the field is an object, whose identity must not change between two reads.
    fn is_object(&self, index: usize) -> bool;

    /// A JavaScript value that the data owns, for the garbage collector.
    fn held(&self) -> Option<&Value>;

    /// The data of an object that waits to be used again: no fields.
    fn none() -> Self;
}

/// The class of the lazy objects over `F`. A context has one per type of data.
pub struct LazyClass<F> {
    id: qjs::JSClassID,
    prototype: Value,
    /// An object without fields. As long as there is one, QuickJS keeps the hidden class that every new object starts
    /// from, instead of making and freeing it with each.
    empty: Value,
    /// Objects that came back and cannot be told from new ones, with their data.
    spare: RefCell<Vec<(Value, *mut Lazy<F>)>>,
    data: std::marker::PhantomData<F>,
}

/// An event has two objects.
const SPARES: usize = 2;

unsafe extern "C" {
    /// Of `prelude.h`: what an object of the class carries, when it is held by one reference alone, watched by no `WeakMap` and
    /// otherwise like an `empty` one that was never touched. Null for any other value.
    fn sandpit_carried_as_new(value: qjs::JSValue, class: qjs::JSClassID, empty: qjs::JSValue) -> *mut c_void;
}

thread_local! {
    /// The class of the only type of lazy object, for the callbacks that QuickJS calls without telling.
    static CLASS: Cell<qjs::JSClassID> = const { Cell::new(0) };
}

impl<F: Fields> LazyClass<F> {
    /// Registers the class. To be called once per context.
    pub fn register() -> JsResult<LazyClass<F>> {
        let definition = hooks::definition::<F>();
        let mut id = 0;
        // SAFETY: the runtime is live; QuickJS copies the definition, and the exotic table is never freed.
        let failed = unsafe {
            qjs::JS_NewClassID(runtime(), &mut id);
            qjs::JS_NewClass(runtime(), id, &definition) < 0
        };
        if failed {
            return Err(Thrown);
        }
        CLASS.set(id);
        hooks::prepare()?;
        let empty = Value::object()?;
        // SAFETY: the object is live; the call adds a reference to its prototype.
        let prototype = Value::checked(unsafe { qjs::JS_GetPrototype(context(), empty.raw()) })?;
        let spare = RefCell::new(Vec::with_capacity(SPARES));
        Ok(LazyClass { id, prototype, empty, spare, data: std::marker::PhantomData })
    }

    pub fn object(&self, fields: F) -> JsResult<Value> {
        if let Some((object, data)) = self.spare.borrow_mut().pop() {
            // SAFETY: `give_back` saw that nobody else has the object, so nobody refers to its data.
            unsafe { (*data).fields = fields };
            return Ok(object);
        }
        // SAFETY: the prototype is live and the class registered.
        let object = Value::checked(unsafe { qjs::JS_NewObjectProtoClass(context(), self.prototype.raw(), self.id) })?;
        let lazy = Box::into_raw(Box::new(Lazy { fields, slots: OnceCell::new() }));
        // SAFETY: the object is of this class, whose finalizer frees the box.
        unsafe { qjs::JS_SetOpaque(object.raw(), lazy.cast()) };
        Ok(object)
    }

    /// Takes an object back after its handler. One that the author keeps, watches or has changed goes its own way; any other
    /// serves again, which spares the making and freeing of three blocks each.
    pub fn give_back(&self, object: Value) {
        // SAFETY: both values are live, and the second is an object.
        let data = unsafe { sandpit_carried_as_new(object.raw(), self.id, self.empty.raw()) }.cast::<Lazy<F>>();
        // SAFETY: this is the only reference to the object, so nothing else refers to its data.
        let Some(lazy) = (unsafe { data.as_mut() }) else { return };
        if lazy.slots.get().is_some() {
            return;
        }
        drop(std::mem::replace(&mut lazy.fields, F::none()));
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARES {
            spare.push((object, data));
        }
    }
}

/// The box of an object of the class; null for any other value, and between the making of the object and `JS_SetOpaque`.
fn opaque<F>(object: qjs::JSValue) -> *mut Lazy<F> {
    // SAFETY: looks at the object's class and gives what it carries.
    unsafe { qjs::JS_GetOpaque(object, CLASS.get()).cast() }
}

/// The data of an object of the class.
fn lazy<'object, F>(object: qjs::JSValue) -> Option<&'object Lazy<F>> {
    // SAFETY: only objects of the class carry the pointer, and the data lives as long as its object, which QuickJS keeps
    // alive through a callback. An exclusive reference is made only of data whose object nobody else has (`LazyClass`).
    unsafe { opaque::<F>(object).as_ref() }
}
