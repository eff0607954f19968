/*
 * Two maps hold delete files, by their scope:
 *
 *   partitions   equality deletes, and position deletes that name no file: data files of the same
 *                spec and partition tuple. Equality deletes of an unpartitioned spec stand under
 *                the empty key: every data file
 *   paths        position deletes of one data file, and deletion vectors: by the data file's path,
 *                with a mark of their partition, which has to be the data file's
 *
 * An equality delete is kept under its sequence number minus one, so that "applies to" is the same
 * comparison for all. Keys of paths are views of the columns, which stay; those of partitions are
 * copied, each once in the mean, because deletes of one partition lie close together.
 */
#include "scan/delete_index.h"

#include <stdlib.h>

#include "base/limits.h"
#include "scan/delete_index_internal.h"
#include "scan/delete_key.h"

#define FIRST_FILES ((size_t)64)
#define FIRST_MANIFESTS ((size_t)8)
/* Keys, and facts of equality deletes. */
#define INDEX_CEILING MAX_MANIFEST_COLUMNS_SIZE
/* Partitions whose key is remembered while the index is built. */
#define KNOWN_KEYS ((size_t)1024)

struct delete_builder {
    const struct delete_field *fields; /* of the table; ascending by id */
    size_t field_count;
    struct buffer places;           /* uint32_t: those in use, in `fields` */
    struct delete_tuples tuples;    /* of the open manifest */
    struct slice known[KNOWN_KEYS]; /* by their hash's last bits */
};

/* --- life ----------------------------------------------------------------------------------- */

static void builder_destroy(struct delete_builder *builder)
{
    if (!builder)
        return;
    buffer_finish(&builder->places);
    delete_tuples_finish(&builder->tuples);
    free(builder);
}

bool delete_index_create(const struct delete_field *fields, size_t field_count,
                         struct delete_index **ret_index, struct error *err)
{
    struct delete_index *index = calloc(1, sizeof(*index));
    struct delete_builder *builder = calloc(1, sizeof(*builder));
    if (!index || !builder) {
        free(index);
        free(builder);
        return error_no_memory(err, "the index of delete files");
    }
    atomic_init(&index->references, 1);
    arena_init(&index->arena, INDEX_CEILING);
    buffer_init(&builder->places, INDEX_CEILING);
    builder->fields = fields;
    builder->field_count = field_count;
    index->builder = builder;
    *ret_index = index;
    return true;
}

struct delete_index *delete_index_ref(struct delete_index *index)
{
    atomic_fetch_add_explicit(&index->references, 1, memory_order_relaxed);
    return index;
}

