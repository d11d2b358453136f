-- The generic cell rate algorithm: one number per key, the theoretical arrival time of the next request. ARGV:
-- microseconds between requests at the quota's pace, burst, and 1 to count the request or 0 to ask whether the next
-- one would be let through. Answers {allowed, remaining, reset, retry}, the last two in microseconds.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next_arrival = arrival + interval
local allowed_from = next_arrival - burst * interval
if now < allowed_from then
    return {0, 0, arrival - now, allowed_from - now}
end
if ARGV[3] == '0' then
    return {1, math.floor((now - allowed_from) / interval), arrival - now, 0}
end
-- %.0f, because a number this large would be written in exponents and lose its end.
redis.call('SET', KEYS[1], string.format('%.0f', next_arrival), 'PX', math.ceil((next_arrival - now) / 1000))
return {1, math.floor((now - allowed_from) / interval), next_arrival - now, 0}
