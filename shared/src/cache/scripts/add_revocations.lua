-- Adds fields to the hash of a tenant's revocations. ARGV: the seconds that a new hash lives, then pairs of field and
-- value. A hash that is there keeps its end, so that additions cannot put off the next look at PostgreSQL.
for i = 2, #ARGV, 2 do
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
if redis.call('TTL', KEYS[1]) < 0 then
    redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return 1
