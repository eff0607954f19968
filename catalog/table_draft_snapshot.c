/*
 * Ids are hashed once, on the first look-up, so that a commit of thousands of updates over
 * thousands of snapshots stays linear. Slots hold index + 1; a later snapshot of an equal id
 * (added after the former one was removed) takes over the slot.
 */
#include "catalog/table_draft.h"

const struct table_snapshot *draft_snapshot_at(const struct table_draft *draft, size_t index)
{
    size_t base_count = draft->base ? draft->base->snapshot_count : 0;
    return index < base_count ? &draft->base->snapshots[index]
                              : &draft->snapshots.added[index - base_count];
}

/* Fibonacci hashing: ids are often random, but may be consecutive. */
static size_t first_slot(const struct draft_snapshots *snapshots, int64_t id)
{
    uint64_t hash = (uint64_t)id * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(hash >> 32) & (snapshots->slot_count - 1);
}

static size_t *slot_of(struct table_draft *draft, int64_t id)
{
    struct draft_snapshots *snapshots = &draft->snapshots;
    size_t at = first_slot(snapshots, id);
    while (snapshots->slots[at] &&
           draft_snapshot_at(draft, snapshots->slots[at] - 1)->snapshot_id != id)
        at = (at + 1) & (snapshots->slot_count - 1);
    return &snapshots->slots[at];
}

/* At most half full, so that a free slot ends every search. */
static bool index_make(struct table_draft *draft, struct error *err)
{
    struct draft_snapshots *snapshots = &draft->snapshots;
    if (snapshots->slot_count >= 2 * (snapshots->count + 1))
        return true;
    size_t slot_count = 64;
    while (slot_count < 4 * (snapshots->count + 1))
        slot_count *= 2;
    size_t *slots = ARENA_ARRAY(draft->arena, size_t, slot_count);
    if (!slots)
        return error_no_memory(err, "snapshots");
    snapshots->slots = slots;
    snapshots->slot_count = slot_count;
    for (size_t i = 0; i < snapshots->count; i++)
        *slot_of(draft, draft_snapshot_at(draft, i)->snapshot_id) = i + 1;
    return true;
}

bool draft_snapshot_find(struct table_draft *draft, int64_t id, size_t *ret_index,
                         struct error *err)
{
    TRY(index_make(draft, err));
    size_t slot = *slot_of(draft, id);
    bool is_there = slot && !(draft_snapshot_flags(draft, slot - 1) & DRAFT_SNAPSHOT_REMOVED);
    *ret_index = is_there ? slot - 1 : NO_ITEM;
    return true;
}

bool draft_snapshot_flag(struct table_draft *draft, size_t index, enum draft_snapshot_flag flag,
                         struct error *err)
{
    struct draft_snapshots *snapshots = &draft->snapshots;
    while (index >= snapshots->flag_capacity) {
        size_t wanted = 2 * (snapshots->count + 1);
        uint8_t *flags = arena_calloc(draft->arena, wanted, 1);
        if (!flags)
            return error_no_memory(err, "snapshots");
        if (snapshots->flags)
            memcpy(flags, snapshots->flags, snapshots->flag_capacity);
        snapshots->flags = flags;
        snapshots->flag_capacity = wanted;
    }
    snapshots->flags[index] = (uint8_t)(snapshots->flags[index] | flag);
    return true;
}

bool draft_snapshot_add(struct table_draft *draft, const struct table_snapshot *snapshot,
                        struct error *err)
{
    struct draft_snapshots *snapshots = &draft->snapshots;
    TRY(arena_grow(draft->arena, (void **)&snapshots->added, snapshots->added_count,
                   &snapshots->added_capacity, sizeof(*snapshot), err));
    snapshots->added[snapshots->added_count++] = *snapshot;
    size_t index = snapshots->count++;
    TRY(draft_snapshot_flag(draft, index, DRAFT_SNAPSHOT_ADDED, err));
    TRY(index_make(draft, err));
    *slot_of(draft, snapshot->snapshot_id) = index + 1;
    draft->is_changed = true;
    return true;
}

bool draft_snapshot_remove(struct table_draft *draft, size_t index, struct error *err)
{
    TRY(draft_snapshot_flag(draft, index, DRAFT_SNAPSHOT_REMOVED, err));
    draft->snapshots.has_removed = true;
    draft->is_changed = true;
    return true;
}

bool draft_log_add(struct table_draft *draft, int64_t timestamp_ms, int64_t snapshot_id,
                   struct error *err)
{
    TRY(arena_grow(draft->arena, (void **)&draft->log_added, draft->log_added_count,
                   &draft->log_added_capacity, sizeof(*draft->log_added), err));
    draft->log_added[draft->log_added_count++] =
        (struct snapshot_log_entry){.timestamp_ms = timestamp_ms, .snapshot_id = snapshot_id};
    return true;
}
