/*
 * view_draft.h — the next metadata of a view while updates are applied to it (internal).
 *
 * Owns:     `tree`, a copy of the base's, until view_draft_finish
 * Errors:   ERROR_NO_MEMORY; ERROR_BAD_REQUEST for a base whose members are not what they must be
 * Threads:  one draft per request
 */
#ifndef CATALOG_VIEW_DRAFT_H
#define CATALOG_VIEW_DRAFT_H

#include "catalog/view_update.h"
#include "iceberg/schema.h"

struct view_draft {
    struct arena *arena;
    const struct view_metadata *base; /* NULL: the view is being created */
    json_t *tree;
    json_t *schemas;                      /* members of `tree` */
    const struct schema **parsed_schemas; /* of the first elements of `schemas` */
    size_t parsed_count;
    size_t parsed_capacity;
    json_t *versions;
    json_t *log;
    json_t *properties; /* NULL: the view has none */
    int64_t now_ms;
    bool is_changed;
    bool has_current;
    int32_t current_version_id;
    bool has_added_schema, has_added_version;
    int32_t last_added_schema_id, last_added_version_id;
    json_t *added_ids; /* an object: ids of versions that this commit added, as names */
    bool has_log_entry;
    int64_t log_entry_ms;
};

bool view_draft_init(struct view_draft *draft, const struct view_metadata *base, int64_t now_ms,
                     struct arena *arena, struct error *err);
void view_draft_finish(struct view_draft *draft);

/* Sets a member of the tree; a NULL value counts as memory that was short. */
bool view_draft_set(json_t *object, const char *name, json_t *owned, struct error *err);
/* A version of the view, borrowed; NULL where it is not there. */
json_t *view_draft_version(const struct view_draft *draft, int32_t version_id);
bool view_draft_is_added(const struct view_draft *draft, int32_t version_id);
/* The properties, made where there are none. */
bool view_draft_properties(struct view_draft *draft, json_t **ret_properties, struct error *err);

/* Schemas and versions (view_update_version.c). */
bool view_draft_add_schema(struct view_draft *draft, const json_t *schema, struct error *err);
bool view_draft_add_version(struct view_draft *draft, const json_t *version, struct error *err);
bool view_draft_set_current(struct view_draft *draft, int32_t version_id, struct error *err);

/* Checks of the whole, expiry of old versions, text (view_draft.c). */
bool view_draft_build(struct view_draft *draft, struct buffer *out,
                      struct view_update_result *ret_result, struct error *err);

#endif
