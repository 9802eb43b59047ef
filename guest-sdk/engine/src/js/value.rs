//! An owned JavaScript value: cloning and dropping keep QuickJS's reference counts right.

use std::borrow::Cow;
use std::ffi::{CStr, CString};

use super::{Atom, JsResult, Thrown, context, qjs};

/// One reference to a JavaScript value. Transparent, so that a slice of values is a C argument list.
#[repr(transparent)]
pub struct Value(qjs::JSValue);

impl Drop for Value {
    fn drop(&mut self) {
        // SAFETY: this value owns the reference it gives back.
        unsafe {
            if qjs::JS_VALUE_HAS_REF_COUNT(self.0) {
                qjs::JS_FreeValue(context(), self.0);
            }
        }
    }
}

impl Clone for Value {
    fn clone(&self) -> Value {
        // SAFETY: the value is live; the call adds the reference that the clone owns.
        Value(unsafe { qjs::JS_DupValue(context(), self.0) })
    }
}

/// Making values.
impl Value {
    pub const UNDEFINED: Value = Value(qjs::JS_UNDEFINED);
    pub const NULL: Value = Value(qjs::JS_NULL);

    /// Takes over one reference.
    pub(super) fn from_raw(raw: qjs::JSValue) -> Value {
        Value(raw)
    }

    /// Takes over one reference, or learns that the call which gave it has thrown.
    pub(super) fn checked(raw: qjs::JSValue) -> JsResult<Value> {
        // SAFETY: looks at the tag only.
        if unsafe { qjs::JS_IsException(raw) } { Err(Thrown) } else { Ok(Value(raw)) }
    }

    pub fn string(text: &str) -> JsResult<Value> {
        // SAFETY: the bytes are valid UTF-8 for the length.
        Value::checked(unsafe { qjs::JS_NewStringLen(context(), text.as_ptr().cast(), text.len() as _) })
    }

    /// A string, or `null`.
    pub fn optional_string(text: Option<&str>) -> JsResult<Value> {
        text.map_or(Ok(Value::NULL), Value::string)
    }

    pub fn number(number: f64) -> Value {
        Value(qjs::JS_NewFloat64(number))
    }

    pub fn bool(value: bool) -> Value {
        Value(if value { qjs::JS_TRUE } else { qjs::JS_FALSE })
    }

    pub fn object() -> JsResult<Value> {
        // SAFETY: the context is live.
        Value::checked(unsafe { qjs::JS_NewObject(context()) })
    }

    /// A plain object with these properties, in this order.
    pub fn object_of<const N: usize>(names: &[Atom; N], values: [Value; N]) -> JsResult<Value> {
        let object = Value::object()?;
        for (name, value) in names.iter().zip(values) {
            object.define(*name, value)?;
        }
        Ok(object)
    }

    pub fn array(items: Vec<Value>) -> JsResult<Value> {
        let items: Vec<qjs::JSValue> = items.into_iter().map(Value::into_raw).collect();
        // SAFETY: the pointer is valid for the count; the call takes over the references, also when it throws.
        Value::checked(unsafe { qjs::JS_NewArrayFrom(context(), items.len() as _, items.as_ptr()) })
    }

    pub fn array_of_strings(items: &[String]) -> JsResult<Value> {
        let items = items.iter().map(|item| Value::string(item)).collect::<JsResult<Vec<_>>>()?;
        Value::array(items)
    }

    /// Parses JSON with the engine's own parser: whatever the source did to `JSON` does not matter.
    pub fn from_json(text: &str) -> JsResult<Value> {
        let text = CString::new(text).map_err(|_| super::throw_type_error("JSON text contains NUL"))?;
        // SAFETY: the buffer ends with NUL, as the parser requires, and the length leaves it out.
        Value::checked(unsafe { qjs::JS_ParseJSON(context(), text.as_ptr(), text.as_bytes().len() as _, c"<json>".as_ptr()) })
    }

    pub fn globals() -> Value {
        // SAFETY: the context is live; the call adds a reference.
        Value(unsafe { qjs::JS_GetGlobalObject(context()) })
    }
}

/// Asking what a value is.
impl Value {
    pub fn raw(&self) -> qjs::JSValue {
        self.0
    }

    pub(super) fn into_raw(self) -> qjs::JSValue {
        let raw = self.0;
        std::mem::forget(self);
        raw
    }

    pub fn is_nullish(&self) -> bool {
        // SAFETY: looks at the tag only, as do the questions below.
        unsafe { qjs::JS_IsNull(self.0) || qjs::JS_IsUndefined(self.0) }
    }

