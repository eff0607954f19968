/*
 * metadata_file.h — names and compression of metadata files of tables and views.
 *
 * Spec:     table spec, "Naming for GZIP compressed Metadata JSON files"; write.metadata.*
 *           properties
 * Errors:   ERROR_BAD_REQUEST for an unknown codec, ERROR_CORRUPT for bytes that do not inflate,
 *           ERROR_TOO_LARGE past MAX_METADATA_SIZE
 */
#ifndef ICEBERG_METADATA_FILE_H
#define ICEBERG_METADATA_FILE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"

enum metadata_codec { METADATA_CODEC_NONE, METADATA_CODEC_GZIP };

/* "none" and "gzip" in any case; the empty slice gives `fallback`. */
bool metadata_codec_parse(struct slice text, enum metadata_codec fallback,
                          enum metadata_codec *ret_codec, struct error *err);

/* "<directory>/NNNNN-<uuid>[.gz].metadata.json": NNNNN is one more than the number that `previous`
 * (a metadata location, or empty) begins its file name with, 00000 where there is none. */
bool metadata_file_name(struct slice directory, struct slice previous, enum metadata_codec codec,
                        const struct random_source *random, struct arena *arena,
                        struct slice *ret_location, struct error *err);

/* Appends the file's bytes for `text`. */
bool metadata_file_encode(struct slice text, enum metadata_codec codec, struct buffer *out,
                          struct error *err);
/* How much `text` the file says that it holds; a gzip file may lie. */
size_t metadata_file_claimed_size(struct slice bytes);
/* Appends the JSON text of a file's bytes; gzip is recognised by its magic, whatever the name. */
bool metadata_file_decode(struct slice bytes, struct buffer *out, struct error *err);

#endif
