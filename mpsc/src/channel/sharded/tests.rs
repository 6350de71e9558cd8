use alloc::boxed::Box;

use super::shard::Shard;
use crate::form::{Compact, Form, ForwardLinked};
use crate::item::Link;
use crate::linked;

struct Item {
    link: Link,
}
linked!(Item => link: Link);

#[test]
#[cfg(target_pointer_width = "64")]
fn shard_takes_as_many_bytes_as_documented() {
    fn bytes<F: Form>() -> usize {
        let counts = 2 * size_of::<usize>(); // those of the `Arc`
        let shard = core::alloc::Layout::new::<Shard<Box<Item>, F>>();
        shard.size() + counts.next_multiple_of(shard.align())
    }
    assert_eq!(bytes::<Compact<ForwardLinked>>(), 72);
    if cfg!(target_arch = "x86_64") {
        assert_eq!(bytes::<ForwardLinked>(), 512);
    }
}
