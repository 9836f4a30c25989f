"""The commands: their words, their options, and where their bodies are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """A named argument of a command; a flag takes no value."""

    name: str
    help: str
    required: bool = True
    flag: bool = False


@dataclass(frozen=True)
class Command:
    """A command: its words, what it does in one line, its body and its options.

    The body is `module:function`; the function takes the parsed arguments and returns the exit code.
    """

    words: tuple[str, ...]
    help: str
    body: str
    options: tuple[Option, ...] = ()


GROUPS = {
    "org": "manage organizations",
    "keys": "manage API keys",
    "documents": "manage the trusted documents of apps",
    "jobs": "list, show, retry and cancel the jobs of workers",
    "audit": "verify, export and erase the audit log",
    "schema": "print the GraphQL schema, and what changed in it",
    "openapi": "print the OpenAPI document",
}
ORG = Option("--org", "slug or ID of the organization")
APP = (ORG, Option("--app", "name of the app"), Option("--app-version", "name of its version"))
JOB = (ORG, Option("--id", "ID of the job"))

COMMANDS = (
    Command(
        ("dev",),
        "run PostgreSQL, Valkey, the API and a worker, with a demo organization",
        "server.cli.dev:dev",
        (
            Option("--reset", "first remove the data, keys and secrets of earlier runs", required=False, flag=True),
            Option(
                "--explorer",
                "build GraphiQL and the API reference of the checkout while the API runs",
                required=False,
                flag=True,
            ),
        ),
    ),
    Command(("serve",), "run the API server", "server.cli.serve:serve"),
    Command(
        ("worker",),
        "run a worker for all queues or for some",
        "server.cli.worker:worker",
        (
            Option(
                "--queues",
                "comma-separated queues, each optionally with its number of slots: webhooks=32,timers",
                required=False,
            ),
        ),
    ),
    Command(
        ("migrate",),
        "migrate the database to the latest revision, and renumber the events of a dump that was restored into it",
        "server.cli.migrate:migrate",
    ),
    Command(
        ("org", "create"),
        "create an organization and print its ID",
        "server.cli.data:create_organization",
        (
            Option("--name", "name of the organization"),
            Option("--slug", "unique short name: lower-case letters, digits and hyphens"),
        ),
    ),
    Command(
        ("keys", "create"),
        "create an API key and print it; it is not shown again",
        "server.cli.api_keys:create",
        (
            ORG,
            Option("--name", "name of the key"),
            Option("--scopes", "comma-separated scopes, or '*' for all"),
            Option("--trusted-documents-only", "let it run only trusted documents", required=False, flag=True),
        ),
    ),
    Command(
        ("keys", "list"),
        "list an organization's API keys, newest first",
        "server.cli.api_keys_table:list_keys",
        (ORG, Option("--json", "as JSON, in the form of the REST API", required=False, flag=True)),
    ),
    Command(
        ("keys", "revoke"),
        "revoke an API key and every key that it created; print the webhook endpoints that are disabled with them",
        "server.cli.api_keys:revoke",
        (ORG, Option("--id", "ID of the key")),
    ),
    Command(
        ("keys", "bind"),
        "sign the rights of API keys from before migration 0041; print the keys with their scopes",
        "server.cli.api_keys:bind",
    ),
    Command(
        ("documents", "add"),
        "add the documents of a manifest (Apollo, Relay, graphql-codegen) as a version of an app",
        "server.cli.documents:add",
        (
            *APP,
            Option("--manifest", "file that the app's build wrote"),
            Option("--activate", "serve them at once", required=False, flag=True),
        ),
    ),
    Command(
        ("documents", "activate"), "serve the documents of a version of an app", "server.cli.documents:activate", APP
    ),
    Command(
        ("documents", "retire"),
        "stop serving the documents of a version, unless another version has them",
        "server.cli.documents:retire",
        APP,
    ),
    Command(
        ("documents", "list"), "list the versions of an organization's apps", "server.cli.documents:list_all", (ORG,)
    ),
    Command(
        ("documents", "check"),
        "check the documents of all versions that are not retired against the graph of this release",
        "server.cli.documents:check",
        (ORG,),
    ),
    Command(
        ("jobs", "list"),
        "list an organization's jobs, newest first",
        "server.cli.jobs:list_some",
        (
            ORG,
            Option("--state", "QUEUED, RUNNING, DONE, FAILED or CANCELLED", required=False),
            Option("--queue", "queue, such as webhooks", required=False),
            Option("--function", "function, such as WEBHOOK_DELIVERY", required=False),
            Option("--limit", "number of jobs at most (default: 100)", required=False),
        ),
    ),
    Command(("jobs", "show"), "show a job", "server.cli.jobs:show", JOB),
    Command(
        ("jobs", "retry"), "queue a failed job again, with its full number of attempts", "server.cli.jobs:retry", JOB
    ),
    Command(("jobs", "cancel"), "cancel a QUEUED job", "server.cli.jobs:cancel", JOB),
    Command(
        ("audit", "verify"),
        "verify an organization's audit log, or an exported bundle with the public keys",
        "server.cli.audit:verify",
        (
            Option("--org", "slug or ID of the organization; for a bundle, its ID", required=False),
            Option("--head", "earlier head, as number:hash, that the log must contain", required=False),
            Option("--bundle", "file written by `audit export`", required=False),
            Option("--key", "public keys that the bundle may be signed by, as printed by `audit key`", required=False),
        ),
    ),
    Command(
        ("audit", "export"),
        "verify an organization's audit log and write it to a signed bundle",
        "server.cli.audit:export",
        (
            ORG,
            Option("--out", "file to write"),
            Option("--from", "number of the first entry (default: 1)", required=False),
            Option("--to", "number of the last entry (default: the last in the log)", required=False),
        ),
    ),
    Command(
        ("audit", "erase"),
        "erase a resource's changes from the audit log, and record the erasure in it",
        "server.cli.audit:erase",
        (
            ORG,
            Option("--target", "ID of a resource or of an audit entry"),
        ),
    ),
    Command(("audit", "key"), "print the public keys that verify signed bundles", "server.cli.audit:print_key"),
    Command(("schema", "print"), "print the GraphQL schema", "server.cli.print:schema"),
    Command(
        ("schema", "changes"),
        "print what changed in the GraphQL schema since the last release",
        "server.cli.print:changes",
    ),
    Command(("openapi", "print"), "print the OpenAPI document of the REST API", "server.cli.print:openapi"),
    Command(("settings",), "list the settings with their defaults and meanings", "server.cli.settings_table:show"),
    Command(("scopes",), "list the scopes with the operations that they allow", "server.cli.print:scopes"),
    Command(
        ("routes",),
        "list the REST routes with their GraphQL operations",
        "server.cli.print:routes",
        (
            Option(
                "--guide",
                "each with its document, its variables and both requests, in Markdown",
                required=False,
                flag=True,
            ),
        ),
    ),
)
