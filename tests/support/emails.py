"""What is an email address, and what is none."""

EMAILS = [
    "a@example.com", " Ada.Lovelace+x@Mail.Example.co.uk\n", "müller@example.com", "a@münchen.example",
    "o'neil@example.com", "a..b@example.com", "a/b=c{d}|e`f~g!#$%&*?^@example.com", "😀@example.com", "a@b_c.example",
    "a@1.2", f"{'x' * 65}@example.com", f"{'x' * 242}@example.com",
]  # fmt: skip
NO_EMAILS = [
    "a", "a@b", "@example.com", "a@", "a@.example", "a@example.", "a@b..c", "a@@example.com", "a b@example.com",
    "a@exam\tple.com", "a@exam\u3000ple.com", "a\u2028b@example.com", "\ufeffa@example.com", "a@example\ufeff.com",
    "a\u00a0b@example.com", "<a@example.com>", "a,b@example.com", '"a"@example.com', "a@[127.0.0.1]",
    "mailto:a@example.com", "a\\b@example.com", "a\x00@example.com", "a\x85b@example.com", "a\x1fb@example.com",
]  # fmt: skip
TOO_LONG = f"{'x' * 243}@example.com"
