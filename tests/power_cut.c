/* Keeps what a disk might lose in a power cut: what was written to a database's files since each was last synced.
 *
 * Loaded before the C library (LD_PRELOAD). For each write to a file whose name begins with POWER_CUT_DATABASE it appends
 * a record to NAME.unsynced in POWER_CUT_FOLDER: the place, what was there before, and what is there now. A sync of the
 * file empties that. POWER_CUT_FOLDER/syncs gets a line for each sync. tests/power_cut.py reads both.
 *
 * While POWER_CUT_FOLDER/broken is there, the next sync of a log takes it away and fails. What was not synced then is
 * lost, whatever is synced later: it goes to NAME.lost, until the log is cut to nothing.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Precedes the bytes before and the bytes now. The file had `size` bytes, and has `resize` if that is not -1. */
struct record {
    int64_t offset, before, now, size, resize;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* Writes the path of the file's log into `path`, and returns the name of the file; NULL if it is none of the database. */
static const char *watched(int file, char *path)
{
    static _Thread_local char name[PATH_MAX];
    const char *database = getenv("POWER_CUT_DATABASE"), *folder = getenv("POWER_CUT_FOLDER");
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 0 || !database || !folder)
        return NULL;
    name[length] = 0;
    if (strncmp(name, database, strlen(database)))
        return NULL;
    const char *base = strrchr(name, '/') + 1;
    snprintf(path, PATH_MAX, "%s/%s.unsynced", folder, base);
    return base;
}

/* Writes into `lost` the path of what was lost of a file, by that of what was not synced of it. */
static const char *lost_of(const char *path, char *lost)
{
    snprintf(lost, PATH_MAX, "%.*s.lost", (int)(strlen(path) - strlen(".unsynced")), path);
    return lost;
}

static void append(const char *path, const void *bytes, size_t count)
{
    ssize_t (*put)(int, const void *, size_t) = real("write");
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0 || put(file, bytes, count) != (ssize_t)count)
        abort();
    close(file);
}

static void note(int file, const char *path, int64_t offset, const void *now, int64_t count, int64_t resize)
{
    struct stat about;
    if (fstat(file, &about))
        abort();
    int64_t end = resize >= 0 ? about.st_size : offset + count;
    int64_t before = about.st_size > offset ? (end < about.st_size ? end : about.st_size) - offset : 0;
    struct record head = {offset, before, count, about.st_size, resize};
    char *whole = malloc(sizeof head + before + count);
    memcpy(whole, &head, sizeof head);
    /* SQLite's files are open for reading as well. */
    if (pread(file, whole + sizeof head, before, offset) != before)
        abort();
    memcpy(whole + sizeof head + before, now, count);
    append(path, whole, sizeof head + before + count);
    free(whole);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset)
{
    char path[PATH_MAX];
    ssize_t (*put)(int, const void *, size_t, off64_t) = real("pwrite64");
    if (!watched(file, path))
        return put(file, bytes, count, offset);
    pthread_mutex_lock(&turn);
    note(file, path, offset, bytes, count, -1);
    ssize_t written = put(file, bytes, count, offset);
    pthread_mutex_unlock(&turn);
    return written;
}

int ftruncate64(int file, off64_t size)
{
    char path[PATH_MAX];
    int (*cut)(int, off64_t) = real("ftruncate64");
    if (!watched(file, path))
        return cut(file, size);
    pthread_mutex_lock(&turn);
    if (!size) {
        char lost[PATH_MAX];
        unlink(lost_of(path, lost));
    }
    note(file, path, size, "", 0, size);
    int result = cut(file, size);
    pthread_mutex_unlock(&turn);
    return result;
}

/* Returns whether this sync of a log is to fail. Keeps apart what is lost then. */
static int is_broken(const char *name, const char *path)
{
    char broken[PATH_MAX], lost[PATH_MAX];
    snprintf(broken, sizeof broken, "%s/broken", getenv("POWER_CUT_FOLDER"));
    if (strcmp(name + strlen(name) - 4, "-wal") || unlink(broken))
        return 0;
    rename(path, lost_of(path, lost));
    return 1;
}

static int synced(int file, const char *call)
{
    char path[PATH_MAX], line[PATH_MAX], syncs[PATH_MAX];
    int (*sync_file)(int) = real(call);
    const char *name = watched(file, path);
    if (!name)
        return sync_file(file);
    pthread_mutex_lock(&turn);
    int is_lost = is_broken(name, path), result = is_lost ? -1 : sync_file(file);
    if (!result) {
        unlink(path);
        snprintf(line, sizeof line, "%s\n", name);
        snprintf(syncs, sizeof syncs, "%s/syncs", getenv("POWER_CUT_FOLDER"));
        append(syncs, line, strlen(line));
    }
    pthread_mutex_unlock(&turn);
    if (is_lost)
        errno = EIO;
    return result;
}

int fsync(int file)
{
    return synced(file, "fsync");
}

int fdatasync(int file)
{
    return synced(file, "fdatasync");
}
