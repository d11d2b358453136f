-- Puts a record in the place of the one that was read, and queues the webhook that tells of it: both or neither.
-- KEYS: records, ids, by_external_id, by_email, then those of a delivery.
-- ARGV: id, the record as it was read ('' for none), the record as it is to be ('' for none), its entries in the two
-- indexes as they were and as they are to be ('' for none), the delivery's key ('' for none), the delivery.
-- Answers 1, or 0 if the record is another by now.
local id, before, after = ARGV[1], ARGV[2], ARGV[3]
if (redis.call('HGET', KEYS[1], id) or '') ~= before then return 0 end
if after == '' then
    redis.call('HDEL', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
else
    redis.call('HSET', KEYS[1], id, after)
    redis.call('ZADD', KEYS[2], 0, id)
end
for index = 0, 1 do
    local was, is = ARGV[4 + 2 * index], ARGV[5 + 2 * index]
    if was ~= '' then redis.call('ZREM', KEYS[3 + index], was) end
    if is ~= '' then redis.call('ZADD', KEYS[3 + index], 0, is) end
end
if ARGV[8] ~= '' then
    local number = redis.call('INCR', KEYS[8])
    redis.call('HSET', KEYS[5], ARGV[8], ARGV[9])
    redis.call('ZADD', KEYS[6], number, ARGV[8])
    redis.call('ZADD', KEYS[7], number, ARGV[8])
end
return 1
