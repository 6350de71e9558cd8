// The operations of a client, as calls of `explore.cc`.

#ifndef EXPLORE_H
#define EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct explore_client {
    void (*before)(void);
    void (*after)(void);
    void (*const *threads)(void);
    size_t count;
};

// Defined by the client.
extern const struct explore_client explore_client;

enum explore_function { EXPLORE_SWAP, EXPLORE_ADD, EXPLORE_OR };

uintptr_t explore_load(void *word, int order);
void explore_store(void *word, uintptr_t value, int order);
uintptr_t explore_update(
    void *word, enum explore_function function, uintptr_t operand, int order);
// As in C: replaces `*expected` by what it has read, if that is another value.
bool explore_cas(void *word, uintptr_t *expected, uintptr_t value, int order, int failure);
void explore_fence(int order);

uintptr_t explore_get(void *cell);
void explore_set(void *cell, uintptr_t value);

// Returns the same address each time that the thread runs. No memory is used again.
void *explore_new(size_t size);
void explore_free(void *pointer, size_t size);

void explore_assume(bool condition);
void explore_check(bool condition, const char *text, const char *file, int line);

#ifdef __cplusplus
}
#endif

#endif
