// Text, and printing it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shop.h"

// A text under construction; `{0}` is the empty one.
typedef struct {
  char *bytes;
  size_t length;
  size_t capacity;
} text;

void add(text *to, const char *part);
void add_string(text *to, shop_string_t part);
// A number, with blanks before it up to the width.
void add_number(text *to, uint64_t number, size_t width);
// Hundredths as 12.34, with blanks before it up to the width.
void add_hundredths(text *to, uint64_t hundredths, size_t width);
// Blanks up to that column of the text's last line.
void add_blanks(text *to, size_t column);

// The text as a string of the component model, which takes its memory over.
shop_string_t as_string(text from);
bool equal(shop_string_t left, const char *right);
bool same(shop_string_t left, shop_string_t right);

// Writes to the standard output; false when that is closed.
bool print(text *from);
