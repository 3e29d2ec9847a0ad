// The little of a C library that the shop needs, so that a component holds nothing else.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 65536u
#define ALIGNMENT 16u

// Set by the linker: the first byte after the stack and the data.
extern unsigned char __heap_base;

static uintptr_t heap_end = (uintptr_t)&__heap_base;

// Memory is handed out upwards and never taken back: a component answers one order and is gone.
void *malloc(size_t size) {
  // The block's size lies before it, for realloc.
  uintptr_t block = (heap_end + sizeof(size_t) + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
  size_t available = __builtin_wasm_memory_size(0) * PAGE;
  if (block + size < block) abort();
  if (block + size > available) {
    size_t pages = (block + size - available + PAGE - 1) / PAGE;
    if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) abort();
  }
  ((size_t *)block)[-1] = size;
  heap_end = block + size;
  return (void *)block;
}

void *realloc(void *old, size_t size) {
  size_t old_size = old ? ((size_t *)old)[-1] : 0;
  if (old && size <= old_size) return old;
  void *block = malloc(size);
  if (old) memcpy(block, old, old_size);
  return block;
}

void free(void *block) {}

_Noreturn void abort(void) { __builtin_trap(); }

void *memcpy(void *restrict to, const void *restrict from, size_t size) { return memmove(to, from, size); }

void *memmove(void *to, const void *from, size_t size) {
  unsigned char *t = to;
  const unsigned char *f = from;
  if (t < f) {
    for (size_t i = 0; i < size; i++) t[i] = f[i];
  } else {
    for (size_t i = size; i > 0; i--) t[i - 1] = f[i - 1];
  }
  return to;
}

void *memset(void *to, int value, size_t size) {
  unsigned char *t = to;
  for (size_t i = 0; i < size; i++) t[i] = (unsigned char)value;
  return to;
}

int memcmp(const void *left, const void *right, size_t size) {
  const unsigned char *l = left, *r = right;
  for (size_t i = 0; i < size; i++) {
    if (l[i] != r[i]) return l[i] - r[i];
  }
  return 0;
}

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}
