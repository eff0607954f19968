/* firn init compose, firn init k8s (cli/init.h). */
#include "cli/init.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_text.h"

/* Inside of a container. */
#define CONTAINER_DATA "/var/lib/firn"
#define CONTAINER_PORT "8181"

/* --- the image -------------------------------------------------------------------------------- */

#define PROGRAM "deploy/docker/firn"

/* The image of deploy/ builds Firn from its source; here the program is there already, so that
 * stage is left out. */
static bool cut_build_stage(struct buffer *text, struct error *err)
{
    static const char BEGIN[] = "FROM ${BASE} AS build\n", END[] = "FROM ${BASE}\n";
    const char *from = memmem(text->ptr, text->len, BEGIN, strlen(BEGIN));
    const char *to = memmem(text->ptr, text->len, END, strlen(END));
    if (from == NULL || to == NULL || to < from)
        return error_set(err, ERROR_INTERNAL, "The Dockerfile has no stage 'build'");
    memmove(text->ptr + (from - text->ptr), to, text->len - (size_t)(to - text->ptr));
    buffer_truncate(text, text->len - (size_t)(to - from));
    return true;
}

static bool add_program(struct init *init, struct error *err)
{
    struct buffer *program = init_add_text(init, PROGRAM, 0755, err);
    return program && (file_text_read(init->program.ptr, program, err) ||
                       error_prefix(err, "The program %s", init->program.ptr));
}

static bool add_image(struct init *init, struct error *err)
{
    struct buffer *text = init_add(init, INIT_DOCKERFILE, 0, err);
    return text && cut_build_stage(text, err) &&
           init_replace(text, "built from this source",
                        SLICE_LITERAL("the program that wrote this file"), err) &&
           init_replace(text, "COPY --from=build /out/usr/bin/firn", SLICE_LITERAL("COPY " PROGRAM),
                        err) &&
           init_add(init, INIT_DOCKERIGNORE, 0, err) &&
           init_add(init, INIT_SPARK_DOCKERFILE, 0, err) &&
           init_add(init, INIT_SPARK_DEFAULTS, 0, err) && add_program(init, err);
}

/* --- compose ---------------------------------------------------------------------------------- */

/* A directory is mounted under its own path: metadata names files by it. */
static bool put_mount(struct init *init, struct slice path, struct buffer *out, struct error *err)
{
    struct slice mount =
        arena_printf(init->arena, "%.*s:%.*s", (int)path.len, path.ptr, (int)path.len, path.ptr);
    if (slice_find(path, ':') < path.len)
        return error_set(err, ERROR_BAD_REQUEST,
                         "The directory %.*s has a ':' in its name, for which a compose file has "
                         "no room",
                         SLICE_ARG(path));
    if (mount.ptr == NULL)
        return error_no_memory(err, "the settings");
    init_put_yaml(mount, true, out);
    return true;
}

/* volumes: […], and who the container is where the data directory is this machine's. */
static bool put_volumes(struct init *init, const char *indent, bool is_spark, struct buffer *out,
                        struct error *err)
{
    struct init_places places;
    struct slice data;
    struct stat owner = {.st_uid = geteuid(), .st_gid = getegid()};
    TRY(init_places(init, &places, err));
    TRY(init_data(init, &data, err));
    buffer_printf(out, "%svolumes: [", indent);
    if (data.len == 0)
        buffer_append_string(out, "\"lake:" CONTAINER_DATA "\"");
    for (size_t i = 0; i < places.count; i++) {
        buffer_append_string(out, data.len == 0 || i > 0 ? ", " : "");
        TRY(put_mount(init, places.paths[i], out, err));
    }
    buffer_append_string(out, "]\n");
    if (data.len == 0)
        return true;
    (void)stat(data.ptr, &owner); /* one that is not there yet will be ours */
    buffer_printf(out, "%suser: \"%u:%u\"\n", indent, (unsigned)owner.st_uid,
                  (unsigned)owner.st_gid);
    if (is_spark)
        buffer_printf(out, "%senvironment: {HOME: /tmp}\n", indent);
    return true;
}

static bool replace_volumes(struct init *init, struct buffer *file, const char *indent,
                            bool is_spark, const char *behind, struct error *err)
{
    struct buffer text;
    struct slice old = arena_printf(init->arena, "\n%svolumes: [\"lake:" CONTAINER_DATA "\"]\n%s%s",
                                    indent, indent, behind);
    buffer_init(&text, MAX_INIT_TEXT);
    buffer_append_byte(&text, '\n');
    bool ok = (old.ptr || error_no_memory(err, "a file")) &&
              put_volumes(init, indent, is_spark, &text, err);
    buffer_printf(&text, "%s%s", indent, behind);
    ok = ok && buffer_check(&text, "a file", err) &&
         init_replace(file, old.ptr, buffer_slice(&text), err);
    buffer_finish(&text);
    return ok;
}

static bool replace_data(struct init *init, struct buffer *file, struct error *err)
{
    struct slice data;
    struct buffer text;
    TRY(init_data(init, &data, err));
    if (data.len == 0)
        return true;
    struct slice argument = arena_printf(init->arena, "--data=%.*s", (int)data.len, data.ptr);
    if (argument.ptr == NULL)
        return error_no_memory(err, "the settings");
    buffer_init(&text, MAX_INIT_TEXT);
    init_put_yaml(argument, true, &text);
    bool ok = init_replace(file, "--data=" CONTAINER_DATA, buffer_slice(&text), err);
    buffer_finish(&text);
    return ok;
}

