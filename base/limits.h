/*
 * limits.h — every ceiling on what a client can make grow, with its reason. One place to look.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* Scans that are planned behind (--plan-submit-files): rows in the database at a time, and what one
 * request may take there. Past either a scan is planned at once, as without the option. */
#define MAX_SUBMITTED_PLANS 10000
#define MAX_SUBMITTED_REQUEST (256 * KIB)
/* Of them as many are worked on at one time, so that they leave workers for requests. */
#define MAX_PLAN_JOBS 16
/* A request's body. The largest honest ones are commits that carry a schema of thousands of columns
 * (2-5 MiB) and transactions over hundreds of tables. */
#define MAX_BODY_SIZE (32 * MIB)
/* Past MAX_BODY_SIZE a chunked body is read and thrown away up to here, so that a client which only
 * reads after it has sent everything still gets its 413; then the connection is closed. */
#define MAX_DRAINED_SIZE (64 * MIB)
/* All bodies that are held at once, those that still arrive included: 4,096 connections with a body
 * of MAX_BODY_SIZE each would take 128 GiB. Past it a body is read and thrown away, and answered
 * 429. Small ones are not counted, so that a few clients with large ones shut out nobody else. */
#define MAX_BODIES_SIZE (512 * MIB)
#define MAX_SMALL_BODY_SIZE (64 * KIB)
/* Memory of one JSON text's tree, as base/json_tree_parse.c weighs it. Three bytes of text, "{},",
 * become 230 of tree, so that 32 MiB of them would take 2.5 GB. A schema takes 14 bytes for each of
 * its text: one of 100,000 columns stays below it, and so does a body of MAX_BODY_SIZE that is
 * mostly text (properties, SQL). */
#define MAX_JSON_TREE_SIZE (128 * MIB)
/* Bytes a second of a request that arrives, or of an answer that is sent, on the average of
 * --connection-timeout: a client that sends a byte now and then would keep its connection for ever.
 * A commit fits into one packet; the largest body takes two hours at this pace. */
#define MIN_CLIENT_PACE (4 * KIB)
/* Path and query as sent. A namespace and a table of 4 KiB each, every byte of them encoded in
 * three, stay below it. Each connection holds this much, and the HTTP library clears it for every
 * request, so more than is needed is felt (server/http.c). */
#define MAX_URI_SIZE (32 * KIB)
/* One name: a namespace level, a table, a view. File systems stop at 255 bytes for a path segment;
 * longer names are legal in the catalog, and their default location uses a digest. */
#define MAX_NAME_SIZE (4 * KIB)
/* All full names ("a.b.c") of one schema's nested fields: a tree of long names would otherwise grow
 * with the square of its text. 100,000 fields with names of 600 bytes stay below it. */
#define MAX_SCHEMA_NAMES_SIZE (64 * MIB)
/* Fields of one partition spec or sort order: real ones have one to ten, and each is compared with
 * each. */
#define MAX_SPEC_FIELDS 1000
/* The canonical text of a function's signature: the types of its parameters, joined. */
#define MAX_DEFINITION_ID_SIZE (64 * KIB)
/* The name of a view's SQL dialect: "spark", "trino" … */
#define MAX_DIALECT_SIZE 255
/* The name of a warehouse, which is a segment of every path. */
#define MAX_WAREHOUSE_NAME 64
/* Levels of a namespace: real catalogs use one to five. */
#define MAX_NAMESPACE_LEVELS 32
/* A namespace, its levels joined and encoded, in a path: beside the longest table name, a plan id
 * and a query there is this much room below MAX_URI_SIZE. A longer one could be made, and then
 * neither loaded nor dropped. */
#define MAX_NAMESPACE_URI_SIZE (MAX_URI_SIZE - 3 * MAX_NAME_SIZE - 2 * KIB)
/* How long a warehouse may keep what was dropped: what nobody missed in ten years nobody will, and
 * sums of times stay far from overflow. */
