"""What the transactions of an operation set: how they begin, and what PostgreSQL may plan in them."""

BEGIN_READ = "begin isolation level repeatable read, read only"
BEGIN_WRITE = "begin"
# One plan for all values: for an organization that is not in the statistics yet PostgreSQL would assume that it has no
# rows, and choose plans that read all of them again and again.
GENERIC = ",set_config('plan_cache_mode','force_generic_plan',true)"
FILTERED = (
    f"{GENERIC},set_config('enable_sort','off',true),set_config('enable_bitmapscan','off',true)"
    ",set_config('enable_seqscan','off',true),set_config('jit','off',true)"
)
# A change finds its rows by their keys. Its plan is made once for organizations of any size, so it must use the index
# even if the table seems small.
KEYED = f"{GENERIC},set_config('enable_seqscan','off',true)"
