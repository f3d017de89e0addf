/* A disk whose flush takes longer: preloaded, it makes every fsync and fdatasync wait FLUSH_DELAY_US microseconds more.
 * The flush itself still happens. Built and used by bench/disks.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

typedef int (*flush_function)(int);

static int flush_later(const char *name, int descriptor)
{
    const char *text = getenv("FLUSH_DELAY_US");
    long microseconds = text ? atol(text) : 0;
    struct timespec delay = {microseconds / 1000000, microseconds % 1000000 * 1000};
    int outcome = ((flush_function)dlsym(RTLD_NEXT, name))(descriptor);
    nanosleep(&delay, NULL);
    return outcome;
}

int fsync(int descriptor) { return flush_later("fsync", descriptor); }
int fdatasync(int descriptor) { return flush_later("fdatasync", descriptor); }
