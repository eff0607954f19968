#include "server/server.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crew.h"
#include "base/limits.h"
#include "base/processors.h"
#include "catalog/warehouse.h"
#include "server/cors.h"
#include "server/http.h"
#include "server/http_listener.h"
#include "server/op.h"
#include "server/plan_jobs.h"
#include "server/plan_key.h"
#include "server/request_log.h"
#include "server/secrets.h"
#include "server/web_assets.h"
#include "server/workers.h"
#include "storage/all_stores.h"
#include "storage/data_directory.h"
#include "storage/location.h"
#include "storage/vended_keys.h"

/* Texts of the options, made absolute. */
#define SERVER_ARENA_SIZE (4 * MIB)
/* How long a statement waits for SQLite's lock; only a backup from outside can hold it. */
#define BUSY_TIMEOUT_MS 5000
/* Files that are open at one time beside connections: the database, its readers, objects. */
#define SPARE_FILES 256

static bool open_data_directory(struct server *server, struct error *err)
{
    struct slice data = option_text(server->options, OPTION_DATA);
    if (data.len == 0)
        return error_set(err, ERROR_BAD_REQUEST, "The option data must name a directory");
    return data_directory_open(data.ptr, &server->arena, &server->data_directory, err);
}

static bool is_of_any_disk(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lost+found") == 0;
}

static bool has_entries(const char *path)
{
    DIR *stream = opendir(path);
    struct dirent *entry;
    bool found = false;
    while (stream && !found && (entry = readdir(stream)) != NULL)
        found = !is_of_any_disk(entry->d_name);
    if (stream)
        closedir(stream);
    return found;
}

static bool has_bytes(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && status.st_size > 0;
}

/* SQLite would throw a log away whose database is not there, and the changes in it. */
static bool check_no_log(struct server *server, const char *database, struct error *err)
{
    struct slice log = arena_printf(&server->arena, "%s-wal", database);
    if (log.ptr == NULL)
        return error_no_memory(err, "the log's path");
    return !has_bytes(log.ptr) ||
           error_set(err, ERROR_CORRUPT,
                     "The catalog database %s is not there or empty, but its log %s is: put the "
                     "database back beside it, or a backup in its place with firn restore; or, to "
                     "begin a new catalog, remove the log first",
                     database, log.ptr);
}

/* Files in the warehouse may have been put there to be registered, or the database is lost; the
 * key of secrets, which each start makes after the database, is left of one wherever files lie. */
static bool warn_of_new_catalog(struct server *server, const char *database, struct slice warehouse,
                                struct error *err)
{
    const char *key = secrets_key_path(server->data_directory, &server->arena, err);
    struct log_field fields[] = {LOG_TEXT_FIELD("database", slice_from_string(database)),
                                 LOG_TEXT_FIELD("warehouse", warehouse)};
    if (key == NULL)
        return false;
    if (!has_entries(warehouse.ptr) && !has_bytes(key))
        return true;
    log_write(&server->logs.main, LOG_WARN,
              "a new catalog begins beside files that it does not know: where they had a catalog, "
              "stop this server and put a backup in the new one's place with firn restore; tables "
              "without one can be registered",
              fields, 2);
    return true;
}

/* SQLite takes an empty file for a new database. It may be one: a first start that was killed
 * leaves it, but then there are no files in the warehouse, or only such as were laid there. */
static bool check_not_emptied(struct server *server, const char *database, struct error *err)
{
    struct stat status;
    if (has_bytes(database))
        return true;
    TRY(check_no_log(server, database, err));
    struct slice warehouse =
        arena_printf(&server->arena, "%.*s/warehouse", SLICE_ARG(server->data_directory));
    if (warehouse.ptr == NULL)
        return error_no_memory(err, "the warehouse's path");
    if (stat(database, &status) != 0)
        return warn_of_new_catalog(server, database, warehouse, err);
    return !has_entries(warehouse.ptr) ||
           error_set(err, ERROR_CORRUPT,
                     "The catalog database %s is empty, but there are files in %s: put a backup in "
                     "its place with firn restore; or, to begin a new catalog beside those files, "
                     "remove firn.db first",
                     database, warehouse.ptr);
}

static bool open_pointers(struct server *server, struct error *err)
{
    struct slice path =
        arena_printf(&server->arena, "%.*s/firn.db", SLICE_ARG(server->data_directory));
    if (path.ptr == NULL)
        return error_no_memory(err, "the database's path");
    TRY(check_not_emptied(server, path.ptr, err));
    struct pointer_store_options options = {
        .path = path.ptr,
        .clock = &clock_real,
        .busy_timeout_ms = BUSY_TIMEOUT_MS,
    };
    return pointer_store_open(&options, &server->pointers, err);
}

