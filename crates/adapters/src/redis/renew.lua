-- Extends the lease, if who asks still has it, to ARGV[2] ms from now: 1, else 0.
if not is_mine() then
  return 0
end
return redis.call('PEXPIRE', lease, ARGV[2])
