-- Puts an entry "<version> <kind> <json>" unless a newer version is there: a reader that was slow must not
-- put an old contact back over the change that overtook it. A mark of staleness only outdates what is older than itself.
local kept = redis.call('GET', KEYS[1])
if kept then
    local there, given = tonumber(string.match(kept, '^%d+')), tonumber(string.match(ARGV[1], '^%d+'))
    if there > given or (there == given and string.match(ARGV[1], '^%d+ stale ')) then
        return 0
    end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
