/* Preloaded into a process under test: ends it or fails it at a chosen operation on a file, and sets its clock.
 *
 * SHIM_BOX: only files whose path contains this count. SHIM_AT: the operation, from 1. SHIM_MODE: 1 kill before it,
 * 2 kill after it, 3 fail it with SHIM_ERROR (an errno), 4 fail it and all after it, 5 write half of it and kill (an
 * operation that writes nothing: kill after it), 6 only count: how many there were is written to SHIM_COUNT.
 * What the process begins itself is not struck.
 * SHIM_CLOCK: a file of 8 bytes, the seconds by which the clock on the wall is wrong; it may change at any time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int mode, at, error, count;
static const char *box, *counted;
static volatile int64_t *wrong;

static int number(const char *name) {
    const char *text = getenv(name);
    return text ? atoi(text) : 0;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("SHIM_CLOCK");
    mode = number("SHIM_MODE"), at = number("SHIM_AT"), error = number("SHIM_ERROR"), box = getenv("SHIM_BOX");
    counted = getenv("SHIM_COUNT");
    unsetenv("LD_PRELOAD");
    int fd = path ? open(path, O_RDONLY) : -1;
    if (fd >= 0) {
        void *page = mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);
        wrong = page == MAP_FAILED ? NULL : page;
        close(fd);
    }
}

__attribute__((destructor)) static void end(void) {
    FILE *file = mode == 6 && counted ? fopen(counted, "w") : NULL;
    if (file) {
        fprintf(file, "%d", count);
        fclose(file);
    }
}

static int ours(int fd) {
    struct stat found;
    char link[64], path[1024];
    if (!mode || !box || fstat(fd, &found) || !S_ISREG(found.st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, box) != NULL;
}

static int here;

/* Says whether the operation is to fail. */
static int before(void) {
    here = ++count == at;
    if (here && mode == 1) kill(getpid(), SIGKILL);
    if ((here && mode == 3) || (count >= at && mode == 4)) {
        errno = error;
        return 1;
    }
    return 0;
}

static void after(void) {
    if (here && (mode == 2 || mode == 5)) kill(getpid(), SIGKILL);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t where) {
    if (!ours(fd)) return syscall(SYS_pwrite64, fd, bytes, size, where);
    if (before()) return -1;
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, here && mode == 5 ? size / 2 : size, where);
    after();
    return done;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    if (!ours(fd)) return syscall(SYS_write, fd, bytes, size);
    if (before()) return -1;
    ssize_t done = syscall(SYS_write, fd, bytes, here && mode == 5 ? size / 2 : size);
    after();
    return done;
}

/* What gives a file another name, or takes its name away. */
int rename(const char *from, const char *to) {
    int counts = mode && box && strstr(to, box);
    if (counts && before()) return -1;
    int done = syscall(SYS_rename, from, to);
    if (counts) after();
    return done;
}

int unlink(const char *path) {
    int counts = mode && box && strstr(path, box);
    if (counts && before()) return -1;
    int done = syscall(SYS_unlink, path);
    if (counts) after();
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t where) { return pwrite64(fd, bytes, size, where); }

static int change(long call, int fd, off_t size) {
    int counts = ours(fd);
    if (counts && before()) return -1;
    int done = syscall(call, fd, size);
    if (counts) after();
    return done;
}

int fsync(int fd) { return change(SYS_fsync, fd, 0); }
int fdatasync(int fd) { return change(SYS_fdatasync, fd, 0); }
int ftruncate(int fd, off_t size) { return change(SYS_ftruncate, fd, size); }
int ftruncate64(int fd, off_t size) { return change(SYS_ftruncate, fd, size); }

int clock_gettime(clockid_t which, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, which, now);
    if (!failed && which == CLOCK_REALTIME && wrong) now->tv_sec += *wrong;
    return failed;
}
