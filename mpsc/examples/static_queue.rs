//! A queue as firmware or a kernel has it: a `static`, of items that are `static`s,
//! with nothing allocated. The main loop polls; "interrupt handlers" (threads, in
//! this example) raise events.
//!
//! ```sh
//! cargo run -p mpsc-queue --no-default-features --example static_queue
//! ```
#![forbid(unsafe_code)]

use core::sync::atomic::{AtomicU32, Ordering};

use mpsc_queue::{Pop, Queue, SharedLink, Wakeup, linked};

/// Something that happens again and again. There is one of each kind, so that it
/// embeds a link with a flag: raised twice before it is handled, it is queued once.
struct Event {
    link: SharedLink,
    name: &'static str,
    /// How often it was raised since it was handled.
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

    /// What an interrupt handler does: three atomic operations, no loop.
    fn raise(&'static self) {
        self.raised.fetch_add(1, Ordering::Relaxed);
        // If it is queued already, whoever handles it will see the new count: a
        // push that fails is ordered before the pop, too.
        match EVENTS.try_push(self) {
            Ok(Wakeup::Needed) => unreachable!("this core polls; one that sleeps is sent an event"),
            Ok(Wakeup::NotNeeded) | Err(_) => {}
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

    let mut events = EVENTS.consumer().expect("there is one main loop");
    let (mut handled, mut pops) = (0, 0);
    while handled < 2 * TIMES {
        match events.pop() {
            Pop::Item(event) => {
                handled += event.raised.swap(0, Ordering::Relaxed);
                pops += 1;
            }
            // An interrupt handler was itself interrupted, between its exchange and
            // its link. Never wait for it here: come back later.
            Pop::Stalled => std::hint::spin_loop(),
            // A core would now park the queue, and sleep.
            Pop::Empty => std::hint::spin_loop(),
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
