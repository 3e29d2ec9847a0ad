// What customers are about to order: one resource per cart.
#include <stdlib.h>

#include "print.h"

#define MOST_OF_ONE_ARTICLE 99u

typedef exports_shop_cart_carts_line_t line;
typedef exports_shop_cart_carts_list_line_t line_list;
typedef exports_shop_cart_carts_refusal_t refusal;

struct exports_shop_cart_carts_cart_t {
  shop_string_t customer;
  line_list lines;
};
typedef exports_shop_cart_carts_cart_t cart;

static shop_string_t copy(shop_string_t from) {
  shop_string_t to;
  shop_string_dup_n(&to, (const char *)from.ptr, from.len);
  return to;
}

exports_shop_cart_carts_own_cart_t exports_shop_cart_carts_constructor_cart(shop_string_t *customer) {
  cart *new = malloc(sizeof(cart));
  *new = (cart){.customer = copy(*customer)};
  return exports_shop_cart_carts_cart_new(new);
}

void exports_shop_cart_carts_cart_destructor(cart *self) {
  shop_string_free(&self->customer);
  exports_shop_cart_carts_list_line_free(&self->lines);
  free(self);
}

void exports_shop_cart_carts_method_cart_customer(cart *self, shop_string_t *ret) { *ret = copy(self->customer); }

// The line of an article, or null.
static line *find(cart *self, shop_string_t sku) {
  for (size_t i = 0; i < self->lines.len; i++) {
    if (same(self->lines.ptr[i].sku, sku)) return &self->lines.ptr[i];
  }
  return NULL;
}

static line *append(cart *self, shop_string_t sku) {
  line_list *lines = &self->lines;
  lines->ptr = realloc(lines->ptr, (lines->len + 1) * sizeof(line));
  lines->ptr[lines->len] = (line){copy(sku), 0};
  return &lines->ptr[lines->len++];
}

bool exports_shop_cart_carts_method_cart_add(cart *self, shop_string_t *sku, uint32_t quantity, uint32_t *ret,
                                             refusal *err) {
  if (quantity == 0) {
    err->tag = EXPORTS_SHOP_CART_CARTS_REFUSAL_NOTHING_TO_ADD;
    return false;
  }
  line *found = find(self, *sku);
  uint32_t before = found ? found->quantity : 0;
  if (quantity > MOST_OF_ONE_ARTICLE - before) {
    err->tag = EXPORTS_SHOP_CART_CARTS_REFUSAL_TOO_MANY;
    err->val.too_many = MOST_OF_ONE_ARTICLE;
    return false;
  }
  if (!found) found = append(self, *sku);
  *ret = found->quantity = before + quantity;
  return true;
}

void exports_shop_cart_carts_method_cart_lines(cart *self, line_list *ret) {
  ret->len = self->lines.len;
  ret->ptr = malloc(ret->len * sizeof(line));
  for (size_t i = 0; i < ret->len; i++) {
    ret->ptr[i] = (line){copy(self->lines.ptr[i].sku), self->lines.ptr[i].quantity};
  }
}

// A self-test.
bool exports_wasi_cli_run_run(void) {
  cart tried = {0};
  shop_string_t honey;
  shop_string_set(&honey, "honey");
  uint32_t quantity = 0;
  refusal why;
  bool works = exports_shop_cart_carts_method_cart_add(&tried, &honey, 2, &quantity, &why) &&
               exports_shop_cart_carts_method_cart_add(&tried, &honey, 1, &quantity, &why) && quantity == 3;
  works = works && !exports_shop_cart_carts_method_cart_add(&tried, &honey, 0, &quantity, &why) &&
          why.tag == EXPORTS_SHOP_CART_CARTS_REFUSAL_NOTHING_TO_ADD;
  works = works && !exports_shop_cart_carts_method_cart_add(&tried, &honey, 97, &quantity, &why) &&
          why.tag == EXPORTS_SHOP_CART_CARTS_REFUSAL_TOO_MANY;
  works = works && tried.lines.len == 1;

  text line = {0};
  add(&line, "cart: ");
  add_number(&line, quantity, 0);
  add(&line, works ? " of one article, ok\n" : " of one article, broken\n");
  return print(&line) && works;
}
