-- Hands the lease on, if who asks still has it: 1. Else takes who asks out of the
-- queue: 0.
if is_mine() then
  pass_on()
  return 1
end
leave()
return 0
