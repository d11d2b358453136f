-- Puts an entry "<version> <kind> <json>" unless a newer version is there: a reader that was slow must not
-- put an old contact back over the change that overtook it. A mark of staleness only outdates what is older than itself,
-- and what has no version is as good as absent.
local kept = redis.call('GET', KEYS[1]) or ''
local there, given = tonumber(string.match(kept, '^%d+') or 0), tonumber(string.match(ARGV[1], '^%d+'))
if there > given or (there == given and string.match(ARGV[1], '^%d+ stale ')) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
