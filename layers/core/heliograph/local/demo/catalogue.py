"""The words that the demo shop is made of."""

from __future__ import annotations

FIRST_NAMES = (
    *("Ada", "Amélie", "Anders", "Björn", "Carmen", "Chloé", "Dario", "Eleni", "Emil", "Fatima"),
    *("Freja", "Giulia", "Hugo", "Ines", "Jonas", "José", "Kaja", "Lars", "Lucía", "Łukasz"),
    *("Maja", "Marta", "Nils", "Noor", "Olga", "Paula", "Piotr", "Rosa", "Sofia", "Søren"),
    *("Tomás", "Ursula", "Viktor", "Wanda", "Yusuf", "Zoë"),
)
LAST_NAMES = (
    *("Almeida", "Bauer", "Berg", "Costa", "Dubois", "Eriksen", "Fischer", "García", "Hansen"),
    *("Ivanova", "Jensen", "Kowalski", "Lindqvist", "Martin", "Müller", "Nowak", "O'Brien"),
    *("Papadaki", "Quist", "Rossi", "Santos", "Świątek", "Tanaka", "Urban", "van Dijk", "Weiß"),
)
# Country, its share of the customers, its cities.
COUNTRIES = (
    ("DE", 31, ("Berlin", "Hamburg", "München", "Köln")),
    ("FR", 19, ("Paris", "Lyon", "Nantes")),
    ("ES", 12, ("Madrid", "Sevilla", "A Coruña")),
    ("NL", 10, ("Amsterdam", "Utrecht")),
    ("PL", 9, ("Warszawa", "Łódź", "Kraków")),
    ("IT", 8, ("Milano", "Torino")),
    ("AT", 5, ("Wien", "Graz")),
    ("PT", 3, ("Lisboa", "Porto")),
    ("DK", 2, ("København",)),
    ("CH", 1, ("Zürich", "Genève")),
)
# Category, the price in euros around which its products lie, its kinds of things.
CATEGORIES = (
    ("Lighting", 59, ("Desk Lamp", "Floor Lamp", "Lantern", "Pendant", "Night Light")),
    ("Kitchen", 24, ("Teapot", "Chopping Board", "Mug", "Salt Mill", "Carafe")),
    ("Textiles", 45, ("Blanket", "Cushion", "Linen Sheet", "Towel", "Curtain")),
    ("Furniture", 189, ("Stool", "Shelf", "Side Table", "Bench", "Coat Rack")),
    ("Garden", 34, ("Watering Can", "Planter", "Bird House", "Trowel", "Hose Reel")),
    ("Stationery", 12, ("Notebook", "Fountain Pen", "Letter Tray", "Calendar", "Ink")),
)
LINES = ("Aurora", "Birch", "Copper", "Dune")
MATERIALS = ("oak", "steel", "glass", "wool", "linen", "stoneware")
COLOURS = ("black", "white", "moss", "sand", "cobalt", "rust")
PRODUCT_TAGS = ("new", "gift", "handmade", "eco", "bestseller")
CUSTOMER_TAGS = ("newsletter", "vip", "wholesale", "student")
LANGUAGES = {"DE": "de", "AT": "de", "CH": "de", "FR": "fr", "ES": "es", "IT": "it"}
REFUND_REASONS = ("changed mind", "damaged", "wrong item", "too late", "defective")
REFUND_NOTES = (
    "",
    "Arrived with a crack.",
    "Not the colour in the picture",
    'It says "cobalt", it is grey',
    "The switch, again, does not work",
)
REFERRERS = (
    *("https://search.example/", "https://news.example/weekly", "https://social.example/feed"),
    "https://deals.example/?utm_source=mail&utm_medium=link",
)
PAGES = ("/", "/sale", "/cart", "/about", "/search?q=lamp", "/account/orders")
