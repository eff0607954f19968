#include "catalog/commit_chain.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/blocking.h"

/* Tips live as long as one sync, so that a few hundred is many. */
#define BUCKET_COUNT 256U

enum tip_state { TIP_ON_ITS_WAY, TIP_DURABLE, TIP_FAILED };

struct commit_tip {
    struct commit_tip *next; /* in its bucket */
    int references;
    enum tip_state state;
    int64_t entity_id;
    uint64_t root; /* the same for what was built one on the other */
    struct table_metadata *metadata;
    struct slice metadata_location; /* both point into `bytes` */
    struct slice location;
    char bytes[];
};

struct commit_chain {
    pthread_mutex_t mutex; /* guards the buckets, and state and references of every tip */
    pthread_cond_t ended;
    uint64_t last_root;
    struct commit_tip *buckets[BUCKET_COUNT];
};

bool commit_chain_create(struct commit_chain **ret_chain, struct error *err)
{
    struct commit_chain *chain = calloc(1, sizeof *chain);
    if (!chain)
        return error_no_memory(err, "the chains of commits");
    pthread_mutex_init(&chain->mutex, NULL);
    pthread_cond_init(&chain->ended, NULL);
    *ret_chain = chain;
    return true;
}

/* Commits have ended, and with them their tips. */
void commit_chain_destroy(struct commit_chain *chain)
{
    if (!chain)
        return;
    pthread_cond_destroy(&chain->ended);
    pthread_mutex_destroy(&chain->mutex);
    free(chain);
}

/* --- tips --------------------------------------------------------------------------------- */

bool commit_tip_create(int64_t entity_id, struct slice metadata_location, struct slice location,
                       struct table_metadata *metadata, struct commit_tip **ret_tip,
                       struct error *err)
{
    struct commit_tip *tip = calloc(1, sizeof *tip + metadata_location.len + location.len);
    if (!tip)
        return error_no_memory(err, "a commit on its way");
    memcpy(tip->bytes, metadata_location.ptr, metadata_location.len);
    memcpy(tip->bytes + metadata_location.len, location.ptr, location.len);
    tip->metadata_location = slice_make(tip->bytes, metadata_location.len);
    tip->location = slice_make(tip->bytes + metadata_location.len, location.len);
    tip->metadata = table_metadata_ref(metadata);
    tip->entity_id = entity_id;
    tip->references = 1;
    *ret_tip = tip;
    return true;
}

void commit_tip_unref(struct commit_chain *chain, struct commit_tip *tip)
{
    if (!tip)
        return;
    pthread_mutex_lock(&chain->mutex);
    bool is_last = --tip->references == 0;
    pthread_mutex_unlock(&chain->mutex);
    if (!is_last)
        return;
    table_metadata_unref(tip->metadata);
    free(tip);
}

struct slice commit_tip_metadata_location(const struct commit_tip *tip)
{
    return tip->metadata_location;
}

struct slice commit_tip_location(const struct commit_tip *tip)
{
    return tip->location;
}

struct table_metadata *commit_tip_metadata(const struct commit_tip *tip)
{
    return table_metadata_ref(tip->metadata);
}

/* --- chains ------------------------------------------------------------------------------- */

/* The link that leads to the entity's tip, or to NULL. The mutex is held. */
static struct commit_tip **link_of(struct commit_chain *chain, int64_t entity_id)
{
    struct commit_tip **link = &chain->buckets[(uint64_t)entity_id % BUCKET_COUNT];
    while (*link && (*link)->entity_id != entity_id)
        link = &(*link)->next;
    return link;
}

struct commit_tip *commit_chain_find(struct commit_chain *chain, int64_t entity_id)
{
    pthread_mutex_lock(&chain->mutex);
    struct commit_tip *tip = *link_of(chain, entity_id);
    if (tip)
        tip->references++;
    pthread_mutex_unlock(&chain->mutex);
    return tip;
}

/* The bucket borrows: whoever published a tip holds it until it has ended. */
void commit_chain_publish(struct commit_chain *chain, struct commit_tip *tip,
                          const struct commit_tip *base)
{
    pthread_mutex_lock(&chain->mutex);
    tip->root = base ? base->root : ++chain->last_root;
    struct commit_tip **link = link_of(chain, tip->entity_id);
    tip->next = *link ? (*link)->next : NULL;
    *link = tip;
    pthread_mutex_unlock(&chain->mutex);
}

/* Where it has failed, what was built on it cannot succeed either, and no more is to be built on
 * that. What another round has built on the stored state since is not touched: else each commit
 * that failed would take away the tip of one that has begun again, and those after it would be
 * built on what that one is about to replace, and fail in their turn. */
void commit_chain_end(struct commit_chain *chain, struct commit_tip *tip, bool is_durable)
{
    pthread_mutex_lock(&chain->mutex);
    struct commit_tip **link = link_of(chain, tip->entity_id);
    if (*link && (*link == tip || (!is_durable && (*link)->root == tip->root)))
        *link = (*link)->next;
    tip->state = is_durable ? TIP_DURABLE : TIP_FAILED;
    pthread_cond_broadcast(&chain->ended);
    pthread_mutex_unlock(&chain->mutex);
}

bool commit_tip_is_durable(struct commit_chain *chain, struct commit_tip *tip)
{
    pthread_mutex_lock(&chain->mutex);
    while (tip->state == TIP_ON_ITS_WAY)
        blocking_wait(&chain->ended, &chain->mutex);
    bool is_durable = tip->state == TIP_DURABLE;
    pthread_mutex_unlock(&chain->mutex);
    return is_durable;
}
