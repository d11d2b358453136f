-- One number per key: when what is reserved ends. ARGV: how many microseconds more. Answers how many microseconds it is
-- until they begin.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local from = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local to = from + tonumber(ARGV[1])
-- %.0f, because a number this large would be written in exponents and lose its end.
redis.call('SET', KEYS[1], string.format('%.0f', to), 'PX', math.ceil((to - now) / 1000))
return from - now
