// Explores every execution of a client under RC11 without sequentially consistent operations.
//
// An execution is a graph: the events of each thread, which write each read reads from, and the
// order of the writes to each word. RC11 forbids cycles of program order and reads-from, so each
// execution is reached by adding one event after another, each after those that it needs, and each
// part of an execution is one. This program adds
//
//   - any event that is not a read as soon as its thread comes to it. A write takes each place in
//     the order of writes that coherence and atomicity permit;
//   - a read with each write that it may read from. In one more branch it is put off: it then reads
//     from a write that is yet to be added.
//
// So each execution is reached once. A thread is run again from its start for each of its events,
// with the results of its earlier ones; only the graph is kept.

#include "explore.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

namespace {

using std::memory_order_acq_rel;
using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;

constexpr size_t MAX_THREADS = 8; // `before` and `after` among them
constexpr size_t ARENA = 4096;

[[noreturn]] void fail(const char *what) {
    fprintf(stderr, "explore: %s\n", what);
    exit(2);
}

// How many events of each thread happen before a point.
struct Clock {
    std::array<unsigned, MAX_THREADS> events{};

    void join(const Clock &other) {
        for (size_t i = 0; i < MAX_THREADS; i++)
            events[i] = std::max(events[i], other.events[i]);
    }
};

enum class Kind { Load, Store, Update, Fence, Get, Set, Free };

// What a thread is about to do.
struct Request {
    Kind kind{};
    uintptr_t address{};
    size_t size = 1; // of what is freed
    int order = memory_order_relaxed;
    bool is_conditional = false; // a compare-exchange
    uintptr_t expected{};
    int failure = memory_order_relaxed;
    explore_function function = EXPLORE_SWAP;
    uintptr_t operand{}; // or what is written

    bool is_read() const { return kind == Kind::Load || kind == Kind::Update; }
    bool is_plain() const {
        return kind == Kind::Get || kind == Kind::Set || kind == Kind::Free;
    }
    bool overlaps(const Request &other) const {
        return kind != Kind::Fence && other.kind != Kind::Fence &&
               address < other.address + other.size && other.address < address + size;
    }
};

struct Id {
    unsigned thread = 0, index = 0; // the index begins with 1; 0 is the initial value

    bool operator==(const Id &other) const {
        return thread == other.thread && index == other.index;
    }
};

struct Event {
    Request request;
    unsigned number = 0; // in the order of addition, for the trace
    bool is_write = false;
    Id source;              // of a read
    uintptr_t read = 0;     // what it has read
    uintptr_t written = 0;
    Clock published;        // what an acquire that reads from this write acquires

    int order() const {
        return request.is_conditional && !is_write ? request.failure : request.order;
    }
};

bool acquires(int order) { return order == memory_order_acquire || order == memory_order_acq_rel; }
bool releases(int order) { return order == memory_order_release || order == memory_order_acq_rel; }

struct Thread {
    std::vector<Event> events;
    Clock now;         // what happens before the next event
    Clock acquirable;  // what an acquire fence would add
    Clock released;    // by the last release fence
    std::vector<Id> put_off; // writes that the pending read is not to read from
};

struct Graph {
    std::vector<Thread> threads;
    std::map<uintptr_t, std::vector<Id>> writes; // in modification order; the first is initial
    unsigned size = 0;

