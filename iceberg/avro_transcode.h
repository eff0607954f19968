/*
 * avro_transcode.h — a record that one writer's schema describes, encoded for another's.
 *
 * Fields are matched by field id, and by name where they have none. What both schemas have is
 * copied as it stands, known to this program or not; a field that only the target has becomes null.
 * Nothing is dropped: a value that the target has no place for is an error.
 *
 * Spec:     Avro specification, "Schema Resolution", of which this is the part that loses nothing
 * Errors:   ERROR_CORRUPT for bytes that are not what the schema says, ERROR_VALIDATION for a value
 *           without a place
 * Threads:  pure functions
 */
#ifndef ICEBERG_AVRO_TRANSCODE_H
#define ICEBERG_AVRO_TRANSCODE_H

#include "base/buffer.h"
#include "iceberg/avro_shape.h"

/* A number that a field of the outermost record gets instead of its own. */
struct avro_override {
    int32_t field_id;
    const char *name;
    int64_t value;
};

struct avro_transcoding {
    const struct avro_shape *from; /* records both */
    const struct avro_shape *to;
    const struct avro_override *overrides;
    size_t override_count;
};

/* Reads one record at the cursor and appends it to `out`, whose own failures show in its state.
 * `budget` is as in avro_shape_skip. */
bool avro_transcode(const struct avro_transcoding *transcoding, struct avro_cursor *cursor,
                    uint64_t *budget, struct buffer *out, struct error *err);

#endif
