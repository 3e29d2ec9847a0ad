// One order: from the cart, at today's prices, confirmed by mail.
#include <stdlib.h>

#include "print.h"

#define ORDER_NUMBER 1

typedef shop_cart_carts_list_line_t line_list;
typedef shop_pricing_calculator_list_quote_t quote_list;
typedef shop_mail_outbox_order_t order;
typedef shop_mail_outbox_order_line_t order_line;

static const struct {
  const char *sku;
  uint32_t quantity;
} WANTED[] = {
    {"bread-rye", 2}, {"butter", 1}, {"honey", 2}, {"tea-green", 1}, {"moon-cheese", 1}, {"honey", 1},
};

// Fills a cart; false when the cart refuses something.
static bool fill(shop_cart_carts_borrow_cart_t cart) {
  bool added = true;
  for (size_t i = 0; added && i < sizeof WANTED / sizeof WANTED[0]; i++) {
    shop_string_t sku;
    shop_string_set(&sku, WANTED[i].sku);
    uint32_t quantity;
    shop_cart_carts_refusal_t why;
    added = shop_cart_carts_method_cart_add(cart, &sku, WANTED[i].quantity, &quantity, &why);
  }
  return added;
}

static quote_list ask_prices(const line_list *lines) {
  shop_list_string_t skus = {malloc(lines->len * sizeof(shop_string_t)), lines->len};
  for (size_t i = 0; i < lines->len; i++) skus.ptr[i] = lines->ptr[i].sku;
  quote_list quotes;
  shop_pricing_calculator_calculate(&skus, &quotes);
  return quotes;
}

// The price of one article in cents, rounded; false when it has no quote.
static bool price_of(shop_string_t sku, const quote_list *quotes, uint64_t *cents) {
  for (size_t i = 0; i < quotes->len; i++) {
    if (!same(quotes->ptr[i].sku, sku)) continue;
    *cents = (uint64_t)(quotes->ptr[i].base_price * (100.0 - quotes->ptr[i].discount_pct) + 0.5);
    return true;
  }
  return false;
}

// Adds the lines that have a price to the order and prints each of them.
static void total(const line_list *lines, order *order, text *receipt) {
  quote_list quotes = ask_prices(lines);
  for (size_t i = 0; i < lines->len; i++) {
    shop_string_t sku = lines->ptr[i].sku;
    uint32_t quantity = lines->ptr[i].quantity;
    uint64_t each;
    add_string(receipt, sku);
    add_blanks(receipt, 12);
    if (!price_of(sku, &quotes, &each)) {
      add(receipt, "not sold\n");
      continue;
    }
    add_number(receipt, quantity, 3);
    add(receipt, " x");
    add_hundredths(receipt, each, 8);
    add(receipt, " ");
    add_hundredths(receipt, quantity * each, 7);
    add(receipt, " EUR\n");
    shop_types_money_amount_t price = {quantity * each, SHOP_TYPES_MONEY_CURRENCY_EUR};
    order->order_lines.ptr[order->order_lines.len++] = (order_line){sku, quantity, price};
    order->total.cents += price.cents;
  }
  add(receipt, "total");
  add_blanks(receipt, 26);
  add_hundredths(receipt, order->total.cents, 7);
  add(receipt, " EUR\n");
}

static bool send(order *order, text *receipt) {
  shop_mail_outbox_message_t message;
  shop_string_t why;
  bool sent = shop_mail_outbox_confirm(order, &message, &why);
  add(receipt, sent ? "mail to " : "no mail: ");
  add_string(receipt, sent ? message.recipient : why);
  if (sent) {
    add(receipt, ": ");
    add_string(receipt, message.subject);
  }
  add(receipt, "\n");
  return sent;
}

bool exports_wasi_cli_run_run(void) {
  shop_string_t customer;
  shop_string_set(&customer, "ada@example.org");
  shop_cart_carts_own_cart_t cart = shop_cart_carts_constructor_cart(&customer);
  bool filled = fill(shop_cart_carts_borrow_cart(cart));
  line_list lines;
  shop_cart_carts_method_cart_lines(shop_cart_carts_borrow_cart(cart), &lines);

  order order = {.number = ORDER_NUMBER, .total = {0, SHOP_TYPES_MONEY_CURRENCY_EUR}};
  shop_cart_carts_method_cart_customer(shop_cart_carts_borrow_cart(cart), &order.customer);
  shop_cart_carts_cart_drop_own(cart);
  order.order_lines.ptr = malloc(lines.len * sizeof(order_line));

  text receipt = {0};
  add(&receipt, "ORDER ");
  add_number(&receipt, ORDER_NUMBER, 0);
  add(&receipt, "\n");
  total(&lines, &order, &receipt);
  bool sent = send(&order, &receipt);
  return print(&receipt) && filled && sent;
}