    pub fn is_undefined(&self) -> bool {
        unsafe { qjs::JS_IsUndefined(self.0) }
    }

    pub fn is_string(&self) -> bool {
        unsafe { qjs::JS_IsString(self.0) }
    }

    pub fn is_symbol(&self) -> bool {
        unsafe { qjs::JS_IsSymbol(self.0) }
    }

    pub fn is_big_int(&self) -> bool {
        unsafe { qjs::JS_IsBigInt(self.0) }
    }

    pub fn is_object(&self) -> bool {
        unsafe { qjs::JS_IsObject(self.0) }
    }

    pub fn is_array(&self) -> bool {
        unsafe { qjs::JS_IsArray(self.0) }
    }

    pub fn is_error(&self) -> bool {
        unsafe { qjs::JS_IsError(self.0) }
    }

    pub fn is_promise(&self) -> bool {
        unsafe { qjs::JS_IsPromise(self.0) }
    }

    pub fn is_function(&self) -> bool {
        // SAFETY: the context and the value are live.
        unsafe { qjs::JS_IsFunction(context(), self.0) }
    }

    pub fn as_bool(&self) -> Option<bool> {
        // SAFETY: the tag is checked before the payload is read.
        unsafe { qjs::JS_IsBool(self.0).then(|| qjs::JS_VALUE_GET_BOOL(self.0)) }
    }

    pub fn as_number(&self) -> Option<f64> {
        // SAFETY: the tag is checked before the payload is read.
        unsafe {
            if qjs::JS_IsInt(self.0) {
                Some(f64::from(qjs::JS_VALUE_GET_INT(self.0)))
            } else if qjs::JS_TAG_IS_FLOAT64(qjs::JS_VALUE_GET_TAG(self.0)) {
                Some(qjs::JS_VALUE_GET_FLOAT64(self.0))
            } else {
                None
            }
        }
    }

    /// JavaScript's truth of a value. Objects are true; nothing of the author's runs.
    pub fn truthy(&self) -> bool {
        // SAFETY: the context and the value are live.
        unsafe { qjs::JS_ToBool(context(), self.0) > 0 }
    }
}

/// Using a value. What takes a name or calls may run the author's code (getters, proxies, `toString`).
impl Value {
    /// The property of this name, inherited ones included.
    pub fn get_str(&self, name: &CStr) -> JsResult<Value> {
        // SAFETY: the context and the value are live, the name lives through the call.
        Value::checked(unsafe { qjs::JS_GetPropertyStr(context(), self.0, name.as_ptr()) })
    }

    pub fn get_index(&self, index: u32) -> JsResult<Value> {
        // SAFETY: the context and the value are live.
        Value::checked(unsafe { qjs::JS_GetPropertyUint32(context(), self.0, index) })
    }

    pub fn length(&self) -> JsResult<u32> {
        let mut length = 0i64;
        // SAFETY: the out pointer is valid.
        let failed = unsafe { qjs::JS_GetLength(context(), self.0, &mut length) } < 0;
        if failed { Err(Thrown) } else { Ok(u32::try_from(length).unwrap_or(u32::MAX)) }
    }

    /// Defines an enumerable, writable, configurable own property: setters and prototypes play no part.
    pub fn define(&self, name: Atom, value: Value) -> JsResult<()> {
        // SAFETY: the context, object and atom are live; the call takes over the value's reference.
        let result =
            unsafe { qjs::JS_DefinePropertyValue(context(), self.0, name.raw(), value.into_raw(), qjs::JS_PROP_C_W_E as _) };
        if result < 0 { Err(Thrown) } else { Ok(()) }
    }

    /// Like [`Value::define`] for names that are used once. A NUL in the name ends it.
    pub fn define_str(&self, name: &str, value: Value) -> JsResult<()> {
        let bytes: Vec<u8> = name.bytes().take_while(|byte| *byte != 0).collect();
        let name = CString::new(bytes).unwrap_or_default();
        let flags = qjs::JS_PROP_C_W_E as _;
        // SAFETY: as in `define`; the name lives through the call.
        let result = unsafe { qjs::JS_DefinePropertyValueStr(context(), self.0, name.as_ptr(), value.into_raw(), flags) };
        if result < 0 { Err(Thrown) } else { Ok(()) }
    }

    pub fn freeze(&self) -> JsResult<()> {
        // SAFETY: the context and the value are live.
        if unsafe { qjs::JS_FreezeObject(context(), self.0) } < 0 { Err(Thrown) } else { Ok(()) }
    }

