#include "storage/write_batch.h"

void write_batch_add(struct write_batch *batch, struct pointer_write *job)
{
    if (batch->last)
        batch->last->next = job;
    else
        batch->first = job;
    batch->last = job;
    batch->count++;
}

void write_batch_append(struct write_batch *batch, struct write_batch *more)
{
    if (!batch->first) {
        *batch = *more;
    } else if (more->first) {
        batch->last->next = more->first;
        batch->last = more->last;
        batch->count += more->count;
        if (more->commits > 0)
            batch->shown = more->shown;
        batch->commits += more->commits;
    }
    *more = (struct write_batch){0};
}

struct write_batch write_batch_cut(struct write_batch *batch, size_t count)
{
    struct write_batch cut = {0};
    while (cut.count < count && batch->first) {
        struct pointer_write *job = batch->first;
        batch->first = job->next;
        batch->count--;
        job->next = NULL;
        write_batch_add(&cut, job);
    }
    if (!batch->first)
        batch->last = NULL;
    return cut;
}

bool write_job_fail(struct pointer_write *job, const struct error *reason)
{
    cache_entries_destroy(job->changes);
    job->changes = NULL;
    job->ok = false;
    if (&job->error != reason)
        job->error = *reason;
    return false;
}

bool write_batch_has_success(const struct write_batch *batch)
{
    for (const struct pointer_write *job = batch->first; job; job = job->next)
        if (job->ok)
            return true;
    return false;
}

void write_batch_fail(struct write_batch *batch, const struct error *reason)
{
    for (struct pointer_write *job = batch->first; job; job = job->next)
        (void)write_job_fail(job, reason);
}

void write_batch_forget(struct write_batch *batch)
{
    for (struct pointer_write *job = batch->first; job; job = job->next)
        (void)write_job_fail(job, &job->error);
}

/* Jobs that had failed by themselves wrote nothing, but their reason may have been a neighbour that
 * never came to be: they hear of a failure that is safe to try again. */
void write_batch_fail_unknown(struct write_batch *batch, const struct error *reason)
{
    for (struct pointer_write *job = batch->first; job; job = job->next) {
        struct error error;
        if (job->ok)
            error_set(&error, ERROR_COMMIT_UNKNOWN,
                      "it is not known whether the change was made: read it back before trying "
                      "again (%s)",
                      reason->message);
        else
            error_set(&error, ERROR_STORAGE, "nothing was changed: %s", reason->message);
        (void)write_job_fail(job, &error);
    }
}

void write_batch_publish(struct write_batch *batch, struct pointer_cache *cache)
{
    for (struct pointer_write *job = batch->first; job; job = job->next) {
        pointer_cache_commit(cache, job->changes);
        job->changes = NULL;
    }
}

/* A semaphore for each, because callers that wait on one lock would all be woken into a queue for
 * it. */
void write_job_answer(struct pointer_write *job)
{
    if (job->waiter)
        job->waiter->wake(job->waiter);
    else
        (void)sem_post(&job->answered);
}

/* A job is gone as soon as its caller can run again: `next` is read before. */
void write_batch_answer(struct write_batch *batch)
{
    struct pointer_write *job = batch->first;
    *batch = (struct write_batch){0};
    while (job) {
        struct pointer_write *next = job->next;
        write_job_answer(job);
        job = next;
    }
}
