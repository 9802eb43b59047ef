//! A thin, safe layer over the C interface of QuickJS, and the only place in the crate that is `unsafe` because of it.
//! It knows JavaScript values and nothing of markets, orders or WIT.
//!
//! A component holds one engine and one thread, so the context is a static: values need no handle and no lifetime.

mod atom;
mod lazy;
mod native;
mod value;

use std::cell::Cell;
use std::ptr::null_mut;

pub use atom::{Atom, atoms};
pub use javy::quickjs::qjs;
pub use lazy::{Fields, LazyClass};
pub use native::{Args, bound_function, function};
pub use value::Value;

/// A JavaScript exception is pending in the context: hand it on, or take it with [`take_exception`].
#[derive(Debug)]
pub struct Thrown;

pub type JsResult<T> = Result<T, Thrown>;

thread_local! {
    static CONTEXT: Cell<*mut qjs::JSContext> = const { Cell::new(null_mut()) };
    static RUNTIME: Cell<*mut qjs::JSRuntime> = const { Cell::new(null_mut()) };
}

/// Makes `context` the one that every function of this module uses.
///
/// # Safety
/// The context must live as long as the component instance.
pub unsafe fn enter(context: *mut qjs::JSContext) {
    CONTEXT.set(context);
    // SAFETY: the context is live, by the caller's word.
    RUNTIME.set(unsafe { qjs::JS_GetRuntime(context) });
}

fn context() -> *mut qjs::JSContext {
    CONTEXT.get()
}

/// The runtime of the context, for the calls that concern the whole heap.
pub fn runtime() -> *mut qjs::JSRuntime {
    RUNTIME.get()
}

/// A value of its own from one that QuickJS lends for the time of a callback.
pub fn borrow(raw: qjs::JSValue) -> Value {
    // SAFETY: the context and the value are live; the call adds the reference that the value owns.
    Value::from_raw(unsafe { qjs::JS_DupValue(context(), raw) })
}

/// Takes the pending exception out of the context. It can be any value, `null` included.
pub fn take_exception() -> Value {
    // SAFETY: the context is live; the call hands over one reference.
    Value::from_raw(unsafe { qjs::JS_GetException(context()) })
}

/// Forgets the pending exception, for callers that answer a failure with a default.
pub fn ignore(_: Thrown) {
    drop(take_exception());
}

/// Throws any value.
pub fn throw(value: Value) -> Thrown {
    // SAFETY: the context is live; the reference passes to it.
    unsafe { qjs::JS_Throw(context(), value.into_raw()) };
    Thrown
}

/// Throws a `TypeError` whose stack says where JavaScript was.
pub fn throw_type_error(message: &str) -> Thrown {
    let message = c_text(message);
    // SAFETY: "%s" takes exactly one C string, which lives through the call.
    unsafe { qjs::JS_ThrowTypeError(context(), c"%s".as_ptr(), message.as_ptr()) };
    Thrown
}

/// Throws an `Error` with the property `code`.
pub fn throw_coded(code: &str, message: &str) -> Thrown {
    let text = c_text(message);
    // SAFETY: as in `throw_type_error`.
    unsafe { qjs::JS_ThrowPlainError(context(), c"%s".as_ptr(), text.as_ptr()) };
    let error = take_exception();
    let coded = Value::string(code).and_then(|code| error.define_str("code", code));
    match coded {
        Ok(()) => throw(error),
        Err(thrown) => thrown,
    }
}

/// QuickJS formats messages into a buffer of 256 bytes, so what is cut here would be cut there.
fn c_text(text: &str) -> std::ffi::CString {
    let end = text.floor_char_boundary(250);
    let bytes: Vec<u8> = text[..end].bytes().filter(|byte| *byte != 0).collect();
    std::ffi::CString::new(bytes).unwrap_or_default()
}
