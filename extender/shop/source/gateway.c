// The shop's page: what there is, what it costs today, and what lies in the visitor's cart.
#include <stdlib.h>

#include "print.h"

typedef shop_catalog_articles_list_article_t article_list;
typedef shop_pricing_calculator_quote_t quote;
typedef shop_pricing_calculator_list_quote_t quote_list;

static quote_list ask_prices(const article_list *articles) {
  shop_list_string_t skus = {malloc(articles->len * sizeof(shop_string_t)), articles->len};
  for (size_t i = 0; i < articles->len; i++) skus.ptr[i] = articles->ptr[i].sku;
  quote_list quotes;
  shop_pricing_calculator_calculate(&skus, &quotes);
  return quotes;
}

static void add_price(text *page, const quote *quote) {
  add_hundredths(page, (uint64_t)(quote->base_price * (100.0 - quote->discount_pct) + 0.5), 8);
  add(page, " EUR");
  if (quote->discount_pct > 0) {
    add(page, "  (");
    add_hundredths(page, (uint64_t)(quote->base_price * 100.0 + 0.5), 0);
    add(page, " less ");
    add_number(page, (uint64_t)quote->discount_pct, 0);
    if (quote->discount_pct > (float)(uint64_t)quote->discount_pct) add(page, ".5");
    add(page, " %)");
  }
}

static void add_articles(text *page) {
  article_list articles;
  shop_catalog_articles_all(&articles);
  quote_list quotes = ask_prices(&articles);
  for (size_t i = 0; i < articles.len; i++) {
    add_string(page, articles.ptr[i].sku);
    add_blanks(page, 12);
    add_string(page, articles.ptr[i].name);
    add_blanks(page, 26);
    for (size_t q = 0; q < quotes.len; q++) {
      if (same(quotes.ptr[q].sku, articles.ptr[i].sku)) add_price(page, &quotes.ptr[q]);
    }
    add(page, "\n");
  }
}

static bool add_cart(text *page) {
  shop_string_t visitor, sku;
  shop_string_set(&visitor, "visitor");
  shop_string_set(&sku, "tea-green");
  shop_cart_carts_own_cart_t cart = shop_cart_carts_constructor_cart(&visitor);
  uint32_t quantity = 0;
  shop_cart_carts_refusal_t why;
  bool added =
      shop_cart_carts_method_cart_add(shop_cart_carts_borrow_cart(cart), &sku, 2, &quantity, &why);
  shop_cart_carts_cart_drop_own(cart);
  add(page, "in your cart: ");
  add_number(page, quantity, 0);
  add(page, " x ");
  add_string(page, sku);
  add(page, "\n");
  return added;
}

bool exports_wasi_cli_run_run(void) {
  text page = {0};
  add(&page, "THE SHOP\n");
  add_articles(&page);
  bool added = add_cart(&page);
  return print(&page) && added;
}
