#include "print.h"

#include <stdlib.h>
#include <string.h>

// What WASI lets one `blocking-write-and-flush` take.
#define WRITE_LIMIT 4096u

static void add_bytes(text *to, const char *bytes, size_t length) {
  if (to->length + length > to->capacity) {
    to->capacity = 2 * (to->length + length);
    to->bytes = realloc(to->bytes, to->capacity);
  }
  memcpy(to->bytes + to->length, bytes, length);
  to->length += length;
}

void add(text *to, const char *part) { add_bytes(to, part, strlen(part)); }

void add_string(text *to, shop_string_t part) { add_bytes(to, (const char *)part.ptr, part.len); }

// The digits of a number, with a point before the last `decimals` of them.
static void add_digits(text *to, uint64_t number, size_t decimals, size_t width) {
  char digits[24];
  size_t first = sizeof digits, written = 0;
  do {
    if (decimals > 0 && written == decimals) digits[--first] = '.';
    digits[--first] = (char)('0' + number % 10);
    number /= 10;
    written++;
  } while (number > 0 || written <= decimals);
  size_t length = sizeof digits - first;
  for (; width > length; width--) add(to, " ");
  add_bytes(to, digits + first, length);
}

void add_number(text *to, uint64_t number, size_t width) { add_digits(to, number, 0, width); }

void add_hundredths(text *to, uint64_t hundredths, size_t width) { add_digits(to, hundredths, 2, width); }

void add_blanks(text *to, size_t column) {
  size_t line = to->length;
  while (line > 0 && to->bytes[line - 1] != '\n') line--;
  while (to->length - line < column) add(to, " ");
}

shop_string_t as_string(text from) { return (shop_string_t){(uint8_t *)from.bytes, from.length}; }

bool equal(shop_string_t left, const char *right) {
  return left.len == strlen(right) && memcmp(left.ptr, right, left.len) == 0;
}

bool same(shop_string_t left, shop_string_t right) {
  return left.len == right.len && memcmp(left.ptr, right.ptr, left.len) == 0;
}

bool print(text *from) {
  wasi_cli_stdout_own_output_stream_t stdout = wasi_cli_stdout_get_stdout();
  bool written = true;
  for (size_t at = 0; written && at < from->length; at += WRITE_LIMIT) {
    size_t rest = from->length - at;
    shop_list_u8_t contents = {(uint8_t *)from->bytes + at, rest < WRITE_LIMIT ? rest : WRITE_LIMIT};
    wasi_io_streams_stream_error_t error;
    written = wasi_io_streams_method_output_stream_blocking_write_and_flush(
        wasi_io_streams_borrow_output_stream(stdout), &contents, &error);
    if (!written) wasi_io_streams_stream_error_free(&error);
  }
  wasi_io_streams_output_stream_drop_own(stdout);
  return written;
}
