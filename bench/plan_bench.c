/*
 * Measures plans of a table, in CPU time of this process: all threads, without sockets.
 *
 *   plan_bench METADATA CASE ROUNDS [THREADS [PASS]]
 *
 * CASE is all, range (1 % of the ids) or point. Each round has two passes in turn, so that a busy
 * machine slows down both: plan with nothing cached, and plan with everything cached; or only the
 * one that PASS names (cold, cached), for a profiler. A plan is all of it, from the request's JSON
 * to the answer's, which is written into a small buffer over and over. Prints "pass cpu-ms wall-ms"
 * for every pass, then what the last plan did and the CPU time of its stages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json_tree.h"
#include "base/limits.h"
#include "iceberg/avro_container.h"
#include "iceberg/metadata_file.h"
#include "scan/plan_answer.h"
#include "storage/file_store.h"

/* Everything fits: what is evicted is measured with the server. */
#define CACHE_BUDGET ((size_t)8 * 1024 * MIB)
#define ROWS_OF_IDS 5000
#define MAX_REQUEST 512

struct bench {
    struct object_stores *objects;
    struct cache *cache;
    struct table_metadata *metadata;
    struct crew *crew;
    size_t hands;
    char request[MAX_REQUEST];
    struct plan_counts counts;
    uint64_t bytes;
};

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "plan_bench: %s: %s\n", what, detail);
    exit(EXIT_FAILURE);
}

static double clock_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int64_t cpu_us(void)
{
    return (int64_t)(clock_ms(CLOCK_PROCESS_CPUTIME_ID) * 1e3);
}

static void open_table(struct bench *bench, const char *location)
{
    struct error err;
    struct object_store *files = NULL;
    struct buffer bytes;
    struct blob *blob = NULL;
    buffer_init(&bytes, MAX_METADATA_SIZE);
    if (!object_stores_create(&bench->objects, &err) ||
        !file_store_create(&file_calls_real, &files, &err) ||
        !object_stores_add(bench->objects, "file", files, &err) ||
        !object_get(bench->objects, slice_from_string(location), &bytes, &err) ||
        !blob_from_buffer(&bytes, &blob, &err) ||
        !table_metadata_parse(blob, &bench->metadata, &err))
        die(location, err.message);
    blob_unref(blob);
}

static bool drop(void *context, struct buffer *piece, struct error *err)
{
    struct bench *bench = context;
    (void)err;
    bench->bytes += piece->len;
    buffer_truncate(piece, 0);
    return true;
}

static bool write_plan(struct bench *bench, struct plan *plan, struct cache *cache,
                       struct error *err)
{
    struct json_writer json;
    struct buffer text;
    const struct plan_sink sink = {drop, bench};
    const struct plan_work work = {PLAN_WINDOW_ALL, bench->crew, bench->hands};
    plan_measure(plan, cpu_us);
    bench->bytes = 0;
    buffer_init(&text, 1 * MIB);
    json_writer_init(&json, &text);
    json_write_object_begin(&json);
    bool ok = plan_open(plan, bench->objects, cache, NULL, err) &&
              plan_answer_files(plan, &work, &sink, &json, err);
    json_write_object_end(&json);
    bench->bytes += text.len;
    bench->counts = plan_counts(plan);
    buffer_finish(&text);
    return ok;
}

static void print_stages(const struct plan_counts *counts)
{
    static const char *const names[] = {
#define X(enumerator, name, words) [enumerator] = name,
        PLAN_STAGES(X)
#undef X
    };
    printf("stages");
    for (size_t i = 0; i < PLAN_STAGE_COUNT; i++)
        printf(" %s %.2f", names[i], (double)counts->stage_us[i] / 1000);
    printf("\n");
}

static void plan_once(struct bench *bench, struct cache *cache)
{
    struct error err;
    struct arena arena;
    struct plan_request request;
    struct plan *plan = NULL;
    json_t *tree = NULL;
    arena_init(&arena, 1 * MIB);
    if (!json_tree_parse(slice_from_string(bench->request), "request", &tree, &err) ||
        !plan_request_parse(tree, &arena, &request, &err) ||
        !plan_create(bench->metadata, &request, &plan, &err) ||
        !write_plan(bench, plan, cache, &err))
        die("plan", err.message);
    plan_destroy(plan);
    json_decref(tree);
    arena_finish(&arena);
}

static size_t files_of(const struct bench *bench)
{
    struct slice text = blob_slice(bench->metadata->blob);
    static const char KEY[] = "\"total-data-files\":\"";
    const char *at = memmem(text.ptr, text.len, KEY, sizeof(KEY) - 1);
    return at ? strtoull(at + sizeof(KEY) - 1, NULL, 10) : 0;
}

static void choose_case(struct bench *bench, const char *name)
{
    static const char POINT[] =
        "{\"filter\":{\"type\":\"and\",\"left\":{\"type\":\"and\","
        "\"left\":{\"type\":\"gt-eq\",\"term\":\"ts\",\"value\":\"2022-01-08T00:00:00\"},"
        "\"right\":{\"type\":\"lt\",\"term\":\"ts\",\"value\":\"2022-01-09T00:00:00\"}},"
        "\"right\":{\"type\":\"eq\",\"term\":\"id\",\"value\":29}}}";
    if (strcmp(name, "all") == 0)
        snprintf(bench->request, MAX_REQUEST, "{}");
    else if (strcmp(name, "range") == 0)
        snprintf(bench->request, MAX_REQUEST,
                 "{\"filter\":{\"type\":\"lt\",\"term\":\"id\",\"value\":%zu}}",
                 files_of(bench) / 100 * ROWS_OF_IDS);
    else if (strcmp(name, "point") == 0)
        snprintf(bench->request, MAX_REQUEST, "%s", POINT);
    else
        die("no such case", name);
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    struct error err;
    const char *only = argc > 5 ? argv[5] : NULL;
    if (argc < 4)
        die("usage", "plan_bench METADATA CASE ROUNDS [THREADS [PASS]]");
    open_table(&bench, argv[1]);
    choose_case(&bench, argv[2]);
    if (!cache_create(CACHE_BUDGET, &bench.cache, &err))
        die("cache", err.message);
    bench.hands = argc > 4 ? strtoul(argv[4], NULL, 10) : 1;
    if (bench.hands < 1 || !crew_create(bench.hands - 1, &bench.crew, &err))
        die("threads", argv[4]);
    plan_once(&bench, bench.cache);
    for (long round = strtol(argv[3], NULL, 10); round > 0; round--) {
        for (int pass = 0; pass < 2; pass++) {
            if (only && strcmp(only, pass ? "cached" : "cold") != 0)
                continue;
            double cpu = clock_ms(CLOCK_PROCESS_CPUTIME_ID), wall = clock_ms(CLOCK_MONOTONIC);
            plan_once(&bench, pass ? bench.cache : NULL);
            printf("%s %.3f %.3f\n", pass ? "cached" : "cold",
                   clock_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu, clock_ms(CLOCK_MONOTONIC) - wall);
        }
    }
    printf("counts %lu planned %lu deletes %lu read %lu bytes\n", bench.counts.files_planned,
           bench.counts.delete_files,
           bench.counts.manifests[0].read + bench.counts.manifests[1].read, bench.bytes);
    print_stages(&bench.counts);
    return 0;
}