void delete_index_unref(struct delete_index *index)
{
    if (!index || atomic_fetch_sub_explicit(&index->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < index->manifest_count; i++)
        manifest_columns_unref(index->manifests[i].columns);
    delete_map_finish(&index->partitions);
    delete_map_finish(&index->paths);
    builder_destroy(index->builder);
    arena_finish(&index->arena);
    free(index->manifests);
    free(index->files);
    free(index);
}

static void cached_ref(void *value)
{
    delete_index_ref(value);
}

static void cached_unref(void *value)
{
    delete_index_unref(value);
}

const struct cache_kind DELETE_INDEX_CACHE_KIND = {"delete index", cached_ref, cached_unref};

/* --- what it holds -------------------------------------------------------------------------- */

size_t delete_index_count(const struct delete_index *index)
{
    return index->count;
}

size_t delete_index_size(const struct delete_index *index)
{
    return sizeof(*index) + index->arena.total + index->capacity * sizeof(*index->files) +
           index->manifest_capacity * sizeof(*index->manifests) +
           delete_map_size(&index->partitions) + delete_map_size(&index->paths) +
           index->columns_size;
}

struct delete_file delete_index_file(const struct delete_index *index, size_t number)
{
    const struct indexed_file *file = &index->files[number];
    const struct indexed_manifest *manifest = &index->manifests[file->manifest];
    return (struct delete_file){manifest->columns, file->row, manifest->spec_id, file->sequence};
}

size_t delete_index_part_count(const struct delete_index *index)
{
    return index->manifest_count;
}

struct delete_part delete_index_part(const struct delete_index *index, size_t number)
{
    const struct indexed_manifest *manifest = &index->manifests[number];
    size_t end = number + 1 < index->manifest_count ? manifest[1].first : index->count;
    return (struct delete_part){manifest->columns, manifest->spec_id, manifest->first, end};
}

const int32_t *delete_index_equality_ids(const struct delete_index *index, size_t *ret_count)
{
    *ret_count = index->field_count;
    return index->field_ids;
}

const struct delete_group *delete_index_global(const struct delete_index *index)
{
    return delete_map_find(&index->partitions, delete_key_hash(SLICE_EMPTY), SLICE_EMPTY,
                           SLICE_EMPTY);
}

/* --- keys ----------------------------------------------------------------------------------- */

/* A copy of a partition's key that stays. */
static bool key_keep(struct delete_index *index, uint64_t hash, struct slice key,
                     struct slice *ret_key, struct error *err)
{
    struct slice *known = &index->builder->known[hash % KNOWN_KEYS];
    if (!known->ptr || !slice_equals(*known, key)) {
        struct slice kept = arena_slice(&index->arena, key);
        if (!kept.ptr)
            return error_no_memory(err, "the index of delete files");
        *known = kept;
    }
    *ret_key = *known;
    return true;
}

static bool add_by_partition(struct delete_index *index, enum delete_role role, size_t row,
                             int64_t sequence, struct error *err)
{
    struct delete_item item = {.member = {sequence, (uint32_t)index->count, 0}, .role = role};
    struct slice key;
    TRY(delete_tuples_key(&index->builder->tuples, row, &key, err));
    item.hash = delete_key_hash(key);
    TRY(key_keep(index, item.hash, key, &item.key, err));
    return delete_map_add(&index->partitions, &item, err);
}

static bool add_by_path(struct delete_index *index, enum delete_role role, struct slice path,
                        size_t row, int64_t sequence, struct error *err)
{
    struct delete_tuple *partition = NULL;
    bool is_new = false;
    TRY(delete_tuples_get(&index->builder->tuples, row, &partition, &is_new, err));
    struct delete_item item = {.hash = delete_path_hash(path, SLICE_EMPTY),
                               .key = path,
                               .member = {sequence, (uint32_t)index->count,
                                          delete_partition_mark(partition->hash)},
                               .role = role};
    return delete_map_add(&index->paths, &item, err);
}

/* --- files ---------------------------------------------------------------------------------- */

/* False (without an error) where the position deletes may be those of several data files. */
static bool referenced_path(const struct manifest_columns *columns, size_t row,
                            struct slice *ret_path)
{
    struct slice lower, upper;
    if (bytes_column_get(&columns->referenced_files, row, ret_path))
        return true;
    const struct stats_column *stats = manifest_columns_stats(columns, DELETE_FILE_PATH_ID);
    if (!stats || !bytes_column_get(&stats->lower, row, &lower) ||
        !bytes_column_get(&stats->upper, row, &upper) || !slice_equals(lower, upper))
        return false;
    *ret_path = lower;
    return true;
}

static bool add_position(struct delete_index *index, const struct manifest_columns *columns,
                         size_t row, int64_t sequence, struct error *err)
{
    struct slice path;
    if (columns->format[row] == FORMAT_PUFFIN) {
        if (!bytes_column_get(&columns->referenced_files, row, &path))
            return error_set(err, ERROR_CORRUPT,
                             "a deletion vector does not say which data file it belongs to");
        return add_by_path(index, DELETE_VECTOR, path, row, sequence, err);
    }
    if (referenced_path(columns, row, &path))
        return add_by_path(index, DELETE_POSITION, path, row, sequence, err);
    return add_by_partition(index, DELETE_POSITION, row, sequence, err);
}

static const struct delete_field *field_find(const struct delete_builder *builder, int64_t id)
{
    size_t low = 0, high = builder->field_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (builder->fields[middle].id == id)
            return &builder->fields[middle];
        if (builder->fields[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The facts of each equality field that is a column of a plain type. The place is that among the
 * table's fields for now; sealing gives it its place among those that are in use. */
static bool equality_fields_read(struct delete_index *index, const struct manifest_columns *columns,
                                 struct indexed_file *file, struct error *err)
{
    struct delete_builder *builder = index->builder;
    const int64_t *ids = NULL;
    size_t count = 0;
    list_column_get(&columns->equality_ids, file->row, &ids, &count);
    file->fields = ARENA_ARRAY(&index->arena, struct equality_field, count);
    if (!file->fields)
        return error_no_memory(err, "the index of delete files");
    for (size_t i = 0; i < count; i++) {
        const struct delete_field *field = field_find(builder, ids[i]);
        if (!field || !type_is_primitive(field->type))
            continue;
        uint32_t place = (uint32_t)(field - builder->fields);
        buffer_append(&builder->places, &place, sizeof(place));
        file->fields[file->field_count++] = (struct equality_field){
            place, field_facts_read(manifest_columns_stats(columns, field->id), file->row, field)};
    }
    return buffer_check(&builder->places, "the list of equality fields", err);
}

static bool add_equality(struct delete_index *index, const struct manifest_columns *columns,
                         struct indexed_file *file, struct error *err)
{
    const struct indexed_manifest *manifest = &index->manifests[file->manifest];
    TRY(equality_fields_read(index, columns, file, err));
    /* Nothing is older than the lowest number there is. */
    if (file->sequence == INT64_MIN)
        return true;
    if (!manifest->is_unpartitioned)
        return add_by_partition(index, DELETE_EQUALITY, file->row, file->sequence - 1, err);
    const struct delete_item item = {.hash = delete_key_hash(SLICE_EMPTY),
                                     .key = SLICE_EMPTY,
                                     .member = {file->sequence - 1, (uint32_t)index->count, 0},
                                     .role = DELETE_EQUALITY};
    return delete_map_add(&index->partitions, &item, err);
}

static bool files_reserve(struct delete_index *index, size_t count, struct error *err)
{
    if (count <= index->capacity - index->count)
        return true;
    size_t capacity = index->capacity > 0 ? index->capacity * 2 : FIRST_FILES;
    if (capacity < index->count + count)
        capacity = index->count + count;
    struct indexed_file *files = realloc(index->files, capacity * sizeof(*files));
    if (!files)
        return error_no_memory(err, "the index of delete files");
    index->files = files;
    index->capacity = capacity;
    return true;
}

bool delete_index_add(struct delete_index *index, size_t row, int64_t sequence, struct error *err)
{
    TRY(files_reserve(index, 1, err));
    size_t manifest = index->manifest_count - 1;
    const struct manifest_columns *columns = index->manifests[manifest].columns;
    struct indexed_file *place = &index->files[index->count];
    *place = (struct indexed_file){.sequence = sequence,
                                   .manifest = (uint32_t)manifest,
                                   .row = (uint32_t)row};
    switch ((enum file_content)columns->content[row]) {
    case CONTENT_POSITION_DELETES:
        TRY(add_position(index, columns, row, sequence, err));
        break;
    case CONTENT_EQUALITY_DELETES:
        TRY(add_equality(index, columns, place, err));
        break;
    case CONTENT_DATA:
        return error_set(err, ERROR_CORRUPT, "a manifest of delete files lists a data file");
    }
    index->count++;
    return true;
}

/* --- manifests ------------------------------------------------------------------------------ */

static bool manifests_reserve(struct delete_index *index, struct error *err)
{
    if (index->manifest_count < index->manifest_capacity)
        return true;
    size_t capacity = index->manifest_capacity > 0 ? index->manifest_capacity * 2 : FIRST_MANIFESTS;
    struct indexed_manifest *manifests = realloc(index->manifests, capacity * sizeof(*manifests));
    if (!manifests)
        return error_no_memory(err, "the index of delete files");
    index->manifests = manifests;
    index->manifest_capacity = capacity;
    return true;
}

bool delete_index_open(struct delete_index *index, struct manifest_columns *columns,
                       const struct partition_spec *spec, struct error *err)
{
    TRY(manifests_reserve(index, err));
    TRY(delete_tuples_open(&index->builder->tuples, columns, spec, err));
    TRY(files_reserve(index, columns->row_count, err));
    TRY(delete_map_reserve(&index->paths, columns->row_count, err));
    index->manifests[index->manifest_count++] =
        (struct indexed_manifest){.columns = manifest_columns_ref(columns),
                                  .spec_id = spec->spec_id,
                                  .is_unpartitioned = partition_spec_is_unpartitioned(spec),
                                  .first = (uint32_t)index->count};
    index->columns_size += columns->size;
    return true;
}

/* --- sealing -------------------------------------------------------------------------------- */

static int compare_places(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* Sorts the places and drops those that are there twice; how many are left. */
static size_t places_settle(uint32_t *places, size_t count)
{
    size_t kept = 0;
    qsort(places, count, sizeof(*places), compare_places);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || places[i] != places[kept - 1])
            places[kept++] = places[i];
    return kept;
}

/* A copy that owes nothing to the table's schemas: of plain types the struct is all. */
static bool field_copy(struct delete_index *index, const struct delete_field *field,
                       struct delete_field *ret_field, struct error *err)
{
    struct type *type = ARENA_NEW(&index->arena, struct type);
    if (!type)
        return error_no_memory(err, "the index of delete files");
    *type = (struct type){.id = field->type->id,
                          .precision = field->type->precision,
                          .scale = field->type->scale,
                          .length = field->type->length};
    *ret_field = (struct delete_field){field->id, type, field->is_required};
    return true;
}

static bool fields_settle(struct delete_index *index, struct error *err)
{
    struct delete_builder *builder = index->builder;
    uint32_t *places = (uint32_t *)(void *)builder->places.ptr;
    size_t count = builder->places.len / sizeof(*places);
    if (count == 0)
        return true;
    count = places_settle(places, count);
    index->fields = ARENA_ARRAY(&index->arena, struct delete_field, count);
    index->field_ids = ARENA_ARRAY(&index->arena, int32_t, count);
    if (!index->fields || !index->field_ids)
        return error_no_memory(err, "the index of delete files");
    for (size_t i = 0; i < count; i++) {
        TRY(field_copy(index, &builder->fields[places[i]], &index->fields[i], err));
        index->field_ids[i] = index->fields[i].id;
    }
    index->field_count = count;
    for (size_t i = 0; i < index->count; i++) {
        for (size_t k = 0; k < index->files[i].field_count; k++) {
            uint32_t *place = &index->files[i].fields[k].place;
            const uint32_t *at = bsearch(place, places, count, sizeof(*places), compare_places);
            *place = (uint32_t)(at - places);
        }
    }
    return true;
}

static void doubled_count(struct delete_index *index)
{
    const struct delete_map *map = &index->paths;
    for (size_t i = 0; i < map->group_count; i++)
        index->doubled_count += delete_map_members(map, &map->groups[i], DELETE_VECTOR).count > 1;
}

bool delete_index_seal(struct delete_index *index, struct error *err)
{
    TRY(delete_map_seal(&index->partitions, err));
    TRY(delete_map_seal(&index->paths, err));
    TRY(fields_settle(index, err));
    doubled_count(index);
    builder_destroy(index->builder);
    index->builder = NULL;
    return true;
}

/* --- vectors -------------------------------------------------------------------------------- */

static size_t count_kept(struct delete_members members, const uint8_t *kept)
{
    size_t count = 0;
    for (size_t i = 0; i < members.count; i++)
        count += !kept || kept[members.items[i].file];
    return count;
}

bool delete_index_check_vectors(const struct delete_index *index, const uint8_t *kept,
                                struct error *err)
{
    const struct delete_map *map = &index->paths;
    for (size_t i = 0; index->doubled_count > 0 && i < map->group_count; i++) {
        const struct delete_group *group = &map->groups[i];
        size_t count = count_kept(delete_map_members(map, group, DELETE_VECTOR), kept);
        if (count > 1)
            return error_set(err, ERROR_CORRUPT,
                             "there are %zu deletion vectors for the data file '%.*s', where one "
                             "is allowed",
                             count, SLICE_ARG(group->key));
    }
    return true;
}