    /// Own enumerable string keys.
    pub fn keys(&self) -> JsResult<Vec<String>> {
        let mut table = std::ptr::null_mut();
        let mut count = 0u32;
        let flags = qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY;
        // SAFETY: the out pointers are valid; on success the table holds `count` entries and is ours to free.
        unsafe {
            if qjs::JS_GetOwnPropertyNames(context(), &mut table, &mut count, self.0, flags as _) < 0 {
                return Err(Thrown);
            }
            let entries = std::slice::from_raw_parts(table, count as usize);
            let keys =
                entries.iter().map(|entry| Value::checked(qjs::JS_AtomToString(context(), entry.atom))?.to_text()).collect();
            qjs::JS_FreePropertyEnum(context(), table, count);
            keys
        }
    }

    pub fn call(&self, this: &Value, args: &[Value]) -> JsResult<Value> {
        let argv = args.as_ptr().cast::<qjs::JSValue>().cast_mut();
        // SAFETY: `Value` is transparent, so the slice is an argument list; QuickJS does not write to it.
        Value::checked(unsafe { qjs::JS_Call(context(), self.0, this.0, args.len() as _, argv) })
    }

    /// JavaScript's `String(value)`, except that symbols throw. Lone surrogates become U+FFFD.
    pub fn to_text(&self) -> JsResult<String> {
        self.with_text(|text| text.into_owned())
    }

    /// Like [`Value::to_text`] without the copy where the bytes are valid.
    pub fn with_text<T>(&self, use_text: impl FnOnce(Cow<'_, str>) -> T) -> JsResult<T> {
        let mut length: usize = 0;
        // SAFETY: the buffer is valid for `length` bytes until it is given back below.
        unsafe {
            let text = qjs::JS_ToCStringLen2(context(), (&raw mut length).cast(), self.0, false);
            if text.is_null() {
                return Err(Thrown);
            }
            let bytes = std::slice::from_raw_parts(text.cast::<u8>(), length);
            let result = use_text(text_of(bytes));
            qjs::JS_FreeCString(context(), text);
            Ok(result)
        }
    }

    /// JSON text; `None` for what JSON leaves out (`undefined`, functions, symbols).
    pub fn to_json(&self) -> JsResult<Option<String>> {
        // SAFETY: the context and the value are live.
        let json = Value::checked(unsafe { qjs::JS_JSONStringify(context(), self.0, qjs::JS_UNDEFINED, qjs::JS_UNDEFINED) })?;
        if json.is_undefined() { Ok(None) } else { json.to_text().map(Some) }
    }

    /// Compiles a script without running it: the check of a source's syntax.
    pub fn compile(source: &str, file: &str, first_line: i32) -> JsResult<()> {
        evaluate(source, file, first_line, qjs::JS_EVAL_FLAG_COMPILE_ONLY).map(drop)
    }

    /// Runs a script in strict mode and gives its value. `first_line` is the number of the text's first line.
    pub fn evaluate(source: &str, file: &str, first_line: i32) -> JsResult<Value> {
        evaluate(source, file, first_line, 0)
    }
}

fn evaluate(source: &str, file: &str, first_line: i32, flags: u32) -> JsResult<Value> {
    let nul = |_| super::throw_type_error("source contains NUL");
    let source = CString::new(source).map_err(nul)?;
    let file = CString::new(file).map_err(nul)?;
    let mut options = qjs::JSEvalOptions {
        version: qjs::JS_EVAL_OPTIONS_VERSION as _,
        eval_flags: (qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_STRICT | flags) as _,
        filename: file.as_ptr(),
        line_num: first_line,
    };
    let length = source.as_bytes().len();
    // SAFETY: the buffer ends with NUL, as the parser requires; the options live through the call.
    Value::checked(unsafe { qjs::JS_Eval2(context(), source.as_ptr(), length as _, &mut options) })
}

/// QuickJS writes a lone surrogate as the three bytes that UTF-8 forbids: it becomes one U+FFFD.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    let mut rest = match std::str::from_utf8(bytes) {
        Ok(text) => return Cow::Borrowed(text),
        Err(_) => bytes,
    };
    let mut text = String::with_capacity(bytes.len());
    while let Some(chunk) = rest.utf8_chunks().next() {
        text.push_str(chunk.valid());
        rest = &rest[chunk.valid().len()..];
        if !rest.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
            let surrogate = matches!(rest, [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..]);
            rest = &rest[if surrogate { 3 } else { 1 }..];
        }
    }
    Cow::Owned(text)
}
