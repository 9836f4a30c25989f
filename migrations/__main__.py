"""Print the head of the migrations, which a new one follows. Exit with 1, and a line, where there is more than one."""

import sys

from migrations.revisions import revisions

if __name__ == "__main__":
    try:
        sys.stdout.write(f"{revisions().head}\n")
    except ValueError as error:
        sys.exit(f"migrations: {error}")
