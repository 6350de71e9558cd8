//! Requests that are resumed while their event loop ends.

use std::sync::Arc;

use http_resume::resume::{Pending, RequestKey, ResumeQueue, suspend};
use mpsc_queue::BlockingQueue;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use crate::items::{Census, Item, PRODUCERS};
use crate::producers::{join_all, spawn_all};
use crate::runner::schedules;

/// A loop suspends requests, workers resume or drop them, and the loop ends at a random
/// point. The work of each request is dropped once.
#[test]
fn requests_are_dropped_once_after_loop_end() {
    schedules(|| {
        const EACH: usize = 60;
        let census = Census::new(EACH);
        let wakeup = Arc::new(shuttle::sync::Condvar::new());
        let is_woken = Arc::new(shuttle::sync::Mutex::new(false));
        let queue = {
            let (wakeup, is_woken) = (Arc::clone(&wakeup), Arc::clone(&is_woken));
            Arc::new(ResumeQueue::new(move || {
                *is_woken.lock().unwrap() = true;
                wakeup.notify_one();
            }))
        };
        let mut consumer = queue.consumer();

        let jobs = [(); PRODUCERS].map(|()| Arc::new(BlockingQueue::<Pending<Box<Item>>>::new()));
        let workers = spawn_all(|worker| {
            let jobs = Arc::clone(&jobs[worker]);
            move || {
                let mut jobs = jobs.receiver().unwrap();
                for _ in 0..EACH {
                    let pending = jobs.recv().unwrap();
                    if thread_rng().gen_bool(0.9) {
                        pending.resume();
                    } // else it is dropped
                }
            }
        });

        let total = PRODUCERS * EACH;
        let end_after = thread_rng().gen_range(0..=total);
        let (mut spare, mut popped) = (None, 0);
        for serial in 0..total {
            let key = RequestKey {
                connection: serial % PRODUCERS,
                serial: serial as u64,
            };
            let work = census.item(key.connection, serial / PRODUCERS);
            let (pending, _flag) = suspend(&queue, key, spare.take(), work);
            jobs[key.connection].push(pending).unwrap();
            for back in consumer.drain(2) {
                popped += 1;
                let serial = back.key().serial as usize;
                let (work, vacant) = back
                    .open::<Box<Item>>()
                    .expect("the work has the type that was suspended");
                assert_eq!(
                    (work.producer, work.number),
                    (serial % PRODUCERS, serial / PRODUCERS)
                );
                spare = Some(vacant);
            }
        }
        while popped < end_after {
            if let Some(parked) = consumer.park() {
                let asleep = is_woken.lock().unwrap();
                *wakeup.wait_while(asleep, |is_woken| !*is_woken).unwrap() = false;
                drop(parked);
            } else {
                thread::yield_now();
            }
            popped += consumer.drain(usize::MAX).count();
        }
        drop((consumer, spare));
        drop(queue); // the last of the pending frees it
        join_all(workers);
        census.assert_each_dropped_once();
    });
}
