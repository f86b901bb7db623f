"""Ids of the demo data: the same on every machine, so that guides and links can name them."""

from uuid import NAMESPACE_DNS, UUID, uuid5

NAMESPACE = uuid5(NAMESPACE_DNS, "demo.kersey.example")


def demo_id(kind: str, name: str) -> UUID:
    """The id of one thing of the demo data, such as `demo_id("hub", "bradford")`."""
    return uuid5(NAMESPACE, f"{kind}/{name}")
