"""Pages for a browser, and what each of them may load."""

from strawberry.http.ides import get_graphql_ide_html

# GraphiQL loads its scripts from a public network; one that works offline comes with the console.
GRAPHIQL = get_graphql_ide_html("graphiql")
GRAPHIQL_CSP = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data: https://unpkg.com; font-src data: https://unpkg.com; "
    "style-src 'unsafe-inline' https://unpkg.com; script-src 'unsafe-inline' https://unpkg.com; "
    "worker-src blob:; frame-ancestors 'none'"
)
