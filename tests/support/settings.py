"""Settings that a server needs, as its environment gives them."""

import base64

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(32)).decode()
NEEDED = {
    "DATABASE_URL": "postgresql://app:pa55word@db.example:5432/counterfoil",
    "REDIS_URL": "redis://:pa55word@redis.example:6379/0",
    "KEY_PEPPERS": f"1:{KEY}",
    "SECRET_KEYS": f"1:{OTHER},3:{KEY}",
    "SEAL_KEYS": f"2:{KEY}",
}
