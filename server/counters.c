#include "server/counters.h"

void counters_init(struct counters *counters)
{
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        atomic_init(&counters->values[i], 0);
}

const char *counter_name(enum counter counter)
{
    static const char *const names[] = {
#define X(enumerator, name, help) [enumerator] = name,
        COUNTERS(X)
#undef X
    };
    return names[counter];
}

const char *counter_help(enum counter counter)
{
    static const char *const helps[] = {
#define X(enumerator, name, help) [enumerator] = help,
        COUNTERS(X)
#undef X
    };
    return helps[counter];
}

uint64_t counter_get(const struct counters *counters, enum counter counter)
{
    return atomic_load_explicit(&counters->values[counter], memory_order_relaxed);
}

void counters_add_plan(struct counters *counters, const struct plan *plan)
{
    counters_add_reading(counters, plan);
    if (plan)
        counter_add(counters, COUNTER_FILE_TASKS, plan_counts(plan).files_planned);
}

void counters_add_reading(struct counters *counters, const struct plan *plan)
{
    if (!plan)
        return;
    struct plan_counts counts = plan_counts(plan);
    for (size_t i = 0; i < 2; i++) {
        const struct plan_manifest_counts *manifests = &counts.manifests[i];
        const struct plan_entry_counts *entries = &counts.entries[i];
        counter_add(counters, COUNTER_MANIFESTS_READ, manifests->read);
        counter_add(counters, COUNTER_MANIFESTS_SKIPPED,
                    manifests->not_live + manifests->ruled_out);
        counter_add(counters, COUNTER_FILES_SKIPPED,
                    entries->by_partition + entries->by_statistics);
    }
    counter_add(counters, COUNTER_PLAN_TASKS, counts.plan_tasks);
    counter_add(counters, COUNTER_MANIFESTS_FROM_CACHE, counts.files.manifests_from_cache);
    counter_add(counters, COUNTER_DELETE_INDEXES, counts.delete_indexes_built);
    counter_add(counters, COUNTER_DELETE_INDEXES_FROM_CACHE, counts.delete_indexes_from_cache);
    counter_add(counters, COUNTER_PLANNING_FILES_READ, counts.files.files_read);
    counter_add(counters, COUNTER_PLANNING_BYTES_READ, counts.files.bytes_read);
    counter_add(counters, COUNTER_PLANNING_BYTES_INFLATED, counts.files.bytes_inflated);
}
