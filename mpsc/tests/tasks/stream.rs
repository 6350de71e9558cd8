//! Receivers as streams.

use futures_util::StreamExt;
use futures_util::stream::select;

use mpsc_queue::{AsyncQueue, channel};

use crate::item;

#[tokio::test]
async fn stream_of_channel_ends_with_last_sender() {
    let (sender, receiver) = channel();
    for number in 0..300 {
        sender.send(item(number)).unwrap();
    }
    drop(sender);
    let numbers: Vec<_> = receiver.map(|item| item.number).collect().await;
    assert!(numbers.into_iter().eq(0..300));
}

#[tokio::test]
async fn stream_of_queue_ends_when_it_is_closed() {
    let (queue, mut receiver) = AsyncQueue::new().share();
    for number in 0..3 {
        queue.push(item(number)).unwrap();
    }
    assert_eq!(receiver.next().await.unwrap().number, 0);
    receiver.close();
    assert_eq!(receiver.by_ref().count().await, 2);
    assert!(receiver.next().await.is_none());
}

#[tokio::test]
async fn streams_of_two_channels_are_selected() {
    let (first, evens) = channel();
    let (second, odds) = channel();
    let tasks = tokio::join!(
        async move { (0..50).for_each(|n| first.send(item(2 * n)).unwrap()) },
        async move { (0..50).for_each(|n| second.send(item(2 * n + 1)).unwrap()) },
        select(evens, odds)
            .map(|item| item.number)
            .collect::<Vec<_>>(),
    );
    let mut numbers = tasks.2;
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..100));
}
