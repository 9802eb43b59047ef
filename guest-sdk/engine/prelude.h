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

/* QuickJS computes with two integers or with two fractions in place, but compares fractions, and mixes them with integers, in
   functions that first turn both sides into primitives. Prices are fractions, and strategies compare them all the time. Each of
   the four macros below has the name of such a function. Where it is called, numbers go the short way; where it is defined, it
   stays what it is: pasting the first argument, `ctx` or `JSContext *ctx`, tells which of the two it is. */
#define SANDPIT_IS_INT(value) (JS_VALUE_GET_TAG(value) == JS_TAG_INT)
#define SANDPIT_IS_NUMBER(value) (SANDPIT_IS_INT(value) || JS_TAG_IS_FLOAT64(JS_VALUE_GET_TAG(value)))
#define SANDPIT_NUMBER(value) (SANDPIT_IS_INT(value) ? (double)JS_VALUE_GET_INT(value) : JS_VALUE_GET_FLOAT64(value))
#define SANDPIT_BOTH_NUMBERS(stack) (SANDPIT_IS_NUMBER((stack)[-2]) && SANDPIT_IS_NUMBER((stack)[-1]))
#define SANDPIT_MIXED_NUMBERS(stack) \
    (SANDPIT_BOTH_NUMBERS(stack) && !(SANDPIT_IS_INT((stack)[-2]) && SANDPIT_IS_INT((stack)[-1])))

#define js_relational_slow(context, stack, operation) SANDPIT_RELATIONAL_##context, stack, operation)
#define SANDPIT_RELATIONAL_JSContext js_relational_slow(JSContext
#define SANDPIT_RELATIONAL_ctx SANDPIT_RELATIONAL(ctx
#define SANDPIT_RELATIONAL(context, stack, operation) ({                                            \
    int failed = 0;                                                                                 \
    if (likely(SANDPIT_BOTH_NUMBERS(stack))) {                                                      \
        double left = SANDPIT_NUMBER((stack)[-2]), right = SANDPIT_NUMBER((stack)[-1]);             \
        (stack)[-2] = js_bool((operation) == OP_lt ? left < right : (operation) == OP_gt ? left > right \
                              : (operation) == OP_lte ? left <= right : left >= right);             \
    } else {                                                                                        \
        failed = js_relational_slow(context, stack, operation);                                     \
    }                                                                                               \
    failed;                                                                                         \
})

#define js_strict_eq_slow(context, stack, is_not) SANDPIT_STRICT_EQ_##context, stack, is_not)
#define SANDPIT_STRICT_EQ_JSContext js_strict_eq_slow(JSContext
#define SANDPIT_STRICT_EQ_ctx SANDPIT_STRICT_EQ(ctx
#define SANDPIT_STRICT_EQ(context, stack, is_not) ({                                                \
    int failed = 0;                                                                                 \
    if (SANDPIT_BOTH_NUMBERS(stack)) {                                                              \
        double left = SANDPIT_NUMBER((stack)[-2]), right = SANDPIT_NUMBER((stack)[-1]);             \
        (stack)[-2] = js_bool((left == right) ^ (is_not));                                          \
    } else if ((stack)[-2] == (stack)[-1]) { /* the same bits and no number: the same value */      \
        JS_FreeValue(context, (stack)[-2]);                                                         \
        JS_FreeValue(context, (stack)[-1]);                                                         \
        (stack)[-2] = js_bool(!(is_not));                                                           \
    } else {                                                                                        \
        failed = js_strict_eq_slow(context, stack, is_not);                                         \
    }                                                                                               \
    failed;                                                                                         \
})

#define js_binary_arith_slow(context, stack, operation) SANDPIT_ARITHMETIC_##context, stack, operation)
#define SANDPIT_ARITHMETIC_JSContext js_binary_arith_slow(JSContext
#define SANDPIT_ARITHMETIC_ctx SANDPIT_ARITHMETIC(ctx
#define SANDPIT_ARITHMETIC(context, stack, operation) ({                                            \
    int failed = 0;                                                                                 \
    if (SANDPIT_MIXED_NUMBERS(stack) && (operation) != OP_mod && (operation) != OP_pow) {           \
        double left = SANDPIT_NUMBER((stack)[-2]), right = SANDPIT_NUMBER((stack)[-1]);             \
        (stack)[-2] = js_float64((operation) == OP_mul ? left * right : (operation) == OP_div ? left / right : left - right); \
    } else {                                                                                        \
        failed = js_binary_arith_slow(context, stack, operation);                                   \
    }                                                                                               \
    failed;                                                                                         \
})

#define js_add_slow(context, stack) SANDPIT_ADD_##context, stack)
#define SANDPIT_ADD_JSContext sandpit_anchor(void); SANDPIT_FUNCTIONS static int js_add_slow(JSContext
#define SANDPIT_ADD_ctx SANDPIT_ADD(ctx
#define SANDPIT_ADD(context, stack) ({                                                              \
    int failed = 0;                                                                                 \
    if (SANDPIT_MIXED_NUMBERS(stack))                                                               \
        (stack)[-2] = js_float64(SANDPIT_NUMBER((stack)[-2]) + SANDPIT_NUMBER((stack)[-1]));        \
    else                                                                                            \
        failed = js_add_slow(context, stack);                                                       \
    failed;                                                                                         \
})

/* What has to see QuickJS's own structures stands where they are known: before the definition of `js_add_slow`. */
#define SANDPIT_FUNCTIONS                                                                           \
    /* For src/js/lazy: what an object of a class carries, when it cannot be told from a new one. Nobody else holds or watches \
       it, and it has still the hidden class and the freedom of an empty object. */                 \
    void *sandpit_carried_as_new(JSValue value, JSClassID class, JSValue empty);                    \
    void *sandpit_carried_as_new(JSValue value, JSClassID class, JSValue empty) {                   \
        JSObject *p = JS_VALUE_GET_OBJ(value);                                                      \
        if (JS_VALUE_GET_TAG(value) == JS_TAG_OBJECT && p->class_id == class && p->header.ref_count == 1 && p->extensible \
            && !p->first_weak_ref && p->shape == JS_VALUE_GET_OBJ(empty)->shape)                    \
            return p->u.opaque;                                                                     \
        return NULL;                                                                                \
    }