#define MAX_RETENTION_DAYS 3650
/* Properties of one namespace, as JSON text. */
#define MAX_PROPERTIES_SIZE (1 * MIB)
/* Memory of one request's arena: parsed parts of large metadata and the answer's small parts. */
#define MAX_REQUEST_ARENA (256 * MIB)
/* One metadata file, inflated. Files of 250 MB have been seen in the field. */
#define MAX_METADATA_SIZE (512 * MIB)
/* Metadata that is being read, inflated, parsed and sent, all requests together and beside what the
 * caches may hold: half a megabyte of gzip inflates to MAX_METADATA_SIZE, and eight such tables at
 * once would take 4 GiB. Files up to MAX_SMALL_METADATA_SIZE are not counted, so that ordinary
 * tables pass whatever others hold. */
#define MAX_READING_SIZE ((size_t)1024 * MIB)
#define MAX_SMALL_METADATA_SIZE (1 * MIB)
/* A manifest or a manifest list as it lies in the store. Writers aim at 8 MiB. */
#define MAX_MANIFEST_FILE_SIZE (512 * MIB)
/* One of its blocks, inflated, and all of them. Writers end a block at 64 kB, but some make one
 * block of a whole manifest; a million files with statistics of ten columns inflate to some 500 MB.
 */
#define MAX_MANIFEST_BLOCK_SIZE (256 * MIB)
#define MAX_MANIFEST_INFLATED_SIZE ((size_t)1024 * MIB)
/* Its entries in memory, with all statistics of 10,000 columns where those are asked for. */
#define MAX_MANIFEST_COLUMNS_SIZE ((size_t)1024 * MIB)
/* Tables in one transaction, and updates or requirements in one table's commit. */
#define MAX_TRANSACTION_TABLES 1000
#define MAX_UPDATES_PER_COMMIT 10000
/* A page of a listing where the client names no size, and the largest it may name. */
#define DEFAULT_PAGE_SIZE 1000
#define MAX_PAGE_SIZE 10000
/* An Idempotency-Key: a uuid is 36 characters. */
#define MAX_IDEMPOTENCY_KEY_SIZE 64
/* What is kept of a small answer so that it can be replayed; larger ones are made anew. */
#define MAX_REPLAYED_BODY_SIZE (64 * KIB)
/* A metrics report, and how many are kept for each table and in all. */
#define MAX_METRICS_REPORT_SIZE (256 * KIB)
#define MAX_METRICS_REPORTS_PER_TABLE 100
#define MAX_METRICS_REPORTS 10000
/* What of an answer that is sent while it is made waits for its client, and is held back at first,
 * so that an early failure still has a status of its own. */
#define STREAM_WINDOW_SIZE (1 * MIB)
/* A worker waits this long for its client to make room for one piece of such an answer (64 KiB);
 * who reads more slowly, or not at all, is cut off. Java and Python read a whole answer at once. */
#define STREAM_STALL_MS 30000
/* An answer of a scan plan where it is collected: some 400 bytes for a file. Plans of more files
 * than --plan-files are answered in parts. */
#define MAX_PLAN_ANSWER_SIZE (512 * MIB)
/* Levels of a filter. Engines nest a few dozen; who reads one recurses as deep as it goes. */
#define MAX_FILTER_DEPTH 500
/* Predicates of one filter: each is evaluated for every file. */
#define MAX_FILTER_PREDICATES 10000
/* Literals of one filter, all IN lists together; engines send some thousands. */
#define MAX_FILTER_LITERALS 200000
/* A host name (RFC 1035, 2.3.4). */
#define MAX_HOST_SIZE 253
/* A text of a storage profile: ARNs and paths of files are the longest. */
#define MAX_PROFILE_TEXT_SIZE (2 * KIB)
/* A secret of one: a service account's key file takes some 2.4 KB. */
#define MAX_SECRET_SIZE (16 * KIB)
/* A profile as JSON: its longest lists, its secrets, with room for escapes. */
#define MAX_PROFILE_JSON_SIZE (2 * MIB)
/* Client endpoints of one warehouse, and hosts or networks of one of them: each load looks through
 * them. */
#define MAX_CLIENT_ENDPOINTS 16
#define MAX_CLIENT_ENDPOINT_NAMES 64
/* A filter that a person writes. */
#define MAX_FILTER_TEXT_SIZE (1 * MIB)

#endif
