-- Those of these webhooks that wait to be worked, in the order in which they came, as long as the bodies of those before
-- have less than $2 bytes.
select id, tenant_id, connection_id, crm, conflict_policy, body, traceparent, ce_id
from (
    select w.id, w.tenant_id, w.connection_id, k.crm, k.conflict_policy, w.body, w.traceparent, w.ce_id,
           sum(octet_length(w.body)) over (order by w.id rows unbounded preceding) - octet_length(w.body) as before
    from webhook_events w
    join connections k on k.tenant_id = w.tenant_id and k.id = w.connection_id
    where w.ce_id = any($1) and w.state = 'received'
) as waiting
where before < $2
order by id
