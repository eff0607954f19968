/*
 * register_check.h — what registering a table or view would come to, without doing it.
 *
 * Who moves many tables in asks this first (firn import): what stands against one is learnt before
 * anything was changed, and what is there already is told from what is not.
 *
 * Errors:   those of the request itself; what would stand against the registration is the verdict
 * Owns:     texts of the verdict are in the call's arena
 * Rule:     nothing is changed. Between the check and the registration others may change what was
 *           found
 */
#ifndef CATALOG_REGISTER_CHECK_H
#define CATALOG_REGISTER_CHECK_H

#include <jansson.h>

#include "catalog/catalog.h"

enum register_state {
    REGISTER_READY,   /* it can be registered, once its namespace is there */
    REGISTER_PRESENT, /* the name has this very metadata file already */
    REGISTER_TAKEN,   /* the name has other metadata */
    REGISTER_REFUSED
};

struct register_verdict {
    enum register_state state;
    struct error reason;    /* TAKEN and REFUSED */
    struct slice uuid;      /* of the file; empty where it was not read */
    struct slice location;  /* likewise: where the table or view lies */
    struct slice outside;   /* what lies outside of all allowed locations; empty: nothing */
    int32_t format_version; /* of a table, where the file was read; else 0 */
};

/* request = {"type": "table"|"view", "namespace", "name", "metadata-location"} */
bool register_check(struct call *call, const json_t *request, struct register_verdict *ret_verdict,
                    struct error *err);

#endif
