#include "catalog/pending_base.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/limits.h"

/* Tables that have a base at the same time; those that meet in a slot take it from each other.
 * A base lasts some 200 ms longer than commits come. */
#define SLOT_COUNT ((size_t)1024)
/* Of all bases together. */
#define MAX_BASES_SIZE (8 * MIB)
/* What is shorter does not share a page of the database with fewer others for being whole. */
#define MIN_BASE_SIZE (2 * KIB)
/* The metadata log moves on with each file, so that they differ from a base more and more. Of so
 * many one is packed by itself, to be the next base. */
#define USES_PER_BASE 16

struct pending_base {
    struct pending_bases *bases;
    atomic_size_t references;
    atomic_size_t uses;
    int64_t id;     /* once it is offered */
    uint64_t table; /* the hash of its uuid */
    size_t size;    /* that it counts for */
    struct pack_base *bytes;
};

struct pending_bases {
    pthread_mutex_t mutex;                  /* guards the slots */
    struct pending_base *slots[SLOT_COUNT]; /* each a reference */
    atomic_size_t size;                     /* of all bases that exist */
};

bool pending_bases_create(struct pending_bases **ret_bases, struct error *err)
{
    struct pending_bases *bases = calloc(1, sizeof *bases);
    if (!bases)
        return error_no_memory(err, "the files that others are packed like");
    pthread_mutex_init(&bases->mutex, NULL);
    *ret_bases = bases;
    return true;
}

void pending_bases_destroy(struct pending_bases *bases)
{
    if (!bases)
        return;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        pending_base_unref(bases->slots[i]);
    pthread_mutex_destroy(&bases->mutex);
    free(bases);
}

/* Two tables of one hash would only be unlike each other. */
static uint64_t table_hash(struct slice uuid)
{
    return hash_end(hash_bytes(HASH_BEGIN, uuid));
}

static struct pending_base **slot_of(struct pending_bases *bases, uint64_t table)
{
    return &bases->slots[table % SLOT_COUNT];
}

struct pending_base *pending_bases_find(struct pending_bases *bases, struct slice table_uuid)
{
    uint64_t table = table_hash(table_uuid);
    struct pending_base *found = NULL;
    pthread_mutex_lock(&bases->mutex);
    struct pending_base *base = *slot_of(bases, table);
    if (base && base->table == table && (atomic_fetch_add(&base->uses, 1) + 1) % USES_PER_BASE != 0)
        found = pending_base_ref(base);
    pthread_mutex_unlock(&bases->mutex);
    return found;
}

struct pending_base *pending_base_create(struct pending_bases *bases, struct slice table_uuid,
                                         struct slice bytes)
{
    size_t size = sizeof(struct pending_base) + pack_base_size(bytes.len);
    if (bytes.len < MIN_BASE_SIZE || atomic_load(&bases->size) + size > MAX_BASES_SIZE)
        return NULL;
    struct pending_base *base = malloc(sizeof *base);
    struct pack_base *packing = pack_base_create(bytes);
    if (!base || !packing) {
        pack_base_destroy(packing);
        free(base);
        return NULL;
    }
    *base = (struct pending_base){.bases = bases,
                                  .references = 1,
                                  .table = table_hash(table_uuid),
                                  .size = size,
                                  .bytes = packing};
    atomic_fetch_add(&bases->size, size);
    return base;
}

struct pending_base *pending_base_ref(struct pending_base *base)
{
    atomic_fetch_add(&base->references, 1);
    return base;
}

void pending_base_unref(struct pending_base *base)
{
    if (!base || atomic_fetch_sub(&base->references, 1) > 1)
        return;
    atomic_fetch_sub(&base->bases->size, base->size);
    pack_base_destroy(base->bytes);
    free(base);
}

void pending_base_offer(struct pending_base *base, int64_t id)
{
    struct pending_bases *bases = base->bases;
    base->id = id;
    struct pending_base **slot = slot_of(bases, base->table);
    pthread_mutex_lock(&bases->mutex);
    struct pending_base *before = *slot;
    *slot = pending_base_ref(base);
    pthread_mutex_unlock(&bases->mutex);
    pending_base_unref(before);
}

void pending_base_withdraw(struct pending_base *base)
{
    struct pending_bases *bases = base->bases;
    struct pending_base **slot = slot_of(bases, base->table);
    pthread_mutex_lock(&bases->mutex);
    bool is_offered = *slot == base;
    if (is_offered)
        *slot = NULL;
    pthread_mutex_unlock(&bases->mutex);
    if (is_offered)
        pending_base_unref(base);
}

int64_t pending_base_id(const struct pending_base *base)
{
    return base->id;
}

const struct pack_base *pending_base_bytes(const struct pending_base *base)
{
    return base->bytes;
}

size_t pending_base_uses(const struct pending_base *base)
{
    return atomic_load(&base->uses);
}
