// Threads, locks and shared libraries of the platform: POSIX or Windows, nothing more than the capture thread needs.
#ifndef ADTAP_PLATFORM_H
#define ADTAP_PLATFORM_H

#include <stdint.h>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <process.h>

typedef SRWLOCK adtap_mutex;
typedef HANDLE adtap_thread;
typedef HMODULE adtap_library;
#define ADTAP_THREAD unsigned __stdcall
#define ADTAP_THREAD_END 0

#define ADTAP_MUTEX_INITIALIZER SRWLOCK_INIT

static inline void adtap_mutex_init(adtap_mutex *mutex) { InitializeSRWLock(mutex); }
static inline void adtap_mutex_destroy(adtap_mutex *mutex) { (void)mutex; }
static inline void adtap_lock(adtap_mutex *mutex) { AcquireSRWLockExclusive(mutex); }
static inline void adtap_unlock(adtap_mutex *mutex) { ReleaseSRWLockExclusive(mutex); }
static inline int adtap_thread_start(adtap_thread *thread, unsigned(__stdcall *run)(void *), void *argument) {
  *thread = (HANDLE)_beginthreadex(NULL, 0, run, argument, 0, NULL);
  return *thread != NULL;
}
static inline void adtap_thread_join(adtap_thread thread) {
  WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
}
static inline void *adtap_symbol(adtap_library library, const char *name) { return (void *)GetProcAddress(library, name); }
static inline void adtap_library_close(adtap_library library) { FreeLibrary(library); }
static inline uint64_t adtap_milliseconds(void) { return GetTickCount64(); }
static inline void adtap_sleep(unsigned milliseconds) { Sleep(milliseconds); }
#else
#include <dlfcn.h>
#include <pthread.h>
#include <time.h>

typedef pthread_mutex_t adtap_mutex;
typedef pthread_t adtap_thread;
typedef void *adtap_library;
#define ADTAP_THREAD void *
#define ADTAP_THREAD_END NULL

#define ADTAP_MUTEX_INITIALIZER PTHREAD_MUTEX_INITIALIZER

static inline void adtap_mutex_init(adtap_mutex *mutex) { pthread_mutex_init(mutex, NULL); }
static inline void adtap_mutex_destroy(adtap_mutex *mutex) { pthread_mutex_destroy(mutex); }
static inline void adtap_lock(adtap_mutex *mutex) { pthread_mutex_lock(mutex); }
static inline void adtap_unlock(adtap_mutex *mutex) { pthread_mutex_unlock(mutex); }
static inline int adtap_thread_start(adtap_thread *thread, void *(*run)(void *), void *argument) {
  return pthread_create(thread, NULL, run, argument) == 0;
}
static inline void adtap_thread_join(adtap_thread thread) { pthread_join(thread, NULL); }
static inline void *adtap_symbol(adtap_library library, const char *name) { return dlsym(library, name); }
static inline void adtap_library_close(adtap_library library) { dlclose(library); }
static inline uint64_t adtap_milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
static inline void adtap_sleep(unsigned milliseconds) {
  struct timespec pause = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000L};
  nanosleep(&pause, NULL);
}
#endif

#endif
