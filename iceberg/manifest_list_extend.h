/*
 * manifest_list_extend.h — the manifest list of a snapshot that appends to another one's.
 *
 * The blocks of the parent's list are copied as they stand, deflated and all, so that every field
 * of its entries stays, and the cost is that of copying bytes. In front come the entries that the
 * new snapshot adds, taken from a list that some client has written and encoded in the parent's
 * schema, with the sequence numbers (and from format version 3 on the row ids) of the new snapshot.
 *
 * Spec:     table spec, "Manifest Lists", "Sequence Number Inheritance", "First Row ID Assignment";
 *           the keys of the file's metadata are those that the reference writes
 * Owns:     everything is appended to the caller's buffer
 * Errors:   ERROR_CORRUPT for bytes that are no manifest list, ERROR_VALIDATION for an entry that
 *           the parent's schema has no place for, ERROR_TOO_LARGE, ERROR_NO_MEMORY
 * Threads:  pure functions
 */
#ifndef ICEBERG_MANIFEST_LIST_EXTEND_H
#define ICEBERG_MANIFEST_LIST_EXTEND_H

#include "base/buffer.h"
#include "iceberg/manifest_list.h"

struct manifest_list_extension {
    struct slice parent;  /* the parent's list; empty: the snapshot has no parent */
    struct slice source;  /* the list that the added entries are taken from */
    const bool *is_added; /* one for each entry of the source, in the order of the file */
    size_t entry_count;
    int format_version; /* 2 or 3 */
    int64_t snapshot_id;
    int64_t parent_snapshot_id; /* MANIFEST_NO_ID: none */
    int64_t sequence_number;
    int64_t first_row_id; /* the first that is handed out; from version 3 on */
};

struct manifest_list_extended {
    size_t kept_count; /* entries of the parent's list */
    int64_t added_rows;
};

bool manifest_list_extend(const struct manifest_list_extension *extension, struct buffer *out,
                          struct manifest_list_extended *ret_extended, struct error *err);

#endif
