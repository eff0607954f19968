/*
 * plan_jobs.h — submitted plans while they are worked on: run by workers, behind no request.
 *
 * A job goes through the plan once, which finds what is wrong with it and leaves its manifests in
 * the cache, and then says in the plan's row how it ended. Files are written when the client
 * fetches them, by planning the same request again: nothing of a plan's size is ever kept.
 *
 * Spec:     REST protocol, planTableScan with status "submitted"
 * Owns:     each job, until its end, references to the metadata and the warehouse
 * Errors:   a job that cannot start, for want of room or memory, is begun again by the next poll
 * Threads:  any; one mutex inside, a leaf in the lock order
 * Rule:     a stop of the server ends a job and leaves its row submitted: whoever is asked for it
 *           next begins again
 */
#ifndef SERVER_PLAN_JOBS_H
#define SERVER_PLAN_JOBS_H

#include "catalog/catalog.h"
#include "iceberg/table_metadata.h"

struct server;
struct plan_jobs;

bool plan_jobs_create(struct plan_jobs **ret_jobs, struct error *err);
/* After the workers have ended. NULL is fine. */
void plan_jobs_destroy(struct plan_jobs *jobs);

/* Begins the job of a row that is PLAN_SUBMITTED; does nothing where it is under way here, or where
 * there is no room. `id` is a uuid's text, `request` as scan/plan_split.h writes it. */
void plan_jobs_start(struct server *server, const struct warehouse *warehouse,
                     struct table_metadata *metadata, struct slice id, struct slice request);
/* Ends it at its next manifest, if it is under way here. */
void plan_jobs_cancel(struct plan_jobs *jobs, struct slice id);

#endif
