/*
 * A clock of its own for the programs that this is preloaded into: the time of day, and so many nanoseconds more as the file has
 * that STACKSPEC_CLOCK names. Clocks that count from a start, processor time and the times of files stay as they are.
 *
 * Why not libfaketime: its semaphore belongs to the user that a container begins with, so that a program that goes on as another
 * user exits; and it opens its file, and takes memory, whenever somebody asks for the time.
 *
 * Linked with nothing, it takes what it needs from the C library that is there: any version of glibc, or musl.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000LL

/* Whoever gives a deadline as a time since a start means one that is before this: some ten years. */
#define LONGEST_UPTIME 315360000

/* Shared with the file: what is written there is seen at once. */
static const volatile int64_t *shift;

__attribute__((constructor)) static void find_shift(void) {
  const char *path = getenv("STACKSPEC_CLOCK");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void *found = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
  if (found != MAP_FAILED) shift = found;
  close(file);
}

static int64_t shift_of(clockid_t clock) {
  int is_shifted = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
  return is_shifted && shift != NULL ? *shift : 0;
}

static struct timespec plus(struct timespec time, int64_t ns) {
  int64_t all = time.tv_nsec + ns % NS;
  int64_t carried = all < 0 ? -1 : all >= NS;
  return (struct timespec){.tv_sec = time.tv_sec + ns / NS + carried, .tv_nsec = all - carried * NS};
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = syscall(SYS_clock_gettime, clock, now);
  if (result == 0) *now = plus(*now, shift_of(clock));
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec exact;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &exact);
  *now = (struct timeval){.tv_sec = exact.tv_sec, .tv_usec = exact.tv_nsec / 1000};
  return 0;
}

time_t time(time_t *now) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (now != NULL) *now = exact.tv_sec;
  return exact.tv_sec;
}

int timespec_get(struct timespec *now, int base) {
  return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

/* Deadlines that are times of day, as those who wait understand them: the kernel's own. */
static struct timespec kernels(clockid_t clock, const struct timespec *until) {
  return until->tv_sec < LONGEST_UPTIME ? *until : plus(*until, -shift_of(clock));
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
  /* Which clock it waits by, the condition alone knows. */
  struct timespec then = kernels(CLOCK_REALTIME, until);
  return REAL(pthread_cond_timedwait)(cond, mutex, &then);
}

int pthread_cond_clockwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex, clockid_t clock,
                           const struct timespec *restrict until) {
  struct timespec then = kernels(clock, until);
  return REAL(pthread_cond_clockwait)(cond, mutex, clock, &then);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict until) {
  struct timespec then = kernels(CLOCK_REALTIME, until);
  return REAL(pthread_mutex_timedlock)(mutex, &then);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
  struct timespec then = kernels(CLOCK_REALTIME, until);
  return REAL(sem_timedwait)(semaphore, &then);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
  struct timespec then = flags & TIMER_ABSTIME ? kernels(clock, until) : *until;
  return REAL(clock_nanosleep)(clock, flags, &then, left);
}
