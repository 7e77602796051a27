/*
 * What the kernel can do at all with the objects of a repository: lists its 256 directories with getdents64, and with
 * FILE also unlinks the objects named there. It compares nothing and makes nothing durable.
 *
 * usage: reference OBJECTS [FILE THREADS]      FILE has one name a line, as `ab/cdef…`, sorted
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DIRECTORIES 256

/* The names that begin with each byte: `first[byte]` to `first[byte + 1]`. */
static char **names;
static size_t first[DIRECTORIES + 1];
static int objects;
static atomic_int next;
static atomic_long listed, unlinked;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void *work(void *unused) {
  char *buffer = malloc(65536), name[3];
  for (int byte; (byte = atomic_fetch_add(&next, 1)) < DIRECTORIES;) {
    snprintf(name, sizeof name, "%02x", byte);
    int directory = openat(objects, name, O_RDONLY | O_DIRECTORY);
    if (directory < 0) fail(name);
    for (long filled; (filled = syscall(SYS_getdents64, directory, buffer, 65536)) != 0;) {
      if (filled < 0) fail("getdents64");
      for (long at = 0; at < filled; at += *(unsigned short *)(buffer + at + 16)) listed++;
    }
    for (size_t index = first[byte]; index < first[byte + 1]; index++) {
      if (unlinkat(directory, names[index] + 3, 0) < 0) fail(names[index]);
      unlinked++;
    }
    close(directory);
  }
  free(buffer);
  return unused;
}

static void read_names(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) fail(path);
  size_t count = 0, room = 0, size = 0;
  char *line = NULL;
  for (ssize_t length; (length = getline(&line, &size, file)) > 3;) {
    line[length - 1] = 0;
    if (count == room) names = realloc(names, (room = room * 2 + 1024) * sizeof *names);
    names[count++] = strdup(line);
  }
  free(line);
  fclose(file);
  size_t index = 0;
  for (int byte = 0; byte < DIRECTORIES; byte++) {
    char prefix[3];
    snprintf(prefix, sizeof prefix, "%02x", byte);
    first[byte] = index;
    while (index < count && strncmp(names[index], prefix, 2) == 0) index++;
  }
  first[DIRECTORIES] = index;
}

int main(int count, char **arguments) {
  if (count != 2 && count != 4) return 2;
  objects = open(arguments[1], O_RDONLY | O_DIRECTORY);
  if (objects < 0) fail(arguments[1]);
  if (count == 4) read_names(arguments[2]);
  int threads = count == 4 ? atoi(arguments[3]) : 1;
  pthread_t others[threads];
  for (int index = 1; index < threads; index++) pthread_create(&others[index], NULL, work, NULL);
  work(NULL);
  for (int index = 1; index < threads; index++) pthread_join(others[index], NULL);
  printf("%ld listed, %ld unlinked\n", listed - 2 * DIRECTORIES, unlinked);
  return 0;
}
