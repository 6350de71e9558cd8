//! A queue for firmware or a kernel: a `static` queue of `static` items, without an allocator.
//! The main loop polls; "interrupt handlers" (threads, in this example) raise events.
//!
//! ```sh
//! cargo run -p mpsc-queue --no-default-features --example static_queue
//! ```
#![forbid(unsafe_code)]

use core::sync::atomic::{AtomicU32, Ordering};

use mpsc_queue::{Pop, Queue, SharedLink, TryPushError, Wakeup, linked};

/// Something that happens repeatedly. There is one `Event` per kind, and it embeds a link with
/// a flag, so an event that is raised twice before the main loop handles it is queued once.
struct Event {
    link: SharedLink,
    name: &'static str,
    /// How often it was raised since the main loop last handled it.
    raised: AtomicU32,
}
linked!(Event => link: SharedLink);

impl Event {
    const fn new(name: &'static str) -> Self {
        Self {
            link: SharedLink::new(),
            name,
            raised: AtomicU32::new(0),
        }
    }

    /// Called by an interrupt handler. Three atomic operations, no loop.
    fn raise(&'static self) {
        self.raised.fetch_add(1, Ordering::Relaxed);
        // If the event is already queued, the main loop sees the new count when it handles the
        // event, because a push that fails happens before the pop too.
        match EVENTS.try_push(self) {
            Ok(Wakeup::Needed) => unreachable!("the main loop does not park"),
            Ok(Wakeup::NotNeeded) | Err(TryPushError::AlreadyQueued(_)) => {}
            Err(TryPushError::Closed(_)) => unreachable!("the main loop does not close the queue"),
        }
    }
}

static EVENTS: Queue<&'static Event> = Queue::new();
static TIMER: Event = Event::new("timer");
static UART: Event = Event::new("uart");

const TIMES: u32 = 1000;

fn main() {
    let interrupts: Vec<_> = [&TIMER, &UART]
        .map(|event| std::thread::spawn(move || (0..TIMES).for_each(|_| event.raise())))
        .into();

    let mut events = EVENTS.consumer().expect("no other consumer exists");
    let (mut handled, mut pops) = (0, 0);
    while handled < 2 * TIMES {
        match events.pop() {
            Pop::Item(event) => {
                handled += event.raised.swap(0, Ordering::Relaxed);
                pops += 1;
            }
            // An interrupt handler was itself interrupted, in its gap. Do not wait for it here,
            // but come back later.
            Pop::Stalled(_) => std::hint::spin_loop(),
            // A main loop that sleeps would park the queue now.
            Pop::Empty => std::hint::spin_loop(),
            Pop::Closed => unreachable!("the main loop does not close the queue"),
        }
    }
    for interrupt in interrupts {
        interrupt.join().expect("handlers do not panic");
    }
    println!(
        "{} and {}: {handled} times raised, handled in {pops} pops",
        TIMER.name, UART.name
    );
}
