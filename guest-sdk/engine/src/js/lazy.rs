//! Objects whose fields live in Rust and become JavaScript values only when they are read. To the author they are plain
//! objects: own, enumerable, writable fields that `JSON.stringify`, `Object.keys`, spread and `Object.freeze` treat as any
//! other. An event costs its objects and the fields that the handler reads, nothing else; and an object that nobody kept or
//! changed serves the next event too.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::{c_int, c_void};

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

    /// The data of an object that waits to be used again: no fields.
    fn none() -> Self;
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
    slots: OnceCell<Box<[RefCell<Slot>]>>,
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
    /// serves again, which spares the making and freeing of two blocks each.
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

impl<F: Fields> Lazy<F> {
    #[inline(always)]
    fn place(&self, name: qjs::JSAtom) -> Option<usize> {
        let name = Atom::from_raw(name);
        self.fields.names().iter().position(|known| *known == name)
    }

    fn position(&self, name: qjs::JSAtom) -> Option<usize> {
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

    fn set_slot(&self, index: usize, slot: Slot) {
        let count = self.fields.names().len();
        let untouched = || std::iter::repeat_with(|| RefCell::new(Slot::Untouched)).take(count).collect();
        drop(self.slots.get_or_init(untouched)[index].replace(slot));
    }

    fn flags(&self, index: usize) -> c_int {
        match self.slot(index).map(RefCell::borrow).as_deref() {
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
        let data = opaque::<F>(object);
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
    for slot in data.slots.get().into_iter().flatten() {
        if let Slot::Value(value, _) = &*slot.borrow() {
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
    if let Some(data) = lazy::<F>(object)
        && data.slots.get().is_none()
        && let Some(index) = data.place(name)
        && !data.fields.is_object(index)
    {
        return data.fields.value(index).map_or(qjs::JS_EXCEPTION, Value::into_raw);
    }
    // SAFETY: all arguments are live.
    unsafe { get_touched::<F>(context, object, name, receiver) }
}

/// The long way: of a field that was kept or changed or is an object, and of what is no field.
///
/// # Safety
/// All arguments must be live.
#[inline(never)]
unsafe fn get_touched<F: Fields>(
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
