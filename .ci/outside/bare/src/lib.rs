//! Uses the packaged queue without std and without an allocator.
#![no_std]
#![forbid(unsafe_code)]

use mpsc_queue::{Pop, Queue, SharedLink, linked};

struct Event {
    link: SharedLink,
    number: u32,
}
linked!(Event => link: SharedLink);

static EVENT: Event = Event { link: SharedLink::new(), number: 7 };
static EVENTS: Queue<&'static Event> = Queue::new();

pub extern "C" fn interrupt() -> bool {
    EVENTS.try_push(&EVENT).is_ok_and(|wakeup| wakeup.is_needed())
}

pub extern "C" fn poll() -> u32 {
    match EVENTS.consumer().map(|mut consumer| consumer.pop()) {
        Ok(Pop::Item(event)) => event.number,
        Ok(Pop::Empty | Pop::Stalled(_) | Pop::Closed) | Err(_) => 0,
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
