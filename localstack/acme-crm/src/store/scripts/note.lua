-- Notes how an attempt at a delivery went. KEYS: deliveries, order, pending, finished. ARGV: the delivery's key, the
-- delivery, whether it is over ('1'), how many that are over are kept. One that was cleared meanwhile stays away.
local key = ARGV[1]
if redis.call('HEXISTS', KEYS[1], key) == 0 then return 0 end
redis.call('HSET', KEYS[1], key, ARGV[2])
if ARGV[3] == '1' and redis.call('ZREM', KEYS[3], key) == 1 then
    redis.call('RPUSH', KEYS[4], key)
    if redis.call('LLEN', KEYS[4]) > tonumber(ARGV[4]) then
        local oldest = redis.call('LPOP', KEYS[4])
        redis.call('HDEL', KEYS[1], oldest)
        redis.call('ZREM', KEYS[2], oldest)
    end
end
return 1
