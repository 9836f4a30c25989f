"""Pages for a browser, and what each of them may load."""

from strawberry.http.ides import get_graphql_ide_html

# GraphiQL loads its scripts from a public network; one that works offline comes with the console.
GRAPHIQL = get_graphql_ide_html("graphiql").encode()
GRAPHIQL_CSP = (
    b"default-src 'none'; connect-src 'self'; img-src 'self' data: https://unpkg.com; "
    b"font-src data: https://unpkg.com; style-src 'unsafe-inline' https://unpkg.com; "
    b"script-src 'unsafe-inline' https://unpkg.com; "
    b"worker-src blob:; frame-ancestors 'none'"
)
