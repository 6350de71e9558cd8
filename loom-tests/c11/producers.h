// The threads that push, up to three, each of which runs `produce` of the client.

static void producer_0(void) { produce(0); }
#if PRODUCERS > 1
static void producer_1(void) { produce(1); }
#endif
#if PRODUCERS > 2
static void producer_2(void) { produce(2); }
#endif

#if PRODUCERS == 1
#define EACH_PRODUCER producer_0
#elif PRODUCERS == 2
#define EACH_PRODUCER producer_0, producer_1
#else
#define EACH_PRODUCER producer_0, producer_1, producer_2
#endif
