#include "cli/connect.h"

#include "base/nearest.h"
#include "cli/connect_targets.h"
#include "cli/runtimes.h"
#include "cli/terminal.h"

static const struct {
    const char *name;
    const char *language;
    const char *text;
} TARGETS[] = {
#define X(enumerator, name, language, text) {name, language, text},
    CONNECT_TARGETS(X)
#undef X
};
#define TARGET_COUNT (sizeof(TARGETS) / sizeof(TARGETS[0]))

const char connect_names[] = "spark-sql|pyspark|spark-cluster|pyiceberg|duckdb|trino|flink|"
                             "starrocks|clickhouse|curl";

/* --- versions ------------------------------------------------------------------------------- */

static const struct spark_runtime *find_spark(const struct connect *connect)
{
    return spark_runtime_find(connect->spark, connect->scala);
}

static const struct flink_runtime *find_flink(const struct connect *connect)
{
    return flink_runtime_find(connect->flink);
}

static bool no_spark(const struct connect *connect, struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST,
                     "No Iceberg runtime is published for Spark %.*s%s%.*s. There is one for"
#define X(spark, scala, iceberg, java) " Spark " spark " with Scala " scala ","
                     SPARK_RUNTIMES(X)
#undef X
                         " and for no other: --spark and --scala choose",
                     SLICE_ARG(connect->spark), connect->scala.len > 0 ? " with Scala " : "",
                     SLICE_ARG(connect->scala));
}

static bool no_flink(const struct connect *connect, struct error *err)
{
    return error_set(err, ERROR_BAD_REQUEST,
                     "No Iceberg runtime is published for Flink %.*s. There is one for"
#define X(flink, iceberg) " Flink " flink ","
                     FLINK_RUNTIMES(X)
#undef X
                         " and for no other: --flink chooses",
                     SLICE_ARG(connect->flink));
}

/* --- names ---------------------------------------------------------------------------------- */

