"""How things with arguments are written: `name(key=value,...)`, and lists of them."""

from croze.notation.items import Item, parse_items
from croze.notation.named import Named

__all__ = ["Item", "Named", "parse_items"]