static bool probe_pointers(void *context, struct error *err)
{
    return pointer_store_probe(context, err);
}

static const char *variable(const char *name)
{
    return getenv(name);
}

/* One endpoint has at most half of the workers, so that the others go on where it hangs. */
static bool open_objects(struct server *server, struct error *err)
{
    const struct options *given = server->options;
    struct all_stores_options options = {.environment = variable,
                                         .transport = http_transport_defaults};
    size_t workers = (size_t)option_number(given, OPTION_WORKERS);
    options.transport.silence_ms = option_number(given, OPTION_STORE_TIMEOUT) * 1000;
    options.transport.calls_per_endpoint = workers > 1 ? workers / 2 : 1;
    return all_stores_open(&options, &server->objects, err);
}

static bool check_served(struct server *server, struct slice location, const char *option,
                         struct error *err)
{
    struct object_store *store;
    return object_stores_find(server->objects, location, &store, err) ||
           error_prefix(err, "The option %s", option);
}

static bool check_locations(struct server *server, struct error *err)
{
    const struct option_value *allowed = &server->options->values[OPTION_ALLOW_LOCATION];
    struct slice location = option_text(server->options, OPTION_WAREHOUSE_LOCATION);
    for (size_t i = 0; i < allowed->item_count; i++)
        TRY(check_served(server, allowed->items[i], "allow-location", err));
    return location.len == 0 || check_served(server, location, "warehouse-location", err);
}

/* The option is for a new catalog: an older one's warehouse is moved by management alone. */
static bool warn_of_other_location(struct server *server, struct error *err)
{
    struct slice canonical, asked = option_text(server->options, OPTION_WAREHOUSE_LOCATION);
    const struct warehouse *warehouse = NULL;
    if (asked.len == 0)
        return true;
    TRY(location_canonical(asked, &server->arena, &canonical, err));
    TRY(warehouse_find(server->catalog, SLICE_EMPTY, &warehouse, err));
    struct log_field fields[] = {LOG_TEXT_FIELD("option", asked),
                                 LOG_TEXT_FIELD("warehouse", warehouse->location)};
    if (!slice_equals(location_strip_slash(canonical), location_strip_slash(warehouse->canonical)))
        log_write(&server->logs.main, LOG_WARN,
                  "--warehouse-location does nothing: this catalog has its default warehouse "
                  "elsewhere already; remove the option, or change the warehouse under "
                  "/management/v1/warehouses",
                  fields, 2);
    warehouse_unref(warehouse);
    return true;
}

static bool open_catalog(struct server *server, struct error *err)
{
    const struct option_value *allowed = &server->options->values[OPTION_ALLOW_LOCATION];
    const struct option_value *endpoints = &server->options->values[OPTION_ALLOW_ENDPOINT];
    struct slice location = option_text(server->options, OPTION_WAREHOUSE_LOCATION);
    if (location.len == 0)
        location = arena_printf(&server->arena, "file://%.*s/warehouse",
                                SLICE_ARG(server->data_directory));
    struct slice own_files =
        arena_printf(&server->arena, "file://%.*s/firn.db", SLICE_ARG(server->data_directory));
    if (location.ptr == NULL || own_files.ptr == NULL)
        return error_no_memory(err, "the warehouse's location");
    struct catalog_options options = {
        .pointers = server->pointers,
        .objects = server->objects,
        .cache = server->cache,
        .reading = server->reading,
        .clock = &clock_real,
        .random = &random_source_real,
        .allowed_locations = allowed->items,
        .allowed_location_count = allowed->item_count,
        .default_warehouse_location = location,
        .own_files = own_files,
        .secret_keys = &server->secret_keys,
        .allowed_endpoints = endpoints->items,
        .allowed_endpoint_count = endpoints->item_count,
    };
    return catalog_create(&options, &server->catalog, err);
}

static bool name_run(struct server *server, struct error *err)
{
    unsigned char bytes[4];
    if (!random_source_real.fill(random_source_real.context, bytes, sizeof(bytes)))
        return error_set(err, ERROR_INTERNAL, "no random numbers");
    snprintf(server->run_id, sizeof(server->run_id), "%02x%02x%02x%02x", bytes[0], bytes[1],
             bytes[2], bytes[3]);
    return true;
}

