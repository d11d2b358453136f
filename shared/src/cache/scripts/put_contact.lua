-- Puts an entry "<version> <kind> <json>" unless a newer version is there: a reader that was slow must not
-- put an old contact back over the change that overtook it.
local kept = redis.call('GET', KEYS[1])
if kept and tonumber(string.match(kept, '^%d+')) > tonumber(string.match(ARGV[1], '^%d+')) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
