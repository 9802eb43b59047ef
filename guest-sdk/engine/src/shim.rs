//! What wasi-libc imports, answered inside the module. After linking, the build step points the nine WASI imports at
//! these exports and drops both, so that a strategy component asks the host for `sandpit:strategy/*` and nothing else.

use std::ffi::c_void;

use crate::globals::{clock, random};

const SUCCESS: i32 = 0;
const BAD_DESCRIPTOR: i32 = 8;

#[unsafe(export_name = "shim:clock_time_get")]
unsafe extern "C" fn clock_time_get(_clock: i32, _precision: i64, time: *mut u64) -> i32 {
    // SAFETY: the caller passes a valid out pointer, here and below.
    unsafe { time.write(clock::now()) };
    SUCCESS
}

#[unsafe(export_name = "shim:random_get")]
unsafe extern "C" fn random_get(buffer: *mut u8, length: i32) -> i32 {
    for index in 0..length as usize {
        // SAFETY: the buffer is valid for `length` bytes.
        unsafe { buffer.add(index).write(random::byte()) };
    }
    SUCCESS
}

#[unsafe(export_name = "shim:environ_sizes_get")]
unsafe extern "C" fn environ_sizes_get(count: *mut u32, bytes: *mut u32) -> i32 {
    unsafe {
        count.write(0);
        bytes.write(0);
    }
    SUCCESS
}

#[unsafe(export_name = "shim:environ_get")]
unsafe extern "C" fn environ_get(_names: *mut c_void, _buffer: *mut c_void) -> i32 {
    SUCCESS
}

#[unsafe(export_name = "shim:fd_close")]
unsafe extern "C" fn fd_close(_descriptor: i32) -> i32 {
    BAD_DESCRIPTOR
}

#[unsafe(export_name = "shim:fd_fdstat_get")]
unsafe extern "C" fn fd_fdstat_get(_descriptor: i32, _status: *mut c_void) -> i32 {
    BAD_DESCRIPTOR
}

#[unsafe(export_name = "shim:fd_seek")]
unsafe extern "C" fn fd_seek(_descriptor: i32, _offset: i64, _whence: i32, _position: *mut u64) -> i32 {
    BAD_DESCRIPTOR
}

#[unsafe(export_name = "shim:fd_write")]
unsafe extern "C" fn fd_write(_descriptor: i32, _vectors: *const c_void, _count: i32, _written: *mut u32) -> i32 {
    BAD_DESCRIPTOR
}

#[unsafe(export_name = "shim:proc_exit")]
unsafe extern "C" fn proc_exit(_code: i32) {
    core::arch::wasm32::unreachable()
}
