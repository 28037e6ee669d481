/*
 * Preloaded into a process, makes the system calls fail that write to files of a certain name: the Nth, or all from the
 * Nth on. What to do stands in a small file of six int32 that both sides see (FAILING_CALLS), the part of the name in
 * FAILING_NAME. Built by failing-calls.ts.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum { ARMED, FAIL_AT, FOR_EVER, ERROR, COUNT, FIRED, WORDS };

static volatile int32_t *control = NULL;
static const char *wanted = NULL;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("FAILING_CALLS");
  wanted = getenv("FAILING_NAME");
  if (path == NULL || wanted == NULL) return;
  int file = open(path, O_RDWR);
  if (file < 0) return;
  void *memory = mmap(NULL, WORDS * sizeof(int32_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory != MAP_FAILED) control = memory;
}

static int is_wanted(int file) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return strstr(path, wanted) != NULL;
}

/* Counts the call; 1 when it is to fail. */
static int fails(int of_ours) {
  if (control == NULL || !control[ARMED] || !of_ours) return 0;
  int call = __sync_add_and_fetch(&control[COUNT], 1);
  int hit = call == control[FAIL_AT] || (control[FOR_EVER] && call > control[FAIL_AT]);
  if (!hit) return 0;
  control[FIRED] = 1;
  errno = control[ERROR];
  return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t count) {
  return fails(is_wanted(file)) ? -1 : NEXT(write)(file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
  return fails(is_wanted(file)) ? -1 : NEXT(pwrite)(file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
  return fails(is_wanted(file)) ? -1 : NEXT(pwrite64)(file, bytes, count, at);
}

int fsync(int file) { return fails(is_wanted(file)) ? -1 : NEXT(fsync)(file); }

int fdatasync(int file) { return fails(is_wanted(file)) ? -1 : NEXT(fdatasync)(file); }

int ftruncate(int file, off_t length) { return fails(is_wanted(file)) ? -1 : NEXT(ftruncate)(file, length); }

int ftruncate64(int file, off64_t length) { return fails(is_wanted(file)) ? -1 : NEXT(ftruncate64)(file, length); }

/* Removing needs no room. */
int unlink(const char *path) {
  int is_ours = wanted != NULL && strstr(path, wanted) != NULL && control != NULL && control[ERROR] != ENOSPC;
  return fails(is_ours) ? -1 : NEXT(unlink)(path);
}
