-- Where a walk through the webhooks of a tenant ($1) in order of their time comes to: from a position ($8, $9) on, those
-- in some states ($2), of a type ($3), a connection ($4) and a record ($5), received between two times ($6, $7).
--
-- Each state has an index in this order, so each is walked by itself. Only the type has none: it is told apart among the
-- first $10 of each state. A state that has as many may have more, and what lies behind the last of them that was seen is
-- not known yet: the walk reaches as far as the nearest such end.
{record} seen as materialized (
    select s.state, w.id, w.received_at, w.type
    from unnest($2::text[]) as s (state)
    cross join lateral (
        select id, received_at, type
        from {source}
        where tenant_id = $1 and state = s.state and {which}
          and received_at > coalesce($6::timestamptz, '-infinity')
          and received_at < coalesce($7::timestamptz, 'infinity')
          and {behind}
        order by received_at {direction}, id {direction}
        limit $10
    ) as w
), reach as materialized (
    select received_at, id
    from (
        select distinct on (state) received_at, id
        from seen
        where state in (select state from seen group by state having count(*) = $10)
        order by state, received_at {opposite}, id {opposite}
    ) as ends
    order by received_at {direction}, id {direction}
    limit 1
), found as materialized (
    select id, received_at
    from seen
    where ($3::text is null or type = $3)
      and not exists (select from reach where (seen.received_at, seen.id) {further} (reach.received_at, reach.id))
    order by received_at {direction}, id {direction}
    limit $11
)
