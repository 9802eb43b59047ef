//! Objects whose fields live in Rust and become JavaScript values only when they are read. To the author they are plain
//! objects: own, enumerable, writable fields that `JSON.stringify`, `Object.keys`, spread and `Object.freeze` treat as any
//! other. An event costs the allocation of its objects and the fields that the handler reads, nothing else.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_int;

use super::{Atom, JsResult, Thrown, Value, context, qjs, runtime};

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
}

/// What became of a field since the object was made.
enum Slot {
    /// As the data says.
    Untouched,
    /// A value that was kept or written, and its property flags.
    Value(Value, c_int),
    /// The data's value, with flags that `Object.freeze` or `defineProperty` has narrowed.
    Flags(c_int),
    /// Deleted, or moved into the object proper.
    Gone,
}

struct Lazy<F> {
    fields: F,
    /// One per field, made when the first field stops being untouched. Never borrowed while a value is made or dropped:
    /// both can start a garbage collection, which reads the slots.
    slots: RefCell<Option<Box<[Slot]>>>,
}

/// The class of the lazy objects over `F`. A context has one per type of data.
pub struct LazyClass<F> {
    id: qjs::JSClassID,
    prototype: Value,
    /// An object without fields. As long as there is one, QuickJS keeps the hidden class that every new object starts
    /// from, instead of making and freeing it with each.
    _empty: Value,
    data: std::marker::PhantomData<F>,
}

thread_local! {
    /// JavaScript's own `Reflect.get`, whatever the author makes of `Reflect`.
    static INHERITED: OnceCell<Value> = const { OnceCell::new() };
    /// The class of the only type of lazy object, for the callbacks that QuickJS calls without telling.
    static CLASS: Cell<qjs::JSClassID> = const { Cell::new(0) };
}

const PLAIN: c_int = qjs::JS_PROP_C_W_E as c_int;

impl<F: Fields> LazyClass<F> {
    /// Registers the class. To be called once per context.
    pub fn register() -> JsResult<LazyClass<F>> {
        let exotic = Box::leak(Box::new(qjs::JSClassExoticMethods {
            get_own_property: Some(get_own_property::<F>),
            get_own_property_names: Some(get_own_property_names::<F>),
            delete_property: Some(delete_property::<F>),
            define_own_property: Some(define_own_property::<F>),
            has_property: None,
            get_property: Some(get_property::<F>),
            set_property: None,
        }));
        let definition = qjs::JSClassDef {
            class_name: c"Object".as_ptr(),
            finalizer: Some(finalize::<F>),
            gc_mark: Some(mark::<F>),
            call: None,
            exotic,
        };
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
        let reflect = Value::globals().get_str(c"Reflect")?;
        let get = reflect.get_str(c"get")?;
        INHERITED.with(|cell| cell.set(get)).ok();
        let empty = Value::object()?;
        // SAFETY: the object is live; the call adds a reference to its prototype.
        let prototype = Value::checked(unsafe { qjs::JS_GetPrototype(context(), empty.raw()) })?;
        Ok(LazyClass { id, prototype, _empty: empty, data: std::marker::PhantomData })
    }

    pub fn object(&self, fields: F) -> JsResult<Value> {
        // SAFETY: the prototype is live and the class registered.
        let object = Value::checked(unsafe { qjs::JS_NewObjectProtoClass(context(), self.prototype.raw(), self.id) })?;
        let lazy = Box::into_raw(Box::new(Lazy { fields, slots: RefCell::new(None) }));
        // SAFETY: the object is of this class, whose finalizer frees the box.
        unsafe { qjs::JS_SetOpaque(object.raw(), lazy.cast()) };
        Ok(object)
    }
}

/// The data of an object: none between the making of the object and `JS_SetOpaque`.
fn lazy<'object, F>(object: qjs::JSValue) -> Option<&'object Lazy<F>> {
    // SAFETY: only objects of the class carry the pointer, and the data lives as long as its object, which QuickJS keeps
    // alive through a callback. No exclusive reference is ever made.
    unsafe { qjs::JS_GetOpaque(object, CLASS.get()).cast::<Lazy<F>>().as_ref() }
}