    const Event &at(Id id) const { return threads[id.thread].events[id.index - 1]; }
    uintptr_t value(Id id) const { return id.index == 0 ? 0 : at(id).written; }
    std::vector<Id> &writes_to(uintptr_t address) {
        auto &order = writes[address];
        if (order.empty())
            order.push_back(Id{});
        return order;
    }
    bool happened(const Clock &clock, Id id) const {
        return id.index <= clock.events[id.thread];
    }
};

// The state of a thread that has been run up to its next event.
enum class Next { Pending, Done, Blocked };

struct Runner {
    const std::vector<Event> *known = nullptr;
    size_t position = 0;
    size_t allocated = 0;
    unsigned thread = 0;
    Request pending;
    std::jmp_buf end;
};

enum { PENDING = 1, BLOCKED };

Runner runner;
alignas(16) char arena[MAX_THREADS][ARENA];
unsigned long long complete = 0, blocked = 0;
const Graph *current = nullptr;

const char *name(int order) {
    switch (order) {
    case memory_order_relaxed: return "relaxed";
    case memory_order_acquire: return "acquire";
    case memory_order_release: return "release";
    default: return "acq_rel";
    }
}

void print(const Graph &graph) {
    static const char *const KINDS[] = {"load", "store", "update", "fence", "get", "set", "free"};
    std::vector<Id> order(graph.size);
    for (unsigned t = 0; t < graph.threads.size(); t++)
        for (unsigned i = 0; i < graph.threads[t].events.size(); i++)
            order[graph.threads[t].events[i].number] = Id{t, i + 1};
    std::map<uintptr_t, int> names;
    for (Id id : order) {
        const Event &event = graph.at(id);
        const Request &request = event.request;
        int place = names.emplace(request.address, names.size()).first->second;
        printf("  %u.%-2u %-6s %-7s x%-2d", id.thread, id.index, KINDS[(int)request.kind],
               request.is_plain() ? "" : name(event.order()), place);
        if (request.is_read() || request.kind == Kind::Get)
            printf(" reads %#lx of %u.%u", (unsigned long)event.read, event.source.thread,
                   event.source.index);
        if (event.is_write)
            printf(" writes %#lx", (unsigned long)event.written);
        printf("\n");
    }
}

[[noreturn]] void violation(const char *what) {
    printf("violation: %s\n", what);
    if (current)
        print(*current);
    printf("%llu complete executions before\n", complete);
    exit(1);
}

// Returns what an earlier run of the thread has learnt, or ends this one.
const Event &perform(const Request &request) {
    if (request.order == memory_order_seq_cst || request.failure == memory_order_seq_cst)
        fail("sequentially consistent operations are not supported");
    if (runner.position == runner.known->size()) {
        runner.pending = request;
        std::longjmp(runner.end, PENDING);
    }
    const Event &event = (*runner.known)[runner.position++];
    if (event.request.kind != request.kind || event.request.address != request.address ||
        event.request.operand != request.operand)
        fail("a thread does something else than before with the same results");
    return event;
}

Next run(const Graph &graph, unsigned thread, Request &pending) {
    runner.known = &graph.threads[thread].events;
    runner.position = 0;
    runner.allocated = 0;
    runner.thread = thread;
    switch (setjmp(runner.end)) {
    case 0:
        if (thread == 0)
            explore_client.before();
        else if (thread <= explore_client.count)
            explore_client.threads[thread - 1]();
        else
            explore_client.after();
        return Next::Done;
    case PENDING:
        pending = runner.pending;
        return Next::Pending;
    default:
        return Next::Blocked;
    }
}

// Fails if the newest event of a thread races with another one, or accesses freed memory.
void check_race(const Graph &graph, Id newest) {
    const Event &event = graph.at(newest);
    const Clock &now = graph.threads[newest.thread].now;
    for (unsigned t = 0; t < graph.threads.size(); t++) {
        const auto &events = graph.threads[t].events;
        for (unsigned i = 0; i < events.size(); i++) {
            const Event &other = events[i];
            Id id{t, i + 1};
            if (id == newest || !other.request.overlaps(event.request))
                continue;
            if (other.request.kind == Kind::Free)
                violation("an access to freed memory");
            bool conflicts = (event.is_write || other.is_write) &&
                             (event.request.is_plain() || other.request.is_plain());
            if (conflicts && !graph.happened(now, id))
                violation("a data race");
        }
    }
}

// The first place in the order of writes that a read of the thread may read from: the thread knows
// that the writes before it have been overwritten.
size_t floor_of(Graph &graph, unsigned thread, uintptr_t address) {
    const Clock &now = graph.threads[thread].now;
    const std::vector<Id> &order = graph.writes_to(address);
    size_t floor = 0;
    for (size_t place = order.size() - 1; place > 0 && floor == 0; place--)
        if (graph.happened(now, order[place]))
            floor = place;
    for (unsigned t = 0; t < graph.threads.size(); t++) {
        const auto &events = graph.threads[t].events;
        size_t seen = std::min<size_t>(now.events[t], events.size());
        for (size_t i = 0; i < seen; i++) {
            const Event &event = events[i];
            if (!event.request.is_read() || event.request.address != address)
                continue;
            auto place = std::find(order.begin(), order.end(), event.source) - order.begin();
            floor = std::max<size_t>(floor, place);
        }
    }
    return floor;
}

// Returns true if an update reads from the write at this place, so that no other may follow.
bool is_followed_by_update(const Graph &graph, const std::vector<Id> &order, size_t place) {
    if (place + 1 == order.size())
        return false;
    const Event &next = graph.at(order[place + 1]);
    return next.request.kind == Kind::Update && next.source == order[place];
}

// Returns true if the word is in memory that a thread has allocated, which begins with no value.
bool is_allocated(uintptr_t address) {
    uintptr_t start = (uintptr_t)arena;
    return address >= start && address < start + sizeof arena;
}

// Adds an event. `place` is that of the write that a read reads from, or that a store follows.
void add(Graph &graph, unsigned thread, const Request &request, size_t place) {
    Thread &self = graph.threads[thread];
    Event event;
    event.request = request;
    event.number = graph.size++;
    current = &graph;
    Id id{thread, (unsigned)self.events.size() + 1};

    if (request.is_read() || request.kind == Kind::Get) {
        event.source = graph.writes_to(request.address)[place];
        event.read = graph.value(event.source);
    }
    bool is_garbage = (request.is_read() || request.kind == Kind::Get) &&
                      event.source.index == 0 && is_allocated(request.address);
    event.written = request.operand;
    switch (request.kind) {
    case Kind::Store:
    case Kind::Set:
    case Kind::Free:
        event.is_write = true;
        break;
    case Kind::Update:
        event.is_write = !request.is_conditional || event.read == request.expected;
        if (request.function == EXPLORE_ADD)
            event.written += event.read;
        else if (request.function == EXPLORE_OR)
            event.written |= event.read;
        break;
    default:
        break;
    }

    int order = event.order();
    bool synchronises = request.is_read() && event.source.index != 0;
    if (synchronises) {
        const Clock &message = graph.at(event.source).published;
        (acquires(order) ? self.now : self.acquirable).join(message);
    }
    if (request.kind == Kind::Fence && acquires(order))
        self.now.join(self.acquirable);
    self.now.events[thread] = id.index;
    if (request.kind == Kind::Fence && releases(order))
        self.released = self.now;
    if (event.is_write && !request.is_plain()) {
        event.published = releases(order) ? self.now : self.released;
        if (synchronises) // an update continues the release sequence
            event.published.join(graph.at(event.source).published);
    }
    bool is_ordered = event.is_write && request.kind != Kind::Free;
    self.events.push_back(event);
    self.put_off.clear();
    check_race(graph, id);
    if (is_garbage)
        violation("a read of memory that is not initialised");
    if (is_ordered) {
        auto &writes = graph.writes_to(request.address);
        writes.insert(writes.begin() + place + 1, id);
    }
}

// The places that an event may have, as `add` takes them.
std::vector<size_t> places(Graph &graph, unsigned thread, const Request &request) {
    if (request.kind == Kind::Fence || request.kind == Kind::Free)
        return {0};
    const auto &order = graph.writes_to(request.address);
    if (request.is_plain()) // only the last one, unless there is a race
        return {order.size() - 1};
    std::vector<size_t> found;
    for (size_t place = floor_of(graph, thread, request.address); place < order.size(); place++) {
        bool writes = request.kind == Kind::Store ||
                      (request.kind == Kind::Update &&
                       (!request.is_conditional || graph.value(order[place]) == request.expected));
        if (writes && is_followed_by_update(graph, order, place))
            continue;
        const auto &put_off = graph.threads[thread].put_off;
        if (request.is_read() &&
            std::find(put_off.begin(), put_off.end(), order[place]) != put_off.end())
            continue;
        found.push_back(place);
    }
    return found;
}

// What the threads do next, as far as they take part: `before`, then those of the client, `after`.
struct Frontier {
    unsigned first = 0, last = 0;
    std::array<Next, MAX_THREADS> next{};
    std::array<Request, MAX_THREADS> pending{};

