-- Queues a delivery. KEYS: deliveries, order, pending, number. ARGV: the delivery's key, the delivery.
local number = redis.call('INCR', KEYS[4])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], number, ARGV[1])
redis.call('ZADD', KEYS[3], number, ARGV[1])
return number
