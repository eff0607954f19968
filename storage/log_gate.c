#include "storage/log_gate.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/blocking.h"

/* The index is mapped in regions of this size; the header is at the beginning of the first. */
#define LOG_INDEX_REGION_SIZE 32768
/* Where it says how many frames count, and how many of them were copied back. */
#define FRAMES_AT 16
#define COPIED_AT 96
/* Of the index's locks the first two: the writer's and the checkpointer's. */
#define LOCKS 2
#define LOCK_PAUSE_NS 1000000
#define HEADER_COPY_SIZE (sizeof(((struct log_mark *)0)->header) / 2)

/* glibc's locks take no memory of their own: this cannot fail there. */
void log_gate_init(struct log_gate *gate)
{
    *gate = (struct log_gate){0};
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, NULL);
}

void log_gate_destroy(struct log_gate *gate)
{
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->lock);
}

/* --- views -------------------------------------------------------------------------------- */

static void enter(struct log_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    while (gate->is_lost)
        blocking_wait(&gate->changed, &gate->lock);
    gate->entering++;
    pthread_mutex_unlock(&gate->lock);
}

/* What is lost is taken back only when all who entered have left, so that nobody misses the state
 * in between. A commit that was hidden is not waited for. */
static bool wait_until_durable(struct log_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    uint64_t shown = gate->shown;
    while (gate->durable < shown && gate->durable < gate->shown && !gate->is_lost)
        blocking_wait(&gate->changed, &gate->lock);
    bool is_durable = !gate->is_lost;
    pthread_mutex_unlock(&gate->lock);
    return is_durable;
}

static void leave(struct log_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->entering--;
    if (gate->entering == 0 && gate->is_lost)
        pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

void log_snapshot_end(struct sqlite_connection *connection)
{
    if (connection_in_transaction(connection))
        (void)connection_run(connection, STATEMENT_VIEW_END, NULL);
}

/* The first read is what fixes a snapshot. */
static bool snapshot_try(struct log_gate *gate, struct sqlite_connection *connection,
                         bool *ret_durable, struct error *err)
{
    int64_t ignored;
    bool ok = connection_run(connection, STATEMENT_VIEW_BEGIN, err) &&
              connection_int64(connection, STATEMENT_VIEW_FIX, &ignored, err);
    *ret_durable = ok && wait_until_durable(gate);
    if (!*ret_durable)
        log_snapshot_end(connection);
    return ok;
}

bool log_snapshot_begin(struct log_gate *gate, struct sqlite_connection *connection,
                        struct error *err)
{
    bool ok = true, is_durable = false;
    while (ok && !is_durable) {
        enter(gate);
        ok = snapshot_try(gate, connection, &is_durable, err);
        leave(gate);
    }
    return ok;
}

/* --- the writer --------------------------------------------------------------------------- */

uint64_t log_gate_show(struct log_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    uint64_t shown = ++gate->shown;
    pthread_mutex_unlock(&gate->lock);
    return shown;
}

void log_gate_hide(struct log_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->shown--;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

void log_gate_open(struct log_gate *gate, uint64_t shown)
{
    pthread_mutex_lock(&gate->lock);
    gate->durable = shown;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static sqlite3_file *file_of(const struct sqlite_connection *connection, int which)
{
    sqlite3_file *file = NULL;
    int code = sqlite3_file_control(connection->db, "main", which, &file);
    return code == SQLITE_OK && file && file->pMethods ? file : NULL;
}

static volatile void *index_header(sqlite3_file *database)
{
    volatile void *memory = NULL;
    if (!database || database->pMethods->iVersion < 2)
        return NULL;
    int code = database->pMethods->xShmMap(database, 0, LOG_INDEX_REGION_SIZE, 0, &memory);
    return code == SQLITE_OK ? memory : NULL;
}

static uint32_t number_at(const unsigned char *index, size_t offset)
{
    uint32_t number;
    memcpy(&number, index + offset, sizeof number); /* in the machine's order */
    return number;
}

/* A log of which all was copied back is begun anew by the next commit, which changes more than the
 * header: there is no way back from it. Who sees that something is left to copy while a transaction
 * is open knows that so it was when the transaction began, and that it does not begin the log. */
bool log_mark_take(struct log_mark *mark, const struct sqlite_connection *connection)
{
    volatile void *memory = index_header(file_of(connection, SQLITE_FCNTL_FILE_POINTER));
    if (!memory || !log_of(connection))
        return false;
    const unsigned char *index = (const unsigned char *)(uintptr_t)memory;
    memcpy(mark->header, index, sizeof mark->header);
    uint32_t frames = number_at(index, FRAMES_AT);
    return frames == 0 || number_at(index, COPIED_AT) < frames;
}

static int shm_lock(sqlite3_file *database, int how)
{
    return database->pMethods->xShmLock(database, 0, LOCKS, how | SQLITE_SHM_EXCLUSIVE);
}

/* A checkpoint that runs holds one of them, for as long as it copies. Without the locks the header
 * still has to be restored. */
static bool log_lock(sqlite3_file *database)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    int code;
    while ((code = shm_lock(database, SQLITE_SHM_LOCK)) == SQLITE_BUSY)
        nanosleep(&pause, NULL);
    return code == SQLITE_OK;
}

/* A checkpoint that ran meanwhile knew of the lost commits: what pages they have changed it has not
 * copied from the frames before, and not synced the database, although it says that all up to its
 * snapshot was copied. So nothing counts as copied any more, as after a recovery: all of it is in
 * the log still, which was not begun anew.
 *
 * The header goes in the order in which SQLite writes the two copies, whose readers take them the
 * other way; who finds them to differ, and gets the writer's lock, would recover what is lost. */
static void restore(const struct log_mark *mark, const struct sqlite_connection *connection)
{
    sqlite3_file *database = file_of(connection, SQLITE_FCNTL_FILE_POINTER);
    volatile void *header = index_header(database);
    assert(header); /* it was there before the commit */
    unsigned char *copies = (unsigned char *)(uintptr_t)header;
    bool is_locked = log_lock(database);
    memset(copies + COPIED_AT, 0, sizeof(uint32_t));
    database->pMethods->xShmBarrier(database);
    memcpy(copies + HEADER_COPY_SIZE, mark->header + HEADER_COPY_SIZE, HEADER_COPY_SIZE);
    database->pMethods->xShmBarrier(database);
    memcpy(copies, mark->header, HEADER_COPY_SIZE);
    database->pMethods->xShmBarrier(database);
    if (is_locked)
        (void)shm_lock(database, SQLITE_SHM_UNLOCK);
}

void log_gate_take_back(struct log_gate *gate, const struct log_mark *mark,
                        const struct sqlite_connection *connection)
{
    pthread_mutex_lock(&gate->lock);
    gate->is_lost = true;
    pthread_cond_broadcast(&gate->changed);
    while (gate->entering > 0)
        pthread_cond_wait(&gate->changed, &gate->lock);
    restore(mark, connection);
    gate->durable = gate->shown;
    gate->is_lost = false;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

sqlite3_file *log_of(const struct sqlite_connection *connection)
{
    return file_of(connection, SQLITE_FCNTL_JOURNAL_POINTER);
}

bool log_sync(sqlite3_file *log, struct error *err)
{
    int code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    return code == SQLITE_OK || connection_error(code, err);
}
