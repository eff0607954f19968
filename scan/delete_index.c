/*
 * Five places hold delete files, by their scope:
 *
 *   global         equality deletes of an unpartitioned spec: every data file
 *   eq_partition   other equality deletes: data files of the same spec and partition tuple
 *   pos_partition  position deletes that name no file: the same
 *   pos_path       position deletes of one data file: by its path
 *   vectors        deletion vectors: by their data file's path
 *
 * A partition's key is the spec's id and the tuple's values in the order of the spec's fields, each
 * looked up by field id: two writers may have laid the tuple out differently. An equality delete is
 * kept under its sequence number minus one, so that "applies to" is the same comparison for all.
 */
#include "scan/delete_index.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "scan/delete_index_map.h"

#define FIRST_FILES ((size_t)64)
/* Keys, and facts of equality deletes. */
#define INDEX_CEILING MAX_MANIFEST_COLUMNS_SIZE
/* One key: a path or a tuple. */
#define KEY_CEILING MAX_MANIFEST_BLOCK_SIZE

enum scope {
    SCOPE_GLOBAL,
    SCOPE_EQ_PARTITION,
    SCOPE_POS_PARTITION,
    SCOPE_POS_PATH,
    SCOPE_VECTOR,
    SCOPE_COUNT
};

/* One column of an equality delete file. */
struct equality_field {
    uint32_t place; /* in the index's equality ids */
    struct field_facts facts;
};

struct delete_file {
    struct file_ref ref;
    struct equality_field *fields; /* those that can prune */
    size_t field_count;
};

struct delete_index {
    atomic_size_t references;
    struct arena arena;
    const struct delete_field *fields;
    size_t field_count;
    struct delete_file *files;
    size_t count;
    size_t capacity;
    struct delete_map scopes[SCOPE_COUNT];
    struct buffer key;          /* scratch */
    struct buffer equality_ids; /* int32_t, ascending once sealed */
};

struct delete_matcher {
    const struct delete_index *index;
    struct buffer key;
    struct buffer other_key;   /* of a delete file */
    struct buffer files;       /* uint32_t */
    struct field_facts *facts; /* of the data file, for each of the index's equality ids */
    bool *has_facts;
};

bool delete_index_create(const struct delete_field *fields, size_t field_count,
                         struct delete_index **ret_index, struct error *err)
{
    struct delete_index *index = calloc(1, sizeof(*index));
    if (!index)
        return error_no_memory(err, "the index of delete files");
    atomic_init(&index->references, 1);
    arena_init(&index->arena, INDEX_CEILING);
    buffer_init(&index->key, KEY_CEILING);
    buffer_init(&index->equality_ids, INDEX_CEILING);
    index->fields = fields;
    index->field_count = field_count;
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
    for (size_t i = 0; i < index->count; i++)
        manifest_columns_unref(index->files[i].ref.columns);
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        delete_map_finish(&index->scopes[i]);
    buffer_finish(&index->key);
    buffer_finish(&index->equality_ids);
    arena_finish(&index->arena);
    free(index->files);
    free(index);
}

size_t delete_index_count(const struct delete_index *index)
{
    return index->count;
}

const struct file_ref *delete_index_file(const struct delete_index *index, size_t number)
{
    return &index->files[number].ref;
}

size_t delete_index_size(const struct delete_index *index)
{
    size_t size = sizeof(*index) + index->arena.total + index->key.capacity +
                  index->equality_ids.capacity + index->capacity * sizeof(*index->files);
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        size += delete_map_size(&index->scopes[i]);
    return size;
}

const int32_t *delete_index_equality_ids(const struct delete_index *index, size_t *ret_count)
{
    *ret_count = index->equality_ids.len / sizeof(int32_t);
    return (const int32_t *)(const void *)index->equality_ids.ptr;
}

static void tuple_value_write(const struct partition_column *column, size_t row, struct buffer *out)
{
    struct slice bytes;
    int64_t number;
    uint32_t size = UINT32_MAX; /* null */
    if (column && bytes_column_get(&column->bytes, row, &bytes)) {
        size = (uint32_t)bytes.len;
        buffer_append(out, &size, sizeof(size));
        buffer_append_slice(out, bytes);
        return;
    }
    if (column && long_column_get(&column->longs, row, &number)) {
        size = sizeof(number);
        buffer_append(out, &size, sizeof(size));
        buffer_append(out, &number, sizeof(number));
        return;
    }
    buffer_append(out, &size, sizeof(size));
}

