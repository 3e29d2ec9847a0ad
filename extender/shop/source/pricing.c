// What an article costs today.
#include <stdlib.h>

#include "print.h"

typedef exports_shop_pricing_calculator_quote_t quote;
typedef exports_shop_pricing_calculator_list_quote_t quote_list;

static const struct {
  const char *sku;
  double base_price;
  float discount_pct;
} TARIFF[] = {
    {"bread-rye", 4.20, 0.0f},
    {"butter", 3.50, 10.0f},
    {"honey", 8.80, 25.0f},
    {"tea-green", 6.00, 12.5f},
};

#define PRICES (sizeof TARIFF / sizeof TARIFF[0])

void exports_shop_pricing_calculator_calculate(shop_list_string_t *skus, quote_list *ret) {
  ret->len = 0;
  ret->ptr = malloc(skus->len * sizeof(quote));
  for (size_t i = 0; i < skus->len; i++) {
    for (size_t price = 0; price < PRICES; price++) {
      if (!equal(skus->ptr[i], TARIFF[price].sku)) continue;
      quote *next = &ret->ptr[ret->len++];
      shop_string_dup(&next->sku, TARIFF[price].sku);
      next->base_price = TARIFF[price].base_price;
      next->discount_pct = TARIFF[price].discount_pct;
    }
  }
}

// A self-test.
bool exports_wasi_cli_run_run(void) {
  shop_string_t asked[3];
  shop_string_set(&asked[0], "honey");
  shop_string_set(&asked[1], "moon-cheese");
  shop_string_set(&asked[2], "tea-green");
  shop_list_string_t skus = {asked, 3};
  quote_list quotes;
  exports_shop_pricing_calculator_calculate(&skus, &quotes);
  bool works = quotes.len == 2 && quotes.ptr[0].base_price == 8.80 && quotes.ptr[1].discount_pct == 12.5f;

  text line = {0};
  add(&line, "pricing: ");
  add_number(&line, quotes.len, 0);
  add(&line, works ? " quotes for 3 articles, ok\n" : " quotes for 3 articles, broken\n");
  return print(&line) && works;
}
