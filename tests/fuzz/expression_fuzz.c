/*
 * Any bytes give a filter or an error; a filter that binds is written as JSON that binds to the
 * same filter again.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema_text[] =
    "{\"type\":\"struct\",\"fields\":["
    "{\"id\":1,\"name\":\"b\",\"required\":false,\"type\":\"boolean\"},"
    "{\"id\":2,\"name\":\"i\",\"required\":false,\"type\":\"int\"},"
    "{\"id\":3,\"name\":\"l\",\"required\":true,\"type\":\"long\"},"
    "{\"id\":4,\"name\":\"f\",\"required\":false,\"type\":\"float\"},"
    "{\"id\":5,\"name\":\"d\",\"required\":false,\"type\":\"double\"},"
    "{\"id\":6,\"name\":\"dec\",\"required\":false,\"type\":\"decimal(9,2)\"},"
    "{\"id\":7,\"name\":\"date\",\"required\":false,\"type\":\"date\"},"
    "{\"id\":8,\"name\":\"time\",\"required\":false,\"type\":\"time\"},"
    "{\"id\":9,\"name\":\"ts\",\"required\":false,\"type\":\"timestamp\"},"
    "{\"id\":10,\"name\":\"tz\",\"required\":false,\"type\":\"timestamptz_ns\"},"
    "{\"id\":11,\"name\":\"s\",\"required\":false,\"type\":\"string\"},"
    "{\"id\":12,\"name\":\"u\",\"required\":false,\"type\":\"uuid\"},"
    "{\"id\":13,\"name\":\"fx\",\"required\":false,\"type\":\"fixed[2]\"},"
    "{\"id\":14,\"name\":\"bin\",\"required\":false,\"type\":\"binary\"},"
    "{\"id\":15,\"name\":\"st\",\"required\":false,\"type\":{\"type\":\"struct\",\"fields\":["
    "{\"id\":16,\"name\":\"x\",\"required\":false,\"type\":\"int\"}]}}]}";

/* Parses, binds and writes; false where the text is no filter of the schema. */
static bool round_trip(struct slice text, const struct schema *schema, struct arena *arena,
                       struct buffer *out)
{
    json_t *tree = NULL;
    struct expression filter, bound;
    if (!json_tree_parse(text, "filter", &tree, NULL))
        return false;
    bool is_bound = expression_parse(tree, arena, &filter, NULL) &&
                    expression_bind(&filter, schema, true, arena, &bound, NULL);
    json_decref(tree);
    if (is_bound)
        expression_write_json(&bound, out);
    return is_bound && buffer_ok(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct buffer first, second;
    struct schema *schema = NULL;
    json_t *schema_json = NULL;
    arena_init(&arena, 64 * MIB);
    buffer_init(&first, 4 * MIB);
    buffer_init(&second, 4 * MIB);
    bool is_ready = json_tree_parse(slice_from_string(schema_text), "s", &schema_json, NULL) &&
                    schema_parse(schema_json, &arena, &schema, NULL);
    assert(is_ready);
    if (round_trip(slice_make((const char *)data, size), schema, &arena, &first)) {
        bool is_read = round_trip(buffer_slice(&first), schema, &arena, &second);
        assert(is_read && slice_equals(buffer_slice(&first), buffer_slice(&second)));
        buffer_truncate(&first, 0);
    }
    buffer_finish(&first);
    buffer_finish(&second);
    json_decref(schema_json);
    arena_finish(&arena);
    return 0;
}
