// What the shop sells.
#include <stdlib.h>

#include "print.h"

typedef exports_shop_catalog_articles_article_t article;
typedef exports_shop_catalog_articles_list_article_t article_list;

static const struct {
  const char *sku, *name;
  uint32_t stock;
} SHELF[] = {
    {"bread-rye", "Rye bread", 12},
    {"butter", "Butter", 40},
    {"honey", "Forest honey", 7},
    {"tea-green", "Green tea", 25},
};

#define ARTICLES (sizeof SHELF / sizeof SHELF[0])

static void copy(size_t place, article *to) {
  shop_string_dup(&to->sku, SHELF[place].sku);
  shop_string_dup(&to->name, SHELF[place].name);
  to->stock = SHELF[place].stock;
}

void exports_shop_catalog_articles_all(article_list *ret) {
  ret->len = ARTICLES;
  ret->ptr = malloc(ARTICLES * sizeof(article));
  for (size_t i = 0; i < ARTICLES; i++) copy(i, &ret->ptr[i]);
}

bool exports_shop_catalog_articles_find(shop_string_t *sku, article *ret) {
  for (size_t i = 0; i < ARTICLES; i++) {
    if (equal(*sku, SHELF[i].sku)) {
      copy(i, ret);
      return true;
    }
  }
  return false;
}

// A self-test.
bool exports_wasi_cli_run_run(void) {
  shop_string_t known, unknown;
  shop_string_set(&known, "honey");
  shop_string_set(&unknown, "moon-cheese");
  article_list all;
  article found;
  exports_shop_catalog_articles_all(&all);
  bool works = exports_shop_catalog_articles_find(&known, &found) && equal(found.name, "Forest honey");
  works = works && !exports_shop_catalog_articles_find(&unknown, &found);

  text line = {0};
  add(&line, "catalog: ");
  add_number(&line, all.len, 0);
  add(&line, works ? " articles, ok\n" : " articles, broken\n");
  return print(&line) && works;
}
