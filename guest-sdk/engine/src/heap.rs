//! The allocator of the module: blocks of up to 512 bytes in size classes, anything larger from wasi-libc. JavaScript
//! allocates and frees a small block in almost every operation, so this is where much of an event's time would go.
//!
//! Memory is cut into pages of 4 KiB, each for one size. A table says which size a page holds, so a block needs no header
//! and `free` no search. Pages are never given back: what a guest needed once it will need again.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::ptr::null_mut;

const PAGE_BYTES: usize = 4 << 10;

/// Pages are fetched in pieces of this size, so that aligning them wastes little.
const CHUNK_BYTES: usize = 64 << 10;

/// Small blocks lie below this address; it is twice the memory that a host gives by default. Above it every block is large.
const COVERED_BYTES: usize = 64 << 20;

const STEP_BYTES: usize = 16;
const SMALL_BYTES: usize = 512;
const CLASSES: usize = SMALL_BYTES / STEP_BYTES;

/// A freed block holds the address of the next one.
struct Free {
    next: *mut Free,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Class {
    free: *mut Free,
    /// The part of the newest page that has never been used.
    fresh: usize,
    fresh_end: usize,
}

/// `prelude.h` knows the beginning of it.
#[repr(C)]
struct Heap {
    classes: [Class; CLASSES],
    /// Size class of each page plus one; 0 for pages that are not ours.
    pages: [u8; COVERED_BYTES / PAGE_BYTES],
    chunk: usize,
    chunk_end: usize,
}

#[repr(transparent)]
struct Single(UnsafeCell<Heap>);

// SAFETY: the module has one thread, and no function here calls out while it holds the reference.
unsafe impl Sync for Single {}

#[unsafe(export_name = "sandpit_heap")]
static HEAP: Single = Single(UnsafeCell::new(Heap {
    classes: [Class { free: null_mut(), fresh: 0, fresh_end: 0 }; CLASSES],
    pages: [0; COVERED_BYTES / PAGE_BYTES],
    chunk: 0,
    chunk_end: 0,
}));

fn heap() -> &'static mut Heap {
    // SAFETY: see `Single`.
    unsafe { &mut *HEAP.0.get() }
}

unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn calloc(count: usize, size: usize) -> *mut c_void;
    fn realloc(block: *mut c_void, size: usize) -> *mut c_void;
    fn free(block: *mut c_void);
    fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void;
    fn malloc_usable_size(block: *mut c_void) -> usize;
}

impl Heap {
    /// The size class of a block; none when it came from wasi-libc.
    #[inline]
    fn class_of(&self, block: *const c_void) -> Option<usize> {
        let page = self.pages.get(block as usize / PAGE_BYTES).copied().unwrap_or(0);
        (page as usize).checked_sub(1)
    }

    #[inline]
    fn take(&mut self, class: usize) -> *mut c_void {
        let place = &mut self.classes[class];
        if !place.free.is_null() {
            let block = place.free;
            // SAFETY: a block on the list is free and holds the link that `give` wrote.
            place.free = unsafe { (*block).next };
            return block.cast();
        }
        let size = (class + 1) * STEP_BYTES;
        if place.fresh + size <= place.fresh_end {
            let block = place.fresh;
            place.fresh += size;
            return block as *mut c_void;
        }
        self.take_from_new_page(class)
    }

    #[cold]
    fn take_from_new_page(&mut self, class: usize) -> *mut c_void {
        if self.chunk == self.chunk_end {
            // SAFETY: the alignment is a power of two and divides the size.
            let chunk = unsafe { aligned_alloc(PAGE_BYTES, CHUNK_BYTES) } as usize;
            if chunk == 0 {
                return null_mut();
            }
            if chunk + CHUNK_BYTES > COVERED_BYTES {
                // SAFETY: the chunk was allocated above and is used by nobody.
                unsafe { free(chunk as *mut c_void) };
                // SAFETY: asks for a large block of a small size; the table says that it is not ours.
                return unsafe { malloc((class + 1) * STEP_BYTES) };
            }
            (self.chunk, self.chunk_end) = (chunk, chunk + CHUNK_BYTES);
        }
        let page = self.chunk;
        self.chunk += PAGE_BYTES;
        self.pages[page / PAGE_BYTES] = class as u8 + 1;
        self.classes[class].fresh = page;
        self.classes[class].fresh_end = page + PAGE_BYTES;
        self.take(class)
    }

