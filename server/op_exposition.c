/* GET /metrics (server/op.h): everything that this process counts, for Prometheus. The families and
 * their labels are bounded by the program, never by what clients name. */
#include "server/op.h"

#include <sys/stat.h>

#include "base/limits.h"
#include "server/exposition.h"
#include "server/http.h"
#include "server/process_figures.h"
#include "server/request_counts.h"
#include "server/server.h"
#include "server/workers.h"

/* Every operation with every status would be some 300 KiB. */
#define MAX_EXPOSITION (4 * MIB)
#define MAX_FAMILY 64

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define OPEN_METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

static void put_gauge(struct exposition *exposition, const char *name, const char *help,
                      double value)
{
    if (value < 0)
        return; /* it could not be read */
    exposition_begin_gauge(exposition, name, help);
    exposition_gauge(exposition, NULL, 0, value);
}

static void put_counter(struct exposition *exposition, const char *name, const char *help,
                        double value)
{
    if (value < 0)
        return;
    exposition_begin_counter(exposition, name, help);
    exposition_counter(exposition, NULL, 0, value);
}

/* --- requests ------------------------------------------------------------------------------- */

static void put_request_counts(struct exposition *exposition, const struct request_counts *counts)
{
    exposition_begin_counter(exposition, "firn_requests",
                             "requests that were answered, by operation and status");
    for (size_t row = 0; row < REQUEST_ROW_COUNT; row++)
        for (enum request_status status = 0; status < REQUEST_STATUS_COUNT; status++) {
            const struct exposition_label labels[] = {
                {"operation", slice_from_string(request_row_name(row))},
                {"status", slice_from_string(request_status_name(status))},
            };
            uint64_t count = request_counts_get(counts, row, status);
            if (count > 0)
                exposition_counter(exposition, labels, 2, (double)count);
        }
}

static bool was_seen(const struct request_counts *counts, size_t row)
{
    for (enum request_status status = 0; status < REQUEST_STATUS_COUNT; status++)
        if (request_counts_get(counts, row, status) > 0)
            return true;
    return false;
}

static void put_requests(struct exposition *exposition, const struct request_counts *counts)
{
    put_request_counts(exposition, counts);
    exposition_begin_histogram(exposition, "firn_request_duration_seconds",
                               "from the last byte of a request to its answer, by operation");
    for (size_t row = 0; row < REQUEST_ROW_COUNT; row++) {
        const struct exposition_label label = {"operation",
                                               slice_from_string(request_row_name(row))};
        if (was_seen(counts, row))
            exposition_histogram(exposition, &label, 1, &counts->rows[row].latency,
                                 &histogram_latency);
    }
}

/* --- what the server holds ------------------------------------------------------------------ */

static void put_queue(struct exposition *exposition, struct server *server)
{
    struct workers_load load;
    workers_get_load(server->workers, &load);
    put_gauge(exposition, "firn_workers", "threads for requests that may wait",
              (double)load.threads);
    put_gauge(exposition, "firn_workers_busy", "of them, at work", (double)load.running);
    put_gauge(exposition, "firn_queue_length", "requests that wait for a worker",
              (double)load.queued);
    put_gauge(exposition, "firn_queue_limit", "requests that may wait; more are answered 429",
              (double)load.limit);
    const struct http *http = server->http;
    if (http)
        put_gauge(exposition, "firn_connections", "open connections",
                  (double)http_connection_count(http));
}

static void put_cache(struct exposition *exposition, struct server *server)
{
    struct cache_stats stats;
    cache_get_stats(server->cache, &stats);
    put_counter(exposition, "firn_cache_hits", "look-ups that found what they looked for",
                (double)stats.hits);
    put_counter(exposition, "firn_cache_misses", "look-ups that did not", (double)stats.misses);
    put_counter(exposition, "firn_cache_evictions", "entries that made room for others",
                (double)stats.evictions);
    put_gauge(exposition, "firn_cache_entries", "metadata, manifests and answers kept in memory",
              (double)stats.entries);
    put_gauge(exposition, "firn_cache_bytes", "their bytes", (double)stats.bytes);
    put_gauge(exposition, "firn_cache_limit_bytes", "bytes that they may take",
              (double)option_number(server->options, OPTION_CACHE_SIZE));
}

