#include "server/banner.h"

#include "server/http.h"

/* The Iceberg release whose Spark runtime the line names: the newest one that was tested. */
#define SPARK_RUNTIME "org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.11.0"

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

void banner_print(const struct server *server, FILE *out)
{
    char url[128];
    server_url(server, url, sizeof(url));
    fprintf(out, "Firn %s serves %s, data in %s\n\n", FIRN_VERSION, url,
            server->data_directory.ptr);
    fprintf(out, "curl       curl %s/v1/config\n", url);
    fprintf(out,
            "PyIceberg  python3 -c 'from pyiceberg.catalog import load_catalog; "
            "print(load_catalog(\"firn\", type=\"rest\", uri=\"%s\").list_namespaces())'\n",
            url);
    fprintf(out,
            "Spark      spark-sql --packages " SPARK_RUNTIME " --conf spark.sql.extensions="
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
            " --conf spark.sql.catalog.firn=org.apache.iceberg.spark.SparkCatalog"
            " --conf spark.sql.catalog.firn.type=rest"
            " --conf spark.sql.catalog.firn.uri=%s --conf spark.sql.defaultCatalog=firn\n\n",
            url);
    fprintf(out, "Ctrl-C stops it.\n");
    fflush(out);
}
