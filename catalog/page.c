#include "catalog/page.h"

struct slice page_after(const struct page_request *page)
{
    return page->is_paginated ? page->after : SLICE_EMPTY;
}

int64_t page_limit(const struct page_request *page)
{
    return page->is_paginated ? page->size + 1 : INT64_MAX;
}

struct name_page page_of_names(const struct page_request *page, struct slice *names, size_t count)
{
    struct name_page result = {.names = names, .count = count, .next = {NULL, 0}};
    if (page->is_paginated && (int64_t)count > page->size) {
        result.count = (size_t)page->size;
        result.next = names[result.count - 1];
    }
    return result;
}
