/* firn demo (cli/command.h): a small real table, made without an engine. */
#include "cli/command.h"

#include <stdio.h>

#include "base/json_tree.h"
#include "cli/demo.h"
#include "cli/demo_files.h"
#include "cli/output.h"
#include "cli/remote.h"

#define TABLE SLICE_LITERAL("demo.flights")

static bool post(struct command_run *run, enum remote_place place, const char *suffix,
                 const json_t *body, json_t **ret_answer, struct error *err)
{
    struct remote_request request = {
        .method = "POST",
        .place = place,
        .name = place == REMOTE_TABLE ? TABLE : SLICE_LITERAL("demo"),
        .suffix = suffix,
        .body = body,
    };
    return (body || error_no_memory(err, "a request")) &&
           remote_send(run, &request, ret_answer, err);
}

/* A namespace that is there already is as good. */
static bool make_namespace(struct command_run *run, struct error *err)
{
    json_t *body = json_pack("{s:[s]}", "namespace", "demo"), *answer = NULL;
    bool ok = post(run, REMOTE_PREFIX, "/namespaces", body, &answer, err);
    json_decref(body);
    json_decref(answer);
    if (!ok && run->code != EXIT_CONFLICT)
        return false;
    run->code = EXIT_DONE;
    return true;
}

static bool make_table(struct command_run *run, json_t **ret_table, struct error *err)
{
    json_t *body = NULL;
    TRY(make_namespace(run, err));
    TRY(json_tree_parse(demo_file(DEMO_TABLE), "the demo table", &body, err));
    bool ok = post(run, REMOTE_NAMESPACE, "/tables", body, ret_table, err);
    json_decref(body);
    return ok;
}

/* As it is, or made now. */
static bool find_table(struct command_run *run, json_t **ret_table, struct error *err)
{
    struct remote_request request = {.method = "GET", .place = REMOTE_TABLE, .name = TABLE};
    if (remote_send(run, &request, ret_table, err))
        return true;
    if (run->code != EXIT_NOT_THERE)
        return false;
    run->code = EXIT_DONE;
    return make_table(run, ret_table, err);
}

static bool has_snapshot(const json_t *metadata)
{
    const json_t *id = json_object_get(metadata, "current-snapshot-id");
    return json_is_integer(id) && json_integer_value(id) >= 0;
}

static bool draw_id(int64_t *ret_id, struct error *err)
{
    uint64_t bits = 0;
    TRY(random_source_real.fill(random_source_real.context, &bits, sizeof(bits)));
    (void)err;
    *ret_id = (int64_t)(bits >> 1);
    return true;
}

/* Without a snapshot its table is empty: of a run that was interrupted, or just made. */
static bool fill(struct command_run *run, const json_t *metadata, struct demo *demo,
                 struct error *err)
{
    json_t *commit = NULL, *answer = NULL;
    int64_t last = 0;
    bool is_there = false;
    TRY(json_get_string(metadata, "location", &demo->location, err));
    TRY(json_opt_int64(metadata, "last-sequence-number", &last, &is_there, err));
    TRY(draw_id(&demo->snapshot_id, err));
    demo->arena = &run->options.arena;
    demo->metadata = metadata;
    demo->sequence_number = last + 1;
    demo->now_ms = clock_now_ms(&clock_real);
    TRY(demo_write(demo, err));
    commit = demo_commit(demo);
    bool ok = post(run, REMOTE_TABLE, NULL, commit, &answer, err);
    json_decref(commit);
    json_decref(answer);
    return ok;
}

static bool print_made(struct command_run *run, const struct demo *demo, bool is_made,
                       struct error *err)
{
    if (run->wants_json)
        return output_json(json_pack("{s:s, s:b, s:s%}", "table", "demo.flights", "created",
                                     (int)is_made, "location", demo->location.ptr,
                                     demo->location.len),
                           err);
    if (is_made)
        printf("demo.flights is there now: %lld flights in %d files, %.*s\n",
               (long long)demo->records, DEMO_MONTHS, SLICE_ARG(demo->location));
    else
        puts("demo.flights is there already");
    puts("\n  firn plan demo.flights --filter \"month = 7\"\n"
         "  firn connect pyspark          # or spark-sql, pyiceberg, duckdb …");
    return true;
}

static bool fill_and_print(struct command_run *run, const json_t *table, struct error *err)
{
    const json_t *metadata = json_object_get(table, "metadata");
    struct demo demo = {.location = SLICE_EMPTY};
    if (has_snapshot(metadata))
        return json_get_string(metadata, "location", &demo.location, err) &&
               print_made(run, &demo, false, err);
    bool ok = command_files(&demo.objects, err) && fill(run, metadata, &demo, err) &&
              print_made(run, &demo, true, err);
    object_stores_destroy(demo.objects);
    return ok;
}

static bool demo(struct command_run *run, struct error *err)
{
    json_t *table = NULL;
    TRY(find_table(run, &table, err));
    bool ok = fill_and_print(run, table, err);
    json_decref(table);
    return ok;
}

static const unsigned IDS[] = {FLAG_WAREHOUSE, REMOTE_IDS};

const struct command command_demo = {
    .takes = COMMAND_TAKES("demo", NULL, IDS),
    .summary = "make a small real table to look at: demo.flights",
    .details =
        "Makes the table demo.flights in the running server: 33,055 flights out of New York\n"
        "in 12 Parquet files, by month. It needs no engine, and is for all of them. Where\n"
        "it is already, nothing is changed.\n",
    .run = demo,
};
