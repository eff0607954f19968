#include "tests/unit/iceberg/metadata_fixture.h"

#include <stdio.h>
#include <stdlib.h>

const char METADATA_V1[] =
    "{\"format-version\":1,\"location\":\"s3://b/t/\",\"last-updated-ms\":1000,"
    "\"last-column-id\":2,\"schema\":{\"type\":\"struct\",\"fields\":[]},"
    "\"partition-spec\":[{\"name\":\"a\",\"transform\":\"identity\",\"source-id\":1},"
    "{\"name\":\"b\",\"transform\":\"identity\",\"source-id\":2}],"
    "\"properties\":{},\"current-snapshot-id\":7,\"snapshots\":[{\"snapshot-id\":7,"
    "\"timestamp-ms\":900,\"manifests\":[\"s3://b/m0.avro\"]}],\"snapshot-log\":null}";

const char METADATA_V2[] =
    "{\"format-version\":2,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c1\","
    "\"location\":\"s3://b/t\",\"last-sequence-number\":3,\"last-updated-ms\":300000,"
    "\"last-column-id\":2,\"current-schema-id\":1,\"schemas\":[{\"type\":\"struct\","
    "\"schema-id\":0,\"fields\":[]},{\"type\":\"struct\",\"schema-id\":1,\"fields\":[]}],"
    "\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":[]}],"
    "\"last-partition-id\":999,\"default-sort-order-id\":0,"
    "\"sort-orders\":[{\"order-id\":0,\"fields\":[]}],"
    "\"properties\":{\"owner\":\"o\",\"esc\\u0061ped\":\"v\\n\"},\"current-snapshot-id\":30,"
    "\"refs\":{\"main\":{\"snapshot-id\":30,\"type\":\"branch\",\"min-snapshots-to-keep\":2},"
    "\"eom\":{\"snapshot-id\":10,\"type\":\"tag\",\"max-ref-age-ms\":5}},"
    "\"snapshots\":[{\"sequence-number\":1,\"snapshot-id\":10,\"timestamp-ms\":100000,"
    "\"summary\":{\"operation\":\"append\"},\"manifest-list\":\"s3://b/1.avro\"},\n"
    "{\"sequence-number\":2,\"snapshot-id\":20,\"parent-snapshot-id\":10,"
    "\"timestamp-ms\":200000,\"manifest-list\":\"s3://b/2.avro\",\"schema-id\":0},\n"
    "{\"sequence-number\":3,\"snapshot-id\":30,\"parent-snapshot-id\":20,"
    "\"timestamp-ms\":300000,\"manifest-list\":\"s3://b/3.avro\",\"schema-id\":1,"
    "\"new-in-2030\":{\"a\":[1,2]}}],"
    "\"statistics\":[{\"snapshot-id\":20,\"statistics-path\":\"s3://b/s.puffin\","
    "\"file-size-in-bytes\":4,\"file-footer-size-in-bytes\":2,\"blob-metadata\":[]}],"
    "\"partition-statistics\":[],\"snapshot-log\":["
    "{\"timestamp-ms\":100000,\"snapshot-id\":10},{\"timestamp-ms\":200000,\"snapshot-id\":20},"
    "{\"timestamp-ms\":300000,\"snapshot-id\":30}],"
    "\"metadata-log\":[{\"timestamp-ms\":100000,\"metadata-file\":\"s3://b/\\u0030.json\"},"
    "{\"timestamp-ms\":200000,\"metadata-file\":\"s3://b/1.json\"}],"
    "\"from-the-future\":{\"x\":1},\"another\":null}";

const char METADATA_V3[] =
    "{\"format-version\":3,\"table-uuid\":\"9c12d441-03fe-4693-9a96-a0705ddf69c1\","
    "\"location\":\"s3://b/t\",\"last-sequence-number\":1,\"last-updated-ms\":1,"
    "\"last-column-id\":2,\"current-schema-id\":0,\"schemas\":[{\"type\":\"struct\","
    "\"schema-id\":0,\"fields\":[]}],\"default-spec-id\":0,"
    "\"partition-specs\":[{\"spec-id\":0,\"fields\":[]}],\"last-partition-id\":999,"
    "\"default-sort-order-id\":1,\"sort-orders\":[{\"order-id\":1,\"fields\":[]}],"
    "\"current-snapshot-id\":null,\"next-row-id\":9223372036854775807,\"refs\":{},"
    "\"encryption-keys\":[{\"key-id\":\"k\",\"encrypted-key-metadata\":\"AA==\"}],"
    "\"snapshots\":[{\"sequence-number\":1,\"snapshot-id\":5,\"timestamp-ms\":1,"
    "\"manifest-list\":\"s3://b/1.avro\",\"first-row-id\":0,\"added-rows\":10}]}";

const char VIEW_METADATA[] =
    "{\"view-uuid\":\"fa6506c3-7681-40c8-86dc-e36561f83385\",\"format-version\":1,"
    "\"location\":\"s3://b/v\",\"current-version-id\":2,\"properties\":{\"comment\":\"c\"},"
    "\"versions\":[{\"version-id\":1,\"timestamp-ms\":1,\"schema-id\":0,\"summary\":{},"
    "\"default-namespace\":[\"ns\"],\"representations\":[]},"
    "{\"version-id\":2,\"timestamp-ms\":2,\"schema-id\":1,\"default-catalog\":null,"
    "\"summary\":{\"engine\":\"spark\"},\"default-namespace\":[],\"representations\":["
    "{\"type\":\"SQL\",\"sql\":\"select 1\",\"dialect\":\"spark\"},{\"type\":\"ir\"}]}],"
    "\"schemas\":[{\"type\":\"struct\",\"fields\":[]},"
    "{\"type\":\"struct\",\"schema-id\":1,\"fields\":[]}],"
    "\"version-log\":[{\"timestamp-ms\":1,\"version-id\":1},{\"timestamp-ms\":2,"
    "\"version-id\":2}],\"from-the-future\":[1]}";

static void fixture_require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fixture: %s\n", what);
    abort();
}

struct blob *fixture_blob(const char *text)
{
    struct blob *blob = NULL;
    struct error err = {.kind = ERROR_NONE};
    fixture_require(blob_copy(slice_from_string(text), &blob, &err), err.message);
    return blob;
}

struct blob *fixture_replace(const char *text, const char *old, const char *new)
{
    struct buffer out;
    struct blob *blob = NULL;
    struct error err = {.kind = ERROR_NONE};
    const char *at = strstr(text, old);
    fixture_require(at != NULL, old);
    buffer_init(&out, 1 << 20);
    buffer_append(&out, text, (size_t)(at - text));
    buffer_append_string(&out, new);
    buffer_append_string(&out, at + strlen(old));
    fixture_require(blob_from_buffer(&out, &blob, &err), err.message);
    return blob;
}

char *fixture_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(1 << 20);
    fixture_require(file && bytes, path);
    *ret_size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}
