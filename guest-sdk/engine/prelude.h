/* Read before every QuickJS source file (`-include`). It changes a few things without touching QuickJS's source. The
   libc headers come first, because they mean what they say. */
#include <assert.h>
#include <errno.h>
#include <fenv.h>
#include <inttypes.h>
#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

/* quickjs-ng turns its stack limit off where `__wasi__` is defined. A strategy that recurses too deeply must get a
   RangeError that it can catch, not a trap. */
#undef __wasi__

/* rquickjs passes for Emscripten, because there is no threading there either; but QuickJS then reads its bytecode in a
   `switch` within a loop. With a jump from each instruction to the next the same code is a twelfth shorter. The other
   system without threads that QuickJS knows has it. */
#undef EMSCRIPTEN
#define __DJGPP 1

/* Small blocks come from src/heap.rs, which is several times faster than dlmalloc. What happens in nearly every case is
   here, where the compiler can put it into its callers: JavaScript makes and frees blocks all the time, and asks for the
   size of each. The struct is `Heap` of src/heap.rs. */
#define SANDPIT_SMALL_BYTES 512
#define SANDPIT_STEP_BITS 4
#define SANDPIT_PAGE_BITS 12
#define SANDPIT_PAGES (64 << 8)
/* A free block begins with the address of the next one, whatever it held before: the compiler must not think that it knows. */
typedef void *__attribute__((may_alias)) sandpit_link;
struct sandpit_class { void *free; size_t fresh; size_t fresh_end; };
struct sandpit_heap {
    struct sandpit_class classes[SANDPIT_SMALL_BYTES >> SANDPIT_STEP_BITS];
    unsigned char pages[SANDPIT_PAGES];
};
extern struct sandpit_heap sandpit_heap;
void *sandpit_malloc(size_t size);
void *sandpit_calloc(size_t count, size_t size);
void *sandpit_realloc(void *block, size_t size);
void sandpit_free(void *block);
size_t sandpit_usable_size(const void *block);

static inline void *sandpit_malloc_inline(size_t size) {
    if (size - 1 < SANDPIT_SMALL_BYTES) {
        struct sandpit_class *place = &sandpit_heap.classes[(size - 1) >> SANDPIT_STEP_BITS];
        void *block = place->free;
        if (block) {
            place->free = *(sandpit_link *)block;
            return block;
        }
    }
    return sandpit_malloc(size);
}

/* The size class of a block plus one; 0 for a large block. */
static inline size_t sandpit_class_of(const void *block) {
    size_t page = (size_t)block >> SANDPIT_PAGE_BITS;
    return page < SANDPIT_PAGES ? sandpit_heap.pages[page] : 0;
}

static inline void sandpit_free_inline(void *block) {
    size_t class = sandpit_class_of(block);
    if (class) {
        struct sandpit_class *place = &sandpit_heap.classes[class - 1];
        *(sandpit_link *)block = place->free;
        place->free = block;
    } else {
        sandpit_free(block);
    }
}

static inline size_t sandpit_usable_size_inline(const void *block) {
    size_t class = sandpit_class_of(block);
    return class ? class << SANDPIT_STEP_BITS : sandpit_usable_size(block);
}

#define malloc(size) sandpit_malloc_inline(size)
#define calloc(count, size) sandpit_calloc(count, size)
#define realloc(block, size) sandpit_realloc(block, size)
#define free(block) sandpit_free_inline(block)
#define malloc_usable_size(block) sandpit_usable_size_inline(block)

/* wasi-libc compares byte by byte. */
static __attribute__((noinline, unused)) int sandpit_memcmp(const void *left, const void *right, size_t count) {
    const unsigned char *a = left, *b = right;
    for (; count >= 8; a += 8, b += 8, count -= 8) {
        unsigned long long x, y;
        __builtin_memcpy(&x, a, 8);
        __builtin_memcpy(&y, b, 8);
        if (x != y)
            break;
    }
    for (; count > 0; a++, b++, count--) {
        if (*a != *b)
            return *a < *b ? -1 : 1;
    }
    return 0;
}

#define memcmp(left, right, count) sandpit_memcmp(left, right, count)

/* cutils.h asks for the size of a block only on systems it knows; elsewhere every block counts as 8 bytes, and neither
   the memory limit nor the collector would work. */
#define __GLIBC__ 2
