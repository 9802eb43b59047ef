//! What QuickJS calls when JavaScript touches a lazy object.

use std::cell::OnceCell;
use std::ffi::c_int;

use super::data::Slot;
use super::{Fields, lazy, opaque};
use crate::js::{JsResult, Value, borrow, qjs};

thread_local! {
    /// JavaScript's own `Reflect.get`, whatever the author makes of `Reflect`.
    static INHERITED: OnceCell<Value> = const { OnceCell::new() };
}

/// To be called before the source can change what `Reflect` is.
pub(super) fn prepare() -> JsResult<()> {
    let reflect = Value::globals().get_str(c"Reflect")?;
    let get = reflect.get_str(c"get")?;
    INHERITED.with(|cell| cell.set(get)).ok();
    Ok(())
}

/// The class as QuickJS wants to know it. Its table of callbacks lives for ever.
pub(super) fn definition<F: Fields>() -> qjs::JSClassDef {
    let exotic = Box::leak(Box::new(qjs::JSClassExoticMethods {
        get_own_property: Some(get_own_property::<F>),
        get_own_property_names: Some(get_own_property_names::<F>),
        delete_property: Some(delete_property::<F>),
        define_own_property: Some(define_own_property::<F>),
        has_property: None,
        get_property: Some(get_property::<F>),
        set_property: None,
    }));
    qjs::JSClassDef {
        class_name: c"Object".as_ptr(),
        finalizer: Some(finalize::<F>),
        gc_mark: Some(mark::<F>),
        call: None,
        exotic,
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
    get.call(&Value::UNDEFINED, &[prototype, name, borrow(receiver)])
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