impl<F: Fields> Lazy<F> {
    fn position(&self, name: qjs::JSAtom) -> Option<usize> {
        let name = Atom::from_raw(name);
        let index = self.fields.names().iter().position(|known| *known == name)?;
        let gone = self.slots.borrow().as_deref().is_some_and(|slots| matches!(slots[index], Slot::Gone));
        (!gone).then_some(index)
    }

    /// The value that a field was given, or that was kept for it.
    fn kept(&self, index: usize) -> Option<Value> {
        match self.slots.borrow().as_deref().map(|slots| &slots[index]) {
            Some(Slot::Value(value, _)) => Some(value.clone()),
            _ => None,
        }
    }

    fn set_slot(&self, index: usize, slot: Slot) {
        let count = self.fields.names().len();
        let replaced = {
            let mut slots = self.slots.borrow_mut();
            let slots = slots.get_or_insert_with(|| std::iter::repeat_with(|| Slot::Untouched).take(count).collect());
            std::mem::replace(&mut slots[index], slot)
        };
        drop(replaced);
    }

    fn flags(&self, index: usize) -> c_int {
        match self.slots.borrow().as_deref().map(|slots| &slots[index]) {
            Some(Slot::Value(_, flags) | Slot::Flags(flags)) => *flags,
            _ => PLAIN,
        }
    }

