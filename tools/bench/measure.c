/*
 * Runs a program and tells what it cost, as one line of JSON: wall, user and system time in milliseconds, peak memory
 * in KiB, exit status. Node cannot tell that of a child, and a child forked from Node would begin with Node's peak.
 *
 * usage: measure FILE PROGRAM [ARGUMENT...]      FILE takes the program's standard output
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double milliseconds(struct timeval time) { return time.tv_sec * 1e3 + time.tv_usec / 1e3; }

int main(int count, char **arguments) {
  if (count < 3) return 2;
  struct timespec begin, end;
  struct rusage usage;
  int status;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  pid_t child = fork();
  if (child == 0) {
    int out = open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0 || dup2(out, 1) < 0) _exit(126);
    execvp(arguments[2], arguments + 2);
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &usage) != child) {
    perror("measure");
    return 1;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  double wall = (end.tv_sec - begin.tv_sec) * 1e3 + (end.tv_nsec - begin.tv_nsec) / 1e6;
  printf("{\"wall\":%.2f,\"user\":%.2f,\"system\":%.2f,\"peak\":%ld,\"exit\":%d}\n", wall, milliseconds(usage.ru_utime),
         milliseconds(usage.ru_stime), usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return 0;
}
