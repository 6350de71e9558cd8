//! A consumer that pre-empts its producer: a signal handler pops what the interrupted thread
//! pushes.
//!
//! A timer interrupts the only thread of this program at any instruction, also within a push.
//! The thread then cannot continue before the handler returns.
//!
//! - In a forward-linked or back-linked queue, a push that is interrupted in its gap stalls the
//!   queue until the handler returns. The handler cannot reach the items, and a handler that
//!   waited for the end of the stall (as `pop_blocking` does) would wait for ever. With one of
//!   these forms, and an arm that pops again after a stall, this program hung in 12 of 12 runs.
//! - A [`GapFree`] queue has no gap. The handler reaches every item whose push has returned,
//!   and the `match` below needs no arm for a stall. If the interrupted push has not published
//!   its item yet, its compare-exchange may fail and be repeated when the handler has returned.
//!
//! The handler does nothing but atomic operations on statics: it neither allocates, frees nor
//! locks, as POSIX demands of it.
//!
//! ```sh
//! cargo run -p mpsc-queue --example interrupt
//! ```

#[cfg(not(unix))]
fn main() {
    println!("this example needs the signals of Unix");
}

#[cfg(unix)]
use unix::main;

#[cfg(unix)]
mod unix {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::{io, mem, ptr};

    use mpsc_queue::{GapFree, Pop, Queue, SharedLink, TryPushError, linked};

    /// A source of events. It is queued while it has events that the handler has not counted.
    struct Source {
        link: SharedLink,
        events: AtomicU64,
    }
    linked!(Source => link: SharedLink);

    /// So many that the thread rarely meets one which is still queued.
    static SOURCES: [Source; 1 << 16] = [const {
        Source {
            link: SharedLink::new(),
            events: AtomicU64::new(0),
        }
    }; 1 << 16];

    static QUEUE: Queue<&'static Source, GapFree> = Queue::with_form(GapFree);

    /// The events that the handler has counted.
    static HANDLED: AtomicU64 = AtomicU64::new(0);

    /// Set while the thread is within a push, for the statistics.
    static IS_PUSHING: AtomicBool = AtomicBool::new(false);

    /// How many interrupts came, how many of them within a push.
    static INTERRUPTS: AtomicU64 = AtomicU64::new(0);
    static INTERRUPTED_PUSHES: AtomicU64 = AtomicU64::new(0);

    /// Interrupts the thread this often per second.
    const INTERRUPTS_PER_SECOND: libc::suseconds_t = 5000;

    /// The program ends after so many interrupts within a push.
    const ENOUGH: u64 = 100;

    /// Counts the events of all sources that are queued. Returns their number.
    fn handle_events() -> u64 {
        // One compare-exchange. The place of the consumer is free whenever this function is
        // called, since a signal is blocked while its handler runs.
        let Ok(mut consumer) = QUEUE.consumer() else {
            return 0;
        };
        let mut count = 0;
        loop {
            match consumer.pop() {
                // The pop has cleared the flag of the source, so the next event queues it
                // again. An event that found it queued is counted here.
                Pop::Item(source) => count += source.events.swap(0, Ordering::Relaxed),
                Pop::Empty | Pop::Closed => return count,
                // No arm for `Pop::Stalled`: its value has an uninhabited type.
            }
        }
    }

    extern "C" fn on_alarm(_signal: libc::c_int) {
        INTERRUPTS.fetch_add(1, Ordering::Relaxed);
        if IS_PUSHING.load(Ordering::Relaxed) {
            INTERRUPTED_PUSHES.fetch_add(1, Ordering::Relaxed);
        }
        HANDLED.fetch_add(handle_events(), Ordering::Relaxed);
    }

    /// Registers the handler.
    fn register_handler() -> io::Result<()> {
        // SAFETY: all-zero bytes are a valid `sigaction`: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = on_alarm as extern "C" fn(libc::c_int) as libc::sighandler_t;
        // SAFETY: both pointers are valid or null. The handler is async-signal-safe: it executes
        // atomic operations on statics, and nothing else.
        let result = unsafe { libc::sigaction(libc::SIGALRM, &raw const action, ptr::null_mut()) };
        check(result)
    }

    /// Starts the timer that raises the signal, or stops it if `micros` is zero.
    fn set_timer(micros: libc::suseconds_t) -> io::Result<()> {
        let interval = libc::timeval {
            tv_sec: 0,
            tv_usec: micros,
        };
        let timer = libc::itimerval {
            it_interval: interval,
            it_value: interval,
        };
        // SAFETY: both pointers are valid or null.
        let result =
            unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, ptr::null_mut()) };
        check(result)
    }

    fn check(result: libc::c_int) -> io::Result<()> {
        match result {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    pub(crate) fn main() -> io::Result<()> {
        register_handler()?;
        set_timer(1_000_000 / INTERRUPTS_PER_SECOND)?;
        let mut events = 0;
        for source in SOURCES.iter().cycle() {
            source.events.fetch_add(1, Ordering::Relaxed);
            events += 1;
            IS_PUSHING.store(true, Ordering::Relaxed);
            let pushed = QUEUE.try_push(source);
            IS_PUSHING.store(false, Ordering::Relaxed);
            match pushed {
                Ok(wakeup) => assert!(!wakeup.is_needed(), "the handler does not park"),
                Err(TryPushError::AlreadyQueued(_)) => {} // the event will be counted anyway
                Err(TryPushError::Closed(_)) => unreachable!("the handler does not close"),
            }
            if INTERRUPTED_PUSHES.load(Ordering::Relaxed) >= ENOUGH {
                break;
            }
        }
        set_timer(0)?;

        let handled = HANDLED.load(Ordering::Relaxed);
        let rest = handle_events();
        println!(
            "{} interrupts, {} of them within a push",
            INTERRUPTS.load(Ordering::Relaxed),
            INTERRUPTED_PUSHES.load(Ordering::Relaxed)
        );
        println!("{events} events: {handled} counted by the handler, {rest} at the end");
        assert_eq!(handled + rest, events, "no event is lost");
        assert_ne!(handled, 0);
        Ok(())
    }
}