    void update(const Graph &graph, unsigned thread) {
        current = &graph;
        next[thread] = run(graph, thread, pending[thread]);
    }
};

void explore(Graph graph, Frontier frontier);

// Adds the next event of a thread at each of the places.
void branch(const Graph &graph, const Frontier &frontier, unsigned thread,
            const std::vector<size_t> &found) {
    for (size_t place : found) {
        Graph extended = graph;
        Frontier moved = frontier;
        add(extended, thread, frontier.pending[thread], place);
        moved.update(extended, thread);
        explore(std::move(extended), moved);
    }
}

// Goes on without the next read of a thread, until there are other writes than those.
void put_off(Graph &graph, const Frontier &frontier, unsigned thread,
             const std::vector<size_t> &found) {
    const auto &order = graph.writes_to(frontier.pending[thread].address);
    for (size_t place : found)
        graph.threads[thread].put_off.push_back(order[place]);
    explore(std::move(graph), frontier);
}

// The threads have ended: `after` begins, or has ended, too.
void finish(Graph &graph, Frontier &frontier) {
    unsigned after = (unsigned)explore_client.count + 1;
    if (frontier.first == after) {
        complete++;
        return;
    }
    for (unsigned t = 0; t < after; t++)
        graph.threads[after].now.join(graph.threads[t].now);
    frontier.first = frontier.last = after;
    frontier.update(graph, after);
    explore(std::move(graph), frontier);
}

// Explores all that the graph can be extended to.
void explore(Graph graph, Frontier frontier) {
    for (;;) {
        bool is_blocked = false, is_put_off = false;
        std::vector<size_t> found;
        unsigned thread = MAX_THREADS;
        for (unsigned t = frontier.first; t <= frontier.last; t++) {
            is_blocked |= frontier.next[t] == Next::Blocked;
            if (frontier.next[t] != Next::Pending)
                continue;
            const Request &request = frontier.pending[t];
            if (request.is_read() && thread != MAX_THREADS)
                continue; // another read comes first
            auto possible = places(graph, t, request);
            is_put_off |= possible.empty();
            if (possible.empty())
                continue;
            found = std::move(possible);
            thread = t;
            if (!request.is_read())
                break;
        }
        if (thread == MAX_THREADS) {
            // A read that was put off, and reads from no other write, was in another branch.
            if (is_blocked && !is_put_off)
                blocked++;
            else if (!is_put_off)
                finish(graph, frontier);
            return;
        }
        if (frontier.pending[thread].is_read()) {
            branch(graph, frontier, thread, found);
            put_off(graph, frontier, thread, found);
            return;
        }
        if (found.size() > 1)
            return branch(graph, frontier, thread, found);
        add(graph, thread, frontier.pending[thread], found[0]);
        frontier.update(graph, thread);
    }
}

} // namespace

