/*
 * listing.h — pages of names as the protocol writes them, kept until the names change.
 *
 * Spec:     REST protocol, ListNamespacesResponse, ListTablesResponse, ListFunctionsResponse,
 *           PageToken (null at the end)
 */
#ifndef SERVER_LISTING_H
#define SERVER_LISTING_H

#include "base/json_write.h"
#include "base/limits.h"
#include "catalog/namespace.h"
#include "server/op.h"

/* Letters that page tokens carry. */
#define LISTING_NAMESPACES 'n'
#define LISTING_TABLES 't'
#define LISTING_VIEWS 'v'
#define LISTING_FUNCTIONS 'f'
#define LISTING_DROPPED 'd'

/* A listing of names can be large: 100,000 tables of 100 bytes. */
#define MAX_LISTING_SIZE (512 * MIB)

/* One listing that is asked for. */
struct listing {
    char kind;
    struct slice path; /* the namespace that is listed; of namespaces the parent as it was sent */
    struct page_request page;
    uint64_t version;
    struct slice key; /* ptr NULL: its answer is not kept */
};

/* *ret_reply is the answer that is kept, where it still holds. Otherwise it is NULL, and what the
 * listing shows is to be read after this call and given to listing_reply. */
bool listing_find(struct op *op, char kind, struct slice path, struct listing *ret_listing,
                  struct reply **ret_reply, struct error *err);
/* Makes the answer, and keeps it until the names change. */
bool listing_reply(struct op *op, const struct listing *listing, const struct name_page *page,
                   struct reply **ret_reply, struct error *err);

/* table_list, view_list, function_list. */
typedef bool (*listing_read_fn)(struct call *call, struct slice path,
                                const struct page_request *page, struct name_page *ret_page,
                                struct error *err);
/* The whole operation: what the namespace in the path holds of that kind. */
bool listing_answer(struct op *op, char kind, listing_read_fn read, struct reply **ret_reply,
                    struct error *err);

/* ["a", "b"] from a 0x1F b; `name` (ptr NULL: none) comes last. */
void listing_write_levels(struct json_writer *writer, struct slice path, struct slice name);

#endif