static bool set_policy(struct server *server, struct error *err)
{
    struct slice listen = option_text(server->options, OPTION_LISTEN);
    const struct option_value *hosts = &server->options->values[OPTION_ALLOW_HOST];
    const struct option_value *origins = &server->options->values[OPTION_ALLOW_ORIGIN];
    for (size_t i = 0; i < hosts->item_count; i++)
        TRY(security_check_host_name(hosts->items[i], err));
    for (size_t i = 0; i < origins->item_count; i++)
        TRY(security_check_origin_name(origins->items[i], err));
    server->security.allowed_hosts = hosts->items;
    server->security.allowed_host_count = hosts->item_count;
    server->security.allowed_origins = origins->items;
    server->security.allowed_origin_count = origins->item_count;
    TRY(http_parse_listen(listen, &server->arena, &server->security.listen_host,
                          &server->security.is_loopback, err));
    if (server->security.is_loopback || option_number(server->options, OPTION_ALLOW_ANONYMOUS))
        return true;
    return error_set(err, ERROR_FORBIDDEN,
                     "%.*s can be reached from other machines, and nobody has to log in: add "
                     "--allow-anonymous if that is what you want, or listen on 127.0.0.1",
                     SLICE_ARG(listen));
}

/* A plan's worker is one of its threads, so that plans go on however busy the crew is. */
static bool open_crew(struct server *server, struct error *err)
{
    size_t given = (size_t)option_number(server->options, OPTION_PLAN_THREADS);
    server->plan_hands = given > 0 ? given : processors_count();
    return crew_create(server->plan_hands - 1, &server->crew, err);
}

/* A large metadata file waits for others in a worker, and these may wait for slow clients: so a
 * quarter of the workers at most is let wait. */
static size_t reading_wait_limit(const struct server *server)
{
    return (size_t)option_number(server->options, OPTION_WORKERS) / 4;
}

static bool open_all(struct server *server, struct error *err)
{
    const struct options *options = server->options;
    TRY(set_policy(server, err));
    TRY(name_run(server, err));
    TRY(memory_plan_make(options, &server->memory, err));
    TRY(router_create(&server->router, err));
    TRY(web_assets_create(&server->web_assets, err));
    TRY(open_objects(server, err));
    TRY(check_locations(server, err));
    TRY(open_data_directory(server, err));
    TRY(open_pointers(server, err));
    TRY(readiness_init(&server->readiness, &clock_real, probe_pointers, server->pointers, err));
    TRY(plan_key_open(server->pointers, &random_source_real, &server->plan_key, err));
    TRY(secrets_open(options, server->data_directory, server->pointers, &server->logs.main,
                     &server->secret_keys, err));
    TRY(vended_keys_create(&clock_real, &server->vended, err));
    TRY(cache_create(server->memory.cache, &server->cache, err));
    TRY(byte_budget_create(server->memory.reading, reading_wait_limit(server), &server->reading,
                           err));
    TRY(byte_budget_create(server->memory.parsed, 0, &server->parsed, err));
    TRY(open_catalog(server, err));
    TRY(warn_of_other_location(server, err));
    TRY(open_crew(server, err));
    TRY(plan_jobs_create(&server->plan_jobs, err));
    struct workers_options workers = {
        .threads = (size_t)option_number(options, OPTION_WORKERS),
        .awake = processors_count(),
        .standby_ms = WORKERS_STANDBY_MS,
        .queue_limit = (size_t)option_number(options, OPTION_QUEUE),
    };
    return workers_create(&workers, &server->workers, err);
}

void server_log_init(const struct options *options, struct log *ret_log)
{
    ret_log->fd = STDERR_FILENO;
    ret_log->format = (enum log_format)option_number(options, OPTION_LOG_FORMAT);
    ret_log->clock = &clock_real;
    atomic_init(&ret_log->level, (int)option_number(options, OPTION_LOG_LEVEL));
}

bool server_create(const struct options *options, struct server **ret_server, struct error *err)
{
    struct server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        return error_no_memory(err, "the server");
    server->options = options;
    arena_init(&server->arena, SERVER_ARENA_SIZE);
    atomic_init(&server->next_request_id, 1);
    atomic_init(&server->is_draining, false);
    counters_init(&server->counters);
    encoders_init(&server->encoders);
    server->started_ms = clock_now_ms(&clock_real);
    if (!logs_open(options, &server->logs, err) || !open_all(server, err)) {
        server_destroy(server);
        return false;
    }
    *ret_server = server;
    return true;
}

