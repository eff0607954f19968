/*
 * storage_profile.h — how a warehouse's object store is reached: by the server, and by its clients.
 *
 * A warehouse on local files has none. In JSON (unknown fields are refused, all but `type` and
 * `credentials` may be left out):
 *
 *   {"type": "s3" | "gcs" | "adls",
 *    "endpoint": "http://minio:9000",         the server's own; without it the provider's
 *    "client-endpoints": [                    what clients are told; without it the same
 *      {"endpoint": "http://localhost:9000", "hosts": ["localhost"], "networks": ["10.0.0.0/8"]}],
 *    "region": "eu-central-1", "path-style": true, "ca-bundle": "/etc/ssl/minio.pem",
 *    "credentials": {"source": "static", "access-key-id": "…", "secret-access-key": "…"},
 *    "sts": {"endpoint": "…", "role-arn": "…", "external-id": "…", "duration-seconds": 3600},
 *    "client-access": ["vended-credentials", "remote-signing", "static-keys"],
 *    "unique-suffix": false}
 *
 * Owns:     nothing: texts lie in the arena that storage_profile_parse was given, NUL-terminated
 * Errors:   ERROR_BAD_REQUEST naming the field; a secret's value is never part of the sentence
 * Threads:  pure functions over immutable values
 * Rule:     storage_profile_write has null where a secret stands; the secrets go elsewhere
 *           (storage_credentials_secrets_append)
 */
#ifndef STORAGE_STORAGE_PROFILE_H
#define STORAGE_STORAGE_PROFILE_H

#include "storage/storage_credentials.h"

/* How clients may reach a table's files: a set of these. */
enum client_access {
    CLIENT_ACCESS_VENDED = 1 << 0,      /* short-lived credentials for one table */
    CLIENT_ACCESS_SIGNING = 1 << 1,     /* the server signs single requests */
    CLIENT_ACCESS_STATIC_KEYS = 1 << 2, /* the warehouse's own keys, for whoever may load */
};

/* AssumeRole, or Google's exchange of tokens, which make credentials for clients. */
struct storage_sts {
    bool is_set;
    struct slice endpoint; /* empty: the profile's own, else the region's */
    struct slice role_arn; /* empty: the store knows without (MinIO) */
    struct slice external_id;
    int64_t duration_s; /* s3 */
};

/* An endpoint for the clients that come to one of `hosts` (their Host header, port aside) and from
 * one of `networks`; an empty list means any. */
struct client_endpoint {
    struct slice endpoint;
    struct slice *hosts;
    size_t host_count;
    struct slice *networks; /* CIDR, as given and checked */
    size_t network_count;
};

struct storage_profile {
    enum storage_type type;
    struct slice endpoint; /* "http://host:port" without trailing slash; empty: the provider's */
    struct client_endpoint *client_endpoints;
    size_t client_endpoint_count;
    struct slice region; /* s3: never empty */
    bool is_path_style;
    struct slice ca_bundle; /* a file; empty: the system's */
    struct storage_credentials credentials;
    struct storage_sts sts;
    unsigned client_access; /* of enum client_access */
    bool has_unique_suffix; /* default locations of tables and views always get a suffix */
};

#define STORAGE_DEFAULT_REGION "us-east-1"
/* What STS allows, and what it gives where nothing is said. */
#define STS_MIN_DURATION_S 900
#define STS_MAX_DURATION_S 43200
#define STS_DEFAULT_DURATION_S 3600

/* Reads the JSON above. `secrets` (borrowed; NULL: none) has the value of each secret that is null
 * there: {"secret-access-key": "…"}, as storage_profile_secrets_append made it. */
bool storage_profile_parse(const json_t *json, const json_t *secrets, struct arena *arena,
                           struct storage_profile **ret_profile, struct error *err);

/* Everything but the secrets, each of which is null where it is set. What it writes can be parsed
 * again together with the secrets. */
void storage_profile_write(struct json_writer *writer, const struct storage_profile *profile);

/* A copy, secrets included, that depends on nothing but the arena. */
bool storage_profile_copy(const struct storage_profile *profile, struct arena *arena,
                          struct storage_profile **ret_copy, struct error *err);
/* The same in every member, secrets included. */
bool storage_profile_equals(const struct storage_profile *a, const struct storage_profile *b);

/* May the secrets of `old` go on in `now`? Only to the same places, as the same identity: else who
 * may change a warehouse could send them to a server of his own. */
bool storage_profile_may_keep_secrets(const struct storage_profile *old,
                                      const struct storage_profile *now);

/* The endpoint that a client is told, by the Host header it sent and its address (either may be
 * empty): the first entry that fits, else the server's own. Empty: the provider's. A view. */
struct slice storage_profile_client_endpoint(const struct storage_profile *profile,
                                             struct slice host, struct slice address);

#endif
