// What the shop writes to its customers.
#include "print.h"

typedef exports_shop_mail_outbox_order_t order;
typedef exports_shop_mail_outbox_order_line_t order_line;
typedef exports_shop_mail_outbox_message_t message;

static void add_amount(text *to, shop_types_money_amount_t amount, size_t width) {
  add_hundredths(to, amount.cents, width);
  add(to, amount.currency == SHOP_TYPES_MONEY_CURRENCY_EUR ? " EUR" : " USD");
}

static shop_string_t subject(const order *of) {
  text subject = {0};
  add(&subject, "Your order ");
  add_number(&subject, of->number, 0);
  add(&subject, ", ");
  add_amount(&subject, of->total, 0);
  return as_string(subject);
}

static shop_string_t body(const order *of) {
  text body = {0};
  add(&body, "Thank you. We send you:\n");
  for (size_t i = 0; i < of->order_lines.len; i++) {
    const order_line *line = &of->order_lines.ptr[i];
    add_number(&body, line->quantity, 3);
    add(&body, " x ");
    add_string(&body, line->sku);
    add(&body, ", ");
    add_amount(&body, line->price, 0);
    add(&body, "\n");
  }
  return as_string(body);
}

bool exports_shop_mail_outbox_confirm(order *order, message *ret, shop_string_t *err) {
  if (order->order_lines.len == 0) {
    shop_string_dup(err, "an order without lines is not confirmed");
    return false;
  }
  text recipient = {0};
  add_string(&recipient, order->customer);
  ret->recipient = as_string(recipient);
  ret->subject = subject(order);
  ret->body = body(order);
  return true;
}

// A self-test.
bool exports_wasi_cli_run_run(void) {
  shop_types_money_amount_t price = {1980, SHOP_TYPES_MONEY_CURRENCY_EUR};
  order_line honey = {.quantity = 3, .price = price};
  shop_string_set(&honey.sku, "honey");
  order tried = {.number = 7, .order_lines = {&honey, 1}, .total = price};
  shop_string_set(&tried.customer, "ada@example.org");
  message sent;
  shop_string_t why;
  bool works = exports_shop_mail_outbox_confirm(&tried, &sent, &why) &&
               equal(sent.subject, "Your order 7, 19.80 EUR") && same(sent.recipient, tried.customer) &&
               equal(sent.body, "Thank you. We send you:\n  3 x honey, 19.80 EUR\n");
  tried.order_lines.len = 0;
  works = works && !exports_shop_mail_outbox_confirm(&tried, &sent, &why);

  text line = {0};
  add(&line, "mail: \"");
  add_string(&line, sent.subject);
  add(&line, works ? "\", ok\n" : "\", broken\n");
  return print(&line) && works;
}
