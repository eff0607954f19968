/*
 * listing.h — pages of names as the protocol writes them.
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

/* A listing of names can be large: 100,000 tables of 100 bytes. */
#define MAX_LISTING_SIZE (512 * MIB)

/* `path` is the namespace that was listed; of namespaces the parent as it was sent. */
bool listing_reply(struct op *op, char kind, struct slice path, const struct name_page *page,
                   struct reply **ret_reply, struct error *err);

/* ["a", "b"] from a 0x1F b; `name` (ptr NULL: none) comes last. */
void listing_write_levels(struct json_writer *writer, struct slice path, struct slice name);

#endif