    #[inline]
    fn give(&mut self, block: *mut c_void, class: usize) {
        let block = block.cast::<Free>();
        // SAFETY: the caller owns the block, which is at least 16 bytes.
        unsafe { (*block).next = self.classes[class].free };
        self.classes[class].free = block;
    }
}

#[unsafe(no_mangle)]
extern "C" fn sandpit_malloc(size: usize) -> *mut c_void {
    if size <= SMALL_BYTES {
        heap().take(size.saturating_sub(1) / STEP_BYTES)
    } else {
        // SAFETY: any size may be asked for.
        unsafe { malloc(size) }
    }
}

#[unsafe(no_mangle)]
extern "C" fn sandpit_calloc(count: usize, size: usize) -> *mut c_void {
    let Some(bytes) = count.checked_mul(size) else { return null_mut() };
    if bytes > SMALL_BYTES {
        // SAFETY: any size may be asked for.
        return unsafe { calloc(count, size) };
    }
    let block = sandpit_malloc(bytes);
    if !block.is_null() {
        // SAFETY: the block has at least this size.
        unsafe { block.cast::<u8>().write_bytes(0, bytes) };
    }
    block
}

/// # Safety
/// `block` is null or a live block of this allocator.
#[unsafe(no_mangle)]
unsafe extern "C" fn sandpit_free(block: *mut c_void) {
    let heap = heap();
    match heap.class_of(block) {
        Some(class) => heap.give(block, class),
        // SAFETY: a block that is not ours is wasi-libc's, or null.
        None => unsafe { free(block) },
    }
}

/// # Safety
/// `block` is null or a live block of this allocator.
#[unsafe(no_mangle)]
unsafe extern "C" fn sandpit_realloc(block: *mut c_void, size: usize) -> *mut c_void {
    let old = heap().class_of(block).map(|class| (class + 1) * STEP_BYTES);
    match old {
        Some(old) if size <= old && size > old / 2 => block,
        // SAFETY: a block that is not ours is wasi-libc's, or null.
        None if size > SMALL_BYTES && !block.is_null() => unsafe { realloc(block, size) },
        _ => {
            let new = sandpit_malloc(size);
            if !new.is_null() && !block.is_null() {
                // SAFETY: both blocks are live and hold at least the smaller of the two sizes.
                unsafe {
                    let kept = sandpit_usable_size(block).min(size);
                    new.cast::<u8>().copy_from_nonoverlapping(block.cast(), kept);
                    sandpit_free(block);
                }
            }
            new
        }
    }
}

/// # Safety
/// `block` is null or a live block of this allocator.
#[unsafe(no_mangle)]
unsafe extern "C" fn sandpit_usable_size(block: *const c_void) -> usize {
    match heap().class_of(block) {
        Some(class) => (class + 1) * STEP_BYTES,
        // SAFETY: a block that is not ours is wasi-libc's, or null.
        None => unsafe { malloc_usable_size(block.cast_mut()) },
    }
}

/// The same heap for Rust.
struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

// SAFETY: small blocks are aligned to 16 bytes, as wasi-libc's are; larger alignments go to the system's allocator, whose
// blocks `sandpit_free` hands back to wasi-libc.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > STEP_BYTES {
            // SAFETY: the caller's layout is passed on.
            return unsafe { System.alloc(layout) };
        }
        sandpit_malloc(layout.size()).cast()
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller gives back a block of this allocator.
        unsafe { sandpit_free(block.cast()) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() > STEP_BYTES {
            // SAFETY: the block came from the system's allocator, by its alignment.
            return unsafe { System.realloc(block, layout, size) };
        }
        // SAFETY: the caller gives a live block of this allocator.
        unsafe { sandpit_realloc(block.cast(), size).cast() }
    }
}
