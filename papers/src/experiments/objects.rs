//! Contestants that all carry the same heap object, so that their times can be compared.
//!
//! The intrusive queues link the object itself, the others store the pointer.

use mpsc_queue::{BackLinked, GapFree, Link, Queue, linked};
use papers::cc_synch::CcSynch;
use papers::io_uring::IoUring;
use papers::jiffy::Jiffy;
use papers::ltqueue::LtQueue;
use papers::michael_scott::MichaelScott;
use papers::ring::Ring;
use papers::segmented::{Segmented, SegmentedWithBackoff};
use papers::treiber::Treiber;
use papers::vyukov::Vyukov;
use papers::wfcqueue::WfcQueue;
use papers::{Mpsc, Next, has_next};

use super::contestants::{Crossbeam, Locked};

/// An object with the links of all intrusive queues. It fills a cache line, so that neither its
/// neighbours nor the position of a link makes a difference.
#[repr(align(64))]
pub(crate) struct Object {
    pub(crate) value: u64,
    link: Link,
    next: Next<Self>,
}
linked!(Object => link: Link);
has_next!(Object => next);

impl Object {
    pub(crate) fn boxed(value: u64) -> Box<Self> {
        Box::new(Self {
            value,
            link: Link::new(),
            next: Next::new(),
        })
    }
}

/// A queue of heap objects.
pub(crate) trait Objects: Mpsc<Item = Box<Object>> + Send {
    const NAME: &'static str;
    /// Creates an empty queue with room for `items` items.
    fn with_room(items: usize) -> Self;
}

/// The contestants: the name of each, its queue, and how to create one with room for so many
/// items.
macro_rules! objects {
    ($($name:literal: $queue:ty, $items:pat => $new:expr;)*) => {$(
        impl Objects for $queue {
            const NAME: &'static str = $name;
            fn with_room($items: usize) -> Self {
                $new
            }
        }
    )*};
}

objects! {
    "forward-linked": Queue<Box<Object>>, _ => Self::new();
    "back-linked": Queue<Box<Object>, BackLinked>, _ => Self::default();
    "gap-free": Queue<Box<Object>, GapFree>, _ => Self::default();
    "vyukov": Vyukov<Object>, _ => Self::new();
    "io_uring": IoUring<Object>, _ => Self::new();
    "wfcqueue": WfcQueue<Object>, _ => Self::new();
    "treiber": Treiber<Object>, _ => Self::new();
    "michael_scott": MichaelScott<Box<Object>>, items => Self::new(items);
    "cc_synch": CcSynch<Box<Object>>, _ => Self::new();
    "ring": Ring<Box<Object>>, items => Self::new(items.next_power_of_two().max(2));
    "segmented": Segmented<Box<Object>>, _ => Self::new();
    "segmented, back-off": SegmentedWithBackoff<Box<Object>>, _ => Self::new();
    "jiffy": Jiffy<Box<Object>>, _ => Self::new();
    // Two threads push at a time.
    "ltqueue": LtQueue<Box<Object>>, _ => Self::new(2);
    "SegQueue": Crossbeam<Box<Object>>, _ => Self::new();
    "Mutex<VecDeque>": Locked<Box<Object>>, _ => Self::new();
}
