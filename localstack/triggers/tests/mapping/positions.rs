//! Where a group begins.

use jiff::Timestamp;
use triggers::template::StartingPosition;

use crate::world::World;

#[tokio::test]
async fn from_the_latest_on_nothing_is_missed_that_comes_after_the_first_start() {
    let mut world = World::new(1).await;
    world.kafka.start = StartingPosition::Latest;
    world.topic.put(0, "before").await;
    let running = world.run();
    world.commits(0, 1).await;
    running.stop().await;
    world.topic.put(0, "meanwhile").await;
    let running = world.run();
    let call = world.function.called().await;
    assert_eq!(call.values(), ["meanwhile"]);
    call.succeed();
    world.commits(0, 2).await;
    world.end(running).await;
}

#[tokio::test]
async fn from_a_time_on_older_records_are_left_out() {
    let mut world = World::new(2).await;
    let time: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
    world.kafka.start = StartingPosition::AtTimestamp(time.as_millisecond());
    world.topic.put_at(0, "k", "old", "2026-11-23T05:59:59.999Z".parse().unwrap()).await;
    world.topic.put_at(0, "k", "new", time).await;
    world.topic.put_at(1, "k", "old", "2026-11-22T00:00:00Z".parse().unwrap()).await;
    let running = world.run();
    let call = world.function.called().await;
    assert_eq!(call.values(), ["new"]);
    call.succeed();
    world.commits(0, 2).await;
    world.commits(1, 1).await;
    world.end(running).await;
}

#[tokio::test]
async fn a_group_that_has_a_place_keeps_it() {
    let mut world = World::new(1).await;
    world.kafka.batch_size = 1;
    world.topic.put(0, "a").await;
    let running = world.run();
    world.function.called().await.succeed();
    world.commits(0, 1).await;
    running.stop().await;
    world.topic.put(0, "b").await;
    for start in [StartingPosition::Latest, StartingPosition::TrimHorizon] {
        world.kafka.start = start;
        let running = world.run();
        let call = world.function.called().await;
        assert_eq!(call.values(), ["b"], "{start:?}");
        let end = running.ask_to_stop();
        call.fail();
        end.await;
    }
    world.topic.delete().await;
}
