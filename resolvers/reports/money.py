"""Reports of money: revenue, recurring revenue, what clients owe and what they paid, and what agents cost."""

from models.reports import ReportKind
from resolvers.reports.columns import OF_AGENT, OF_CLIENT, PERIOD, Total, amount, cost, count
from resolvers.reports.definitions import ReportDefinition
from resolvers.reports.scans import Scan

_IN_INTERVAL = "{0} >= :start and {0} < :end"
_ISSUED = Scan(
    "invoices",
    f"org_id = :org_id and currency = :currency and status <> 'VOID' and {_IN_INTERVAL.format('issued_at')}",
)
_PAID = Scan("invoice_payments p", f"p.org_id = :org_id and {_IN_INTERVAL.format('p.paid_at')}")
_CHANGES = Scan("subscription_changes c", "c.org_id = :org_id and c.at < :end")
_PAID_BEFORE = Scan("invoice_payments", "org_id = :org_id and paid_at < :end")
_OWED = Scan(
    "invoices i",
    """i.org_id = :org_id and i.currency = :currency and i.issued_at < :end
        and (i.voided_at is null or i.voided_at >= :end)
        and (i.uncollectible_at is null or i.uncollectible_at >= :end)""",
)
_STEPS = Scan("agent_steps s", f"s.org_id = :org_id and {_IN_INTERVAL.format('s.finished_at')}")

