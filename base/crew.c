/*
 * Work that is shared stands in a list while it wants more hands. A thread that is free takes the
 * first of the list, and puts it last if it wants still more, so that one work does not get all.
 * Who shares takes its work off the list when its own call returns, whatever it still wants, and
 * waits only for the calls that were begun.
 */
#include "base/crew.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/blocking.h"
#include "base/limits.h"

/* Readers of manifests recurse as deep as a filter (MAX_FILTER_DEPTH); only what is touched becomes
 * resident. */
#define CREW_STACK_SIZE (1 * MIB)

/* On the stack of who shares it. */
struct shared_work {
    void (*run)(void *context, size_t hand);
    void *context;
    size_t hands;     /* at most */
    size_t next_hand; /* the number of the next one */
    size_t busy;      /* hands that have begun and not returned */
    bool is_listed;
    struct shared_work *next;
    pthread_cond_t returned;
};

struct crew {
    pthread_mutex_t mutex;
    pthread_cond_t wanted;
    struct shared_work *first, *last;
    bool is_stopping;
    size_t thread_count;
    pthread_t threads[];
};

/* --- the list; the mutex is held -------------------------------------------------------------- */

static void list_add(struct crew *crew, struct shared_work *work)
{
    work->next = NULL;
    work->is_listed = true;
    if (crew->last)
        crew->last->next = work;
    else
        crew->first = work;
    crew->last = work;
}

static void list_remove(struct crew *crew, struct shared_work *work)
{
    struct shared_work *before = NULL;
    struct shared_work **link = &crew->first;
    while (*link != work) {
        before = *link;
        link = &before->next;
    }
    *link = work->next;
    if (crew->last == work)
        crew->last = before;
    work->is_listed = false;
}

/* The next work with a hand for it, or NULL where there will be none. */
static struct shared_work *take(struct crew *crew, size_t *ret_hand)
{
    while (!crew->first && !crew->is_stopping)
        pthread_cond_wait(&crew->wanted, &crew->mutex);
    struct shared_work *work = crew->first;
    if (!work)
        return NULL;
    list_remove(crew, work);
    *ret_hand = work->next_hand++;
    work->busy++;
    if (work->next_hand < work->hands)
        list_add(crew, work);
    return work;
}

/* --- threads -------------------------------------------------------------------------------- */

static void *help(void *context)
{
    struct crew *crew = context;
    struct shared_work *work;
    size_t hand = 0;
    pthread_setname_np(pthread_self(), "firn-crew");
    pthread_mutex_lock(&crew->mutex);
    while ((work = take(crew, &hand)) != NULL) {
        pthread_mutex_unlock(&crew->mutex);
        work->run(work->context, hand);
        pthread_mutex_lock(&crew->mutex);
        work->busy--;
        pthread_cond_signal(&work->returned); /* from here on the work may be gone */
    }
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

static bool start_threads(struct crew *crew, size_t count, struct error *err)
{
    pthread_attr_t attributes;
    int failed = 0;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, CREW_STACK_SIZE);
    while (!failed && crew->thread_count < count) {
        failed = pthread_create(&crew->threads[crew->thread_count], &attributes, help, crew);
        crew->thread_count += !failed;
    }
    pthread_attr_destroy(&attributes);
    return !failed || error_set(err, ERROR_NO_MEMORY, "a thread for plans cannot be started: %s",
                                strerror(failed));
}

bool crew_create(size_t thread_count, struct crew **ret_crew, struct error *err)
{
    struct crew *crew = calloc(1, sizeof(*crew) + thread_count * sizeof(pthread_t));
    if (!crew)
        return error_no_memory(err, "threads for plans");
    pthread_mutex_init(&crew->mutex, NULL);
    pthread_cond_init(&crew->wanted, NULL);
    if (!start_threads(crew, thread_count, err)) {
        crew_destroy(crew);
        return false;
    }
    *ret_crew = crew;
    return true;
}

void crew_destroy(struct crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->mutex);
    crew->is_stopping = true;
    pthread_cond_broadcast(&crew->wanted);
    pthread_mutex_unlock(&crew->mutex);
    for (size_t i = 0; i < crew->thread_count; i++)
        pthread_join(crew->threads[i], NULL);
    pthread_cond_destroy(&crew->wanted);
    pthread_mutex_destroy(&crew->mutex);
    free(crew);
}

/* --- sharing -------------------------------------------------------------------------------- */

static void offer(struct crew *crew, struct shared_work *work)
{
    pthread_mutex_lock(&crew->mutex);
    list_add(crew, work);
    for (size_t i = 1; i < work->hands; i++)
        pthread_cond_signal(&crew->wanted);
    pthread_mutex_unlock(&crew->mutex);
}

static void withdraw(struct crew *crew, struct shared_work *work)
{
    pthread_mutex_lock(&crew->mutex);
    if (work->is_listed)
        list_remove(crew, work);
    while (work->busy > 0)
        blocking_wait(&work->returned, &crew->mutex);
    pthread_mutex_unlock(&crew->mutex);
}

void crew_share(struct crew *crew, size_t hands, void (*run)(void *context, size_t hand),
                void *context)
{
    struct shared_work work = {.run = run, .context = context, .hands = hands, .next_hand = 1};
    if (!crew || hands <= 1) {
        run(context, 0);
        return;
    }
    pthread_cond_init(&work.returned, NULL);
    offer(crew, &work);
    run(context, 0);
    withdraw(crew, &work);
    pthread_cond_destroy(&work.returned);
}