static void put_commits(struct exposition *exposition, struct server *server)
{
    struct commit_counts *counts = &server->catalog->commit_counts;
    put_counter(exposition, "firn_commits", "tables of which a commit moved the pointer",
                (double)atomic_load(&counts->tables));
    put_counter(exposition, "firn_commit_conflicts",
                "commits that failed because a requirement did not hold",
                (double)atomic_load(&counts->conflicts));
    put_counter(exposition, "firn_commit_retries",
                "rounds that a commit began again by itself, because another came first",
                (double)atomic_load(&counts->retries));
    exposition_begin_histogram(exposition, "firn_write_batch_size",
                               "writes that shared one transaction and its syncs");
    exposition_histogram(exposition, NULL, 0, pointer_store_batches(server->pointers),
                         &histogram_batch);
}

/* Left out while the database cannot be read: the other figures may say why. */
static void put_totals(struct exposition *exposition, struct server *server)
{
    struct pointer_view *view = NULL;
    struct pointer_totals totals;
    if (!pointer_view_begin(server->pointers, &view, NULL))
        return;
    bool ok = pointer_totals(view, &totals, NULL);
    pointer_view_end(view);
    if (!ok)
        return;
    put_gauge(exposition, "firn_namespaces", "namespaces of all warehouses",
              (double)totals.namespaces);
    put_gauge(exposition, "firn_tables", "tables of all warehouses", (double)totals.tables);
    put_gauge(exposition, "firn_views", "views of all warehouses", (double)totals.views);
    put_gauge(exposition, "firn_functions", "functions of all warehouses",
              (double)totals.functions);
    put_gauge(exposition, "firn_dropped_kept", "tables and views that can be brought back",
              (double)totals.dropped);
    put_gauge(exposition, "firn_purges_waiting", "dropped tables whose files are to be deleted",
              (double)totals.purges);
}

/* --- stores --------------------------------------------------------------------------------- */

static void put_store_calls(void *context, const char *scheme, const struct object_counts *counts)
{
    for (enum object_call call = 0; call < OBJECT_CALL_COUNT; call++)
        for (enum error_kind kind = ERROR_NONE; kind < ERROR_KIND_COUNT; kind++) {
            const char *code = kind == ERROR_NONE ? "ok" : error_kind_name(kind);
            const struct exposition_label labels[] = {
                {"store", slice_from_string(scheme)},
                {"call", slice_from_string(object_call_name(call))},
                {"code", slice_from_string(code)},
            };
            uint64_t count = atomic_load(&counts->calls[call].by_kind[kind]);
            if (count > 0)
                exposition_counter(context, labels, 3, (double)count);
        }
}

static bool was_called(const struct object_counts *counts, enum object_call call)
{
    for (size_t range = 0; range <= histogram_latency.count; range++)
        if (histogram_count(&counts->calls[call].latency, range) > 0)
            return true;
    return false;
}

static void put_store_latencies(void *context, const char *scheme,
                                const struct object_counts *counts)
{
    for (enum object_call call = 0; call < OBJECT_CALL_COUNT; call++) {
        const struct exposition_label labels[] = {
            {"store", slice_from_string(scheme)},
            {"call", slice_from_string(object_call_name(call))},
        };
        if (was_called(counts, call))
            exposition_histogram(context, labels, 2, &counts->calls[call].latency,
                                 &histogram_latency);
    }
}

static void put_stores(struct exposition *exposition, const struct object_stores *stores)
{
    exposition_begin_counter(exposition, "firn_storage_calls",
                             "calls to object stores, by what became of them");
    object_stores_visit_counts(stores, put_store_calls, exposition);
    exposition_begin_histogram(exposition, "firn_storage_call_duration_seconds",
                               "how long they took, own retries included");
    object_stores_visit_counts(stores, put_store_latencies, exposition);
}