REVENUE = ReportDefinition(
    ReportKind.REVENUE,
    (
        *PERIOD,
        amount("net", "Net", "Subtotal less discount of the invoices that were issued and are not `VOID`."),
        amount("tax", "Tax", "Tax of these invoices."),
        count("invoices", "Invoices", "Number of these invoices."),
        amount("collected", "Collected", "Payments, by the time of payment."),
    ),
    (_ISSUED, _PAID),
    f"""
with issued as (
    select width_bucket(issued_at, :bounds) as n, sum(subtotal - discount) as net, sum(tax) as tax, count(*) as invoices
    from {_ISSUED.table}
    where {_ISSUED.counted}
    group by n
), paid as (
    select width_bucket(p.paid_at, :bounds) as n, sum(p.amount) as collected
    from {_PAID.table} join invoices i on i.org_id = :org_id and i.id = p.invoice_id
    where {_PAID.counted} and i.currency = :currency
    group by n
)
select n, coalesce(net, 0) as net, coalesce(tax, 0) as tax, coalesce(invoices, 0) as invoices,
    coalesce(collected, 0) as collected
from generate_series(1, :periods) n left join issued using (n) left join paid using (n)
order by n
""",
)
MRR = ReportDefinition(
    ReportKind.MRR,
    (
        *PERIOD,
        amount("opening", "Opening", "Monthly recurring revenue when the period begins.", Total.FIRST),
        amount("new", "New", "From subscriptions that have revenue for the first time."),
        amount("reactivation", "Reactivation", "From subscriptions that have revenue again."),
        amount("expansion", "Expansion", "Increases of subscriptions that keep having revenue."),
        amount("contraction", "Contraction", "Decreases of subscriptions that keep having revenue."),
        amount("churn", "Churn", "From subscriptions that have no revenue any more: cancelled or paused."),
        amount(
            "closing", "Closing",
            "`opening` + `new` + `reactivation` + `expansion` - `contraction` - `churn`.", Total.LAST,
        ),
    ),
    (_CHANGES,),
    f"""
with moved as (
    select n, sum(earns - earned) as net,
        sum(earns) filter (where earned = 0 and nth = 1) as new,
        sum(earns) filter (where earned = 0 and nth > 1) as reactivation,
        sum(earns - earned) filter (where earned > 0 and earns > earned) as expansion,
        sum(earned - earns) filter (where earns > 0 and earns < earned) as contraction,
        sum(earned) filter (where earns = 0) as churn
    from (
        select width_bucket(c.at, :bounds) as n, c.mrr_before as earned, c.mrr_after as earns,
            count(*) filter (where c.mrr_before = 0) over (partition by c.subscription_id order by c.at, c.id) as nth
        from {_CHANGES.table} join subscriptions s on s.org_id = :org_id and s.id = c.subscription_id
        where {_CHANGES.counted} and s.currency = :currency
    ) as changes
    group by n
), closed as (
    select n, coalesce(new, 0) as new, coalesce(reactivation, 0) as reactivation, coalesce(expansion, 0) as expansion,
        coalesce(contraction, 0) as contraction, coalesce(churn, 0) as churn, coalesce(net, 0) as net,
        sum(coalesce(net, 0)) over (order by n) as closing
    from generate_series(0, :periods) n left join moved using (n)
)
select *, closing - net as opening from closed where n > 0 order by n
""",
)  # fmt: skip
RECEIVABLES_AGING = ReportDefinition(
    ReportKind.RECEIVABLES_AGING,
    (
        *OF_CLIENT,
        amount("current", "Current", "Not past due."),
        amount("days_1_to_30", "1-30 days", "Past due by 1 to 30 days."),
        amount("days_31_to_60", "31-60 days", "Past due by 31 to 60 days."),
        amount("days_61_to_90", "61-90 days", "Past due by 61 to 90 days."),
        amount("over_90", "Over 90 days", "Past due by more than 90 days."),
        amount("total", "Total", "All that is due."),
    ),
    (_PAID_BEFORE, _OWED),
    f"""
with aged as (
    select client_id, sum(due) as total,
        coalesce(sum(due) filter (where days <= 0), 0) as current,
        coalesce(sum(due) filter (where days between 1 and 30), 0) as days_1_to_30,
        coalesce(sum(due) filter (where days between 31 and 60), 0) as days_31_to_60,
        coalesce(sum(due) filter (where days between 61 and 90), 0) as days_61_to_90,
        coalesce(sum(due) filter (where days > 90), 0) as over_90
    from (
        select i.client_id, i.total - coalesce(p.paid, 0) as due,
            cast(:day as date) - cast(i.due_at at time zone :timezone as date) as days
        from {_OWED.table} left join (
            select invoice_id, sum(amount) as paid
            from {_PAID_BEFORE.table}
            where {_PAID_BEFORE.counted}
            group by invoice_id
        ) as p on p.invoice_id = i.id
        where {_OWED.counted}
    ) as owed
    where due <> 0
    group by client_id
)
select aged.*, c.name as client, count(*) over () as found
from aged join clients c on c.org_id = :org_id and c.id = aged.client_id
order by total desc, client_id
""",
)
CLIENT_LIFETIME_VALUE = ReportDefinition(
    ReportKind.CLIENT_LIFETIME_VALUE,
    (
        *OF_CLIENT,
        count("payments", "Payments", "Number of payments, by the time of payment."),
        amount("paid", "Paid", "Sum of these payments."),
    ),
    (_PAID,),
    f"""
with paid as (
    select i.client_id, count(*) as payments, sum(p.amount) as paid
    from {_PAID.table} join invoices i on i.org_id = :org_id and i.id = p.invoice_id
    where {_PAID.counted} and i.currency = :currency
    group by i.client_id
)
select paid.*, c.name as client, count(*) over () as found
from paid join clients c on c.org_id = :org_id and c.id = paid.client_id
order by paid desc, client_id
""",
)
AGENT_USAGE = ReportDefinition(
    ReportKind.AGENT_USAGE,
    (
        *OF_AGENT,
        count("jobs", "Jobs", "Jobs of which a step ended in the interval."),
        count("input_tokens", "Input tokens", "Tokens that these steps sent to the model."),
        count("output_tokens", "Output tokens", "Tokens of the model's answer."),
        cost("cost", "Cost", "Cost of these steps."),
    ),
    (_STEPS,),
    f"""
with used as (
    select j.definition_id, count(distinct j.id) as jobs, sum(s.input_tokens) as input_tokens,
        sum(s.output_tokens) as output_tokens, sum(s.cost) as cost
    from {_STEPS.table} join agent_jobs j on j.org_id = :org_id and j.id = s.job_id
    where {_STEPS.counted} and j.currency = :currency
    group by j.definition_id
)
select used.*, d.name as definition, count(*) over () as found
from used join agent_definitions d on d.org_id = :org_id and d.id = used.definition_id
order by cost desc, definition_id
""",
)