/* The key of a file's partition, into `out`. */
static void partition_key_write(const struct file_ref *file, struct buffer *out)
{
    const struct partition_spec *spec = file->spec;
    buffer_truncate(out, 0);
    buffer_append(out, &spec->spec_id, sizeof(spec->spec_id));
    for (size_t i = 0; i < spec->field_count; i++) {
        const struct partition_field *field = &spec->fields[i];
        tuple_value_write(manifest_columns_partition(file->columns, field->field_id, field->name),
                          file->row, out);
    }
}

/* False (without an error) where the position deletes may be those of several data files. */
static bool referenced_path(const struct file_ref *file, struct slice *ret_path)
{
    struct slice lower, upper;
    if (bytes_column_get(&file->columns->referenced_files, file->row, ret_path))
        return true;
    const struct stats_column *stats = manifest_columns_stats(file->columns, DELETE_FILE_PATH_ID);
    if (!stats || !bytes_column_get(&stats->lower, file->row, &lower) ||
        !bytes_column_get(&stats->upper, file->row, &upper) || !slice_equals(lower, upper))
        return false;
    *ret_path = lower;
    return true;
}

static bool key_keep(struct delete_index *index, struct slice key, struct slice *ret_key,
                     struct error *err)
{
    struct slice kept = arena_slice(&index->arena, key);
    if (!kept.ptr)
        return error_no_memory(err, "the index of delete files");
    *ret_key = kept;
    return true;
}

static bool add_by_path(struct delete_index *index, enum scope scope, struct slice path,
                        const struct file_ref *file, struct error *err)
{
    struct slice key;
    TRY(key_keep(index, path, &key, err));
    return delete_map_add(&index->scopes[scope], key, file->sequence, (uint32_t)index->count, err);
}

static bool add_by_partition(struct delete_index *index, enum scope scope,
                             const struct file_ref *file, int64_t sequence, struct error *err)
{
    struct slice key;
    partition_key_write(file, &index->key);
    TRY(buffer_check(&index->key, "a partition tuple", err));
    TRY(key_keep(index, buffer_slice(&index->key), &key, err));
    return delete_map_add(&index->scopes[scope], key, sequence, (uint32_t)index->count, err);
}

static bool add_position(struct delete_index *index, const struct file_ref *file, struct error *err)
{
    struct slice path;
    if (file->columns->format[file->row] == FORMAT_PUFFIN) {
        if (!bytes_column_get(&file->columns->referenced_files, file->row, &path))
            return error_set(err, ERROR_CORRUPT,
                             "a deletion vector does not say which data file it belongs to");
        return add_by_path(index, SCOPE_VECTOR, path, file, err);
    }
    if (referenced_path(file, &path))
        return add_by_path(index, SCOPE_POS_PATH, path, file, err);
    return add_by_partition(index, SCOPE_POS_PARTITION, file, file->sequence, err);
}