/* -1 where there is none. */
static double file_size(struct server *server, const char *name)
{
    char path[4096];
    struct stat status;
    int size = snprintf(path, sizeof(path), "%.*s/%s", SLICE_ARG(server->data_directory), name);
    if (size < 0 || (size_t)size >= sizeof(path) || stat(path, &status) != 0)
        return -1;
    return (double)status.st_size;
}

static void put_database(struct exposition *exposition, struct server *server)
{
    put_gauge(exposition, "firn_database_bytes", "size of the catalog's database",
              file_size(server, "firn.db"));
    put_gauge(exposition, "firn_database_log_bytes", "size of its write-ahead log",
              file_size(server, "firn.db-wal"));
}

/* --- the rest ------------------------------------------------------------------------------- */

/* "plans-started" becomes firn_plans_started. */
static void put_counters(struct exposition *exposition, const struct counters *counters)
{
    for (enum counter counter = 0; counter < COUNTER_COUNT; counter++) {
        char family[MAX_FAMILY];
        (void)snprintf(family, sizeof(family), "firn_%s", counter_name(counter));
        for (char *c = family; *c; c++)
            if (*c == '-')
                *c = '_';
        put_counter(exposition, family, counter_help(counter),
                    (double)counter_get(counters, counter));
    }
}

static void put_process(struct exposition *exposition, const struct server *server)
{
    struct process_figures figures;
    process_figures_read(&figures);
    put_counter(exposition, "process_cpu_seconds", "user and system processor time",
                figures.cpu_s);
    put_gauge(exposition, "process_resident_memory_bytes", "memory in use",
              (double)figures.resident_bytes);
    put_gauge(exposition, "process_virtual_memory_bytes", "address space in use",
              (double)figures.virtual_bytes);
    put_gauge(exposition, "process_open_fds", "open files and connections",
              (double)figures.open_files);
    put_gauge(exposition, "process_max_fds", "open files that are allowed",
              (double)figures.max_files);
    put_gauge(exposition, "process_threads", "threads", (double)figures.threads);
    put_gauge(exposition, "process_start_time_seconds", "when the server started, since the epoch",
              (double)server->started_ms / 1000);
}

static void put_logs(struct exposition *exposition, const struct server *server)
{
    put_counter(exposition, "firn_log_lines_lost", "log lines that could not be written",
                (double)logs_lost(&server->logs));
}

static void put_build(struct exposition *exposition)
{
    const struct exposition_label label = {"version", SLICE_LITERAL(FIRN_VERSION)};
    exposition_begin_gauge(exposition, "firn_build_info", "always 1; which version this is");
    exposition_gauge(exposition, &label, 1, 1);
}

static bool answer(struct buffer *body, bool is_open_metrics, struct reply **ret_reply,
                   struct error *err)
{
    struct slice type = is_open_metrics ? SLICE_LITERAL(OPEN_METRICS_TYPE)
                                        : SLICE_LITERAL(TEXT_TYPE);
    return reply_text(200, type, body, ret_reply, err);
}

bool op_get_metrics(struct op *op, struct reply **ret_reply, struct error *err)
{
    struct server *server = op->server;
    struct buffer body;
    struct slice accept = request_header(op->request, "Accept");
    struct exposition exposition = {
        .out = &body,
        .is_open_metrics = accept.ptr && memmem(accept.ptr, accept.len, "openmetrics-text", 16),
    };
    buffer_init(&body, MAX_EXPOSITION);
    put_build(&exposition);
    put_requests(&exposition, &server->requests);
    put_queue(&exposition, server);
    put_cache(&exposition, server);
    put_commits(&exposition, server);
    put_totals(&exposition, server);
    put_stores(&exposition, server->objects);
    put_database(&exposition, server);
    put_counters(&exposition, &server->counters);
    put_logs(&exposition, server);
    put_process(&exposition, server);
    exposition_end(&exposition);
    return answer(&body, exposition.is_open_metrics, ret_reply, err);
}
