#include "scan/delete_matcher.h"

#include <stdlib.h>

#include "base/limits.h"
#include "scan/delete_index_internal.h"
#include "scan/delete_key.h"

/* Numbers of files that apply to one data file. */
#define FILES_CEILING MAX_MANIFEST_COLUMNS_SIZE

struct delete_matcher {
    const struct delete_index *index;
    const uint8_t *kept;
    const struct delete_group *global; /* NULL: there is none */
    struct buffer files;               /* uint32_t */
    struct field_facts *facts;         /* of the data file, for each of the index's fields */
    bool *has_facts;

    /* The open manifest. */
    const struct manifest_columns *columns;
    struct delete_tuples tuples;       /* each with its group in the index's partitions */
    const struct stats_column **stats; /* for each of the index's fields */

    /* The hashes of the paths of these rows, where the mask has them. */
    size_t expected_first;
    size_t expected_count;
    uint64_t hashes[DELETE_BATCH];
};

bool delete_matcher_create(const struct delete_index *index, const uint8_t *kept,
                           struct delete_matcher **ret_matcher, struct error *err)
{
    struct delete_matcher *matcher = calloc(1, sizeof(*matcher));
    size_t count = index->field_count;
    if (!matcher)
        return error_no_memory(err, "a matcher of delete files");
    matcher->index = index;
    matcher->kept = kept;
    matcher->global = delete_index_global(index);
    buffer_init(&matcher->files, FILES_CEILING);
    matcher->facts = calloc(count + 1, sizeof(*matcher->facts));
    matcher->has_facts = calloc(count + 1, sizeof(*matcher->has_facts));
    matcher->stats = calloc(count + 1, sizeof(const struct stats_column *));
    if (!matcher->facts || !matcher->has_facts || !matcher->stats) {
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
    delete_tuples_finish(&matcher->tuples);
    buffer_finish(&matcher->files);
    free(matcher->facts);
    free(matcher->has_facts);
    free(matcher->stats);
    free(matcher);
}

bool delete_matcher_open(struct delete_matcher *matcher, const struct manifest_columns *columns,
                         const struct partition_spec *spec, struct error *err)
{
    TRY(delete_tuples_open(&matcher->tuples, columns, spec, err));
    for (size_t i = 0; i < matcher->index->field_count; i++)
        matcher->stats[i] = manifest_columns_stats(columns, matcher->index->field_ids[i]);
    matcher->columns = columns;
    matcher->expected_count = 0;
    return true;
}

/* --- which files ---------------------------------------------------------------------------- */

static bool is_kept(const struct delete_matcher *matcher, uint32_t file)
{
    return !matcher->kept || matcher->kept[file];
}

static void put_file(struct delete_matcher *matcher, uint32_t file)
{
    buffer_append(&matcher->files, &file, sizeof(file));
}

/* Members of a group that apply to a data file; none where there is no group. */
static struct delete_members members_of(const struct delete_map *map,
                                        const struct delete_group *group, enum delete_role role,
                                        int64_t sequence)
{
    if (!group)
        return (struct delete_members){NULL, 0};
    return delete_members_from(delete_map_members(map, group, role), sequence);
}

/* --- equality deletes ----------------------------------------------------------------------- */

/* The data file's facts of a field: read once for all delete files. */
static const struct field_facts *data_facts(struct delete_matcher *matcher, size_t row,
                                            uint32_t place)
{
    if (!matcher->has_facts[place]) {
        matcher->facts[place] =
            field_facts_read(matcher->stats[place], row, &matcher->index->fields[place]);
        matcher->has_facts[place] = true;
    }
    return &matcher->facts[place];
}

static bool equality_may_match(struct delete_matcher *matcher, size_t row,
                               const struct indexed_file *deletes)
{
    for (size_t i = 0; i < deletes->field_count; i++) {
        const struct equality_field *field = &deletes->fields[i];
        if (!field_facts_meet(data_facts(matcher, row, field->place), &field->facts))
            return false;
    }
    return true;
}

static void match_equality(struct delete_matcher *matcher, const struct delete_group *group,
                           size_t row, int64_t sequence)
{
    const struct delete_index *index = matcher->index;
    struct delete_members members =
        members_of(&index->partitions, group, DELETE_EQUALITY, sequence);
    for (size_t i = 0; i < members.count; i++) {
        uint32_t file = members.items[i].file;
        if (is_kept(matcher, file) && equality_may_match(matcher, row, &index->files[file]))
            put_file(matcher, file);
    }
}

/* --- position deletes ----------------------------------------------------------------------- */

/* Deletes that name a data file are of its partition, or the metadata is wrong. */
static bool partition_check(const struct delete_matcher *matcher,
                            const struct delete_member *deletes,
                            const struct delete_tuple *partition, size_t row, struct error *err)
{
    if (deletes->partition == delete_partition_mark(partition->hash))
        return true;
    return error_set(err, ERROR_CORRUPT,
                     "deletes name the data file '%.*s%.*s', which is in another partition",
                     SLICE_ARG(matcher->columns->path_prefix),
                     SLICE_ARG(manifest_columns_path_suffix(matcher->columns, row)));
}

/* The one vector that is kept; false where there is none. */
static bool find_vector(const struct delete_matcher *matcher, const struct delete_group *path,
                        struct delete_member *ret_vector)
{
    if (!path)
        return false;
    struct delete_members vectors = delete_map_members(&matcher->index->paths, path, DELETE_VECTOR);
    for (size_t i = 0; i < vectors.count; i++) {
        if (!is_kept(matcher, vectors.items[i].file))
            continue;
        *ret_vector = vectors.items[i];
        return true;
    }
    return false;
}

static bool vector_check(const struct delete_member *vector, const struct delete_group *path,
                         int64_t sequence, struct error *err)
{
    return vector->sequence >= sequence ||
           error_set(err, ERROR_CORRUPT,
                     "the deletion vector of the data file '%.*s' has the sequence number %lld, "
                     "which is below the file's own, %lld",
                     SLICE_ARG(path->key), (long long)vector->sequence, (long long)sequence);
}

static bool match_positions(struct delete_matcher *matcher, const struct delete_tuple *partition,
                            const struct delete_group *path, size_t row, int64_t sequence,
                            struct error *err)
{
    const struct delete_index *index = matcher->index;
    struct delete_members of_partition =
        members_of(&index->partitions, partition->group, DELETE_POSITION, sequence);
    for (size_t i = 0; i < of_partition.count; i++)
        if (is_kept(matcher, of_partition.items[i].file))
            put_file(matcher, of_partition.items[i].file);
    struct delete_members of_path = members_of(&index->paths, path, DELETE_POSITION, sequence);
    for (size_t i = 0; i < of_path.count; i++) {
        if (!is_kept(matcher, of_path.items[i].file))
            continue;
        TRY(partition_check(matcher, &of_path.items[i], partition, row, err));
        put_file(matcher, of_path.items[i].file);
    }
    return true;
}

static bool match_rows(struct delete_matcher *matcher, const struct delete_tuple *partition,
                       const struct delete_group *path, size_t row, int64_t sequence,
                       struct error *err)
{
    struct delete_member vector;
    if (!find_vector(matcher, path, &vector))
        return match_positions(matcher, partition, path, row, sequence, err);
    TRY(vector_check(&vector, path, sequence, err));
    TRY(partition_check(matcher, &vector, partition, row, err));
    put_file(matcher, vector.file);
    return true;
}

/* --- look-ups ------------------------------------------------------------------------------- */

static bool find_partition(struct delete_matcher *matcher, size_t row,
                           struct delete_tuple **ret_tuple, struct error *err)
{
    bool is_new = false;
    TRY(delete_tuples_get(&matcher->tuples, row, ret_tuple, &is_new, err));
    if (is_new)
        (*ret_tuple)->group = delete_map_find(&matcher->index->partitions, (*ret_tuple)->hash,
                                              buffer_slice(&matcher->tuples.key), SLICE_EMPTY);
    return true;
}

static uint64_t path_hash(const struct delete_matcher *matcher, size_t row)
{
    return delete_path_hash(matcher->columns->path_prefix,
                            manifest_columns_path_suffix(matcher->columns, row));
}

/* A table of many delete files is larger than the caches of a core, and a look-up that waits for
 * each of its steps waits longer than everything else takes. */
void delete_matcher_expect(struct delete_matcher *matcher, size_t first, size_t count,
                           const uint8_t *mask)
{
    const struct delete_map *paths = &matcher->index->paths;
    size_t found[DELETE_BATCH], found_count = 0;
    matcher->expected_first = first;
    matcher->expected_count = count;
    for (size_t i = 0; i < count && paths->count > 0; i++) {
        if (!mask[i])
            continue;
        matcher->hashes[i] = path_hash(matcher, first + i);
        if (!delete_map_may_have(paths, matcher->hashes[i]))
            continue;
        delete_map_fetch_start(paths, matcher->hashes[i]);
        found[found_count++] = i;
    }
    for (size_t i = 0; i < found_count; i++)
        delete_map_fetch_group(paths, matcher->hashes[found[i]]);
    for (size_t i = 0; i < found_count; i++)
        delete_map_fetch_key(paths, matcher->hashes[found[i]]);
}

static const struct delete_group *find_path(const struct delete_matcher *matcher, size_t row)
{
    size_t at = row - matcher->expected_first;
    if (matcher->index->paths.count == 0)
        return NULL;
    uint64_t hash = at < matcher->expected_count ? matcher->hashes[at] : path_hash(matcher, row);
    return delete_map_find(&matcher->index->paths, hash, matcher->columns->path_prefix,
                           manifest_columns_path_suffix(matcher->columns, row));
}

bool delete_matcher_match(struct delete_matcher *matcher, size_t row, int64_t sequence,
                          const uint32_t **ret_files, size_t *ret_count, struct error *err)
{
    struct delete_tuple *partition = NULL;
    for (size_t i = 0; i < matcher->index->field_count; i++)
        matcher->has_facts[i] = false;
    buffer_truncate(&matcher->files, 0);
    match_equality(matcher, matcher->global, row, sequence);
    TRY(find_partition(matcher, row, &partition, err));
    match_equality(matcher, partition->group, row, sequence);
    TRY(match_rows(matcher, partition, find_path(matcher, row), row, sequence, err));
    TRY(buffer_check(&matcher->files, "the list of delete files", err));
    *ret_files = (const uint32_t *)(const void *)matcher->files.ptr;
    *ret_count = matcher->files.len / sizeof(uint32_t);
    return true;
}