static const struct delete_field *field_find(const struct delete_index *index, int64_t id)
{
    size_t low = 0, high = index->field_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->fields[middle].id == id)
            return &index->fields[middle];
        if (index->fields[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The facts of each equality field that is a column of a plain type. The place is the field's own
 * for now; sealing gives it its place among the ids that are in use. */
static bool equality_fields_read(struct delete_index *index, struct delete_file *file,
                                 struct error *err)
{
    const int64_t *ids = NULL;
    size_t count = 0;
    list_column_get(&file->ref.columns->equality_ids, file->ref.row, &ids, &count);
    file->fields = ARENA_ARRAY(&index->arena, struct equality_field, count);
    if (!file->fields)
        return error_no_memory(err, "the index of delete files");
    for (size_t i = 0; i < count; i++) {
        const struct delete_field *field = field_find(index, ids[i]);
        if (!field || !type_is_primitive(field->type))
            continue;
        buffer_append(&index->equality_ids, &field->id, sizeof(field->id));
        file->fields[file->field_count++] =
            (struct equality_field){.place = (uint32_t)(field - index->fields),
                                    .facts =
                                        field_facts_read(file->ref.columns, file->ref.row, field)};
    }
    return buffer_check(&index->equality_ids, "the list of equality fields", err);
}

static bool add_equality(struct delete_index *index, struct delete_file *file, struct error *err)
{
    int64_t sequence = file->ref.sequence;
    TRY(equality_fields_read(index, file, err));
    /* Nothing is older than the lowest number there is. */
    if (sequence == INT64_MIN)
        return true;
    if (!partition_spec_is_unpartitioned(file->ref.spec))
        return add_by_partition(index, SCOPE_EQ_PARTITION, &file->ref, sequence - 1, err);
    return delete_map_add(&index->scopes[SCOPE_GLOBAL], SLICE_EMPTY, sequence - 1,
                          (uint32_t)index->count, err);
}

static bool files_reserve(struct delete_index *index, struct error *err)
{
    if (index->count < index->capacity)
        return true;
    size_t capacity = index->capacity > 0 ? index->capacity * 2 : FIRST_FILES;
    struct delete_file *files = realloc(index->files, capacity * sizeof(*files));
    if (!files)
        return error_no_memory(err, "the index of delete files");
    index->files = files;
    index->capacity = capacity;
    return true;
}

bool delete_index_add(struct delete_index *index, const struct file_ref *file, struct error *err)
{
    TRY(files_reserve(index, err));
    struct delete_file *place = &index->files[index->count];
    *place = (struct delete_file){.ref = *file};
    switch ((enum file_content)file->columns->content[file->row]) {
    case CONTENT_POSITION_DELETES:
        TRY(add_position(index, file, err));
        break;
    case CONTENT_EQUALITY_DELETES:
        TRY(add_equality(index, place, err));
        break;
    case CONTENT_DATA:
        return error_set(err, ERROR_CORRUPT, "a manifest of delete files lists a data file");
    }
    manifest_columns_ref(file->columns);
    index->count++;
    return true;
}

static bool vectors_check(const struct delete_index *index, struct error *err)
{
    const struct delete_map *vectors = &index->scopes[SCOPE_VECTOR];
    for (size_t i = 0; i < vectors->group_count; i++) {
        if (vectors->groups[i].count > 1)
            return error_set(err, ERROR_CORRUPT,
                             "there are %zu deletion vectors for the data file '%.*s', where one "
                             "is allowed",
                             vectors->groups[i].count, SLICE_ARG(vectors->groups[i].key));
    }
    return true;
}

static int compare_ids(const void *left, const void *right)
{
    int32_t a, b;
    memcpy(&a, left, sizeof(a));
    memcpy(&b, right, sizeof(b));
    return (a > b) - (a < b);
}

/* Sorts the ids and drops those that are there twice. */
static void equality_ids_settle(struct delete_index *index)
{
    char *ids = index->equality_ids.ptr;
    size_t kept = 0, count = index->equality_ids.len / sizeof(int32_t);
    if (count == 0)
        return;
    qsort(ids, count, sizeof(int32_t), compare_ids);
    for (size_t i = 1; i < count; i++) {
        if (compare_ids(ids + i * sizeof(int32_t), ids + kept * sizeof(int32_t)) == 0)
            continue;
        kept++;
        memmove(ids + kept * sizeof(int32_t), ids + i * sizeof(int32_t), sizeof(int32_t));
    }
    buffer_truncate(&index->equality_ids, (kept + 1) * sizeof(int32_t));
}

static void places_settle(struct delete_index *index)
{
    size_t count = index->equality_ids.len / sizeof(int32_t);
    for (size_t i = 0; i < index->count; i++) {
        for (size_t k = 0; k < index->files[i].field_count; k++) {
            uint32_t *place = &index->files[i].fields[k].place;
            const char *at = bsearch(&index->fields[*place].id, index->equality_ids.ptr, count,
                                     sizeof(int32_t), compare_ids);
            *place = (uint32_t)((size_t)(at - index->equality_ids.ptr) / sizeof(int32_t));
        }
    }
}

bool delete_index_seal(struct delete_index *index, struct error *err)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        TRY(delete_map_seal(&index->scopes[i], err));
    equality_ids_settle(index);
    places_settle(index);
    return vectors_check(index, err);
}

bool delete_matcher_create(const struct delete_index *index, struct delete_matcher **ret_matcher,
                           struct error *err)
{
    struct delete_matcher *matcher = calloc(1, sizeof(*matcher));
    size_t count;
    if (!matcher)
        return error_no_memory(err, "a matcher of delete files");
    delete_index_equality_ids(index, &count);
    matcher->index = index;
    buffer_init(&matcher->key, KEY_CEILING);
    buffer_init(&matcher->other_key, KEY_CEILING);
    buffer_init(&matcher->files, INDEX_CEILING);
    matcher->facts = calloc(count + 1, sizeof(*matcher->facts));
    matcher->has_facts = calloc(count + 1, sizeof(*matcher->has_facts));
    if (!matcher->facts || !matcher->has_facts) {
        delete_matcher_destroy(matcher);
        return error_no_memory(err, "a matcher of delete files");
    }
    *ret_matcher = matcher;
    return true;
}

void delete_matcher_destroy(struct delete_matcher *matcher)
{
    if (!matcher)
        return;
    buffer_finish(&matcher->key);
    buffer_finish(&matcher->other_key);
    buffer_finish(&matcher->files);
    free(matcher->facts);
    free(matcher->has_facts);
    free(matcher);
}

/* The data file's facts of a field: read once for all delete files. */
static const struct field_facts *data_facts(struct delete_matcher *matcher,
                                            const struct file_ref *data, uint32_t place)
{
    if (!matcher->has_facts[place]) {
        size_t count;
        const int32_t *ids = delete_index_equality_ids(matcher->index, &count);
        matcher->facts[place] =
            field_facts_read(data->columns, data->row, field_find(matcher->index, ids[place]));
        matcher->has_facts[place] = true;
    }
    return &matcher->facts[place];
}

static bool equality_may_match(struct delete_matcher *matcher, const struct file_ref *data,
                               const struct delete_file *deletes)
{
    for (size_t i = 0; i < deletes->field_count; i++) {
        const struct equality_field *field = &deletes->fields[i];
        if (!field_facts_meet(data_facts(matcher, data, field->place), &field->facts))
            return false;
    }
    return true;
}

static void match_equality(struct delete_matcher *matcher, const struct delete_group *group,
                           const struct file_ref *data)
{
    if (!group)
        return;
    for (size_t i = delete_group_start(group, data->sequence); i < group->count; i++) {
        uint32_t file = group->members[i].file;
        if (equality_may_match(matcher, data, &matcher->index->files[file]))
            buffer_append(&matcher->files, &file, sizeof(file));
    }
}

/* Deletes that name a data file are of its partition, or the metadata is wrong. `key` is the data
 * file's. */
static bool partition_check(struct delete_matcher *matcher, uint32_t file,
                            const struct file_ref *data, struct error *err)
{
    const struct file_ref *deletes = &matcher->index->files[file].ref;
    struct buffer *key = &matcher->key;
    partition_key_write(data, key);
    struct buffer *other = &matcher->other_key;
    partition_key_write(deletes, other);
    bool is_same = buffer_ok(key) && slice_equals(buffer_slice(key), buffer_slice(other));
    bool ok = buffer_check(other, "a partition tuple", err);
    if (!ok || is_same)
        return ok;
    return error_set(err, ERROR_CORRUPT,
                     "deletes name the data file '%.*s%.*s', which is in another partition",
                     SLICE_ARG(data->columns->path_prefix),
                     SLICE_ARG(manifest_columns_path_suffix(data->columns, data->row)));
}

static bool match_vector(struct delete_matcher *matcher, const struct delete_group *group,
                         const struct file_ref *data, struct error *err)
{
    const struct delete_member *vector = &group->members[0];
    if (vector->sequence < data->sequence)
        return error_set(err, ERROR_CORRUPT,
                         "the deletion vector of the data file '%.*s' has the sequence number "
                         "%lld, which is below the file's own, %lld",
                         SLICE_ARG(group->key), (long long)vector->sequence,
                         (long long)data->sequence);
    TRY(partition_check(matcher, vector->file, data, err));
    buffer_append(&matcher->files, &vector->file, sizeof(vector->file));
    return true;
}

static bool match_positions(struct delete_matcher *matcher, const struct delete_group *partition,
                            const struct delete_group *path, const struct file_ref *data,
                            struct error *err)
{
    for (size_t i = partition ? delete_group_start(partition, data->sequence) : 0;
         partition && i < partition->count; i++)
        buffer_append(&matcher->files, &partition->members[i].file, sizeof(uint32_t));
    for (size_t i = path ? delete_group_start(path, data->sequence) : 0; path && i < path->count;
         i++) {
        TRY(partition_check(matcher, path->members[i].file, data, err));
        buffer_append(&matcher->files, &path->members[i].file, sizeof(uint32_t));
    }
    return true;
}

/* What a data file is looked up by in the maps of two kinds of deletes: made, and hashed, once. */
struct lookup {
    const struct delete_group *first, *second;
};

static struct lookup look_up(struct delete_matcher *matcher, enum scope first, enum scope second)
{
    const struct delete_map *maps = matcher->index->scopes;
    struct slice key = buffer_slice(&matcher->key);
    struct lookup found = {NULL, NULL};
    if (!buffer_ok(&matcher->key))
        return found;
    uint64_t hash = delete_map_hash(key);
    found.first = delete_map_find(&maps[first], key, hash);
    found.second = delete_map_find(&maps[second], key, hash);
    return found;
}

static bool has_any(const struct delete_matcher *matcher, enum scope first, enum scope second)
{
    const struct delete_map *maps = matcher->index->scopes;
    return maps[first].count > 0 || maps[second].count > 0;
}

static struct lookup find_by_partition(struct delete_matcher *matcher, const struct file_ref *data)
{
    if (!has_any(matcher, SCOPE_EQ_PARTITION, SCOPE_POS_PARTITION))
        return (struct lookup){NULL, NULL};
    partition_key_write(data, &matcher->key);
    return look_up(matcher, SCOPE_EQ_PARTITION, SCOPE_POS_PARTITION);
}

static struct lookup find_by_path(struct delete_matcher *matcher, const struct file_ref *data)
{
    if (!has_any(matcher, SCOPE_VECTOR, SCOPE_POS_PATH))
        return (struct lookup){NULL, NULL};
    buffer_truncate(&matcher->key, 0);
    buffer_append_slice(&matcher->key, data->columns->path_prefix);
    buffer_append_slice(&matcher->key, manifest_columns_path_suffix(data->columns, data->row));
    return look_up(matcher, SCOPE_VECTOR, SCOPE_POS_PATH);
}

/* Of the one key that there is. */
static const struct delete_group *global_group(const struct delete_index *index)
{
    const struct delete_map *map = &index->scopes[SCOPE_GLOBAL];
    return map->group_count > 0 ? &map->groups[0] : NULL;
}

bool delete_matcher_match(struct delete_matcher *matcher, const struct file_ref *data,
                          const uint32_t **ret_files, size_t *ret_count, struct error *err)
{
    size_t field_count;
    delete_index_equality_ids(matcher->index, &field_count);
    memset(matcher->has_facts, 0, field_count * sizeof(*matcher->has_facts));
    buffer_truncate(&matcher->files, 0);
    match_equality(matcher, global_group(matcher->index), data);
    struct lookup by_partition = find_by_partition(matcher, data);
    match_equality(matcher, by_partition.first, data);
    struct lookup by_path = find_by_path(matcher, data);
    if (by_path.first)
        TRY(match_vector(matcher, by_path.first, data, err));
    else
        TRY(match_positions(matcher, by_partition.second, by_path.second, data, err));
    TRY(buffer_check(&matcher->key, "a partition tuple or a path", err));
    TRY(buffer_check(&matcher->files, "the list of delete files", err));
    *ret_files = (const uint32_t *)(const void *)matcher->files.ptr;
    *ret_count = matcher->files.len / sizeof(uint32_t);
    return true;
}
