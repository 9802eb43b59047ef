/* Read before every QuickJS source file (`-include`). It changes three things without touching QuickJS's source. The
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

/* Small blocks come from src/heap.rs, which is several times faster than dlmalloc. */
void *sandpit_malloc(size_t size);
void *sandpit_calloc(size_t count, size_t size);
void *sandpit_realloc(void *block, size_t size);
void sandpit_free(void *block);
size_t sandpit_usable_size(const void *block);
#define malloc(size) sandpit_malloc(size)
#define calloc(count, size) sandpit_calloc(count, size)
#define realloc(block, size) sandpit_realloc(block, size)
#define free(block) sandpit_free(block)
#define malloc_usable_size(block) sandpit_usable_size(block)

/* cutils.h asks for the size of a block only on systems it knows; elsewhere every block counts as 8 bytes, and neither
   the memory limit nor the collector would work. */
#define __GLIBC__ 2
