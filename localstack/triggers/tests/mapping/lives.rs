//! Mappings that end, begin again and share their topics.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use crate::{function::Call, world::World};

fn partition(call: &Call) -> i64 {
    call.records()[0]["partition"].as_i64().unwrap()
}

#[tokio::test]
async fn at_the_end_what_is_under_way_is_waited_for_and_nothing_new_begins() {
    let mut world = World::new(1).await;
    world.kafka.batch_size = 1;
    world.topic.put(0, "a").await;
    world.topic.put(0, "b").await;
    let running = world.run();
    let call = world.function.called().await;
    let end = running.ask_to_stop();
    assert!(world.function.rests(Duration::from_millis(200)).await);
    call.succeed();
    end.await;
    assert_eq!(world.committed(0).await, Some(1));
    assert!(world.function.rests(Duration::ZERO).await);

    let running = world.run();
    let call = world.function.called().await;
    assert_eq!(call.offsets(), [1]);
    call.succeed();
    world.end(running).await;
}

#[tokio::test]
async fn at_the_end_a_batch_that_failed_is_left_for_the_next_start() {
    let world = World::new(1).await;
    world.topic.put(0, "a").await;
    let running = world.run();
    let call = world.function.called().await;
    let end = running.ask_to_stop();
    call.fail();
    end.await;
    assert_eq!(world.committed(0).await, None);
    let running = world.run();
    let call = world.function.called().await;
    assert_eq!(call.offsets(), [0]);
    call.succeed();
    world.end(running).await;
}

#[tokio::test]
async fn at_the_end_a_function_has_no_more_time_than_its_time_out() {
    let world = World::new(1).await;
    world.topic.put(0, "a").await;
    let running = world.run_with(|function| function.timeout = Duration::from_secs(1));
    let call = world.function.called().await;
    let start = Instant::now();
    running.stop().await;
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(world.committed(0).await, None);
    call.succeed();
    world.topic.delete().await;
}

#[tokio::test]
async fn two_mappings_of_one_group_share_the_partitions_and_lose_nothing() {
    let mut world = World::new(4).await;
    world.kafka.batch_size = 3;
    let mut expected = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut put = async |world: &World, from: i64| {
        for offset in from..from + 5 {
            for partition in 0..4 {
                expected.insert((i64::from(partition), world.topic.put(partition, &offset.to_string()).await));
            }
        }
        expected.clone()
    };
    let first = world.run();
    let wanted = put(&world, 0).await;
    receive(&world, &mut seen, &wanted).await;
    // While the second comes, and after the first has left, it goes on.
    let second = world.run();
    let wanted = put(&world, 5).await;
    receive(&world, &mut seen, &wanted).await;
    let end = first.ask_to_stop();
    let wanted = put(&world, 10).await;
    tokio::join!(end, receive(&world, &mut seen, &wanted));
    for partition in 0..4 {
        world.commits(partition, 15).await;
    }
    world.end(second).await;
}

/// Lets invocations succeed until all of these records have been in one.
async fn receive(world: &World, seen: &mut BTreeSet<(i64, i64)>, wanted: &BTreeSet<(i64, i64)>) {
    while *seen != *wanted {
        let call = world.function.called().await;
        seen.extend(call.offsets().into_iter().map(|offset| (partition(&call), offset)));
        call.succeed();
    }
}

#[tokio::test]
async fn what_ends_after_its_partition_was_lost_does_not_count_and_leads_to_nothing() {
    let mut world = World::new(2).await;
    world.kafka.batch_size = 1;
    for partition in [0, 1, 0, 1] {
        world.topic.put(partition, "x").await;
    }
    let first = world.run();
    let mut calls = [world.function.called().await, world.function.called().await];
    calls.sort_by_key(partition);
    // It takes one of the two over, and does what has not been committed again.
    let second = world.run();
    let again = world.function.called().await;
    let [zero, one] = calls;
    let moved = i32::try_from(partition(&again)).unwrap();
    let (lost, kept) = if moved == 0 { (zero, one) } else { (one, zero) };

    lost.succeed();
    kept.succeed();
    world.commits(1 - moved, 1).await;
    let next = world.function.called().await;
    assert_eq!((partition(&next), next.offsets()), (i64::from(1 - moved), vec![1]));
    next.succeed();
    assert!(world.function.rests(Duration::from_millis(300)).await);
    assert_eq!(world.committed(moved).await, None, "the new owner has not succeeded yet");
    again.succeed();
    world.commits(moved, 1).await;
    first.stop().await;
    world.end(second).await;
}

#[tokio::test]
async fn a_partition_that_comes_back_waits_for_what_it_still_has_under_way() {
    let world = World::new(2).await;
    world.topic.put(0, "a").await;
    world.topic.put(1, "a").await;
    let first = world.run();
    let calls = [world.function.called().await, world.function.called().await];
    let second = world.run();
    let again = world.function.called().await;
    let end = second.ask_to_stop();
    again.fail();
    end.await;
    assert!(world.function.rests(Duration::from_secs(1)).await, "a second batch of a partition came too early");
    for call in calls {
        call.succeed();
    }
    world.function.called().await.succeed();
    world.commits(0, 1).await;
    world.commits(1, 1).await;
    world.end(first).await;
}
