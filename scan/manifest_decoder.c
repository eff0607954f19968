#include "scan/manifest_decoder.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/avro_container.h"
#include "scan/entry_program.h"
#include "scan/manifest_pack.h"

/* A table has a schema for each partition spec and format version in use, and data and delete
 * manifests ask for different statistics. */
#define SLOT_COUNT 8
/* The schema tree while it is read; the tree's bounds keep it far below. */
#define SHAPE_CEILING (16 * MIB)
/* Memory of all slots' columns, or of the block buffer, that is kept for the next manifest: those
 * of ten thousand delete files take some 10 MiB, and to get that anew for each took a third of the
 * time. */
#define KEPT_SIZE (32 * MIB)

/* A program, with what it was made from. */
struct slot {
    struct arena arena;  /* what the texts of program and builder point into */
    struct slice schema; /* ptr NULL: the slot is empty */
    struct manifest_projection projection;
    enum fixed_form form;
    struct manifest_builder builder;
    struct entry_program program;
    uint64_t used_at;
};

struct manifest_decoder {
    struct libdeflate_decompressor *inflater;
    struct buffer block;
    struct slot slots[SLOT_COUNT];
    uint64_t clock; /* counts manifests, for the slots' order of use */
    uint64_t inflated;
};

bool manifest_decoder_create(struct manifest_decoder **ret_decoder, struct error *err)
{
    struct manifest_decoder *decoder = calloc(1, sizeof(*decoder));
    if (!decoder)
        return error_no_memory(err, "a manifest decoder");
    decoder->inflater = libdeflate_alloc_decompressor();
    if (!decoder->inflater) {
        free(decoder);
        return error_no_memory(err, "a manifest decoder");
    }
    buffer_init(&decoder->block, MAX_MANIFEST_BLOCK_SIZE);
    *ret_decoder = decoder;
    return true;
}

static void slot_clear(struct slot *slot)
{
    if (!slot->schema.ptr)
        return;
    entry_program_finish(&slot->program);
    manifest_builder_finish(&slot->builder);
    arena_finish(&slot->arena);
    *slot = (struct slot){.schema = {NULL, 0}};
}

void manifest_decoder_destroy(struct manifest_decoder *decoder)
{
    if (!decoder)
        return;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        slot_clear(&decoder->slots[i]);
    buffer_finish(&decoder->block);
    libdeflate_free_decompressor(decoder->inflater);
    free(decoder);
}

uint64_t manifest_decoder_inflated(const struct manifest_decoder *decoder)
{
    return decoder->inflated;
}

/* Which maps have to be read at all. */
static unsigned kinds_of(const struct manifest_projection *projection)
{
    bool wants_any = projection->has_all_stats || projection->stats_count > 0;
    return wants_any ? projection->stats_kinds : 0;
}

static bool projections_equal(const struct manifest_projection *a,
                              const struct manifest_projection *b)
{
    if (a->has_all_stats != b->has_all_stats || kinds_of(a) != kinds_of(b))
        return false;
    if (a->has_all_stats)
        return true;
    return a->stats_count == b->stats_count &&
           (a->stats_count == 0 ||
            memcmp(a->stats_ids, b->stats_ids, a->stats_count * sizeof(*a->stats_ids)) == 0);
}

static bool projection_keep(struct slot *slot, const struct manifest_projection *projection,
                            struct error *err)
{
    slot->projection = *projection;
    if (projection->has_all_stats || projection->stats_count == 0) {
        slot->projection.stats_ids = NULL;
        slot->projection.stats_count = 0;
        return true;
    }
    int32_t *ids = ARENA_ARRAY(&slot->arena, int32_t, projection->stats_count);
    if (!ids)
        return error_no_memory(err, "the program of a manifest");
    memcpy(ids, projection->stats_ids, projection->stats_count * sizeof(*ids));
    slot->projection.stats_ids = ids;
    return true;
}

static bool program_compile(struct slot *slot, const json_t *json, struct error *err)
{
    struct arena arena;
    const struct avro_shape *shape;
    arena_init(&arena, SHAPE_CEILING);
    bool ok = avro_shape_parse(json, &arena, &shape, err) &&
              entry_program_compile(shape, kinds_of(&slot->projection), slot->form, &slot->builder,
                                    &slot->program, err);
    arena_finish(&arena);
    return ok;
}

/* The names of partition fields point into the JSON tree, which does not stay. */
static bool names_keep(struct slot *slot, struct error *err)
{
    for (size_t i = 0; i < slot->builder.partition_count; i++) {
        struct slice *name = &slot->builder.partitions[i].name;
        *name = arena_slice(&slot->arena, *name);
        if (!name->ptr)
            return error_no_memory(err, "the program of a manifest");
    }
    return true;
}

static bool schema_compile(struct slot *slot, struct error *err)
{
    json_auto_t *json = NULL;
    if (!json_tree_parse(slot->schema, "the schema of the manifest", &json, err)) {
        if (err && err->kind == ERROR_BAD_REQUEST)
            err->kind = ERROR_CORRUPT;
        return false;
    }
    return program_compile(slot, json, err) && names_keep(slot, err);
}

