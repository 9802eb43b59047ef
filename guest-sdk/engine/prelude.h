/* Read before every QuickJS source file. quickjs-ng turns its stack limit off where `__wasi__` is defined; a strategy
   that recurses too deeply must get a RangeError it can catch instead of a trap. The libc headers come first, because
   they do need `__wasi__`. */
#include <assert.h>
#include <errno.h>
#include <fenv.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#undef __wasi__
