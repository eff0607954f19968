#include "cli/banner.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "server/http.h"

/* The address that clients on this machine use ("http://127.0.0.1:8181"). */
static void server_url(const struct server *server, char *ret_url, size_t size)
{
    struct slice host = server->security.listen_host;
    if (slice_equals_string(host, "0.0.0.0"))
        host = SLICE_LITERAL("127.0.0.1");
    if (slice_equals_string(host, "::"))
        host = SLICE_LITERAL("::1");
    bool is_v6 = slice_find(host, ':') < host.len;
    snprintf(ret_url, size, "http://%s%.*s%s:%u", is_v6 ? "[" : "", SLICE_ARG(host),
             is_v6 ? "]" : "", http_port(server->http));
}

/* A path of PATH_MAX, escaped, beside the rest. */
#define MAX_BANNER_SIZE (64 * KIB)

static void print_json(const struct server *server, const char *url, FILE *out)
{
    struct buffer text;
    struct json_writer writer;
    buffer_init(&text, MAX_BANNER_SIZE);
    json_writer_init(&writer, &text);
    json_write_object_begin(&writer);
    json_write_key(&writer, "url");
    json_write_string(&writer, slice_from_string(url));
    json_write_key(&writer, "data");
    json_write_string(&writer, server->data_directory);
    json_write_key(&writer, "version");
    json_write_string(&writer, SLICE_LITERAL(FIRN_VERSION));
    json_write_object_end(&writer);
    fprintf(out, "%.*s\n", (int)text.len, text.ptr);
    buffer_finish(&text);
}

void banner_print(const struct server *server, bool as_json, FILE *out)
{
    char url[128];
    server_url(server, url, sizeof(url));
    if (as_json)
        print_json(server, url, out);
    else
        fprintf(
            out,
            "Firn %s serves %s, data in %s. Ctrl-C stops it.\n\n"
            "  firn demo                 a small table to look at\n"
            "  firn connect pyspark      the lines to paste; or spark-sql, pyiceberg, duckdb …\n"
            "  firn doctor               what is wrong, if anything is\n\n",
            FIRN_VERSION, url, server->data_directory.ptr);
    fflush(out);
}