    fn value(&self, index: usize) -> JsResult<Value> {
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
    fn move_out(&self, object: qjs::JSValue) -> JsResult<()> {
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
    fn write(&self, index: usize, value: qjs::JSValue, flags: c_int) -> c_int {
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
                super::throw_type_error("cannot redefine a frozen property");
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

unsafe extern "C" fn finalize<F: Fields>(_: *mut qjs::JSRuntime, object: qjs::JSValue) {
    // SAFETY: `LazyClass::object` made the box, and a finalizer runs once, last.
    unsafe {
        let data = qjs::JS_GetOpaque(object, CLASS.get()).cast::<Lazy<F>>();
        if !data.is_null() {
            drop(Box::from_raw(data));
        }
    }
}

unsafe extern "C" fn mark<F: Fields>(runtime: *mut qjs::JSRuntime, object: qjs::JSValue, mark: qjs::JS_MarkFunc) {
    let Some(data) = lazy::<F>(object) else { return };
    if let Some(value) = data.fields.held() {
        // SAFETY: the data owns a reference to the value.
        unsafe { qjs::JS_MarkValue(runtime, value.raw(), mark) };
    }
    for slot in data.slots.borrow().iter().flatten() {
        if let Slot::Value(value, _) = slot {
            // SAFETY: the slot owns a reference to the value.
            unsafe { qjs::JS_MarkValue(runtime, value.raw(), mark) };
        }
    }
}

/// The short way of a read: most are of a field, and most fields are untouched. What is no field is looked for where a plain
/// object would look, in its prototypes.
unsafe extern "C" fn get_property<F: Fields>(
    context: *mut qjs::JSContext,
    object: qjs::JSValue,
    name: qjs::JSAtom,
    receiver: qjs::JSValue,
) -> qjs::JSValue {
    let field = lazy::<F>(object).and_then(|data| Some((data, data.position(name)?)));
    let value = match field {
        Some((data, index)) => data.value(index),
        // SAFETY: the context, object, name and receiver are live.
        None => unsafe { inherited(context, object, name, receiver) },
    };
    value.map_or(qjs::JS_EXCEPTION, Value::into_raw)
}

/// What the prototypes of an object say, getters called on the receiver.
///
/// # Safety
/// All arguments must be live.
#[cold]
unsafe fn inherited(
    context: *mut qjs::JSContext,
    object: qjs::JSValue,
    name: qjs::JSAtom,
    receiver: qjs::JSValue,
) -> JsResult<Value> {
    // SAFETY: by the caller's word.
    let (prototype, name) =
        unsafe { (Value::checked(qjs::JS_GetPrototype(context, object))?, Value::checked(qjs::JS_AtomToValue(context, name))?) };
    if !prototype.is_object() {
        return Ok(Value::UNDEFINED);
    }
    let Some(get) = INHERITED.with(|cell| cell.get().cloned()) else { return Ok(Value::UNDEFINED) };
    get.call(&Value::UNDEFINED, &[prototype, name, super::borrow(receiver)])
}

unsafe extern "C" fn get_own_property<F: Fields>(
    _: *mut qjs::JSContext,
    descriptor: *mut qjs::JSPropertyDescriptor,
    object: qjs::JSValue,
    name: qjs::JSAtom,
) -> c_int {
    let Some(data) = lazy::<F>(object) else { return 0 };
    let Some(index) = data.position(name) else { return 0 };
    // SAFETY: QuickJS passes null or a descriptor to fill.
    if let Some(descriptor) = unsafe { descriptor.as_mut() } {
        let Ok(value) = data.value(index) else { return -1 };
        descriptor.flags = data.flags(index);
        descriptor.value = value.into_raw();
        descriptor.getter = qjs::JS_UNDEFINED;
        descriptor.setter = qjs::JS_UNDEFINED;
    }
    1
}

unsafe extern "C" fn get_own_property_names<F: Fields>(
    context: *mut qjs::JSContext,
    table: *mut *mut qjs::JSPropertyEnum,
    count: *mut u32,
    object: qjs::JSValue,
) -> c_int {
    let data = lazy::<F>(object);
    let names = data.map_or(&[][..], |data| data.fields.names());
    // SAFETY: the out pointers are valid; the table comes from QuickJS's allocator, which will free it, and has room
    // for all names.
    unsafe {
        let size = size_of::<qjs::JSPropertyEnum>() * names.len().max(1);
        let entries = qjs::js_malloc(context, size as _).cast::<qjs::JSPropertyEnum>();
        if entries.is_null() {
            return -1;
        }
        let mut used = 0;
        for name in names.iter().filter(|name| data.is_some_and(|data| data.position(name.raw()).is_some())) {
            let atom = qjs::JS_DupAtom(context, name.raw());
            entries.add(used).write(qjs::JSPropertyEnum { is_enumerable: true, atom });
            used += 1;
        }
        *table = entries;
        *count = used as u32;
    }
    0
}

unsafe extern "C" fn delete_property<F: Fields>(_: *mut qjs::JSContext, object: qjs::JSValue, name: qjs::JSAtom) -> c_int {
    let Some(data) = lazy::<F>(object) else { return 1 };
    let Some(index) = data.position(name) else { return 1 };
    if data.flags(index) & qjs::JS_PROP_CONFIGURABLE as c_int == 0 {
        return 0;
    }
    data.set_slot(index, Slot::Gone);
    1
}

/// `defineProperty` and every write. A field that stays a value stays in its slot. Anything else (a new name, a getter)
/// first moves all fields into the object proper, so that the order of keys is that of a plain object.
unsafe extern "C" fn define_own_property<F: Fields>(
    context: *mut qjs::JSContext,
    object: qjs::JSValue,
    name: qjs::JSAtom,
    value: qjs::JSValue,
    getter: qjs::JSValue,
    setter: qjs::JSValue,
    flags: c_int,
) -> c_int {
    if let Some(data) = lazy::<F>(object) {
        let accessor = flags & (qjs::JS_PROP_HAS_GET | qjs::JS_PROP_HAS_SET) as c_int != 0;
        if let (Some(index), false) = (data.position(name), accessor) {
            return data.write(index, value, flags);
        }
        // SAFETY: the context and the object are live.
        if unsafe { qjs::JS_IsExtensible(context, object) } == 1 && data.move_out(object).is_err() {
            return -1;
        }
    }
    // SAFETY: all values are live; NO_EXOTIC keeps the call from coming back here.
    unsafe {
        let proper = flags | qjs::JS_PROP_NO_EXOTIC as c_int;
        qjs::JS_DefineProperty(context, object, name, value, getter, setter, proper)
    }
}
