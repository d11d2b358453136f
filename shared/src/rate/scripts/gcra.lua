-- The generic cell rate algorithm: one number per key, the theoretical arrival time of the next request.
-- ARGV: microseconds between requests at the quota's rate, burst, cost, and when it is charged: 'before' the work, 'after' it,
-- or not at all ('check'). Answers {allowed, remaining, reset, retry}, the last two in microseconds.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst, cost, when = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
-- A request that costs more than the burst is possible once the bucket is full. Work that is already done is charged in
-- full: the following requests wait until it is paid for.
if when ~= 'after' then
    cost = math.min(cost, burst)
end
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next_arrival = arrival + cost * interval
local allowed_from = next_arrival - burst * interval
if now < allowed_from and when ~= 'after' then
    -- A request that would cost 1 may still be allowed.
    local remaining = math.floor((now + burst * interval - arrival) / interval)
    return {0, math.max(remaining, 0), arrival - now, allowed_from - now}
end
if when == 'check' then
    return {1, math.floor((now - allowed_from) / interval), arrival - now, 0}
end
-- %.0f, because a number this large would be written in exponents and lose its end.
redis.call('SET', KEYS[1], string.format('%.0f', next_arrival), 'PX', math.ceil((next_arrival - now) / 1000))
return {1, math.max(math.floor((now - allowed_from) / interval), 0), next_arrival - now, 0}
