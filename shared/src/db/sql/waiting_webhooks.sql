-- Those of these webhooks that wait to be worked, as long as the bodies of those before have less than $2 bytes. Bodies are
-- counted for each tenant in turn, so that one tenant's large bodies do not put off another's webhooks to a later
-- transaction. The result is in the order in which the webhooks came; of each tenant nothing earlier is left out.
select id, tenant_id, connection_id, crm, conflict_policy, body, traceparent, ce_id
from (
    select ranked.*, sum(octet_length(body)) over (order by turn, id rows unbounded preceding) - octet_length(body) as before
    from (
        select w.id, w.tenant_id, w.connection_id, k.crm, k.conflict_policy, w.body, w.traceparent, w.ce_id,
               row_number() over (partition by w.tenant_id order by w.id) as turn
        from webhook_events w
        join connections k on k.tenant_id = w.tenant_id and k.id = w.connection_id
        where w.ce_id = any($1) and w.state = 'received'
    ) as ranked
) as waiting
where before < $2
order by id
