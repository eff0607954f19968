/*
 * init.h — the files that run and watch Firn, written for this machine's settings.
 *
 * Their one source is deploy/ and docker-compose.yml, whose bytes are part of the program. Where a
 * setting is given (a flag, a variable, --config) it takes the place of what stands there; what is
 * not given stays as it is. A target in cli/init_*.c makes texts; nothing is written before all of
 * them are made, and no file is replaced without --force.
 *
 * Owns:     struct init its outputs; init_finish frees them
 * Errors:   ERROR_BAD_REQUEST: a setting that these files have no room for; ERROR_ALREADY_EXISTS;
 *           ERROR_INTERNAL: the text in deploy/ that an edit looks for is not there
 * Threads:  one
 */
#ifndef CLI_INIT_H
#define CLI_INIT_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "cli/flags.h"

/* X(enumerator, "file below the root of the source") */
#define INIT_FILES(X)                                                             \
    X(INIT_COMPOSE, "docker-compose.yml")                                         \
    X(INIT_DOCKERFILE, "deploy/docker/Dockerfile")                                \
    X(INIT_DOCKERIGNORE, "deploy/docker/Dockerfile.dockerignore")                 \
    X(INIT_SPARK_DOCKERFILE, "deploy/docker/spark/Dockerfile")                    \
    X(INIT_SPARK_DEFAULTS, "deploy/docker/spark/spark-defaults.conf")             \
    X(INIT_DASHBOARD, "deploy/grafana/dashboards/firn.json")                      \
    X(INIT_DASHBOARDS, "deploy/grafana/provisioning/dashboards/firn.yml")         \
    X(INIT_DATASOURCES, "deploy/grafana/provisioning/datasources/prometheus.yml") \
    X(INIT_K8S_BASE, "deploy/k8s/base/kustomization.yaml")                        \
    X(INIT_K8S_POLICY, "deploy/k8s/base/networkpolicy.yaml")                      \
    X(INIT_K8S_SERVICE, "deploy/k8s/base/service.yaml")                           \
    X(INIT_K8S_ACCOUNT, "deploy/k8s/base/serviceaccount.yaml")                    \
    X(INIT_K8S_SET, "deploy/k8s/base/statefulset.yaml")                           \
    X(INIT_K8S_LAPTOP, "deploy/k8s/overlays/laptop/kustomization.yaml")           \
    X(INIT_K8S_MONITORED, "deploy/k8s/overlays/monitored/kustomization.yaml")     \
    X(INIT_K8S_MONITOR, "deploy/k8s/overlays/monitored/servicemonitor.yaml")      \
    X(INIT_K8S_SPARK, "deploy/k8s/spark/README.md")                               \
    X(INIT_K8S_SPARK_ACCOUNT, "deploy/k8s/spark/serviceaccount.yaml")             \
    X(INIT_PROMETHEUS_COMPOSE, "deploy/prometheus/compose.yml")                   \
    X(INIT_PROMETHEUS, "deploy/prometheus/prometheus.yml")                        \
    X(INIT_RULES, "deploy/prometheus/firn.rules.yml")                             \
    X(INIT_SETTINGS, "deploy/systemd/firn.json")                                  \
    X(INIT_UNIT, "deploy/systemd/firn.service")

enum init_file_id {
#define X(enumerator, path) enumerator,
    INIT_FILES(X)
#undef X
        INIT_FILE_COUNT
};

struct slice init_file(enum init_file_id id);
const char *init_file_path(enum init_file_id id); /* "deploy/…" */

struct init_output {
    const char *path; /* below --out */
    struct buffer text;
    mode_t mode;
};

#define MAX_INIT_OUTPUTS (INIT_FILE_COUNT + 1) /* and the program itself */

struct init {
    struct options *options;
    struct arena *arena;
    struct slice program; /* the path of this program */
    struct init_output outputs[MAX_INIT_OUTPUTS];
    size_t count;
    struct buffer next; /* the commands to go on with, a line each */
};

typedef bool (*init_fn)(struct init *init, struct error *err);
bool init_compose(struct init *init, struct error *err);
bool init_k8s(struct init *init, struct error *err);
bool init_systemd(struct init *init, struct error *err);
bool init_prometheus(struct init *init, struct error *err);

/* --- what targets are made of (cli/init.c) ---------------------------------------------------- */

/* The file as it is, to be written to its own path without the first `skipped` bytes of that.
 * NULL where memory is short. */
struct buffer *init_add(struct init *init, enum init_file_id id, size_t skipped, struct error *err);
/* An output of another text. The buffer is empty, and has room for MAX_INIT_TEXT. */
struct buffer *init_add_text(struct init *init, const char *path, mode_t mode, struct error *err);
#define MAX_INIT_TEXT ((size_t)256 << 20) /* a program with all that a debugger wants */
/* Puts `text` in the place of `old`, which must stand in *out exactly once. */
bool init_replace(struct buffer *out, const char *old, struct slice text, struct error *err);

static inline bool init_is_given(const struct init *init, unsigned id)
{
    return init->options->values[id].is_given;
}

/* The directories of this machine that the server needs: --data where it is given, and those of
 * --warehouse-location and --allow-location; absolute, each once. */
struct init_places {
    struct slice *paths;
    size_t count;
};
bool init_places(struct init *init, struct init_places *ret_places, struct error *err);
/* --data as an absolute path; empty where it is not given. */
bool init_data(struct init *init, struct slice *ret_path, struct error *err);

/* As a string of YAML; with its dollars doubled, which a compose file takes for variables. */
void init_put_yaml(struct slice text, bool doubles_dollars, struct buffer *out);
/* Each given setting that deploy/ does not fix, as an item of a YAML list: - "--name=value" */
void init_put_arguments(const struct init *init, const char *indent, bool doubles_dollars,
                        struct buffer *out);
/* A path as a word of a shell. */
void init_put_word(struct slice path, struct buffer *out);
/* "--out" and what follows it, as a word of a shell, in init->next. */
void init_put_path(struct init *init, const char *rest);

#endif