/* "127.0.0.1:8181": where it is published. */
static bool replace_port(struct init *init, struct buffer *file, struct error *err)
{
    struct slice listen = option_text(init->options, OPTION_LISTEN);
    struct buffer text;
    if (slice_ends_with(listen, SLICE_LITERAL(":0")))
        return error_set(err, ERROR_BAD_REQUEST,
                         "--listen is %.*s: these files need a port that stays", SLICE_ARG(listen));
    buffer_init(&text, MAX_INIT_TEXT);
    buffer_append_slice(&text, listen);
    buffer_append_string(&text, ":" CONTAINER_PORT);
    bool ok = init_replace(file, "127.0.0.1:8181:" CONTAINER_PORT, buffer_slice(&text), err);
    buffer_finish(&text);
    return ok;
}

/* Behind the last argument that deploy/ has; of two the later counts. */
static bool add_arguments(struct init *init, struct buffer *file, const char *indent,
                          bool doubles_dollars, struct error *err)
{
    struct buffer text;
    struct slice old = arena_printf(init->arena, "%s- --log-format=json\n", indent);
    if (old.ptr == NULL)
        return error_no_memory(err, "a file");
    buffer_init(&text, MAX_INIT_TEXT);
    buffer_append_slice(&text, old);
    init_put_arguments(init, indent, doubles_dollars, &text);
    bool ok =
        buffer_check(&text, "a file", err) && init_replace(file, old.ptr, buffer_slice(&text), err);
    buffer_finish(&text);
    return ok;
}

static bool add_compose(struct init *init, struct error *err)
{
    struct buffer *file = init_add(init, INIT_COMPOSE, 0, err);
    return file && replace_data(init, file, err) && replace_port(init, file, err) &&
           replace_volumes(init, file, "  ", true, "cap_drop", err) &&
           replace_volumes(init, file, "    ", false, "read_only", err) &&
           add_arguments(init, file, "      ", true, err);
}

bool init_compose(struct init *init, struct error *err)
{
    TRY(add_compose(init, err));
    TRY(add_image(init, err));
    TRY(init_add(init, INIT_PROMETHEUS_COMPOSE, 0, err) && init_add(init, INIT_RULES, 0, err));
    TRY(init_add(init, INIT_DASHBOARD, 0, err) && init_add(init, INIT_DASHBOARDS, 0, err) &&
        init_add(init, INIT_DATASOURCES, 0, err));
    static const char *const COMMANDS[] = {"up -d --build", "exec spark spark-sql"};
    for (size_t i = 0; i < 2; i++) {
        buffer_append_string(&init->next, "docker compose -f ");
        init_put_path(init, init_file_path(INIT_COMPOSE));
        buffer_printf(&init->next, " %s\n", COMMANDS[i]);
    }
    return true;
}

/* --- Kubernetes ------------------------------------------------------------------------------- */

/* A pod has its volume, and no other directory of this machine. */
static bool check_places(struct init *init, struct error *err)
{
    struct init_places places;
    TRY(init_places(init, &places, err));
    for (size_t i = 0; i < places.count; i++)
        if (!slice_equals_string(places.paths[i], CONTAINER_DATA) &&
            !slice_starts_with(places.paths[i], SLICE_LITERAL(CONTAINER_DATA "/")))
            return error_set(err, ERROR_BAD_REQUEST,
                             "The directory %.*s is this machine's: a pod has " CONTAINER_DATA
                             " alone. Leave out --data, and name locations below that or in an "
                             "object store",
                             SLICE_ARG(places.paths[i]));
    return true;
}

/* The port of the service; the pod's own is another matter. */
static bool replace_service_port(struct init *init, struct buffer *file, struct error *err)
{
    struct slice listen = option_text(init->options, OPTION_LISTEN);
    const char *colon = memrchr(listen.ptr, ':', listen.len);
    struct slice port =
        colon ? slice_from(listen, (size_t)(colon + 1 - listen.ptr)) : SLICE_LITERAL("0");
    int64_t number = 0;
    if (!slice_to_int64(port, &number) || number < 1 || number > 65535)
        return error_set(err, ERROR_BAD_REQUEST,
                         "--listen is %.*s: these files need a port that stays", SLICE_ARG(listen));
    struct slice text = arena_printf(init->arena, "port: %lld,", (long long)number);
    return text.ptr ? init_replace(file, "port: " CONTAINER_PORT ",", text, err)
                    : error_no_memory(err, "a file");
}

static bool add_manifests(struct init *init, struct error *err)
{
    static const enum init_file_id AS_THEY_ARE[] = {INIT_K8S_BASE,      INIT_K8S_POLICY,
                                                    INIT_K8S_ACCOUNT,   INIT_K8S_LAPTOP,
                                                    INIT_K8S_MONITORED, INIT_K8S_MONITOR,
                                                    INIT_K8S_SPARK,     INIT_K8S_SPARK_ACCOUNT};
    for (size_t i = 0; i < sizeof(AS_THEY_ARE) / sizeof(AS_THEY_ARE[0]); i++)
        TRY(init_add(init, AS_THEY_ARE[i], 0, err));
    struct buffer *service = init_add(init, INIT_K8S_SERVICE, 0, err);
    TRY(service && replace_service_port(init, service, err));
    struct buffer *set = init_add(init, INIT_K8S_SET, 0, err);
    return set && add_arguments(init, set, "            ", false, err);
}

bool init_k8s(struct init *init, struct error *err)
{
    TRY(check_places(init, err));
    TRY(add_manifests(init, err));
    TRY(add_image(init, err));
    buffer_append_string(&init->next, "docker build -t firn -f ");
    init_put_path(init, init_file_path(INIT_DOCKERFILE));
    buffer_append_byte(&init->next, ' ');
    init_put_path(init, "");
    buffer_append_string(&init->next, "\nkubectl apply -k ");
    init_put_path(init, "deploy/k8s/overlays/laptop");
    buffer_append_byte(&init->next, '\n');
    return true;
}