/* A connection is a file descriptor: the soft limit is often 1,024. */
static void raise_file_limit(size_t connections)
{
    struct rlimit limit;
    rlim_t wanted = connections + SPARE_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static size_t thread_count(const struct options *options)
{
    size_t given = (size_t)option_number(options, OPTION_THREADS);
    if (given > 0)
        return given;
    size_t processors = processors_count();
    return processors > 2 ? processors : 2;
}

bool server_listen(struct server *server, struct error *err)
{
    const struct options *options = server->options;
    size_t connections = (size_t)option_number(options, OPTION_CONNECTIONS);
    struct http_options http = {
        .listen = option_text(options, OPTION_LISTEN),
        .thread_count = thread_count(options),
        .connection_limit = connections,
        .connection_timeout_s = (unsigned)option_number(options, OPTION_CONNECTION_TIMEOUT),
        .max_body = (size_t)option_number(options, OPTION_MAX_BODY),
        .max_bodies = server->memory.bodies,
        .small_body = server->memory.small_body,
    };
    struct http *started = NULL;
    raise_file_limit(connections);
    TRY(http_start(server, &http, &started, err));
    server->http = started;
    return true;
}

bool server_stop(struct server *server)
{
    int64_t wait_ms = option_number(server->options, OPTION_DRAIN_TIMEOUT) * 1000;
    int64_t until = clock_monotonic_ms(&clock_real) + wait_ms;
    atomic_store(&server->is_draining, true);
    bool is_quiet = server->http == NULL || http_quiesce(server->http, wait_ms);
    int64_t left_ms = until - clock_monotonic_ms(&clock_real);
    /* A connection that is slow does not keep us; a worker that still runs holds a connection that
     * libmicrohttpd must not be stopped with. */
    if (!workers_drain(server->workers, left_ms > 0 ? left_ms : 0))
        return false;
    http_stop(server->http);
    server->http = NULL;
    if (!is_quiet)
        log_write(&server->logs.main, LOG_WARN,
                  "connections were closed before their answers ended", NULL, 0);
    return true;
}

void server_destroy(struct server *server)
{
    if (server == NULL)
        return;
    http_stop(server->http);
    workers_destroy(server->workers);
    plan_jobs_destroy(server->plan_jobs);
    crew_destroy(server->crew);
    catalog_destroy(server->catalog);
    cache_destroy(server->cache);
    vended_keys_destroy(server->vended);
    byte_budget_destroy(server->reading);
    byte_budget_destroy(server->parsed);
    object_stores_destroy(server->objects);
    readiness_finish(&server->readiness);
    encoders_finish(&server->encoders);
    pointer_store_close(server->pointers);
    router_destroy(server->router);
    web_assets_destroy(server->web_assets);
    secret_keys_wipe(&server->secret_keys);
    logs_close(&server->logs);
    arena_finish(&server->arena);
    free(server);
}

/* --- one request ---------------------------------------------------------------------------- */

/* What can be said before an operation is looked at: refusals, and a browser's own question. */
static struct reply *answer_at_once(struct server *server, struct request *request)
{
    struct error err;
    struct slice allow = SLICE_EMPTY;
    error_clear(&err);
    if (request->uri.len > MAX_URI_SIZE)
        return reply_fault(414, "UriTooLongException",
                           "The path and query are longer than 32768 bytes");
    if (!security_check_origin(&server->security, request, &err))
        return reply_error(&err, false, allow);
    if (cors_is_preflight(request))
        return cors_answer_preflight();
    if (!router_match(server->router, request, &allow, &err))
        return reply_error(&err, false, allow);
    return NULL;
}

static void count(struct server *server, const struct request *request, const struct reply *reply)
{
    int64_t took = request->arrived_us ? clock_measure_us() - request->arrived_us : 0;
    request_counts_add(&server->requests, request->operation, reply->status,
                       took > 0 ? (uint64_t)took : 0);
    request_log_write(&server->logs, request, reply, took);
}

static void begin(struct server *server, struct request *request)
{
    if (request->arrived_us != 0)
        return;
    request->arrived_us = clock_measure_us();
    request_log_identify(&server->logs, request);
}

/* A page of another origin may read the refusal as it may read other answers. */
void server_refused(struct server *server, struct request *request, const struct reply *reply)
{
    begin(server, request);
    (void)security_check_origin(&server->security, request, NULL);
    count(server, request, reply);
}

struct reply *server_handle(struct server *server, struct request *request)
{
    begin(server, request);
    struct reply *reply = request->operation ? NULL : answer_at_once(server, request);
    if (reply == NULL)
        reply = op_run(server, request);
    if (reply == NULL)
        return NULL; /* a worker tries again */
    count(server, request, reply);
    return reply;
}
