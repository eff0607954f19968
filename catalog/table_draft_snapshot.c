/*
 * The base's snapshots are found in its own index, those that the commit added by hash of their id,
 * so that a commit of one update to thousands of snapshots does not look at them all, and one of
 * thousands of updates stays near linear. A later snapshot of an equal id (added after the former
 * one was removed) takes over the slot, and comes before the base's.
 */
#include "catalog/table_draft.h"

static size_t count_of_base(const struct table_draft *draft)
{
    return draft->base ? draft->base->snapshot_count : 0;
}

const struct table_snapshot *draft_snapshot_at(const struct table_draft *draft, size_t index)
{
    size_t base_count = count_of_base(draft);
    return index < base_count ? table_metadata_snapshot_at(draft->base, index)
                              : &draft->snapshots.added[index - base_count];
}

/* Fibonacci hashing: ids are often random, but may be consecutive. */
static size_t first_slot(const struct draft_snapshots *snapshots, int64_t id)
{
    uint64_t hash = (uint64_t)id * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(hash >> 32) & (snapshots->slot_count - 1);
}

static size_t *slot_of(const struct draft_snapshots *snapshots, int64_t id)
{
    size_t at = first_slot(snapshots, id);
    while (snapshots->slots[at] && snapshots->added[snapshots->slots[at] - 1].snapshot_id != id)
        at = (at + 1) & (snapshots->slot_count - 1);
    return &snapshots->slots[at];
}

/* At most half full, so that a free slot ends every search. */
static bool index_make(struct table_draft *draft, struct error *err)
{
    struct draft_snapshots *snapshots = &draft->snapshots;
    if (snapshots->slot_count >= 2 * (snapshots->added_count + 1))
        return true;
    size_t slot_count = 64;
    while (slot_count < 4 * (snapshots->added_count + 1))
        slot_count *= 2;
    size_t *slots = ARENA_ARRAY(draft->arena, size_t, slot_count);
    if (!slots)
        return error_no_memory(err, "snapshots");
    snapshots->slots = slots;
    snapshots->slot_count = slot_count;
    for (size_t i = 0; i < snapshots->added_count; i++)
        *slot_of(snapshots, snapshots->added[i].snapshot_id) = i + 1;
    return true;
}

/* Removed or not; NO_ITEM where there never was one of that id. */
static size_t index_find(const struct table_draft *draft, int64_t id)
{
    const struct draft_snapshots *snapshots = &draft->snapshots;
    size_t added = snapshots->added_count > 0 ? *slot_of(snapshots, id) : 0;
    if (added)
        return count_of_base(draft) + added - 1;
    const struct table_snapshot *old =
        draft->base ? table_metadata_snapshot(draft->base, id) : NULL;
    return old ? table_metadata_snapshot_index(draft->base, old) : NO_ITEM;
}

size_t draft_snapshot_find(const struct table_draft *draft, int64_t id)
{
    size_t index = index_find(draft, id);
    bool is_gone =
        index != NO_ITEM && (draft_snapshot_flags(draft, index) & DRAFT_SNAPSHOT_REMOVED);
    return is_gone ? NO_ITEM : index;
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
    *slot_of(snapshots, snapshot->snapshot_id) = snapshots->added_count;
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