static bool slot_fill(struct slot *slot, struct slice schema,
                      const struct manifest_projection *projection, enum fixed_form form,
                      struct error *err)
{
    slot->form = form;
    arena_init(&slot->arena, SHAPE_CEILING + MAX_MANIFEST_FILE_SIZE);
    manifest_builder_init(&slot->builder, MAX_MANIFEST_COLUMNS_SIZE);
    slot->schema = arena_slice(&slot->arena, schema);
    if (!slot->schema.ptr) {
        arena_finish(&slot->arena);
        return error_no_memory(err, "the program of a manifest");
    }
    bool ok = projection_keep(slot, projection, err);
    if (ok && !manifest_builder_want(&slot->builder, &slot->projection))
        ok = manifest_builder_fail(&slot->builder, err);
    ok = ok && schema_compile(slot, err);
    if (!ok)
        slot_clear(slot);
    return ok;
}

/* The slot with a program for that schema and projection: a kept one, or the one that was not used
 * for longest, filled anew. */
static bool slot_get(struct manifest_decoder *decoder, struct slice schema,
                     const struct manifest_projection *projection, enum fixed_form form,
                     struct slot **ret_slot, struct error *err)
{
    struct slot *oldest = &decoder->slots[0];
    decoder->clock++;
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        struct slot *slot = &decoder->slots[i];
        if (slot->schema.ptr && slot->form == form && slice_equals(slot->schema, schema) &&
            projections_equal(&slot->projection, projection)) {
            slot->used_at = decoder->clock;
            *ret_slot = slot;
            return true;
        }
        if (slot->used_at < oldest->used_at)
            oldest = slot;
    }
    slot_clear(oldest);
    TRY(slot_fill(oldest, schema, projection, form, err));
    oldest->used_at = decoder->clock;
    *ret_slot = oldest;
    return true;
}

static bool block_decode(struct slot *slot, const struct avro_block *block, struct error *err)
{
    if (entry_program_run(&slot->program, &slot->builder, block->data, (size_t)block->count))
        return true;
    if (slot->builder.failure != BUILDER_FINE)
        return manifest_builder_fail(&slot->builder, err);
    return error_set(err, ERROR_CORRUPT, "an entry of the manifest is cut off or damaged");
}

static bool blocks_decode(struct manifest_decoder *decoder, struct avro_container *container,
                          struct slot *slot, struct error *err)
{
    size_t inflated = 0;
    for (;;) {
        struct avro_block block;
        bool more;
        TRY(avro_container_next(container, &decoder->block, &block, &more, err));
        if (!more)
            return true;
        inflated += block.data.len;
        decoder->inflated += block.data.len;
        if (inflated > MAX_MANIFEST_INFLATED_SIZE)
            return error_set(err, ERROR_TOO_LARGE,
                             "the manifest inflates to more than %zu bytes, the most that is "
                             "allowed",
                             MAX_MANIFEST_INFLATED_SIZE);
        TRY(block_decode(slot, &block, err));
    }
}

/* What a slot may keep beside the others. */
static size_t kept_room(const struct manifest_decoder *decoder, const struct slot *slot)
{
    size_t taken = 0;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        if (&decoder->slots[i] != slot)
            taken += decoder->slots[i].builder.memory;
    return taken < KEPT_SIZE ? KEPT_SIZE - taken : 0;
}

static bool container_decode(struct manifest_decoder *decoder, struct avro_container *container,
                             const struct manifest_projection *projection, enum fixed_form form,
                             bool *ret_has_fixed, struct manifest_columns **ret_columns,
                             struct error *err)
{
    struct slot *slot;
    TRY(slot_get(decoder, container->schema, projection, form, &slot, err));
    *ret_has_fixed = slot->program.has_fixed;
    bool ok = blocks_decode(decoder, container, slot, err) &&
              manifest_pack(&slot->builder, projection->stats_kinds, ret_columns, err);
    manifest_builder_reset(&slot->builder, kept_room(decoder, slot));
    return ok;
}

/* A failed or a very large block leaves a buffer that is not worth keeping. */
static void block_reset(struct buffer *block)
{
    if (!buffer_ok(block) || block->capacity > KEPT_SIZE)
        buffer_finish(block);
}

static bool decode_form(struct manifest_decoder *decoder, struct slice bytes,
                        const struct manifest_projection *projection, enum fixed_form form,
                        bool *ret_has_fixed, struct manifest_columns **ret_columns,
                        struct error *err)
{
    struct avro_container container;
    TRY(avro_container_open(bytes, &container, err));
    /* Lent for this file: the container frees what it finds, so it is taken back first. */
    if (container.codec == AVRO_CODEC_DEFLATE)
        container.inflater = decoder->inflater;
    bool ok =
        container_decode(decoder, &container, projection, form, ret_has_fixed, ret_columns, err);
    if (container.codec == AVRO_CODEC_DEFLATE)
        container.inflater = NULL;
    avro_container_finish(&container);
    block_reset(&decoder->block);
    return ok;
}

/* Nothing tells which form fixed values are in. The counted one is tried first: its lengths are
 * sure to be missed in the plain one, while a plain value may well be read out of a counted one. */
bool manifest_decode(struct manifest_decoder *decoder, struct slice bytes,
                     const struct manifest_projection *projection,
                     struct manifest_columns **ret_columns, struct error *err)
{
    bool has_fixed = false;
    if (bytes.len > MAX_MANIFEST_FILE_SIZE)
        return error_set(err, ERROR_TOO_LARGE,
                         "the manifest is larger than %zu bytes, the most that is allowed",
                         MAX_MANIFEST_FILE_SIZE);
    return decode_form(decoder, bytes, projection, FIXED_COUNTED, &has_fixed, ret_columns, err) ||
           (has_fixed &&
            decode_form(decoder, bytes, projection, FIXED_PLAIN, &has_fixed, ret_columns, err));
}
