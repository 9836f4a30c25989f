"""Token buckets in Redis: the script that takes a cost from several at once."""

# Takes from each bucket what is owed, even below nothing, then the cost from all of them, if it is there in each, above
# what is kept of it. Redis's own clock, so that the clocks of several processes do not matter. What is left is returned
# as text: a number would lose its fraction.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local cost, taken, found, left = tonumber(ARGV[1]), 1, {}, {}
for i, key in ipairs(KEYS) do
  local size, refill, owed, floor = unpack(ARGV, 4 * i - 2, 4 * i + 1)
  local kept = redis.call('HMGET', key, 'left', 'at')
  left[i] = tonumber(kept[1]) or tonumber(size)
  left[i] = math.min(size, math.min(size, left[i] + (now - (tonumber(kept[2]) or now)) * refill / 1000) - owed)
  if left[i] - floor < cost then taken = 0 end
end
for i, key in ipairs(KEYS) do
  if taken == 1 then left[i] = left[i] - cost end
  redis.call('HSET', key, 'left', left[i], 'at', now)
  redis.call('PEXPIRE', key, math.ceil((ARGV[4 * i - 2] - math.min(0, left[i])) / ARGV[4 * i - 1] * 1000) + 1000)
  found[i] = tostring(left[i])
end
return {taken, unpack(found)}
"""
