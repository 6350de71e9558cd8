// The senders of a channel (`mpsc/src/channel/shared.rs`): the last one that goes pushes the end
// mark. The mark comes after every item, and what each sender did before it went happens before the
// receiver meets the mark. With `CLONES`, the second sender is a clone of the first. With `CLOSES`,
// the receiver closes the queue meanwhile, and no refused push drops the mark.
#include "../ledger.h"

#ifndef POPS
#define POPS (PRODUCERS * EACH + 1)
#endif

static word senders, handed_over;
static struct item end_mark;
static cell farewells[PRODUCERS]; // of each sender, before it goes
static cell waker;
static word wake_ups;

static void take_waker(void) { CHECK(GET(waker) == 1); }

// Drops what a refused push has found. The end mark is not to be dropped.
static void drop(struct item *item) {
    CHECK(item != &end_mark);
    FREE(item);
}

static void send(struct item *item) {
    enum pushed result = push(item, take_waker);
    if (result == WAKE)
        ADD(wake_ups, 1, relaxed);
    if (result == REFUSED) {
        sweep(item, drop);
        if (item != &end_mark)
            drop(item);
    }
}

static void remove_sender(void) {
    if (ADD(senders, -1, REMOVE_SENDER) != 1)
        return;
    prepare(&end_mark);
    send(&end_mark);
}

static void produce(int producer) {
#ifdef CLONES
    if (producer == 0) {
        ADD(senders, 1, relaxed);
        STORE(handed_over, 1, release);
    } else {
        ASSUME(LOAD(handed_over, acquire)); // it begins then
    }
#endif
    for (int number = 0; number < EACH; number++)
        send(new_item(producer, number));
    SET(farewells[producer], 1);
    remove_sender();
}

static void before(void) {
#ifdef CLONES
    STORE(senders, 1, relaxed);
#else
    STORE(senders, PRODUCERS, relaxed);
#endif
    SET(waker, 1);
}

// Receives once. Returns true at the end of the channel.
static bool receive(void) {
    uintptr_t result = pop();
#ifdef CLOSES
    if (result == POP_CLOSED)
        return true;
    if (is_link(result) && result != (uintptr_t)&end_mark)
        FREE(item_at(result));
    return result == (uintptr_t)&end_mark;
#endif
    CHECK(result != POP_CLOSED);
    if (result != (uintptr_t)&end_mark) {
        if (is_link(result))
            deliver(result);
        return false;
    }
    CHECK(got_in_all() == PRODUCERS * EACH);
    for (int producer = 0; producer < PRODUCERS; producer++)
        CHECK(GET(farewells[producer]) == 1);
    CHECK(pop() == POP_EMPTY);
    return true;
}

static cell has_parked, has_ended;

static void receiver(void) {
#ifdef PARKS
    if (park())
        SET(has_parked, 1);
#endif
    for (int i = 0; i < POPS && !GET(has_ended); i++)
        SET(has_ended, receive());
#ifdef CLOSES
    close_queue();
#endif
}

static void after(void) {
    CHECK(LOAD(wake_ups, relaxed) == GET(has_parked));
    for (int i = 0; i <= PRODUCERS * EACH && !GET(has_ended); i++)
        SET(has_ended, receive());
    CHECK(GET(has_ended));
}

#include "../producers.h"
THREADS(EACH_PRODUCER, receiver)