extern "C" {

uintptr_t explore_load(void *word, int order) {
    Request request;
    request.kind = Kind::Load;
    request.address = (uintptr_t)word;
    request.order = order;
    return perform(request).read;
}

void explore_store(void *word, uintptr_t value, int order) {
    Request request;
    request.kind = Kind::Store;
    request.address = (uintptr_t)word;
    request.order = order;
    request.operand = value;
    perform(request);
}

uintptr_t explore_update(void *word, explore_function function, uintptr_t operand, int order) {
    Request request;
    request.kind = Kind::Update;
    request.address = (uintptr_t)word;
    request.order = order;
    request.function = function;
    request.operand = operand;
    return perform(request).read;
}

bool explore_cas(void *word, uintptr_t *expected, uintptr_t value, int order, int failure) {
    Request request;
    request.kind = Kind::Update;
    request.address = (uintptr_t)word;
    request.order = order;
    request.is_conditional = true;
    request.expected = *expected;
    request.failure = failure;
    request.operand = value;
    const Event &event = perform(request);
    *expected = event.read;
    return event.is_write;
}

void explore_fence(int order) {
    Request request;
    request.kind = Kind::Fence;
    request.order = order;
    perform(request);
}

uintptr_t explore_get(void *cell) {
    Request request;
    request.kind = Kind::Get;
    request.address = (uintptr_t)cell;
    return perform(request).read;
}

void explore_set(void *cell, uintptr_t value) {
    Request request;
    request.kind = Kind::Set;
    request.address = (uintptr_t)cell;
    request.operand = value;
    perform(request);
}

void *explore_new(size_t size) {
    size_t rounded = (size + 15) / 16 * 16;
    if (runner.allocated + rounded > ARENA)
        fail("the arena of a thread is full");
    void *pointer = &arena[runner.thread][runner.allocated];
    runner.allocated += rounded;
    return pointer;
}

void explore_free(void *pointer, size_t size) {
    Request request;
    request.kind = Kind::Free;
    request.address = (uintptr_t)pointer;
    request.size = size;
    perform(request);
}

void explore_assume(bool condition) {
    if (!condition)
        std::longjmp(runner.end, BLOCKED);
}

void explore_check(bool condition, const char *text, const char *file, int line) {
    if (condition)
        return;
    static char what[512];
    snprintf(what, sizeof what, "%s:%d: %s", file, line, text);
    violation(what);
}
}

int main() {
    unsigned threads = (unsigned)explore_client.count;
    if (threads + 2 > MAX_THREADS)
        fail("too many threads");
    Graph graph;
    graph.threads.resize(threads + 2);
    Frontier frontier;
    for (frontier.update(graph, 0); frontier.next[0] == Next::Pending; frontier.update(graph, 0))
        add(graph, 0, frontier.pending[0], places(graph, 0, frontier.pending[0]).back());
    frontier.first = 1;
    frontier.last = threads;
    for (unsigned t = 1; t <= threads; t++) {
        graph.threads[t].now = graph.threads[0].now;
        frontier.update(graph, t);
    }
    explore(graph, frontier);
    printf("%llu complete executions, %llu blocked\n", complete, blocked);
}
