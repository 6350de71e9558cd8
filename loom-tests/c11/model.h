// What a client is written with: atomic words, plain cells, items, and three kinds of claims.
//
// A client defines `before`, its threads, and `after`. `before` happens before every thread, and
// every thread happens before `after`. One source serves two checkers: GenMC, for which these are
// the operations of C11, and `explore.cc`, for which each operation is a call. A client keeps no
// variable of its own between two functions, because `explore.cc` runs a thread again from its
// start for each operation that it adds.

#ifndef MODEL_H
#define MODEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define relaxed memory_order_relaxed
#define acquire memory_order_acquire
#define release memory_order_release
#define acq_rel memory_order_acq_rel

// Both of these begin as zero, but with no value in memory that `NEW` allocates.
#ifdef GENMC
typedef _Atomic uintptr_t word;
typedef uintptr_t cell;
#else
typedef struct { uintptr_t address_only; } word;
typedef struct { uintptr_t address_only; } cell;
#endif

static void before(void);
static void after(void);

#ifdef GENMC

#include <assert.h>
#include <genmc.h>
#include <pthread.h>
#include <stdlib.h>

#define LOAD(word, order) atomic_load_explicit(&(word), order)
#define STORE(word, value, order) atomic_store_explicit(&(word), value, order)
#define SWAP(word, value, order) atomic_exchange_explicit(&(word), value, order)
#define ADD(word, value, order) atomic_fetch_add_explicit(&(word), value, order)
#define OR(word, value, order) atomic_fetch_or_explicit(&(word), value, order)
#define CAS(word, expected, value, order, failure) \
    atomic_compare_exchange_strong_explicit(&(word), expected, value, order, failure)
#define FENCE(order) atomic_thread_fence(order)

#define GET(cell) (cell)
#define SET(cell, value) ((void)((cell) = (value)))

#define NEW(type) ((type *)malloc(sizeof(type)))
#define FREE(pointer) free(pointer)

// Gives up an execution that says nothing new: a loop would wait once more.
#define ASSUME(condition) __VERIFIER_assume(condition)
#define CHECK(condition) assert(condition)

#define THREADS(...) \
    static void (*const threads[])(void) = {__VA_ARGS__}; \
    static void *start(void *thread) { ((void (*)(void))thread)(); return 0; } \
    int main(void) { \
        enum { COUNT = sizeof threads / sizeof *threads }; \
        pthread_t started[COUNT]; \
        before(); \
        for (int i = 0; i < COUNT; i++) \
            pthread_create(&started[i], 0, start, (void *)threads[i]); \
        for (int i = 0; i < COUNT; i++) \
            pthread_join(started[i], 0); \
        after(); \
        return 0; \
    }

#else

#include "explore.h"

#define LOAD(word, order) explore_load(&(word), order)
#define STORE(word, value, order) explore_store(&(word), value, order)
#define SWAP(word, value, order) explore_update(&(word), EXPLORE_SWAP, value, order)
#define ADD(word, value, order) explore_update(&(word), EXPLORE_ADD, value, order)
#define OR(word, value, order) explore_update(&(word), EXPLORE_OR, value, order)
#define CAS(word, expected, value, order, failure) \
    explore_cas(&(word), expected, value, order, failure)
#define FENCE(order) explore_fence(order)

#define GET(cell) explore_get(&(cell))
#define SET(cell, value) explore_set(&(cell), value)

#define NEW(type) ((type *)explore_new(sizeof(type)))
#define FREE(pointer) explore_free(pointer, sizeof *(pointer))

#define ASSUME(condition) explore_assume(condition)
#define CHECK(condition) explore_check(condition, #condition, __FILE__, __LINE__)

#define THREADS(...) \
    static void (*const threads[])(void) = {__VA_ARGS__}; \
    const struct explore_client explore_client = { \
        before, after, threads, sizeof threads / sizeof *threads};

#endif

#endif