static bool is_identifier(struct slice text)
{
    bool ok = text.len > 0 && !(text.ptr[0] >= '0' && text.ptr[0] <= '9');
    for (size_t i = 0; ok && i < text.len; i++) {
        char c = text.ptr[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    }
    return ok;
}

/* What stands in quotes of every kind, and without any, as it is. */
static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~' || strchr("\"'\\$`;|&<>(){}*?!#", text.ptr[i]))
            return false;
    return text.len > 0;
}

bool connect_check(const struct connect *connect, struct error *err)
{
    if (!is_identifier(connect->catalog))
        return error_set(err, ERROR_BAD_REQUEST,
                         "The option catalog is '%.*s': it must be a name of a-z A-Z 0-9 _, which "
                         "every engine takes without quotes",
                         SLICE_ARG(connect->catalog));
    if (!is_plain(connect->url) || !is_plain(connect->warehouse))
        return error_set(err, ERROR_BAD_REQUEST,
                         "The option %s is '%.*s': it has characters that no pasted line would "
                         "keep as they are",
                         is_plain(connect->url) ? "warehouse" : "url",
                         SLICE_ARG(is_plain(connect->url) ? connect->warehouse : connect->url));
    if (find_spark(connect) == NULL)
        return no_spark(connect, err);
    return find_flink(connect) != NULL || no_flink(connect, err);
}

/* --- text ----------------------------------------------------------------------------------- */

static bool is_local(const struct connect *connect)
{
    return slice_starts_with(connect->location, SLICE_LITERAL("file:"));
}

static bool is_s3(const struct connect *connect)
{
    return slice_starts_with(connect->location, SLICE_LITERAL("s3"));
}

static bool is_loopback(const struct connect *connect)
{
    static const char *const STARTS[] = {"http://127.", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < sizeof(STARTS) / sizeof(STARTS[0]); i++)
        if (slice_starts_with(connect->url, slice_from_string(STARTS[i])))
            return true;
    return false;
}

static bool holds(const struct connect *connect, struct slice word)
{
    return slice_equals_string(word, "file")    ? is_local(connect)
           : slice_equals_string(word, "s3")    ? is_s3(connect)
           : slice_equals_string(word, "demo")  ? connect->has_demo
           : slice_equals_string(word, "empty") ? !connect->has_demo
                                                : is_loopback(connect);
}

/* What the runtime needs beside itself, by the location's scheme. */
static void put_store_package(const struct connect *connect, const char *iceberg,
                              struct buffer *out)
{
    static const struct {
        const char *scheme, *cloud;
    } BUNDLES[] = {{"s3", "aws"}, {"gs:", "gcp"}, {"abfs", "azure"}};
    for (size_t i = 0; i < sizeof(BUNDLES) / sizeof(BUNDLES[0]); i++)
        if (slice_starts_with(connect->location, slice_from_string(BUNDLES[i].scheme)))
            buffer_printf(out, ",org.apache.iceberg:iceberg-%s-bundle:%s", BUNDLES[i].cloud,
                          iceberg);
}

static void put_packages(const struct connect *connect, struct buffer *out)
{
    const struct spark_runtime *spark = find_spark(connect);
    const struct flink_runtime *flink = find_flink(connect);
    bool is_flink = slice_equals_string(connect->target, "flink");
    const char *iceberg = is_flink ? flink->iceberg : spark->iceberg;
    if (is_flink)
        buffer_printf(out, "org.apache.iceberg:iceberg-flink-runtime-%s:%s", flink->flink, iceberg);
    else
        buffer_printf(out, "org.apache.iceberg:iceberg-spark-runtime-%s_%s:%s", spark->spark,
                      spark->scala, iceberg);
    put_store_package(connect, iceberg, out);
}

/* "17|21" as "17 or 21". */
static void put_java(const char *versions, struct buffer *out)
{
    struct slice rest = slice_from_string(versions), one;
    for (const char *between = ""; nearest_next(&rest, &one); between = " or ") {
        buffer_append_string(out, between);
        buffer_append_slice(out, one);
    }
}

static void put_place(const struct connect *connect, struct slice name, struct buffer *out)
{
    const struct spark_runtime *spark = find_spark(connect);
    if (slice_equals_string(name, "url"))
        buffer_append_slice(out, connect->url);
    else if (slice_equals_string(name, "warehouse"))
        buffer_append_slice(out, connect->warehouse);
    else if (slice_equals_string(name, "catalog"))
        buffer_append_slice(out, connect->catalog);
    else if (slice_equals_string(name, "location"))
        terminal_append(out, connect->location);
    else if (slice_equals_string(name, "packages"))
        put_packages(connect, out);
    else if (slice_equals_string(name, "spark"))
        buffer_append_string(out, spark->spark);
    else if (slice_equals_string(name, "scala"))
        buffer_append_string(out, spark->scala);
    else if (slice_equals_string(name, "iceberg"))
        buffer_append_string(out, spark->iceberg);
    else if (slice_equals_string(name, "java"))
        put_java(spark->java, out);
    else
        buffer_append_string(out, find_flink(connect)->flink);
}

static void put_line(const struct connect *connect, struct slice line, struct buffer *out)
{
    while (line.len > 0) {
        size_t open = slice_find(line, '{');
        buffer_append(out, line.ptr, open);
        line = slice_from(line, open + 1);
        if (line.len == 0)
            break;
        size_t close = slice_find(line, '}');
        put_place(connect, slice_make(line.ptr, close), out);
        line = slice_from(line, close + 1);
    }
    buffer_append_byte(out, '\n');
}

static size_t target_number(const struct connect *connect)
{
    size_t i = 0;
    while (i + 1 < TARGET_COUNT && !slice_equals_string(connect->target, TARGETS[i].name))
        i++;
    return i;
}

bool connect_put(const struct connect *connect, struct buffer *out, struct error *err)
{
    struct slice rest = slice_from_string(TARGETS[target_number(connect)].text);
    while (rest.len > 0) {
        struct slice line = slice_make(rest.ptr, slice_find(rest, '\n'));
        rest = slice_from(rest, line.len + 1);
        if (line.len > 0 && line.ptr[0] == '?') {
            size_t end = slice_find(line, ' ');
            if (!holds(connect, slice_make(line.ptr + 1, end - 1)))
                continue;
            line = slice_from(line, end + 1);
        }
        put_line(connect, line, out);
    }
    return buffer_check(out, "the lines", err);
}

/* --- for programs --------------------------------------------------------------------------- */

static json_t *packages_json(const struct connect *connect)
{
    struct buffer packages;
    json_t *list = json_array();
    bool has_some = strstr(TARGETS[target_number(connect)].text, "{packages}") != NULL;
    buffer_init(&packages, 1024);
    if (has_some)
        put_packages(connect, &packages);
    for (struct slice rest = buffer_slice(&packages); rest.len > 0;) {
        size_t end = slice_find(rest, ',');
        json_array_append_new(list, json_stringn(rest.ptr, end));
        rest = slice_from(rest, end + 1);
    }
    buffer_finish(&packages);
    return list;
}

json_t *connect_json(const struct connect *connect, struct slice text)
{
    return json_pack("{s:s, s:s, s:s%, s:s%, s:s%, s:o, s:s%}", "target",
                     TARGETS[target_number(connect)].name, "language",
                     TARGETS[target_number(connect)].language, "url", connect->url.ptr,
                     connect->url.len, "warehouse", connect->warehouse.ptr, connect->warehouse.len,
                     "catalog", connect->catalog.ptr, connect->catalog.len, "packages",
                     packages_json(connect), "text", text.ptr, text.len);
}
