"""What the demo organization's rows say: names, services, notes, messages."""

from models.members import MemberRole, MemberStatus
from models.services import BillingInterval, ServiceStatus
from models.threads import AuthorKind

FIRST_NAMES = (
    "Ada", "Alan", "Anaïs", "Anna", "Ben", "Björn", "Carla", "Chloé", "Daniel", "Elif", "Emma", "Femi", "Grace",
    "Hana", "Hugo", "Inés", "Ivan", "Jamal", "Jürgen", "Kai", "Laura", "Lena", "Liam", "Mara", "Mateo", "Nadia",
    "Noor", "Olga", "Omar", "Paula", "Priya", "Rosa", "Sami", "Sofia", "Tariq", "Uma", "Vera", "Wei", "Yuki", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Bauer", "Castro", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ito", "Jansen", "Kaya",
    "Lindqvist", "Moreau", "Novak", "Okafor", "Pereira", "Quinn", "Rossi", "Sato", "Tanaka", "Ueda", "Vogel", "Weber",
    "Xu", "Yücel", "Zimmermann",
)  # fmt: skip
TRADES = ("Bakery", "Books", "Brewing", "Cycles", "Dental", "Farms", "Fitness", "Hotels", "Law", "Logistics")
TOWNS = ("Berlin", "Lisbon", "Lyon", "Oslo", "Porto", "Turin", "Utrecht", "Vienna")
SOURCES = ("referral", "website", "conference", "newsletter", None)
CLIENT_TAGS = ("vip", "agency", "startup", "nonprofit", "retail", "late-payer")
ORDER_TAGS = ("rush", "print", "web", "first-order", "discounted")
# The organization's members, whose messages are signed; the last one writes none any more.
STAFF: tuple[tuple[str, MemberRole, MemberStatus], ...] = (
    ("Mina Hartmann", MemberRole.OWNER, MemberStatus.ACTIVE),
    ("Theo Laurent", MemberRole.ADMIN, MemberStatus.ACTIVE),
    ("Rita Sousa", MemberRole.STAFF, MemberStatus.ACTIVE),
    ("Jonas Brandt", MemberRole.STAFF, MemberStatus.SUSPENDED),
)
CATALOGUE: tuple[tuple[str, str, int, BillingInterval | None, int | None, ServiceStatus], ...] = (
    ("Logo design", "Three drafts, two rounds of changes", 90_000, None, 10, ServiceStatus.ACTIVE),
    ("Brand guidelines", "Colours, type and tone on 24 pages", 240_000, None, 21, ServiceStatus.ACTIVE),
    ("Landing page", "One page, designed and built", 180_000, None, 14, ServiceStatus.ACTIVE),
    ("Website", "Up to ten pages with a content system", 650_000, None, 45, ServiceStatus.ACTIVE),
    ("Website care", "Updates, backups and one hour of changes", 12_000, BillingInterval.MONTH, None,
     ServiceStatus.ACTIVE),
    ("Search report", "What people find and what they miss", 45_000, BillingInterval.QUARTER, 7, ServiceStatus.ACTIVE),
    ("Newsletter", "Written, laid out and sent", 38_000, BillingInterval.WEEK, 3, ServiceStatus.ACTIVE),
    ("Product photos", "Twenty products on white", 75_000, None, 8, ServiceStatus.ACTIVE),
    ("Explainer video", "Ninety seconds with voice and subtitles", 420_000, None, 30, ServiceStatus.ACTIVE),
    ("Hosting", "Servers, certificates and watch", 24_000, BillingInterval.YEAR, None, ServiceStatus.ACTIVE),
    ("Workshop", "A day on the brand with the whole team", 150_000, None, None, ServiceStatus.DRAFT),
    ("Flyer", "Two sides, ready for print", 30_000, None, 5, ServiceStatus.ARCHIVED),
)  # fmt: skip
ORDER_NOTES = (
    "Prefers calls in the morning",
    "Invoice goes to the head office",
    "Files are in the shared folder",
    "Needs a Spanish version too",
    None,
    None,
)
REASONS = ("The budget was cut", "Ordered twice by mistake", "The client went with another studio")
BODIES = {
    AuthorKind.CLIENT: (
        "Could you send the draft as a PDF too?",
        "We love it! One small thing: the blue is a bit dark.",
        "When can we expect the next version?",
        "Approved from our side. Thank you!",
    ),
    AuthorKind.STAFF: (
        "Thanks for your order! We start on Monday.",
        "The first draft is ready for your eyes.",
        "Could you send us the logo as a vector file?",
        "All changes are in. Please have another look.",
    ),
}
INTERNAL = ("Check the margins before this goes out.", "Client is in a hurry: plan two people.")
