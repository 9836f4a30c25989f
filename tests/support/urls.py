"""What is a URL that a person follows, and what is none."""

URLS = [
    "https://example.com/a?b=c", "http://127.0.0.1:3000", "HTTPS://Example.com/a#b", "https://münchen.de/straße?ü#ß",
    "https://example.com?a|b={c}", "https://[::1]/", "https://example.com/漢字🎉", "https://example.com/a@b",
]  # fmt: skip
NO_URLS = [
    "javascript:alert(1)", "ftp://a.b", "https://a b", "https://a/ b", "https://a/\u00a0b", "https://a/\tb", "https://a\nb",
    "https://", "https:///a", "https://#a", "//a.b", "https://example.com@other.example", "https://a\\b",
    "https://a/\x00", "https://a/\x9f", "https://a/\u2028b", "https://a/\ufeffb",
]  # fmt: skip
