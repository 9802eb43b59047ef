//! Rust functions as JavaScript functions.

use super::{JsResult, Value, context, qjs};

/// The arguments of a call. Missing ones read as `undefined`.
pub struct Args<'call>(&'call [Value]);

impl Args<'_> {
    pub fn get(&self, index: usize) -> &Value {
        const UNDEFINED: &Value = &Value::UNDEFINED;
        self.0.get(index).unwrap_or(UNDEFINED)
    }

    pub fn all(&self) -> &[Value] {
        self.0
    }
}

/// Makes a JavaScript function of a Rust function (not a closure with captures: it must have no size). It ignores `this`,
/// so that authors can pass it around.
pub fn function<F>(name: &str, length: i32, _: F) -> JsResult<Value>
where
    F: Fn(Args<'_>) -> JsResult<Value> + Copy + 'static,
{
    const { assert!(size_of::<F>() == 0) };
    let name = super::c_text(name);
    // SAFETY: the context is live, the name lives through the call, the trampoline has the generic signature.
    Value::checked(unsafe {
        qjs::JS_NewCFunction2(context(), Some(trampoline::<F>), name.as_ptr(), length, qjs::JSCFunctionEnum_JS_CFUNC_generic, 0)
    })
}

unsafe extern "C" fn trampoline<F>(
    _: *mut qjs::JSContext,
    _this: qjs::JSValue,
    count: std::ffi::c_int,
    values: *mut qjs::JSValue,
) -> qjs::JSValue
where
    F: Fn(Args<'_>) -> JsResult<Value> + Copy + 'static,
{
    // SAFETY: F has no size (asserted in `function`); the arguments live through the call.
    let (function, values): (F, &[Value]) = unsafe { (std::mem::transmute_copy(&()), arguments(count, values)) };
    finish(function(Args(values)))
}

/// Like [`function`], for a function that carries one JavaScript value.
pub fn bound_function<F>(name: &str, length: i32, bound: Value, _: F) -> JsResult<Value>
where
    F: Fn(&Value, Args<'_>) -> JsResult<Value> + Copy + 'static,
{
    const { assert!(size_of::<F>() == 0) };
    let name = super::c_text(name);
    let mut data = bound.raw();
    // SAFETY: the context is live, the name lives through the call; QuickJS adds its own reference to the data.
    Value::checked(unsafe {
        qjs::JS_NewCFunctionData2(context(), Some(bound_trampoline::<F>), name.as_ptr(), length, 0, 1, &mut data)
    })
}

unsafe extern "C" fn bound_trampoline<F>(
    _: *mut qjs::JSContext,
    _this: qjs::JSValue,
    count: std::ffi::c_int,
    values: *mut qjs::JSValue,
    _magic: std::ffi::c_int,
    data: *mut qjs::JSValue,
) -> qjs::JSValue
where
    F: Fn(&Value, Args<'_>) -> JsResult<Value> + Copy + 'static,
{
    // SAFETY: F has no size (asserted in `bound_function`); the arguments and the one data value live through the call.
    let (function, values, bound): (F, &[Value], &Value) =
        unsafe { (std::mem::transmute_copy(&()), arguments(count, values), &*data.cast::<Value>()) };
    finish(function(bound, Args(values)))
}

/// # Safety
/// `values` must point to `count` live values that outlive the slice.
unsafe fn arguments<'call>(count: std::ffi::c_int, values: *mut qjs::JSValue) -> &'call [Value] {
    // SAFETY: by the caller's word; `Value` is transparent and only borrowed here.
    if count > 0 { unsafe { std::slice::from_raw_parts(values.cast::<Value>(), count as usize) } } else { &[] }
}

fn finish(result: JsResult<Value>) -> qjs::JSValue {
    match result {
        Ok(value) => value.into_raw(),
        Err(_) => qjs::JS_EXCEPTION,
    }
}
