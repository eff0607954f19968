/*
 * page.h — one page of a listing: where it begins, how much it takes, where the next one begins.
 *
 * Spec:     REST protocol, PageToken
 * Owns:     names are in the call's arena
 */
#ifndef CATALOG_PAGE_H
#define CATALOG_PAGE_H

#include "base/slice.h"

/* Where a listing goes on. Not paginated: everything in one answer. */
struct page_request {
    bool is_paginated;
    struct slice after; /* names greater than this one; empty: from the start */
    int64_t size;
};

struct name_page {
    struct slice *names; /* namespaces: full paths; all others: names */
    size_t count;
    struct slice next; /* the `after` of the next page; ptr NULL at the end */
};

/* What to read: rows after that name, and one more than the page takes, which tells whether there
 * is a next one. */
struct slice page_after(const struct page_request *page);
int64_t page_limit(const struct page_request *page);

/* The page of the names that were read so; a view of `names`. */
struct name_page page_of_names(const struct page_request *page, struct slice *names, size_t count);

#endif
