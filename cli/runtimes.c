#include "cli/runtimes.h"

static const struct spark_runtime SPARKS[] = {
#define X(spark, scala, iceberg, java) {spark, scala, iceberg, java},
    SPARK_RUNTIMES(X)
#undef X
};

static const struct flink_runtime FLINKS[] = {
#define X(flink, iceberg) {flink, iceberg},
    FLINK_RUNTIMES(X)
#undef X
};

static struct slice or_default(struct slice given, const char *fallback)
{
    return given.len > 0 ? given : slice_from_string(fallback);
}

/* "4.0.1" is of 4.0, "4.01" is not. */
static bool is_of_line(struct slice version, const char *line)
{
    struct slice one = slice_from_string(line);
    return slice_starts_with(version, one) &&
           (version.len == one.len || version.ptr[one.len] == '.');
}

const struct spark_runtime *spark_runtime_find(struct slice spark, struct slice scala)
{
    struct slice version = or_default(spark, SPARK_DEFAULT);
    for (size_t i = 0; i < sizeof(SPARKS) / sizeof(SPARKS[0]); i++)
        if (is_of_line(version, SPARKS[i].spark) &&
            (scala.len == 0 || is_of_line(scala, SPARKS[i].scala)))
            return &SPARKS[i];
    return NULL;
}

const struct flink_runtime *flink_runtime_find(struct slice flink)
{
    struct slice version = or_default(flink, FLINK_DEFAULT);
    for (size_t i = 0; i < sizeof(FLINKS) / sizeof(FLINKS[0]); i++)
        if (is_of_line(version, FLINKS[i].flink))
            return &FLINKS[i];
    return NULL;
}
