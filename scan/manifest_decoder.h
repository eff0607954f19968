/*
 * manifest_decoder.h — turns a manifest's bytes into columns; what it takes is kept from one
 * manifest to the next.
 *
 * Manifests of one table mostly have one schema, whose JSON takes longer to read than a tenth of
 * the entries: so its program is kept, and with it the columns that it fills.
 *
 * Spec:     table spec, "Manifests"; Avro specification, "Object Container Files"
 * Owns:     a decompressor, a buffer for a block, a few programs
 * Errors:   ERROR_CORRUPT, ERROR_TOO_LARGE (base/limits.h), ERROR_NO_MEMORY; the caller adds the
 *           manifest's path
 * Threads:  one thread at a time: each worker has its own
 */
#ifndef SCAN_MANIFEST_DECODER_H
#define SCAN_MANIFEST_DECODER_H

#include "scan/manifest_columns.h"

struct manifest_decoder;

bool manifest_decoder_create(struct manifest_decoder **ret_decoder, struct error *err);
void manifest_decoder_destroy(struct manifest_decoder *decoder); /* NULL is fine */

/* Decodes all entries. The caller owns one reference to *ret_columns. */
bool manifest_decode(struct manifest_decoder *decoder, struct slice bytes,
                     const struct manifest_projection *projection,
                     struct manifest_columns **ret_columns, struct error *err);

/* Bytes that came out of the blocks since the decoder was made: for counters. */
uint64_t manifest_decoder_inflated(const struct manifest_decoder *decoder);

#endif
